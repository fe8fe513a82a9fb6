//! Where a car is or was, which is told to who asks for it.

use std::sync::Arc;

use history::read::{ColumnInfo, Latest, Range, RecordRow};
use serde::Deserialize;

use crate::problem::Problem;

/// What asks for it, in a URL.
pub const SHOWN: &str = "position=shown";

/// Positions are told to who asks for them.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Asked {
    position: Option<String>,
}

impl Asked {
    pub fn shows_position(&self) -> bool {
        self.position.as_deref() == Some("shown")
    }
}

/// Whether a key, by its short name or its descriptor, or a column of records says where a car is or was.
pub(crate) fn is(name: &str) -> bool {
    let name = name.to_lowercase();
    ["latitude", "longitude", "currentlocation"]
        .iter()
        .any(|part| name.contains(part))
}

/// Whether what was told last by one key says it.
pub(crate) fn is_told_by(latest: &Latest) -> bool {
    is(&latest.name) || is(&latest.descriptor)
}

/// What asks where the car was in a time, in a URL.
pub(crate) fn of(range: Range) -> String {
    format!("from={:.3}&to={:.3}&{SHOWN}", range.from, range.to)
}

/// What who does not ask for it is told.
pub(crate) fn refused() -> Problem {
    Problem::mistake(format!(
        "where the car was is told to who asks for it with `{SHOWN}`"
    ))
}

/// The columns without those that say it, and the records without their cells.
pub(crate) fn without(
    columns: Vec<ColumnInfo>,
    records: Vec<RecordRow>,
) -> (Vec<ColumnInfo>, Vec<RecordRow>) {
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
