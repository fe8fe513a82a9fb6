//! Where versions stand: in the root manifest only.

use super::tree::File;
use super::{Finding, Tree};

pub fn check(tree: &Tree) -> Vec<Finding> {
    let manifests = tree.files.iter().filter(|file| {
        // Versions of another workspace are its own.
        file.path.ends_with("/Cargo.toml") && !file.lines().any(|(_, line)| line == "[workspace]")
    });
    manifests.flat_map(versions).collect()
}

fn versions(file: &File) -> Vec<Finding> {
    let mut table = "";
    let mut findings = Vec::new();
    for (number, line) in file.lines() {
        if let Some(header) = line.strip_prefix('[') {
            table = header.trim_end().trim_end_matches(']');
            continue;
        }
        let Some((key, value)) = line.split_once('=').filter(|_| table.contains("dependencies")) else {
            continue;
        };
        // A dependency with a table of its own has one in the table's name.
        let is_version = match table.contains("dependencies.") {
            true => key.trim() == "version",
            false => value.trim_start().starts_with('"') || value.contains("version ="),
        };
        if is_version && !line.starts_with('#') {
            let message = format!(
                "`{}` has a version of its own; two manifests would drift apart; write it into \
                 [workspace.dependencies] and `workspace = true` here",
                line.trim()
            );
            findings.push(Finding::new(file, number, message));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<usize> {
        let tree = Tree::of(&[(
            "crates/a/Cargo.toml",
            &format!("[package]\nversion = \"0.1.0\"\n{text}"),
        )]);
        check(&tree).iter().map(|finding| finding.line).collect()
    }

    #[test]
    fn versions_stand_in_the_root_manifest() {
        assert_eq!(
            found("[dependencies]\nserde.workspace = true\ncsv = \"1\"\n"),
            [5]
        );
        assert_eq!(
            found("[dependencies]\ncsv = { version = \"1\", optional = true }\n"),
            [4]
        );
        assert_eq!(
            found("[target.'cfg(unix)'.dev-dependencies.csv]\nversion = \"1\"\n"),
            [4]
        );
        assert_eq!(
            found("[dependencies]\nserde = { workspace = true }\n# csv = \"1\"\n"),
            [0; 0]
        );
        assert_eq!(found("[features]\na = [\"b\"]\n"), [0; 0]);
    }

    #[test]
    fn another_workspace_has_its_own_versions() {
        assert_eq!(found("[workspace]\n[dependencies]\ncsv = \"1\"\n"), [0; 0]);
    }
}
