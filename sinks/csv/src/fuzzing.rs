//! The encoder, open to the fuzz targets, which stand outside of this package. No part of the interface: it
//! changes with the sink.

use std::path::Path;

use collector_core::{Entry, SinkError};

use crate::config::CsvConfig;
use crate::encode::original;
use crate::files::Files;
use crate::records;
use crate::write::changes;

/// The files that entries go to, with their bytes, in an empty folder. Writes nothing.
pub fn encode(
    config: &CsvConfig,
    folder: &Path,
    entries: &[Entry],
) -> Result<Vec<(String, Vec<u8>)>, SinkError> {
    let files = Files {
        dir: folder.to_owned(),
        config: config.clone(),
    };
    let records = records::rows(entries);
    let entries: Vec<&Entry> = entries.iter().collect();
    let whole = changes(&files, &entries, &records)?.0.into_iter().map(|append| {
        let bytes = [append.head, append.rows].concat();
        (append.file, bytes)
    });
    Ok(whole.collect())
}

/// What a cell of text holds that reads so.
pub fn text(cell: &str) -> &str {
    original(cell)
}

/// A text as a cell of a sheet.
pub fn plain(text: &str) -> String {
    crate::plain::plain(text).into_owned()
}
