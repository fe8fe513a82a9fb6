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
use crate::sink::Settings;
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
pub fn missing(settings: &Settings, batch: &[Entry]) -> Result<Vec<Entry>, SinkError> {
    let mut namer = Namer::new(settings);
    let mut periods: HashMap<String, Wanted> = HashMap::new();
    for entry in batch {
        for reading in &entry.snapshot.readings {
            let (stem, key) = namer.name(&entry.snapshot, reading);
            *periods.entry(stem).or_default().entry(key).or_default() += 1;
        }
    }
    // From here on a number says how many rows are missing.
    for (stem, wanted) in &mut periods {
        for file in settings.files.of_period(stem)? {
            strike_out(settings, &settings.files.dir.join(file), wanted)?;
        }
    }
    let mut left = Vec::new();
    for entry in batch {
        let snapshot = &entry.snapshot;
        let mut readings = Vec::new();
        for reading in &snapshot.readings {
            let (stem, key) = namer.name(snapshot, reading);
            let missing = periods.get_mut(&stem).and_then(|wanted| wanted.get_mut(&key));
            if let Some(missing @ 1..) = missing {
                *missing -= 1;
                readings.push(reading.clone());
            }
        }
        if !readings.is_empty() {
            let snapshot = Snapshot {
                readings,
                ..Snapshot::clone(snapshot)
            };
            left.push(Entry {
                seq: entry.seq,
                snapshot: Arc::new(snapshot),
            });
        }
    }
    Ok(left)
}

/// Says of readings where they belong and how they are recognised there.
struct Namer<'a> {
    settings: &'a Settings,
    cells: Cells,
    headers: wide::Headers,
}

impl<'a> Namer<'a> {
    fn new(settings: &'a Settings) -> Self {
        let style = match settings.layout {
            Layout::Long => long::TIME_STYLE,
            Layout::Wide => wide::TIME_STYLE,
        };
        Self {
            settings,
            cells: Cells::new(settings.files.dialect.decimal, style),
            headers: wide::Headers::default(),
        }
    }

    fn name(&mut self, snapshot: &Snapshot, reading: &Reading) -> (String, Key) {
        let rotate = self.settings.rotate;
        let mut key = Key::default();
        match self.settings.layout {
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
fn strike_out(settings: &Settings, path: &Path, wanted: &mut Wanted) -> Result<(), SinkError> {
    let failing = |error: csv::Error| match error.into_kind() {
        csv::ErrorKind::Io(error) => failed("read", path, &error),
        other => SinkError::transient(format!("read {}: {other:?}", path.display())),
    };
    let file = File::open(path).map_err(|error| failed("read", path, &error))?;
    let mut reader = settings.files.reader(file);
    let mut header = csv::ByteRecord::new();
    if !reader.read_byte_record(&mut header).map_err(failing)? {
        return Ok(());
    }
    let fits = match settings.layout {
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
        match settings.layout {
            Layout::Long => long::keys_of_row(&row, &mut key, &mut strike),
            Layout::Wide => wide::keys_of_row(&header, &row, &mut key, &mut strike),
        }
    }
    Ok(())
}
