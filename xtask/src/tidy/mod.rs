//! `cargo xtask tidy`: the architecture's invariants and the house style, as far as text shows them.
//!
//! * `tree`: the files of the repository.
//! * `form`: how a source file is made: its length, its first line.
//! * `ownership`: words that only one place may use: the YAML parser, the journal's SQL, the sinks' crates, …
//! * `manifests`: which package may depend on which, and where versions stand.
//! * `documents`: links that lead nowhere, paths of somebody's machine.
//!
//! Each check has tests with an example that fails.

mod documents;
mod form;
mod manifests;
mod ownership;
mod tree;

use std::fmt;
use std::path::Path;

use anyhow::{Result, bail, ensure};

use crate::{terminal, workspace};
use tree::{File, Tree};

pub const HELP: &str = "\
check the invariants and the house style that no compiler checks

Usage: cargo xtask tidy

Checks what no compiler checks: files of at most 400 lines that begin with `//!`; which package may depend on
which; versions in the root manifest only; YAML, the journal's SQL and the names of sinks only where they
belong; no printing, sleeping or VINs where they do not; links in documents; no paths of one machine.

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
    let complaints = complaints(&workspace::root())?;
    for complaint in &complaints {
        terminal::show(complaint);
    }
    match complaints.len() {
        0 => Ok(()),
        1 => bail!("tidy found 1 thing to mend"),
        count => bail!("tidy found {count} things to mend"),
    }
}

/// What there is to mend in the repository at `root`, a line each.
pub fn complaints(root: &Path) -> Result<Vec<String>> {
    let tree = Tree::read(root)?;
    Ok(findings(&tree).iter().map(ToString::to_string).collect())
}

fn findings(tree: &Tree) -> Vec<Finding> {
    let checks = [form::check, ownership::check, manifests::check, documents::check];
    let mut findings: Vec<_> = checks.iter().flat_map(|check| check(tree)).collect();
    findings.sort();
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_tells_place_reason_and_remedy() {
        let tree = Tree::of(&[("crates/a/src/lib.rs", "fn f() {}\n")]);
        let [finding] = &findings(&tree)[..] else {
            panic!("one finding")
        };
        let text = finding.to_string();
        assert!(text.starts_with("crates/a/src/lib.rs:1: "), "{text}");
        assert_eq!(text.matches("; ").count(), 2, "{text}");
    }
}
