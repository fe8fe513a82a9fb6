//! Which package may depend on which, and where versions stand.

use super::tree::File;
use super::{Finding, Tree};

/// One line of a table of dependencies.
struct Dependency<'a> {
    line: usize,
    name: &'a str,
    /// What follows the name.
    value: &'a str,
    /// Of the tests alone.
    dev: bool,
}

pub fn check(tree: &Tree) -> Vec<Finding> {
    let manifests: Vec<_> = tree
        .files
        .iter()
        .filter(|file| file.path.ends_with("/Cargo.toml"))
        .collect();
    let members: Vec<_> = manifests.iter().filter_map(|file| name(file)).collect();
    let mut findings = Vec::new();
    for file in manifests {
        for dependency in dependencies(file) {
            if !is_own_workspace(file) && has_version(&dependency) {
                let message = format!(
                    "`{}` has a version of its own; two manifests would drift apart; write it into \
                     [workspace.dependencies] and `{}.workspace = true` here",
                    dependency.name, dependency.name
                );
                findings.push(Finding::new(file, dependency.line, message));
            }
            if members.contains(&dependency.name)
                && let Some(reason) = forbidden(name(file).unwrap_or_default(), &dependency)
            {
                let message = format!("depends on `{}`; {reason}", dependency.name);
                findings.push(Finding::new(file, dependency.line, message));
            }
        }
    }
    findings
}

/// Why a member must not depend on another member; what to do.
fn forbidden(from: &str, dependency: &Dependency<'_>) -> Option<&'static str> {
    let to = dependency.name;
    match from {
        "collector-core" => Some(
            "collector-core is what all others share and depends on none of them; turn the dependency around \
             with a trait",
        ),
        "xtask" => {
            Some("a task works while the workspace does not compile; start a program instead of linking it")
        }
        _ if from.starts_with("sink-") => {
            let allowed = to == "collector-core" || (dependency.dev && to == "tests");
            (!allowed).then_some(
                "a sink depends on collector-core alone, so that it can be written and tested without the \
                 rest; put what is missing into the contract",
            )
        }
        "cardata-auth" if !dependency.dev && to != "collector-core" => {
            Some("cardata-auth knows nothing of vehicles and stores; let its caller bring both together")
        }
        _ if from.starts_with("cardata-") => {
            let above = to.starts_with("sink-") || to == "collector";
            above.then_some("the clients know no store and no engine; let the collector bring both together")
        }
        _ => None,
    }
}

/// Versions of another workspace are its own.
fn is_own_workspace(file: &File) -> bool {
    file.lines().any(|(_, line)| line == "[workspace]")
}

fn name(file: &File) -> Option<&str> {
    let package = file.text.split_once("[package]")?.1;
    let line = package.lines().find(|line| line.starts_with("name = "))?;
    line.split('"').nth(1)
}

fn dependencies(file: &File) -> impl Iterator<Item = Dependency<'_>> {
    let mut table = "";
    file.lines().filter_map(move |(number, line)| {
        if let Some(header) = line.strip_prefix('[') {
            table = header.trim_end().trim_end_matches(']');
            // A dependency with a table of its own.
            let (_, name) = table.rsplit_once("dependencies.")?;
            return Some(Dependency {
                line: number,
                name,
                value: "",
                dev: table.contains("dev-"),
            });
        }
        if !table.contains("dependencies") || line.starts_with('#') {
            return None;
        }
        let end = line.find(|c: char| !c.is_alphanumeric() && c != '-' && c != '_')?;
        let own_table = table.rsplit_once("dependencies.").map(|(_, name)| name);
        let (name, value) = match own_table {
            Some(name) => (name, line),
            None => line.split_at(end),
        };
        Some(Dependency {
            line: number,
            name,
            value,
            dev: table.contains("dev-"),
        })
    })
}

fn has_version(dependency: &Dependency<'_>) -> bool {
    let value = dependency.value.trim_start();
    let plain = value.strip_prefix('=').map(str::trim_start);
    plain.is_some_and(|value| value.starts_with('"')) || value.contains("version =")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The findings in the manifest of `from` when it says `text`, beside members of all kinds.
    fn found(from: &str, text: &str) -> Vec<usize> {
        let members = [
            "collector",
            "collector-core",
            "cardata-api",
            "sink-csv",
            "sink-sqlite",
            "tests",
        ];
        let mut files: Vec<_> = members
            .iter()
            .filter(|member| **member != from)
            .map(|member| {
                (
                    format!("crates/{member}/Cargo.toml"),
                    format!("[package]\nname = \"{member}\"\n"),
                )
            })
            .collect();
        files.push((
            "under/test/Cargo.toml".to_owned(),
            format!("[package]\nname = \"{from}\"\n{text}"),
        ));
        let files: Vec<_> = files
            .iter()
            .map(|(path, text)| (path.as_str(), text.as_str()))
            .collect();
        check(&Tree::of(&files))
            .iter()
            .map(|finding| finding.line)
            .collect()
    }

    #[test]
    fn a_sink_depends_on_the_core_alone() {
        assert_eq!(
            found("sink-csv", "[dependencies]\ncollector-core.workspace = true\n"),
            [0; 0]
        );
        assert_eq!(
            found(
                "sink-csv",
                "[dependencies]\ncsv.workspace = true\ncollector.workspace = true\n"
            ),
            [5]
        );
        assert_eq!(
            found(
                "sink-csv",
                "[dev-dependencies]\nsink-sqlite = { workspace = true }\n"
            ),
            [4]
        );
        assert_eq!(
            found("sink-csv", "[dev-dependencies]\ntests.workspace = true\n"),
            [0; 0]
        );
        assert_eq!(
            found(
                "sink-csv",
                "[target.'cfg(unix)'.dependencies]\ntests.workspace = true\n"
            ),
            [4]
        );
    }

    #[test]
    fn the_clients_know_no_store_and_no_engine() {
        for to in ["sink-csv", "collector"] {
            assert_eq!(
                found("cardata-sim", &format!("[dependencies]\n{to}.workspace = true\n")),
                [4]
            );
        }
        assert_eq!(
            found("cardata-auth", "[dependencies]\ncardata-api.workspace = true\n"),
            [4]
        );
        assert_eq!(
            found(
                "cardata-sim",
                "[dev-dependencies]\ncardata-api.workspace = true\n"
            ),
            [0; 0]
        );
    }

    #[test]
    fn the_core_and_the_tasks_depend_on_no_member() {
        for from in ["collector-core", "xtask"] {
            assert_eq!(
                found(from, "[dev-dependencies]\ncardata-api.workspace = true\n"),
                [4]
            );
        }
    }

    #[test]
    fn versions_stand_in_the_root_manifest() {
        assert_eq!(
            found(
                "sink-csv",
                "[dependencies]\ncsv = \"1\"\nserde.workspace = true\n"
            ),
            [4]
        );
        assert_eq!(
            found(
                "collector",
                "[dependencies]\ncsv = { version = \"1\", optional = true }\n"
            ),
            [4]
        );
        assert_eq!(found("collector", "[dependencies.csv]\nversion = \"1\"\n"), [4]);
        assert_eq!(
            found("collector", "[dependencies]\nserde = { workspace = true }\n"),
            [0; 0]
        );
        assert_eq!(
            found("collector", "version = \"0.1.0\"\n[features]\na = [\"b\"]\n"),
            [0; 0]
        );
    }

    #[test]
    fn another_workspace_has_its_own_versions() {
        let dependency = "[dependencies]\ncsv = \"1\"\n";
        assert_eq!(found("fuzz", &format!("[workspace]\n{dependency}")), [0; 0]);
        assert_eq!(found("fuzz", dependency), [4]);
    }
}
