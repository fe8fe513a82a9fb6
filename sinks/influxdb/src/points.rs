//! Points of records: one for the record and one for each of its parts, told by the description of its kind alone.
//!
//! A point is found by measurement, tags and time. What tells a record from others of its vehicle and kind is in
//! there: texts, numbers and truth values of its key are tags. A time is not, because every record would make a
//! series of its own: one that is not the time of the point itself shifts the point within its millisecond. What
//! stands in a field or tag called `record.…`, or `<kind>.…` for the key of the record above, can be no column.

use std::collections::BTreeMap;

use collector_core::{Record, RecordKind, RecordState, Value, Vehicle};
use influxdb2::models::DataPoint;
use jiff::Timestamp;

use crate::config::Tag;
use crate::encode::{Encoder, field_value, is_reserved, nanoseconds, tag_value, unfit, write};
use crate::meant::{Meant, equals};

/// The tag that tells measurements of records from those of others.
pub const KIND: &str = "record.kind";
/// In a part of a record, the time of the whole.
pub const AT: &str = "record.at";
pub const REVISION: &str = "revision";
pub const STATE: &str = "state";

/// In nanoseconds. A prime, so that a shift never fills the millisecond.
const LONGEST_SHIFT: i64 = 999_983;

/// Where a point stands.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    pub measurement: String,
    pub tags: BTreeMap<String, String>,
    /// In nanoseconds.
    pub time: i64,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Point {
    pub place: Place,
    pub fields: BTreeMap<String, Value>,
}

/// The key of a record, and of those that it is a part of.
#[derive(Debug, Clone, Default)]
struct Identity {
    tags: BTreeMap<String, String>,
    times: BTreeMap<String, Timestamp>,
}

impl Identity {
    fn with(&self, record: &Record, prefix: &str) -> Self {
        let mut identity = self.clone();
        for (column, value) in record.key_columns() {
            let name = format!("{prefix}{}", column.name);
            if let Value::Timestamp(time) = value {
                identity.times.insert(name, *time);
                continue;
            }
            let text = value.to_string();
            let text = Some(tag_value(&text)).filter(|text| !text.is_empty());
            identity
                .tags
                .insert(name, text.map_or_else(|| "-".to_owned(), Into::into));
        }
        identity
    }

    /// How many nanoseconds later than `at` the point stands; none where each time is `at`.
    fn shift(&self, at: Timestamp) -> i64 {
        let apart =
            |time: &Timestamp| time.as_millisecond().saturating_sub(at.as_millisecond()) % LONGEST_SHIFT;
        let times = self.times.values().map(apart);
        times.fold(0, |shift, apart| (shift * 31 + apart).rem_euclid(LONGEST_SHIFT))
    }
}

impl Place {
    /// This point and no other.
    pub fn meant(&self) -> Meant {
        Meant {
            measurement: self.measurement.clone(),
            tags: self.tags.clone(),
            first: Some(self.time),
            last: Some(self.time),
        }
    }
}

impl Point {
    /// A point that says no more than that there is none any more.
    pub fn withdrawn(place: Place, revision: u32) -> Self {
        let fields = settled(revision, RecordState::Withdrawn);
        Self { place, fields }
    }

    /// Appends its line, with its time in nanoseconds.
    pub fn line(&self, out: &mut Vec<u8>) {
        let mut point = DataPoint::builder(self.place.measurement.as_str()).timestamp(self.place.time);
        for (key, value) in &self.place.tags {
            point = point.tag(key, value);
        }
        for (key, value) in &self.fields {
            point = point.field(key, field_value(value));
        }
        write(point, out);
    }
}

impl Encoder {
    /// Where the records of a kind stand.
    pub fn measurement_of(&self, kind: &str) -> String {
        format!("{}_{kind}", self.0.measurement)
    }

    /// Where it stands which of them are withdrawn, so that an earlier revision that comes late does not bring one back.
    pub fn withdrawn_of(&self, kind: &str) -> String {
        format!("{}.withdrawn", self.measurement_of(kind))
    }

    /// What tells the points of one vehicle from those of others, and of others who write there.
    pub fn meant(&self, measurement: String, vehicle: &str) -> Meant {
        let mut tags = self.0.fixed_tags.clone();
        tags.insert(self.vehicle_tag().key().to_owned(), vehicle.to_owned());
        Meant {
            measurement,
            tags,
            first: None,
            last: None,
        }
    }

    pub fn vehicle_tag(&self) -> Tag {
        match self.0.tags.contains(&Tag::Vin) {
            true => Tag::Vin,
            false => Tag::Vehicle,
        }
    }

    /// The value of [`vehicle_tag`](Self::vehicle_tag).
    pub fn vehicle_value(&self, vehicle: &Vehicle) -> String {
        match self.vehicle_tag() {
            Tag::Vin => vehicle.vin.to_string(),
            _ => tag_value(&vehicle.name).into_owned(),
        }
    }

    /// The points of a record, its parts first; of a withdrawn one the point that says so. Else why no line can hold it.
    pub fn points(&self, record: &Record) -> Result<Vec<Point>, String> {
        let mut points = Vec::new();
        self.add(record, &Identity::default(), record, &mut points)?;
        let Some(whole) = points.pop() else {
            return Ok(points);
        };
        if record.state != RecordState::Withdrawn {
            points.push(whole);
            return Ok(points);
        }
        let place = Place {
            measurement: self.withdrawn_of(record.kind.name),
            ..whole.place
        };
        Ok(vec![Point::withdrawn(place, record.revision)])
    }

    /// Questions for everything that stands there of a record, whatever its revision: first for the record itself,
    /// then for its parts.
    pub fn questions(&self, record: &Record) -> Vec<String> {
        let vehicle = self.vehicle_value(&record.vehicle);
        let own = Identity::default().with(record, "");
        let at = nanoseconds(record.at).map(|at| at + own.shift(record.at));
        let question = |measurement: String, kind: &RecordKind, identity: Identity| {
            let mut meant = self.meant(measurement, &vehicle).with(KIND, kind.name);
            meant.tags.extend(identity.tags);
            meant
        };
        let mut questions = Vec::new();
        for measurement in [
            self.measurement_of(record.kind.name),
            self.withdrawn_of(record.kind.name),
        ] {
            let mut meant = question(measurement, record.kind, own.clone());
            (meant.first, meant.last) = (at, at);
            questions.push(format!("SELECT * {} GROUP BY *", meant.clause()));
        }
        let above = Identity::default().with(record, &format!("{}.", record.kind.name));
        for kind in descendants(record.kind) {
            let meant = question(self.measurement_of(kind.name), kind, above.clone());
            let mut clause = meant.clause();
            for (name, time) in &above.times {
                let time = Value::Timestamp(*time).to_string();
                clause = format!("{clause} AND {}", equals(name, &time));
            }
            questions.push(format!("SELECT * {clause} GROUP BY *"));
        }
        questions
    }

    fn add(
        &self,
        record: &Record,
        above: &Identity,
        whole: &Record,
        points: &mut Vec<Point>,
    ) -> Result<(), String> {
        let below = above.with(record, &format!("{}.", record.kind.name));
        for part in &record.children {
            self.add(part, &below, whole, points)?;
        }
        let own = above.with(record, "");
        let Some(at) = nanoseconds(record.at) else {
            return Err("InfluxDB keeps times from 1677 to 2262 only".to_owned());
        };
        let place = Place {
            measurement: self.measurement_of(record.kind.name),
            time: at + own.shift(record.at),
            tags: self.tags(record, own.tags)?,
        };
        let mut fields = settled(whole.revision, whole.state);
        let times = own.times.into_iter();
        fields.extend(times.map(|(name, time)| (name, Value::Timestamp(time))));
        if !std::ptr::eq(record, whole) {
            fields.insert(AT.to_owned(), Value::Timestamp(whole.at));
        }
        for (column, value) in record.value_columns() {
            let Some(value) = value else { continue };
            fields.insert(column.name.to_owned(), value.clone());
        }
        for (name, value) in &fields {
            if is_reserved(name) {
                return Err(format!("InfluxDB cannot have a field called {name:?}"));
            }
            if let Some(reason) = unfit(value) {
                return Err(format!("{name}: {reason}"));
            }
        }
        points.push(Point { place, fields });
        Ok(())
    }

    fn tags(
        &self,
        record: &Record,
        identity: BTreeMap<String, String>,
    ) -> Result<BTreeMap<String, String>, String> {
        let mut tags = self.0.fixed_tags.clone();
        if let Some(key) = identity.keys().find(|key| tags.contains_key(*key)) {
            let kind = record.kind.name;
            return Err(format!(
                "`fixed_tags` has a `{key}`, and so has the key of a {kind}: choose another name for the tag"
            ));
        }
        tags.extend(identity);
        tags.insert(KIND.to_owned(), record.kind.name.to_owned());
        let chosen = |tag: Tag| self.0.tags.contains(&tag);
        if chosen(Tag::Vin) {
            tags.insert(Tag::Vin.key().to_owned(), record.vehicle.vin.to_string());
        }
        let name = tag_value(&record.vehicle.name);
        if chosen(Tag::Vehicle) && !name.is_empty() {
            tags.insert(Tag::Vehicle.key().to_owned(), name.into_owned());
        }
        Ok(tags)
    }
}

fn settled(revision: u32, state: RecordState) -> BTreeMap<String, Value> {
    let revision = Value::Number(f64::from(revision));
    let state = Value::Text(state.as_str().into());
    [(REVISION.to_owned(), revision), (STATE.to_owned(), state)].into()
}

/// Every kind of parts, at whatever depth.
fn descendants(kind: &RecordKind) -> Vec<&'static RecordKind> {
    let mut found: Vec<&'static RecordKind> = Vec::new();
    let mut next: Vec<&'static RecordKind> = kind.children.to_vec();
    while let Some(kind) = next.pop() {
        if !found.iter().any(|known| known.name == kind.name) {
            found.push(kind);
            next.extend(kind.children);
        }
    }
    found
}
