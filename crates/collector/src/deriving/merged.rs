//! The entries of a journal in the order in which they came, also where an import brought older ones behind newer ones.

use std::collections::VecDeque;
use std::sync::Arc;

use collector_core::{Entry, Name};
use jiff::Timestamp;
use journal::{JournalError, Read, Reader};

use super::AT_ONCE;
use super::survey::Run;

/// One run, and what of it was read.
struct Part {
    reader: Name,
    run: Run,
    read: VecDeque<Entry>,
}

/// The runs of a journal, merged.
pub struct Merged {
    reader: Reader,
    parts: Vec<Part>,
}

impl Merged {
    pub fn new(reader: Reader, runs: Vec<Run>) -> Self {
        let part = |(number, run)| Part {
            reader: format!(" deriving {number}").into(),
            run,
            read: VecDeque::new(),
        };
        Self {
            reader,
            parts: runs.into_iter().enumerate().map(part).collect(),
        }
    }

    /// The next entries, records left out; `None` where there are no more.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub async fn next(&mut self) -> Result<Option<Arc<[Entry]>>, JournalError> {
        for part in &mut self.parts {
            part.fill(&self.reader).await?;
        }
        self.parts.retain(|part| !part.read.is_empty());
        let next = match &mut *self.parts {
            [] => return Ok(None),
            [one] => Vec::from(std::mem::take(&mut one.read)),
            parts => oldest(parts),
        };
        Ok(Some(next.into()))
    }
}

impl Part {
    /// Reads on where nothing is left. Stays empty at its end alone.
    async fn fill(&mut self, reader: &Reader) -> Result<(), JournalError> {
        while self.read.is_empty() && self.run.after < self.run.last {
            let Some(batch) = reader.read(&self.reader, self.run.after, AT_ONCE).await? else {
                self.run.after = self.run.last;
                return Ok(());
            };
            let is_ours = |entry: &&Entry| entry.seq <= self.run.last && entry.record().is_none();
            self.read = batch.entries.iter().filter(is_ours).cloned().collect();
            self.run.after = batch.last;
        }
        Ok(())
    }

    fn next_came(&self) -> Option<Timestamp> {
        let snapshot = self.read.front()?.snapshot()?;
        Some(snapshot.received_at)
    }
}

/// The entries that came first, until one of the parts has to be read on. Of two that came at once that of the earlier run.
fn oldest(parts: &mut [Part]) -> Vec<Entry> {
    let mut next = Vec::new();
    while parts.iter().all(|part| !part.read.is_empty()) {
        let first = parts.iter_mut().min_by_key(|part| part.next_came());
        next.extend(first.and_then(|part| part.read.pop_front()));
    }
    next
}
