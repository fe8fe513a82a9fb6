//! Facts in the order of measurement become drives, and the standstills between them (T1, T2).

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::drive::{Drive, SETTLE_MS, SOC_SETTLE_MS};
use super::gaps::{Cause, Points, Sign, Standings, has_room, is_filled, usual_ms};
use super::sense::{Odometer, Positions, Seen, Snap, Step, tells_soc};
use crate::fact::{Charging, Fact, SocKey, What};
use crate::rules::metres_between;
use crate::standstills::Rest;

const MINUTE_MS: i64 = 60_000;
/// A position step of so many metres is driving.
const STEP_M: f64 = 50.0;
/// The sign of standing right before a car says that it moves is not older.
const JUST_BEFORE_MS: i64 = 5 * MINUTE_MS;
/// BMW's summary of a drive counts while its own stamp is not older at its arrival (T2).
const SEGMENT_MS: i64 = 900_000;
/// Drives are kept for so long: late facts change them within two days.
const KEEP_MS: i64 = 60 * 3_600_000;
/// A tank gauge rises by less than so many litres on a slope.
const REFUELLED_L: f64 = 2.0;

/// The drives of one vehicle. Small: the drives of two days, and at most two dozen signs since the last.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Drives {
    pub now: i64,
    sight: Snap,
    odometer: Odometer,
    positions: Positions,
    pub moving: Option<bool>,
    ignition: Option<bool>,
    plugged: bool,
    charging: bool,
    conditioned: bool,
    capacity: Option<Seen<f64>>,
    standings: Standings,
    /// Under way, or the last one while nothing is known of a next.
    pub drive: Option<Drive>,
    pub past: Vec<Arc<Drive>>,
    /// Since the last drive stopped.
    pub rest: Option<Rest>,
}

impl Drives {
    pub fn step(&mut self, fact: &Fact) {
        self.now = self.now.max(fact.at);
        match fact.what {
            What::Odometer(km) => self.odometer(fact, km),
            What::MaxEnergy(kwh) => self.capacity = Some(Seen::of(fact, kwh)),
            What::Fuel(litres) => self.fuel(Seen::of(fact, litres)),
            // A state that BMW stamps with the time of a call was so at any time before.
            _ if fact.requested => {}
            What::Latitude(_) | What::Longitude(_) => self.position(fact),
            What::Soc(percent, key) => self.soc(fact, percent, key),
            What::Preconditioning(on) => self.conditioned = on,
            What::SegmentEnd(end) => self.segment_end(fact, end),
            What::SegmentOdometer(km) => self.segment_odometer(fact, km),
            _ => self.flag(fact),
        }
        self.refresh_rest();
    }

    /// What the car says of itself by a word or a truth.
    fn flag(&mut self, fact: &Fact) {
        use Points::{Arrival, Departure, Neither};
        let (cause, points, is_strong) = match fact.what {
            What::Moving(true) => return self.moves(fact),
            What::Moving(false) => (Cause::Moving(false), Arrival, self.ignition != Some(true)),
            What::Ignition(on) => {
                self.ignition = Some(on);
                (Cause::Ignition(on), if on { Departure } else { Arrival }, !on)
            }
            What::Door(open) => (Cause::Door(open), Neither, open),
            // Cars lock their doors when they drive off.
            What::Locked(true) if self.moving == Some(true) => return,
            What::Locked(locked) => (
                Cause::Locked(locked),
                if locked { Arrival } else { Departure },
                false,
            ),
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

    fn odometer(&mut self, fact: &Fact, km: f64) {
        let (before, read_at) = (self.sight, self.odometer.read_at);
        let new = Seen::of(fact, km);
        let step = self.odometer.tell(&mut self.sight.odometer, new);
        let now = sign(fact, Cause::Odometer, Points::Neither);
        match step {
            Step::Driven(km) => self.drove_by(now, km, before, read_at),
            Step::Nothing if self.sight.odometer != Some(new) => return,
            Step::Nothing | Step::Same => self.stands_still(now),
        }
        if let (Some(drive), Some(believed)) = (&mut self.drive, self.sight.odometer) {
            drive.read_odometer(believed, fact.at);
        }
    }

    fn position(&mut self, fact: &Fact) {
        let before = self.sight;
        let Some(new) = self.positions.tell(before.position, fact) else {
            return;
        };
        self.sight.position = Some(new);
        let now = sign(fact, Cause::Position, Points::Neither);
        let Some(last) = before.position else {
            return self.stands_still(now);
        };
        let metres = metres_between(last.value, new.value);
        if metres >= STEP_M {
            self.drove_by(now, metres / 1_000.0, before, last.at);
            if let Some(drive) = self.drive.as_mut().filter(|drive| drive.holds(now.at)) {
                drive.moved(metres);
            }
        } else if new.at - last.at >= MINUTE_MS {
            self.stands(now, false);
        }
        if let Some(drive) = self.drive.as_mut().filter(|drive| drive.holds(now.at)) {
            drive.after.position = Some(new);
        }
    }

    /// The same odometer, or the first position: the car stands, unless it is on its way in whole kilometres.
    fn stands_still(&mut self, now: Sign) {
        if self.drive.as_ref().is_none_or(|drive| drive.stop.is_some()) {
            self.stands(now, false);
        }
    }

    /// A reading shows a way that was driven since the reading of its kind before, at `read_at`.
    fn drove_by(&mut self, now: Sign, km: f64, before: Snap, read_at: i64) {
        let Some(drive) = &mut self.drive else {
            return self.open(now, km, read_at);
        };
        let Some(stop) = &drive.stop else {
            if drive.goes_on(now.at, Some(km), self.moving == Some(true)) {
                return self.drove(now);
            }
            let (seen, last) = (drive.driven, before);
            self.standings.restart(seen, last, self.plugged);
            return self.open(now, km, read_at);
        };
        let is_first = read_at <= stop.first.at;
        if is_first && now.at - stop.first.at <= SETTLE_MS {
            drive.ends_with(self.sight, now.cause);
            return;
        }
        let gap = self.standings.gap(km, read_at, now.at);
        let is_of_before = is_first && has_room(km, stop.first.at - read_at);
        let Some(gap) = gap.filter(|gap| !is_of_before || is_filled(km, gap.ms)) else {
            drive.ends_with(self.sight, now.cause);
            return self.standings.add(now, self.sight, self.plugged);
        };
        let until = gap.right.map_or(now.at, |right| right.at);
        let again = gap.left.last.at.max(until - usual_ms(km));
        if stop.is_end(again) {
            return self.open(now, km, read_at);
        }
        self.drove(now);
    }

    /// A drive that a step of the odometer or of the position shows.
    fn open(&mut self, now: Sign, km: f64, read_at: i64) {
        let Some(gap) = self.standings.gap(km, read_at, now.at) else {
            return self.standings.add(now, self.sight, self.plugged);
        };
        let mut drive = Drive::in_gap(&gap, km, now);
        drive.is_shown = now.cause == Cause::Odometer;
        drive.driven_km = self.sight.odometer.map(|it| it.value);
        drive.is_charged = gap.left.plugged;
        let stop = drive.stop.as_ref().map(|stop| stop.first);
        self.begin(drive);
        if let Some(stop) = stop {
            self.standings.restart(stop, self.sight, self.plugged);
            self.standings.add(now, self.sight, self.plugged);
            self.rest_from(stop.at);
        }
    }

    /// Puts a drive in the place of the one before.
    fn begin(&mut self, mut drive: Drive) {
        let mut rest = self.rest.take();
        drive.capacity = self.capacity;
        match self.drive.take() {
            Some(last) if last.is_shown => {
                drive.fresh_from = last.driven.at - SETTLE_MS;
                let end = last.end().0;
                drive.start_at = drive.start_at.max(end);
                if let Some(rest) = &mut rest {
                    rest.start_at = end;
                }
                self.past.push(Arc::new(last));
            }
            Some(last) => {
                drive.fresh_from = last.fresh_from;
                rest = Rest::join(last.rest, rest);
            }
            None => {}
        }
        if let Some(rest) = &mut rest {
            rest.cut(drive.start_at, drive.before.soc);
        }
        drive.rest = rest;
        let oldest = self.now - KEEP_MS;
        let last = self.past.len().saturating_sub(1);
        let mut at = 0;
        self.past.retain(|drive| {
            at += 1;
            at > last || drive.end().0 >= oldest
        });
        self.drive = Some(drive);
    }

    fn drove(&mut self, now: Sign) {
        if let Some(drive) = &mut self.drive {
            drive.drove(now);
            drive.driven_km = self.sight.odometer.map(|it| it.value);
            drive.is_shown |= now.cause != Cause::Position;
            self.rest = None;
        }
    }

    /// A drive that fell silent makes way for the next, which began behind its last sign.
    fn leave_silent(&mut self) {
        if let Some(drive) = self.drive.as_ref().filter(|drive| drive.stop.is_none()) {
            self.standings.restart(drive.driven, self.sight, self.plugged);
        }
    }

    fn stands(&mut self, now: Sign, is_strong: bool) {
        let Some(drive) = &mut self.drive else {
            return self.standings.add(now, self.sight, self.plugged);
        };
        if let Some(stop) = &mut drive.stop {
            stop.take(now, is_strong);
            return self.standings.add(now, self.sight, self.plugged);
        }
        drive.flagged = self.moving == Some(true);
        drive.stopped(now, is_strong);
        self.standings.restart(now, self.sight, self.plugged);
        self.rest_from(now.at);
    }

    /// A standstill begins.
    fn rest_from(&mut self, at: i64) {
        let began = self.drive.as_ref().map_or(at, |drive| drive.start_at);
        let soc = self.sight.soc.filter(|soc| soc.at >= began);
        self.rest = Some(Rest::new(at + SOC_SETTLE_MS, soc));
    }

    fn soc(&mut self, fact: &Fact, percent: f64, key: SocKey) {
        let is_driving = self.drive.as_ref().is_some_and(|drive| drive.stop.is_none());
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

    fn fuel(&mut self, new: Seen<f64>) {
        let last = self.sight.fuel.replace(new);
        let Some(drive) = self.drive.as_mut().filter(|drive| drive.holds(new.at)) else {
            return;
        };
        drive.is_refuelled |= last.is_some_and(|last| new.value - last.value > REFUELLED_L);
        drive.after.fuel = Some(new);
    }

    fn segment_end(&mut self, fact: &Fact, end: i64) {
        let is_young = fact.received_at - end < SEGMENT_MS && fact.received_at - fact.at < SEGMENT_MS;
        let last = match &self.drive {
            Some(drive) if drive.stop.is_none() => Some((drive.driven.at, MINUTE_MS)),
            _ => self.standings.last().map(|standing| (standing.last.at, 0)),
        };
        let Some((last, slack)) = last else { return };
        if is_young && (last - slack..=fact.at).contains(&end) {
            let mut now = sign(fact, Cause::SegmentEnd, Points::Arrival);
            now.at = end.max(last);
            self.stands(now, true);
            self.moving = self.moving.map(|_| false);
        }
    }

    fn segment_odometer(&mut self, fact: &Fact, km: f64) {
        let is_young = fact.received_at - fact.at < SEGMENT_MS;
        if let Some(drive) = self
            .drive
            .as_mut()
            .filter(|drive| is_young && drive.holds(fact.at))
        {
            drive.segment = Some(Seen::of(fact, km));
        }
    }

    fn refresh_rest(&mut self) {
        let quiet = !(self.plugged || self.charging || self.conditioned);
        if let Some(rest) = &mut self.rest {
            rest.refresh(self.now, self.plugged, quiet);
        }
    }
}

fn sign(fact: &Fact, cause: Cause, points: Points) -> Sign {
    Sign {
        at: fact.at,
        seq: fact.seq,
        key: fact.key,
        cause,
        points,
    }
}
