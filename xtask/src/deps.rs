//! `cargo xtask deps`: what the project is built from, judged by cargo-deny.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::tool::Tool;
use crate::{terminal, workspace};

const DENY: Tool = Tool {
    name: "cargo-deny",
    version: "0.20.2",
};

/// Exceptions that are needed no more.
const IDLE: [&str; 4] = [
    "license-not-encountered",
    "unmatched-skip",
    "unmatched-skip-root",
    "unnecessary-skip",
];

/// Check licences, versions and sources of what the project is built from
///
/// Holds every package of Cargo.lock, those of tests and of other platforms included, against deny.toml, by
/// cargo-deny: licences, versions of one crate beside each other, banned crates, registries; and the advisories of
/// RustSec, where their database is there or can be fetched. Every exception there has a reason, and one that is
/// needed no more is a mistake. cargo-deny is taken from target/tools or PATH, else built into target/tools: some
/// minutes, once.
#[derive(Debug, clap::Args)]
#[command(after_long_help = ANOTHER_VERSION)]
pub struct Options {
    /// Build nothing: without cargo-deny say so, and check nothing
    #[arg(long)]
    installed: bool,
}

const ANOTHER_VERSION: &str = "\
Another version beside the one that is there: update what needs the older one, or add to deny.toml
  [[bans.skip]]
  crate = \"name@1.2\"
  reason = \"who needs it, and why that is all right\"";

pub fn run(options: &Options) -> Result<()> {
    if options.installed && DENY.find().is_none() {
        let version = DENY.version;
        terminal::tell(format_args!(
            "left out: there is no cargo-deny {version} here; `cargo xtask deps` builds and runs it"
        ));
        return Ok(());
    }
    let deny = DENY.provide()?;
    let mut check = cargo_deny(&deny);
    check.arg("check").args(IDLE.map(|lint| format!("--deny={lint}")));
    workspace::succeed(check.args(["licenses", "bans", "sources"]))?;
    advisories(&deny)
}

fn cargo_deny(program: &Path) -> Command {
    let mut deny = Command::new(program);
    deny.current_dir(workspace::root());
    deny
}

fn advisories(deny: &Path) -> Result<()> {
    let fetched = cargo_deny(deny).args(["fetch", "db"]).output();
    let fetched = fetched.context("cannot start cargo-deny")?;
    if !fetched.status.success() {
        let words = String::from_utf8_lossy(&fetched.stderr);
        let last = words.trim().lines().next_back();
        let why = last.map_or("no reason was told", str::trim);
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
    let home = home.or_else(|| Some(std::env::home_dir()?.join(".cargo")));
    let databases = home.and_then(|home| std::fs::read_dir(home.join("advisory-dbs")).ok());
    let mut databases = databases.into_iter().flatten().flatten();
    databases.any(|database| database.path().join("crates").is_dir())
}
