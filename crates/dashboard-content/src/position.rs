//! Where a car is or was, which is told to who asks for it.

use std::sync::Arc;

use history::read::{ColumnInfo, Latest, Range, RecordRow};
use serde::Deserialize;

/// What asks for it, in a URL.
pub const SHOWN: &str = "position=shown";

/// Positions are told to who asks for them.
#[derive(Debug, Default, Deserialize)]
pub struct Asked {
    position: Option<String>,
}

impl Asked {
    pub fn shows_position(&self) -> bool {
        self.position.as_deref() == Some("shown")
    }
}

/// Whether a key, by its short name or its descriptor, or a column of records says where a car is or was.
pub fn is(name: &str) -> bool {
    let name = name.to_lowercase();
    ["latitude", "longitude", "currentlocation"]
        .iter()
        .any(|part| name.contains(part))
}

/// Whether what was told last by one key says it.
pub fn is_told_by(latest: &Latest) -> bool {
    is(&latest.name) || is(&latest.descriptor)
}

/// What asks where the car was in a time, in a URL.
pub fn of(range: Range) -> String {
    format!("from={:.3}&to={:.3}&{SHOWN}", range.from, range.to)
}

/// The columns without those that say it, and the records without their cells.
pub fn without(columns: Vec<ColumnInfo>, records: Vec<RecordRow>) -> (Vec<ColumnInfo>, Vec<RecordRow>) {
    let kept = |columns: &[ColumnInfo]| -> Vec<ColumnInfo> {
        let kept = columns.iter().filter(|column| !is(&column.name));
        kept.cloned().collect()
    };
    let records = records.into_iter().map(|record| {
        let cells = record.columns.iter().zip(record.cells);
        let cells = cells.filter(|(column, _)| !is(&column.name));
        RecordRow {
            cells: cells.map(|(_, cell)| cell).collect(),
            columns: Arc::from(kept(&record.columns)),
            ..record
        }
    });
    (kept(&columns), records.collect())
}
