//! Sink: InfluxDB 1.x, 2.x, 3.x and what speaks its line protocol.
//!
//! One field per descriptor, at the time of its measurement. What the server refuses is isolated, so that a bad
//! reading neither blocks nor loses its neighbours.
//!
//! * `config`: the options. `protocol`, `target`: the login, the place and the address that follow from them.
//! * `plan`: which readings go into which request and line. `encode`: lines. `body`: whole requests.
//! * `client`: one request. `answer`: what an answer means. `redact`, `secrets`: the server's
//!   words, fit to be shown.
//! * `isolate`: which readings of a refused request are at fault. `write`: the sink.
//! * `meant`: points that are asked for or removed. `reply`: what the answer means.
//! * `points`: records as points. `held`: those that stand there. `revise`: writing records. `erase`: removing what is
//!   delivered anew.

#![cfg_attr(not(test), warn(unused_crate_dependencies))]

mod answer;
mod body;
mod client;
mod config;
mod encode;
mod erase;
#[doc(hidden)]
pub mod fuzzing;
mod held;
mod isolate;
mod known;
mod meant;
mod plan;
mod points;
mod protocol;
mod redact;
mod reply;
mod revise;
mod secrets;
mod target;
mod write;

pub use config::{FieldKey, InfluxdbConfig, Tag};

collector_core::register_sink!(InfluxdbConfig);
