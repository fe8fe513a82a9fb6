//! Sink `sqlite`: every reading and record in one SQLite database that is small on disk and pleasant to read.
//!
//! * [`SqliteConfig`]: the options of the pipeline file.
//!
//! The sink itself is [`history::HistorySink`].

#![cfg_attr(not(test), warn(unused_crate_dependencies))]

mod config;

pub use config::SqliteConfig;

collector_core::register_sink!(SqliteConfig);
