//! Sheets of earlier versions, whose rows are snapshots. None is extended; what a replay replaces is taken out of them.

use collector_core::{Descriptor, Scope};

use crate::config::Layout;
use crate::encode::{original, read_time, read_vehicle};
use crate::erase::Fate;

/// The columns before those of the descriptors.
pub const FIXED: [&str; 6] = [
    "received_at [UTC]",
    "measured_at [UTC]",
    "vehicle",
    "vin",
    "source",
    "entry",
];

/// Whether a file with this header is one of them.
pub fn fits(header: &csv::ByteRecord) -> bool {
    let fixed = header.iter().take(FIXED.len());
    fixed.eq(FIXED.iter().map(|name| name.as_bytes()))
}

/// What becomes of a row, given the descriptors of its columns.
pub fn fate(descriptors: &[Option<Descriptor>], row: &csv::ByteRecord, scope: &Scope) -> Fate {
    match without(descriptors, row, scope) {
        Some(_) if scope.since.is_some() || scope.until.is_some() => Fate::Unclear,
        Some(left) if left.is_empty() => Fate::Goes,
        Some(left) => Fate::Becomes(left),
        None => Fate::Stays,
    }
}

/// A row without the cells that may be within a scope; without any cell where none with a value is left. `None` where it
/// stays as it is: nothing of it is within the scope, or it has been changed so that it cannot be read.
fn without(
    descriptors: &[Option<Descriptor>],
    row: &csv::ByteRecord,
    scope: &Scope,
) -> Option<csv::ByteRecord> {
    let text = |column: usize| std::str::from_utf8(row.get(column)?).ok();
    let received_at = read_time(Layout::Wide, row.get(0)?)?;
    let vehicle = read_vehicle(row.get(2)?, row.get(3)?)?;
    let source = original(text(4)?);
    text(5)?.parse::<u64>().ok()?;
    if let (Some(since), Some(newest)) = (scope.since, read_time(Layout::Wide, row.get(1)?))
        && newest.as_millisecond() + 1_000 <= since.as_millisecond()
    {
        return None;
    }
    // When a cell was measured is not known: it may have been at any moment before that.
    let at = scope.since.or(scope.until).unwrap_or(received_at);
    let is_within = |(descriptor, cell): (&Option<Descriptor>, &[u8])| {
        let descriptor = descriptor.as_ref().filter(|_| !cell.is_empty());
        descriptor.is_some_and(|it| scope.covers(&vehicle, it, Some(source), at))
    };
    let cells = || row.iter().skip(FIXED.len());
    let beyond = descriptors.iter().chain(std::iter::repeat(&None));
    let within: Vec<bool> = beyond.zip(cells()).map(is_within).collect();
    if !within.contains(&true) {
        return None;
    }
    let kept = cells()
        .zip(&within)
        .map(|(cell, within)| if *within { b"" } else { cell });
    if kept.clone().all(<[u8]>::is_empty) {
        return Some(csv::ByteRecord::new());
    }
    Some(row.iter().take(FIXED.len()).chain(kept).collect())
}
