//! The engine behind `cardata`: it reads a pipeline file, polls BMW CarData inside the quota, keeps every
//! snapshot in a journal and delivers it to every sink.
//!
//! The way of the data, and where each step lives:
//!
//! ```text
//! sources ──RawSnapshot──► journal ──► normalise ──► dispatch ──► sinks
//! schedule, quota          append      read          select, retry, ack
//! ```

#![cfg_attr(not(test), warn(unused_crate_dependencies))]

// What the binary of this package uses; the two share one list of dependencies.
use {clap as _, indicatif as _, qrcode as _, tracing_subscriber as _};

pub mod account;
pub mod config;
mod contain;
pub mod details;
pub mod dispatch;
pub mod engine;
pub mod http;
pub mod journal;
pub mod normalise;
pub mod notify;
pub mod panics;
pub mod plugins;
pub mod quiet;
pub mod quota;
pub mod schedule;
pub mod sources;
pub mod state;
