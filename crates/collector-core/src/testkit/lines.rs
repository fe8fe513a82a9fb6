//! What stands in lines of the form of [`crate::line`], read back: for sinks that hand it on.

use std::collections::HashMap;

use jiff::Timestamp;
use serde_json::value::RawValue;

use super::{RecordRow, Row};

type Line = HashMap<String, Box<RawValue>>;

/// Whether a line is one of a record; else it is one of a reading.
pub fn is_record(line: &str) -> bool {
    parsed(line).contains_key("record")
}

/// The row that a line of a reading stands for.
pub fn row_of(line: &str) -> Row {
    let line = parsed(line);
    let measured_at: Timestamp = text(&line, "measured_at").parse().expect("a time");
    Row {
        vin: text(&line, "vin"),
        descriptor: text(&line, "descriptor"),
        measured_at: measured_at.as_millisecond(),
        value: shown(&line["value"]),
    }
}

/// The rows that a line of a record of the suite stands for, its parts first.
pub fn record_rows_of(line: &str) -> Vec<RecordRow> {
    let line = parsed(line);
    let mut rows = Vec::new();
    push(&mut rows, &line, &text(&line, "vin"), &[]);
    rows
}

fn parsed(line: &str) -> Line {
    serde_json::from_str(line).expect("a line is an object of JSON")
}

fn text(line: &Line, key: &str) -> String {
    serde_json::from_str(line[key].get()).expect("a text")
}

/// serde_json reads a number with an error of one bit; the standard library reads it exactly.
fn shown(value: &RawValue) -> String {
    match value.get() {
        quoted if quoted.starts_with('"') => serde_json::from_str(quoted).expect("a text"),
        plain => plain
            .parse::<f64>()
            .map_or(plain.to_owned(), |number| number.to_string()),
    }
}

fn push(rows: &mut Vec<RecordRow>, line: &Line, vin: &str, parent: &[String]) {
    let columns = |key: &str| -> Vec<Option<String>> {
        let names = match (key, text(line, "record").as_str()) {
            ("key", "test_trip") => &["start"][..],
            ("key", _) => &["number"],
            ("values", "test_trip") => &["distance", "electric", "purpose", "energy"],
            _ => &["until"],
        };
        let values = parsed(line[key].get());
        let told = names.iter().filter_map(|name| values.get(*name));
        told.map(|value| (value.get() != "null").then(|| shown(value)))
            .collect()
    };
    let own = columns("key").into_iter().flatten();
    let key: Vec<String> = parent.iter().cloned().chain(own).collect();
    if let Some(children) = line.get("children") {
        let children: Vec<Line> = serde_json::from_str(children.get()).expect("parts");
        children.iter().for_each(|child| push(rows, child, vin, &key));
    }
    rows.push(RecordRow {
        kind: text(line, "record"),
        vin: vin.to_owned(),
        key,
        revision: line["revision"].get().parse().expect("a number"),
        state: text(line, "state"),
        values: columns("values"),
    });
}
