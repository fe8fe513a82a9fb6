//! The history of vehicles in one SQLite database: the tables, and the views that people query.
//!
//! * [`HistorySink`]: the [`collector_core::Sink`] that fills it, whose `database` lives on blocking threads.
//! * [`Store`]: one open database at its [`Place`], and how a batch becomes one transaction.
//! * [`check`]: would a write be accepted? [`held`]: what of what it was given is in it?
//! * [`read`]: what the page reads.
//! * `fold`: how readings get into the order of their series, and when.
//! * `rollup`: numbers by hour and by day, for charts of years, where the [`Place`] wants them.
//! * `views`: what people read; `battery`: what is known of the battery at each moment, for charts.
//! * `writer`: how readings and ends become rows; `records`: how records do, in tables that `kinds` makes.
//! * `erase`: removes what is delivered anew.
//! * `schema`: what makes a database ours, its version and its tables (`schema.sql`); `convert`: readings of older ones.
//! * `dictionary`: the numbers that stand for vehicles, descriptors, sources, units and texts.
//! * `failure`: what an error of SQLite means to who writes.
#![doc = include_str!("../DECISIONS.md")]
#![cfg_attr(not(test), warn(unused_crate_dependencies))]

mod battery;
mod check;
mod convert;
mod database;
mod dictionary;
mod erase;
mod failure;
mod fold;
pub mod held;
mod kinds;
pub mod read;
mod records;
mod rollup;
mod schema;
mod sink;
mod store;
mod views;
mod writer;

pub use check::check;
pub use sink::HistorySink;
pub use store::{Place, Store};
