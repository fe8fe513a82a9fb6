//! `cargo xtask tidy`: the architecture's invariants and the house style, as far as no compiler checks them.
//!
//! * `edges`: which package may name which, held against the table in `edges.txt`.
//! * `ownership`: what code may do in its place only: waiting, SQL, standard output, the names of sinks; `code` reads it.
//! * `form`: how a source file is made: its length, its first line.
//! * `manifests`: where versions stand.
//! * `documents`: links that lead nowhere, paths of somebody's machine.
//! * `tree`: the files of the repository.
//!
//! Each check has tests with an example that fails.

mod code;
mod documents;
mod edges;
mod form;
mod manifests;
mod ownership;
mod tree;

use std::fmt;
use std::path::Path;

use anyhow::{Result, ensure};

use crate::{terminal, workspace};
use edges::{Package, Table};
use tree::{File, Tree};

pub const HELP: &str = "\
check the invariants and the house style that no compiler checks

Usage: cargo xtask tidy

Checks what no compiler checks: which package may name which (xtask/src/tidy/edges.txt); waiting, SQL, standard
output and the names of sinks in their places only; files of at most 400 lines that begin with `//!`; versions
in the root manifest only; links in documents; no paths of one machine.

Each finding is a line `path:line: what; why; what to do`.";

/// One thing that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Finding {
    path: String,
    line: usize,
    /// What is wrong; why it matters; what to do.
    message: String,
}

impl Finding {
    /// `line` counts from 0.
    fn new(file: &File, line: usize, message: impl Into<String>) -> Self {
        Self {
            path: file.path.clone(),
            line: line + 1,
            message: message.into(),
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.path, self.line, self.message)
    }
}

pub fn run(args: &[String]) -> Result<()> {
    ensure!(args.is_empty(), "tidy takes no arguments");
    let root = workspace::root();
    let complaints = complaints(&root, &edges::packages(&root)?)?;
    for complaint in &complaints {
        terminal::show(complaint);
    }
    ensure!(
        complaints.is_empty(),
        "things to mend that tidy found: {}",
        complaints.len()
    );
    Ok(())
}

/// What there is to mend in the repository at `root`, which has these packages, a line each.
pub fn complaints(root: &Path, packages: &[Package]) -> Result<Vec<String>> {
    let findings = findings(&Tree::read(root)?, packages)?;
    Ok(findings.iter().map(ToString::to_string).collect())
}

fn findings(tree: &Tree, packages: &[Package]) -> Result<Vec<Finding>> {
    let table = Table::ours()?;
    let mut findings = edges::check(tree, &table, packages);
    findings.extend(ownership::check(tree, &table));
    for check in [form::check, manifests::check, documents::check] {
        findings.extend(check(tree));
    }
    findings.sort();
    Ok(findings)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_tells_place_reason_and_remedy() {
        let tree = Tree::of(&[("crates/a/src/lib.rs", "fn f() {}\n")]);
        let [finding] = &findings(&tree, &[]).unwrap()[..] else {
            panic!("one finding")
        };
        let text = finding.to_string();
        assert!(text.starts_with("crates/a/src/lib.rs:1: "), "{text}");
        assert_eq!(text.matches("; ").count(), 2, "{text}");
    }
}
