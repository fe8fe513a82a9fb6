//! The dialogue, and what is written after it: whatever is answered, the file is sound and says what was meant.

use std::ffi::OsString;
use std::io::Cursor;
use std::path::Path;

// Sinks and sources.
use collector as _;
use pipeline::{NO_CLIENT_ID, ProcessEnvironment, testing::document};
use serde_json::Value;

use crate::answers::{Answers, COLLECTIONS, STORES, Setting, Store};
use crate::ask::{Ask, Screen};
use crate::hidden::Hidden;
use crate::questions::{self, Options, first_mistake, sample_id};
use crate::target::Target;
use crate::text::{secret_itself, text};
use crate::write::write;

const ID: &str = "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0";
/// What means something to YAML, to a pipeline file, or to nobody.
const ODD: [&str; 14] = [
    "a: b",
    "#",
    "'",
    "\"",
    "\\",
    "${HOME}",
    "$${x}",
    "null",
    "- x",
    "{a}",
    "*a",
    "yes",
    "%",
    "ü€🚗",
];

/// As on the command line: an option and its value.
fn options(words: &[&str]) -> Options {
    let mut options = Options::default();
    let words: Vec<_> = words.iter().filter(|word| **word != "--simulator").collect();
    for pair in words.chunks(2) {
        let value = pair[1].to_string();
        match *pair[0] {
            "--client-id" => options.client_id = Some(value),
            "--collect" => options.collect = Some(value),
            "--sink" => options.sinks.push(value),
            "--set" => options.settings.push(value),
            option => panic!("there is no {option}"),
        }
    }
    options
}

fn target(folder: &str) -> Target {
    Target {
        file: Path::new(folder).join("pipeline.yaml"),
        state: Path::new(folder).join("state"),
        data: Path::new(folder).to_owned(),
        is_system: false,
    }
}

/// The answers that options, variables and typed lines make, and what stood on the terminal.
fn asked(
    words: &[&str],
    variables: &[(&str, &str)],
    typed: Option<&[u8]>,
) -> (Result<Answers, String>, String) {
    let variable = |name: &str| {
        let found = variables.iter().find(|(known, _)| *known == name);
        found.map(|(_, value)| OsString::from(value))
    };
    let (options, is_simulated) = (options(words), words.contains(&"--simulator"));
    let (mut input, mut output) = (Cursor::new(typed.unwrap_or_default()), Vec::new());
    let screen = typed.map(|_| Screen {
        input: &mut input,
        output: &mut output,
        hide: || Some(Hidden),
    });
    let answers = questions::given(&options, variable).and_then(|given| {
        let ask = Ask::new(given, screen);
        questions::ask(&ask, &target("/x"), is_simulated)
    });
    let answers = answers.map_err(|error| error.to_string());
    (answers, String::from_utf8(output).unwrap())
}

fn typed(lines: &str) -> (Answers, String) {
    let (answers, shown) = asked(&[], &[], Some(lines.as_bytes()));
    (answers.unwrap(), shown)
}

/// What is typed ends the line of a question.
fn assert_fits(shown: &str) {
    let lines = shown.replace("]: ", "]: \n");
    let long = lines.lines().find(|line| line.chars().count() > 80);
    assert_eq!(long, None);
}

fn settings(store: &Store) -> Vec<(&str, &str)> {
    let settings = store.settings.iter();
    settings.map(|setting| (setting.key, &*setting.value)).collect()
}

#[test]
fn three_times_enter_is_enough() {
    let (answers, shown) = typed("\n\n\n");
    assert!(answers.client_id.is_none() && answers.stores.is_empty());
    assert_eq!(answers.collection, "everything");
    assert_eq!(shown.matches("]: ").count(), 3, "{shown}");
    assert_fits(&shown);
}

#[test]
fn wrong_answers_are_told_and_asked_for_again() {
    let lines = format!(
        "home\n{ID} \\\n {ID} \nall\nb\ncsv, ftp\nmqtt csv mqtt\nlocalhost\nmqtt://u:geheim@nas\nmqtts://nas\n\n"
    );
    let (answers, shown) = typed(&lines);
    assert_eq!(answers.client_id.unwrap().as_str(), ID);
    assert_eq!(answers.collection, "battery");
    let kinds: Vec<_> = answers.stores.iter().map(|store| store.kind).collect();
    assert_eq!(kinds, ["mqtt", "csv"]);
    assert_eq!(settings(&answers.stores[0]), [("url", "mqtts://nas")]);
    assert_eq!(shown.matches("this is not a client id").count(), 2, "{shown}");
    assert!(shown.contains("`all` is none of everything"), "{shown}");
    assert!(shown.contains("`ftp` is none of csv, influxdb, mqtt"), "{shown}");
    assert_eq!(shown.matches("The broker's address").count(), 3, "{shown}");
    assert!(!shown.contains("geheim"), "{shown}");
    assert_fits(&shown);
}

#[test]
fn a_server_with_a_token_is_asked_for_its_bucket_and_one_without_for_its_database() {
    let (answers, shown) = typed("\n\ninfluxdb\n\n tok en \nour home\n\n");
    let token = [
        ("url", "http://localhost:8086"),
        ("org", "our home"),
        ("bucket", "cardata"),
        ("token", " tok en "),
    ];
    assert_eq!(settings(&answers.stores[0]), token);
    assert!(!shown.contains("tok en"), "{shown}");
    let (answers, _) = typed("\n\ninfluxdb\n\n\n\nanna\nsecret\n");
    let login = [
        ("url", "http://localhost:8086"),
        ("database", "cardata"),
        ("user", "anna"),
        ("password", "secret"),
    ];
    assert_eq!(settings(&answers.stores[0]), login);
    assert!(answers.stores[0].settings[3].is_secret);
}

#[test]
fn answers_that_end_or_are_no_text_are_no_answers() {
    let (answers, _) = asked(&[], &[], Some(b""));
    assert!(answers.unwrap_err().contains("have ended"));
    let (answers, shown) = asked(&[], &[], Some(b"\xff\n\n\n\n"));
    answers.unwrap();
    assert!(shown.contains("no text in UTF-8"), "{shown}");
}

#[test]
fn options_and_variables_answer_without_a_question() {
    let options = [
        "--collect",
        "driving",
        "--sink",
        "mqtt",
        "--set",
        "mqtt.user=anna",
    ];
    let variables = [
        ("CARDATA_CLIENT_ID", ID),
        ("MQTT_PASSWORD", "a"),
        ("INFLUX_TOKEN", "b"),
    ];
    let (answers, _) = asked(&options, &variables, None);
    let answers = answers.unwrap();
    assert_eq!(answers.client_id.unwrap().as_str(), ID);
    let wanted = [
        ("url", "mqtt://localhost:1883"),
        ("user", "anna"),
        ("password", "a"),
    ];
    assert_eq!(settings(&answers.stores[0]), wanted);
    // Who is there is asked for the rest alone.
    let (answers, shown) = asked(&options, &variables, Some(b"\n"));
    answers.unwrap();
    assert_eq!(shown.matches("]: ").count(), 1, "{shown}");
    assert!(shown.contains("taken from $MQTT_PASSWORD"), "{shown}");
}

#[test]
fn a_variable_is_taken_by_who_asks_for_it_however_the_sink_is_written() {
    let variables = [("INFLUX_TOKEN", "t"), ("MQTT_PASSWORD", "m")];
    let (answers, _) = asked(&["--sink", "MQTT,influx"], &variables, None);
    let stores = answers.unwrap().stores;
    assert_eq!(settings(&stores[0]), [("url", "mqtt://localhost:1883")]);
    assert!(settings(&stores[1]).contains(&("token", "t")));
}

#[test]
fn options_that_are_wrong_end_it() {
    for (options, part) in [
        (&["--client-id", "x\ny"][..], "--client-id: this is not"),
        (&["--client-id", "${X}"], "--client-id: this is not"),
        (&["--collect", "all"], "`all` is none of"),
        (&["--sink", "exel"], "`exel` is none of"),
        (&["--set", "mqtt.url"], "--set takes SINK.KEY=VALUE"),
        (&["--set", "mqtt.url=mqtt://x"], "nothing asks for mqtt.url"),
        (
            &["--sink", "csv", "--set", "csv.dir=x"],
            "nothing asks for csv.dir",
        ),
        (&["--sink", "mqtt", "--set", "mqtt.url=http://x"], "mqtt.url: "),
        (&["--set", "a.b=c", "--set", "a.b=d"], "is there twice"),
        (&["--set", "--collect=driving"], "--set takes SINK.KEY=VALUE"),
    ] {
        let (answers, _) = asked(options, &[], None);
        let reason = answers.unwrap_err();
        assert!(reason.contains(part), "{options:?}: {reason}");
    }
    let (answers, _) = asked(&[], &[("CARDATA_CLIENT_ID", "x")], None);
    assert!(answers.unwrap_err().starts_with("$CARDATA_CLIENT_ID: "));
}

/// Each set of stores, with and without secrets.
fn all_stores() -> Vec<Vec<Store>> {
    let url = |kind: &str| Setting::new("url", format!("{kind}://nas"));
    let of = |kind, settings: Vec<Setting>| Store { kind, settings };
    let influxdb = [
        of("influxdb", vec![url("http"), Setting::new("database", "cardata")]),
        of(
            "influxdb",
            vec![
                url("https"),
                Setting::new("org", "home"),
                Setting::new("bucket", "cardata"),
                Setting::secret("token", "t"),
            ],
        ),
    ];
    let mqtt = [
        of("mqtt", vec![url("mqtt")]),
        of(
            "mqtt",
            vec![
                url("mqtts"),
                Setting::new("user", "anna"),
                Setting::secret("password", "p"),
            ],
        ),
    ];
    let csv = [of(STORES[0], Vec::new())];
    let mut all = vec![Vec::new()];
    for choices in [&csv[..], &influxdb, &mqtt] {
        let before = all.clone();
        for choice in choices {
            all.extend(
                before
                    .iter()
                    .map(|set| [&set[..], std::slice::from_ref(choice)].concat()),
            );
        }
    }
    all
}

#[test]
fn whatever_is_chosen_the_file_is_sound() {
    let all = all_stores();
    assert_eq!(all.len(), 18);
    for stores in &all {
        for (collection, folder) in [
            ("everything", "/var/lib/cardata"),
            ("driving", "data"),
            ("battery", "/srv/a b/it's: #1 ${X}"),
            ("everything", "C:\\x"),
            ("driving", "null"),
        ] {
            for is_simulated in [false, true] {
                let answers = Answers {
                    client_id: sample_id(),
                    is_simulated,
                    collection,
                    stores: stores.clone(),
                };
                let target = target(folder);
                let text = text(&answers, &target, Some("Europe/Berlin"), &secret_itself);
                assert_eq!(first_mistake(&text, &target), None, "{text}");
                let read = pipeline::parse("x", &text, Path::new("/"), &ProcessEnvironment).unwrap();
                assert_eq!(read.simulator.is_some(), is_simulated);
                assert_eq!(read.sinks.len(), 1 + stores.len() + usize::from(is_simulated));
                let state = if is_simulated { "demo/state" } else { "state" };
                assert_eq!(read.state, Path::new("/").join(folder).join(state), "{text}");
            }
        }
    }
}

#[test]
fn a_file_without_a_client_id_has_one_mistake_that_says_so() {
    let answers = Answers {
        collection: COLLECTIONS[0],
        ..Answers::default()
    };
    let text = text(&answers, &target("/x"), None, &secret_itself);
    assert!(text.contains(NO_CLIENT_ID));
    let error = pipeline::parse("x", &text, Path::new("/"), &ProcessEnvironment).unwrap_err();
    let mistakes: Vec<_> = error.mistakes().iter().map(|one| &*one.message).collect();
    assert_eq!(mistakes, ["the client id is not filled in yet"]);
}

#[test]
fn what_is_odd_is_written_as_it_was_meant() {
    for odd in ODD {
        // A header holds it, which has no other letters.
        let token = if odd.is_ascii() { odd } else { "t" };
        let lines = format!("\n\ninfluxdb,mqtt\nhttps://nas\n{token}\n{odd}\n{odd}\n\n{odd}\n{odd}\n");
        let (answers, shown) = asked(&[], &[], Some(lines.as_bytes()));
        let answers = answers.unwrap_or_else(|reason| panic!("{reason}: {shown}"));
        let text = text(&answers, &target("/x"), None, &secret_itself);
        let document = document(&text);
        let meant = |value: &Value| value.as_str().map(|text| text.replace("$${", "${"));
        for (sink, key, value) in [
            (1, "token", token),
            (1, "org", odd),
            (1, "bucket", odd),
            (2, "user", odd),
            (2, "password", odd),
        ] {
            let found = meant(&document["sinks"][sink][key]);
            assert_eq!(found.as_deref(), Some(value), "{text}");
        }
        pipeline::parse(
            "x",
            &text.replace(NO_CLIENT_ID, ID),
            Path::new("/"),
            &ProcessEnvironment,
        )
        .unwrap();
    }
}

#[test]
fn secrets_lie_beside_the_file_and_nothing_is_written_over() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join("deep/er").join(name);
    let target = target(path("").to_str().unwrap());
    let answers = Answers {
        client_id: sample_id(),
        collection: COLLECTIONS[0],
        stores: vec![Store {
            kind: "mqtt",
            settings: vec![
                Setting::new("url", "mqtts://nas"),
                Setting::new("user", "anna"),
                Setting::secret("password", " pass${x}"),
            ],
        }],
        ..Answers::default()
    };
    let written = || write(&answers, &target).map_err(|error| error.to_string());
    std::fs::create_dir_all(path("")).unwrap();
    std::fs::write(path("mqtt-password"), "another's").unwrap();
    written().unwrap();
    let names = || {
        let entries = std::fs::read_dir(path("")).unwrap();
        let mut names: Vec<_> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    };
    let all = ["mqtt-password", "mqtt-password-2", "pipeline.yaml"];
    assert_eq!(names(), all);
    let file = pipeline::load(&target.file).unwrap();
    assert!(!pipeline::show(&file).contains("pass${x}"));
    let secret = std::fs::read_to_string(path("mqtt-password-2")).unwrap();
    assert_eq!(secret, " pass${x}\n");
    #[cfg(unix)]
    for name in ["mqtt-password-2", "pipeline.yaml"] {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(path(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
    // The second finds the file, and takes its secrets away again.
    let before = std::fs::read(&target.file).unwrap();
    assert!(written().unwrap_err().contains("stays as it is"));
    assert_eq!(
        (names(), std::fs::read(&target.file).unwrap()),
        (all.map(String::from).to_vec(), before)
    );
}
