//! A record, and for each of its values the rule, the readings and how exact it is.
//!
//! * [`choice`]: which record is meant. [`text`], [`document`]: it for people and for programs. [`rules`]: what rules are
//!   called.
//!   [`along`]: what is found together with another value.

pub mod along;
pub mod choice;
pub mod document;
pub mod rules;
pub mod text;
