//! What the page reads: a connection that can only read, and answers whose size is bounded by what is asked.
//!
//! * [`Reader`]: one open database; each of its answers is of one moment.
//! * `vehicles`: who they are; `latest`: what each says now; `keys`: how often it says it.
//! * `series`: one descriptor over time, as `numbers` or as `changes`; `track`: places.
//! * `silences`: when it told nothing.
//! * `records`: sessions, trips and all other kinds.
//! * `row`: how the three tables of readings are searched; `words`: what their numbers stand for.

mod changes;
mod keys;
mod latest;
mod numbers;
#[cfg(test)]
mod plans;
mod reader;
mod records;
mod row;
mod series;
mod silences;
mod track;
mod vehicles;
mod words;

pub use keys::KeyRow;
pub use latest::Latest;
pub use reader::{ReadError, Reader};
pub use records::{ColumnInfo, RecordRow};
pub use series::{Change, Part, Range, Series, Told};
pub use track::{Track, TrackPoint};
pub use vehicles::VehicleRow;
pub use words::ReadingRow;
