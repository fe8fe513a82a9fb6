//! Sink `sqlite`: every reading and record in one SQLite database that is small on disk and pleasant to read.
//!
//! * [`SqliteConfig`]: the options of the pipeline file.
//! * `sink`: the [`collector_core::Sink`], whose `database` lives on blocking threads.

#![cfg_attr(not(test), warn(unused_crate_dependencies))]

mod config;
mod database;
mod sink;

pub use config::SqliteConfig;

collector_core::register_sink!(SqliteConfig);
