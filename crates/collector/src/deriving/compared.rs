//! What was derived anew beside what stands in the journal: only what differs is told, with the revision behind it.

use std::collections::{HashMap, HashSet};

use collector_core::{Name, Record, RecordState, record_kind};
use derive::Deriver;
use entry_form::record;
use jiff::{SignedDuration, Timestamp};

use super::fold::Cause;
use super::outcome::{EXAMPLES, Outcome};
use super::survey::{Head, Identity, Survey, content};
use super::telling::Telling;

/// A record may be told again for so long behind its time, by the rules of [`derive`]: until then it is not compared.
const SETTLED: SignedDuration = SignedDuration::from_hours(100 * 24);
/// A record may begin so much before the first entry that tells of it.
const EDGE: SignedDuration = SignedDuration::from_hours(48);

/// A record as it was told last.
struct Pending {
    record: Record,
    account: Name,
    received_at: Timestamp,
    /// Which telling it was.
    number: u64,
}

/// A comparison that goes on.
pub struct Compared {
    heads: HashMap<Identity, Head>,
    pending: HashMap<Identity, Pending>,
    met: HashSet<Identity>,
    /// What is before cannot be derived anew.
    edge: Option<Timestamp>,
    tellings: u64,
    looked_at: Timestamp,
    pub outcome: Outcome,
    /// Entries with records of before, and what they are now.
    pub examples: Vec<(u64, Record)>,
}

impl Compared {
    pub fn with(survey: Survey) -> (Self, Vec<super::survey::Run>) {
        let edge = survey.cut_at.map(|at| at + EDGE);
        // Of a journal that never told anything, what can be derived is better than nothing.
        let edge = edge.filter(|edge| survey.heads.values().any(|head| head.at < *edge));
        let compared = Self {
            heads: survey.heads,
            pending: HashMap::new(),
            met: HashSet::new(),
            edge,
            tellings: 0,
            looked_at: Timestamp::MIN,
            outcome: Outcome::default(),
            examples: Vec::new(),
        };
        (compared, survey.runs)
    }

    /// A record was derived.
    pub fn derived(&mut self, record: Record, cause: Cause) {
        let json = record::encode(&record).unwrap_or_default();
        let Some((identity, _)) = Identity::of(&record.vehicle.vin, &json) else {
            return;
        };
        self.tellings += 1;
        let pending = Pending {
            record,
            account: cause.account,
            received_at: cause.received_at,
            number: self.tellings,
        };
        self.pending.insert(identity, pending);
    }

    /// Compares what cannot be told again, everything being folded that came until `now`. What is to be told.
    pub fn settled(&mut self, deriver: &mut Deriver, now: Timestamp) -> Vec<Telling> {
        if now.duration_since(self.looked_at) < SignedDuration::from_hours(24) {
            return Vec::new();
        }
        self.looked_at = now;
        self.settle(deriver, |pending| now.duration_since(pending.record.at) > SETTLED)
    }

    /// Compares the rest.
    pub fn rest(&mut self, deriver: &mut Deriver) -> Vec<Telling> {
        self.settle(deriver, |_| true)
    }

    fn settle(&mut self, deriver: &mut Deriver, is_settled: impl Fn(&Pending) -> bool) -> Vec<Telling> {
        let mut settled: Vec<_> = self
            .pending
            .extract_if(|_, pending| is_settled(pending))
            .collect();
        settled.sort_by_key(|(_, pending)| pending.number);
        let told = settled.into_iter().filter_map(|(identity, mut pending)| {
            let before = pending.record.revision;
            let differs = self.differs(identity, &mut pending.record);
            if pending.record.revision > before {
                deriver.told_before(&pending.record);
            }
            let told = || Telling::of(&pending.record, &pending.account, pending.received_at);
            differs.then(told).flatten()
        });
        told.collect()
    }

    /// Whether a record is to be told; it has the revision that it stands under from now on.
    fn differs(&mut self, identity: Identity, record: &mut Record) -> bool {
        let is_withdrawn = record.state == RecordState::Withdrawn;
        if self.edge.is_some_and(|edge| record.at < edge) {
            let stands = self.heads.get(&identity).map_or(0, |head| head.revision);
            record.revision = record.revision.max(stands);
            return false;
        }
        let json = record::encode(record).unwrap_or_default();
        let of_kind = self.outcome.of(record.kind.name);
        let Some(head) = self.heads.get_mut(&identity) else {
            of_kind.new += u64::from(!is_withdrawn);
            return !is_withdrawn;
        };
        self.met.insert(identity);
        if content(&json) == head.content || (is_withdrawn && head.is_withdrawn) {
            of_kind.unchanged += 1;
            record.revision = record.revision.max(head.revision);
            return false;
        }
        record.revision = record.revision.max(head.revision + 1);
        match is_withdrawn {
            true => of_kind.withdrawn += 1,
            false => of_kind.changed += 1,
        }
        let of_its_kind = self
            .examples
            .iter()
            .filter(|(_, known)| known.kind == record.kind);
        if !is_withdrawn && of_its_kind.count() < EXAMPLES {
            self.examples.push((head.seq, record.clone()));
        }
        (head.revision, head.content, head.is_withdrawn) = (record.revision, content(&json), is_withdrawn);
        true
    }

    /// The records of kinds that are known here that were not derived any more, by number of their entries.
    pub fn vanished(&mut self) -> Vec<Head> {
        let (met, edge) = (&self.met, self.edge);
        let gone = self.heads.iter().filter(|(identity, head)| {
            !met.contains(identity) && !head.is_withdrawn && record_kind(&identity.kind).is_some()
        });
        let (kept, gone): (Vec<_>, Vec<_>) =
            gone.partition(|(_, head)| edge.is_some_and(|edge| head.at < edge));
        self.outcome.kept = kept.len() as u64;
        let mut vanished: Vec<_> = gone.into_iter().map(|(_, head)| head.clone()).collect();
        vanished.sort_by_key(|head| head.seq);
        vanished
    }
}
