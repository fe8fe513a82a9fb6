//! The lines of an exported journal, also such whose checksum is right and whose content is anything.

use collector_core::Vin;
use entry_form::lines::{parse_entry, parse_header};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::{Reached, Target};

pub static TARGET: Target = Target {
    name: "exported_lines",
    places: &["entry", "header", "payload as text", "wrong checksum"],
    run,
};

/// In the seeds, and in no message.
const VIN: &str = "WBY8P210X07A12345";
const POSITION: &str = "50.7664380556";

/// A line as its documentation has it.
#[derive(Deserialize, Serialize)]
struct Line {
    seq: u64,
    vin: String,
    account: String,
    source: String,
    origin: String,
    requested_at: Option<Timestamp>,
    received_at: Timestamp,
    readings: u64,
    repeats: u64,
    checksum: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    payload: Option<Box<RawValue>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    payload_text: Option<String>,
}

fn run(input: &[u8], reached: &mut Reached) {
    for line in input.split(|byte| *byte == b'\n') {
        match parse_header(line) {
            Ok(_) => reached.reach("header"),
            Err(error) => hidden(&error.to_string()),
        }
        if let Err(error) = parse_entry(line) {
            let words = error.to_string();
            hidden(&words);
            if words.contains("checksum") {
                reached.reach("wrong checksum");
            }
        }
        if let Some(sealed) = sealed(line) {
            entry(&sealed, reached);
        }
    }
}

/// An error names a place and no value.
fn hidden(words: &str) {
    assert!(
        words.chars().count() < 500 && !words.chars().any(char::is_control),
        "{words:?}"
    );
    assert!(!words.contains(VIN) && !words.contains(POSITION), "{words}");
}

fn entry(line: &Line, reached: &mut Reached) {
    let text = serde_json::to_string(line).expect("a line has a JSON form");
    let imported = match parse_entry(text.as_bytes()) {
        Ok(imported) => imported,
        Err(error) => {
            assert!(
                !error.to_string().contains("checksum"),
                "it was made as documented: {text}"
            );
            return hidden(&error.to_string());
        }
    };
    reached.reach(if line.payload.is_some() {
        "entry"
    } else {
        "payload as text"
    });
    let payload = line
        .payload
        .as_ref()
        .map(|raw| raw.get())
        .or(line.payload_text.as_deref());
    assert_eq!(Some(imported.payload.as_str()), payload, "byte by byte");
    assert_eq!(
        (imported.seq, imported.readings, imported.repeats),
        (line.seq, line.readings, line.repeats)
    );
    assert_eq!(
        (imported.snapshot.received_at, imported.snapshot.requested_at),
        (line.received_at, line.requested_at)
    );
    for reading in &imported.snapshot.readings {
        assert!(imported.payload.contains(reading.body.get()), "byte by byte");
    }
}

/// The line with the checksum that its content has.
fn sealed(line: &[u8]) -> Option<Line> {
    let mut line: Line = serde_json::from_slice(line).ok()?;
    let vin: Vin = line.vin.parse().ok()?;
    let payload = line
        .payload
        .as_ref()
        .map(|raw| raw.get())
        .or(line.payload_text.as_deref())?;
    let mut content = line.seq.to_be_bytes().to_vec();
    let text = |content: &mut Vec<u8>, text: &str| {
        content.extend((text.len() as u64).to_be_bytes());
        content.extend(text.as_bytes());
    };
    for part in [vin.as_str(), &line.account, &line.source, &line.origin] {
        text(&mut content, part);
    }
    match line.requested_at {
        None => content.push(0),
        Some(at) => {
            content.push(1);
            content.extend(at.as_millisecond().to_be_bytes());
        }
    }
    content.extend(line.received_at.as_millisecond().to_be_bytes());
    content.extend(line.readings.to_be_bytes());
    content.extend(line.repeats.to_be_bytes());
    text(&mut content, payload);
    line.checksum = format!("{:08x}", crc32fast::hash(&content));
    Some(line)
}
