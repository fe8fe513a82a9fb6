//! Words that only one place may use, because it owns what they stand for.

use super::tree::File;
use super::{Finding, Tree};

/// Who may use some words, and why.
struct Rule {
    /// Whole words, or where they end in a space the beginnings of SQL statements.
    words: Vec<String>,
    /// Where the words are looked for.
    scope: fn(&File) -> bool,
    /// Where they are at home.
    owner: fn(&File) -> bool,
    /// Why it matters; what to do.
    reason: &'static str,
}

pub fn check(tree: &Tree) -> Vec<Finding> {
    let rules = rules(tree);
    let rust = tree.files.iter().filter(|file| file.is_rust());
    rust.flat_map(|file| rules.iter().flat_map(|rule| rule.broken_by(file)))
        .collect()
}

fn rules(tree: &Tree) -> Vec<Rule> {
    let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
    vec![
        Rule {
            words: words(&["saphyr", "saphyr_parser"]),
            scope: |file| in_product(file),
            owner: |file| file.path.starts_with("crates/collector/src/config"),
            reason: "only the configuration knows YAML, everybody else reads its tree; move this to \
                     crates/collector/src/config",
        },
        Rule {
            words: words(&[
                "rusqlite",
                "SELECT ",
                "INSERT INTO ",
                "UPDATE ",
                "DELETE FROM ",
                "CREATE TABLE ",
            ]),
            scope: |file| file.path.starts_with("crates/"),
            owner: |file| file.path.starts_with("crates/collector/src/journal") || file.is_test(),
            reason: "only the journal knows its SQL, so that its schema can change; give the journal a method \
                     for this",
        },
        Rule {
            words: sink_crates(tree),
            scope: |file| file.path.starts_with("crates/"),
            owner: |file| file.path == "crates/collector/src/plugins.rs",
            reason: "only plugins.rs names concrete sinks, so that a new one is one line; ask the registry \
                     (collector_core::sink_plugins)",
        },
        Rule {
            words: words(&["println!", "print!", "io::stdout"]),
            scope: |file| in_product(file),
            owner: |file| {
                let owners = ["sinks/stdout/", "crates/collector/src/bin/"];
                owners.iter().any(|owner| file.path.starts_with(owner)) || file.is_test()
            },
            reason: "standard output belongs to the stdout sink and the command line; use tracing, or return \
                     what there is to say",
        },
        Rule {
            words: words(&["sleep", "sleep_until", "interval", "retry", "backoff"]),
            scope: |file| file.path.starts_with("sinks/") && file.path.contains("/src/"),
            owner: |_| false,
            reason: "a sink never waits and never tries again, the engine does; return SinkError::Transient",
        },
        Rule {
            words: words(&["vin", "Vin", "VIN", "vins"]),
            scope: |file| file.path.starts_with("crates/cardata-auth/"),
            owner: |_| false,
            reason: "logging in knows nothing of vehicles; this belongs to cardata-api or the collector",
        },
    ]
}

fn in_product(file: &File) -> bool {
    file.path.starts_with("crates/") || file.path.starts_with("sinks/")
}

/// The crate of each folder in `sinks/`, as Rust writes it.
fn sink_crates(tree: &Tree) -> Vec<String> {
    let manifest = |file: &File| {
        let name = file.path.strip_prefix("sinks/")?.strip_suffix("/Cargo.toml")?;
        Some(format!("sink_{}", name.replace('-', "_")))
    };
    tree.files.iter().filter_map(manifest).collect()
}

impl Rule {
    fn broken_by<'a>(&'a self, file: &'a File) -> impl Iterator<Item = Finding> + 'a {
        let concerns = (self.scope)(file) && !(self.owner)(file);
        let lines = file.lines().filter(move |_| concerns);
        let code = lines.filter(|(_, line)| !line.trim_start().starts_with("//"));
        code.filter_map(|(number, line)| {
            let word = self.words.iter().find(|word| has_word(line, word))?;
            let message = format!("`{}` is used here; {}", word.trim_end(), self.reason);
            Some(Finding::new(file, number, message))
        })
    }
}

fn has_word(line: &str, word: &str) -> bool {
    let is_part = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
    line.match_indices(word).any(|(begin, _)| {
        let before = line[..begin].chars().next_back();
        let after = line[begin + word.len()..].chars().next();
        let open = word.ends_with(|c: char| !c.is_alphanumeric());
        !is_part(before) && (open || !is_part(after))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str, line: &str) -> bool {
        let text = format!("//! Why.\n{line}\n");
        let tree = Tree::of(&[("sinks/csv/Cargo.toml", ""), (path, &text)]);
        !check(&tree).is_empty()
    }

    #[test]
    fn only_the_configuration_knows_yaml() {
        let line = "use saphyr_parser::Parser;";
        assert!(found("crates/collector/src/engine.rs", line));
        assert!(found("sinks/csv/src/lib.rs", line));
        assert!(!found("crates/collector/src/config/syntax.rs", line));
    }

    #[test]
    fn only_the_journal_knows_its_sql() {
        for line in ["use rusqlite::Connection;", "let sql = \"SELECT 1\";"] {
            assert!(found("crates/collector/src/quota.rs", line), "{line}");
            assert!(!found("crates/collector/src/journal/append.rs", line), "{line}");
            assert!(!found("sinks/csv/src/lib.rs", line), "{line}");
        }
    }

    #[test]
    fn only_one_file_names_concrete_sinks() {
        assert!(found("crates/collector/src/lib.rs", "use sink_csv as _;"));
        assert!(found("crates/collector/src/logging.rs", "[\"sink_csv\"]"));
        assert!(!found("crates/collector/src/plugins.rs", "use sink_csv as _;"));
        assert!(!found("crates/collector/src/lib.rs", "use core::sink_plugins;"));
        assert!(!found("crates/collector/src/lib.rs", "// as sink_csv does"));
    }

    #[test]
    fn only_the_stdout_sink_and_the_command_line_print() {
        let line = "println!(\"hello\");";
        assert!(found("crates/collector/src/lib.rs", line));
        assert!(found("sinks/csv/src/lib.rs", line));
        assert!(!found("sinks/stdout/src/lib.rs", line));
        assert!(!found("crates/collector/src/bin/cardata/main.rs", line));
        assert!(!found("sinks/csv/tests/size.rs", line));
        assert!(!found("crates/collector/src/lib.rs", "eprintln!(\"hello\");"));
    }

    #[test]
    fn a_sink_never_waits() {
        assert!(found(
            "sinks/csv/src/write.rs",
            "tokio::time::sleep(second).await;"
        ));
        assert!(found("sinks/csv/src/write.rs", "retry(|| write())"));
        assert!(!found("sinks/csv/src/write.rs", "retry_after: None,"));
        assert!(!found(
            "crates/collector/src/dispatch.rs",
            "clock.sleep(wait).await;"
        ));
    }

    #[test]
    fn logging_in_knows_nothing_of_vehicles() {
        assert!(found("crates/cardata-auth/src/login.rs", "fn f(vin: &Vin) {}"));
        assert!(!found("crates/cardata-auth/src/login.rs", "let driving = true;"));
        assert!(!found("crates/cardata-api/src/client.rs", "fn f(vin: &Vin) {}"));
    }
}
