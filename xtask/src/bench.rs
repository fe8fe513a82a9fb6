//! `cargo xtask bench`: how fast and how small the program is, beside the raw libraries in the same run.

use std::process::Stdio;

use anyhow::{Result, ensure};

use crate::{program, servers, workspace};

pub const HELP: &str = "\
measure speed and size, beside the raw libraries

Usage: cargo xtask bench [--full] [delivery | stream]

Builds everything with optimisation and measures, on this machine: delivering a journal of a million readings to
each sink beside the raw library with the same data and durability; all sinks at once; how the cost of a reading
grows; memory and start of the program with four sinks. Then the live stream: messages a second from a real broker
through the journal and four sinks beside a bare subscriber; a burst; bytes, memory and processor time; outages and the
change of tokens. The figures of one run belong together: compare ratios. Takes some minutes.

  --full     also a journal of ten million readings, more messages, and longer looks at what a stream costs
  delivery   only the first
  stream     only the second";

const BENCHES: [&str; 2] = ["delivery", "stream"];

pub fn run(args: &[String]) -> Result<()> {
    let (named, options): (Vec<&str>, Vec<&str>) = args
        .iter()
        .map(String::as_str)
        .partition(|arg| BENCHES.contains(arg));
    ensure!(
        options.iter().all(|option| *option == "--full"),
        "bench takes no argument but --full, delivery and stream"
    );
    let mut bench = workspace::cargo();
    bench.envs(servers::provide(&servers::SERVERS)?);
    bench.env("CARDATA_BIN", program::build(&["--release"])?);
    bench.args(["bench", "--package", "tests"]);
    for name in BENCHES {
        if named.is_empty() || named.contains(&name) {
            bench.args(["--bench", name]);
        }
    }
    bench
        .arg("--manifest-path")
        .arg(workspace::root().join("Cargo.toml"))
        .arg("--")
        .args(options)
        // The sink `stdout` is measured too.
        .stdout(Stdio::null());
    workspace::succeed(&mut bench)
}
