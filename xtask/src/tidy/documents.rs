//! Links that lead nowhere, and paths that exist on one machine only.

use super::tree::File;
use super::{Finding, Tree};

/// In two parts each, so that this file does not find itself.
const MACHINES: [&str; 5] = [
    concat!("/ho", "me/"),
    concat!("/ro", "ot/"),
    concat!("/wo", "rk/"),
    concat!("/Us", "ers/"),
    concat!("../sha", "red"),
];

pub fn check(tree: &Tree) -> Vec<Finding> {
    let links = tree.files.iter().filter(|file| file.path.ends_with(".md"));
    let links = links.flat_map(|file| dead_links(tree, file));
    links.chain(tree.files.iter().flat_map(machine_paths)).collect()
}

fn dead_links(tree: &Tree, file: &File) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut fenced = false;
    for (number, line) in file.lines() {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
        }
        if fenced {
            continue;
        }
        for target in line.split("](").skip(1) {
            let target = target.split([')', ' ', '#']).next().unwrap_or_default();
            let elsewhere = target.is_empty() || target.contains(':');
            if !elsewhere && !tree.contains(&resolve(&file.path, target)) {
                let message = format!(
                    "links to `{target}`, which does not exist; a reader who follows it is lost; mend the \
                     path or take the link out"
                );
                findings.push(Finding::new(file, number, message));
            }
        }
    }
    findings
}

/// A link's target, from the root. A leading `/` means the root, as on GitHub.
fn resolve(from: &str, target: &str) -> String {
    let (folder, _) = from.rsplit_once('/').unwrap_or_default();
    let begin = if target.starts_with('/') { "" } else { folder };
    let mut parts = Vec::new();
    for part in begin.split('/').chain(target.split('/')) {
        match part {
            "" | "." => {}
            ".." => _ = parts.pop(),
            part => parts.push(part),
        }
    }
    parts.join("/")
}

fn machine_paths(file: &File) -> Vec<Finding> {
    if file.path.ends_with(".lock") {
        return Vec::new();
    }
    let named = |line: &str| {
        MACHINES.into_iter().find(|machine| {
            line.match_indices(machine).any(|(begin, _)| {
                let before = line[..begin].chars().next_back();
                let after = line[begin + machine.len()..].chars().next();
                // Part of a longer path or of a web address.
                let inner = before.is_some_and(|c| c.is_alphanumeric() || matches!(c, '.' | '-' | '_' | '}'));
                !inner && !after.is_some_and(|c| matches!(c, '<' | '…' | '$' | '{'))
            })
        })
    };
    let found = file.lines().filter_map(|(number, line)| {
        let machine = named(line)?;
        let message = format!(
            "names a path below `{machine}`; it exists on one machine only; write it relative to the \
             repository, or with a placeholder"
        );
        Some(Finding::new(file, number, message))
    });
    found.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str, line: &str) -> bool {
        let tree = Tree::of(&[("sinks/README.md", ""), (path, line)]);
        !check(&tree).is_empty()
    }

    #[test]
    fn a_link_leads_to_a_file_or_a_folder() {
        for dead in ["[x](missing.md)", "see [x](../missing/) and", "[a](b.md) [c](/d)"] {
            assert!(found("docs/a.md", dead), "{dead}");
        }
        for sound in [
            "[x](a.md)",
            "[x](../sinks/README.md#six-steps)",
            "[x](../sinks)",
            "[x](/sinks/README.md)",
            "[x](https://example.com/missing.md)",
            "[x](#heading)",
        ] {
            assert!(!found("docs/a.md", sound), "{sound}");
        }
        assert!(!found("docs/a.md", "```\n[x](missing.md)\n```"));
        assert!(!found("docs/a.rs", "[x](missing.md)"));
    }

    #[test]
    fn a_path_of_one_machine_is_found_in_any_file() {
        for machine in MACHINES {
            let line = format!("path = \"{machine}somebody/file\"");
            assert!(found("configs/a.yaml", &line), "{line}");
            assert!(!found("Cargo.lock", &line), "{line}");
        }
        let placeholder = format!("{}<you>/cardata", MACHINES[0]);
        assert!(!found("README.md", &placeholder));
        let address = format!("https://example.com{}page", MACHINES[0]);
        assert!(!found("README.md", &address));
    }
}
