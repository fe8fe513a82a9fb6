//! The wide layout: one row per snapshot and one column per descriptor, a file series per vehicle, in the
//! file of the period in which the snapshot was received.
//!
//! A column is known by its header, so the header of a file is all that has to be read back.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use collector_core::{Descriptor, Entry, Reading, Scope, SinkError, Snapshot, Unit, Vehicle};

use crate::config::{Layout, Rotate};
use crate::encode::{
    Cells, Rows, end_row, finish, harmless, heading, original, read_time, read_vehicle, unencodable,
};
use crate::files::{Append, Files};
use crate::known::Known;
use crate::missing::Key;
use crate::period;

/// The columns before those of the descriptors. `entry` is the snapshot's number in the journal: nothing else of a row
/// says which of two snapshots of one second it is.
const FIXED: [&str; 6] = [
    "received_at [UTC]",
    "measured_at [UTC]",
    "vehicle",
    "vin",
    "source",
    "entry",
];

/// A vehicle's name in a file name is cut to this many characters.
const LONGEST_NAME: usize = 40;

/// A snapshot with the number of its entry.
type Numbered<'a> = (u64, &'a Snapshot);

/// The rows of some entries, by file.
pub fn appends(files: &Files, entries: &[&Entry]) -> Result<Vec<Append>, SinkError> {
    let mut sheets: Vec<(String, Vec<Numbered<'_>>)> = Vec::new();
    for entry in entries.iter().filter(|entry| !entry.readings().is_empty()) {
        let Some(snapshot) = entry.snapshot() else {
            continue;
        };
        let stem = stem(files.config.rotate, snapshot);
        let snapshot = (entry.seq, &**snapshot);
        match sheets.iter_mut().find(|(known, _)| *known == stem) {
            Some((_, snapshots)) => snapshots.push(snapshot),
            None => sheets.push((stem, vec![snapshot])),
        }
    }
    let sheets = sheets.into_iter();
    sheets
        .map(|(stem, snapshots)| append(files, stem, &snapshots))
        .collect()
}

/// The name of a snapshot's files, without number and ending.
pub fn stem(rotate: Rotate, snapshot: &Snapshot) -> String {
    let received = period::date(snapshot.received_at);
    period::stem(&series(&snapshot.vehicle), rotate, received)
}

/// How a reading is recognised: by its entry, the second in which that was received, and the column. Several of one
/// snapshot with one column are as many as they are.
pub fn key(
    key: &mut Key,
    cells: &mut Cells,
    headers: &mut Headers,
    (seq, snapshot): Numbered<'_>,
    reading: &Reading,
) {
    key.cell(cells.shown_time(snapshot.received_at).as_bytes());
    key.cell(snapshot.vehicle.vin.as_str().as_bytes());
    key.cell(seq.to_string().as_bytes());
    key.cell(headers.of(reading).as_bytes());
}

/// Whether a file with this header has the wide layout.
pub fn fits(header: &csv::ByteRecord) -> bool {
    let fixed = header.iter().take(FIXED.len());
    fixed.eq(FIXED.iter().map(|name| name.as_bytes()))
}

/// Hands the key of each cell with a value to `found`.
pub fn keys_of_row(
    header: &csv::ByteRecord,
    row: &csv::ByteRecord,
    key: &mut Key,
    mut found: impl FnMut(&Key),
) {
    let cells = header.iter().zip(row).skip(FIXED.len());
    for (column, _) in cells.filter(|(_, cell)| !cell.is_empty()) {
        key.begin();
        for fixed in [0, 3, 5] {
            key.cell(row.get(fixed).unwrap_or_default());
        }
        key.cell(column);
        found(key);
    }
}

/// The descriptors of the columns of a header; `None` for a column that the sink did not make.
pub fn descriptors(header: &csv::ByteRecord, known: &Known) -> Vec<Option<Descriptor>> {
    let columns = header.iter().skip(FIXED.len());
    columns.map(|column| known.by_heading(column)).collect()
}

/// A row without the cells that may be within a scope; without any cell where none with a value is left. `None` where it
/// stays as it is: nothing of it is within the scope, or it has been changed so that it cannot be read.
pub fn without(
    descriptors: &[Option<Descriptor>],
    row: &csv::ByteRecord,
    scope: &Scope,
) -> Option<csv::ByteRecord> {
    let text = |column: usize| std::str::from_utf8(row.get(column)?).ok();
    let received_at = read_time(Layout::Wide, row.get(0)?)?;
    let vehicle = read_vehicle(row.get(2)?, row.get(3)?)?;
    let source = original(text(4)?);
    text(5)?.parse::<u64>().ok()?;
    if let (Some(since), Some(newest)) = (scope.since, read_time(Layout::Wide, row.get(1)?))
        && newest.as_millisecond() + 1_000 <= since.as_millisecond()
    {
        return None;
    }
    // When a cell was measured is not known: it may have been at any moment before that.
    let at = scope.since.or(scope.until).unwrap_or(received_at);
    let is_within = |(descriptor, cell): (&Option<Descriptor>, &[u8])| {
        let descriptor = descriptor.as_ref().filter(|_| !cell.is_empty());
        descriptor.is_some_and(|it| scope.covers(&vehicle, it, Some(source), at))
    };
    let cells = || row.iter().skip(FIXED.len());
    let beyond = descriptors.iter().chain(std::iter::repeat(&None));
    let within: Vec<bool> = beyond.zip(cells()).map(is_within).collect();
    if !within.contains(&true) {
        return None;
    }
    let kept = cells()
        .zip(&within)
        .map(|(cell, within)| if *within { b"" } else { cell });
    if kept.clone().all(<[u8]>::is_empty) {
        return Some(csv::ByteRecord::new());
    }
    Some(row.iter().take(FIXED.len()).chain(kept).collect())
}

/// The rows of snapshots of one vehicle and period, of which there is at least one.
fn append(files: &Files, stem: String, snapshots: &[Numbered<'_>]) -> Result<Append, SinkError> {
    let last = files.last(stem)?;
    let of_last = own_columns(&last.header);
    let mut columns = match of_last {
        Some(columns) => columns.to_vec(),
        None => {
            let series = series(&snapshots[0].1.vehicle);
            let newest = files.newest_header(&series, |header| own_columns(header).is_some())?;
            newest.map_or(Vec::new(), |header| header[FIXED.len()..].to_vec())
        }
    };
    let mut headers = Headers::default();
    let readings = snapshots.iter().flat_map(|(_, snapshot)| &snapshot.readings);
    let mut missing: BTreeSet<Arc<str>> = readings.map(|reading| headers.of(reading)).collect();
    for column in &columns {
        missing.remove(column.as_str());
    }
    let is_new = !missing.is_empty() || of_last.is_none();
    columns.extend(missing.iter().map(|name| name.to_string()));

    let rows = rows(files, snapshots, &columns, &mut headers)?;
    if !is_new {
        return files.extend(&last, rows);
    }
    let columns = columns.iter().map(String::as_str);
    let all: Vec<&str> = FIXED.into_iter().chain(columns).collect();
    files.start(&last, &all, rows)
}

/// The descriptors' columns of a header of this layout; `None` for other headers.
fn own_columns(header: &[String]) -> Option<&[String]> {
    let (fixed, columns) = header.split_at_checked(FIXED.len())?;
    (fixed == FIXED).then_some(columns)
}

fn rows(
    files: &Files,
    snapshots: &[Numbered<'_>],
    columns: &[String],
    headers: &mut Headers,
) -> Result<Vec<u8>, SinkError> {
    // From the last on: of columns with one name the first is filled.
    let columns_back = columns.iter().enumerate().rev();
    let places: HashMap<&str, usize> = columns_back.map(|(place, it)| (it.as_str(), place)).collect();
    let mut cells = Cells::new(&files.config);
    let mut rows = files.rows();
    for &(seq, snapshot) in snapshots {
        let place = |reading: &Reading| places.get(&*headers.of(reading)).copied();
        for readings in spread(snapshot, columns.len(), place) {
            write(&mut rows, &mut cells, (seq, snapshot), &readings).map_err(|error| unencodable(&error))?;
        }
    }
    finish(rows)
}

/// Spreads readings over the columns: the second value of a descriptor stands in a second row, and so on.
fn spread(
    snapshot: &Snapshot,
    columns: usize,
    mut place: impl FnMut(&Reading) -> Option<usize>,
) -> Vec<Vec<Option<&Reading>>> {
    let mut rows: Vec<Vec<Option<&Reading>>> = Vec::new();
    let mut filled = vec![0; columns];
    for reading in &snapshot.readings {
        let Some(column) = place(reading) else { continue };
        if filled[column] == rows.len() {
            rows.push(vec![None; columns]);
        }
        rows[filled[column]][column] = Some(reading);
        filled[column] += 1;
    }
    rows
}

fn write(
    rows: &mut Rows,
    cells: &mut Cells,
    (seq, snapshot): Numbered<'_>,
    readings: &[Option<&Reading>],
) -> csv::Result<()> {
    let newest = readings.iter().flatten().map(|reading| reading.measured_at).max();
    cells.time(rows, snapshot.received_at)?;
    cells.time(rows, newest.unwrap_or(snapshot.received_at))?;
    cells.name(rows, &snapshot.vehicle)?;
    rows.write_field(snapshot.vehicle.vin.as_str())?;
    cells.text(rows, &snapshot.source)?;
    rows.write_field(seq.to_string())?;
    for reading in readings {
        match reading {
            Some(reading) => cells.value(rows, &reading.value)?,
            None => rows.write_field("")?,
        }
    }
    end_row(rows)
}

/// The headers of descriptors, made once per batch.
#[derive(Default)]
pub struct Headers(HashMap<(Descriptor, Option<Unit>), Arc<str>>);

impl Headers {
    fn of(&mut self, reading: &Reading) -> Arc<str> {
        let key = (reading.descriptor.clone(), reading.unit.clone());
        let known = self.0.entry(key);
        Arc::clone(known.or_insert_with(|| harmless(&header(reading)).into()))
    }
}

fn header(reading: &Reading) -> String {
    let descriptor = &reading.descriptor;
    let unit = reading.unit.as_ref();
    heading(Layout::Wide, descriptor.name(), unit, descriptor.value_type())
}

/// The name of a vehicle's files: its name and the end of its VIN, which stays when the name changes hands.
fn series(vehicle: &Vehicle) -> String {
    let number = vehicle.vin.production_number();
    let kept = |c: char| if c.is_alphanumeric() { c } else { '-' };
    let name: String = vehicle.name.chars().map(kept).take(LONGEST_NAME).collect();
    let words: Vec<&str> = name.split('-').filter(|word| !word.is_empty()).collect();
    match words.join("-") {
        name if name.is_empty() || name == number => format!("cardata-{number}"),
        name if name == vehicle.vin.key_name() => format!("cardata-{name}"),
        name => format!("cardata-{name}-{number}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn series_of(name: &str) -> String {
        let vin = "WBY8P210X07A12345".parse().unwrap();
        series(&Vehicle {
            vin,
            name: name.into(),
        })
    }

    #[test]
    fn a_vehicle_has_files_of_its_own() {
        assert_eq!(series_of("i4"), "cardata-i4-7A12345");
        assert_eq!(series_of("v7a12345"), "cardata-v7a12345");
        assert_eq!(series_of("7A12345"), "cardata-7A12345");
        assert_eq!(series_of("../Käthe's i4/"), "cardata-Käthe-s-i4-7A12345");
        assert_eq!(series_of("…"), "cardata-7A12345");
    }
}
