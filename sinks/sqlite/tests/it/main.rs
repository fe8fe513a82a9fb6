//! The sink from outside: its promises, what other programs read, and how it treats files that are not its own.

#![expect(clippy::unwrap_used, reason = "a test speaks by panicking")]

mod conformance;
mod database;
mod erase;
mod fold;
mod held;
mod kinds;
mod migration;
mod plans;
#[cfg(target_os = "linux")]
mod readers;
mod readme;
mod records;
mod size;
mod store;
mod stream;
mod views;
