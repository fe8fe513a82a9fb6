//! The engine behind `cardata`: everything of a pipeline file, put together, run, and taken apart again.
//!
//! ```text
//! source ──► ingest ──► journal ──► dispatch ──► sink
//!    ▲                                 one a sink
//!  poller: when what is polled      guardian: the login      notify: what the owner is told
//! ```
//!
//! * [`engine`]: the life of a run. [`setup`]: its parts. [`account`]: what the sources of an account are given.
//! * [`ingest`]: the one way into the journal. [`poller`]: when what is polled. [`guardian`]: logins.
//! * [`present`], [`details`]: what sinks may ask of the present. [`redelivery`]: replays without a run.
//! * [`deriving`]: records out of entries.
//! * [`housekeeping`]: the journal is flushed, packed, and rid of what is old. [`neighbours`]: commands beside a run.
//!   [`dead_letters`]: what waits for each sink, for notices.
//! * [`http`]: clients, and whom they trust. [`state`]: the state directory. `simulator`: the built-in backend.
//! * [`network`]: what the doctor sees of servers. [`drive`]: where a journal should not be. [`owned`]: whose the files of sinks are. [`page_store`]: what the page reads. [`plugins`]: one line for each sink and source that is linked.
#![doc = include_str!("../DECISIONS.md")]
#![cfg_attr(not(test), warn(unused_crate_dependencies))]

pub mod account;
mod dead_letters;
mod demand;
pub mod deriving;
mod details;
pub mod drive;
mod engine;
mod error;
pub mod guardian;
mod housekeeping;
pub mod http;
mod ingest;
mod neighbours;
pub mod network;
mod owned;
pub mod page_store;
pub mod plugins;
pub mod poller;
mod present;
mod redelivery;
mod setup;
#[cfg(feature = "simulator")]
mod simulator;
pub mod state;
#[cfg(test)]
mod tests;

pub use demand::Demand;
pub use details::VehicleDetails;
pub use engine::{Engine, SinkSummary, Summary};
pub use error::RunError;
pub use redelivery::{lacks, redeliver};
pub use setup::build_source;
pub use setup::clock;
