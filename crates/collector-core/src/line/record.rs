//! A record as an object of JSON, children inside it.

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use super::{rfc3339, typed};
use crate::{Column, Record, Value};

/// One record, whole.
#[derive(Serialize)]
pub struct RecordLine<'a> {
    /// The name of the kind; no reading has this key.
    record: &'static str,
    version: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    vehicle: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    vin: Option<&'a str>,
    at: String,
    key: Columns<'a>,
    revision: u32,
    state: &'static str,
    values: Columns<'a>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    children: Vec<RecordLine<'a>>,
}

struct Columns<'a>(Vec<(&'static Column, Option<&'a Value>)>);

impl Serialize for Columns<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        struct Typed<'a>(&'a Value);
        impl Serialize for Typed<'_> {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                typed(self.0, serializer)
            }
        }
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (column, value) in &self.0 {
            map.serialize_entry(column.name, &value.map(Typed))?;
        }
        map.end()
    }
}

impl<'a> From<&'a Record> for RecordLine<'a> {
    fn from(record: &'a Record) -> Self {
        line(record, true)
    }
}

/// A child is of its parent's vehicle.
fn line(record: &Record, is_parent: bool) -> RecordLine<'_> {
    let key = record.key_columns().map(|(column, value)| (column, Some(value)));
    RecordLine {
        record: record.kind.name,
        version: record.kind.version,
        vehicle: is_parent.then_some(&record.vehicle.name),
        vin: is_parent.then(|| record.vehicle.vin.as_str()),
        at: rfc3339(record.at),
        key: Columns(key.collect()),
        revision: record.revision,
        state: record.state.as_str(),
        values: Columns(record.value_columns().collect()),
        children: record.children.iter().map(|child| line(child, false)).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::RecordState;
    use crate::testkit::trip;

    #[test]
    fn a_line_has_every_key_in_order() {
        let record = trip(0, 2, RecordState::Live, 1);
        assert_eq!(
            serde_json::to_string(&RecordLine::from(&record)).unwrap(),
            concat!(
                r#"{"record":"test_trip","version":1,"vehicle":"i4","vin":"WBY8P210X07A12345","#,
                r#""at":"2026-03-01T12:00:00.000Z","key":{"start":"2026-03-01T12:00:00.000Z"},"revision":2,"state":"live","#,
                r#""values":{"distance":2.5,"electric":null,"purpose":"work, \"home\""},"children":[{"record":"test_trip_stop","#,
                r#""version":1,"at":"2026-03-01T12:00:01.000Z","key":{"number":1},"revision":2,"state":"live","values":{"until":null}}]}"#,
            )
        );
    }
}
