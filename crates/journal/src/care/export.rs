//! The log as lines, for another journal or another program.

use std::io::Write;
use std::path::Path;

use collector_core::Vin;
use jiff::Timestamp;

use crate::log::decoder;
use crate::log::scan::{Damage, Scan};
use crate::{JournalError, log_id};
use entry_form::lines::{FORMAT, Header, line};
use entry_form::{Stored, payload};
use store::FILE;

/// How many readings are held at a time.
const AT_ONCE: usize = 5_000;

/// What of the log is wanted; times are those at which entries were received.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    pub since: Option<Timestamp>,
    pub until: Option<Timestamp>,
    pub vehicle: Option<Vin>,
}

/// What was written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Exported {
    pub entries: u64,
    pub readings: u64,
}

/// Why an export ended early.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    #[error(transparent)]
    Journal(#[from] JournalError),
    #[error("the lines cannot be written")]
    Write(#[from] std::io::Error),
}

impl Wanted {
    fn wants(&self, entry: &Stored) -> bool {
        !entry.vin.is_nobody()
            && self.since.is_none_or(|since| entry.received_at >= since)
            && self.until.is_none_or(|until| entry.received_at < until)
            && self.vehicle.as_ref().is_none_or(|vin| *vin == entry.vin)
    }
}

/// Writes the journal in `state`, beside a process that may be writing to it. What is damaged goes to `damaged`
/// and is left out; `progress` is told how many entries were looked at.
pub fn export(
    state: &Path,
    wanted: &Wanted,
    now: Timestamp,
    output: &mut dyn Write,
    mut damaged: impl FnMut(Damage),
    mut progress: impl FnMut(u64),
) -> Result<Exported, ExportError> {
    let mut scan = Scan::open(&state.join(FILE))?;
    let header = Header {
        cardata_journal: FORMAT,
        log_id: log_id(scan.connection()).unwrap_or_default(),
        exported_at: now,
    };
    serde_json::to_writer(&mut *output, &header).map_err(std::io::Error::from)?;
    output.write_all(b"\n")?;
    let (mut after, mut exported) = (0, Exported::default());
    while let Some(stretch) = scan.stretch(after, AT_ONCE)? {
        after = stretch.last;
        stretch.damaged.into_iter().for_each(&mut damaged);
        for entry in stretch.entries.iter().filter(|entry| wanted.wants(entry)) {
            match payload::raw(&entry.payload).and_then(|_| line(entry)) {
                Ok(text) => {
                    output.write_all(text.as_bytes())?;
                    output.write_all(b"\n")?;
                    exported.entries += 1;
                    exported.readings += entry.readings as u64;
                }
                Err(error) => damaged(decoder::unreadable(entry, &error)),
            }
        }
        progress(stretch.entries.len() as u64);
    }
    scan.beyond(after).into_iter().for_each(damaged);
    output.flush()?;
    Ok(exported)
}
