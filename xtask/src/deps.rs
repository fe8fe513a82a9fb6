//! `cargo xtask deps`: what the project is built from, judged by cargo-deny.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

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
    let tools = workspace::target().join("tools");
    let installed = tools.join("bin/cargo-deny");
    let found = [Some(installed.clone()), workspace::on_path("cargo-deny")];
    let found = found.into_iter().flatten().find(|program| is_wanted(program));
    if found.is_none() && options.installed {
        terminal::tell(format_args!(
            "left out: there is no cargo-deny {VERSION} here; `cargo xtask deps` builds and runs it"
        ));
        return Ok(());
    }
    if found.is_none() {
        install(&tools)?;
    }
    let deny = found.unwrap_or(installed);
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
