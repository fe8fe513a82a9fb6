//! `cargo xtask deps`: what the project is built from: licences, duplicate versions, banned crates, sources.
//!
//! * `policy`: what deny.toml says. * `graph`: every package, and which of them are in the program.
//! * `check`: the one held against the other. * `cargo_deny`: the same and the advisories, where that is installed.

mod cargo_deny;
mod check;
mod graph;
mod policy;

use anyhow::{Context, Result, bail, ensure};

use crate::{terminal, workspace};
use graph::Graph;
use policy::Policy;

pub const HELP: &str = "\
check licences, versions and sources of what the project is built from

Usage: cargo xtask deps

Holds every package of Cargo.lock, those of tests and of other platforms included, against deny.toml: licences,
versions of one crate beside each other, banned crates, registries. Every exception there has a reason, and one
that is needed no more is a mistake. Needs no other program; where cargo-deny is installed, it checks the same
again, and the advisories of RustSec where their database is there or can be fetched.

Another version beside the one that is there: update what needs the older one, or add to deny.toml
  [[bans.skip]]
  crate = \"name@1.2\"
  reason = \"who needs it, and why that is all right\"";

pub fn run(args: &[String]) -> Result<()> {
    ensure!(args.is_empty(), "deps takes no arguments");
    let path = workspace::root().join("deny.toml");
    let text = std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let policy = Policy::parse(&text).with_context(|| format!("{}", path.display()))?;
    let graph = Graph::read()?;
    let findings = check::findings(&graph, &policy);
    for finding in &findings {
        terminal::show(finding);
    }
    match findings.len() {
        0 => {}
        1 => bail!("1 thing to mend in the dependencies"),
        count => bail!("{count} things to mend in the dependencies"),
    }
    terminal::tell(check::summary(&graph));
    cargo_deny::run()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_policy_of_this_repository_is_readable() {
        let text = std::fs::read_to_string(workspace::root().join("deny.toml")).unwrap();
        Policy::parse(&text).unwrap();
    }
}
