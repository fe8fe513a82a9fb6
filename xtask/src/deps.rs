//! `cargo xtask deps`: what the project is built from, judged by cargo-deny.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::{terminal, workspace};

/// Another one may judge otherwise.
const VERSION: &str = "0.20.2";

/// Exceptions that are needed no more.
const IDLE: [&str; 4] = [
    "license-not-encountered",
    "unmatched-skip",
    "unmatched-skip-root",
    "unnecessary-skip",
];

pub const HELP: &str = "\
check licences, versions and sources of what the project is built from

Usage: cargo xtask deps [--installed]

Holds every package of Cargo.lock, those of tests and of other platforms included, against deny.toml, by cargo-deny:
licences, versions of one crate beside each other, banned crates, registries; and the advisories of RustSec, where
their database is there or can be fetched. Every exception there has a reason, and one that is needed no more is a
mistake. cargo-deny is taken from target/tools or PATH, else built into target/tools: some minutes, once.

  --installed   builds nothing: without cargo-deny says so, and checks nothing

Another version beside the one that is there: update what needs the older one, or add to deny.toml
  [[bans.skip]]
  crate = \"name@1.2\"
  reason = \"who needs it, and why that is all right\"";

pub fn run(args: &[String]) -> Result<()> {
    let may_install = match args {
        [] => true,
        [arg] if arg == "--installed" => false,
        _ => bail!("deps takes no argument but --installed"),
    };
    let tools = workspace::target().join("tools");
    let installed = tools.join("bin/cargo-deny");
    let found = [Some(installed.clone()), workspace::on_path("cargo-deny")];
    let deny = match found.into_iter().flatten().find(|program| is_wanted(program)) {
        Some(program) => program,
        None if may_install => {
            install(&tools)?;
            installed
        }
        None => {
            terminal::tell(format_args!(
                "left out: there is no cargo-deny {VERSION} here; `cargo xtask deps` builds and runs it"
            ));
            return Ok(());
        }
    };
    let mut check = cargo_deny(&deny);
    check.arg("check").args(IDLE.map(|lint| format!("--deny={lint}")));
    workspace::succeed(check.args(["licenses", "bans", "sources"]))?;
    advisories(&deny)
}

fn is_wanted(program: &Path) -> bool {
    let told = Command::new(program).arg("--version").output();
    told.is_ok_and(|told| told.stdout.trim_ascii() == format!("cargo-deny {VERSION}").as_bytes())
}

fn install(tools: &Path) -> Result<()> {
    terminal::tell(format_args!(
        "building cargo-deny {VERSION} into {}; this takes some minutes",
        tools.display()
    ));
    let mut cargo = workspace::cargo();
    // What is built on the way lies in a temporary folder, and not among the workspace's.
    cargo
        .env_remove("CARGO_TARGET_DIR")
        .args(["install", "--locked", "--root"])
        .arg(tools);
    workspace::succeed(cargo.arg(format!("cargo-deny@={VERSION}")))
}

fn cargo_deny(program: &Path) -> Command {
    let mut deny = Command::new(program);
    deny.current_dir(workspace::root());
    deny
}

fn advisories(deny: &Path) -> Result<()> {
    let fetched = cargo_deny(deny)
        .args(["fetch", "db"])
        .stdin(Stdio::null())
        .output();
    let fetched = fetched.context("cannot start cargo-deny")?;
    if !fetched.status.success() {
        let words = String::from_utf8_lossy(&fetched.stderr);
        let why = words
            .lines()
            .rev()
            .find(|line| !line.trim().is_empty())
            .unwrap_or("no reason was told")
            .trim();
        if !has_database() {
            terminal::tell(format_args!(
                "left out: the advisories of RustSec, which cannot be fetched: {why}"
            ));
            return Ok(());
        }
        terminal::tell(format_args!(
            "the advisories are those of an earlier day, the newest cannot be fetched: {why}"
        ));
    }
    workspace::succeed(cargo_deny(deny).args(["check", "--disable-fetch", "advisories"]))
}

/// Whether a database was fetched once. An interrupted fetch leaves a folder without anything in it.
fn has_database() -> bool {
    let home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home
        .or_else(|| Some(std::env::home_dir()?.join(".cargo")))
        .unwrap_or_default();
    let databases = std::fs::read_dir(home.join("advisory-dbs"))
        .into_iter()
        .flatten()
        .flatten();
    databases
        .into_iter()
        .any(|database| database.path().join("crates").is_dir())
}
