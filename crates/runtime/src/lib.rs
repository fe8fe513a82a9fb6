//! What every crate with a life of its own needs, and no word of the domain.
//!
//! * [`clock`]: where time comes from. [`backoff`]: how long to wait before something is tried again.
//! * [`chain`]: an error with its sources, in one line. [`contain`], [`contained`], [`panics`]: a panic is a failure of one task.
//! * [`private`]: who may read what is written. [`limits`]: of the process. [`reader`]: whether anybody reads. [`in_place`]: what takes long without keeping others waiting.
//! * [`testing`]: a clock that a test moves.

#![cfg_attr(not(test), warn(unused_crate_dependencies))]

pub mod backoff;
pub mod chain;
pub mod clock;
mod contain;
mod in_place;
pub mod limits;
pub mod panics;
pub mod private;
#[cfg(unix)]
pub mod reader;
pub mod testing;

pub use backoff::Backoff;
pub use chain::Chain;
pub use clock::{Clock, ScaledClock, SystemClock};
pub use contain::{contain, contained};
pub use in_place::in_place;
