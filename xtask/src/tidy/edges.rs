//! Which package may name which: `cargo metadata` held against the table in edges.txt.

use std::path::PathBuf;

use anyhow::{Context, Result};
use serde::Deserialize;

use super::{Finding, Tree};
use crate::workspace;

/// The table of this workspace.
pub const TABLE: &str = include_str!("edges.txt");

/// The lines of edges.txt.
pub struct Table(Vec<Row>);

struct Row {
    left: Vec<String>,
    arrow: char,
    right: Vec<String>,
}

/// What a package on the left may name of the workspace.
const MAY: char = '→';
/// The packages that may name what stands on the left.
const OWNERS: char = '←';
/// Every crate from elsewhere that a package on the left may name.
const WHOLE: char = '=';

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

/// A package as `cargo metadata` tells it.
#[derive(Deserialize)]
pub struct Package {
    name: String,
    manifest_path: PathBuf,
    dependencies: Vec<Dependency>,
}

#[derive(Deserialize)]
struct Dependency {
    name: String,
    /// `dev` where it is of tests alone.
    kind: Option<String>,
}

/// The packages of the workspace.
pub fn packages() -> Result<Vec<Package>> {
    let told = workspace::cargo()
        .args(["metadata", "--no-deps", "--format-version", "1"])
        .output()
        .context("cannot start cargo metadata")?;
    let metadata: Metadata = serde_json::from_slice(&told.stdout)
        .with_context(|| String::from_utf8_lossy(&told.stderr).trim().to_owned())
        .context("cannot read what cargo metadata tells")?;
    Ok(metadata.packages)
}

pub fn check(tree: &Tree, table: &Table, packages: &[Package]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for package in packages {
        let files = tree.files.iter();
        let manifests = files.filter(|file| package.manifest_path.ends_with(&file.path));
        let Some(file) = manifests.max_by_key(|file| file.path.len()) else {
            continue;
        };
        if table.rows(MAY, &package.name).next().is_none() {
            let message = format!(
                "xtask/src/tidy/edges.txt has no line on `{}`; it says what each package is for and what it may \
                 name; draw its arrows there",
                package.name
            );
            findings.push(Finding::new(file, 0, message));
            continue;
        }
        for Dependency { name, kind } in &package.dependencies {
            let inner = packages.iter().any(|other| other.name == *name);
            if kind.as_deref() != Some("dev")
                && let Some(reason) = table.forbids(&package.name, name, inner)
            {
                let line = file.lines().position(|(_, line)| line.starts_with(name));
                let message = format!("depends on `{name}`; {reason}");
                findings.push(Finding::new(file, line.unwrap_or(0), message));
            }
        }
    }
    findings
}

impl Table {
    pub fn parse(text: &str) -> Result<Self> {
        let lines = text.lines().map(str::trim);
        let rows = lines
            .filter(|line| !line.is_empty() && !line.starts_with('#'))
            .map(Row::parse);
        rows.collect::<Result<_>>()
            .map(Self)
            .context("xtask/src/tidy/edges.txt")
    }

    fn rows(&self, arrow: char, name: &str) -> impl Iterator<Item = &Row> {
        self.0
            .iter()
            .filter(move |row| row.arrow == arrow && any_fits(&row.left, name))
    }

    /// Whether this package is an owner of this crate or path, or nobody is named as one.
    pub fn may_own(&self, package: &str, name: &str) -> bool {
        let mut rows = self.rows(OWNERS, name).peekable();
        rows.peek().is_none() || rows.any(|row| any_fits(&row.right, package))
    }

    /// Why `from` must not depend on `to`; what to do. `inner`: a package of the workspace.
    fn forbids(&self, from: &str, to: &str, inner: bool) -> Option<String> {
        let allows = |arrow| self.rows(arrow, from).any(|row| any_fits(&row.right, to));
        if inner {
            return (!allows(MAY)).then(|| {
                "edges.txt of xtask has no such arrow; turn the dependency around with a trait or a value, or \
                 draw the arrow and say in ARCHITECTURE.md why"
                    .to_owned()
            });
        }
        if self.rows(WHOLE, from).next().is_some() && !allows(WHOLE) {
            return Some(format!(
                "`{from}` is pure and edges.txt of xtask lists all that it names; let its caller bring what it needs"
            ));
        }
        (!self.may_own(from, to)).then(|| {
            let owners: Vec<_> = self
                .rows(OWNERS, to)
                .flat_map(|row| &row.right)
                .cloned()
                .collect();
            format!(
                "it is at home in {} alone; ask these for what it is wanted for",
                owners.join(", ")
            )
        })
    }
}

impl Row {
    fn parse(line: &str) -> Result<Self> {
        let cut = |arrow| Some((arrow, line.split_once(arrow)?));
        let (arrow, (left, right)) = [MAY, OWNERS, WHOLE]
            .into_iter()
            .find_map(cut)
            .with_context(|| format!("no {MAY}, {OWNERS} or {WHOLE} in `{line}`"))?;
        let names = |side: &str| side.split(',').map(|name| name.trim().to_owned()).collect();
        Ok(Self {
            left: names(left),
            arrow,
            right: names(right),
        })
    }
}

fn any_fits(patterns: &[String], name: &str) -> bool {
    patterns.iter().any(|pattern| match pattern.strip_suffix('*') {
        Some(begin) => name.starts_with(begin),
        None => pattern == name,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is found when `from` says in its manifest that it depends on `to`, told as `cargo metadata` does.
    fn found(from: &str, to: &str) -> Vec<String> {
        found_of(
            from,
            &format!(r#"{{"name":"{to}","kind":null,"optional":true,"target":"cfg(unix)"}}"#),
        )
    }

    fn found_of(from: &str, dependency: &str) -> Vec<String> {
        let package = |name: &str, dependencies: &str| {
            format!(
                r#"{{"name":"{name}","manifest_path":"/x/crates/{name}/Cargo.toml","dependencies":[{dependencies}]}}"#
            )
        };
        let others = [
            "collector-core",
            "journal",
            "ledger",
            "store",
            "sink-csv",
            "source-stream",
        ];
        let others = others
            .iter()
            .filter(|other| **other != from)
            .map(|other| package(other, ""));
        let all: Vec<_> = others.chain([package(from, dependency)]).collect();
        let packages: Vec<Package> = serde_json::from_str(&format!("[{}]", all.join(","))).unwrap();
        let path = format!("crates/{from}/Cargo.toml");
        let manifest = "[package]\n[dependencies]\njournal.workspace = true\nrusqlite.workspace = true\n";
        let findings = check(
            &Tree::of(&[(&path, manifest)]),
            &Table::parse(TABLE).unwrap(),
            &packages,
        );
        findings.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn an_arrow_that_is_not_drawn_is_found() {
        for (from, to) in [
            ("collector-core", "ledger"),
            ("source-stream", "journal"),
            ("source-telematics", "source-stream"),
            ("ledger", "journal"),
            ("journal", "ledger"),
            ("dispatch", "store"),
            ("sink-mqtt", "sink-csv"),
            ("sink-mqtt", "store"),
            ("cardata", "sink-csv"),
            ("xtask", "collector-core"),
        ] {
            assert_eq!(found(from, to).len(), 1, "{from} → {to}");
        }
        for (from, to) in [
            ("ledger", "store"),
            ("sink-mqtt", "collector-core"),
            ("collector", "sink-csv"),
            ("tests", "journal"),
        ] {
            assert_eq!(found(from, to), [""; 0], "{from} → {to}");
        }
    }

    #[test]
    fn a_crate_from_elsewhere_has_its_home() {
        for (from, to) in [
            ("pipeline", "reqwest"),
            ("collector", "rusqlite"),
            ("journal", "saphyr-parser"),
            ("status", "clap"),
            ("sink-csv", "rumqttc-v4-next"),
            ("planner", "rand"),
            ("normalise", "tokio"),
        ] {
            assert_eq!(found(from, to).len(), 1, "{from} → {to}");
        }
        for (from, to) in [
            ("journal", "rusqlite"),
            ("normalise", "jiff"),
            ("collector", "tokio"),
        ] {
            assert_eq!(found(from, to), [""; 0], "{from} → {to}");
        }
    }

    #[test]
    fn what_is_found_stands_at_the_line_of_the_manifest() {
        let [found] = &found("dispatch", "rusqlite")[..] else {
            panic!("one finding")
        };
        assert!(
            found.starts_with("crates/dispatch/Cargo.toml:4: depends on `rusqlite`; "),
            "{found}"
        );
    }

    #[test]
    fn tests_use_what_they_need_and_a_package_without_a_line_is_found() {
        assert_eq!(found_of("ledger", r#"{"name":"journal","kind":"dev"}"#), [""; 0]);
        assert!(found_of("attic", "")[0].contains("no line on `attic`"));
    }

    #[test]
    fn a_line_without_an_arrow_is_a_mistake() {
        assert!(Table::parse("a -> b").is_err());
        assert!(Table::parse(TABLE).is_ok());
    }
}
