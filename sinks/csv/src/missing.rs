//! What of some entries does not stand in the files yet, told by the rows themselves.
//!
//! The memory of numbers says nothing about entries that are delivered again: files may have been deleted, and
//! of an entry a part may be there. The files are read in one pass and nothing of them is kept, so this needs
//! room for the batch only, however long the history is.

use std::collections::HashMap;
use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use collector_core::{Entry, Reading, SinkError, Snapshot};

use crate::config::Layout;
use crate::encode::Cells;
use crate::failure::failed;
use crate::files::Files;
use crate::{long, wide};

/// The cells by which a reading is recognised in its file. Names of vehicles and sources may be changed by the
/// owner and are not among them.
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

/// How often each reading of a batch has to stand in the files of one period.
type Wanted = HashMap<Key, usize>;

/// The entries without what stands in the files already; an entry of which nothing is left is left out.
pub fn missing(files: &Files, batch: &[Entry]) -> Result<Vec<Entry>, SinkError> {
    let mut namer = Namer::new(files);
    let mut periods: HashMap<String, Wanted> = HashMap::new();
    for entry in batch {
        for reading in &entry.snapshot.readings {
            let (stem, key) = namer.name(&entry.snapshot, reading);
            *periods.entry(stem).or_default().entry(key).or_default() += 1;
        }
    }
    // From here on a number says how many rows are missing.
    for (stem, wanted) in &mut periods {
        for file in files.of_period(stem)? {
            strike_out(files, &files.dir.join(file), wanted)?;
        }
    }
    let mut is_missing = |snapshot: &Snapshot, reading: &Reading| {
        let (stem, key) = namer.name(snapshot, reading);
        match periods.get_mut(&stem).and_then(|wanted| wanted.get_mut(&key)) {
            Some(rows @ 1..) => {
                *rows -= 1;
                true
            }
            _ => false,
        }
    };
    let mut left = Vec::new();
    for Entry { seq, snapshot } in batch {
        let readings = snapshot.readings.iter();
        let readings: Vec<_> = readings.filter(|it| is_missing(snapshot, it)).cloned().collect();
        if !readings.is_empty() {
            let snapshot = Snapshot {
                readings,
                ..Snapshot::clone(snapshot)
            };
            left.push(Entry {
                seq: *seq,
                snapshot: Arc::new(snapshot),
            });
        }
    }
    Ok(left)
}

/// Says of readings where they belong and how they are recognised there.
struct Namer<'a> {
    files: &'a Files,
    cells: Cells,
    headers: wide::Headers,
}

impl<'a> Namer<'a> {
    fn new(files: &'a Files) -> Self {
        Self {
            files,
            cells: Cells::new(&files.config),
            headers: wide::Headers::default(),
        }
    }

    fn name(&mut self, snapshot: &Snapshot, reading: &Reading) -> (String, Key) {
        let rotate = self.files.config.rotate;
        let mut key = Key::default();
        match self.files.config.layout {
            Layout::Long => {
                long::key(&mut key, &mut self.cells, snapshot, reading);
                (long::stem(rotate, reading.measured_at), key)
            }
            Layout::Wide => {
                wide::key(&mut key, &mut self.cells, &mut self.headers, snapshot, reading);
                (wide::stem(rotate, snapshot), key)
            }
        }
    }
}

/// Takes what stands in a file from what is wanted. A file of another form holds nothing of it.
fn strike_out(files: &Files, path: &Path, wanted: &mut Wanted) -> Result<(), SinkError> {
    let failing = |error: csv::Error| match error.into_kind() {
        csv::ErrorKind::Io(error) => failed("read", path, &error),
        other => SinkError::transient(format!("read {}: {other:?}", path.display())),
    };
    let file = File::open(path).map_err(|error| failed("read", path, &error))?;
    let mut reader = files.reader(file);
    let mut header = csv::ByteRecord::new();
    if !reader.read_byte_record(&mut header).map_err(failing)? {
        return Ok(());
    }
    let fits = match files.config.layout {
        Layout::Long => long::fits(&header),
        Layout::Wide => wide::fits(&header),
    };
    if !fits {
        return Ok(());
    }
    let mut strike = |key: &Key| {
        if let Some(count @ 1..) = wanted.get_mut(key) {
            *count -= 1;
        }
    };
    let (mut row, mut key) = (csv::ByteRecord::new(), Key::default());
    while reader.read_byte_record(&mut row).map_err(failing)? {
        match files.config.layout {
            Layout::Long => long::keys_of_row(&row, &mut key, &mut strike),
            Layout::Wide => wide::keys_of_row(&header, &row, &mut key, &mut strike),
        }
    }
    Ok(())
}
