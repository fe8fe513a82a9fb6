//! The command line of cardata, as a library. A program of somebody else with `use my_sink as _;` and a call of
//! [`cli::main`] is cardata with one more sink.
//!
//! One module a command; [`context`] has what most of them begin with, [`terminal`] what people see.

#![cfg_attr(not(test), warn(unused_crate_dependencies))]

mod args;
mod backup;
mod check;
pub mod cli;
mod containers;
mod context;
mod dead_letters;
mod import;
mod journal;
mod logging;
mod login;
mod notify;
mod plugins;
mod redelivery;
mod replay;
mod restore;
mod run;
mod signals;
#[cfg(feature = "simulator")]
mod simulate;
mod status;
mod terminal;
mod vehicles;

/// What a command ends with when it is not done.
pub(crate) struct Failure {
    pub code: u8,
    pub message: String,
}

pub(crate) type CommandResult = Result<(), Failure>;

impl Failure {
    pub fn new(code: u8, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
        }
    }
}
