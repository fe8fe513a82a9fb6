//! The long layout: one row per reading, in the file of the period in which the value was measured.

use collector_core::{Entry, Origin, Reading, Scope, SinkError, Snapshot, Stamp};

use crate::config::{Layout, Rotate};
use crate::encode::{Cells, Rows, end_row, finish, harmless, original, read_time, read_vehicle, unencodable};
use crate::files::{Append, Files};
use crate::known::Known;
use crate::missing::Key;
use crate::period;

pub const SERIES: &str = "cardata";
/// A later version may add columns at the end: those that identify a row stay where they are.
const COLUMNS: [&str; 10] = [
    "measured_at",
    "vehicle",
    "vin",
    "descriptor",
    "value",
    "unit",
    "source",
    "origin",
    "stamp",
    "occurrence",
];
/// What files of older versions have of them. Such files are not extended, and what stands in them is known.
const OLDER: [usize; 2] = [7, 9];

/// The rows of some entries, by file.
pub fn appends(files: &Files, entries: &[&Entry]) -> Result<Vec<Append>, SinkError> {
    let mut sheets = Sheets {
        files,
        sheets: Vec::new(),
        current: 0,
        day: None,
    };
    let mut cells = Cells::new(&files.config);
    for entry in entries {
        if let Some(snapshot) = entry.snapshot() {
            write(&mut sheets, &mut cells, snapshot).map_err(|error| unencodable(&error))?;
        }
    }
    let sheets = sheets.sheets.into_iter();
    sheets.map(|(stem, rows)| place(files, stem, rows)).collect()
}

fn write(sheets: &mut Sheets<'_>, cells: &mut Cells, snapshot: &Snapshot) -> csv::Result<()> {
    for reading in &snapshot.readings {
        let rows = sheets.at(reading.measured_at);
        cells.time(rows, reading.measured_at)?;
        cells.name(rows, &snapshot.vehicle)?;
        rows.write_field(snapshot.vehicle.vin.as_str())?;
        cells.text(rows, reading.descriptor.as_str())?;
        cells.value(rows, &reading.value)?;
        cells.text(rows, reading.unit.as_ref().map_or("", |unit| unit.as_str()))?;
        cells.text(rows, &snapshot.source)?;
        rows.write_field(snapshot.origin.as_str())?;
        rows.write_field(reading.stamp.as_str())?;
        rows.write_field(shown_occurrence(reading))?;
        end_row(rows)?;
    }
    Ok(())
}

/// The name of the files for what was measured at a time, without number and ending.
pub fn stem(rotate: Rotate, measured_at: jiff::Timestamp) -> String {
    period::stem(SERIES, rotate, period::date(measured_at))
}

/// Nothing for the first of a moment, which nearly all are.
fn shown_occurrence(reading: &Reading) -> String {
    match reading.occurrence {
        0 => String::new(),
        number => number.to_string(),
    }
}

/// How a reading is recognised: by time, vehicle, descriptor and occurrence.
pub fn key(key: &mut Key, cells: &mut Cells, snapshot: &Snapshot, reading: &Reading) {
    key.cell(cells.shown_time(reading.measured_at).as_bytes());
    key.cell(snapshot.vehicle.vin.as_str().as_bytes());
    key.cell(harmless(reading.descriptor.as_str()).as_bytes());
    key.cell(shown_occurrence(reading).as_bytes());
}

/// Whether a file with this header has the long layout, in this version or an older one.
pub fn fits(header: &csv::ByteRecord) -> bool {
    let is_known = header.len() == COLUMNS.len() || OLDER.contains(&header.len());
    let mut columns = header.iter().zip(COLUMNS);
    is_known && columns.all(|(cell, column)| cell == column.as_bytes())
}

/// Hands the key of a row to `found`.
pub fn keys_of_row(row: &csv::ByteRecord, key: &mut Key, mut found: impl FnMut(&Key)) {
    key.begin();
    for column in [0, 2, 3, 9] {
        key.cell(row.get(column).unwrap_or_default());
    }
    found(key);
}

/// Whether a row is one of ours and within a scope. One whose time, vehicle or descriptor has been changed so that it cannot
/// be recognised is its owner's. Whatever became of its other cells, [a key](keys_of_row) of ours goes: it would keep the
/// right row out.
pub fn is_within(row: &csv::ByteRecord, known: &Known, scope: &Scope) -> bool {
    let read = || {
        let text = |column: usize| std::str::from_utf8(row.get(column)?).ok();
        let id = original(text(3)?);
        let is_as_written = row.len() == OLDER[0]
            || (text(7).and_then(Origin::parse).is_some() && text(8).and_then(Stamp::parse).is_some());
        if !is_as_written && !known.has(id) {
            return None;
        }
        let vehicle = read_vehicle(row.get(1)?, row.get(2)?)?;
        let source = String::from_utf8_lossy(row.get(6).unwrap_or_default());
        let at = read_time(Layout::Long, row.get(0)?)?;
        Some(scope.covers(&vehicle, &known.by_id(id), Some(original(&source)), at))
    };
    read() == Some(true)
}

fn place(files: &Files, stem: String, rows: Rows) -> Result<Append, SinkError> {
    let rows = finish(rows)?;
    let last = files.last(stem)?;
    if last.header == COLUMNS {
        files.extend(&last, rows)
    } else {
        files.start(&last, &COLUMNS, rows)
    }
}

/// The rows so far, by the stem of their file. Neighbouring rows mostly go to the same one.
struct Sheets<'a> {
    files: &'a Files,
    sheets: Vec<(String, Rows)>,
    /// The one of the last row, and the row's day.
    current: usize,
    day: Option<i64>,
}

impl Sheets<'_> {
    fn at(&mut self, time: jiff::Timestamp) -> &mut Rows {
        let day = period::day_number(time);
        if self.day != Some(day) {
            self.day = Some(day);
            let stem = stem(self.files.config.rotate, time);
            let found = self.sheets.iter().position(|(known, _)| *known == stem);
            self.current = found.unwrap_or(self.sheets.len());
            if found.is_none() {
                self.sheets.push((stem, self.files.rows()));
            }
        }
        &mut self.sheets[self.current].1
    }
}
