//! What goes into the rules of records and what comes out of them: readings in the words of the rules, what the owner
//! decides, and the kinds of records with their columns. Pure.
//!
//! It stands beside `derive`, which holds the rules, so that the pipeline file is read without them.
//!
//! * [`fact`]: what a reading says. [`rules`]: places, prices, the size of a battery. [`kinds`]: the records.
//!   [`row`]: one in the making. [`field`]: what a document says.
#![cfg_attr(not(test), warn(unused_crate_dependencies))]

pub mod fact;
pub mod field;
pub mod kinds;
pub mod row;
pub mod rules;

pub use rules::Rules;
