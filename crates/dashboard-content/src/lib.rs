//! What stands on the pages: what the database of the page and the running program know of a car, as facts, charts, tables and
//! reasons, in the words, the units and the time zone of their reader.
//!
//! Nothing here has heard of a request: whatever is wanted of it comes as an argument, and whoever serves a page reads and
//! joins what it shows out of these. All of it is the same for the same rows, states and moment.
//!
//! * [`shown`]: values as people read them. [`cells`]: the same as parts of views. [`labels`]: the names of columns and words.
//! * Of the newest values: [`told`], [`openings`], [`keys`] and their [`states`]; [`key`], one of them over time; [`live`]: what changed, for open pages.
//! * Over time: [`span`] and [`range`], from when to when; [`drawn`] and [`held`], a series for a chart; [`level`] and [`curve`], charts of the
//!   charge; [`gaps`], when nothing came, and why.
//! * Of records: [`sums`], [`health`], [`standing`], [`full`]. [`why`]: of which readings, and by which rule.
//! * [`position`]: where a car is, which is told to who asks for it.

#![cfg_attr(not(test), warn(unused_crate_dependencies))]

pub mod cells;
pub mod curve;
pub mod drawn;
pub mod full;
pub mod gaps;
pub mod health;
pub mod held;
pub mod key;
pub mod keys;
pub mod labels;
pub mod level;
pub mod live;
pub mod openings;
pub mod position;
pub mod range;
pub mod shown;
pub mod span;
pub mod standing;
pub mod states;
pub mod sums;
pub mod told;
pub mod why;

use dashboard_view as view;
pub use shown::Options;
