//! The files in `configs/`: each is right, means what it says, and fits its schema.

use std::path::{Path, PathBuf};

use pipeline::Environment;
use serde_json::Value;

use super::Variables;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../configs")
}

fn variables() -> Variables {
    Variables::from([
        ("INFLUX_TOKEN", "hunter2"),
        ("MY_TOKEN", "hunter2"),
        ("MQTT_PASSWORD", "hunter2"),
    ])
}

/// Every YAML file of the folder, by name.
fn files() -> Vec<(String, String)> {
    let entries = std::fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let mut paths: Vec<_> = entries
        .filter(|path| path.extension().is_some_and(|end| end == "yaml"))
        .collect();
    paths.sort();
    let read = |path: PathBuf| {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        (name, std::fs::read_to_string(path).unwrap())
    };
    paths.into_iter().map(read).collect()
}

#[test]
fn every_file_is_right() {
    let files = files();
    let names: Vec<&str> = files.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(
        names,
        [
            "demo.yaml",
            "grafana.yaml",
            "home-assistant.yaml",
            "own-program.yaml",
            "pipeline.yaml",
            "spreadsheet.yaml"
        ]
    );
    for (name, text) in &files {
        if let Err(error) = pipeline::parse(name, text, &folder(), &variables()) {
            panic!("{error}");
        }
        assert!(
            text.starts_with("# yaml-language-server: $schema=./pipeline.schema.json\n"),
            "{name}"
        );
    }
}

#[test]
fn whatever_is_shown_is_right() {
    let plugin = |sample: &str| {
        sample
            .lines()
            .map(|line| format!("    {line}\n"))
            .collect::<String>()
    };
    let source = |sample| super::file(&format!("sources:\n  -\n{}", plugin(sample)));
    let sink = |sample| super::file(&format!("sinks:\n  -\n{}", plugin(sample)));
    let sources = collector_core::source_plugins();
    let sinks = collector_core::sink_plugins();
    let files = files().into_iter().map(|(_, text)| text);
    let files = files.chain(sources.iter().map(|plugin| source(plugin.sample)));
    for text in files.chain(sinks.iter().map(|plugin| sink(plugin.sample))) {
        if let Err(error) = super::parse(&text, &variables()) {
            panic!("{text}{error}");
        }
    }
}

/// An owner who changes nothing but the client id has a pipeline that runs, in every new shell.
#[test]
fn what_an_owner_begins_with_needs_no_variable_and_has_both_ways_in() {
    for (name, text) in files() {
        if ["demo.yaml", "pipeline.yaml"].contains(&&*name) {
            continue;
        }
        let pipeline = pipeline::parse(&name, &text, &folder(), &Variables::default());
        let pipeline = pipeline.unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(pipeline.streams().len(), 1, "{name}");
        assert!(pipeline.sources.len() >= 2, "{name}");
        let id = "    client_id: 00000000-0000-4000-8000-000000000000 # yours\n";
        assert_eq!(text.matches(id).count(), 1, "{name}");
    }
}

#[test]
fn the_demo_needs_nothing_and_keeps_all_in_one_folder() {
    let (_, text) = files().into_iter().find(|(name, _)| name == "demo.yaml").unwrap();
    let pipeline = pipeline::parse("demo.yaml", &text, Path::new("/x"), &Variables::default()).unwrap();
    assert_eq!(pipeline.clock.speed, 900.0);
    assert_eq!(
        pipeline.simulator.as_ref().map(|simulator| simulator.speed),
        Some(900.0)
    );
    assert_eq!(pipeline.state, Path::new("/x/demo-data/state"));
    for path in text
        .lines()
        .filter_map(|line| line.trim().split_once(": "))
        .filter_map(|(key, value)| matches!(key, "dir" | "path" | "state").then_some(value))
    {
        assert!(path.starts_with("demo-data/"), "{path}");
    }
}

#[test]
fn the_example_says_everything() {
    let (_, text) = files()
        .into_iter()
        .find(|(name, _)| name == "pipeline.yaml")
        .unwrap();
    let schema = pipeline::schema();
    let mut keys: Vec<String> = Vec::new();
    collect_keys(&schema, &mut keys);
    assert!(keys.len() > 40, "{keys:?}");
    let missing: Vec<&String> = keys
        .iter()
        .filter(|key| !text.contains(&format!("{key}:")))
        .collect();
    assert!(
        missing.is_empty(),
        "configs/pipeline.yaml does not show {missing:?}"
    );
}

/// The names of all properties, but for those of the stub plugins.
fn collect_keys(schema: &Value, keys: &mut Vec<String>) {
    let stub = |schema: &Value| {
        let word = schema["properties"]["type"]["const"].as_str();
        word.is_some_and(|word| ["shelf", "meter", "pair", "almanac", "wire"].contains(&word))
    };
    match schema {
        Value::Object(_) if stub(schema) => {}
        Value::Object(object) => {
            for (word, value) in object {
                if let ("properties", Some(properties)) = (word.as_str(), value.as_object()) {
                    keys.extend(properties.keys().cloned());
                }
                collect_keys(value, keys);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| collect_keys(item, keys)),
        _ => {}
    }
}

#[test]
fn the_environment_of_the_process_is_read() {
    assert!(pipeline::ProcessEnvironment.variable("PATH").is_ok());
    assert!(
        pipeline::ProcessEnvironment
            .variable("CARDATA_NO_SUCH_VARIABLE")
            .is_err()
    );
}

/// The servers by the names that they have in compose.yaml, and the history in the volume of the image.
#[test]
fn the_pipeline_of_the_containers_fits_what_compose_starts() {
    let container = folder().join("packaging/container");
    let read = |name| std::fs::read_to_string(container.join(name)).unwrap();
    let (text, compose) = (read("pipeline.yaml"), read("compose.yaml"));
    let pipeline = pipeline::parse("pipeline.yaml", &text, &container, &variables()).unwrap();
    assert!(pipeline.state.starts_with("/var/lib/cardata"));
    assert!(read("Containerfile").contains("\nVOLUME /var/lib/cardata\n"));
    for server in ["victoria-metrics", "mosquitto"] {
        assert!(text.contains(&format!("//{server}:")), "{server}");
        assert!(compose.contains(&format!("\n  {server}:\n")), "{server}");
    }
}
