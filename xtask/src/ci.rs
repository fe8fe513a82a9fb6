//! `cargo xtask ci`: everything that has to pass before a change is merged.

use std::process::Stdio;

use anyhow::{Context, Result, ensure};

use crate::{codegen, terminal, test, tidy, workspace};

pub const HELP: &str = "\
cargo xtask ci [--without-servers]

Formatting, clippy with warnings denied, `tidy`, generated files, every test, and where cargo-deny is
installed the licences, bans and sources of the dependencies. Stops at the first that fails.

  --without-servers   as for `cargo xtask test`";

/// A name and what it does; `args` are those of `ci`.
type Step = (&'static str, fn(args: &[String]) -> Result<()>);

const STEPS: [Step; 6] = [
    ("formatting", |_| cargo(&["fmt", "--all", "--check"])),
    ("clippy", |_| {
        cargo(&["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"])
    }),
    ("tidy", |_| tidy::run(&[])),
    ("generated files", |_| codegen::run(&["--check".to_owned()])),
    ("tests", test::run),
    ("dependencies", |_| dependencies()),
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

fn dependencies() -> Result<()> {
    let version = workspace::cargo()
        .args(["deny", "--version"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    if !version.is_ok_and(|status| status.success()) {
        terminal::tell("left out: cargo-deny is not installed (`cargo install --locked cargo-deny`)");
        return Ok(());
    }
    cargo(&["deny", "check", "licenses", "bans", "sources"])
}
