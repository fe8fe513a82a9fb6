//! Records: a file series a kind, a row a revision, whatever the layout of readings is.
//!
//! Everything comes from the kind's description. The header tells a later run what stands in the file: `vehicle`, `vin`,
//! the key, `at`, `revision` and `state`, then the values. A child has in front of its key when its outermost record was
//! and the keys of those that it is a part of, as `charging_session.start`: a dot stands in no name of a column.

use collector_core::{Column, Entry, Record, RecordState, Scope, SinkError, Value};

use crate::config::{Layout, Rotate};
use crate::encode::{Cells, Rows, end_row, finish, heading, read_time, read_vehicle, unencodable};
use crate::files::{Append, Files};
use crate::missing::Key;
use crate::period;

/// A record, or a part of one, that is to stand in a row of its own.
pub struct Row<'a> {
    record: &'a Record,
    /// What it is a part of, the outermost first.
    parents: Vec<&'a Record>,
}

/// Every record of some entries, each followed by its parts.
pub fn rows<'a>(entries: impl IntoIterator<Item = &'a Entry>) -> Vec<Row<'a>> {
    let mut rows = Vec::new();
    for record in entries.into_iter().filter_map(Entry::record) {
        push(&mut rows, record, &[]);
    }
    rows
}

fn push<'a>(rows: &mut Vec<Row<'a>>, record: &'a Record, parents: &[&'a Record]) {
    rows.push(Row {
        record,
        parents: parents.to_vec(),
    });
    let parents = [parents, &[record]].concat();
    for child in &record.children {
        push(rows, child, &parents);
    }
}

impl<'a> Row<'a> {
    /// The record that is told and withdrawn as a whole: its time decides about its parts too.
    fn outermost(&self) -> &'a Record {
        self.parents.first().unwrap_or(&self.record)
    }

    /// The name of its files, without number and ending.
    pub fn stem(&self, rotate: Rotate) -> String {
        period::stem(self.record.kind.name, rotate, period::date(self.outermost().at))
    }

    /// How it is recognised: by vehicle, key and revision.
    pub fn key(&self, key: &mut Key, cells: &mut Cells) {
        let outermost = self.outermost();
        key.cell(outermost.vehicle.vin.as_str().as_bytes());
        if !self.parents.is_empty() {
            key.cell(cells.shown_time(outermost.at).as_bytes());
        }
        for value in self.key_values() {
            key.cell(cells.shown(value).as_bytes());
        }
        key.cell(self.record.revision.to_string().as_bytes());
    }

    fn key_values(&self) -> impl Iterator<Item = &'a Value> {
        let whole = self.parents.iter().copied().chain([self.record]);
        whole.flat_map(|record| record.key.iter())
    }

    /// The headers of the columns that every row of the kind has.
    fn fixed(&self, layout: Layout) -> Vec<String> {
        let mut fixed = vec!["vehicle".to_owned(), "vin".to_owned()];
        if let Some(outermost) = self.parents.first() {
            fixed.push(format!("{}.{}", outermost.kind.name, at(layout)));
        }
        for parent in &self.parents {
            let of_parent = parent.kind.key.iter().map(|column| of(layout, column));
            fixed.extend(of_parent.map(|name| format!("{}.{name}", parent.kind.name)));
        }
        fixed.extend(self.record.kind.key.iter().map(|column| of(layout, column)));
        fixed.extend([at(layout).to_owned(), "revision".to_owned(), "state".to_owned()]);
        fixed
    }

    /// Its values by the headers of their columns.
    fn values(&self, layout: Layout) -> Vec<(String, Option<&'a Value>)> {
        let values = self.record.value_columns();
        values
            .map(|(column, value)| (of(layout, column), value))
            .collect()
    }

    fn write(
        &self,
        rows: &mut Rows,
        cells: &mut Cells,
        columns: &[String],
        layout: Layout,
    ) -> csv::Result<()> {
        let outermost = self.outermost();
        cells.name(rows, &outermost.vehicle)?;
        rows.write_field(outermost.vehicle.vin.as_str())?;
        if !self.parents.is_empty() {
            cells.time(rows, outermost.at)?;
        }
        for value in self.key_values() {
            cells.value(rows, value)?;
        }
        cells.time(rows, self.record.at)?;
        rows.write_field(self.record.revision.to_string())?;
        rows.write_field(self.record.state.as_str())?;
        let values = self.values(layout);
        for column in columns {
            match values.iter().find(|(name, _)| name == column) {
                Some((_, Some(value))) => cells.value(rows, value)?,
                _ => rows.write_field("")?,
            }
        }
        end_row(rows)
    }
}

fn of(layout: Layout, column: &Column) -> String {
    heading(layout, column.name, column.unit.as_ref(), column.value_type)
}

fn at(layout: Layout) -> &'static str {
    match layout {
        Layout::Long => "at",
        Layout::Wide => "at [UTC]",
    }
}

/// The rows by file.
pub fn appends(files: &Files, rows: &[Row<'_>]) -> Result<Vec<Append>, SinkError> {
    let mut sheets: Vec<(String, Vec<&Row<'_>>)> = Vec::new();
    for row in rows {
        let stem = row.stem(files.config.rotate);
        match sheets.iter_mut().find(|(known, _)| *known == stem) {
            Some((_, rows)) => rows.push(row),
            None => sheets.push((stem, vec![row])),
        }
    }
    let sheets = sheets.into_iter();
    sheets.map(|(stem, rows)| append(files, stem, &rows)).collect()
}

/// The rows of one kind and period, of which there is at least one. A column that the file lacks begins the next file,
/// with all columns so far and that one at the end.
fn append(files: &Files, stem: String, rows: &[&Row<'_>]) -> Result<Append, SinkError> {
    let layout = files.config.layout;
    let last = files.last(stem)?;
    let fixed = rows[0].fixed(layout);
    let of_last = last.header.strip_prefix(fixed.as_slice());
    let mut columns = of_last.unwrap_or_default().to_vec();
    let (is_begun, before) = (of_last.is_some(), columns.len());
    for (name, _) in rows.iter().flat_map(|row| row.values(layout)) {
        if !columns.contains(&name) {
            columns.push(name);
        }
    }
    let (mut cells, mut written) = (Cells::new(&files.config), files.rows());
    for row in rows {
        let result = row.write(&mut written, &mut cells, &columns, layout);
        result.map_err(|error| unencodable(&error))?;
    }
    let written = finish(written)?;
    match is_begun && columns.len() == before {
        true => files.extend(&last, written),
        false => files.start(&last, &[fixed, columns].concat(), written),
    }
}

/// Where things stand in the rows of a file of records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shape {
    /// `at`, with `revision` and `state` behind it.
    at: usize,
    /// When the outermost record was.
    moment: usize,
    /// How many cells a row has.
    columns: usize,
}

impl Shape {
    /// That of a header; `None` where it is none of a kind of records.
    pub fn of(layout: Layout, header: &csv::ByteRecord) -> Option<Self> {
        if header.len() < 2 || &header[0] != b"vehicle" || &header[1] != b"vin" {
            return None;
        }
        let cells: Vec<&[u8]> = header.iter().collect();
        let is_end = |cells: &[&[u8]]| cells == [at(layout).as_bytes(), b"revision", b"state"];
        let at_end = cells.windows(3).position(is_end)?;
        let outermost = format!(".{}", at(layout));
        let is_child = at_end > 2 && cells[2].ends_with(outermost.as_bytes());
        Some(Self {
            at: at_end,
            moment: if is_child { 2 } else { at_end },
            columns: cells.len(),
        })
    }

    /// Hands the key of a row to `found`.
    pub fn keys_of_row(self, row: &csv::ByteRecord, key: &mut Key, mut found: impl FnMut(&Key)) {
        key.begin();
        for column in (1..self.at).chain([self.at + 1]) {
            key.cell(row.get(column).unwrap_or_default());
        }
        found(key);
    }

    /// Whether a row is one of ours and within a scope.
    pub fn is_within(self, layout: Layout, row: &csv::ByteRecord, scope: &Scope) -> bool {
        let read = || {
            let text = |column: usize| std::str::from_utf8(row.get(column)?).ok();
            RecordState::parse(text(self.at + 2)?)?;
            text(self.at + 1)?.parse::<u32>().ok()?;
            read_time(layout, row.get(self.at)?)?;
            Some((
                read_vehicle(&row[0], &row[1])?,
                read_time(layout, row.get(self.moment)?)?,
            ))
        };
        let is_whole = row.len() == self.columns;
        is_whole && read().is_some_and(|(vehicle, moment)| scope.covers_moment(&vehicle, moment))
    }
}

/// The kind whose files have this name, as far as a name can tell: what is in front of period and number.
pub fn kind_of(name: &str) -> &str {
    let is_of_kind = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    &name[..name.find(|c| !is_of_kind(c)).unwrap_or(name.len())]
}
