//! The history of vehicles in one SQLite database: the tables, and the views that people query.
//!
//! * [`Store`]: one open database, and how a batch becomes one transaction.
//! * [`check`]: would a write be accepted?
//! * `writer`: how readings and ends become rows; `records`: how records do, in tables that `kinds` makes.
//! * `erase`: removes what is delivered anew.
//! * `schema`: what makes a database ours, its version and its tables (`schema.sql`).
//! * `dictionary`: the numbers that stand for vehicles, descriptors, sources, units and texts.
//! * `failure`: what an error of SQLite means to who writes.

#![cfg_attr(not(test), warn(unused_crate_dependencies))]

mod check;
mod dictionary;
mod erase;
mod failure;
mod kinds;
mod records;
mod schema;
mod store;
mod writer;

pub use check::check;
pub use store::Store;
