//! What a source promises, and what it is given.
//!
//! A source brings what BMW sent, as BMW sent it. Typing, units and the removal of repeats are the engine's.

use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use tokio_util::sync::CancellationToken;

use crate::{Invalid, Origin, Vehicle, Vin};

/// The part of the pipeline file that belongs to one source. What it is built from, the crate `source` says. What it
/// serialises is read as the same again: `check --show` prints it.
pub trait SourceConfig: DeserializeOwned + Serialize + JsonSchema + Send + Sync + 'static {
    /// The word after `type:` in the pipeline file.
    const TYPE: &'static str;
    /// One line for `cardata plugins`.
    const SUMMARY: &'static str;
    /// A working example: one YAML mapping with `type` and every key, commented.
    const SAMPLE: &'static str;
    /// What the poller plans with when the pipeline file has no `every`.
    const CADENCE: Cadence;

    /// Reports every mistake that can be seen without disk or network.
    fn validate(&self) -> Result<(), Vec<Invalid>>;
}

/// How often a source runs by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cadence {
    /// It is polled; each poll of one vehicle costs this many API calls.
    Polled { calls: u32 },
    /// It is asked for what changes seldom: this often unless the pipeline file has another `every`, whatever a vehicle
    /// does. Each poll of one vehicle costs one call, and more only where they can be spared; a failure waits a day.
    Seldom { every: Duration },
    /// It runs until it is cancelled and costs no calls.
    Continuous,
}

impl Cadence {
    /// The calls that a poll of one vehicle costs; `None` where nothing is polled.
    pub const fn calls(self) -> Option<u32> {
        match self {
            Self::Polled { calls } => Some(calls),
            Self::Seldom { .. } => Some(1),
            Self::Continuous => None,
        }
    }
}

/// A running source, in one of two shapes.
pub enum Source {
    Poll(Box<dyn Poll>),
    Stream(Box<dyn Stream>),
}

/// A source that is asked. The planner decides when.
#[async_trait]
pub trait Poll: Send {
    /// Asks once for one vehicle. May spend at most the calls of its cadence, and what it needs once to get
    /// ready, each admitted by the quota before it leaves.
    async fn poll(&mut self, vehicle: &Vehicle) -> Result<RawSnapshot, SourceError>;

    /// After an answer: what the ledger is to remember of the vehicle for the next poll, written together with what this
    /// one brought. A list as JSON; of a source that is asked seldom alone.
    fn remembers(&self) -> Option<String> {
        None
    }

    /// Whether a live stream can bring everything that it asks for, so that polls may be few where there is one.
    fn is_streamable(&self) -> bool {
        false
    }

    /// What the owner of a vehicle is told that never brings a value for anything that it asks for.
    fn advice(&self) -> Option<&'static str> {
        None
    }
}

/// A source that speaks by itself.
#[async_trait]
pub trait Stream: Send {
    /// Runs until `stop` is cancelled, reconnecting by itself, whatever happens. Everything that was received and
    /// can be stored is stored before it returns.
    async fn run(&mut self, output: &dyn StreamOutput, stop: &CancellationToken);
}

/// Where a stream puts what it received.
#[async_trait]
pub trait StreamOutput: Send + Sync {
    /// Returns when all of it is on disk in the journal, in this order. A journal that cannot take it now is tried
    /// again; an error means that the program is being stopped and nothing of it is stored.
    async fn push(&self, received: Vec<Received>) -> Result<(), SourceError>;
}

/// One message, as a stream hands it over.
#[derive(Debug, Clone)]
pub enum Received {
    Snapshot(RawSnapshot),
    /// It cannot be read; it is kept as it came.
    Stray(Stray),
}

/// What BMW sent and is no snapshot: a message, or the answer to a poll.
#[derive(Clone, PartialEq, Eq)]
pub struct Stray {
    pub received_at: Timestamp,
    /// Of a message; of an answer, what was asked for, with the VIN.
    pub topic: String,
    pub payload: Vec<u8>,
    /// What is wrong with it, without anything of what it says.
    pub reason: String,
}

/// Shows neither topic nor payload: both may hold a VIN or a position.
impl std::fmt::Debug for Stray {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Stray({}, {} bytes)", self.reason, self.payload.len())
    }
}

/// What one poll or one message brought, as it was sent.
#[derive(Debug, Clone)]
pub struct RawSnapshot {
    pub vin: Vin,
    pub origin: Origin,
    /// When the call left; `None` for what was not asked for.
    pub requested_at: Option<Timestamp>,
    /// When BMW says that it sent the message, as it wrote it; `None` for polls and where a message says nothing.
    pub sent_at: Option<String>,
    pub received_at: Timestamp,
    pub readings: Vec<RawReading>,
}

/// One descriptor's object as BMW sent it: `{"value": …, "unit": …, "timestamp": …}`, byte by byte.
#[derive(Debug, Clone)]
pub struct RawReading {
    pub descriptor: String,
    pub body: Box<RawValue>,
}

/// Why a source brought nothing.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum SourceError {
    /// Will pass by itself: a server error, a time-out, an answer that makes no sense.
    #[error("{reason}")]
    Transient {
        reason: String,
        retry_after: Option<Duration>,
    },
    /// The answer cannot be read: it is kept as it came, and the vehicle is asked again as after any passing failure.
    #[error("{reason}")]
    Unreadable {
        reason: String,
        retry_after: Option<Duration>,
        answer: Box<Stray>,
    },
    /// No call is left; the poller asks again when there is one.
    #[error("{reason}")]
    Quota { reason: String },
    /// The account needs `cardata login`.
    #[error("{reason}")]
    Login { reason: String },
    /// This vehicle is refused (sold, secondary user, not capable); the others are not concerned.
    #[error("{reason}")]
    Vehicle { reason: String },
    /// Needs a person, for every vehicle.
    #[error("{reason}")]
    Misconfigured { reason: String },
}
