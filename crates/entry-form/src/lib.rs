//! The forms in which entries lie on disk and in exported lines: pure code, and frozen, because the files of users hold
//! them.
//!
//! * [`Stored`]: an entry, whole. [`Content`]: what its checksum is of.
//! * [`payload`]: what BMW sent, byte by byte. [`canonical`]: the form by which its repeats are recognised.
//! * [`context`]: the display units that an entry came with.
//! * [`block`]: neighbouring entries, packed. [`lines`]: entries on their way to another journal.
//! * [`record`]: a record. [`letter`]: what a dead letter names. [`damage`]: entries that cannot be read.
//!
//! What they say by today's rules is not frozen: [`observe`], of one descriptor's JSON; [`typed`], of a payload for sinks.
#![doc = include_str!("../DECISIONS.md")]
#![cfg_attr(not(test), warn(unused_crate_dependencies))]

pub mod block;
pub mod canonical;
mod checksum;
pub mod context;
pub mod damage;
mod entry;
pub mod letter;
pub mod lines;
pub mod observe;
pub mod payload;
mod reason;
pub mod record;
mod truths;
pub mod typed;

pub use checksum::Content;
pub use entry::{Feed, Provenance, Stored};
pub use reason::reason;
