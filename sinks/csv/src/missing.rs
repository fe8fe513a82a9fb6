//! What of some entries does not stand in the files yet, told by the rows themselves.
//!
//! The memory of numbers says nothing about entries that are delivered again: files may have been deleted, and
//! of an entry a part may be there. The files are read in one pass and nothing of them is kept, so this needs
//! room for the batch only, however long the history is.

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::path::Path;

use collector_core::{Entry, Reading, SinkError, Snapshot};

use crate::config::Layout;
use crate::encode::Cells;
use crate::failure::failed;
use crate::files::Files;
use crate::long;
use crate::records::{self, Shape};

/// The cells by which a reading or a record is recognised in its file. Its values are not among them, nor are the names
/// of vehicles and sources, which the owner may change.
#[derive(Debug, Default, Clone, PartialEq, Eq, Hash)]
pub struct Key(Vec<u8>);

impl Key {
    pub fn begin(&mut self) {
        self.0.clear();
    }

    /// Appends a cell; its length keeps neighbours apart.
    pub fn cell(&mut self, cell: &[u8]) {
        self.0.extend_from_slice(&(cell.len() as u64).to_le_bytes());
        self.0.extend_from_slice(cell);
    }
}

/// The readings and records of a batch that have to stand in the files of one period.
type Wanted = HashSet<Key>;

/// What does not stand in the files.
pub struct Missing<'a> {
    /// Without the readings that are there; none is empty.
    pub entries: Vec<Entry>,
    pub records: Vec<records::Row<'a>>,
}

/// A batch without what stands in the files already.
pub fn missing<'a>(files: &Files, batch: &'a [Entry]) -> Result<Missing<'a>, SinkError> {
    let mut namer = Namer::new(files);
    let mut periods: HashMap<String, Wanted> = HashMap::new();
    let mut want = |(stem, key)| {
        periods.entry(stem).or_default().insert(key);
    };
    // A sheet looks for itself what it has.
    let is_long = files.config.layout == Layout::Long;
    for (_, snapshot) in snapshots(batch).filter(|_| is_long) {
        for reading in &snapshot.readings {
            want(namer.reading(snapshot, reading));
        }
    }
    let mut rows = records::rows(batch);
    for row in &rows {
        want(namer.record(row));
    }
    // From here on what is wanted is missing.
    for (stem, wanted) in &mut periods {
        for file in files.of_period(stem)? {
            strike_out(files, &files.dir.join(file), wanted)?;
        }
    }
    let mut is_missing =
        |(stem, key): (String, Key)| periods.get_mut(&stem).is_some_and(|wanted| wanted.remove(&key));
    rows.retain(|row| is_missing(namer.record(row)));
    let mut entries = Vec::new();
    for (seq, snapshot) in snapshots(batch) {
        let readings = snapshot.readings.iter();
        let left = readings.filter(|reading| !is_long || is_missing(namer.reading(snapshot, reading)));
        let left: Vec<Reading> = left.cloned().collect();
        // A sheet in which values are carried looks for ends itself too.
        let ended = match files.config.carry_forward {
            true => snapshot.ended.clone(),
            false => Vec::new(),
        };
        if !left.is_empty() || !ended.is_empty() {
            entries.push(Entry::snapshot_of(seq, snapshot.with(left, ended)));
        }
    }
    Ok(Missing {
        entries,
        records: rows,
    })
}

fn snapshots(batch: &[Entry]) -> impl Iterator<Item = (u64, &Snapshot)> {
    batch
        .iter()
        .filter_map(|entry| Some((entry.seq, &**entry.snapshot()?)))
}

/// Says of readings and records where they belong and how they are recognised there.
struct Namer<'a> {
    files: &'a Files,
    cells: Cells,
}

impl<'a> Namer<'a> {
    fn new(files: &'a Files) -> Self {
        Self {
            files,
            cells: Cells::new(&files.config),
        }
    }

    fn reading(&mut self, snapshot: &Snapshot, reading: &Reading) -> (String, Key) {
        let mut key = Key::default();
        long::key(&mut key, &mut self.cells, snapshot, reading);
        (long::stem(self.files.config.rotate, reading.measured_at), key)
    }

    fn record(&mut self, row: &records::Row<'_>) -> (String, Key) {
        let mut key = Key::default();
        row.key(&mut key, &mut self.cells);
        (row.stem(self.files.config.rotate), key)
    }
}

/// Takes what stands in a file from what is wanted. A file of another form holds nothing of it.
fn strike_out(files: &Files, path: &Path, wanted: &mut Wanted) -> Result<(), SinkError> {
    let failing = |error| unreadable(path, error);
    let file = File::open(path).map_err(|error| failed("read", path, &error))?;
    let mut reader = files.reader(file);
    let mut header = csv::ByteRecord::new();
    if !reader.read_byte_record(&mut header).map_err(failing)? {
        return Ok(());
    }
    let shape = Shape::of(files.config.layout, &header);
    if !long::fits(&header) && shape.is_none() {
        return Ok(());
    }
    let mut strike = |key: &Key| {
        wanted.remove(key);
    };
    let (mut row, mut key) = (csv::ByteRecord::new(), Key::default());
    while reader.read_byte_record(&mut row).map_err(failing)? {
        match shape {
            Some(shape) => shape.keys_of_row(&row, &mut key, &mut strike),
            None => long::keys_of_row(&row, &mut key, &mut strike),
        }
    }
    Ok(())
}

/// Why rows could not be read from a file.
pub fn unreadable(path: &Path, error: csv::Error) -> SinkError {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => failed("read", path, &error),
        other => SinkError::transient(format!("read {}: {other:?}", path.display())),
    }
}
