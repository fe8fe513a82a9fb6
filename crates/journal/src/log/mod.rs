//! The log itself: snapshots in, batches out.
//!
//! * [`contract`]: what a log does, wherever it is kept. [`append`]: a snapshot in, repeats taken out. [`read`]: decoded batches. [`deliver`]: acknowledgements.
//! * [`replay`], [`dead_letters`], [`again`]: what is delivered a second time.
//! * [`latest`]: the newest values. [`strays`]: messages that cannot be read. [`prune`]: what is forgotten.
//! * [`scan`]: the log read past whatever is damaged in it. [`checksum`], [`payload`]: the form of an entry.

pub mod again;
pub mod append;
pub(crate) mod checksum;
pub mod contract;
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
pub mod replay;
pub mod scan;
pub mod strays;
