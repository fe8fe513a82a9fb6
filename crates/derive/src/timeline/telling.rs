//! What was told of each record, and what is to be told now: revisions, withdrawal, the pace of what goes on.

use std::collections::BTreeMap;

use collector_core::{Record, RecordState, Vehicle};
use facts::row::time;
use serde::{Deserialize, Serialize};

use super::content::{Id, content};
use super::due::is_past;

/// For how long after it was last listed a record that has ended is remembered, in milliseconds: BMW lists sessions late.
const REMEMBERED_MS: i64 = 100 * 24 * 3_600_000;

/// Who tells a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Teller {
    /// Lists what goes on and what ended not long ago.
    Folds,
    /// Lists what may have changed.
    Battery,
    /// Lists all that there is.
    Documents,
}

/// Everything that was told of a vehicle and may be told again.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Telling {
    #[serde(with = "pairs")]
    told: BTreeMap<Id, Told>,
    looks: u64,
    /// The last look held back what goes on and has changed.
    #[serde(skip)]
    pub held_back: bool,
}

/// How a record was told the last time. Times are in milliseconds since the epoch.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
struct Told {
    /// `None` where it stands in the journal, and nothing has listed it since.
    teller: Option<Teller>,
    at: i64,
    /// When it ended, where that is known, else as `at`.
    until: i64,
    /// 0 where it never was.
    revision: u32,
    content: u64,
    is_live: bool,
    is_withdrawn: bool,
    /// In received time.
    told_at: i64,
    /// The look that listed it last, and the newest fact then.
    look: u64,
    listed_at: i64,
}

/// The moment of a look at records. Times are in milliseconds since the epoch.
#[derive(Debug, Clone, Copy)]
pub struct Look {
    pub received_at: i64,
    /// The newest fact.
    pub end: i64,
    /// A record of the folds that ended since is gone where it is not listed.
    pub reach: i64,
    /// The plug or the charging has switched since the last look.
    pub has_switched: bool,
}

impl Telling {
    /// What is to be told, each with its revision: first the records that are gone, then, of the records as they are now,
    /// those that have changed.
    pub fn tell(
        &mut self,
        teller: Teller,
        vehicle: &Vehicle,
        records: Vec<Record>,
        look: Look,
    ) -> Vec<Record> {
        self.looks += 1;
        self.held_back = false;
        let listed = records.into_iter();
        let changed: Vec<_> = listed
            .filter_map(|record| self.anew(teller, record, look))
            .collect();
        let mut told = self.gone(teller, vehicle, look);
        if !changed.is_empty() {
            self.forget(look.end);
        }
        told.extend(changed);
        told
    }

    /// This revision of a record stands in the journal as the newest: it is told again when it changes.
    pub fn stands(&mut self, record: &Record) {
        let at = record.at.as_millisecond();
        let told = self.told.entry(Id::of(record)).or_insert(Told {
            at,
            listed_at: at,
            ..Told::default()
        });
        told.is(record, content(record), record.revision);
    }

    /// The folds begin anew: what they told stays as it is until they list it again.
    pub fn begin_anew(&mut self) {
        let of_folds = self
            .told
            .values_mut()
            .filter(|told| told.teller == Some(Teller::Folds));
        of_folds.for_each(|told| told.teller = None);
    }

    /// A record that is listed, where it is to be told.
    fn anew(&mut self, teller: Teller, mut record: Record, look: Look) -> Option<Record> {
        let id = Id::of(&record);
        let is_withdrawn = record.state == RecordState::Withdrawn;
        if is_withdrawn && self.told.get(&id).is_none_or(|told| told.is_withdrawn) {
            return None;
        }
        let told = self.told.entry(id).or_default();
        if told.look == self.looks {
            return None;
        }
        (told.teller, told.look, told.listed_at) = (Some(teller), self.looks, look.end);
        let content = content(&record);
        if told.content == content && told.revision > 0 {
            return None;
        }
        let goes_on = told.is_live && record.state == RecordState::Live;
        if goes_on && !look.has_switched && !is_past(told.told_at, look.received_at) {
            self.held_back = true;
            return None;
        }
        record.revision = told.revision + 1;
        told.at = record.at.as_millisecond();
        told.told_at = look.received_at;
        told.is(&record, content, record.revision);
        Some(record)
    }

    /// What was told and is not listed any more, told as withdrawn.
    fn gone(&mut self, teller: Teller, vehicle: &Vehicle, look: Look) -> Vec<Record> {
        let looks = self.looks;
        let is_gone = |told: &Told| match teller {
            Teller::Folds => told.at <= look.end && (told.is_live || told.until >= look.reach),
            Teller::Battery => false,
            Teller::Documents => true,
        };
        let gone = self.told.iter_mut().filter(|(_, told)| {
            let is_its = told.teller == Some(teller) && told.look != looks && !told.is_withdrawn;
            is_its && is_gone(told)
        });
        let withdrawn = gone.filter_map(|(id, told)| {
            let record = id.withdrawn(vehicle, told.at, told.revision + 1)?;
            told.told_at = look.received_at;
            told.is(&record, content(&record), record.revision);
            Some(record)
        });
        withdrawn.collect()
    }

    /// Memory has a bound: what ended long ago is not told again. Of the battery and of documents there is little.
    fn forget(&mut self, end: i64) {
        self.told.retain(|_, told| {
            let is_of_folds = matches!(told.teller, None | Some(Teller::Folds));
            let may_change = told.is_live || !is_of_folds;
            may_change || told.listed_at >= end.saturating_sub(REMEMBERED_MS)
        });
    }
}

#[cfg(test)]
impl Telling {
    pub fn remembered(&self) -> usize {
        self.told.len()
    }
}

impl Told {
    fn is(&mut self, record: &Record, content: u64, revision: u32) {
        self.revision = revision;
        self.content = content;
        self.until = time(record, "end_at").unwrap_or(record.at.as_millisecond());
        self.is_live = record.state == RecordState::Live;
        self.is_withdrawn = record.state == RecordState::Withdrawn;
    }
}

/// A map as a list of pairs: JSON has texts alone as keys.
mod pairs {
    use std::collections::BTreeMap;

    use serde::{Deserialize, Deserializer, Serializer};

    use super::{Id, Told};

    pub fn serialize<S: Serializer>(told: &BTreeMap<Id, Told>, to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq(told)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<BTreeMap<Id, Told>, D::Error> {
        Ok(Vec::<(Id, Told)>::deserialize(from)?.into_iter().collect())
    }
}
