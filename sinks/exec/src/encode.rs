//! What the program is told, a line each.

use std::io;

use collector_core::line::{self, EndedLine, ReadingLine, RecordLine};
use collector_core::{Body, Entry, Patterns, Scope, Select};
use serde::Serialize;

/// The version of the protocol.
pub const VERSION: u64 = 1;

/// What a program is started for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    Run,
    /// It is to find out whether it could store, and to store nothing.
    Check,
}

#[derive(Serialize)]
struct Hello<'a> {
    hello: u64,
    mode: Mode,
    sink: &'a str,
    log_id: &'a str,
}

#[derive(Serialize)]
struct SnapshotLine<'a> {
    entry: u64,
    again: bool,
    readings: Vec<ReadingLine<'a>>,
    ended: Vec<EndedLine<'a>>,
}

#[derive(Serialize)]
struct RecordOf<'a> {
    entry: u64,
    again: bool,
    record: RecordLine<'a>,
}

#[derive(Serialize)]
struct Erase {
    erase: What,
}

#[derive(Serialize)]
struct What {
    /// `None`: every vehicle.
    #[serde(skip_serializing_if = "Option::is_none")]
    vins: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    since: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    received_since: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    selects: Vec<Select>,
}

#[derive(Serialize)]
struct Flush {
    flush: u64,
}

pub fn hello(mode: Mode, sink: &str, log_id: &str) -> io::Result<Vec<u8>> {
    let mut out = Vec::new();
    let hello = VERSION;
    append(
        &mut out,
        &Hello {
            hello,
            mode,
            sink,
            log_id,
        },
    )?;
    Ok(out)
}

/// `again`: its owner asked for it, so the number may be one of long ago.
pub fn entry(out: &mut Vec<u8>, told: &Entry, again: bool) -> io::Result<()> {
    let entry = told.seq;
    match &told.body {
        Body::Snapshot(snapshot) => {
            let readings = line::readings(snapshot).collect();
            let ended = line::ended(snapshot).collect();
            append(
                out,
                &SnapshotLine {
                    entry,
                    again,
                    readings,
                    ended,
                },
            )
        }
        Body::Record(record) => {
            let record = RecordLine::from(&**record);
            append(out, &RecordOf { entry, again, record })
        }
        // The contract may grow; what this sink does not know it does not tell.
        _ => Ok(()),
    }
}

/// Vehicles as they are called today are told by their VINs, so that the program need not know names.
pub fn erase(out: &mut Vec<u8>, scope: &Scope) -> io::Result<()> {
    let are_known = !scope.known.is_empty();
    let vins = are_known.then(|| {
        let meant = scope.known.iter().filter(|vehicle| scope.covers_vehicle(vehicle));
        meant.map(|vehicle| vehicle.vin.to_string()).collect()
    });
    let selects = scope.selects.iter().cloned().map(|select| match are_known {
        true => Select {
            vehicles: Patterns::default(),
            ..select
        },
        false => select,
    });
    let erase = What {
        vins,
        since: scope.since.map(line::rfc3339),
        until: scope.until.map(line::rfc3339),
        received_since: scope.begins.map(line::rfc3339),
        selects: selects.filter(|select| !select.is_all()).collect(),
    };
    append(out, &Erase { erase })
}

/// The end of a batch; the program answers with the number.
pub fn flush(out: &mut Vec<u8>, number: u64) -> io::Result<()> {
    append(out, &Flush { flush: number })
}

fn append(out: &mut Vec<u8>, line: &impl Serialize) -> io::Result<()> {
    serde_json::to_writer(&mut *out, line)?;
    out.push(b'\n');
    Ok(())
}

#[cfg(test)]
mod tests {
    use collector_core::testkit::{ended, entry_with, reading, trip, vehicle};
    use collector_core::{RecordState, Value};
    use serde_json::json;

    use super::*;

    fn told(encode: impl FnOnce(&mut Vec<u8>) -> io::Result<()>) -> serde_json::Value {
        let mut out = Vec::new();
        encode(&mut out).unwrap();
        assert_eq!(out.iter().filter(|byte| **byte == b'\n').count(), 1, "one line");
        serde_json::from_slice(&out).unwrap()
    }

    #[test]
    fn an_entry_is_one_line() {
        let text = reading("vehicle.x", "x", Value::Text("a\nb".into()), None, 0);
        let line = told(|out| entry(out, &entry_with(3, vec![text.clone(), text.clone()]), false));
        assert_eq!((&line["entry"], &line["again"]), (&json!(3), &json!(false)));
        assert_eq!(line["readings"][1]["value"], json!("a\nb"));
        let line = told(|out| entry(out, &ended(4, &text.descriptor, 0), true));
        assert_eq!((&line["again"], &line["readings"]), (&json!(true), &json!([])));
        assert_eq!(line["ended"][0]["descriptor"], json!("vehicle.x"));
        let record = Entry::record_of(5, trip(0, 2, RecordState::Final, 1));
        let line = told(|out| entry(out, &record, false));
        assert_eq!(
            (&line["entry"], &line["record"]["revision"]),
            (&json!(5), &json!(2))
        );
    }

    #[test]
    fn a_scope_names_vins_and_leaves_patterns_of_descriptors_to_the_program() {
        let all = Scope::new(vec![Select::default()], None, None);
        assert_eq!(told(|out| erase(out, &all)), json!({"erase": {}}));
        let select = json!({"vehicles": ["i4"], "descriptors": ["soc"]});
        let select: Select = serde_json::from_value(select).unwrap();
        let (one, noon) = (vehicle(false), "2026-03-01T12:00:00Z".parse().ok());
        let scope = Scope::new(vec![select], noon, None).of_journal(vec![one, vehicle(true)], noon);
        let noon = "2026-03-01T12:00:00.000Z";
        assert_eq!(
            told(|out| erase(out, &scope)),
            json!({"erase": {
                "vins": ["WBY8P210X07A12345"], "since": noon, "received_since": noon, "selects": [{"descriptors": ["soc"]}],
            }})
        );
    }
}
