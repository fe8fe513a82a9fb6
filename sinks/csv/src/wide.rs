//! The wide layout, for spreadsheets: one row a minute (`row`) in which something was measured, one column a descriptor,
//! one file a vehicle and period.
//!
//! A value stands in the row of its minute whenever it comes: [`sheet`](crate::sheet) puts it there. A column is known by
//! its header, so the header of a file is all that has to be read back.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use collector_core::{Descriptor, Entry, Scope, SinkError, Unit, Vehicle};
use jiff::Timestamp;

use crate::carried::{END, HIDDEN};
use crate::config::{Layout, Span};
use crate::encode::{Cells, harmless, heading, original, read_time, read_vehicle};
use crate::erase::Fate;
use crate::files::{Change, Files};
use crate::known::Known;
use crate::sheet::{self, Moment, Value};
use crate::{period, plain};

/// A vehicle's name in a file name is cut to this many characters.
const LONGEST_NAME: usize = 40;

/// What stands between the sources of a row.
const AND: &str = " + ";

/// The columns before those of the descriptors; the first says what a row is.
pub fn fixed(span: Span) -> [&'static str; 4] {
    [span.heading(), "vehicle", "vin", "source"]
}

/// The columns of descriptors that a header has; `None` where it is not one of `fixed`.
pub fn columns<'a>(header: &'a [String], fixed: &[&str]) -> Option<&'a [String]> {
    let (own, columns) = header.split_at_checked(fixed.len())?;
    (own == fixed).then_some(columns)
}

/// What becomes of the files with some entries, of which parts may stand there.
pub fn changes(files: &Files, entries: &[&Entry]) -> Result<Vec<Change>, SinkError> {
    let mut cells = Cells::new(&files.config);
    let mut headers = Headers::default();
    let mut sheets: BTreeMap<String, Sheet<'_>> = BTreeMap::new();
    for snapshot in entries.iter().filter_map(|entry| entry.snapshot()) {
        let vehicle = &snapshot.vehicle;
        let series = match files.config.carry_forward {
            true => format!("{HIDDEN}{}", series(vehicle)),
            false => series(vehicle),
        };
        let mut put = |at, column, shown| {
            let at = files.config.row.begin(at);
            let stem = period::stem(&series, files.config.rotate, period::date(at));
            let sheet = sheets.entry(stem).or_insert_with(|| Sheet {
                series: series.clone(),
                moments: BTreeMap::new(),
            });
            let moment = sheet.moments.entry((at, vehicle.vin.as_str()));
            let moment = moment.or_insert_with(|| Moment::new(at, vehicle));
            moment.values.push(Value {
                column,
                shown,
                source: harmless(&snapshot.source).into_owned(),
            });
        };
        for reading in &snapshot.readings {
            let column = headers.of(&reading.descriptor, reading.unit.as_ref());
            put(
                reading.measured_at,
                column,
                cells.shown(&reading.value).into_owned(),
            );
        }
        for ended in snapshot.ended.iter().filter(|_| files.config.carry_forward) {
            let column = headers.of(&ended.descriptor, ended.descriptor.unit());
            put(ended.at, column, END.to_owned());
        }
    }
    let mut changes = Vec::new();
    for (stem, sheet) in sheets {
        let moments: Vec<Moment<'_>> = sheet.moments.into_values().collect();
        changes.extend(sheet::change(files, &sheet.series, stem, &moments)?);
    }
    Ok(changes)
}

/// What goes to the file of a vehicle and a period, by time and vehicle.
struct Sheet<'a> {
    series: String,
    moments: BTreeMap<(Timestamp, &'a str), Moment<'a>>,
}

/// The sources of a row with one more.
pub fn with_source(sources: &[u8], source: &str) -> Vec<u8> {
    let known = String::from_utf8_lossy(sources);
    match known.split(AND).any(|known| known == source) {
        true => sources.to_vec(),
        false if known.is_empty() => source.into(),
        false => format!("{known}{AND}{source}").into_bytes(),
    }
}

/// What a row of a file with this header is; `None` where it has another layout.
pub fn span_of(header: &csv::ByteRecord) -> Option<Span> {
    let fits = |span: &Span| {
        let own = fixed(*span);
        let cells = header.iter().take(own.len());
        cells.eq(own.iter().map(|name| name.as_bytes()))
    };
    Span::ALL.into_iter().find(fits)
}

/// The descriptors of the columns of a header; `None` for a column that the sink did not make.
pub fn descriptors(header: &csv::ByteRecord, fixed: usize, known: &Known) -> Vec<Option<Descriptor>> {
    let columns = header.iter().skip(fixed);
    columns.map(|column| known.by_heading(column)).collect()
}

/// What becomes of a row, given the descriptors of its columns. One that has been changed so that it cannot be read stays.
pub fn fate(span: Span, descriptors: &[Option<Descriptor>], row: &csv::ByteRecord, scope: &Scope) -> Fate {
    let read = || {
        let at = read_time(Layout::Wide, row.get(0)?)?;
        let vehicle = read_vehicle(row.get(1)?, row.get(2)?)?;
        Some((at, vehicle, std::str::from_utf8(row.get(3)?).ok()?))
    };
    let Some((at, vehicle, sources)) = read() else {
        return Fate::Stays;
    };
    let end = span.last_moment(at);
    // A bound within the row tells its moments apart, which the row does not.
    let bounds = [scope.since, scope.until].into_iter().flatten();
    let bounds = bounds.filter(|bound| (at..=end).contains(bound));
    let moments: Vec<Timestamp> = [at, end].into_iter().chain(bounds).collect();
    let (mut is_affected, mut kept) = (false, Vec::new());
    let beyond = descriptors.iter().chain(std::iter::repeat(&None));
    for (descriptor, cell) in beyond.zip(row.iter().skip(fixed(span).len())) {
        let covered = |descriptor: &Descriptor| {
            let each = sources
                .split(AND)
                .flat_map(|source| moments.iter().map(move |moment| (original(source), *moment)));
            let mut each = each.map(|(source, at)| scope.covers(&vehicle, descriptor, Some(source), at));
            let first = each.next().unwrap_or(false);
            each.all(|other| other == first).then_some(first)
        };
        match descriptor.as_ref().filter(|_| !cell.is_empty()).map(covered) {
            Some(None) => return Fate::Unclear,
            Some(Some(true)) => {
                is_affected = true;
                kept.push(&b""[..]);
            }
            _ => kept.push(cell),
        }
    }
    match is_affected {
        false => Fate::Stays,
        true if kept.iter().all(|cell| cell.is_empty()) => Fate::Goes,
        true => Fate::Becomes(row.iter().take(fixed(span).len()).chain(kept).collect()),
    }
}

/// The headers of descriptors, made once per batch.
#[derive(Default)]
struct Headers(HashMap<(Descriptor, Option<Unit>), Arc<str>>);

impl Headers {
    fn of(&mut self, descriptor: &Descriptor, unit: Option<&Unit>) -> Arc<str> {
        let known = self.0.entry((descriptor.clone(), unit.cloned()));
        Arc::clone(known.or_insert_with(|| harmless(&header(descriptor, unit)).into()))
    }
}

fn header(descriptor: &Descriptor, unit: Option<&Unit>) -> String {
    let name = plain::one_line(descriptor.name());
    heading(Layout::Wide, &name, unit, descriptor.value_type())
}

/// The name of a vehicle's files: its name and the end of its VIN, which stays when the name changes hands.
pub fn series(vehicle: &Vehicle) -> String {
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

    #[test]
    fn a_row_names_each_source_once() {
        let mut sources = Vec::new();
        for source in ["stream", "telematics", "stream"] {
            sources = with_source(&sources, source);
        }
        assert_eq!(sources, b"stream + telematics");
    }
}
