//! `cargo xtask new-sink`: a sink that works, to begin from.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use xshell::Shell;

use crate::{terminal, workspace};

/// Begin a new sink from a template that works
///
/// Makes sinks/NAME, a package `sink-NAME` that appends JSON lines to a file and passes the conformance suite,
/// and links it into the program. Turn it into your sink step by step, its tests passing all the while.
#[derive(Debug, clap::Args)]
pub struct Options {
    /// The word after `type:` in the pipeline file, such as `parquet`
    name: String,
}

/// The files of the package, from xtask/templates/sink.
const FILES: [&str; 8] = [
    "Cargo.toml",
    "README.md",
    "sample.yaml",
    "src/lib.rs",
    "src/config.rs",
    "src/encode.rs",
    "src/write.rs",
    "tests/conformance.rs",
];

pub fn run(Options { name }: &Options) -> Result<()> {
    create(&workspace::root(), name)?;
    // Where a line breaks depends on the name's length.
    workspace::succeed(workspace::cargo().args(["fmt", "--package", &format!("sink-{name}")]))
        .with_context(|| format!("sinks/{name} is there but not formatted: run `cargo fmt --all`"))?;
    terminal::show(next_steps(name));
    Ok(())
}

fn create(root: &Path, name: &str) -> Result<()> {
    ensure!(
        is_name(name),
        "`{name}` is no name for a sink: lower-case letters, digits and hyphens between them, such as `parquet`"
    );
    let folder = root.join("sinks").join(name);
    ensure!(!folder.exists(), "{} exists already", folder.display());
    let underscored = name.replace('-', "_");
    let links = [
        (
            "Cargo.toml",
            vec![
                ("    \"sinks/", format!("    \"sinks/{name}\",")),
                ("sink-", format!("sink-{name} = {{ path = \"sinks/{name}\" }}")),
            ],
        ),
        (
            "crates/collector/Cargo.toml",
            vec![("sink-", format!("sink-{name}.workspace = true"))],
        ),
        (
            "crates/collector/src/plugins.rs",
            vec![("use sink_", format!("use sink_{underscored} as _;"))],
        ),
    ];
    let shell = Shell::new()?;
    shell.change_dir(root);
    // All of it is found possible before anything is written.
    let mut linked = Vec::new();
    for (file, lines) in links {
        let mut text = shell.read_file(file)?;
        for (prefix, line) in lines {
            text = insert_sorted(&text, prefix, &line)
                .with_context(|| format!("no line of {file} begins with `{prefix}`"))?;
        }
        linked.push((file, text));
    }
    for (file, text) in linked {
        shell.write_file(file, text)?;
    }
    let templates = workspace::root().join("xtask/templates/sink");
    for file in FILES {
        let text = shell
            .read_file(templates.join(format!("{file}.template")))?
            .replace("{{name}}", name)
            .replace("{{crate}}", &format!("sink_{underscored}"))
            .replace("{{Name}}", &camel_case(name));
        shell.write_file(folder.join(file), text)?;
    }
    Ok(())
}

fn is_name(name: &str) -> bool {
    let part = |part: &str| !part.is_empty() && part.chars().all(|c| matches!(c, 'a'..='z' | '0'..='9'));
    name.starts_with(|c: char| c.is_ascii_lowercase()) && name.split('-').all(part)
}

fn camel_case(name: &str) -> String {
    let parts = name.split('-').map(|part| {
        let (first, rest) = part.split_at(1.min(part.len()));
        first.to_ascii_uppercase() + rest
    });
    parts.collect()
}

/// Puts `line` among the lines that begin with `prefix`, which are sorted. `None` where there is none.
fn insert_sorted(text: &str, prefix: &str, line: &str) -> Option<String> {
    let mut lines: Vec<&str> = text.lines().collect();
    let kin = |other: &str| other.starts_with(prefix);
    let after_last = lines.iter().rposition(|other| kin(other))? + 1;
    let place = lines
        .iter()
        .position(|other| kin(other) && *other > line)
        .unwrap_or(after_last);
    lines.insert(place, line);
    Some(lines.join("\n") + "\n")
}

fn next_steps(name: &str) -> String {
    format!(
        "sinks/{name} is there, and linked into the program. Next:

  1. `cargo test -p sink-{name}`: the conformance suite passes; keep it so
  2. crates/collector/src/plugins.rs: add \"{name}\" to the list in its test
  3. src/config.rs and sample.yaml: your options; nouns, words rather than yes and no, each one validated
  4. src/encode.rs and src/write.rs: your store; say in REDELIVERY how a repeat shows there. A library's version
     stands in the root Cargo.toml, its home in xtask/src/tidy/edges.txt
  5. tests/conformance.rs: read your store back, and let `refused` give what it refuses
  6. README.md: what for, options, what arrives, acknowledgement, what not for; a row in the root README's table
     of sinks, the options in configs/pipeline.yaml, and `cargo xtask codegen`
  7. `cargo xtask ci`: before you call it done

sinks/README.md tells more."
    )
}

#[cfg(test)]
mod tests {
    use xshell::Shell;

    use super::*;
    use crate::tidy::{self, Tree};

    const ROOT: &str = "members = [\n    \"sinks/csv\",\n    \"sinks/sqlite\",\n    \"tests\",\n]\n\n\
                        sink-csv = { path = \"sinks/csv\" }\nsink-sqlite = { path = \"sinks/sqlite\" }\n";

    #[test]
    fn a_name_is_one_that_cargo_and_the_pipeline_file_take() {
        for name in ["parquet", "mqtt5", "home-assistant"] {
            assert!(is_name(name), "{name}");
        }
        for name in ["", "Parquet", "5g", "a_b", "a--b", "-a", "a-", "../a"] {
            assert!(!is_name(name), "{name}");
        }
        assert_eq!(camel_case("home-assistant"), "HomeAssistant");
    }

    #[test]
    fn a_line_finds_its_place() {
        let inserted = |line| insert_sorted("a\nuse b;\nuse d;\nz\n", "use ", line);
        assert_eq!(inserted("use a;").unwrap(), "a\nuse a;\nuse b;\nuse d;\nz\n");
        assert_eq!(inserted("use c;").unwrap(), "a\nuse b;\nuse c;\nuse d;\nz\n");
        assert_eq!(inserted("use e;").unwrap(), "a\nuse b;\nuse d;\nuse e;\nz\n");
        assert_eq!(insert_sorted("a\n", "use ", "use b;"), None);
    }

    #[test]
    fn a_new_sink_is_complete_linked_and_tidy() {
        let shell = Shell::new().unwrap();
        let folder = shell.create_temp_dir().unwrap();
        let root = folder.path();
        shell.change_dir(root);
        for (file, text) in [
            ("Cargo.toml", ROOT),
            (
                "crates/collector/Cargo.toml",
                "[package]\nname = \"collector\"\n\n[dependencies]\nsink-csv.workspace = true\n",
            ),
            (
                "crates/collector/src/plugins.rs",
                "//! Plugins.\n\nuse sink_csv as _;\n",
            ),
        ] {
            shell.write_file(file, text).unwrap();
        }

        create(root, "home-assistant").unwrap();

        let read = |path: &str| shell.read_file(path).unwrap();
        let manifest = read("Cargo.toml");
        assert!(manifest.contains("    \"sinks/csv\",\n    \"sinks/home-assistant\",\n"));
        assert!(manifest.contains("sink-home-assistant = { path = \"sinks/home-assistant\" }\nsink-sqlite"));
        assert!(read("crates/collector/Cargo.toml").ends_with("sink-home-assistant.workspace = true\n"));
        assert!(read("crates/collector/src/plugins.rs").ends_with("use sink_home_assistant as _;\n"));
        for file in FILES {
            assert!(
                !read(&format!("sinks/home-assistant/{file}")).contains("{{"),
                "{file}"
            );
        }
        assert_eq!(tidy::findings(&Tree::read(root).unwrap(), &[]).unwrap(), []);
        assert!(
            create(root, "home-assistant").is_err(),
            "what exists is left alone"
        );
    }
}
