//! Readings that are numbers: the odometer, the position, the charge, the tank, and BMW's summary of a drive.

use std::sync::Arc;

use super::{Drives, HOLD_MS, MINUTE_MS, sign};
use crate::fact::{Fact, SocKey};
use crate::rules::metres_between;
use crate::trips::drive::Drive;
use crate::trips::gaps::{Cause, Points, Sign, Way};
use crate::trips::sense::{Grain, Position, Seen, Snap, Step, tells_soc};

/// A position step of so many metres is driving.
const STEP_M: f64 = 50.0;
/// BMW's summary of a drive counts while its own stamp is not older at its arrival (T2).
const SEGMENT_MS: i64 = 900_000;
/// A tank gauge rises by less than so many litres on a slope.
const REFUELLED_L: f64 = 2.0;

impl Drives {
    pub(super) fn odometer(&mut self, fact: &Fact, km: f64) {
        let (before, read_at) = (self.sight, self.odometer.read_at);
        let new = Seen::of(fact, km);
        let step = self.odometer.tell(&mut self.sight.odometer, new);
        let now = sign(fact, Cause::Odometer, Points::Neither);
        match step {
            Step::Driven(km) => self.drove_by(now, self.way(km, &before, read_at, now), before),
            Step::Nothing if self.sight.odometer != Some(new) => return,
            // Within whole kilometres a car is on its way.
            Step::Same if Grain::of(km) != Grain::Fine && self.has_stood(now.at - HOLD_MS) => {}
            Step::Nothing | Step::Same => self.stands_still(now),
        }
        if let (Some(drive), Some(believed)) = (&mut self.drive, self.sight.odometer) {
            drive.read_odometer(believed, fact.at);
        }
    }

    pub(super) fn position(&mut self, fact: &Fact) {
        let before = self.sight;
        let stands_since = self.drive.as_ref().and_then(Drive::halted_at);
        let km = before.odometer.map(|it| it.value);
        let odometers = self.placed_km.zip(km);
        let reach_km = odometers.map(|(from, last)| self.odometer.reach_km(from, last, fact.at));
        let told = self.positions.tell(before.position, fact, stands_since, reach_km);
        let Some(new) = told else { return };
        (self.sight.position, self.placed_km) = (Some(new), km);
        let now = sign(fact, Cause::Position, Points::Neither);
        let Some(last) = before.position else {
            self.stands_still(now);
            return self.end_position(None, new);
        };
        let metres = metres_between(last.value, new.value);
        if metres >= STEP_M {
            self.still = (new.at, new.at);
            let km = metres / 1_000.0;
            if self.positions.is_carried {
                return self.was_carried(now);
            }
            if km < 1.0 {
                self.standings.drop_weak(now.at);
            }
            let (from, until, still) = (last.at, now.at, (0, 0));
            let way = Way {
                km,
                least_km: km,
                from,
                until,
                still,
            };
            self.drove_by(now, way, before);
            if let Some(drive) = self.drive.as_mut().filter(|drive| drive.holds(now.at)) {
                drive.moved(metres);
            }
            self.end_position(before.position, new);
            return;
        }
        self.still.1 = new.at;
        if new.at - last.at >= MINUTE_MS {
            self.stands(now, false);
        }
        self.end_position(before.position, new);
    }

    /// It is elsewhere, and did not drive there.
    fn was_carried(&mut self, now: Sign) {
        if let Some(drive) = self.drive.as_mut().filter(|drive| drive.stop.is_none()) {
            (drive.before.position, drive.after.position) = (None, self.sight.position);
        }
        self.stands_still(now);
    }

    /// Where a drive ended, or the way of one that goes on. The first one of its way says whether that before had ended.
    fn end_position(&mut self, before: Option<Seen<Position>>, new: Seen<Position>) {
        let Some(drive) = &mut self.drive else { return };
        let is_first = drive.stop.is_none() && drive.after.position.is_none();
        let unseen = |last: &&mut Arc<Drive>| is_first && last.after.position == before;
        let last = self.past.last_mut().filter(unseen);
        let read_at = drive.before.odometer.map(|it| it.at);
        if let Some(last) = last.filter(|last| last.was_left(new, read_at)) {
            Arc::make_mut(last).after.position = None;
            drive.before.position = None;
        }
        drive.read_position(new);
    }

    /// What a step of the odometer shows.
    fn way(&self, km: f64, before: &Snap, read_at: i64, now: Sign) -> Way {
        let kms = [before.odometer, self.sight.odometer].map(|seen| seen.map(|seen| Grain::of(seen.value)));
        let spread = kms.into_iter().flatten().map(Grain::spread).fold(0.0, f64::max);
        Way {
            km,
            least_km: (km - spread).max(0.0),
            from: read_at,
            until: now.at,
            still: self.still,
        }
    }

    pub(super) fn soc(&mut self, fact: &Fact, percent: f64, key: SocKey) {
        let is_driving = self.drive.as_ref().is_some_and(|drive| drive.stop.is_none());
        self.steps[key as usize].take(percent);
        // The summary of a drive is sent again in the middle of the next.
        if !tells_soc(self.sight.soc, key, fact.at) || key == SocKey::TripEnd && is_driving {
            return;
        }
        let new = Seen::of(fact, (percent, key));
        self.sight.soc = Some(new);
        if let Some(drive) = &mut self.drive {
            drive.read_soc(new, self.plugged || self.charging);
        }
        if let Some(rest) = &mut self.rest {
            rest.read_soc(new);
        }
    }

    pub(super) fn fuel(&mut self, new: Seen<f64>) {
        let last = self.sight.fuel.replace(new);
        let Some(drive) = self.drive.as_mut().filter(|drive| drive.holds(new.at)) else {
            return;
        };
        drive.is_refuelled |= last.is_some_and(|last| new.value - last.value > REFUELLED_L);
        drive.after.fuel = Some(new);
    }

    /// T2: BMW's summary of a drive, told when it ended or, of the drive before, in the middle of the next.
    pub(super) fn segment_end(&mut self, fact: &Fact, end: i64) {
        if !is_young(fact) || fact.received_at - end >= SEGMENT_MS || end > fact.at {
            return;
        }
        let mut now = sign(fact, Cause::SegmentEnd, Points::Arrival);
        now.at = end;
        let is_parked = self
            .standings
            .last()
            .is_some_and(|standing| end >= standing.last.at);
        match &mut self.drive {
            Some(drive) if drive.sums_up(end) => {
                drive.summed_up_at = Some(fact.at);
                if drive.stop.is_none() {
                    now.at = end.max(drive.driven.at);
                    self.stands(now, true);
                    self.moving = self.moving.map(|_| false);
                }
            }
            Some(drive) if drive.stop.is_none() => {}
            _ if is_parked => self.stands(now, true),
            _ => {}
        }
        self.sum_up();
    }

    pub(super) fn segment_odometer(&mut self, fact: &Fact, km: f64) {
        if is_young(fact) {
            self.summary = Some(Seen::of(fact, km));
            self.sum_up();
        }
    }

    /// The odometer of a summary belongs to the drive whose end the same summary tells.
    fn sum_up(&mut self) {
        let (Some(drive), Some(summary)) = (&mut self.drive, self.summary) else {
            return;
        };
        if drive
            .summed_up_at
            .is_some_and(|at| (at - summary.at).abs() <= MINUTE_MS)
        {
            drive.segment = Some(summary);
        }
    }
}

fn is_young(fact: &Fact) -> bool {
    fact.received_at - fact.at < SEGMENT_MS
}
