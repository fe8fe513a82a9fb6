//! What a sink promises, and what it is given.
//!
//! A sink is as simple as a store allows: it never retries, never sleeps, never drops. The engine owns
//! batching, time-outs, retries, dead letters and the order of things.
//!
//! A sink that keeps everything in memory, whole:
//!
//! ```
//! use async_trait::async_trait;
//! use collector_core::{
//!     Entry, Invalid, Name, Reading, Records, Redelivery, Scope, Sink, SinkConfig, SinkContext, SinkError,
//!     Vehicle, Written,
//! };
//! use schemars::JsonSchema;
//! use serde::{Deserialize, Serialize};
//!
//! #[derive(Serialize, Deserialize, JsonSchema)]
//! #[serde(deny_unknown_fields)]
//! struct MemoryConfig {}
//!
//! impl SinkConfig for MemoryConfig {
//!     const TYPE: &'static str = "memory";
//!     const SUMMARY: &'static str = "every reading, until the program ends";
//!     const SAMPLE: &'static str = "type: memory\n";
//!     const REDELIVERY: Redelivery = Redelivery::Overwrites;
//!     const RECORDS: Records = Records::NotTaken;
//!
//!     fn validate(&self) -> Result<(), Vec<Invalid>> {
//!         Ok(())
//!     }
//!
//!     fn build(self, _: SinkContext) -> Result<Box<dyn Sink>, SinkError> {
//!         Ok(Box::new(Memory::default()))
//!     }
//! }
//!
//! #[derive(Default)]
//! struct Memory(Vec<(Vehicle, Name, Reading)>);
//!
//! #[async_trait]
//! impl Sink for Memory {
//!     async fn check(&mut self) -> Result<(), SinkError> {
//!         Ok(())
//!     }
//!
//!     async fn write(&mut self, batch: &[Entry]) -> Result<Written, SinkError> {
//!         for snapshot in batch.iter().filter_map(Entry::snapshot) {
//!             for reading in &snapshot.readings {
//!                 // What is identified in the same way takes the place of what was there.
//!                 self.0.retain(|(vehicle, _, known)| {
//!                     *vehicle != snapshot.vehicle
//!                         || known.descriptor != reading.descriptor
//!                         || known.measured_at != reading.measured_at
//!                         || known.occurrence != reading.occurrence
//!                 });
//!                 let (vehicle, source) = (snapshot.vehicle.clone(), snapshot.source.clone());
//!                 self.0.push((vehicle, source, reading.clone()));
//!             }
//!         }
//!         Ok(Written::default())
//!     }
//!
//!     async fn erase(&mut self, scope: &Scope) -> Result<(), SinkError> {
//!         self.0.retain(|(vehicle, source, reading)| {
//!             !scope.covers(vehicle, &reading.descriptor, Some(source), reading.measured_at)
//!         });
//!         Ok(())
//!     }
//!
//!     async fn close(&mut self) -> Result<(), SinkError> {
//!         Ok(())
//!     }
//! }
//!
//! collector_core::register_sink!(MemoryConfig);
//! # fn main() {}
//! ```

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::{Demands, Entry, LogId, Name, Present, Scope, Trust, UnitSystem, Vehicle};

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
    /// What becomes of records.
    const RECORDS: Records;
    /// How long after a write the next one waits where the pipeline file has no `batch.wait`, so that what comes little
    /// by little is written together: a disk lives by the byte. Zero where the present is shown.
    const WAIT: Duration = Duration::from_secs(10);

    /// Reports every mistake that can be seen without disk or network.
    fn validate(&self) -> Result<(), Vec<Invalid>>;

    /// A place that no second sink may use, with the option that names it; relative paths begin in
    /// [`SinkContext::base_dir`]. Two sinks of a pipeline file with one place are reported before either is built.
    fn exclusive(&self) -> Option<Exclusive> {
        None
    }

    /// A sentence for an owner who has had a vehicle forgotten: how it is removed from what this sink has written, which the
    /// program leaves as it is.
    fn removal(&self, vehicle: &Vehicle) -> String {
        let vin = &vehicle.vin;
        format!("what it has of {vin} stays there: remove it as that store allows")
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

    /// What its owner should know: of the options from the beginning, and of the store after a [`check`](Self::check). One
    /// sentence each; told by `cardata check` and at every start.
    fn remarks(&self) -> Vec<String> {
        Vec::new()
    }

    /// How much the store holds of what this sink was ever given. Asked around each write of a sink that was given
    /// something before, so it is answered at a glance or from memory, and once behind [`close`](Self::close).
    ///
    /// # Errors
    /// The store cannot be looked at now; a write will say why.
    async fn held(&mut self) -> Result<Held, SinkError> {
        Ok(Held::Unknown)
    }

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

    /// Removes every reading and record that the sink holds within `scope`, and nothing else: the journal, which has all
    /// of them, is about to deliver them again by [`rewrite`](Self::rewrite), as today's rules read them. May be called
    /// twice. A sink that only hands on what it is given ([`Redelivery::Duplicates`]) has nothing to remove.
    ///
    /// # Errors
    /// As of a write; [`SinkError::Misconfigured`] where the store cannot remove a part of what it holds.
    async fn erase(&mut self, scope: &Scope) -> Result<(), SinkError>;

    /// Releases what the sink holds. May be called twice. Nothing is written after it.
    async fn close(&mut self) -> Result<(), SinkError>;
}

/// What the engine tells a sink about its place.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct SinkContext {
    /// The sink's name in the pipeline file; unique.
    pub name: Name,
    /// Relative paths of the sink's options are relative to this folder: the pipeline file's.
    pub base_dir: PathBuf,
    /// The journal that entry numbers belong to.
    pub log_id: LogId,
    /// How things are now.
    pub present: Arc<dyn Present>,
    /// Has vehicles polled, for a sink by which somebody may ask for it.
    pub demands: Arc<dyn Demands>,
    /// The authorities that every connection trusts: the system's and Mozilla's. A sink adds its own `ca`.
    pub trust: Trust,
    /// In which units a person reads. What is stored is in canonical units.
    pub units: UnitSystem,
    /// The kind of the network drive, such as `nfs4`, on which [`SinkConfig::exclusive`] lies; none of a disk of this machine.
    pub network: Option<String>,
    /// For a [`Sink::check`] while the pipeline runs: what the sink itself holds there, such as a lock, is in order.
    pub runs: bool,
}

impl SinkContext {
    /// A place where nothing is known of the present, nothing is polled and nobody is trusted.
    pub fn new(name: Name, base_dir: PathBuf, log_id: LogId) -> Self {
        Self {
            name,
            base_dir,
            log_id,
            present: Arc::new(crate::Unknown),
            demands: Arc::new(crate::NoDemands),
            trust: Trust::default(),
            units: UnitSystem::default(),
            network: None,
            runs: false,
        }
    }
}

/// A folder or file that one sink has for itself, or a place at a server, written as a path that no file has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exclusive {
    /// The option that names it: `dir`.
    pub key: &'static str,
    pub path: PathBuf,
}

/// How much a store holds of what its sink was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Held {
    /// The store cannot tell, or sees nothing amiss.
    Unknown,
    /// Nothing: it is gone, was emptied, or is another one.
    Nothing,
    /// All up to an entry of this journal, by a mark that lies in the store itself; 0 where it has none. Writes never take
    /// it back, so a mark that went back is that of an older copy, or of another store.
    UpTo(u64),
}

/// How a repeated delivery of a reading shows in the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Redelivery {
    /// The second write replaces the first, also where the value is another one.
    Overwrites,
    /// The second write changes nothing.
    Ignored,
    /// The second write stands beside the first.
    Duplicates,
}

/// How a record that is told again shows in the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Records {
    /// The highest revision stands there alone, whatever order revisions come in; one that is withdrawn is gone, or marked
    /// where the store removes nothing.
    Replaces,
    /// Every revision stands there, with its number and state; the highest counts.
    AppendsRevisions,
    /// The sink is given none.
    NotTaken,
}

/// The result of a write that the store accepted.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Written {
    /// What the store refuses and will always refuse. It goes to the dead letters; everything else of the batch is
    /// stored.
    pub rejected: Vec<Rejection>,
    /// How many readings the store dropped because it keeps nothing so old, as its owner has set it up: no dead letters.
    pub outlived: usize,
}

impl Written {
    /// Everything but this.
    pub fn without(rejected: Vec<Rejection>) -> Self {
        Self {
            rejected,
            ..Self::default()
        }
    }
}

/// One reading, or one record, that the store refused for good.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Rejection {
    pub seq: u64,
    /// The position of the reading in the entry's snapshot; `None` for a record.
    pub reading: Option<usize>,
    /// The store's own words, without secrets.
    pub reason: String,
}

impl Rejection {
    pub fn reading(seq: u64, position: usize, reason: impl Into<String>) -> Self {
        Self {
            seq,
            reading: Some(position),
            reason: reason.into(),
        }
    }

    pub fn record(seq: u64, reason: impl Into<String>) -> Self {
        Self {
            seq,
            reading: None,
            reason: reason.into(),
        }
    }
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

    /// Where a path begins with `~`, which a shell alone takes for the home folder; else a folder of that name is made.
    pub fn of_home(key: &str, path: &Path) -> Option<Self> {
        let reason =
            "`~` is not the home folder here; write `${HOME}/…`, or `./~/…` for a folder of that name";
        path.starts_with("~").then(|| Self::new(key, reason))
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
