//! What stands in the journal before all is derived anew: the newest revision of every record, and in which order its
//! entries came.

use std::collections::HashMap;
use std::path::Path;

use collector_core::{Name, RecordState, Vin};
use entry_form::{Stored, canonical, record};
use jiff::{SignedDuration, Timestamp};
use journal::JournalError;
use journal::care::through::through;

/// What came so much earlier than what stands before it was brought by an import, and is folded in its own place. Below
/// that, the order of the journal counts, as it does in a run.
const BACK: SignedDuration = SignedDuration::from_hours(48);

/// A record, whatever its revision.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Identity {
    pub vin: Vin,
    pub kind: String,
    /// JSON.
    pub key: String,
}

/// The newest revision of a record in the journal.
#[derive(Debug, Clone)]
pub struct Head {
    pub seq: u64,
    pub account: Name,
    pub received_at: Timestamp,
    pub at: Timestamp,
    pub revision: u32,
    pub is_withdrawn: bool,
    /// The hash of what is the same in other revisions of the same content.
    pub content: i64,
}

/// Entries in the order in which they came: those behind number `after`, up to `last`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Run {
    pub after: u64,
    pub last: u64,
}

/// What was found.
#[derive(Debug, Default)]
pub struct Survey {
    pub heads: HashMap<Identity, Head>,
    pub runs: Vec<Run>,
    /// When the oldest entry came, where entries before it were removed.
    pub cut_at: Option<Timestamp>,
    /// The lowest number, whatever the entry holds: one of a forgotten vehicle is empty, but there.
    first: Option<u64>,
    /// When the newest of the last run came.
    newest: Option<Timestamp>,
}

impl Identity {
    /// That of a record's JSON, and its head.
    pub fn of<'a>(vin: &Vin, json: &'a str) -> Option<(Self, record::Head<'a>)> {
        let head = record::head(json).ok()?;
        let identity = Self {
            vin: vin.clone(),
            kind: head.kind.to_owned(),
            key: head.key.get().to_owned(),
        };
        Some((identity, head))
    }
}

/// The hash by which revisions of a record are compared.
pub fn content(json: &str) -> i64 {
    canonical::digest(record::content(json).as_bytes())
}

impl Survey {
    /// Reads the journal at `path` up to entry `last`.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn of(path: &Path, last: u64) -> Result<Self, JournalError> {
        let mut survey = Self::default();
        through(path, |entry| {
            if entry.seq <= last {
                survey.first.get_or_insert(entry.seq);
                survey.meet(&entry);
            }
        })?;
        Ok(survey)
    }

    fn meet(&mut self, entry: &Stored) {
        if entry.vin.is_nobody() {
            return;
        }
        if let Some(json) = record::of(entry) {
            return self.record(entry, &json);
        }
        let is_first = self.runs.is_empty();
        if is_first && self.first > Some(1) {
            self.cut_at = Some(entry.received_at);
        }
        let comes_before = |newest: Timestamp| newest.duration_since(entry.received_at) > BACK;
        if is_first || self.newest.is_some_and(comes_before) {
            self.newest = None;
            self.runs.push(Run {
                after: entry.seq - 1,
                last: entry.seq,
            });
        }
        if let Some(run) = self.runs.last_mut() {
            run.last = entry.seq;
        }
        self.newest = self.newest.max(Some(entry.received_at));
    }

    fn record(&mut self, entry: &Stored, json: &str) {
        let Some((identity, head)) = Identity::of(&entry.vin, json) else {
            return;
        };
        let head = Head {
            seq: entry.seq,
            account: entry.feed.account.clone(),
            received_at: entry.received_at,
            at: head.at,
            revision: head.revision,
            is_withdrawn: RecordState::parse(head.state) == Some(RecordState::Withdrawn),
            content: content(json),
        };
        let known = self.heads.get(&identity);
        if known.is_none_or(|known| known.revision <= head.revision) {
            self.heads.insert(identity, head);
        }
    }
}
