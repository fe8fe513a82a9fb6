//! Sink: an MQTT broker of the owner's.
//!
//! Each reading goes out in BMW's own form, for programs that read BMW's broker; the newest of each vehicle and
//! descriptor stands in a retained topic; Home Assistant is told by its MQTT discovery what there is to see.
//!
//! * `config`: the options. `trust`: whose certificates are believed.
//! * `topics`: where things are published. `bmw`, `retained`: what a message says.
//! * `records`: what the broker keeps of them. `total`: a meter of what was charged. `sensors`: how Home Assistant shows them.
//! * `traits`: what Home Assistant is to make of a descriptor; `names`: what it is called; `words`: the states of texts;
//!   `discovery`: how it is told.
//! * `board`: what is shown now, and the messages that a reading makes of it. `car`: of one vehicle. `track`: positions.
//! * `link`: one connection. `inbox`: what comes in by it. `failure`: what goes wrong with it.
//! * `demands`: polls that somebody asks for.
//! * `keeper`: the connection between writes. `write`: the sink.
#![doc = include_str!("../DECISIONS.md")]
#![cfg_attr(not(test), warn(unused_crate_dependencies))]

mod bmw;
mod board;
mod car;
mod config;
mod demands;
mod discovery;
mod failure;
mod inbox;
mod keeper;
mod link;
mod message;
mod names;
mod records;
mod retained;
mod sensors;
mod topics;
mod total;
mod track;
mod traits;
mod trust;
mod words;
mod write;

pub use config::{Form, MqttConfig};

collector_core::register_sink!(MqttConfig);
