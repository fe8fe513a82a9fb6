//! Lines of another journal into this one, as if their entries had arrived here.
//!
//! What is here already is left out, so the same lines twice, or two histories of one car, add nothing twice.
//! Entries get new numbers behind the newest, and every sink gets them by its cursor. Only the lines of this very
//! journal fill the places of entries that it lost, by damage or because a backup was restored that was made
//! before them: with their own numbers, by which sinks know what they have.

mod held;
mod lacking;
mod past;

use std::io::{BufRead, Read};

use crate::log::packed;
use crate::{Journal, JournalError, Result};
pub use entry_form::lines::{HeaderError, LineError};
use entry_form::lines::{Imported, LONGEST, parse_entry, parse_header};
use held::{Held, Lost};
use store::{Database, StoreError};

/// Entries in one transaction.
const AT_ONCE: usize = 2_000;
/// Bytes of lines in one transaction, about.
const BYTES_AT_ONCE: usize = 16 << 20;

/// What became of the lines.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ImportSummary {
    /// Entries that were taken in.
    pub entries: u64,
    pub readings: u64,
    /// Entries among them that got their lost places back.
    pub mended: u64,
    /// Readings that were here already.
    pub repeats: u64,
    /// Entries of which everything was here already.
    pub known: u64,
    /// Lines that were refused.
    pub bad: u64,
}

/// Why an import ended early. What was committed before stays, and importing again adds the rest.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ImportError {
    #[error("the lines cannot be read")]
    Read(#[from] std::io::Error),
    #[error(transparent)]
    Header(#[from] HeaderError),
    #[error(transparent)]
    Journal(#[from] JournalError),
}

impl Journal {
    /// Takes in the lines of `input`. Each line that is refused goes to `bad` with its number, counted from 1;
    /// `progress` is told the bytes of each that was read.
    pub async fn import(
        &self,
        input: &mut dyn BufRead,
        mut bad: impl FnMut(u64, LineError),
        mut progress: impl FnMut(u64),
    ) -> Result<ImportSummary, ImportError> {
        let mut lines = Lines { input, number: 0 };
        let header = lines
            .next()?
            .ok_or_else(|| HeaderError::Foreign("there is none".to_owned()))?;
        let header = match header {
            Ok(bytes) => parse_header(&bytes)?,
            Err(error) => return Err(HeaderError::Foreign(error.to_string()).into()),
        };
        let mut held = Held::read(self.path())?;
        if header.log_id == self.log_id().as_str() {
            let look = Database::read_only(self.path()).map_err(JournalError::from)?;
            let damaged = held.damaged.clone();
            let lost = self.transact(move |connection, _| Lost::read(connection, look, &damaged));
            held.lost = Some(lost.await?);
        }
        let mut summary = ImportSummary::default();
        let (mut waiting, mut size) = (Vec::new(), 0);
        while let Some(line) = lines.next()? {
            let length = line.as_ref().map_or(0, Vec::len);
            progress(length as u64 + 1);
            match line.and_then(|bytes| parse_entry(&bytes)) {
                Ok(entry) => waiting.push(entry),
                Err(error) => {
                    summary.bad += 1;
                    bad(lines.number, error);
                }
            }
            size += length;
            if waiting.len() >= AT_ONCE || size >= BYTES_AT_ONCE {
                let entries = std::mem::take(&mut waiting);
                (held, summary) = self.take_in(entries, held, summary).await?;
                size = 0;
            }
        }
        let (held, summary) = self.take_in(waiting, held, summary).await?;
        if held.lost.is_some() {
            self.heal().await?;
        }
        Ok(summary)
    }

    /// Appends entries in one transaction.
    async fn take_in(
        &self,
        entries: Vec<Imported>,
        mut held: Held,
        mut sum: ImportSummary,
    ) -> Result<(Held, ImportSummary)> {
        self.transact(move |connection, memory| {
            for entry in &entries {
                let number = held.number(entry)?;
                let past = held.meet(entry, number);
                let appended = past::append(connection, memory, entry, number, past)?;
                if let (Some(lost), Some(_), true) = (&held.lost, appended.seq, number.is_own()) {
                    sum.mended += 1;
                    lost.lacking.tell(connection, entry.seq)?;
                }
                match appended.seq {
                    Some(_) => sum.entries += 1,
                    None => sum.known += 1,
                }
                sum.readings += appended.new as u64;
                sum.repeats += appended.repeats as u64;
            }
            memory.write(connection)?;
            Ok((held, sum))
        })
        .await
    }

    /// Removes the blocks that are not needed any more. One that cannot be removed hides none of the rows.
    async fn heal(&self) -> Result<()> {
        match self.transact(|connection, _| packed::heal(connection)).await {
            Err(JournalError::Store(StoreError::Damaged(_))) => Ok(()),
            healed => healed,
        }
    }
}

/// Lines of any length and content, none of them held beyond [`LONGEST`].
struct Lines<'a> {
    input: &'a mut dyn BufRead,
    number: u64,
}

impl Lines<'_> {
    fn next(&mut self) -> Result<Option<Result<Vec<u8>, LineError>>, std::io::Error> {
        let mut line = Vec::new();
        let limit = LONGEST as u64 + 2;
        let read = (&mut *self.input).take(limit).read_until(b'\n', &mut line)?;
        if read == 0 {
            return Ok(None);
        }
        self.number += 1;
        if line.last() == Some(&b'\n') {
            line.pop();
        } else if read as u64 == limit {
            self.input.skip_until(b'\n')?;
            return Ok(Some(Err(LineError::Long)));
        }
        if line.last() == Some(&b'\r') {
            line.pop();
        }
        Ok(Some(Ok(line)))
    }
}
