//! A history that is filled as a sink and read as the page reads it.

#![expect(clippy::unwrap_used, reason = "a test speaks by panicking")]

mod filled;
mod now;
mod opening;
mod records;
mod series;
mod silences;
mod track;
