//! When records are looked at: listing them costs a hundred times what a reading does, and in the middle of a burst of
//! messages they are half of what they are at its end.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::fact::{Fact, Key, What};

/// What only grows or falls is looked at so often, in milliseconds of received time.
const PACE_MS: i64 = 5 * 60_000;
/// A burst of messages has ended when none came for so long.
pub const PAUSE_MS: i64 = 20_000;
/// How long what follows a plug, a door or an ignition is looked at as it comes: a car tells its charge, its odometer and
/// its place in one burst with them, and then sleeps.
const BURST_MS: i64 = 60_000;

/// What came since the records were looked at. Times are received times in milliseconds since the epoch.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Due {
    /// By what told it; without documents.
    last: BTreeMap<Key, What>,
    looked_at: Option<i64>,
    /// The first and the last fact that waits.
    waits: Option<(i64, i64)>,
    burst_until: Option<i64>,
    is_now: bool,
    has_switched: bool,
}

impl Due {
    /// A fact that was not there before came; with all that belongs to it, where the entry is a whole and no message.
    pub fn came(&mut self, fact: &Fact, is_whole: bool) {
        let first = self.waits.map_or(fact.received_at, |(first, _)| first);
        self.waits = Some((first, fact.received_at));
        if matches!(fact.what, What::Document(_)) {
            self.is_now = true;
            return;
        }
        let before = self.last.insert(fact.key, fact.what.clone());
        if before.as_ref() == Some(&fact.what) {
            return;
        }
        let is_switch = matches!(
            fact.what,
            What::Plugged(_) | What::PlugEvent(_) | What::Charging(_)
        );
        let is_turn = is_switch || is_turn(&fact.what, before.as_ref());
        if is_turn {
            self.burst_until = Some(fact.received_at + BURST_MS);
        }
        let in_burst = self.burst_until.is_some_and(|until| fact.received_at <= until);
        self.has_switched |= is_switch;
        self.is_now |= is_turn || is_whole || (in_burst && !is_flow(&fact.what));
    }

    /// What was looked at waits on: it was held back.
    pub fn wait(&mut self, received_at: i64) {
        self.waits = Some((received_at, received_at));
    }

    /// Whether to look before anything else comes: what waits has come to its end. The folds list what ended not long ago
    /// alone, so nothing waits through a silence.
    pub fn look_before(&mut self, received_at: i64) -> Option<bool> {
        let (_, last) = self.waits?;
        let is_over = (received_at - last).abs() >= PAUSE_MS;
        self.look_if(is_over && self.is_time(received_at), received_at)
    }

    /// Whether to look now.
    pub fn look(&mut self, received_at: i64) -> Option<bool> {
        let (first, _) = self.waits?;
        let goes_on = is_past(first, received_at) && self.is_time(received_at);
        self.look_if(self.is_now || goes_on, received_at)
    }

    /// To look where anything waits.
    pub fn look_anyway(&mut self, received_at: i64) -> Option<bool> {
        self.look_if(self.waits.is_some(), received_at)
    }

    fn is_time(&self, received_at: i64) -> bool {
        self.looked_at
            .is_none_or(|looked_at| is_past(looked_at, received_at))
    }

    /// Ends the wait, and says whether the plug or the charging has switched since the last look.
    fn look_if(&mut self, is_due: bool, received_at: i64) -> Option<bool> {
        if !is_due {
            return None;
        }
        (self.looked_at, self.waits, self.is_now) = (Some(received_at), None, false);
        Some(std::mem::take(&mut self.has_switched))
    }
}

/// Whether the pace has passed since; also where the clock was set back.
pub fn is_past(since: i64, now: i64) -> bool {
    (now - since).abs() >= PACE_MS
}

/// What opens or closes records.
fn is_turn(what: &What, before: Option<&What>) -> bool {
    match what {
        What::Power(amount) | What::Current(amount) => {
            let before = match before {
                Some(What::Power(amount) | What::Current(amount)) => *amount,
                _ => 0.0,
            };
            (*amount == 0.0) != (before == 0.0)
        }
        What::Moving(_) | What::Ignition(_) | What::Door(_) | What::Locked(_) | What::SegmentEnd(_) => true,
        _ => false,
    }
}

fn is_flow(what: &What) -> bool {
    matches!(
        what,
        What::Power(_) | What::Voltage(_) | What::Current(_) | What::Phases(_)
    )
}
