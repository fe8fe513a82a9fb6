//! The sink with real programs.

#![expect(clippy::unwrap_used, reason = "a test speaks by panicking")]

mod conformance;
mod fifo;
mod misbehaviour;
mod python;
mod store;
