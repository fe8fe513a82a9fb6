//! Sink `mqtt`: one JSON line per reading, appended to a file.
//!
//! * `config`: the options of the pipeline file.
//! * `encode`: how a reading looks in the store.
//! * `write`: the sink itself.

#![cfg_attr(not(test), warn(unused_crate_dependencies))]

mod config;
mod encode;
mod write;

pub use config::MqttConfig;

collector_core::register_sink!(MqttConfig);
