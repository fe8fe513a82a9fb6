//! A record with its reasons for programs.

use collector_core::{Column, Evidence, Record, Value};
use serde_json::{Map, Value as Json, json};

use super::along::{Reasons, reasons};
use super::choice::Found;
use super::{rules, text};

/// The record that is meant with its place, and those that may be.
pub fn document(record: Option<(&Record, &Found)>, found: &[Found]) -> Json {
    let candidates = found.iter().rev().map(|one| {
        json!({
            "kind": one.kind,
            "vehicle": one.vehicle.name,
            "start": one.start,
            "revision": one.revision,
            "withdrawn": one.is_withdrawn,
            "entry": one.seq,
        })
    });
    json!({
        "record": record.map(|(record, found)| whole(record, found)),
        "candidates": candidates.collect::<Json>(),
    })
}

fn whole(record: &Record, found: &Found) -> Json {
    let values = record.value_columns().map(|(column, value)| {
        let reasons: Json = match reasons(record, column.name) {
            Reasons::Own(own) => own.into_iter().map(reason).collect(),
            Reasons::Along(shared, _) if value.is_some() => [reason(&shared)].into_iter().collect(),
            Reasons::Along(..) => json!([]),
        };
        json!({
            "column": column.name,
            "value": value.map(of),
            "unit": unit(column),
            "reasons": reasons,
        })
    });
    let values: Vec<Json> = values.collect();
    let reasons = values
        .iter()
        .filter_map(|value| value["reasons"].as_array())
        .flatten();
    let named = reasons.filter_map(|reason| reason["rule"].as_str());
    let rules: Map<String, Json> = named
        .map(|rule| (rule.to_owned(), json!(rules::text(rule))))
        .collect();
    json!({
        "kind": record.kind.name,
        "vehicle": record.vehicle.name,
        "start": found.start,
        "at": record.at,
        "state": record.state.as_str(),
        "revision": record.revision,
        "entry": found.seq,
        "values": values,
        "parts": record.children.iter().map(part).collect::<Json>(),
        // What each rule says that is named above.
        "rules": rules,
    })
}

fn reason(reason: &Evidence) -> Json {
    let cited = reason.cited.iter().map(|cited| {
        json!({
            "entry": cited.seq,
            "descriptor": cited.descriptor,
            "name": text::short(cited),
            "measured_at": cited.measured_at,
            "value": cited.value,
        })
    });
    json!({
        "rule": reason.rule,
        "title": rules::title(&reason.rule),
        "low": reason.interval.map(|(low, _)| low),
        "high": reason.interval.map(|(_, high)| high),
        "note": (!reason.note.is_empty()).then_some(&reason.note),
        "cited": cited.collect::<Json>(),
    })
}

fn part(part: &Record) -> Json {
    let keys = part.key_columns().map(|(column, value)| (column, Some(value)));
    let values = keys.chain(part.value_columns()).map(
        |(column, value)| json!({ "column": column.name, "value": value.map(of), "unit": unit(column) }),
    );
    json!({ "kind": part.kind.name, "values": values.collect::<Json>() })
}

fn unit(column: &Column) -> Option<&str> {
    column.unit.as_ref().map(|unit| unit.as_str())
}

fn of(value: &Value) -> Json {
    match value {
        Value::Bool(value) => json!(value),
        Value::Number(value) => json!(value),
        Value::Text(text) => json!(text),
        Value::Timestamp(at) => json!(at),
    }
}
