//! The notices of the libraries in the program: their licences let it be passed on only together with these.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::program::PACKAGE;
use crate::workspace;

/// How the names of files with notices begin.
const NOTICES: [&str; 5] = ["license", "licence", "copying", "notice", "copyright"];

/// A text, and the libraries that came with it.
type Texts = BTreeMap<String, BTreeSet<String>>;

/// The libraries that the program for `target` is made of, and each text once, under the names of those that it is of.
pub fn notices(target: &str) -> Result<String> {
    let metadata = metadata(target)?;
    let packages = metadata["packages"].as_array().context("no packages")?;
    let inside = inside(&metadata)?;
    let foreign = packages
        .iter()
        .filter(|package| !package["source"].is_null() && inside.contains(text(&package["id"])));
    let mut notices = "The program cardata contains these libraries.\n\n".to_owned();
    let mut texts = Texts::new();
    for package in foreign {
        let name = format!("{} {}", text(&package["name"]), text(&package["version"]));
        writeln!(notices, "{name}: {}", text(&package["license"]))?;
        collect(&mut texts, &name, Path::new(text(&package["manifest_path"])))?;
    }
    for (text, names) in texts {
        let names = names.into_iter().collect::<Vec<_>>().join(", ");
        write!(notices, "\n{}\n{names}\n\n{text}\n", "-".repeat(80))?;
    }
    Ok(notices)
}

fn metadata(target: &str) -> Result<Value> {
    let told = workspace::cargo()
        .args([
            "metadata",
            "--format-version",
            "1",
            "--locked",
            "--filter-platform",
            target,
        ])
        .output()
        .context("cannot start cargo metadata")?;
    ensure!(
        told.status.success(),
        "cargo metadata failed: {}",
        String::from_utf8_lossy(&told.stderr)
    );
    Ok(serde_json::from_slice(&told.stdout)?)
}

/// The ids of what is linked into the program: no dependencies of tests and of build scripts.
fn inside(metadata: &Value) -> Result<BTreeSet<&str>> {
    let nodes = metadata["resolve"]["nodes"].as_array().context("no graph")?;
    let nodes: BTreeMap<_, _> = nodes.iter().map(|node| (text(&node["id"]), node)).collect();
    let packages = metadata["packages"].as_array().into_iter().flatten();
    let mut open: Vec<&str> = packages
        .filter(|package| package["name"] == PACKAGE && package["source"].is_null())
        .map(|package| text(&package["id"]))
        .collect();
    let mut inside = BTreeSet::new();
    while let Some(id) = open.pop() {
        if !inside.insert(id) {
            continue;
        }
        let needs = nodes.get(id).and_then(|node| node["deps"].as_array());
        let linked = |need: &&Value| {
            let mut kinds = need["dep_kinds"].as_array().into_iter().flatten();
            kinds.any(|kind| kind["kind"].is_null())
        };
        open.extend(
            needs
                .into_iter()
                .flatten()
                .filter(linked)
                .map(|need| text(&need["pkg"])),
        );
    }
    Ok(inside)
}

fn collect(texts: &mut Texts, name: &str, manifest: &Path) -> Result<()> {
    for file in std::fs::read_dir(manifest.parent().context("a manifest without a folder")?)? {
        let path = file?.path();
        let file = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .to_lowercase();
        if !path.is_file() || !NOTICES.iter().any(|begin| file.starts_with(begin)) {
            continue;
        }
        let notice = String::from_utf8_lossy(&std::fs::read(&path)?).replace("\r\n", "\n");
        texts.entry(notice).or_default().insert(name.to_owned());
    }
    Ok(())
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_linked_is_found_through_members_and_nothing_else() {
        let node = |id: &str, needs: &[(&str, Value)]| {
            let needs = needs
                .iter()
                .map(|(id, kind)| serde_json::json!({ "pkg": id, "dep_kinds": [{ "kind": kind }] }));
            serde_json::json!({ "id": id, "deps": needs.collect::<Vec<_>>() })
        };
        let metadata = serde_json::json!({
            "packages": [{ "name": PACKAGE, "id": "top", "source": null }],
            "resolve": { "nodes": [
                node("top", &[("member", Value::Null), ("tester", "dev".into()), ("builder", "build".into())]),
                node("member", &[("linked", Value::Null), ("top", Value::Null)]),
                node("tester", &[("of tests", Value::Null)]),
            ] },
        });
        let inside = inside(&metadata).unwrap();
        assert_eq!(
            inside.into_iter().collect::<Vec<_>>(),
            ["linked", "member", "top"]
        );
    }
}
