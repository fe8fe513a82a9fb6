//! When which vehicle is polled next, and why; the arithmetic of the quota; what silence means. Pure.
//!
//! ```text
//!  calls made ─────────────┐
//!  promises (Shares) ──────┼─► Calendar ──► stretch, spare ─┐
//!                          │                                ▼
//!  Target: interval, last poll, failures ──────────────► one step a target ──► evened out, kept apart,
//!  Activity: what the vehicle does ─────────────────────►  (wish)               held to the promise ──► Outlook
//!  Streamed: what its stream tells ─────────────────────►                                                 │
//!                                                                        next poll of each, and the Reason
//! ```
//!
//! 1. **Promise.** Every vehicle is promised a longest interval ([`cadence`]). The calls that were made and those that
//!    are promised for two days lie on one [`calendar`]. Where they do not fit, all promises are stretched alike.
//! 2. **Wish.** What no 24 hours need can be spared. A vehicle that does something ([`activity`]) gets most of it; one
//!    that speaks by itself ([`streamed`]) is polled for events, silences, and now and then.
//! 3. **Hold.** Wishes are drawn apart; one that would break a promise moves back to its promised time. A failed poll
//!    is repeated sooner only with calls that no promise needs. What BMW does not allow waits.
//!
//! [`plan`] does it, from a [`Situation`] to an [`Outlook`]; every step says its [`Reason`]. [`quota`] says how many
//! calls may leave at all, [`silence`] what it means that a stream says nothing.
#![doc = include_str!("../DECISIONS.md")]
#![cfg_attr(not(test), warn(unused_crate_dependencies))]

pub mod activity;
mod cadence;
mod calendar;
mod night;
mod plan;
pub mod quota;
mod reason;
pub mod silence;
mod situation;
mod streamed;

pub use activity::{Activity, Event, Evidence, Observation};
pub use cadence::stretches_fixed;
pub use night::is_night;
pub use plan::plan;
pub use reason::Reason;
pub use situation::{Next, Outlook, Situation, Streamed, Target};
pub use streamed::GAP_WORTH_A_POLL;
