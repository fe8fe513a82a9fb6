//! `cargo xtask bench`: how fast and how small the program is, beside the raw libraries in the same run.

use std::process::Stdio;

use anyhow::Result;

use crate::{program, servers, workspace};

/// Measure speed and size, beside the raw libraries
///
/// Builds everything with optimisation and measures, on this machine: delivering a journal of a million readings to
/// each sink beside the raw library with the same data and durability; all sinks at once; how the cost of a reading
/// grows; memory and start of the program with four sinks. Then the live stream: messages a second from a real broker
/// through the journal and four sinks beside a bare subscriber; a burst; bytes, memory and processor time; outages and
/// the change of tokens. The figures of one run belong together: compare ratios. Takes some minutes.
#[derive(Debug, clap::Args)]
pub struct Options {
    /// Also a journal of ten million readings, more messages, and longer looks at what a stream costs
    #[arg(long)]
    full: bool,
    /// Only the first part, or the second
    #[arg(value_parser = BENCHES)]
    only: Vec<String>,
}

const BENCHES: [&str; 2] = ["delivery", "stream"];

pub fn run(options: &Options) -> Result<()> {
    let mut bench = workspace::cargo();
    servers::equip(&mut bench, false, false)?;
    bench.env("CARDATA_BIN", program::build(&["--release"])?);
    bench.args(["bench", "--package", "tests"]);
    for name in BENCHES {
        if options.only.is_empty() || options.only.iter().any(|only| only == name) {
            bench.args(["--bench", name]);
        }
    }
    bench
        .arg("--")
        .args(options.full.then_some("--full"))
        // The sink `stdout` is measured too.
        .stdout(Stdio::null());
    workspace::succeed(&mut bench)
}
