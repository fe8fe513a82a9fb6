//! Cells and rows: how values are written, and how text that a spreadsheet would run is made harmless.

use std::borrow::Cow;
use std::fmt::Write;

use collector_core::{SinkError, Unit, Value, ValueType, Vehicle, reads_as_number};
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use crate::config::{CsvConfig, Decimal, Layout};
use crate::period;
use crate::plain::plain;

/// Rows in memory.
pub type Rows = csv::Writer<Vec<u8>>;

/// The bytes of the rows.
pub fn finish(rows: Rows) -> Result<Vec<u8>, SinkError> {
    rows.into_inner().map_err(|error| unencodable(&error))
}

/// Writing to memory does not fail; if the library says otherwise, the batch is tried again.
pub fn unencodable(error: &dyn std::fmt::Display) -> SinkError {
    SinkError::transient(format!("encode CSV rows: {error}"))
}

/// Text that a spreadsheet takes as text: what it would take for a formula, and what begins with an
/// apostrophe itself, gets an apostrophe in front. Taking one leading apostrophe away gives the text back.
pub fn harmless(text: &str) -> Cow<'_, str> {
    match text.as_bytes().first() {
        Some(b'=' | b'+' | b'-' | b'@' | b'\t' | b'\r' | b'\n' | b'\'') => Cow::Owned(format!("'{text}")),
        _ => Cow::Borrowed(text),
    }
}

/// The text that a cell holds: what [`harmless`] did to it is undone.
pub fn original(cell: &str) -> &str {
    cell.strip_prefix('\'').unwrap_or(cell)
}

/// The header of a column: its name and, in brackets, the unit.
pub fn heading(layout: Layout, name: &str, unit: Option<&Unit>, value_type: ValueType) -> String {
    match unit {
        Some(unit) => format!("{name} [{unit}]"),
        None if layout == Layout::Wide && value_type == ValueType::Timestamp => format!("{name} [UTC]"),
        None => name.to_owned(),
    }
}

/// The time that a cell of a layout shows, as [`Cells::shown_time`] writes it.
pub fn read_time(layout: Layout, cell: &[u8]) -> Option<Timestamp> {
    let cell = std::str::from_utf8(cell).ok()?;
    match layout {
        Layout::Long => cell.parse().ok(),
        Layout::Wide => {
            let time = DateTime::strptime("%Y-%m-%d %H:%M:%S", cell).ok()?;
            Some(time.to_zoned(TimeZone::UTC).ok()?.timestamp())
        }
    }
}

/// The vehicle that two cells name; its owner may have saved the name in another encoding.
pub fn read_vehicle(name: &[u8], vin: &[u8]) -> Option<Vehicle> {
    let name = String::from_utf8_lossy(name);
    Some(Vehicle {
        vin: std::str::from_utf8(vin).ok()?.parse().ok()?,
        name: original(&name).into(),
    })
}

/// Writes cells. Keeps what neighbouring cells share, so that a cell costs no allocation.
///
/// Times are exact in the long layout, `2026-03-01T12:00:00.000Z`, and what spreadsheets take for a time in the wide
/// one, `2026-03-01 12:00:00`; both in UTC.
pub struct Cells {
    decimal: Decimal,
    layout: Layout,
    text: String,
    /// The day of the last time written, and its date as text.
    day: i64,
    date: String,
}

impl Cells {
    pub fn new(config: &CsvConfig) -> Self {
        Self {
            decimal: config.decimal,
            layout: config.layout,
            text: String::new(),
            day: i64::MIN,
            date: String::new(),
        }
    }

    /// A cell of text from outside.
    pub fn text(&self, rows: &mut Rows, text: &str) -> csv::Result<()> {
        rows.write_field(harmless(text).as_bytes())
    }

    /// The name of a vehicle: never a number to a spreadsheet either. In the long layout the end of its VIN stays as it
    /// is: files of before know it by that, and one vehicle has one spelling.
    pub fn name(&self, rows: &mut Rows, vehicle: &Vehicle) -> csv::Result<()> {
        let is_old = self.layout == Layout::Long && *vehicle.name == *vehicle.vin.production_number();
        match reads_as_number(&vehicle.name) && !is_old {
            true => rows.write_field(format!("'{}", vehicle.name)),
            false => self.text(rows, &vehicle.name),
        }
    }

    pub fn value(&mut self, rows: &mut Rows, value: &Value) -> csv::Result<()> {
        rows.write_field(self.shown(value).as_bytes())
    }

    /// A value as its cell shows it, before quoting.
    pub fn shown<'a>(&'a mut self, value: &'a Value) -> Cow<'a, str> {
        match value {
            Value::Bool(true) => "true".into(),
            Value::Bool(false) => "false".into(),
            Value::Number(number) => self.shown_number(*number).into(),
            Value::Text(text) if self.layout == Layout::Wide => plain(text),
            Value::Text(text) => harmless(text),
            Value::Timestamp(time) => self.shown_time(*time).into(),
        }
    }

    /// Never with an exponent: `f64` displays all digits.
    fn shown_number(&mut self, number: f64) -> &str {
        self.text.clear();
        // Writing to a String does not fail.
        let _ = write!(self.text, "{number}");
        if self.decimal == Decimal::Comma
            && let Some(point) = self.text.find('.')
        {
            self.text.replace_range(point..=point, ",");
        }
        &self.text
    }

    pub fn time(&mut self, rows: &mut Rows, time: Timestamp) -> csv::Result<()> {
        rows.write_field(self.shown_time(time))
    }

    /// A time as its cell shows it.
    pub fn shown_time(&mut self, time: Timestamp) -> &str {
        let day = period::day_number(time);
        if day != self.day {
            self.day = day;
            self.date = period::date(time).to_string();
        }
        let millisecond = period::millisecond_of_day(time);
        let (hour, minute) = (millisecond / 3_600_000, millisecond / 60_000 % 60);
        self.text.clear();
        self.text.push_str(&self.date);
        self.text.push(match self.layout {
            Layout::Long => 'T',
            Layout::Wide => ' ',
        });
        push_digits(&mut self.text, hour, 2);
        self.text.push(':');
        push_digits(&mut self.text, minute, 2);
        self.text.push(':');
        push_digits(&mut self.text, millisecond / 1_000 % 60, 2);
        if self.layout == Layout::Long {
            self.text.push('.');
            push_digits(&mut self.text, millisecond % 1_000, 3);
            self.text.push('Z');
        }
        &self.text
    }
}

/// Ends a row.
pub fn end_row(rows: &mut Rows) -> csv::Result<()> {
    rows.write_record(None::<&[u8]>)
}

fn push_digits(text: &mut String, number: i64, width: u32) {
    for place in (0..width).rev() {
        let digit = number / 10_i64.pow(place) % 10;
        text.push(char::from(b'0' + digit as u8));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::files::Files;

    fn cell(decimal: &str, layout: &str, value: &Value) -> String {
        let options = serde_json::json!({"dir": "d", "delimiter": ";", "decimal": decimal, "layout": layout});
        let files = Files {
            dir: "d".into(),
            config: serde_json::from_value(options).unwrap(),
        };
        let mut rows = files.rows();
        Cells::new(&files.config).value(&mut rows, value).unwrap();
        end_row(&mut rows).unwrap();
        String::from_utf8(finish(rows).unwrap()).unwrap()
    }

    #[test]
    fn numbers_have_no_exponent_and_no_apostrophe() {
        let number = |number| cell(",", "long", &Value::Number(number));
        assert_eq!(number(74.0), "74\n");
        assert_eq!(number(-0.5), "-0,5\n");
        assert_eq!(number(1e21), "1000000000000000000000\n");
        assert_eq!(number(1e-7), "0,0000001\n");
    }

    #[test]
    fn a_name_is_no_number_and_is_read_back() {
        let options = serde_json::json!({"dir": "d"});
        let files = Files {
            dir: "d".into(),
            config: serde_json::from_value(options).unwrap(),
        };
        let vin = "WBYZZZ00007E00123";
        for (name, written) in [
            ("7E00124", "'7E00124"),
            ("7E00123", "7E00123"),
            ("i3", "i3"),
            ("-3", "'-3"),
            ("=i3", "'=i3"),
        ] {
            let vehicle = Vehicle {
                vin: vin.parse().unwrap(),
                name: name.into(),
            };
            let mut rows = files.rows();
            Cells::new(&files.config).name(&mut rows, &vehicle).unwrap();
            end_row(&mut rows).unwrap();
            let cell = String::from_utf8(finish(rows).unwrap()).unwrap();
            assert_eq!(cell, format!("{written}\n"));
            assert_eq!(
                read_vehicle(cell.trim().as_bytes(), vin.as_bytes()),
                Some(vehicle)
            );
        }
    }

    #[test]
    fn formulas_become_text() {
        for text in ["=1+2", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "'tis"] {
            assert_eq!(harmless(text), format!("'{text}"));
        }
        for text in ["", "a=1", " =1", "CHARGINGACTIVE", "7"] {
            assert_eq!(harmless(text), text);
        }
    }

    proptest! {
        #[test]
        fn the_apostrophe_can_be_taken_away_again(text in "['=+a-]{0,3}.{0,5}") {
            let shown = harmless(&text).into_owned();
            prop_assert_eq!(original(&shown), text);
        }

        #[test]
        fn times_are_written_as_the_model_displays_them(millisecond in -62_000_000_000_000_i64..250_000_000_000_000) {
            let time = Timestamp::from_millisecond(millisecond).unwrap();
            let exact = cell(".", "long", &Value::Timestamp(time));
            prop_assert_eq!(exact.trim_end(), format!("{time:.3}"));
            let readable = cell(".", "wide", &Value::Timestamp(time));
            prop_assert_eq!(readable.trim_end(), time.strftime("%Y-%m-%d %H:%M:%S").to_string());
            let read = |layout, cell: &str| read_time(layout, cell.trim_end().as_bytes());
            prop_assert_eq!(read(Layout::Long, &exact), Some(time));
            let second = Timestamp::from_second(millisecond.div_euclid(1_000)).unwrap();
            prop_assert_eq!(read(Layout::Wide, &readable), Some(second));
        }
    }
}
