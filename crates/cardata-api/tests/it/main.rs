//! The client against servers on loopback.

#![expect(clippy::unwrap_used, reason = "a test fails by a panic, its helpers too")]

mod bodies;
mod containers;
mod documents;
mod doubles;
mod errors;
mod requests;
mod server;
mod stream;
mod tokens;
