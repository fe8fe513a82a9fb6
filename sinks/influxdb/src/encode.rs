//! Lines: the encoder of `influxdb2` behind what it leaves unguarded.
//!
//! [`DataPoint`] escapes spaces, commas, equals signs and quotes. It lets through backslashes in texts and tags,
//! line breaks in tags, empty tags, and numbers that are not finite; each of them breaks a line or the lines
//! behind it.

use std::borrow::Cow;

use collector_core::{Descriptor, Reading, Snapshot, Stamp, Value};
use influxdb2::models::WriteDataPoint;
use influxdb2::models::data_point::DataPointBuilder;
use influxdb2::models::{DataPoint, FieldValue};
use jiff::Timestamp;

use crate::config::{FieldKey, InfluxdbConfig, Tag};
use crate::target::Precision;

/// InfluxDB's limit for a text, in bytes.
const LONGEST_TEXT: usize = 65_536;

/// How the field of texts of a descriptor ends that is in no catalogue.
const TEXTS: &str = "_text";

/// What all lines have in common: the options, whose names must have been found valid.
#[derive(Debug)]
pub struct Encoder(pub InfluxdbConfig);

impl Encoder {
    /// Why no line can hold the reading; `None` for what can be sent.
    pub fn refuse(&self, reading: &Reading) -> Option<String> {
        let key = self.key(reading);
        if !is_plain(&key) || is_reserved(&key) {
            return Some(format!("InfluxDB cannot have a field called {key:?}"));
        }
        if timestamp(reading, Precision::Nanoseconds).is_none() {
            return Some("InfluxDB keeps times from 1677 to 2262 only".to_owned());
        }
        unfit(&reading.value)
    }

    /// The field that a reading is written to. InfluxDB fixes a field's type with the first write, and a descriptor that is in
    /// no catalogue may turn out to be text: texts and times of such a one have a field of their own.
    pub fn key<'a>(&self, reading: &'a Reading) -> Cow<'a, str> {
        let descriptor = &reading.descriptor;
        match reading.value {
            Value::Text(_) | Value::Timestamp(_) if !descriptor.is_catalogued() => {
                self.text_key(descriptor).into()
            }
            _ => self.own_key(descriptor),
        }
    }

    /// Every field that readings of a descriptor can be in.
    pub fn keys(&self, descriptor: &Descriptor) -> Vec<String> {
        let own = self.own_key(descriptor).into_owned();
        let texts = (!descriptor.is_catalogued()).then(|| self.text_key(descriptor));
        [own].into_iter().chain(texts).collect()
    }

    fn text_key(&self, descriptor: &Descriptor) -> String {
        format!("{}{TEXTS}", self.name(descriptor))
    }

    /// One that is called as the texts of another has one underscore more, so that no two share a field.
    fn own_key<'a>(&self, descriptor: &'a Descriptor) -> Cow<'a, str> {
        let name = self.name(descriptor);
        match !descriptor.is_catalogued() && name.trim_end_matches('_').ends_with(TEXTS) {
            true => format!("{name}_").into(),
            false => name.into(),
        }
    }

    fn name<'a>(&self, descriptor: &'a Descriptor) -> &'a str {
        match self.0.fields {
            FieldKey::Descriptor => descriptor.as_str(),
            FieldKey::Name => descriptor.name(),
        }
    }

    /// Whether readings with these stamps can share a line.
    pub fn same_tags(&self, one: Stamp, other: Stamp) -> bool {
        one == other || !self.0.tags.contains(&Tag::Stamp)
    }

    /// The beginning of every line of a snapshot for readings with this stamp: measurement and tags.
    pub fn head(&self, snapshot: &Snapshot, stamp: Stamp) -> Vec<u8> {
        let mut point = DataPoint::builder(self.0.measurement.as_str()).field("f", true);
        for (key, value) in &self.0.fixed_tags {
            point = point.tag(key, value);
        }
        for tag in &self.0.tags {
            let value = tag_value(property(snapshot, stamp, *tag));
            if !value.is_empty() {
                point = point.tag(tag.key(), value);
            }
        }
        let mut head = Vec::new();
        write(point, &mut head);
        head.truncate(head.len() - " f=t\n".len());
        head
    }

    /// Appends one line. The readings have one timestamp, different keys, and none of them was refused.
    pub fn line<'a>(
        &self,
        head: &[u8],
        readings: impl IntoIterator<Item = &'a Reading>,
        timestamp: i64,
        out: &mut Vec<u8>,
    ) {
        let mut point = DataPoint::builder("").timestamp(timestamp);
        for reading in readings {
            point = point.field(self.key(reading), field_value(&reading.value));
        }
        out.extend_from_slice(head);
        write(point, out);
    }
}

/// Why no field can hold the value.
pub fn unfit(value: &Value) -> Option<String> {
    match value {
        Value::Number(number) if !number.is_finite() => Some(format!("InfluxDB cannot keep {number}")),
        Value::Text(text) if text.len() > LONGEST_TEXT => Some(format!(
            "the text has {} bytes, InfluxDB keeps {LONGEST_TEXT} at most",
            text.len()
        )),
        _ => None,
    }
}

/// Whether measurements, keys and fixed tags can be this text: something, without line breaks, other control
/// characters and backslashes.
pub fn is_plain(text: &str) -> bool {
    !text.trim().is_empty() && !text.contains(|c: char| c.is_control() || c == '\\')
}

/// Keys that InfluxDB uses itself.
pub fn is_reserved(key: &str) -> bool {
    matches!(key, "time" | "_field" | "_measurement")
}

/// A reading's timestamp; `None` outside what InfluxDB can hold. In nanoseconds the occurrence is added, so
/// that different values under one stamp stand side by side.
pub fn timestamp(reading: &Reading, precision: Precision) -> Option<i64> {
    let nanoseconds = nanoseconds(reading.measured_at)?;
    match precision {
        Precision::Milliseconds => Some(reading.measured_at.as_millisecond()),
        Precision::Nanoseconds => nanoseconds.checked_add(i64::from(reading.occurrence)),
    }
}

/// The millisecond of a time in nanoseconds; `None` outside what InfluxDB can hold.
pub fn nanoseconds(time: Timestamp) -> Option<i64> {
    // One second less than 64 bits hold: InfluxDB keeps the outermost values for itself.
    let nanoseconds = time.as_millisecond().checked_mul(1_000_000);
    nanoseconds.filter(|nanoseconds| nanoseconds.unsigned_abs() < i64::MAX as u64 - 1_000_000_000)
}

fn property(snapshot: &Snapshot, stamp: Stamp, tag: Tag) -> &str {
    match tag {
        Tag::Vin => snapshot.vehicle.vin.as_str(),
        Tag::Vehicle => &snapshot.vehicle.name,
        Tag::Account => &snapshot.account,
        Tag::Source => &snapshot.source,
        Tag::Origin => snapshot.origin.as_str(),
        Tag::Stamp => stamp.as_str(),
    }
}

/// A tag cannot hold a line break, and a backslash at its end would take the next comma with it.
pub fn tag_value(text: &str) -> Cow<'_, str> {
    let text = text.trim();
    if !text.contains(|c: char| c.is_control() || c == '\\') {
        return text.into();
    }
    let replaced = text.replace('\\', "/").replace(char::is_control, " ");
    replaced.trim().to_owned().into()
}

pub fn field_value(value: &Value) -> FieldValue {
    match value {
        Value::Bool(value) => FieldValue::Bool(*value),
        // Never an integer: the first write fixes a field's type, and 74 may be 74.5 next time.
        Value::Number(value) => FieldValue::F64(*value),
        Value::Text(text) => FieldValue::String(text.replace('\\', r"\\")),
        Value::Timestamp(_) => FieldValue::String(value.to_string()),
    }
}

#[expect(
    clippy::expect_used,
    reason = "a point with a field builds, and memory takes every byte"
)]
pub fn write(point: DataPointBuilder, out: &mut Vec<u8>) {
    let point = point.build().expect("a point with a field");
    point.write_data_point_to(out).expect("room in memory");
}

#[cfg(test)]
mod tests;
