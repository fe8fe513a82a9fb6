//! The command line of cardata, as a library. A program of somebody else with `use my_sink as _;` and a call of
//! [`cli::main`] is cardata with one more sink.
//!
//! One module a command, of its name; but `sim` is `simulate`, `schema` is in [`plugins`], and the options of `backup`
//! and `restore` are in [`journal::args`]. [`context`] has what most of them begin with, [`failure`] what they end with,
//! [`terminal`] what people see.

#![cfg_attr(not(test), warn(unused_crate_dependencies))]

mod args;
mod backup;
mod check;
pub mod cli;
mod clock;
mod completions;
mod containers;
mod context;
mod dead_letters;
mod doctor;
mod failure;
mod forget;
mod import;
mod init;
mod journal;
mod logging;
mod login;
mod man;
mod notify;
mod page;
mod plugins;
mod redelivery;
mod replay;
mod restore;
mod run;
mod service;
mod signals;
#[cfg(feature = "simulator")]
mod simulate;
mod status;
mod terminal;
mod values;
mod vehicles;
mod why;

pub(crate) use failure::{CommandResult, Failure, OrFail};
