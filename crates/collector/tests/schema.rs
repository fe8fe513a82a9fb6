//! The schema of all plugins against the files in `configs/`, and the copy of it that stands beside them.

#![expect(
    clippy::unwrap_used,
    reason = "a helper of a test that fails is a test that fails"
)]

use std::path::{Path, PathBuf};

use collector as _;
use pipeline::schema;
use pipeline::testing::document as read;
use serde_json::{Value, json};

fn configs() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../configs")
}

fn accepts(document: &Value) -> bool {
    jsonschema::draft7::new(&schema()).unwrap().is_valid(document)
}

#[test]
fn every_file_fits() {
    let validator = jsonschema::draft7::new(&schema()).unwrap();
    let paths = std::fs::read_dir(configs())
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let mut count = 0;
    for path in paths.filter(|path| path.extension().is_some_and(|end| end == "yaml")) {
        let document = read(&std::fs::read_to_string(&path).unwrap());
        let errors: Vec<String> = validator
            .iter_errors(&document)
            .map(|error| error.to_string())
            .collect();
        assert!(errors.is_empty(), "{}: {errors:?}", path.display());
        count += 1;
    }
    assert!(count >= 4);
}

#[test]
fn every_sample_fits() {
    for plugin in collector_core::sink_plugins() {
        let document = json!({
            "simulator": {}, "sources": [{ "type": "telematics" }], "sinks": [read(plugin.sample)]
        });
        assert!(accepts(&document), "{}", plugin.type_name);
    }
    for plugin in collector_core::source_plugins() {
        let document =
            json!({ "simulator": {}, "sources": [read(plugin.sample)], "sinks": [{ "type": "stdout" }] });
        assert!(accepts(&document), "{}", plugin.type_name);
    }
}

#[test]
fn typing_mistakes_do_not_fit() {
    let right = std::fs::read_to_string(configs().join("pipeline.yaml")).unwrap();
    for (from, to) in [
        ("\nstate:", "\nstates:"),
        ("client_id:", "clientid:"),
        ("vehicles: auto", "vehicles: all"),
        ("type: telematics", "type: telematic"),
        ("container: battery", "contaner: battery"),
        ("every: 30m", "every: 30"),
        ("every: 30m", "every: often"),
        ("start: earliest", "start: first"),
        ("wait: 10s", "wayt: 10s"),
        ("readings: 10000", "readings: many"),
        ("bucket: cardata", "bukcet: cardata"),
        ("layout: long", "layout: longer"),
        ("path: data/cardata.db", "file: data/cardata.db"),
        ("keep: forever", "keep: always"),
        ("window: 1s", "windows: 1s"),
        ("calls_per_day: 50", "calls_per_day: 1"),
    ] {
        assert!(right.contains(from), "{from}");
        assert!(!accepts(&read(&right.replacen(from, to, 1))), "{to}");
    }
}

/// `cargo xtask codegen` writes the copy anew.
#[test]
fn the_copy_is_up_to_date() {
    let path = configs().join("pipeline.schema.json");
    let current = format!("{:#}\n", schema());
    if std::env::var("INSTA_UPDATE").is_ok_and(|update| update == "always") {
        std::fs::write(&path, &current).unwrap();
    }
    let copy = std::fs::read_to_string(&path).unwrap();
    assert!(
        copy == current,
        "configs/pipeline.schema.json is stale: `cargo xtask codegen` writes it"
    );
}
