//! The crate against an OAuth server on loopback that answers by a script.

#![expect(clippy::unwrap_used, reason = "a failure here is a failed test")]

mod authenticator;
mod device_flow;
mod encrypted;
mod refresh;
mod server;
mod store;
mod upkeep;
