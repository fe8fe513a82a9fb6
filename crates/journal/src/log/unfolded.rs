//! What the entries behind the folded number add to the tables, for those who read beside the process that writes. They are
//! few: what came in some seconds, or before a kill.

use std::collections::HashMap;

use collector_core::document::is_own;
use entry_form::observe::What;
use normalise::known::KnownDescriptors;
use rusqlite::Connection;

use super::append::{Latest, fold};
use super::learned;
use crate::Result;

/// What is new of a series.
#[derive(Debug, Default)]
pub(super) struct Unfolded {
    pub latest: Option<Latest>,
    pub ended_at: Option<i64>,
    /// Values came that fit no type.
    pub has_misfits: bool,
    pub absences: u64,
}

/// What is new of each, by vehicle and descriptor; not of documents and records. The caller has a transaction in which it reads the tables too.
pub(super) fn series(
    connection: &Connection,
    mut known: KnownDescriptors,
) -> Result<HashMap<(i64, String), Unfolded>> {
    learned::load(connection, &mut known)?;
    let mut series: HashMap<_, Unfolded> = HashMap::new();
    fold::entries(connection, fold::folded(connection)?, |entry| {
        entry.observed(&known, |descriptor, observed, occurrence| {
            if is_own(descriptor) {
                return Ok(());
            }
            let new = series
                .entry((entry.ids.vehicle, descriptor.to_owned()))
                .or_default();
            match observed.what {
                What::Absent => {
                    new.absences += 1;
                    new.ended_at = new.ended_at.max(observed.ended_at);
                }
                What::Misfit(_) => new.has_misfits = true,
                What::Value => {
                    let latest = Latest {
                        at: observed.measured.at,
                        occurrence,
                        seq: Some(entry.seq),
                    };
                    if latest.follows(new.latest) {
                        new.latest = Some(latest);
                    }
                }
            }
            Ok(())
        })
    })?;
    Ok(series)
}
