//! What a sink may ask beside the entries that it is given: how things are now.
//!
//! A store of the history needs nothing of this. A sink that shows the present (a broker with retained topics) has to
//! know it after a restart, and must not put an older value over a newer one.

use std::fmt;

use async_trait::async_trait;
use jiff::Timestamp;

use crate::{Name, SinkError, Snapshot, Vehicle};

/// The present, as far as the sink's `select` lets it through.
#[async_trait]
pub trait Present: Send + Sync + fmt::Debug {
    /// The newest reading of every descriptor of every vehicle by the time of its measurement, whenever it arrived;
    /// of two with one time the later occurrence. A value that has ended stands in `ended` instead. One snapshot for each
    /// vehicle and way that readings came; a reading that no type fits is left out. May be ahead of the entries that the sink was given.
    ///
    /// # Errors
    /// [`SinkError::Transient`] where the journal cannot be read now.
    async fn latest(&self) -> Result<Vec<Snapshot>, SinkError>;

    /// Every vehicle that is known, ordered by VIN.
    ///
    /// # Errors
    /// As [`latest`](Self::latest).
    async fn vehicles(&self) -> Result<Vec<VehicleFacts>, SinkError>;

    /// The engine's time, which may run faster than the machine's; [`Timestamp::MIN`] where there is no engine.
    fn now(&self) -> Timestamp {
        Timestamp::MIN
    }
}

/// What is known of a vehicle beside its readings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VehicleFacts {
    pub vehicle: Vehicle,
    /// The account that it belongs to, and that account's id at BMW where somebody has logged in.
    pub account: Option<Name>,
    pub gcid: Option<String>,
    /// `BMW`, `MINI`, …; what BMW's answer to `basicData` says, where it was ever asked for.
    pub brand: Option<String>,
    /// `i4 eDrive40`.
    pub model: Option<String>,
}

/// Knows nothing: where there is no engine behind a sink.
#[derive(Debug, Clone, Copy, Default)]
pub struct Unknown;

#[async_trait]
impl Present for Unknown {
    async fn latest(&self) -> Result<Vec<Snapshot>, SinkError> {
        Ok(Vec::new())
    }

    async fn vehicles(&self) -> Result<Vec<VehicleFacts>, SinkError> {
        Ok(Vec::new())
    }
}
