//! `cargo xtask ci`: everything that has to pass before a change is merged.

use anyhow::{Context, Result, ensure};

use crate::{codegen, deps, fuzz, terminal, test, tidy, workspace};

pub const HELP: &str = "\
cargo xtask ci [--without-servers]

Formatting, clippy with warnings denied, `tidy`, generated files, every test, the dependencies (`cargo xtask
deps`) and the seeds of the fuzz targets. Stops at the first that fails.

  --without-servers   as for `cargo xtask test`";

/// A name and what it does; `args` are those of `ci`.
type Step = (&'static str, fn(args: &[String]) -> Result<()>);

const STEPS: [Step; 7] = [
    ("formatting", |_| {
        cargo(&["fmt", "--all", "--check"])?;
        cargo(&["fmt", "--manifest-path", "fuzz/Cargo.toml", "--check"])
    }),
    ("clippy", |_| {
        cargo(&["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"])?;
        fuzz::clippy()
    }),
    ("tidy", |_| tidy::run(&[])),
    ("generated files", |_| codegen::run(&["--check".to_owned()])),
    ("tests", test::run),
    ("dependencies", |_| deps::run(&[])),
    ("seeds of the fuzz targets", |_| fuzz::replay()),
];

pub fn run(args: &[String]) -> Result<()> {
    ensure!(
        args.iter().all(|arg| arg == "--without-servers"),
        "ci takes no argument but --without-servers"
    );
    for (name, step) in STEPS {
        terminal::tell(format_args!("== {name}"));
        step(args).with_context(|| format!("{name} did not pass"))?;
    }
    terminal::tell("== all passed");
    Ok(())
}

fn cargo(args: &[&str]) -> Result<()> {
    let status = workspace::cargo()
        .args(args)
        .current_dir(workspace::root())
        .status()
        .context("cannot start cargo")?;
    ensure!(status.success(), "`cargo {}` failed", args.join(" "));
    Ok(())
}
