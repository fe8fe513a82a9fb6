//! Sink: CSV files for archives and spreadsheets.
//!
//! * `config`: the options; `sink`: the `Sink`, which works on a blocking thread.
//! * `long` and `wide` turn readings, and `records` turns records into rows for files, with `encode` and `plain` for
//!   cells, `period` for the rotation and `files` for what stands in the folder already; `sheet` and `lines` put what
//!   belongs to one moment into one row.
//! * `carried` makes sheets in which values are carried forward out of hidden ones.
//! * `write` appends them so that each entry stands in the files exactly once, with `progress` as its
//!   memory; what is delivered again is held against the files by `missing`.
//! * `erase` takes rows and cells out of the files, with `form`, `snapshots` and `known` for which of them are the sink's.

#![cfg_attr(not(test), warn(unused_crate_dependencies))]

mod carried;
mod check;
mod config;
mod encode;
mod erase;
mod failure;
mod files;
mod folder;
mod form;
#[doc(hidden)]
pub mod fuzzing;
mod known;
mod lines;
mod long;
mod missing;
mod period;
mod plain;
mod progress;
mod records;
mod sheet;
mod sink;
mod snapshots;
mod wide;
mod write;

pub use config::{CsvConfig, Decimal, Delimiter, Layout, Rotate, Span};

collector_core::register_sink!(CsvConfig);
