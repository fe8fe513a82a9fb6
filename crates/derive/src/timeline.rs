//! The facts of a vehicle in the order of measurement, checkpoints for late ones, and what is told of the folds.

mod content;
mod due;
mod order;
mod telling;
#[cfg(test)]
mod tests;

use collector_core::{Name, Origin, Record, Snapshot, Vehicle, Vin};
use serde::{Deserialize, Serialize};

use crate::documents::Documents;
use crate::fact::{self, Fact, What};
use crate::fold::Fold;
use crate::rules::Rules;
use crate::sessions::Sessions;
use crate::trips::Trips;
use battery::Battery;
use due::{Due, PAUSE_MS};
use order::{Inserted, Order, REACH_MS};
use telling::{Look, Teller, Telling};

/// An entry that brings more is looked at so often, in milliseconds of measured time: the folds list what ended not long ago
/// alone.
const STRETCH_MS: i64 = 12 * 3_600_000;
/// How late BMW's messages come as a rule at most: what has ended by silence is told so long behind that.
const LATE_MS: i64 = 15 * 60_000;

/// One vehicle.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(bound = "F: Fold")]
pub struct Timeline<F = Folds> {
    order: Order<F>,
    battery: Battery,
    documents: Documents,
    due: Due,
    telling: Telling,
    /// The newest entry, in milliseconds since the epoch, and its account.
    received_at: i64,
    account: Name,
    /// Until when nothing more was measured, as far as entries without news of this vehicle have shown.
    silent_until: i64,
    /// When the records change if nothing more comes, as of the last look.
    changes_at: Option<i64>,
    /// The last look held back something of the battery; of documents, or some came since.
    has_battery: bool,
    has_documents: bool,
}

/// All sets of rules that want the facts in the order of measurement, as one.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Folds {
    sessions: Sessions,
    trips: Trips,
}

impl Fold for Folds {
    fn step(&mut self, fact: &Fact, rules: &Rules) {
        self.sessions.step(fact, rules);
        self.trips.step(fact, rules);
    }

    fn records(&self, vehicle: &Vehicle, rules: &Rules) -> Vec<Record> {
        let mut records = self.sessions.records(vehicle, rules);
        records.extend(self.trips.records(vehicle, rules));
        records
    }

    fn passed(&mut self, now: i64) {
        self.trips.passed(now);
    }

    fn changes_at(&self) -> Option<i64> {
        self.trips.changes_at()
    }
}

impl<F: Fold> Default for Timeline<F> {
    fn default() -> Self {
        Self {
            order: Order::default(),
            battery: Battery::default(),
            documents: Documents::default(),
            due: Due::default(),
            telling: Telling::default(),
            received_at: i64::MIN,
            account: "".into(),
            silent_until: i64::MIN,
            changes_at: None,
            has_battery: false,
            has_documents: false,
        }
    }
}

impl<F: Fold> Timeline<F> {
    /// Takes in an entry: what is to be told now.
    pub fn take(&mut self, seq: u64, snapshot: &Snapshot, rules: &Rules) -> Vec<Record> {
        let received_at = snapshot.received_at.as_millisecond();
        if received_at < self.received_at.saturating_sub(REACH_MS) {
            self.order.begin_anew();
            self.telling.begin_anew();
            self.silent_until = i64::MIN;
        }
        let before = std::mem::replace(&mut self.received_at, received_at);
        self.account.clone_from(&snapshot.account);
        let mut told = Vec::new();
        if let Some(has_switched) = self.due.look_before(received_at) {
            told.extend(self.look(&snapshot.vehicle, rules, has_switched, received_at));
        }
        let mut since = self.order.end();
        let mut is_news = false;
        for fact in fact::of(seq, snapshot) {
            if fact.at.saturating_sub(since) > STRETCH_MS
                && let Some(has_switched) = self.due.look_anyway(received_at)
            {
                told.extend(self.look(&snapshot.vehicle, rules, has_switched, received_at));
                since = self.order.end();
            }
            is_news |= self.put(fact, snapshot.origin != Origin::Stream, rules);
        }
        if let Some(has_switched) = self.due.look(received_at) {
            told.extend(self.look(&snapshot.vehicle, rules, has_switched, received_at));
        }
        if !is_news && let Some(has_switched) = self.pass(before, received_at) {
            told.extend(self.look(&snapshot.vehicle, rules, has_switched, received_at));
        }
        self.order.settle(rules);
        told
    }

    /// An entry of another vehicle came. Where it is of the same account, time has passed for this one too: what is to be
    /// told of it, as it stands under that account.
    pub fn pass_with(&mut self, vin: &Vin, other: &Snapshot, rules: &Rules) -> Vec<Record> {
        let received_at = other.received_at.as_millisecond();
        if other.account != self.account {
            return Vec::new();
        }
        let Some(has_switched) = self.pass(self.received_at, received_at) else {
            return Vec::new();
        };
        let vehicle = Vehicle::named(vin.clone(), None);
        self.look(&vehicle, rules, has_switched, received_at)
    }

    /// Time has passed without news since the entry `before`: as [`Due::look_before`], whether to look. While a burst goes
    /// on, none has: the next message of it may be late by hours.
    fn pass(&mut self, before: i64, received_at: i64) -> Option<bool> {
        if received_at.saturating_sub(before) < PAUSE_MS {
            return None;
        }
        self.silent_until = self.silent_until.max(received_at - LATE_MS);
        match self.changes_at {
            Some(at) if at <= self.silent_until => {
                Some(self.due.look_anyway(received_at).unwrap_or_default())
            }
            _ => self.due.look_before(received_at),
        }
    }

    /// This revision of a record stands in the journal as the newest.
    pub fn stands(&mut self, record: &Record) {
        self.telling.stands(record);
    }

    /// How many facts came too late to count.
    pub fn left_out(&self) -> u64 {
        self.order.left_out()
    }

    /// Whether it says something new.
    fn put(&mut self, fact: Fact, is_whole: bool, rules: &Rules) -> bool {
        let is_document = matches!(fact.what, What::Document(_));
        let is_number = matches!(fact.what, What::MaxEnergy(_) | What::Health(_));
        let inserted = self.order.insert(fact.clone());
        if inserted == Inserted::Doubled {
            return false;
        }
        // These two go by arrival: BMW's own numbers are months old at times.
        self.battery.step(&fact, rules);
        if is_document {
            self.documents.step(&fact, rules);
        }
        self.has_documents |= is_document;
        if inserted == Inserted::New || is_number {
            self.due.came(&fact, is_whole);
        }
        true
    }

    /// Looks at the records.
    fn look(
        &mut self,
        vehicle: &Vehicle,
        rules: &Rules,
        has_switched: bool,
        received_at: i64,
    ) -> Vec<Record> {
        let (end, silent_until) = (self.order.end(), self.silent_until);
        let folds = self.order.folded(rules);
        let silent = (silent_until > end).then(|| {
            let mut folds = folds.clone();
            folds.passed(silent_until);
            folds
        });
        let folds = silent.as_ref().unwrap_or(folds);
        self.changes_at = folds.changes_at();
        let records = folds.records(vehicle, rules);
        let look = Look {
            received_at,
            end,
            reach: end.saturating_sub(REACH_MS),
            has_switched,
        };
        let mut told = self.telling.tell(Teller::Folds, vehicle, records, look);
        for record in &told {
            self.battery.told(record, rules);
        }
        let has_folds = self.telling.held_back;
        if self.has_battery || self.battery.has_changed() {
            let records = self.battery.records(vehicle, rules);
            told.extend(self.telling.tell(Teller::Battery, vehicle, records, look));
            self.has_battery = self.telling.held_back;
        }
        if self.has_documents {
            let records = self.documents.records(vehicle, rules);
            told.extend(self.telling.tell(Teller::Documents, vehicle, records, look));
            self.has_documents = self.telling.held_back;
        }
        if has_folds || self.has_battery || self.has_documents {
            self.due.wait(received_at);
        }
        told
    }
}
