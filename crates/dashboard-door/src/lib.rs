//! Who is let in by HTTP, and how whoever looks is told what changes: no word of a car.
//!
//! * [`door`]: the host that was asked for, who sent what changes something, and the token. [`token`]: the one of an owner
//!   who gave none.
//! * [`events`]: what changed, to every open page.

#![cfg_attr(not(test), warn(unused_crate_dependencies))]

pub mod door;
pub mod events;
pub mod token;
