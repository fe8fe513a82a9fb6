//! Pages as people see them, in a real browser, and metrics as Prometheus reads them.

#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a test speaks by panicking"
)]

mod charts;
mod demo;
mod harness;
mod hostile_tab;
mod hostile_values;
mod keyboard;
mod live;
mod looks;
mod plain;
mod prefix;
mod rules;
