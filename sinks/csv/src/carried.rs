//! Sheets in which a value stands in every row until the next one or its end (`carry_forward`).
//!
//! What was measured is kept in hidden sheets, like any other, with a mark where a value ended. The sheet of the same name
//! without the dot is made out of the hidden one whenever that may have changed, and differs from what it was only where
//! it must. So what comes late, again or is taken out does to it what it does to any sheet, and a torn one is made anew.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind, Seek, SeekFrom, Write};
use std::path::Path;

use collector_core::SinkError;

use crate::config::Layout;
use crate::encode::{end_row, finish, read_time, unencodable};
use crate::failure::failing;
use crate::files::{Files, place};
use crate::missing::unreadable;
use crate::wide::fixed;
use crate::{folder, period};

/// What the name of a hidden sheet begins with.
pub const HIDDEN: &str = ".";

/// The cell of a value that has ended. No text is shown so.
pub const END: &str = "'";

/// By the headers of columns, the value that was told last. One that has ended is not there.
type Known = BTreeMap<Vec<u8>, Vec<u8>>;

/// The hidden sheets among some files.
pub fn hidden(files: &[String]) -> BTreeSet<String> {
    files
        .iter()
        .filter(|name| name.starts_with(HIDDEN))
        .cloned()
        .collect()
}

/// Refuses a folder whose sheets were made with the other setting: what stands there was measured, or was not.
pub fn check(files: &Files) -> Result<(), SinkError> {
    let all = files.all()?;
    let others = match files.config.carry_forward {
        true => all.iter().find(|name| name.starts_with("cardata-")),
        false => all.iter().find(|name| name.starts_with(HIDDEN)),
    };
    let Some(other) = others.filter(|_| files.config.layout == Layout::Wide) else {
        return Ok(());
    };
    Err(SinkError::misconfigured(format!(
        "{} was made with another `layout` or `carry_forward`: give the sink a new `dir`, and `cardata replay` fills it",
        files.dir.join(other.trim_start_matches(HIDDEN)).display()
    )))
}

/// Makes anew what follows from some hidden sheets: the sheets of the same names, and those of later periods.
pub fn carry(files: &Files, touched: &BTreeSet<String>) -> Result<(), SinkError> {
    let all = files.all()?;
    let series: BTreeSet<&str> = touched.iter().map(|name| series(name)).collect();
    for series in series {
        let of_series = |name: &String| place(name, series).map(|place| (place, name.clone()));
        let mut sheets: Vec<_> = all.iter().filter_map(of_series).collect();
        sheets.sort_unstable();
        let sheets: Vec<String> = sheets.into_iter().map(|(_, name)| name).collect();
        let Some(mut first) = sheets.iter().position(|name| touched.contains(name)) else {
            continue;
        };
        // One that somebody took away is made anew.
        while first > 0 && !files.dir.join(visible(&sheets[first - 1])).exists() {
            first -= 1;
        }
        let mut known = match first {
            0 => Known::new(),
            first => last_row(files, &sheets[first - 1])?,
        };
        for name in &sheets[first..] {
            carry_one(files, name, &mut known)?;
        }
    }
    Ok(())
}

/// The name of a sheet without its period and number.
fn series(name: &str) -> &str {
    let name = name.strip_suffix(".csv").unwrap_or(name);
    let stem = name.rsplit_once('_').map_or(name, |(stem, _)| stem);
    let mut cuts = stem.match_indices('-').map(|(cut, _)| cut);
    let cut = cuts.find(|cut| period::is_suffix(&stem[*cut..]));
    cut.map_or(stem, |cut| &stem[..cut])
}

fn visible(hidden: &str) -> &str {
    hidden.strip_prefix(HIDDEN).unwrap_or(hidden)
}

fn rows(files: &Files, name: &str) -> Result<Vec<csv::ByteRecord>, SinkError> {
    let path = files.dir.join(name);
    let bytes = fs::read(&path).map_err(failing("read", &path))?;
    let mut reader = files.reader(bytes.as_slice());
    let rows = reader.byte_records().collect::<Result<_, _>>();
    rows.map_err(|error| unreadable(&path, error))
}

/// What was known at the end of a sheet that is made already.
fn last_row(files: &Files, hidden: &str) -> Result<Known, SinkError> {
    let rows = rows(files, visible(hidden))?;
    let (Some(header), Some(last)) = (rows.first(), rows.last().filter(|_| rows.len() > 1)) else {
        return Ok(Known::new());
    };
    let cells = header.iter().zip(last.iter()).skip(fixed(files.config.row).len());
    let told = cells.filter(|(_, cell)| !cell.is_empty());
    Ok(told
        .map(|(header, cell)| (header.to_vec(), cell.to_vec()))
        .collect())
}

/// Makes one sheet with what was known before it, and leaves what is known behind it.
fn carry_one(files: &Files, hidden: &str, known: &mut Known) -> Result<(), SinkError> {
    let rows = rows(files, hidden)?;
    let Some((header, rows)) = rows.split_first() else {
        return Ok(());
    };
    let own = fixed(files.config.row).len();
    let of_header = header.iter().skip(own);
    let elsewhere = known.keys().map(Vec::as_slice);
    let elsewhere = elsewhere.filter(|name| !header.iter().any(|of_header| of_header == *name));
    let columns = Columns::new(of_header.chain(elsewhere).collect());
    let begin: Vec<&[u8]> = columns
        .names
        .iter()
        .map(|name| known.get(*name).map_or(&b""[..], Vec::as_slice))
        .collect();

    // A column in which nothing ever stands was only told to have ended.
    let mut used = vec![false; begin.len()];
    let mut told = begin.clone();
    for row in rows {
        columns.tell(row, own, &mut told);
        used.iter_mut()
            .zip(&told)
            .for_each(|(used, cell)| *used |= !cell.is_empty());
    }
    let end: Known = columns.known(&told);

    let mut sheet = files.rows();
    let mut write = |row: &csv::ByteRecord, cells: &[&[u8]]| {
        let mut cells = cells.iter().zip(&used).filter(|(_, is_used)| **is_used);
        let mut own = row.iter().take(own);
        own.try_for_each(|cell| sheet.write_field(cell))
            .and_then(|()| cells.try_for_each(|(cell, _)| sheet.write_field(cell)))
            .and_then(|()| end_row(&mut sheet))
            .map_err(|error| unencodable(&error))
    };
    write(header, &columns.names)?;
    let mut told = begin;
    for row in rows {
        if columns.tell(row, own, &mut told) {
            write(row, &told)?;
        }
    }
    let mark: &[u8] = if files.config.bom { b"\xef\xbb\xbf" } else { b"" };
    let bytes = [mark, &finish(sheet)?].concat();
    *known = end;
    let path = files.dir.join(visible(hidden));
    put(files, &path, &bytes).map_err(failing("write", &path))
}

/// The columns of values of a sheet.
struct Columns<'a> {
    names: Vec<&'a [u8]>,
    /// Of each, those that its end ends: an end has no unit, and what it ends may have one that only BMW knows.
    ended: Vec<Vec<usize>>,
}

impl<'a> Columns<'a> {
    fn new(names: Vec<&'a [u8]>) -> Self {
        let ended_by = |name: &&'a [u8]| {
            let with_unit = [*name, b" ["].concat();
            let is_ended = |other: &[u8]| other == *name || other.starts_with(&with_unit);
            let all = names.iter().enumerate();
            all.filter(|(_, other)| is_ended(other))
                .map(|(column, _)| column)
                .collect()
        };
        let ended = names.iter().map(ended_by).collect();
        Self { names, ended }
    }

    /// Notes what a row tells, behind its `own` cells. Whether it tells anything: the end of what is not known is nothing,
    /// and a line that is no row of ours neither.
    fn tell<'b>(&self, row: &'b csv::ByteRecord, own: usize, told: &mut [&'b [u8]]) -> bool {
        if row
            .get(0)
            .and_then(|cell| read_time(Layout::Wide, cell))
            .is_none()
        {
            return false;
        }
        let mut is_news = false;
        for (column, cell) in row.iter().skip(own).enumerate().take(self.names.len()) {
            if cell == END.as_bytes() {
                for ended in &self.ended[column] {
                    is_news |= !told[*ended].is_empty();
                    told[*ended] = b"";
                }
            } else if !cell.is_empty() {
                told[column] = cell;
                is_news = true;
            }
        }
        is_news
    }

    fn known(&self, told: &[&[u8]]) -> Known {
        let all = self.names.iter().zip(told).filter(|(_, cell)| !cell.is_empty());
        all.map(|(name, cell)| (name.to_vec(), cell.to_vec())).collect()
    }
}

/// Gives a file a content, from where it differs on.
fn put(files: &Files, path: &Path, bytes: &[u8]) -> io::Result<()> {
    let (old, is_new) = match fs::read(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => (Vec::new(), true),
        old => (old?, false),
    };
    let same = old.iter().zip(bytes).take_while(|(old, new)| old == new).count();
    if !is_new && same == bytes.len() && same == old.len() {
        return Ok(());
    }
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .open(path)?;
    if files.config.others_may_read {
        folder::open_to_others(&file, 0o044)?;
    }
    file.seek(SeekFrom::Start(same as u64))?;
    file.write_all(&bytes[same..])?;
    file.set_len(bytes.len() as u64)?;
    file.sync_data()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sheet_belongs_to_the_series_of_its_vehicle() {
        for (name, expected) in [
            (".cardata-i4-7A12345-2026-03.csv", ".cardata-i4-7A12345"),
            (".cardata-i4-7A12345-2026-03-09_2.csv", ".cardata-i4-7A12345"),
            (".cardata-i4-2024-7A12345-2026.csv", ".cardata-i4-2024-7A12345"),
            (".cardata-i4-7A12345.csv", ".cardata-i4-7A12345"),
        ] {
            assert_eq!(series(name), expected, "{name}");
        }
    }
}
