//! cargo-deny, where it is installed: the same checks by another program, and the advisories of RustSec.

use std::path::PathBuf;
use std::process::{Output, Stdio};

use anyhow::{Context, Result, ensure};

use crate::{terminal, workspace};

pub fn run() -> Result<()> {
    if !is_installed() {
        terminal::tell(
            "left out: the advisories of RustSec, which need cargo-deny (`cargo install --locked cargo-deny`)",
        );
        return Ok(());
    }
    check(&["check", "licenses", "bans", "sources"])?;
    let fetched = quietly(&["fetch", "db"])?;
    if !fetched.status.success() {
        let words = String::from_utf8_lossy(&fetched.stderr);
        let why = words
            .lines()
            .rev()
            .find(|line| !line.trim().is_empty())
            .unwrap_or("no reason was told");
        if !has_database() {
            terminal::tell(format_args!(
                "left out: the advisories of RustSec, whose database cannot be fetched: {}",
                why.trim()
            ));
            return Ok(());
        }
        terminal::tell(format_args!(
            "the advisories of RustSec are those of an earlier day, the newest cannot be fetched: {}",
            why.trim()
        ));
    }
    check(&["check", "--disable-fetch", "advisories"])
}

fn is_installed() -> bool {
    quietly(&["--version"]).is_ok_and(|output| output.status.success())
}

fn quietly(args: &[&str]) -> Result<Output> {
    let mut cargo = workspace::cargo();
    cargo
        .arg("deny")
        .args(args)
        .current_dir(workspace::root())
        .stdin(Stdio::null());
    cargo.output().context("cannot start cargo deny")
}

fn check(args: &[&str]) -> Result<()> {
    let mut cargo = workspace::cargo();
    let status = cargo
        .arg("deny")
        .args(args)
        .current_dir(workspace::root())
        .status();
    let status = status.context("cannot start cargo deny")?;
    ensure!(status.success(), "`cargo deny {}` failed", args.join(" "));
    Ok(())
}

/// Whether a database was fetched once. An interrupted fetch leaves a folder without anything in it.
fn has_database() -> bool {
    let home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| Some(std::env::home_dir()?.join(".cargo")));
    let Some(folder) = home.map(|home| home.join("advisory-dbs")) else {
        return false;
    };
    let databases = std::fs::read_dir(folder).into_iter().flatten();
    databases
        .flatten()
        .any(|database| database.path().join("crates").is_dir())
}
