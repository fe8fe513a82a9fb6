//! The state of the battery at each moment at which something about it was measured, for charts.
//!
//! A car tells one thing at a time. A row has what is known at a moment: what was told then, and of everything else the
//! last value before, until it ends. So a row follows from the one before it and the readings of its moment. Rows of
//! moments before the border `folded.battery` are kept in `battery_row`, which many are written to at a time; the few
//! behind it are computed when they are read. After a change before the border rows are made anew from there on, until
//! one comes out as it stands.

mod cells;
mod rows;
mod view;

pub use cells::{key, number_series};
pub use rows::{keep, refresh, remake, table};
pub use view::script as view;
