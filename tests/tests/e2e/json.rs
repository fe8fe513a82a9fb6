//! Answers for programs: `crates/cardata/JSON.md` says what the program prints, and the program prints what it says.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde_json::Value;
use tests::process::{Cardata, Signal, Stream};

use crate::scene::{DEADLINE, Plan, Said, Scene, call_in, end, stop, text_of};

const PAGE: &str = include_str!("../../../crates/cardata/JSON.md");

/// The page: of each command the fields with their types.
fn sections() -> BTreeMap<String, BTreeMap<String, String>> {
    let mut sections: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
    let mut section = String::new();
    for line in PAGE.lines() {
        if let Some(command) = line.strip_prefix("## `cardata ") {
            section = command.trim_end_matches('`').to_owned();
        } else if let Some(row) = line.strip_prefix("| `") {
            let (field, rest) = row.split_once("` | ").unwrap();
            let of = rest.split(" |").next().unwrap().to_owned();
            let fields = sections.entry(section.clone()).or_default();
            assert!(
                fields.insert(field.to_owned(), of).is_none(),
                "{section}: {field} twice"
            );
        }
    }
    sections
}

/// What is in the answers of one command.
#[derive(Default)]
struct Seen {
    /// By place: a value of each kind that stands there.
    values: BTreeMap<String, Vec<Value>>,
    /// Places below which there may be more: empty lists, and what is null.
    open: BTreeSet<String>,
}

impl Seen {
    /// `wants` says whether a place is described as it is, or by what stands below it.
    fn take(&mut self, value: &Value, place: &str, is_described: &dyn Fn(&str) -> bool) {
        let below = |key: &str| match place {
            "" => key.to_owned(),
            _ => format!("{place}.{key}"),
        };
        let nothing = value.is_null() || value.as_array().is_some_and(Vec::is_empty);
        if nothing {
            self.open.insert(place.to_owned());
        }
        match value {
            Value::Object(object) if !is_described(place) => {
                for (key, value) in object {
                    self.take(value, &below(key), is_described);
                }
                return;
            }
            Value::Array(values) => {
                let holds_objects = values.iter().all(Value::is_object);
                for value in values.iter().filter(|_| holds_objects) {
                    self.take(value, &format!("{place}[]"), is_described);
                }
            }
            // An object that is not there: the page describes what would be in it.
            Value::Null if !is_described(place) => return,
            _ => {}
        }
        self.values
            .entry(place.to_owned())
            .or_default()
            .push(value.clone());
    }

    fn may_hold(&self, place: &str) -> bool {
        let is_below = |open: &String| {
            let rest = place.strip_prefix(open.as_str());
            rest.is_some_and(|rest| rest.starts_with(['[', '.']))
        };
        self.open.iter().any(is_below)
    }
}

fn fits(value: &Value, described: &str) -> bool {
    described.split(" or ").any(|one| match one {
        "any" => true,
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "string" => value.is_string(),
        "list" => value.is_array(),
        "time" => value
            .as_str()
            .is_some_and(|text| text.parse::<Timestamp>().is_ok()),
        other => panic!("the page has no type `{other}`"),
    })
}

/// The page, and what was seen of it.
struct Book {
    sections: BTreeMap<String, BTreeMap<String, String>>,
    seen: BTreeMap<String, Seen>,
}

impl Book {
    fn take(&mut self, section: &str, text: &str) {
        let start = text.trim_start_matches('{').trim_start();
        assert!(start.starts_with("\"version\":"), "{section}: {text}");
        let mut answer: Value =
            serde_json::from_str(text).unwrap_or_else(|why| panic!("{section}: {why}: {text}"));
        let version = answer.as_object_mut().unwrap().remove("version");
        assert_eq!(version, Some(1.into()), "{section}");
        let fields = self
            .sections
            .get(section)
            .unwrap_or_else(|| panic!("the page lacks {section}"));
        let is_described = |place: &str| fields.contains_key(place);
        let seen = self.seen.entry(section.to_owned()).or_default();
        seen.take(&answer, "", &is_described);
    }

    fn hold(&self) {
        let mut wrong = Vec::new();
        for (section, fields) in &self.sections {
            let Some(seen) = self.seen.get(section) else {
                wrong.push(format!("{section}: not asked"));
                continue;
            };
            for (place, values) in &seen.values {
                match fields.get(place) {
                    None => wrong.push(format!("{section}: {place} is not in the page")),
                    Some(described) => wrong.extend(
                        values
                            .iter()
                            .find(|value| !fits(value, described))
                            .map(|value| format!("{section}: {place} is no {described}: {value}")),
                    ),
                }
            }
            for place in fields.keys() {
                if !seen.values.contains_key(place) && !seen.may_hold(place) {
                    wrong.push(format!("{section}: {place} was not answered"));
                }
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }
}

/// Two letters for a sink, one of which BMW's words are still there.
fn refuse(scene: &Scene) {
    let state = rusqlite::Connection::open(scene.path("state/journal.db")).unwrap();
    let letter = "insert into dead_letter (at, sink, seq, descriptor, reason, attempts, retry)
         values (0, 'csv', 1, '', 'refused', 1, 0)";
    for _ in 0..2 {
        state.execute(letter, []).unwrap();
    }
}

#[tokio::test]
async fn the_page_says_what_the_program_prints() {
    let mut book = Book {
        sections: sections(),
        seen: BTreeMap::new(),
    };
    let scene = Scene::set(&Plan::default()).await;
    scene.edit(|text| text + "notify:\n  - type: ntfy\n    url: http://127.0.0.1:9/nobody\n");
    std::fs::write(scene.path("broken.yaml"), "sinks: [{ type: cvs }]\n").unwrap();
    let folder = scene.path("");
    let broken = call_in(&folder, &["check", "--json", "--config", "broken.yaml"]).await;
    assert_eq!(broken.code, Some(2), "{broken:?}");
    assert!(broken.err.contains("broken.yaml:1:"), "{broken:?}");
    book.take("check", &broken.out);
    scene.login().await;
    let run = scene.run().await;
    scene.more_answers(&run, 3).await;
    book.take("status", &ok(&scene, &["status", "--json"]).await.out);
    let watch = scene.start(&["values", "--watch", "--json"]);
    watch.wait_for_line("\"kind\":\"value\"", DEADLINE).await;
    watch.signal(Signal::Interrupt).await;
    for line in end(watch).await.out.lines() {
        book.take("values --watch", line);
    }
    stop(run).await;
    let looked = scene.call(&["doctor", "--json"]).await;
    assert_eq!(looked.code, Some(4), "nothing runs: {looked:?}");
    book.take("doctor", &looked.out);
    let other = scene.bmw.create_container("other", "not ours", &["a"]);
    refuse(&scene);
    let replayed = scene.call(&["replay", "--sink", "csv"]).await;
    assert_eq!(replayed.code, Some(0), "{replayed:?}");
    for (section, arguments) in [
        ("values", &["values"][..]),
        ("check", &["check"]),
        ("check", &["check", "--connect"]),
        ("vehicles", &["vehicles"]),
        ("containers", &["containers"]),
        ("containers sync", &["containers", "sync", "--dry-run"]),
        ("containers sync", &["containers", "sync"]),
        (
            "containers delete",
            &["containers", "delete", &other, "--foreign"],
        ),
        ("replay --list", &["replay", "--list"]),
        ("replay --derived", &["replay", "--derived"]),
        ("why", &["why"]),
        ("dead-letters list", &["dead-letters", "list"]),
        ("dead-letters show", &["dead-letters", "show", "1"]),
        ("dead-letters retry", &["dead-letters", "retry", "1"]),
        ("dead-letters drop", &["dead-letters", "drop", "2", "--yes"]),
        ("journal stats", &["journal", "stats"]),
        ("journal verify", &["journal", "verify"]),
        ("journal strays", &["journal", "strays"]),
        ("journal compact", &["journal", "compact"]),
        ("journal export", &["journal", "export", "--output", "lines"]),
        ("journal import", &["journal", "import", "lines"]),
        ("plugins", &["plugins"]),
        ("plugins NAME", &["plugins", "csv"]),
        ("backup", &["backup", "saved"]),
        ("restore", &["restore", "saved", "--force"]),
        ("forget", &["forget", "--vehicle", "vfp12345", "--yes"]),
        ("forget", &["forget", "--vehicle", "vfp12345", "--yes"]),
    ] {
        let said = match section.starts_with("plugins") {
            true => call_in(&folder, &[arguments, &["--json"]].concat()).await,
            false => scene.call(&[arguments, &["--json"]].concat()).await,
        };
        assert_eq!(said.code, Some(0), "{arguments:?}: {said:?}");
        book.take(section, &said.out);
    }
    let told = scene.call(&["notify", "--test", "--json"]).await;
    assert_eq!(told.code, Some(4), "{told:?}");
    book.take("notify --test", &told.out);
    book.hold();
}

async fn ok(scene: &Scene, arguments: &[&str]) -> Said {
    let said = scene.call(arguments).await;
    assert_eq!(said.code, Some(0), "{arguments:?}: {said:?}");
    said
}

#[tokio::test]
async fn every_command_that_answers_in_words_has_an_answer_for_programs() {
    let folder = tempfile::tempdir().unwrap();
    let help = |arguments: &[&str]| {
        let arguments = [arguments, &["--help"]].concat();
        Cardata::start(arguments, |command| {
            command.current_dir(folder.path());
        })
    };
    let without = [
        "run",
        "login",
        "sim",
        "schema",
        "completions",
        "man",
        "help",
        "init",
        "journal",
        "dead-letters",
    ];
    let mut wrong = Vec::new();
    for above in [&[][..], &["journal"], &["dead-letters"]] {
        let commands = end(help(above)).await.out;
        let commands = commands.lines().skip_while(|line| *line != "Commands:").skip(1);
        for line in commands.take_while(|line| !line.is_empty()) {
            // A name stands two columns in; what is said of it, further.
            let Some(name) = line.strip_prefix("  ").filter(|line| !line.starts_with(' ')) else {
                continue;
            };
            let name = name.split(' ').next().unwrap();
            if without.contains(&name) {
                continue;
            }
            let command = [above, &[name]].concat();
            let text = text_of_help(help(&command)).await;
            if !text.contains("--json") {
                wrong.push(command.join(" "));
            }
        }
    }
    assert_eq!(wrong, [""; 0]);
}

async fn text_of_help(mut command: Cardata) -> String {
    command.wait_exit(DEADLINE).await;
    text_of(&command, Stream::Stdout)
}
