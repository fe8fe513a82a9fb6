//! `cargo xtask bench`: how fast and how small the program is, beside the raw libraries in the same run.

use std::process::{Stdio, exit};

use anyhow::{Context, Result, ensure};

use crate::{program, servers, workspace};

pub const HELP: &str = "\
cargo xtask bench [--full]

Builds everything with optimisation and measures, on this machine: delivering a journal of a million readings to
each sink beside the raw library with the same data and durability; all sinks at once; how the cost of a reading
grows; memory and start of the program with four sinks. The figures of one run belong together: compare ratios.
Takes some minutes.

  --full   also a journal of ten million readings";

pub fn run(args: &[String]) -> Result<()> {
    ensure!(
        args.iter().all(|arg| arg == "--full"),
        "bench takes no argument but --full"
    );
    let mut bench = workspace::cargo();
    for (server, path) in servers::provide(&servers::SERVERS)? {
        bench.env(server.variable, path);
    }
    bench.env("CARDATA_BIN", program::build(&["--release"])?);
    let status = bench
        .args([
            "bench",
            "--package",
            "tests",
            "--bench",
            "delivery",
            "--manifest-path",
        ])
        .arg(workspace::root().join("Cargo.toml"))
        .arg("--")
        .args(args)
        // The sink `stdout` is measured too.
        .stdout(Stdio::null())
        .status()
        .context("cannot start cargo bench")?;
    if !status.success() {
        exit(status.code().unwrap_or(1));
    }
    Ok(())
}
