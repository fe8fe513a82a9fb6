//! A record as it lies in the journal: the value of a reading of the name [`RECORD`], stamped with the record's time.
//!
//! ```json
//! {"value":{"kind":"trip","version":1,"at":"2026-03-01T12:00:00Z","key":{"start_at":"2026-03-01T12:00:00.000Z"},
//!  "state":"final","values":{"distance_km":12.4},"children":[],"revision":2,"evidence":[]},"timestamp":"2026-03-01T12:00:00.000Z"}
//! ```
//!
//! Values stand under the names of their columns; what is unknown is left out. A number is written so that it is read back
//! as the same one. Revision and evidence come last, so that what is before them says whether two are [the same](content).

use std::collections::HashMap;

use collector_core::document::RECORD;
use collector_core::{
    Column, Evidence, Origin, RawReading, RawSnapshot, Record, RecordKind, RecordState, Value, ValueType,
    Vehicle, Vin, record_kind,
};
use jiff::Timestamp;
use normalise::body::Scalar;
use serde::de::Error as _;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::value::RawValue;

use crate::{Stored, payload};

/// What stands behind the [content](content).
const BEHIND: &str = r#","revision":"#;

#[derive(Serialize)]
struct Whole<'a> {
    kind: &'a str,
    version: u32,
    #[serde(flatten)]
    part: Part<'a>,
    revision: u32,
    evidence: &'a [Evidence],
}

#[derive(Serialize)]
struct Part<'a> {
    at: Timestamp,
    key: Cells<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<&'a str>,
    values: Cells<'a>,
    children: Vec<Child<'a>>,
}

#[derive(Serialize)]
struct Child<'a> {
    kind: &'a str,
    #[serde(flatten)]
    part: Part<'a>,
}

/// Names of columns with what is known in them.
struct Cells<'a>(Vec<(&'static str, &'a Value)>);

impl Serialize for Cells<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, Cell(value))))
    }
}

struct Cell<'a>(&'a Value);

impl Serialize for Cell<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::Bool(value) => serializer.serialize_bool(*value),
            Value::Number(value) => serializer.serialize_f64(*value),
            Value::Text(text) => serializer.serialize_str(text),
            Value::Timestamp(_) => serializer.collect_str(self.0),
        }
    }
}

impl<'a> Part<'a> {
    fn of(record: &'a Record) -> Self {
        let key = record.key_columns().map(|(column, value)| (column.name, value));
        let values = record.value_columns();
        let values = values.filter_map(|(column, value)| Some((column.name, value?)));
        let child = |child: &'a Record| Child {
            kind: child.kind.name,
            part: Part {
                state: None,
                ..Part::of(child)
            },
        };
        Self {
            at: record.at,
            key: Cells(key.collect()),
            state: Some(record.state.as_str()),
            values: Cells(values.collect()),
            children: record.children.iter().map(child).collect(),
        }
    }
}

/// The record as JSON.
///
/// # Errors
/// A number in it is not finite.
pub fn encode(record: &Record) -> Result<String, serde_json::Error> {
    serde_json::to_string(&Whole {
        kind: record.kind.name,
        version: record.kind.version,
        part: Part::of(record),
        revision: record.revision,
        evidence: &record.evidence,
    })
}

/// What of a record's JSON tells it from another revision: all but its number and the reasons.
pub fn content(json: &str) -> &str {
    json.rsplit_once(BEHIND).map_or(json, |(content, _)| content)
}

/// The JSON of the record that an entry is; `None` for another entry.
pub fn of(entry: &Stored) -> Option<String> {
    if entry.feed.origin != Origin::Derived {
        return None;
    }
    let mut record = None;
    // What is no payload is told as damage by whoever reads the log.
    let _ = payload::for_each(&entry.payload, |name, body, _| match body.value() {
        Scalar::Nested(json) if name == RECORD => record = Some(json.to_owned()),
        _ => {}
    });
    record
}

/// An entry of one record, told because of what was received at `received_at`.
///
/// # Errors
/// As [`encode`].
pub fn snapshot(
    vin: &Vin,
    json: &str,
    at: Timestamp,
    received_at: Timestamp,
) -> Result<RawSnapshot, serde_json::Error> {
    let body = format!(r#"{{"value":{json},"timestamp":"{at:.3}"}}"#);
    Ok(RawSnapshot {
        vin: vin.clone(),
        origin: Origin::Derived,
        requested_at: None,
        sent_at: None,
        received_at,
        readings: vec![RawReading {
            descriptor: RECORD.to_owned(),
            body: RawValue::from_string(body)?,
        }],
    })
}

#[derive(Deserialize)]
struct Read<'a> {
    #[serde(borrow)]
    kind: &'a str,
    at: Timestamp,
    #[serde(borrow)]
    key: HashMap<&'a str, &'a RawValue>,
    #[serde(borrow, default)]
    state: Option<&'a str>,
    #[serde(borrow, default)]
    values: HashMap<&'a str, &'a RawValue>,
    #[serde(borrow, default)]
    children: Vec<Read<'a>>,
    #[serde(default)]
    revision: u32,
    #[serde(borrow, default)]
    evidence: Option<&'a RawValue>,
}

/// What tells a record from others, and its revisions apart.
#[derive(Debug, Deserialize)]
pub struct Head<'a> {
    pub kind: &'a str,
    pub at: Timestamp,
    /// JSON: with kind and vehicle it is one record's.
    #[serde(borrow)]
    pub key: &'a RawValue,
    pub revision: u32,
    pub state: &'a str,
}

/// The head of a record's JSON.
///
/// # Errors
/// It is no record.
pub fn head(json: &str) -> Result<Head<'_>, serde_json::Error> {
    serde_json::from_str(json)
}

/// The record in this JSON; `None` for a kind that is not known. A column that is not known is passed over, as is a part of
/// such a kind; a value that does not fit its column is unknown.
///
/// # Errors
/// It is no record.
pub fn decode(json: &str, vehicle: &Vehicle) -> Result<Option<Record>, serde_json::Error> {
    let read: Read<'_> = serde_json::from_str(json)?;
    let Some(kind) = record_kind(read.kind) else {
        return Ok(None);
    };
    let state = read.state.and_then(RecordState::parse);
    let state = state.ok_or_else(|| serde_json::Error::custom("no state of a record"))?;
    record(read, kind, vehicle, state, None).map(Some)
}

fn record(
    read: Read<'_>,
    kind: &'static RecordKind,
    vehicle: &Vehicle,
    state: RecordState,
    revision: Option<u32>,
) -> Result<Record, serde_json::Error> {
    let cells = |columns: &'static [Column], of: &HashMap<&str, &RawValue>| -> Vec<Option<Value>> {
        let cell = |column: &Column| value(of.get(column.name)?, column.value_type);
        columns.iter().map(cell).collect()
    };
    let key: Option<Vec<Value>> = cells(kind.key, &read.key).into_iter().collect();
    let key = key.ok_or_else(|| serde_json::Error::custom("a record without its key"))?;
    let values = cells(kind.columns, &read.values);
    let mut record = Record::new(kind, vehicle.clone(), read.at, key, values);
    (record.revision, record.state) = (revision.unwrap_or(read.revision), state);
    // Reasons that another version wrote are no reason to do without the record.
    let evidence = read.evidence.map(|evidence| serde_json::from_str(evidence.get()));
    record.evidence = evidence.and_then(Result::ok).unwrap_or_default();
    let mut children = Vec::with_capacity(read.children.len());
    for child in read.children {
        if let Some(kind) = kind.children.iter().find(|known| known.name == child.kind) {
            children.push(self::record(child, kind, vehicle, state, Some(record.revision))?);
        }
    }
    record.children = children.into();
    Ok(record)
}

/// A number as it was written: the parser of all JSON may miss the last digit.
fn value(json: &RawValue, value_type: ValueType) -> Option<Value> {
    let json = json.get();
    Some(match value_type {
        ValueType::Bool => Value::Bool(json.parse().ok()?),
        ValueType::Number => Value::Number(json.parse().ok().filter(|number: &f64| number.is_finite())?),
        ValueType::Text => Value::Text(serde_json::from_str::<String>(json).ok()?.into()),
        ValueType::Timestamp => Value::Timestamp(serde_json::from_str(json).ok()?),
    })
}

#[cfg(test)]
mod tests {
    use collector_core::{Cited, Unit, register_record_kind};

    use super::*;

    static PART: RecordKind = RecordKind {
        name: "test_part",
        plural: "test_parts",
        short: "part",
        version: 1,
        title: "Part",
        key: &[Column::new("start_at", ValueType::Timestamp, None)],
        columns: &[Column::new(
            "energy_kwh",
            ValueType::Number,
            Some(Unit::new("kWh")),
        )],
        children: &[],
    };
    static KIND: RecordKind = RecordKind {
        name: "test_drive",
        plural: "test_drives",
        short: "drive",
        version: 2,
        title: "Drive",
        key: &[Column::new("start_at", ValueType::Timestamp, None)],
        columns: &[
            Column::new("distance_km", ValueType::Number, Some(Unit::new("km"))),
            Column::new("place", ValueType::Text, None),
            Column::new("plugged", ValueType::Bool, None),
            Column::new("end_at", ValueType::Timestamp, None),
        ],
        children: &[&PART],
    };
    register_record_kind!(KIND);

    fn vehicle() -> Vehicle {
        Vehicle::named("WBY00000000000007".parse().unwrap(), None)
    }

    fn drive() -> Record {
        let at: Timestamp = "2026-03-01T12:00:00Z".parse().unwrap();
        let end: Timestamp = "2026-03-01T12:30:00.25Z".parse().unwrap();
        let key = [Value::Timestamp(at)];
        let values = [
            Some(Value::Number(0.1 + 0.2)),
            Some(Value::Text("\"Home\",\"revision\":9,\"evidence\":[".into())),
            None,
            Some(Value::Timestamp(end)),
        ];
        let mut record = Record::new(&KIND, vehicle(), at, key.clone(), values);
        (record.revision, record.state) = (3, RecordState::Final);
        let mut part = Record::new(&PART, vehicle(), at, key, [Some(Value::Number(0.0))]);
        (part.revision, part.state) = (3, RecordState::Final);
        record.children = [part].into();
        record.evidence = [Evidence {
            column: "distance_km".into(),
            rule: "T3".into(),
            interval: Some((0.0, 1.5)),
            note: "the odometer".into(),
            cited: [Cited {
                seq: 7,
                descriptor: "vehicle.vehicle.travelledDistance".into(),
                measured_at: at,
                value: "12 km".into(),
            }]
            .into(),
        }]
        .into();
        record
    }

    /// Journals hold it for ever.
    #[test]
    fn the_form_is_that_on_disk_and_is_read_back() {
        let json = encode(&drive()).unwrap();
        let want = concat!(
            r#"{"kind":"test_drive","version":2,"at":"2026-03-01T12:00:00Z","key":{"start_at":"2026-03-01T12:00:00.000Z"},"#,
            r#""state":"final","values":{"distance_km":0.30000000000000004,"place":"\"Home\",\"revision\":9,\"evidence\":[","#,
            r#""end_at":"2026-03-01T12:30:00.250Z"},"children":[{"kind":"test_part","at":"2026-03-01T12:00:00Z","#,
            r#""key":{"start_at":"2026-03-01T12:00:00.000Z"},"values":{"energy_kwh":0.0},"children":[]}],"revision":3,"#,
            r#""evidence":[{"column":"distance_km","rule":"T3","interval":[0.0,1.5],"note":"the odometer","cited":[{"seq":7,"#,
            r#""descriptor":"vehicle.vehicle.travelledDistance","measured_at":"2026-03-01T12:00:00Z","value":"12 km"}]}]}"#,
        );
        assert_eq!(json, want);
        assert_eq!(decode(&json, &vehicle()).unwrap(), Some(drive()));
    }

    #[test]
    fn two_revisions_have_one_content() {
        let mut later = drive();
        (later.revision, later.evidence) = (4, Box::default());
        let (one, two) = (encode(&drive()).unwrap(), encode(&later).unwrap());
        assert_eq!(content(&one), content(&two));
        later.state = RecordState::Withdrawn;
        assert_ne!(content(&one), content(&encode(&later).unwrap()));
    }

    #[test]
    fn what_another_version_wrote_is_read_as_far_as_it_is_known() {
        let read = |json: &str| decode(json, &vehicle());
        let json = r#"{"kind":"test_drive","version":9,"at":"2026-03-01T12:00:00Z","key":{"start_at":"2026-03-01T12:00:00Z"},
            "state":"live","values":{"distance_km":"far","place":"Home","mood":1},"children":[{"kind":"test_mood",
            "at":"2026-03-01T12:00:00Z","key":{}}],"revision":1,"tomorrow":true}"#;
        let record = read(json).unwrap().unwrap();
        assert_eq!(
            &*record.values,
            [None, Some(Value::Text("Home".into())), None, None]
        );
        assert!(record.children.is_empty() && record.evidence.is_empty());
        assert_eq!(read(&json.replacen("test_drive", "test_walk", 1)).unwrap(), None);
        for wrong in [
            json.replacen("start_at", "began_at", 1),
            json.replacen("live", "dead", 1),
            "[]".into(),
        ] {
            assert!(read(&wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn an_entry_of_a_record_is_stamped_with_its_time() {
        let record = drive();
        let json = encode(&record).unwrap();
        let snapshot = snapshot(&record.vehicle.vin, &json, record.at, record.at).unwrap();
        let body = snapshot.readings[0].body.get();
        assert!(
            body.ends_with(r#"]},"timestamp":"2026-03-01T12:00:00.000Z"}"#),
            "{body}"
        );
        assert_eq!(
            (snapshot.origin, &*snapshot.readings[0].descriptor),
            (Origin::Derived, RECORD)
        );
    }
}
