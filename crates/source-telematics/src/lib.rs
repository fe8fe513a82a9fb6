//! The source `telematics`: polls of containers, which are found again, created when missing, and without what BMW
//! refuses.
//!
//! * [`telematics`]: the source. [`presets`]: what it can be asked for. [`fit`]: for which cars that is.
//! * [`container`]: the containers that it polls, and what `cardata containers` does about them.
#![doc = include_str!("../DECISIONS.md")]
#![cfg_attr(not(test), warn(unused_crate_dependencies))]

pub mod container;
pub mod fit;
mod presets;
mod telematics;

pub use container::{ContainerError, is_ours};
pub use telematics::TelematicsConfig;
