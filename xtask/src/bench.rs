//! `cargo xtask bench`: how fast and how small the program is, beside the raw libraries in the same run.

use std::process::Stdio;

use anyhow::Result;

use crate::servers::{self, Wanted};
use crate::{program, workspace};

/// Measure speed and size, beside the raw libraries
///
/// Builds everything with optimisation and measures, on this machine: delivering a journal of a million readings to
/// each sink beside the raw library with the same data and durability; all sinks at once; how the cost of a reading
/// grows; memory and start of the program with four sinks. Then the live stream: messages a second from a real broker
/// through the journal and four sinks beside a bare subscriber; a burst; bytes, memory and processor time; outages and
/// the change of tokens. Then what the program costs on top of a year of history of a busy car, which is made once and
/// kept in the target folder: bytes written a reading, processor time of messages, of polls and of nothing, bytes at rest
/// and reading them back. Then what records cost: a year derived at once, and each reading while it comes. Then questions to ten million readings in the SQLite sink. Last, the pages of six cars with as many. The figures of one run belong
/// together: compare ratios. Takes half an hour; a program that `CARDATA_BIN` names is measured in the place of the one of
/// this workspace, where it is a process of its own.
#[derive(Debug, clap::Args)]
pub struct Options {
    /// Also a journal of ten million readings, more messages, and longer looks at what a stream costs
    #[arg(long)]
    full: bool,
    /// How long live messages come on top of the year: with less, the last checkpoint weighs more
    #[arg(long, default_value_t = 10, value_name = "N")]
    minutes: u32,
    /// Only these parts
    #[arg(value_parser = BENCHES)]
    only: Vec<String>,
}

const BENCHES: [&str; 6] = ["delivery", "stream", "history", "derive", "queries", "page"];

pub fn run(options: &Options) -> Result<()> {
    let mut bench = workspace::cargo();
    let wanted = Wanted {
        drills: false,
        pages: false,
    };
    servers::equip(&mut bench, false, wanted)?;
    if std::env::var_os("CARDATA_BIN").is_none() {
        bench.env("CARDATA_BIN", program::build(&["--release"])?);
    }
    bench.args(["bench", "--package", "tests"]);
    for name in BENCHES {
        if options.only.is_empty() || options.only.iter().any(|only| only == name) {
            bench.args(["--bench", name]);
        }
    }
    bench
        .arg("--")
        .args(options.full.then_some("--full"))
        .args(["--minutes", &options.minutes.to_string()])
        // The sink `stdout` is measured too.
        .stdout(Stdio::null());
    workspace::succeed(&mut bench)
}
