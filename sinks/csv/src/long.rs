//! The long layout: one row per reading, in the file of the period in which the value was measured.

use collector_core::{Entry, SinkError, Snapshot};

use crate::config::Rotate;
use crate::encode::{Cells, Rows, TimeStyle, end_row, finish, unencodable};
use crate::files::{Append, Files};
use crate::period;

const SERIES: &str = "cardata";
const COLUMNS: [&str; 7] = [
    "measured_at",
    "vehicle",
    "vin",
    "descriptor",
    "value",
    "unit",
    "source",
];

/// The rows of some entries, by file.
pub fn appends(files: &Files, rotate: Rotate, entries: &[&Entry]) -> Result<Vec<Append>, SinkError> {
    let mut sheets = Sheets {
        files,
        rotate,
        sheets: Vec::new(),
        current: 0,
        day: None,
    };
    let mut cells = Cells::new(files.dialect.decimal, TimeStyle::Rfc3339);
    for entry in entries {
        write(&mut sheets, &mut cells, &entry.snapshot).map_err(|error| unencodable(&error))?;
    }
    sheets
        .sheets
        .into_iter()
        .map(|(stem, rows)| place(files, stem, rows))
        .collect()
}

fn write(sheets: &mut Sheets<'_>, cells: &mut Cells, snapshot: &Snapshot) -> csv::Result<()> {
    for reading in &snapshot.readings {
        let rows = sheets.at(reading.measured_at);
        cells.time(rows, reading.measured_at)?;
        cells.text(rows, &snapshot.vehicle.name)?;
        rows.write_field(snapshot.vehicle.vin.as_str())?;
        cells.text(rows, reading.descriptor.as_str())?;
        cells.value(rows, &reading.value)?;
        cells.text(rows, reading.unit.as_ref().map_or("", |unit| unit.as_str()))?;
        cells.text(rows, &snapshot.source)?;
        end_row(rows)?;
    }
    Ok(())
}

fn place(files: &Files, stem: String, rows: Rows) -> Result<Append, SinkError> {
    let rows = finish(rows)?;
    let last = files.last(stem)?;
    if last.header() == COLUMNS {
        files.extend(&last, rows)
    } else {
        files.start(&last, &COLUMNS, rows)
    }
}

/// The rows so far, by the stem of their file. Neighbouring rows mostly go to the same one.
struct Sheets<'a> {
    files: &'a Files,
    rotate: Rotate,
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
            let stem = period::stem(SERIES, self.rotate, period::date(time));
            let found = self.sheets.iter().position(|(known, _)| *known == stem);
            self.current = found.unwrap_or(self.sheets.len());
            if found.is_none() {
                self.sheets.push((stem, self.files.dialect.rows()));
            }
        }
        &mut self.sheets[self.current].1
    }
}
