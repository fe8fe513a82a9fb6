//! `cargo xtask tidy`: the architecture's invariants and the house style, as far as no compiler checks them.
//!
//! A file a check, `code` and `tree` are what they read. Each check has tests with an example that fails.

mod code;
mod documents;
mod edges;
mod form;
mod manifests;
mod ownership;
mod tree;

use std::fmt;

use anyhow::{Result, ensure};

use crate::{terminal, workspace};
use edges::{Package, Table};
use tree::File;
pub use tree::Tree;

/// Check the invariants and the house style that no compiler checks
///
/// Checks what no compiler checks: which package may name which (xtask/src/tidy/edges.txt); waiting, SQL, standard
/// output and the names of sinks in their places only; files of at most 400 lines that begin with `//!`; versions
/// in the root manifest only; links in documents; no paths of one machine.
///
/// Each finding is a line `path:line: what; why; what to do`.
#[derive(Debug, clap::Args)]
pub struct Options {}

/// One thing that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
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

pub fn run() -> Result<()> {
    let findings = findings(&Tree::read(&workspace::root())?, &edges::packages()?)?;
    for finding in &findings {
        terminal::show(finding);
    }
    ensure!(
        findings.is_empty(),
        "things to mend that tidy found: {}",
        findings.len()
    );
    Ok(())
}

/// What there is to mend in these files, which make these packages.
pub fn findings(tree: &Tree, packages: &[Package]) -> Result<Vec<Finding>> {
    let table = Table::parse(edges::TABLE)?;
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
