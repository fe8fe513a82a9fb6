//! `cargo xtask ci`: everything that has to pass before a change is merged.

use anyhow::{Context, Result, ensure};
use clap::Parser;

use crate::{Task, fuzz, terminal, workspace};

/// Everything that has to pass before a change is merged
///
/// Formatting, clippy with warnings denied, `tidy`, generated files, every test, the program without what can be left
/// out of it, the dependencies where cargo-deny is there, and the seeds of the fuzz targets: what `.ci/run` runs.
/// Stops at the first that fails.
#[derive(Debug, clap::Args)]
pub struct Options {
    /// Then also what takes longer: the dependencies with cargo-deny, which is built where it is missing; the
    /// packages, and a trial of Debian's, which needs root and debootstrap; the whole drill; a minute of every fuzz target, which needs a C++ compiler
    #[arg(long)]
    long: bool,
    /// As for `cargo xtask test`
    #[arg(long)]
    without_servers: bool,
}

/// A name, and what it does; some pass `--without-servers` on.
type Step = (&'static str, fn(servers: &[&str]) -> Result<()>);

const STEPS: [Step; 8] = [
    ("formatting", |_| {
        cargo(&["fmt", "--all", "--check"])?;
        fuzz::fmt()
    }),
    ("clippy", |_| {
        cargo(&["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"])
    }),
    ("tidy", |_| task("tidy", &[])),
    ("generated files", |_| task("codegen", &["--check"])),
    ("tests", |servers| task("test", servers)),
    ("the program without what can be left out", |_| without_features()),
    ("dependencies", |_| task("deps", &["--installed"])),
    ("seeds of the fuzz targets", |_| task("fuzz", &["--seeds"])),
];

const LONG_STEPS: [Step; 5] = [
    ("clippy of the fuzz targets", |_| fuzz::clippy()),
    ("dependencies and advisories", |_| task("deps", &[])),
    ("packages", |_| task("dist", &["--trial"])),
    ("drills", |servers| task("drill", servers)),
    ("fuzz targets", |_| task("fuzz", &["--seconds", "60"])),
];

/// Packages that are built with `--no-default-features`, and the crates that are not in them then.
const LEAN: &[(&str, &[&str])] = &[("cardata", &["cardata-sim"])];

pub fn run(options: &Options) -> Result<()> {
    let long = if options.long { &LONG_STEPS[..] } else { &[] };
    let servers = options.without_servers.then_some("--without-servers");
    for (name, step) in STEPS.iter().chain(long) {
        terminal::tell(format_args!("== {name}"));
        step(servers.as_slice()).with_context(|| format!("{name} did not pass"))?;
    }
    terminal::tell("== all passed");
    Ok(())
}

/// Another task, as it is asked for on the command line.
fn task(name: &str, args: &[&str]) -> Result<()> {
    Task::try_parse_from([&[name], args].concat())?.run()
}

fn cargo(args: &[&str]) -> Result<()> {
    workspace::succeed(workspace::cargo().args(args))
}

fn without_features() -> Result<()> {
    for (package, left_out) in LEAN {
        let chosen = ["--package", package, "--no-default-features"];
        cargo(&[&["check"], &chosen[..]].concat())?;
        let tree = workspace::cargo()
            .args(["tree", "--edges", "normal", "--prefix", "none"])
            .args(chosen)
            .output()
            .context("cannot start cargo tree")?;
        let tree = String::from_utf8_lossy(&tree.stdout);
        for name in *left_out {
            let is_there = tree.lines().any(|line| line.split(' ').next() == Some(name));
            ensure!(
                !is_there,
                "{name} is in {package} without its features: `cargo tree -i {name}` tells who needs it"
            );
        }
    }
    Ok(())
}
