//! The model and the plugin contracts that sources, sinks and the engine share.
//!
//! Nothing here does I/O and nothing here depends on another crate of the workspace, so a sink can be
//! written, built and tested against this crate alone.
//!
//! * [`model`]: [`Vin`], [`Descriptor`], [`Value`], [`Reading`], [`Snapshot`], [`Record`], [`Entry`].
//! * [`sink`]: what a sink promises and what it is given; [`register_sink!`] makes it known.
//! * [`source`]: the same for sources. [`state`]: how the components of a running program fare.
//! * [`demand`]: polls that somebody asks for now.
//! * [`select`], [`delivery`], [`Every`]: what the pipeline file says of sinks and sources to more than one crate.
//! * [`resolved`]: quantities that cars tell by different keys.
//! * [`line`]: the JSON in which other programs are given readings and records.
//! * [`mask`]: the words of others, fit to be shown.
//! * [`Trust`], [`BrokerAddress`], [`clear`]: whom a client trusts, where a broker is, and who can listen.
//! * [`testkit`] (feature `testkit`): the conformance suite for sinks.
#![doc = include_str!("../DECISIONS.md")]
#![cfg_attr(not(test), warn(unused_crate_dependencies))]

pub mod broker;
pub mod clear;
pub mod delivery;
pub mod demand;
pub mod duration;
mod every;
pub mod glob;
pub mod line;
pub mod mask;
pub mod model;
pub mod present;
pub mod registry;
pub mod resolved;
pub mod scalar;
mod scope;
pub mod secret;
pub mod select;
pub mod sink;
pub mod source;
pub mod state;
pub mod table;
#[cfg(any(test, feature = "testkit"))]
pub mod testkit;
pub mod trust;
mod words;

pub use broker::{BrokerAddress, InvalidAddress};
pub use delivery::{BatchOptions, Retry, Start};
pub use demand::{Demands, NoDemands, PollRefused, Polled};
pub use every::Every;
pub use glob::Glob;
pub use model::{
    Body, Cited, Column, Descriptor, Document, Ended, Entry, Evidence, InvalidVin, LogId, Name, Names,
    Origin, Reading, Record, RecordKind, RecordState, RegisteredKind, Snapshot, Stamp, Unit, UnitSystem,
    Value, ValueType, Vehicle, VehicleSettings, Vin, document, reads_as_number, record_kind, record_kinds,
    rounded,
};
pub use present::{Present, Unknown, VehicleFacts};
pub use registry::{SinkPlugin, SourcePlugin, sink_plugins, source_plugins};
pub use scope::Scope;
pub use secret::Secret;
pub use select::{Patterns, Select};
pub use sink::{
    Exclusive, Held, Invalid, Records, Redelivery, Rejection, Sink, SinkConfig, SinkContext, SinkError,
    Written,
};
pub use source::{
    Cadence, Poll, RawReading, RawSnapshot, Received, Source, SourceConfig, SourceError, Stray, Stream,
    StreamOutput,
};
pub use trust::{InvalidPem, Trust};

/// What the registration macros expand to; not part of the contract.
#[doc(hidden)]
pub mod private {
    pub use inventory;
}
