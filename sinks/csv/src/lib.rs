//! Sink: CSV files for archives and spreadsheets.
//!
//! * `config`: the options; `sink`: the `Sink`, which works on a blocking thread.
//! * `long` and `wide` turn entries into rows for files, with `encode` for cells, `period` for the
//!   rotation and `files` for what stands in the folder already.
//! * `write` appends them so that each entry stands in the files exactly once, with `progress` as its
//!   memory; what is delivered again is held against the files by `missing`.

#![cfg_attr(not(test), warn(unused_crate_dependencies))]

mod check;
mod config;
mod encode;
mod failure;
mod files;
mod folder;
#[doc(hidden)]
pub mod fuzzing;
mod long;
mod missing;
mod period;
mod progress;
mod sink;
mod wide;
mod write;

pub use config::{CsvConfig, Decimal, Delimiter, Layout, Rotate};

collector_core::register_sink!(CsvConfig);
