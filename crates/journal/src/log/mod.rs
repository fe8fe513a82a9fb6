//! The log itself: snapshots in, batches out.
//!
//! * [`contract`]: what a log does, wherever it is kept.
//! * [`append`]: a snapshot in, repeats taken out. [`memory`], [`loose`]: what waits to be written.
//! * [`feeds`]: where entries came from. Their forms are those of [`entry_form`].
//! * [`packed`]: entries that came long ago, compressed.
//! * [`scan`]: stored entries in order, past whatever is damaged.
//! * [`learned`]: types of descriptors that the catalogue does not have.
//! * [`decoder`]: stored entries as entries for the sinks. [`read`]: batches of them.
//! * [`deliver`]: what a sink acknowledged and refused. [`dead_letters`]: what was refused.
//! * [`replay`], [`redelivery`]: what a sink is given though it has passed it.
//! * [`latest`]: the newest values. [`overview`]: what `cardata status` shows. [`unfolded`]: what waits, for both.
//! * [`strays`]: messages that cannot be read.
//! * [`prune`]: what is forgotten. [`missing`]: what cannot be delivered again.

pub(crate) mod append;
pub(crate) mod contract;
pub mod dead_letters;
pub(crate) mod decoder;
pub mod deliver;
pub(crate) mod feeds;
pub mod latest;
pub(crate) mod learned;
pub(crate) mod loose;
pub(crate) mod memory;
pub mod missing;
pub mod overview;
pub mod packed;
mod prune;
pub mod read;
pub mod redelivery;
pub mod replay;
pub mod scan;
pub mod strays;
mod unfolded;
