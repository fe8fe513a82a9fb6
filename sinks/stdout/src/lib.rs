//! Sink: JSON lines or text on standard output.
//!
//! For pipes (`cardata run | jq …`), for log collectors, and for looking at what arrives.

#![cfg_attr(not(test), warn(unused_crate_dependencies))]

mod config;
mod text;
mod write;

pub use config::{Format, StdoutConfig};
pub use write::StdoutSink;

collector_core::register_sink!(StdoutConfig);
