//! Sink `exec`: a program of the owner's, in any language, that is given entries as JSON lines.
//!
//! The protocol stands in this package's README.md.
//!
//! * `config`: the options of the pipeline file.
//! * `encode`, `answer`: what the program is told, and what it says.
//! * `process`: a program that is started, with all that it starts, and never left behind.
//! * `lines`, `words`: what it writes, in bounded memory. `patience`: in bounded time.
//! * `program`: a conversation with it. `failure`: why one failed, for a person. `sink`: the sink itself.

#![doc = include_str!("../DECISIONS.md")]
#![cfg_attr(not(test), warn(unused_crate_dependencies))]

mod answer;
mod config;
mod encode;
mod failure;
mod lines;
mod patience;
mod process;
mod program;
mod sink;
mod words;

pub use config::ExecConfig;

collector_core::register_sink!(ExecConfig);
