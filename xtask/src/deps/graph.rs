//! Every package that Cargo.lock names, and which of them are in the program.

use std::collections::BTreeMap;

use anyhow::{Context, Result, ensure};
use semver::Version;
use serde::Deserialize;

use crate::workspace;

/// The package that makes the program.
const PROGRAM: &str = "collector";

#[derive(Debug)]
pub struct Graph {
    pub packages: Vec<Package>,
}

#[derive(Debug)]
pub struct Package {
    pub name: String,
    pub version: Version,
    pub license: Option<String>,
    /// `None` for a folder.
    pub source: Option<String>,
    /// A member of this workspace.
    pub is_member: bool,
    /// Linked into the program, not only used to build or test it.
    pub is_in_program: bool,
    /// Dependencies without a version and without a path.
    pub wildcards: Vec<String>,
    /// Indices of what it depends on, but for its tests.
    pub dependencies: Vec<usize>,
}

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<MetadataPackage>,
    workspace_members: Vec<String>,
    resolve: Resolve,
}

#[derive(Deserialize)]
struct MetadataPackage {
    id: String,
    name: String,
    version: Version,
    license: Option<String>,
    source: Option<String>,
    dependencies: Vec<Declared>,
}

#[derive(Deserialize)]
struct Declared {
    name: String,
    req: String,
    path: Option<String>,
}

#[derive(Deserialize)]
struct Resolve {
    nodes: Vec<Resolved>,
}

#[derive(Deserialize)]
struct Resolved {
    id: String,
    deps: Vec<Edge>,
}

#[derive(Deserialize)]
struct Edge {
    pkg: String,
    dep_kinds: Vec<EdgeKind>,
}

#[derive(Deserialize)]
struct EdgeKind {
    /// `None`, `build` or `dev`.
    kind: Option<String>,
}

impl Graph {
    /// Asks cargo; without the network where everything has been downloaded.
    pub fn read() -> Result<Self> {
        let ask = |more: &[&str]| -> Result<std::process::Output> {
            let mut cargo = workspace::cargo();
            cargo.args(["metadata", "--locked", "--all-features", "--format-version", "1"]);
            cargo.args(more).current_dir(workspace::root());
            cargo.output().context("cannot start cargo metadata")
        };
        let mut output = ask(&["--offline"])?;
        if !output.status.success() {
            output = ask(&[])?;
        }
        let words = String::from_utf8_lossy(&output.stderr);
        ensure!(
            output.status.success(),
            "`cargo metadata` failed: {}",
            words.trim()
        );
        Self::parse(&output.stdout).context("read what cargo metadata says")
    }

    fn parse(json: &[u8]) -> Result<Self> {
        let metadata: Metadata = serde_json::from_slice(json)?;
        let members = &metadata.workspace_members;
        let index: BTreeMap<_, _> = metadata
            .packages
            .iter()
            .enumerate()
            .map(|(at, package)| (package.id.clone(), at))
            .collect();
        let mut packages: Vec<_> = metadata
            .packages
            .into_iter()
            .map(|package| Package {
                is_member: members.contains(&package.id),
                wildcards: wildcards(&package.dependencies),
                name: package.name,
                version: package.version,
                license: package.license,
                source: package.source,
                is_in_program: false,
                dependencies: Vec::new(),
            })
            .collect();
        let mut linked = vec![Vec::new(); packages.len()];
        for node in metadata.resolve.nodes {
            let at = *index.get(&node.id).context("an unknown package")?;
            for edge in node.deps {
                let to = *index.get(&edge.pkg).context("an unknown package")?;
                let kinds: Vec<_> = edge.dep_kinds.iter().map(|kind| kind.kind.as_deref()).collect();
                if kinds.contains(&None) {
                    linked[at].push(to);
                }
                if kinds.iter().any(|kind| *kind != Some("dev")) {
                    packages[at].dependencies.push(to);
                }
            }
        }
        let program = packages
            .iter()
            .position(|package| package.is_member && package.name == PROGRAM);
        let mut waiting = vec![program.context("no package makes the program")?];
        while let Some(at) = waiting.pop() {
            if !std::mem::replace(&mut packages[at].is_in_program, true) {
                waiting.extend(&linked[at]);
            }
        }
        Ok(Self { packages })
    }
}

fn wildcards(declared: &[Declared]) -> Vec<String> {
    let wild = declared
        .iter()
        .filter(|dependency| dependency.req == "*" && dependency.path.is_none());
    wild.map(|dependency| dependency.name.clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_linked_is_told_from_what_builds_and_tests() {
        let package =
            |name: &str| format!(r#"{{"id":"{name}","name":"{name}","version":"1.0.0","dependencies":[]}}"#);
        let edge = |name: &str, kind: &str| format!(r#"{{"pkg":"{name}","dep_kinds":[{{"kind":{kind}}}]}}"#);
        let json = format!(
            r#"{{"packages":[{}],"workspace_members":["collector"],"resolve":{{"nodes":[
                {{"id":"collector","deps":[{},{},{}]}},{{"id":"linked","deps":[{}]}}
            ]}}}}"#,
            ["collector", "linked", "below", "builds", "tests"]
                .map(package)
                .join(","),
            edge("linked", "null"),
            edge("builds", "\"build\""),
            edge("tests", "\"dev\""),
            edge("below", "null"),
        );
        let graph = Graph::parse(json.as_bytes()).unwrap();
        let linked: Vec<_> = graph
            .packages
            .iter()
            .filter(|package| package.is_in_program)
            .collect();
        let names: Vec<_> = linked.iter().map(|package| package.name.as_str()).collect();
        assert_eq!(names, ["collector", "linked", "below"]);
        assert_eq!(graph.packages[0].dependencies, [1, 3]);
    }

    #[test]
    fn this_workspace_is_read() {
        let graph = Graph::read().unwrap();
        let find = |name: &str| {
            graph
                .packages
                .iter()
                .find(|package| package.name == name)
                .unwrap()
        };
        assert!(find("sink-csv").is_in_program && find("rusqlite").is_in_program);
        assert!(find("xtask").is_member && !find("xtask").is_in_program);
        assert!(!find("proptest").is_in_program);
    }
}
