//! `cargo xtask ci`: everything that has to pass before a change is merged.

use anyhow::{Context, Result, ensure};

use crate::{codegen, deps, drill, fuzz, terminal, test, tidy, workspace};

pub const HELP: &str = "\
everything that has to pass before a change is merged

Usage: cargo xtask ci [--long] [--without-servers]

Formatting, clippy with warnings denied, `tidy`, generated files, every test, the program without what can be left out
of it, the dependencies where cargo-deny is there, and the seeds of the fuzz targets: what `.ci/run` runs. Stops at
the first that fails.

  --long              then also what takes longer: the dependencies with cargo-deny, which is built where it is
                      missing; the whole drill; a minute of every fuzz target, which needs a C++ compiler
  --without-servers   as for `cargo xtask test`";

const LONG: &str = "--long";

/// A name and what it does; `args` are those of `ci`, but for `--long`.
type Step = (&'static str, fn(args: &[String]) -> Result<()>);

const STEPS: [Step; 8] = [
    ("formatting", |_| {
        cargo(&["fmt", "--all", "--check"])?;
        fuzz::fmt()
    }),
    ("clippy", |_| {
        cargo(&["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"])
    }),
    ("tidy", |_| tidy::run(&[])),
    ("generated files", |_| codegen::run(&["--check".to_owned()])),
    ("tests", test::run),
    ("the program without what can be left out", |_| without_features()),
    ("dependencies", |_| deps::run(&["--installed".to_owned()])),
    ("seeds of the fuzz targets", |_| fuzz::replay()),
];

const LONG_STEPS: [Step; 4] = [
    ("clippy of the fuzz targets", |_| fuzz::clippy()),
    ("dependencies and advisories", |_| deps::run(&[])),
    ("drills", drill::run),
    ("fuzz targets", |_| {
        fuzz::run(&["--seconds".to_owned(), "60".to_owned()])
    }),
];

/// Packages that are built with `--no-default-features`, and the crates that are not in them then.
const LEAN: &[(&str, &[&str])] = &[("cardata", &["axum", "cardata-sim"])];

pub fn run(args: &[String]) -> Result<()> {
    let (long, args): (Vec<_>, Vec<_>) = args.iter().cloned().partition(|arg| arg == LONG);
    ensure!(
        args.iter().all(|arg| arg == "--without-servers"),
        "ci takes no argument but {LONG} and --without-servers"
    );
    let long = if long.is_empty() { &[] } else { &LONG_STEPS[..] };
    for (name, step) in STEPS.iter().chain(long) {
        terminal::tell(format_args!("== {name}"));
        step(&args).with_context(|| format!("{name} did not pass"))?;
    }
    terminal::tell("== all passed");
    Ok(())
}

fn cargo(args: &[&str]) -> Result<()> {
    workspace::succeed(workspace::cargo().args(args).current_dir(workspace::root()))
}

fn without_features() -> Result<()> {
    for (package, left_out) in LEAN {
        let chosen = ["--package", package, "--no-default-features"];
        cargo(&[&["check"], &chosen[..]].concat())?;
        let mut tree = workspace::cargo();
        tree.args(["tree", "--edges", "normal", "--prefix", "none"])
            .args(chosen);
        let tree = tree
            .current_dir(workspace::root())
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
