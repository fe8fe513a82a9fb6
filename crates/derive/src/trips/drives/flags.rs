//! What the car says of itself by a word or a truth: whether it moves, its ignition, doors, locks and plug.

use super::{Drives, MINUTE_MS, sign};
use crate::fact::{Charging, Fact, What};
use crate::trips::drive::Drive;
use crate::trips::gaps::{Cause, Points};

/// The sign of standing right before a car says that it moves is not older.
const JUST_BEFORE_MS: i64 = 5 * MINUTE_MS;
/// Cars lock their doors by themselves once, so soon behind the start of a drive.
const SETTING_OFF_MS: i64 = 3 * MINUTE_MS;

impl Drives {
    /// What the car says of itself by a word or a truth.
    pub(super) fn flag(&mut self, fact: &Fact) {
        use Points::{Arrival, Departure, Neither};
        let (cause, points, is_strong) = match fact.what {
            What::Moving(true) => return self.moves(fact),
            What::Moving(false) => {
                let is_on = self.ignition == Some(true);
                if let Some(drive) = self.drive.as_mut().filter(|drive| is_on && drive.is_waiting()) {
                    drive.drove(sign(fact, Cause::Moving(true), Neither));
                }
                (Cause::Moving(false), Arrival, !is_on)
            }
            What::Ignition(on) => {
                self.ignition = Some(on);
                (Cause::Ignition(on), if on { Departure } else { Arrival }, !on)
            }
            What::Door(open) => (Cause::Door(open), Neither, open),
            What::Locked(true) if self.moving == Some(true) => return,
            What::Locked(true) => {
                let started = self.drive.as_ref().map_or(i64::MIN, |drive| drive.start_at);
                let is_strong = fact.at - SETTING_OFF_MS >= started;
                (Cause::Locked(true), Arrival, is_strong)
            }
            What::Locked(false) => (Cause::Locked(false), Departure, true),
            What::Plugged(plugged) => {
                self.plugged = plugged;
                (
                    Cause::Plugged(plugged),
                    if plugged { Arrival } else { Departure },
                    plugged,
                )
            }
            What::Charging(charging) => {
                self.charging = charging == Charging::Active;
                if !self.charging {
                    return;
                }
                (Cause::Charging, Neither, true)
            }
            _ => return,
        };
        if cause == Cause::Moving(false) || is_strong {
            self.stands(sign(fact, cause, points), is_strong);
            self.moving = self.moving.map(|_| false);
            return;
        }
        // The ignition is on for the whole of a drive, and said to be now and then.
        let is_driving = self.drive.as_ref().is_some_and(|drive| drive.stop.is_none());
        if !(is_driving && cause == Cause::Ignition(true)) {
            self.stands(sign(fact, cause, points), false);
        }
    }

    fn moves(&mut self, fact: &Fact) {
        let now = sign(fact, Cause::Moving(true), Points::Neither);
        let goes_on = self.drive.as_ref().is_some_and(|drive| match &drive.stop {
            Some(stop) => !stop.is_end(now.at),
            None => drive.goes_on(now.at, None, self.moving == Some(true)),
        });
        if !goes_on {
            self.leave_silent();
            let near = self.standings.last().map(|it| it.last);
            let near = near.filter(|last| now.at - last.at <= JUST_BEFORE_MS);
            let drive = Drive::new(near.unwrap_or(now), self.sight, now);
            self.begin(drive);
        }
        self.drove(now);
        self.moving = Some(true);
    }
}
