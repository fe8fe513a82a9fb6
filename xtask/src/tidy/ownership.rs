//! What code may do in its place only: waiting, the names of sinks; and what the table of edges gives an owner, as SQL
//! and standard output.

use super::code::{Code, How, Name};
use super::edges::Table;
use super::tree::File;
use super::{Finding, Tree};

/// What must not be named in some files, and why.
struct Rule {
    scope: fn(&File) -> bool,
    forbids: fn(&Name) -> bool,
    /// Files that may.
    except: &'static [&'static str],
    /// Why it matters; what to do.
    reason: &'static str,
}

const RULES: [Rule; 3] = [
    Rule {
        scope: is_of_a_sink,
        forbids: waits,
        except: &[
            // Keeps a connection whether something is written or not, so that the broker can tell when this program
            // is gone; a write that finds none fails, and the engine decides.
            "sinks/mqtt/src/keeper.rs",
            // Bounds its wait for an answer of the broker: MQTT has no time-outs.
            "sinks/mqtt/src/link.rs",
            // Bounds its wait for a program that hangs, or does not end.
            "sinks/exec/src/patience.rs",
        ],
        reason: "a sink never waits to try again, the engine does; return SinkError::Transient",
    },
    Rule {
        scope: is_of_a_sink,
        forbids: connects_in_a_loop,
        except: &[],
        reason: "a sink never tries again, the engine does; return SinkError::Transient",
    },
    Rule {
        scope: |file| file.path.starts_with("crates/") && file.path != "crates/collector/src/plugins.rs",
        forbids: |name| {
            name.path.starts_with("sink_") && (name.how == How::Imported || name.path.contains("::"))
        },
        except: &[],
        reason: "only plugins.rs names concrete sinks, so that a new one is one line; ask the registry \
                 (collector_core::sink_plugins)",
    },
];

pub fn check(tree: &Tree, table: &Table) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in tree.files.iter().filter(|file| file.is_rust() && !file.is_test()) {
        let Some(package) = package(&file.path) else {
            continue;
        };
        let Ok(code) = Code::read(&file.text) else {
            let message = "is no Rust; nothing of it can be checked; mend it as rustc tells";
            findings.push(Finding::new(file, 0, message));
            continue;
        };
        for name in &code.names {
            if let Some(reason) = forbidden(file, &package, name, table) {
                let message = format!("`{}` is used here; {reason}", name.path);
                findings.push(Finding::new(file, name.line, message));
            }
        }
    }
    findings
}

fn forbidden(file: &File, package: &str, name: &Name, table: &Table) -> Option<&'static str> {
    let is_broken = |rule: &&Rule| {
        (rule.scope)(file) && (rule.forbids)(name) && !rule.except.contains(&file.path.as_str())
    };
    if let Some(rule) = RULES.iter().find(is_broken) {
        return Some(rule.reason);
    }
    let is_at_home = !name.path.contains("::") || table.may_own(package, &name.path);
    (!is_at_home).then_some(
        "edges.txt of xtask names its owners, and this package is none; return what there is to say or to do to one",
    )
}

/// The package of a source file, by the folder's name.
fn package(path: &str) -> Option<String> {
    let mut parts = path.split('/');
    match (parts.next()?, parts.next()?) {
        ("crates", name) => Some(name.to_owned()),
        ("sinks", name) => Some(format!("sink-{name}")),
        (name @ ("tests" | "xtask"), _) => Some(name.to_owned()),
        _ => None,
    }
}

fn is_of_a_sink(file: &File) -> bool {
    file.path.starts_with("sinks/")
}

/// What lets time pass: all functions that begin like this, whatever they are called here, and methods.
const WAITING: [&str; 9] = [
    "tokio::time::",
    "tokio_util::time::",
    "std::thread::sleep",
    "std::thread::park",
    "std::thread::*",
    ".sleep",
    ".tick",
    ".recv_timeout",
    ".wait_timeout",
];

fn waits(name: &Name) -> bool {
    let is_type = |part: &str| part.starts_with(char::is_uppercase);
    let is_field = name.path.starts_with('.') && name.how != How::Called;
    WAITING.iter().any(|begin| name.path.starts_with(begin))
        && !is_field
        && !name.path.split("::").any(is_type)
}

fn connects_in_a_loop(name: &Name) -> bool {
    let last = name.path.rsplit([':', '.']).next().unwrap_or_default();
    let connects =
        |word: &str| last == word || last.strip_prefix(word).is_some_and(|rest| rest.starts_with('_'));
    name.is_in_loop && name.how == How::Called && (connects("connect") || connects("reconnect"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::edges::TABLE;

    fn found(path: &str, code: &str) -> bool {
        let tree = Tree::of(&[(path, code)]);
        !check(&tree, &Table::parse(TABLE).unwrap()).is_empty()
    }

    #[test]
    fn a_sink_never_waits_whatever_it_calls_that() {
        for code in [
            "async fn f() { tokio::time::sleep(SECOND).await }",
            "use tokio::time::sleep as pause; async fn f() { pause(SECOND).await }",
            "use tokio::time; async fn f() { time::interval(SECOND) }",
            "use tokio::time::*;",
            "fn f() { tokio::select! { _ = tokio::time::timeout_at(end, x) => {} } }",
            "fn f() { std::thread::sleep(SECOND) }",
            "use std::thread; fn f() { thread::park_timeout(SECOND) }",
            "fn f() { let _ = queue.recv_timeout(SECOND); }",
            "fn f() { clock.sleep(SECOND).await }",
        ] {
            assert!(found("sinks/csv/src/write.rs", code), "{code}");
            assert!(!found("sinks/csv/tests/conformance.rs", code), "{code}");
            assert!(!found("crates/dispatch/src/lib.rs", code), "{code}");
            assert!(!found("sinks/mqtt/src/keeper.rs", code), "{code}");
        }
        for code in [
            "use tokio::time::{Duration, Instant}; fn f() { Instant::now() }",
            "fn f() { retry_after(pause, sleep) } // tokio::time::sleep",
            "fn f() { std::thread::spawn(work) }",
            "#[cfg(test)] mod tests { fn f() { std::thread::sleep(SECOND) } }",
        ] {
            assert!(!found("sinks/csv/src/write.rs", code), "{code}");
        }
    }

    #[test]
    fn a_sink_never_connects_in_a_loop() {
        for code in [
            "fn f() { loop { match connect() { Ok(c) => return c, Err(_) => pause() } } }",
            "fn f() { while let Err(_) = g() { client.connect_with(options).await } }",
            "fn f() { for _ in 0..3 { m! { TcpStream::connect(address) } } }",
        ] {
            assert!(found("sinks/mqtt/src/link.rs", code), "{code}");
        }
        for code in [
            "fn f() { let c = connect(); loop { c.read() } }",
            "fn f() { loop { connection(); is_connect() } }",
            "impl Connect for A { fn f() { connect() } }",
        ] {
            assert!(!found("sinks/mqtt/src/link.rs", code), "{code}");
        }
    }

    #[test]
    fn only_who_owns_a_schema_reaches_its_tables() {
        for code in [
            "use store::sql::{Access, Damage as _};",
            "use store::sql; fn f() { sql::Access::run(tx, x) }",
            "use store::sql as tables; fn f() { tables::Access::run(tx, x) }",
            "fn f() { store::sql::Access::run(tx, x) }",
        ] {
            assert!(found("crates/collector/src/ingest.rs", code), "{code}");
            assert!(!found("crates/journal/src/lib.rs", code), "{code}");
            assert!(!found("crates/collector/src/tests/rows.rs", code), "{code}");
        }
        assert!(!found(
            "crates/collector/src/ingest.rs",
            "use store::Tx; fn f(tx: &Tx) { journal.append(tx) }"
        ));
    }

    #[test]
    fn only_one_file_names_concrete_sinks() {
        for code in ["use sink_csv as _;", "fn f() { sink_csv::register() }"] {
            assert!(found("crates/collector/src/lib.rs", code), "{code}");
            assert!(!found("crates/collector/src/plugins.rs", code), "{code}");
        }
        assert!(!found(
            "crates/collector/src/lib.rs",
            "fn f() { sink_name(sink_plugins()) }"
        ));
    }

    #[test]
    fn standard_output_has_its_owners() {
        for code in [
            "fn f() { std::io::stdout().lock() }",
            "use std::io::{self, Write}; fn f() { io::stdout() }",
        ] {
            assert!(found("crates/collector/src/lib.rs", code), "{code}");
            assert!(!found("crates/cardata/src/terminal.rs", code), "{code}");
        }
    }
}
