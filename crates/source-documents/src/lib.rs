//! The sources of documents: what BMW tells of a vehicle beside its telematic data, asked for seldom and kept byte by byte.
//!
//! * [`vehicle`]: the basic data. [`tyres`]: the diagnosis of the tyres. [`charging_settings`]: what is set for the places
//!   of charges. [`image`]: the picture, and its file.
//! * [`charging_history`]: the sessions; [`walk`]: which pages of them are asked for.
//! * [`asking`]: what they have in common. [`fuzzing`]: for the fuzz targets.
#![doc = include_str!("../DECISIONS.md")]
#![cfg_attr(not(test), warn(unused_crate_dependencies))]

mod asking;
mod charging_history;
mod charging_settings;
pub mod fuzzing;
mod image;
mod tyres;
mod vehicle;
mod walk;

pub use charging_history::ChargingHistoryConfig;
pub use charging_settings::ChargingSettingsConfig;
pub use image::ImageConfig;
pub use tyres::TyresConfig;
pub use vehicle::VehicleConfig;
