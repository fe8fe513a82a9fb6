//! When records are looked at: listing them costs a hundred times what a reading does.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::fact::{Fact, Key, What};

/// What only grows or falls is looked at so often, in milliseconds of received time.
pub const PACE_MS: i64 = 5 * 60_000;
/// How long what follows a plug, a door or an ignition is looked at as it comes: a car tells its charge, its odometer and
/// its place in one burst with them, and then sleeps.
const BURST_MS: i64 = 60_000;

const SILENCE_MS: i64 = 3_600_000;

/// What came since the records were looked at.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Due {
    /// By what told it; without documents.
    last: BTreeMap<Key, What>,
    /// In received time.
    looked_at: Option<i64>,
    burst_until: Option<i64>,
    is_pending: bool,
    is_now: bool,
    has_switched: bool,
}

impl Due {
    /// A fact that was not there before came.
    pub fn came(&mut self, fact: &Fact) {
        self.is_pending = true;
        if matches!(fact.what, What::Document(_)) {
            self.is_now = true;
            return;
        }
        let before = self.last.insert(fact.key, fact.what.clone());
        if before.as_ref() == Some(&fact.what) {
            return;
        }
        let before = before.as_ref();
        let is_switch = matches!(
            fact.what,
            What::Plugged(_) | What::PlugEvent(_) | What::Charging(_)
        );
        let is_turn = match fact.what {
            What::Power(power) | What::Current(power) => {
                let was = before.map_or(0.0, amount);
                (power == 0.0) != (was == 0.0)
            }
            What::Moving(_) | What::Ignition(_) | What::Door(_) | What::Locked(_) => true,
            What::SegmentEnd(_) => true,
            _ => is_switch,
        };
        let is_flow = matches!(
            fact.what,
            What::Power(_) | What::Voltage(_) | What::Current(_) | What::Phases(_)
        );
        if is_turn {
            self.burst_until = Some(fact.received_at + BURST_MS);
        }
        let in_burst = self.burst_until.is_some_and(|until| fact.received_at <= until);
        self.has_switched |= is_switch;
        self.is_now |= is_turn || (in_burst && !is_flow);
    }

    /// Whether the last facts before a silence wait: they are looked at before others come, for the folds list what ended not
    /// long ago alone.
    pub fn is_overdue(&self, received_at: i64) -> bool {
        let is_silence = |looked_at: i64| (received_at - looked_at).abs() >= SILENCE_MS;
        self.is_pending && self.looked_at.is_some_and(is_silence)
    }

    /// Whether to look now, and whether the plug or the charging has switched since the last look. Ends the wait.
    pub fn look(&mut self, received_at: i64) -> Option<bool> {
        let is_time = self
            .looked_at
            .is_none_or(|looked_at| is_past(looked_at, received_at));
        if !(self.is_now || self.is_pending && is_time) {
            return None;
        }
        self.looked_at = Some(received_at);
        (self.is_pending, self.is_now) = (false, false);
        Some(std::mem::take(&mut self.has_switched))
    }
}

/// Whether the pace has passed since; also where the clock was set back.
pub fn is_past(since: i64, now: i64) -> bool {
    (now - since).abs() >= PACE_MS
}

fn amount(what: &What) -> f64 {
    match what {
        What::Power(amount) | What::Current(amount) => *amount,
        _ => 0.0,
    }
}
