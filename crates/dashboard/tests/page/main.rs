//! The page over real sockets of this machine.

#![expect(
    clippy::unwrap_used,
    reason = "a helper of a test that fails is a test that fails"
)]

mod api;
mod assets;
mod battery;
mod car;
mod computed;
mod csv;
mod data;
mod drives;
mod events;
mod failed;
mod garage;
mod history;
mod key;
mod limits;
mod login;
mod now;
mod picture;
mod position;
mod reasons;
mod site;
mod system;
mod telemetry;
mod token;
mod walk;
