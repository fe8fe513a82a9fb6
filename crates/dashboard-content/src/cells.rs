//! Values, records and times as the parts of views.

use collector_core::mask::readable;
use collector_core::{Unit, Value};
use history::read::{Latest, ReadingRow, RecordRow};
use jiff::Timestamp;

use crate::Options;
use crate::shown;
use crate::view::parts::{Cell, Fact, Moment};
use crate::view::{frame, texts};

/// What stands where nothing is known.
pub const UNKNOWN: &str = "–";

/// How times and values are told on one page.
#[derive(Clone, Copy)]
pub struct Reading<'a> {
    pub options: &'a Options,
    pub now: Timestamp,
}

impl Reading<'_> {
    pub fn moment(&self, at: Timestamp) -> Moment {
        let zoned = at.to_zoned(self.options.timezone.clone());
        Moment {
            iso: format!("{at:.0}"),
            text: zoned.strftime("%a %-d %b %Y, %H:%M").to_string(),
            age: texts::age(at, self.now),
        }
    }

    /// A number of a canonical unit, so exact, with its unit for this reader.
    pub fn number(&self, number: f64, unit: &str, decimals: usize) -> (String, String) {
        let (number, unit) = self.options.units.read_as(number, unit);
        (decimal(number, decimals), unit.to_owned())
    }

    /// The same in one text: `38.1 kWh`.
    pub fn quantity(&self, number: f64, unit: &str, decimals: usize) -> String {
        let (text, unit) = self.number(number, unit, decimals);
        match unit.as_str() {
            "" => text,
            unit => format!("{text} {unit}"),
        }
    }

    /// What a vehicle said last by one key, under a label; `key` is what events call it.
    pub fn fact(&self, label: &str, vehicle: &str, key: &str, reading: &ReadingRow) -> Fact {
        let unit = reading.unit.as_deref().map(Unit::other);
        let shown = shown::named(key, &reading.value, unit.as_ref(), self.options);
        Fact {
            live: live(vehicle, key),
            label: label.to_owned(),
            value: shown.text,
            unit: shown.unit,
            is_words: !matches!(reading.value, Value::Number(_)),
            at: Some(self.moment(reading.measured_at)),
            origin: origin(reading),
            ..Fact::default()
        }
    }

    /// A number of a record; a dash where it is unknown.
    pub fn of_record(
        &self,
        label: &str,
        record: &RecordRow,
        column: &str,
        unit: &str,
        decimals: usize,
    ) -> Fact {
        let (value, unit) = match record.number(column) {
            Some(number) => self.number(number, unit, decimals),
            None => (UNKNOWN.to_owned(), String::new()),
        };
        Fact {
            label: label.to_owned(),
            value,
            unit,
            ..Fact::default()
        }
    }

    /// A number of a record in a table, sorted by itself.
    pub fn cell(&self, record: &RecordRow, column: &str, unit: &str, decimals: usize) -> Cell {
        match record.number(column) {
            Some(number) => Cell::sorted(self.quantity(number, unit, decimals), number),
            None => Cell::text(UNKNOWN),
        }
    }

    /// A moment in a table, sorted by itself.
    pub fn at(&self, at: Timestamp) -> Cell {
        Cell {
            sort: at.as_millisecond().to_string(),
            at: Some(self.moment(at)),
            ..Cell::default()
        }
    }
}

/// What a value is called in events.
pub fn live(vehicle: &str, key: &str) -> String {
    format!("{vehicle}/{key}")
}

/// How a value came: `measured, stream`.
pub fn origin(reading: &ReadingRow) -> String {
    shown::whence(reading.origin, reading.stamp, None)
}

/// With so many decimals, but for those that say nothing.
pub fn decimal(number: f64, decimals: usize) -> String {
    let text = format!("{number:.decimals$}");
    match text.as_str() {
        "-0" => "0".to_owned(),
        _ => text,
    }
}

/// How long something took: `5 h 37 min`.
pub fn duration(from: Timestamp, to: Timestamp) -> String {
    let minutes = to.duration_since(from).as_secs().max(0) / 60;
    match minutes {
        0..60 => format!("{minutes} min"),
        60..2_880 => format!("{} h {:02} min", minutes / 60, minutes % 60),
        _ => format!("{} d {} h", minutes / 1_440, minutes % 1_440 / 60),
    }
}

/// Without an origin, under the label of that text.
pub fn fact(label: &'static str, value: String, unit: &str) -> Fact {
    Fact {
        label: texts::t(label).to_owned(),
        value,
        unit: unit.to_owned(),
        ..Fact::default()
    }
}

/// The newest value of a key that has not ended.
pub fn alive<'a>(latest: &'a [Latest], name: &str) -> Option<&'a Latest> {
    latest
        .iter()
        .find(|one| one.name == name && one.ended_at.is_none())
}

/// The page that says why a record is as it is.
pub fn why(root: &str, kind: &str, vehicle: &str, key: &str) -> String {
    format!(
        "{root}why/{kind}/{}/{}",
        frame::segment(vehicle),
        frame::segment(key)
    )
}

/// The key of a record as a URL and `cardata why` have it: `2026-03-01T17:05:00Z`.
pub fn key(record: &RecordRow) -> String {
    let word = |value: &Value| match value {
        Value::Timestamp(at) => {
            let text = format!("{at:.3}");
            text.replace(".000Z", "Z")
        }
        value => readable(&value.to_string()),
    };
    record.key().map(word).collect::<Vec<_>>().join(" ")
}
