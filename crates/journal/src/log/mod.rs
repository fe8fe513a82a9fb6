//! The log itself: snapshots in, batches out.
//!
//! * [`contract`]: what a log does, wherever it is kept.
//! * [`append`]: a snapshot in, repeats taken out. [`memory`]: what it keeps in mind.
//! * [`payload`]: the form of an entry. [`checksum`]: whether it is as it was written. [`feeds`]: where it came from.
//! * [`scan`]: stored entries in order, past whatever is damaged. [`probe`]: what is behind unreadable pages.
//! * [`typed`]: a payload as readings. [`learned`]: types of descriptors that the catalogue does not have.
//! * [`decoder`]: stored entries as entries for the sinks. [`read`]: batches of them.
//! * [`deliver`]: what a sink acknowledged and refused. [`dead_letters`]: what was refused.
//! * [`replay`], [`redelivery`]: what a sink is given though it has passed it.
//! * [`latest`]: the newest values. [`overview`]: what `cardata status` shows.
//! * [`strays`]: messages that cannot be read. [`reason`]: why, in words that quote nothing.
//! * [`prune`]: what is forgotten.

pub(crate) mod append;
pub(crate) mod checksum;
pub(crate) mod contract;
pub mod dead_letters;
pub(crate) mod decoder;
pub mod deliver;
pub(crate) mod feeds;
mod latest;
pub(crate) mod learned;
pub(crate) mod memory;
pub mod overview;
pub(crate) mod payload;
mod probe;
mod prune;
pub mod read;
mod reason;
pub mod redelivery;
pub mod replay;
pub mod scan;
pub mod strays;
pub(crate) mod typed;
