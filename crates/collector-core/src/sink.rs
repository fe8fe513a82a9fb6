//! What a sink promises, and what it is given.
//!
//! A sink is as simple as a store allows: it never retries, never sleeps, never drops. The engine owns
//! batching, time-outs, retries, dead letters and the order of things.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::{Entry, LogId, Name, Present, Trust};

/// The part of the pipeline file that belongs to one sink, and the way from it to a running [`Sink`].
///
/// Implementors also carry `#[serde(deny_unknown_fields)]`, so that a misspelt key is reported. What they serialise is
/// read as the same again: `check --show` prints it.
pub trait SinkConfig: DeserializeOwned + Serialize + JsonSchema + Send + Sync + 'static {
    /// The word after `type:` in the pipeline file.
    const TYPE: &'static str;
    /// One line for `cardata plugins`.
    const SUMMARY: &'static str;
    /// A working example: one YAML mapping with `type` and every key, commented. `include_str!("../sample.yaml")`.
    const SAMPLE: &'static str;
    /// What happens when an entry is written twice.
    const REDELIVERY: Redelivery;

    /// Reports every mistake that can be seen without disk or network.
    fn validate(&self) -> Result<(), Vec<Invalid>>;

    /// A place that no second sink may use, with the option that names it; relative paths begin in
    /// [`SinkContext::base_dir`]. Two sinks of a pipeline file with one place are reported before either is built.
    fn exclusive(&self) -> Option<Exclusive> {
        None
    }

    /// Builds the sink. Opens nothing that can be absent for a while: a server that is down or a disk that
    /// is full shows itself in [`Sink::check`] and [`Sink::write`].
    fn build(self, context: SinkContext) -> Result<Box<dyn Sink>, SinkError>;
}

/// One store that receives entries.
#[async_trait]
pub trait Sink: Send {
    /// Called once when a pipeline begins to run, before the first write; not for a check, nor where a command
    /// delivers again what was delivered before. Returns at once and cannot fail. For a sink that shows the present
    /// and keeps a connection between writes, such as a broker's client; a store has nothing to do here.
    fn start(&mut self) {}

    /// Connects and proves as well as can be that a write would be accepted. Writes nothing.
    async fn check(&mut self) -> Result<(), SinkError>;

    /// Stores a batch. `Ok` is the acknowledgement: everything in it that is not named in
    /// [`Written::rejected`] survives a crash of this process and, where the store can promise it, of the
    /// machine.
    ///
    /// The future may be dropped at any await point (a time-out, a shutdown). The same entries then come
    /// again, and must not damage what is there.
    async fn write(&mut self, batch: &[Entry]) -> Result<Written, SinkError>;

    /// Stores entries of which some may stand in the store and some may not: a part of the history that its
    /// owner wants delivered again, or readings that were refused before. What is missing is added, what is
    /// there stays once. An entry may hold some of its readings only. Numbers are those of entries that this
    /// sink has acknowledged, or that were before its time: [`write`](Self::write) goes on behind them as if
    /// nothing had happened. Right as it is for a store that recognises a repeat by what it says; one that keeps
    /// a number of its own implements this.
    async fn rewrite(&mut self, batch: &[Entry]) -> Result<Written, SinkError> {
        self.write(batch).await
    }

    /// Releases what the sink holds. May be called twice. Nothing is written after it.
    async fn close(&mut self) -> Result<(), SinkError>;
}

/// What the engine tells a sink about its place.
#[derive(Debug, Clone)]
pub struct SinkContext {
    /// The sink's name in the pipeline file; unique.
    pub name: Name,
    /// Relative paths of the sink's options are relative to this folder: the pipeline file's.
    pub base_dir: PathBuf,
    /// The journal that entry numbers belong to.
    pub log_id: LogId,
    /// How things are now.
    pub present: Arc<dyn Present>,
    /// The authorities that every connection trusts: the system's and Mozilla's. A sink adds its own `ca`.
    pub trust: Trust,
}

/// A folder or file that one sink has for itself, or a place at a server, written as a path that no file has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exclusive {
    /// The option that names it: `dir`.
    pub key: &'static str,
    pub path: PathBuf,
}

/// How a repeated delivery of an entry shows in the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Redelivery {
    /// The second write replaces the first with the same.
    Overwrites,
    /// The second write changes nothing.
    Ignored,
    /// The second write stands beside the first.
    Duplicates,
}

/// The result of a write that the store accepted.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Written {
    /// Readings that the store refuses and will always refuse. They go to the dead letters; everything else
    /// of the batch is stored.
    pub rejected: Vec<Rejection>,
}

/// One reading that the store refused for good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejection {
    pub seq: u64,
    /// The position of the reading in the entry's snapshot.
    pub reading: usize,
    /// The store's own words, without secrets.
    pub reason: String,
}

/// A mistake in a sink's options.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{key}: {reason}")]
pub struct Invalid {
    /// The option, as a dotted path from the sink's table: `url`, `tags.vehicle`.
    pub key: String,
    /// What is wrong and what to write instead, as a lower-case fragment.
    pub reason: String,
}

impl Invalid {
    pub fn new(key: impl Into<String>, reason: impl Into<String>) -> Self {
        Self {
            key: key.into(),
            reason: reason.into(),
        }
    }
}

/// Why a sink could not write. Nothing of the batch counts as stored.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum SinkError {
    /// Will pass by itself: a server that is down, a full disk. The engine tries again for ever, backing off.
    #[error("{reason}")]
    Transient {
        reason: String,
        /// How long the store asked us to wait.
        retry_after: Option<Duration>,
    },
    /// Needs a person: a wrong token, a bucket that does not exist. The engine pauses the sink, says so, and
    /// tries again slowly.
    #[error("{reason}")]
    Misconfigured {
        /// What happened, where, and what to do.
        reason: String,
    },
}

impl SinkError {
    pub fn transient(reason: impl Into<String>) -> Self {
        Self::Transient {
            reason: reason.into(),
            retry_after: None,
        }
    }

    pub fn misconfigured(reason: impl Into<String>) -> Self {
        Self::Misconfigured {
            reason: reason.into(),
        }
    }

    /// A file system error: a full disk or an I/O error passes by itself or not, but a person who frees
    /// space need not restart anything; a permission needs a person.
    pub fn from_io(operation: &str, path: &std::path::Path, error: &std::io::Error) -> Self {
        use std::io::ErrorKind::{IsADirectory, NotADirectory, PermissionDenied, ReadOnlyFilesystem};
        let reason = format!("{operation} {}: {error}", path.display());
        match error.kind() {
            PermissionDenied | ReadOnlyFilesystem | NotADirectory | IsADirectory => {
                Self::Misconfigured { reason }
            }
            _ => Self::transient(reason),
        }
    }
}
