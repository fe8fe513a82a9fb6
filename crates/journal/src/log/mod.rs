//! The log itself: snapshots in, batches out.
//!
//! * [`contract`]: what a log does, wherever it is kept. [`append`]: a snapshot in, repeats taken out. [`read`]: decoded batches. [`deliver`]: acknowledgements.
//! * [`replay`], [`dead_letters`], [`redelivery`]: what a sink is given though it has passed it.
//! * [`latest`]: the newest values. [`strays`]: messages that cannot be read. [`prune`]: what is forgotten.
//! * [`scan`]: the log read past whatever is damaged in it. [`checksum`], [`payload`]: the form of an entry.

pub(crate) mod append;
pub(crate) mod checksum;
pub(crate) mod contract;
pub mod dead_letters;
pub(crate) mod decode;
pub(crate) mod decoder;
pub mod deliver;
pub(crate) mod feeds;
mod latest;
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
