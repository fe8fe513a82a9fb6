//! What the pages show: one struct a page, of data that is ready to be shown, with its template.
//!
//! Nothing here asks, computes or decides anything of a car: strings come formatted in the reader's units and time zone.
//! What is computed is where a picture draws them. Every text of a car is escaped by askama; no template says `safe`.
//!
//! * [`frame`]: what is around every page. [`parts`]: facts, tables, choices. [`chart`], [`picture`]: charts, bars, tracks, codes.
//! * [`now`], [`battery`], [`charging`], [`trips`], [`data`], [`key`], [`system`], [`why`], [`alone`]: the pages.
//! * [`texts`]: every text, by its key. [`tables`]: the tables of a page by their names. [`files`]: scripts, styles, pictures.

#![cfg_attr(not(test), warn(unused_crate_dependencies))]

pub mod alone;
pub mod battery;
pub mod charging;
pub mod chart;
pub mod data;
pub mod files;
pub mod frame;
pub mod key;
pub mod now;
pub mod parts;
pub mod picture;
pub mod system;
pub mod tables;
pub mod texts;
pub mod trips;
pub mod why;

#[cfg(test)]
mod tests;
