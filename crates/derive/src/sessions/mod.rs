//! Charging sessions: rules S1 to S6. What facts of the car show is collected as plug-ins, what BMW lists as listed
//! charges; which of them are one session, and what it is made of, is decided when it is told.

mod anchor;
mod energies;
mod evidence;
mod identity;
mod listed;
mod live;
mod memory;
mod power;
pub mod price;
mod record;
mod rises;
mod signals;
mod windows;

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use collector_core::{Record, Vehicle, document};
use serde::{Deserialize, Serialize};

use self::anchor::PlugIn;
use self::listed::Listed;
use self::memory::Memory;
use self::signals::Signals;
use crate::Rules;
use crate::fact::{Fact, What};
use crate::fold::Fold;

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;
/// How long ended sessions are kept: BMW lists them late.
const KEPT: i64 = 100 * DAY;
/// How long what changed is listed: longer than the timeline goes back.
const FRESH: i64 = 2 * DAY + HOUR;

/// The fold.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Sessions {
    signals: Signals,
    open: Option<Arc<PlugIn>>,
    /// In the order of their end.
    ended: Arc<Vec<Arc<PlugIn>>>,
    /// By their start in milliseconds, which is BMW's key.
    listed: Arc<BTreeMap<i64, Arc<Listed>>>,
    newest: i64,
    /// What was told of sessions that have not changed since; it follows from the others.
    #[serde(skip)]
    memory: Memory,
}

impl Fold for Sessions {
    fn step(&mut self, fact: &Fact, _: &Rules) {
        self.newest = self.newest.max(fact.at);
        match &fact.what {
            What::Document(sent) if &*sent.name == document::CHARGING_SESSION => self.list(fact, sent),
            What::Document(_) => {}
            _ => self.observe(fact),
        }
    }

    fn records(&self, vehicle: &Vehicle, rules: &Rules) -> Vec<Record> {
        let since = self.newest - FRESH;
        let sessions = identity::sessions(&self.ended, self.open.as_ref(), &self.listed, since);
        let counting = sessions.iter().filter(|session| session.counts());
        let mut records = self.memory.tell(counting, vehicle, rules);
        let mut keys = HashSet::new();
        records.retain(|record| keys.insert(record.at));
        record::withdraw_others(&sessions, &mut records, vehicle);
        records
    }
}

impl Sessions {
    fn list(&mut self, fact: &Fact, sent: &crate::fact::Sent) {
        let Some(mut listed) = Listed::read(sent, fact) else {
            return;
        };
        let old = self.listed.get(&listed.start);
        if let Some(old) = old {
            listed.keep_energies(old);
        }
        // Never what it showed itself.
        listed.max_energy = old.and_then(|old| old.max_energy).or(self.signals.max_energy);
        if old.is_some_and(|old| old.says_the_same(&listed)) {
            return;
        }
        if let Some(shown) = listed.shows_capacity(fact) {
            self.signals.shows(shown);
        }
        Arc::make_mut(&mut self.listed).insert(listed.start, Arc::new(listed));
        self.prune();
    }

    fn keep(&mut self, ended: Arc<PlugIn>) {
        // One that shows no charging may be where BMW lists some.
        if ended.counts() || ended.plugged.is_some() {
            Arc::make_mut(&mut self.ended).push(ended);
        }
        self.prune();
    }

    /// Forgets what ended long ago and was told long ago.
    fn prune(&mut self) {
        let (begun, told) = (self.newest - KEPT, self.newest - FRESH);
        let old = |span: i64, changed_at: i64| span < begun && changed_at < told;
        if self
            .ended
            .first()
            .is_some_and(|first| old(first.span().1, first.changed_at))
        {
            Arc::make_mut(&mut self.ended).retain(|plug_in| !old(plug_in.span().1, plug_in.changed_at));
        }
        let ripe = |plug_in: &PlugIn| plug_in.changed_at < told && plug_in.is_long();
        if self.ended.iter().any(|plug_in| ripe(plug_in)) {
            let ripe = Arc::make_mut(&mut self.ended)
                .iter_mut()
                .filter(|plug_in| ripe(plug_in));
            ripe.for_each(|plug_in| Arc::make_mut(plug_in).compact());
        }
        let first = self.listed.first_key_value();
        if first.is_some_and(|(start, listed)| old(*start, listed.changed_at)) {
            Arc::make_mut(&mut self.listed).retain(|start, listed| !old(*start, listed.changed_at));
        }
    }
}

#[cfg(test)]
mod tests;
