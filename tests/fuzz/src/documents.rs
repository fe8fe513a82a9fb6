//! What BMW has beside telematic data: out of the answer, into a payload of the journal, out of it as documents, and the
//! records that are derived of these.

use std::collections::BTreeMap;

use cardata_api::fuzzing::Received;
use collector_core::document::{CHARGING_SESSION, CHARGING_SETTINGS, IMAGE, TYRES, VEHICLE};
use collector_core::{Document, Entry, Origin, RawReading, Record, RecordState, Snapshot, Value, Vehicle};
use derive::{Deriver, Rules};
use entry_form::{record, typed};
use jiff::Timestamp;
use normalise::known::KnownDescriptors;
use source_documents::fuzzing::{charging_sessions, charging_settings, document};

use crate::journal_payload::{encode, window};
use crate::{Reached, Target};

pub static TARGET: Target = Target {
    name: "documents",
    places: &[
        "battery_health",
        "charging_session",
        "charging_setting",
        "next page",
        "no picture",
        "picture",
        "stamped",
        "tyre",
        "vehicle",
    ],
    run,
};

const HOUR_MS: i64 = 3_600_000;

/// A sound document of each name, which comes before and after what is tried.
const SOUND: [(&str, &str); 4] = [
    (VEHICLE, r#"{"brand":"BMW","modelName":"i4 M50"}"#),
    (
        TYRES,
        r#"{"passengerCar":{"mountedTyres":{"frontLeft":{"season":{"season":"SUMMER"}}}}}"#,
    ),
    (
        CHARGING_SETTINGS,
        r#"[{"clusterLocationId":"sound","acCurrentLimit":16}]"#,
    ),
    (
        CHARGING_SESSION,
        r#"{"startTime":1772270000,"endTime":1772280000,"displayedStartSoc":40,"displayedSoc":60,"energyConsumedFromPowerGridKwh":17}"#,
    ),
];

fn run(input: &[u8], reached: &mut Reached) {
    let received = Received {
        token: "",
        status: 200,
        body: input,
        cut_short: false,
    };
    let image = received.image().expect("whatever comes is a picture or none");
    match &image {
        Some(image) => {
            assert_eq!(image.bytes, input);
            reached.reach("picture");
        }
        None if input.starts_with(b"\x89PNG") => reached.reach("no picture"),
        None => {}
    }
    let mut readings = Vec::new();
    if let Ok(page) = received.page() {
        in_their_order(input, page.items.iter().map(|item| item.get()));
        if page.next.is_some() {
            reached.reach("next page");
        }
        let sessions = charging_sessions(&page, window().received_at.as_second());
        assert_eq!(sessions.len(), page.items.len());
        readings.extend(sessions);
        readings.push(charging_settings(&page).expect("a list of JSON is JSON"));
    }
    if let Ok(object) = received.object() {
        in_their_order(input, [object.get()].into_iter());
        let read = |name| document(name, object.get(), None).expect("JSON is JSON");
        readings.extend([VEHICLE, TYRES, IMAGE].map(read));
    }
    if readings
        .iter()
        .any(|reading| reading.body.get().contains(r#","timestamp":""#))
    {
        reached.reach("stamped");
    }
    derived(&kept(&readings), reached);
}

/// Each part byte by byte in the answer, one behind the other.
fn in_their_order<'a>(input: &[u8], parts: impl Iterator<Item = &'a str>) {
    let mut rest = std::str::from_utf8(input).expect("JSON is UTF-8");
    for part in parts {
        let found = rest.find(part).expect("as it was sent, in its order");
        rest = &rest[found + part.len()..];
    }
}

/// What the journal gives back: all that are objects or lists, byte by byte.
fn kept(readings: &[RawReading]) -> Vec<Document> {
    let parts = readings
        .iter()
        .map(|reading| (reading.descriptor.as_str(), &*reading.body, 0));
    let payload = encode(parts);
    let known = KnownDescriptors::default();
    let decoded = typed::readings(&payload, 0, window(), &Default::default(), &known)
        .expect("what was written is readable");
    assert!(decoded.complete && decoded.readings.is_empty() && decoded.record.is_none());
    let values = readings.iter().filter_map(|reading| {
        let value = reading.body.get().strip_prefix(r#"{"value":"#).expect("a value");
        value
            .starts_with(['{', '['])
            .then_some((&reading.descriptor, value))
    });
    let values: Vec<_> = values.collect();
    assert_eq!(decoded.documents.len(), values.len());
    for (document, (name, value)) in decoded.documents.iter().zip(values) {
        assert_eq!(*document.name, **name);
        let behind = value.strip_prefix(&*document.json).expect("byte by byte");
        assert!(
            behind == "}" || behind.starts_with(r#","timestamp":""#),
            "{behind}"
        );
    }
    decoded.documents
}

/// The records of documents, and that sound ones that come beside them are derived all the same.
fn derived(documents: &[Document], reached: &mut Reached) {
    let now = window().received_at;
    let sound: Vec<Document> = SOUND
        .iter()
        .map(|(name, json)| Document {
            name: (*name).into(),
            at: now,
            json: (*json).into(),
        })
        .collect();
    for record in Deriver::new(Rules::default()).fold(&entry(1, 0, documents)) {
        reached.reach(record.kind.name);
    }
    let mut deriver = Deriver::new(Rules::default());
    let mut standing = BTreeMap::new();
    for (seq, hours, documents) in [(1, 0, &*sound), (2, 1, documents), (3, 30, &*sound)] {
        for record in deriver.fold(&entry(seq, hours, documents)) {
            sound_record(&record);
            standing.insert(format!("{} {:?}", record.kind.name, record.key), record);
        }
        let state = deriver.state();
        deriver = Deriver::restore(Rules::default(), &state).expect("a state is readable");
        assert_eq!(deriver.state(), state);
    }
    standing.retain(|_, record| record.state != RecordState::Withdrawn);
    for kind in ["vehicle", "tyre", "charging_setting", "charging_session"] {
        assert!(
            standing.values().any(|record| record.kind.name == kind),
            "no {kind} among {standing:?}"
        );
    }
}

/// An entry that came so many hours after noon.
fn entry(seq: u64, hours: i64, documents: &[Document]) -> Entry {
    let noon = window().received_at.as_millisecond();
    let received_at = Timestamp::from_millisecond(noon + hours * HOUR_MS).expect("a time");
    let mut snapshot = Snapshot::new(vehicle(), "a".into(), "s".into(), Origin::Poll, received_at);
    snapshot.documents = documents.to_vec();
    Entry::snapshot_of(seq, snapshot)
}

fn vehicle() -> Vehicle {
    Vehicle::named("WBY8P210X07A12345".parse().expect("a VIN"), None)
}

/// What holds of every record: it can be stored and is read back, and no number is none.
fn sound_record(record: &Record) {
    for part in record.children.iter().chain([record]) {
        let numbers = part.value_columns().filter_map(|(_, value)| match value {
            Some(Value::Number(number)) => Some(*number),
            _ => None,
        });
        numbers.for_each(|number| assert!(number.is_finite(), "{part:?}"));
    }
    let json = record::encode(record).expect("a record has a form");
    let read = record::decode(&json, &vehicle()).expect("what was written is readable");
    assert_eq!(read.as_ref(), Some(record));
}
