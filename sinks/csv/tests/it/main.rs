//! The sink on real folders: its promises, crashes, and what an owner may do to the files.

#![expect(clippy::unwrap_used, reason = "a test speaks by panicking")]

mod archive;
mod carried;
mod conformance;
mod crash;
mod earlier;
mod erase;
mod files;
mod folder;
mod options;
mod records;
mod rewrite;
mod wide;
