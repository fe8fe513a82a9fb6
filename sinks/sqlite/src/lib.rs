//! Sink `sqlite`: every reading and record in one SQLite database that is small on disk and pleasant to read.
//!
//! * [`SqliteConfig`]: the options of the pipeline file.
//! * `sink`: the [`collector_core::Sink`] around a connection that lives on blocking threads.
//! * `store`: one open database, and how a batch becomes one transaction.
//! * `writer`: how readings and ends become rows; `records`: how records do, in tables that `kinds` makes.
//! * `erase`: removes what is delivered anew.
//! * `schema`: what makes a database ours, its version and its tables (`schema.sql`).
//! * `dictionary`: the numbers that stand for vehicles, descriptors, sources, units and texts.
//! * `failure`: what an error of SQLite means to the engine.

#![cfg_attr(not(test), warn(unused_crate_dependencies))]

mod config;
mod dictionary;
mod erase;
mod failure;
mod kinds;
mod records;
mod schema;
mod sink;
mod store;
mod writer;

pub use config::SqliteConfig;

collector_core::register_sink!(SqliteConfig);
