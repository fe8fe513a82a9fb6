//! Puts values into the rows of a sheet: each into the row of its moment, which stands in its place in time.
//!
//! What comes belongs to the end of the file as a rule, so the end alone is read and replaced. The whole file is written
//! anew where a value belongs further up, and where a column is added. A value that its moment has already is left out,
//! so it does no harm to do all of this twice.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Range;
use std::sync::Arc;

use collector_core::{SinkError, Vehicle};
use jiff::Timestamp;

use crate::config::Layout;
use crate::encode::{Cells, finish, read_time, unencodable};
use crate::erase::instead;
use crate::files::{Append, Change, Files, Last, Seen, Whole};
use crate::lines::{lines, quotes, read};
use crate::plain::plain;
use crate::wide::{columns, fixed, with_source};

/// How much of the end of a file is read and replaced at most, in bytes.
const END: u64 = 64 * 1024;

/// What was measured in one moment of a vehicle.
pub struct Moment<'a> {
    pub at: Timestamp,
    pub vehicle: &'a Vehicle,
    pub values: Vec<Value>,
}

/// A value as its cell shows it, the header of its column and its source.
pub struct Value {
    pub column: Arc<str>,
    pub shown: String,
    pub source: String,
}

impl<'a> Moment<'a> {
    pub fn new(at: Timestamp, vehicle: &'a Vehicle) -> Self {
        Self {
            at,
            vehicle,
            values: Vec::new(),
        }
    }
}

/// What becomes of the file of a period with some moments, ordered by time, of which there is at least one. `None` where
/// everything stands there.
pub fn change(
    files: &Files,
    series: &str,
    stem: String,
    moments: &[Moment<'_>],
) -> Result<Option<Change>, SinkError> {
    let last = files.last(stem)?;
    let fixed = fixed(files.config.row);
    let values = moments.iter().flat_map(|moment| &moment.values);
    let mut wanted: BTreeSet<&str> = values.map(|value| &*value.column).collect();
    let of_last = columns(&last.header, &fixed);
    let known = match of_last {
        Some(known) => known.to_vec(),
        None => {
            let newest = files.newest_header(series, |header| columns(header, &fixed).is_some())?;
            newest.map_or(Vec::new(), |header| header[fixed.len()..].to_vec())
        }
    };
    wanted.retain(|column| !known.iter().any(|known| known == column));
    let header: Vec<String> = fixed
        .iter()
        .map(|name| (*name).to_owned())
        .chain(known)
        .chain(wanted.iter().map(|name| (*name).to_owned()))
        .collect();
    if of_last.is_none() {
        let mut sheet = Sheet::new(files, &header, Vec::new(), 0);
        sheet.put(moments)?;
        let (_, rows) = sheet.changed().unwrap_or_default();
        return files
            .start(&last, &header, rows)
            .map(|start| Some(Change::Append(start)));
    }
    let is_wider = !wanted.is_empty();
    let earliest = moments.first().map(|moment| moment.at);
    let (mut sheet, seen) = match is_wider {
        true => None,
        false => Sheet::end_of(files, &last, &header, earliest)?,
    }
    .map_or_else(|| Sheet::whole(files, &last, &header), Ok)?;
    if is_wider {
        sheet.widen(&wanted)?;
    }
    sheet.put(moments)?;
    let Some((first, rows)) = sheet.changed() else {
        return Ok(None);
    };
    let before = sheet.begin + first as u64;
    let replaced = &sheet.text[first..];
    let end = std::str::from_utf8(replaced).ok();
    Ok(Some(
        match end.filter(|end| !is_wider && end.len() as u64 <= END) {
            Some(replaced) => Change::Append(Append {
                file: last.name(),
                before,
                created: false,
                replaced: replaced.to_owned(),
                head: Vec::new(),
                rows,
            }),
            None => {
                let (above, _) = read(files, &last, 0..before)?;
                let bytes = [above, rows].concat();
                let file = last.name();
                Change::Whole(Whole { file, bytes, seen })
            }
        },
    ))
}

/// A line of a sheet.
struct Line {
    place: Range<usize>,
    /// What stands instead.
    new: Option<Vec<u8>>,
    /// The moment and the VIN of a row of ours.
    row: Option<(Timestamp, Vec<u8>)>,
}

/// The end of a file, or all of it.
struct Sheet<'a> {
    files: &'a Files,
    /// How many columns it has.
    width: usize,
    columns: HashMap<&'a str, usize>,
    begin: u64,
    text: Vec<u8>,
    lines: Vec<Line>,
    /// Rows that come before the line with a number.
    added: BTreeMap<usize, Vec<u8>>,
}

impl<'a> Sheet<'a> {
    /// `begin` says where in the file the text stands.
    fn new(files: &'a Files, header: &'a [String], text: Vec<u8>, begin: u64) -> Self {
        // From the last on: of columns with one name the first is filled.
        let back = header.iter().enumerate().rev();
        let mut sheet = Self {
            files,
            width: header.len(),
            columns: back.map(|(place, name)| (name.as_str(), place)).collect(),
            begin,
            lines: Vec::new(),
            text,
            added: BTreeMap::new(),
        };
        let lines = lines(&sheet.text).into_iter().map(|place| Line {
            row: sheet.row(&sheet.text[place.clone()]),
            new: None,
            place,
        });
        sheet.lines = lines.collect();
        sheet
    }

    /// All of a file, its header first.
    fn whole(files: &'a Files, last: &Last, header: &'a [String]) -> Result<(Self, Seen), SinkError> {
        let (text, seen) = read(files, last, 0..u64::MAX)?;
        let mut sheet = Self::new(files, header, text, 0);
        sheet.complete(last)?;
        Ok((sheet, seen))
    }

    /// The end of a file, where that is enough for what was measured at a time and later.
    fn end_of(
        files: &'a Files,
        last: &Last,
        header: &'a [String],
        earliest: Option<Timestamp>,
    ) -> Result<Option<(Self, Seen)>, SinkError> {
        let begin = last.length().saturating_sub(END);
        let (mut text, seen) = read(files, last, begin..u64::MAX)?;
        let Some(cut) = text.iter().position(|byte| *byte == b'\n').filter(|_| begin > 0) else {
            return Ok(None);
        };
        text.drain(..=cut);
        // Where a cell has several lines, nobody knows from the middle of the file which of them begins a row.
        if text
            .split(|byte| *byte == b'\n')
            .any(|line| !quotes(line).is_multiple_of(2))
        {
            return Ok(None);
        }
        let mut sheet = Self::new(files, header, text, begin + cut as u64 + 1);
        let reaches = |line: &Line| line.row.as_ref().is_some_and(|(at, _)| Some(*at) <= earliest);
        if !sheet.lines.iter().any(reaches) {
            return Ok(None);
        }
        sheet.complete(last)?;
        Ok(Some((sheet, seen)))
    }

    /// The moment and the VIN of a row of ours.
    fn row(&self, line: &[u8]) -> Option<(Timestamp, Vec<u8>)> {
        let row = self.parsed(line)?;
        let at = read_time(Layout::Wide, row.get(0)?)?;
        Some((at, row.get(2)?.to_vec()))
    }

    /// The cells of a line; `None` where it is not one row.
    fn parsed(&self, line: &[u8]) -> Option<csv::ByteRecord> {
        let (mut row, mut more) = (csv::ByteRecord::new(), csv::ByteRecord::new());
        let mut reader = self.files.reader(line);
        let is_one = reader.read_byte_record(&mut row).ok()? && !reader.read_byte_record(&mut more).ok()?;
        (is_one && quotes(line).is_multiple_of(2)).then_some(row)
    }

    /// Completes a last line that somebody left without its end.
    fn complete(&mut self, last: &Last) -> Result<(), SinkError> {
        let end = self.files.end_of_line(&last.name(), last.header.len())?;
        let Some(place) = self
            .lines
            .last()
            .map(|line| line.place.clone())
            .filter(|_| !end.is_empty())
        else {
            return Ok(());
        };
        let new = [&self.text[place], &end].concat();
        let row = self.row(&new);
        if let Some(line) = self.lines.last_mut() {
            (line.new, line.row) = (Some(new), row);
        }
        Ok(())
    }

    /// Gives the header more columns, and every row an empty cell for each.
    fn widen(&mut self, added: &BTreeSet<&str>) -> Result<(), SinkError> {
        let mut names = self.files.rows();
        names.write_field("").map_err(|error| unencodable(&error))?;
        names.write_record(added).map_err(|error| unencodable(&error))?;
        let mut names = finish(names)?;
        names.pop();
        let delimiter = self.files.config.delimiter.byte();
        for number in 0..self.lines.len() {
            let bytes = self.bytes(number);
            let Some(row) = self.parsed(bytes) else { continue };
            let lacking = self.width.saturating_sub(row.len());
            let cells = match number {
                0 => names.clone(),
                _ => vec![delimiter; lacking],
            };
            let is_end = |byte: &u8| matches!(byte, b'\r' | b'\n');
            let end = bytes
                .iter()
                .rposition(|byte| !is_end(byte))
                .map_or(0, |last| last + 1);
            let new = [&bytes[..end], &cells, &bytes[end..]].concat();
            self.lines[number].new = Some(new);
        }
        Ok(())
    }

    fn bytes(&self, number: usize) -> &[u8] {
        let line = &self.lines[number];
        line.new.as_deref().unwrap_or(&self.text[line.place.clone()])
    }

    /// Puts values into their rows.
    fn put(&mut self, moments: &[Moment<'_>]) -> Result<(), SinkError> {
        let places = self.places(moments);
        let mut known: HashMap<(Timestamp, Vec<u8>), Vec<usize>> =
            moments.iter().map(|moment| (key(moment), Vec::new())).collect();
        for (number, line) in self.lines.iter().enumerate() {
            if let Some(numbers) = line.row.as_ref().and_then(|row| known.get_mut(row)) {
                numbers.push(number);
            }
        }
        let mut cells = Cells::new(&self.files.config);
        for (moment, place) in moments.iter().zip(places) {
            let numbers = known.remove(&key(moment)).unwrap_or_default();
            for (number, row) in self.rows(&mut cells, moment, &numbers) {
                let number = number.map(|number| numbers[number]);
                let mut bytes = number.map_or(Vec::new(), |number| self.bytes(number).to_vec());
                instead(self.files, &mut bytes, &row.into())?;
                match number {
                    Some(number) => self.lines[number].new = Some(bytes),
                    None => {
                        bytes.push(b'\n');
                        self.added.entry(place).or_default().extend(bytes);
                    }
                }
            }
        }
        Ok(())
    }

    /// Before which line a row of each moment stands: behind everything that is not later.
    fn places(&self, moments: &[Moment<'_>]) -> Vec<usize> {
        let mut newest = Timestamp::MIN;
        let times = self.lines.iter().map(|line| {
            newest = line.row.as_ref().map_or(newest, |(at, _)| *at);
            newest
        });
        let times: Vec<Timestamp> = times.collect();
        let mut place = times.len();
        let mut places: Vec<usize> = Vec::with_capacity(moments.len());
        for moment in moments.iter().rev() {
            while place > 0 && times[place - 1] > moment.at {
                place -= 1;
            }
            places.push(place);
        }
        places.reverse();
        places
    }

    /// The rows of a moment that change, of those that are known by number, and those that it needs beside them: a second
    /// value of one descriptor stands in a second row.
    fn rows(
        &self,
        cells: &mut Cells,
        moment: &Moment<'_>,
        known: &[usize],
    ) -> Vec<(Option<usize>, Vec<Vec<u8>>)> {
        let parsed = known.iter().filter_map(|number| self.parsed(self.bytes(*number)));
        let mut rows: Vec<(Vec<Vec<u8>>, bool)> = parsed
            .map(|row| {
                let mut row: Vec<Vec<u8>> = row.iter().map(<[u8]>::to_vec).collect();
                row.resize(self.width.max(row.len()), Vec::new());
                (row, false)
            })
            .collect();
        let of_known = rows.len();
        for value in &moment.values {
            let Some(&column) = self.columns.get(&*value.column) else {
                continue;
            };
            if value.shown.is_empty() || rows.iter().any(|(row, _)| row[column] == value.shown.as_bytes()) {
                continue;
            }
            let free = rows.iter().position(|(row, _)| row[column].is_empty());
            let free = free.unwrap_or_else(|| {
                let mut row = vec![Vec::new(); self.width];
                row[0] = cells.shown_time(moment.at).into();
                row[1] = plain(&moment.vehicle.name).into_owned().into_bytes();
                row[2] = moment.vehicle.vin.as_str().into();
                rows.push((row, false));
                rows.len() - 1
            });
            let (row, is_changed) = &mut rows[free];
            row[column] = value.shown.clone().into_bytes();
            row[3] = with_source(&row[3], &value.source);
            *is_changed = true;
        }
        let rows = rows
            .into_iter()
            .enumerate()
            .filter(|(_, (_, is_changed))| *is_changed);
        rows.map(|(number, (row, _))| ((number < of_known).then_some(number), row))
            .collect()
    }

    /// Where in the text the first change is, and what stands from there on; `None` where nothing changes.
    fn changed(&self) -> Option<(usize, Vec<u8>)> {
        let changed = self.lines.iter().position(|line| line.new.is_some());
        let added = self.added.keys().next().copied();
        let first = changed.into_iter().chain(added).min()?;
        let mut bytes = Vec::new();
        for number in first..=self.lines.len() {
            bytes.extend(self.added.get(&number).into_iter().flatten());
            if number < self.lines.len() {
                bytes.extend_from_slice(self.bytes(number));
            }
        }
        let first = self
            .lines
            .get(first)
            .map_or(self.text.len(), |line| line.place.start);
        Some((first, bytes))
    }
}

fn key(moment: &Moment<'_>) -> (Timestamp, Vec<u8>) {
    (moment.at, moment.vehicle.vin.as_str().into())
}
