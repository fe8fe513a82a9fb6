//! Facts in the order of measurement become drives, and the standstills between them (T1, T2).

mod flags;
mod readings;

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::fact::{Fact, What};
use crate::standstills::Rest;
use crate::steps::Steps;
use crate::trips::drive::{Drive, SETTLE_MS};
use crate::trips::gaps::{Cause, HOLD_MS, Points, Sign, Standings, Way, is_filled, usual_ms};
use crate::trips::numbers::Bounded;
use crate::trips::sense::{Odometer, Positions, Seen, Snap, Soc};

const MINUTE_MS: i64 = 60_000;
/// Drives are kept for so long: late facts change them within two days.
const KEEP_MS: i64 = 60 * 3_600_000;

/// The drives of one vehicle. Small: the drives of two days, and at most two dozen signs since the last.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Drives {
    pub now: i64,
    sight: Snap,
    odometer: Odometer,
    positions: Positions,
    /// The odometer at the last position.
    placed_km: Option<f64>,
    /// From and until when the position did not change.
    still: (i64, i64),
    pub moving: Option<bool>,
    ignition: Option<bool>,
    plugged: bool,
    charging: bool,
    conditioned: bool,
    capacity: Option<Seen<f64>>,
    /// Of the charge, by its key.
    #[serde(default)]
    steps: [Steps; 4],
    /// The odometer of BMW's last summary of a drive.
    summary: Option<Seen<f64>>,
    standings: Standings,
    /// Under way, or the last one while nothing is known of a next.
    pub drive: Option<Drive>,
    pub past: Vec<Arc<Drive>>,
    /// Since the last sign of driving.
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

    /// How far the true charge may be from this one, in percent.
    pub fn half_step(&self, soc: Soc) -> f64 {
        self.steps[soc.value.1 as usize].half()
    }

    /// By how much the charge fell, in percent.
    pub fn fall(&self, from: Soc, to: Soc) -> Bounded {
        let spread = self.half_step(from) + self.half_step(to);
        Bounded::around(from.value.0 - to.value.0, spread)
    }

    /// The same odometer, or the first position: the car stands, unless it is on its way in whole kilometres.
    fn stands_still(&mut self, now: Sign) {
        let is_under_way = |drive: &Drive| drive.stop.is_none() && now.at - drive.driven.at <= HOLD_MS;
        if !self.drive.as_ref().is_some_and(is_under_way) {
            self.stands(now, false);
        }
    }

    /// A reading shows a way that was driven since the reading of its kind before.
    fn drove_by(&mut self, now: Sign, way: Way, before: Snap) {
        let Some(drive) = &mut self.drive else {
            return self.open(now, &way);
        };
        let Some(stop) = &drive.stop else {
            if drive.goes_on(now.at, Some(way.km), self.moving == Some(true)) {
                return self.drove(now);
            }
            let seen = drive.driven;
            self.standings.restart(seen, before, self.plugged);
            return self.open(now, &way);
        };
        let stopped_at = stop.first.at;
        let is_first = way.from <= stopped_at;
        if is_first && now.at - stopped_at <= SETTLE_MS {
            return drive.ends_with(self.sight, now.cause);
        }
        let gap = self.standings.gap(&way);
        let is_hidden = gap
            .as_ref()
            .is_none_or(|gap| gap.right.is_some() || !is_filled(way.km, gap.ms));
        if is_first && is_hidden && drive.explains(&way, now.cause, self.sight) {
            drive.ends_with(self.sight, now.cause);
            return self.standings.add(now, self.sight, self.plugged);
        }
        let Some(gap) = gap else { return };
        let until = gap.right.map_or(now.at, |right| right.at);
        let again = gap.left.last.at.max(until - usual_ms(way.km));
        if stop.is_end(again) {
            return self.open(now, &way);
        }
        let Some(right) = gap.right else {
            return self.drove(now);
        };
        self.drove(Sign { at: right.at, ..now });
        self.stands(right, right.points == Points::Arrival);
    }

    /// A drive that a step of the odometer or of the position shows.
    fn open(&mut self, now: Sign, way: &Way) {
        let Some(gap) = self.standings.gap(way) else {
            return self.standings.add(now, self.sight, self.plugged);
        };
        let mut drive = Drive::in_gap(&gap, way.km, now);
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
                drive.follow(&last);
                if let Some(rest) = &mut rest {
                    rest.start_at = last.end().0;
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
            // While it is not decided when it began, all that was told before its first sign was told standing.
            let end = drive.loose.map_or(drive.start_at, |_| drive.driven.at);
            rest.cut(end, drive.before.soc);
        }
        drive.rest = rest;
        let oldest = self.now - KEEP_MS;
        let last = self.past.len().saturating_sub(1);
        let mut at = 0;
        self.past.retain(|drive| {
            at += 1;
            at > last || drive.end().0 >= oldest
        });
        let driven = drive.driven.at;
        self.drive = Some(drive);
        self.rest_from(driven);
    }

    fn drove(&mut self, now: Sign) {
        if let Some(drive) = &mut self.drive {
            drive.drove(now);
            drive.driven_km = self.sight.odometer.map(|it| it.value);
            drive.is_shown |= now.cause != Cause::Position;
            self.rest_from(now.at);
        }
    }

    /// A drive that fell silent makes way for the next, which began behind its last sign.
    fn leave_silent(&mut self) {
        if let Some(drive) = self.drive.as_ref().filter(|drive| drive.stop.is_none()) {
            self.standings.restart(drive.driven, self.sight, self.plugged);
        }
    }

    /// The last sign of standing is not older.
    fn has_stood(&self, since: i64) -> bool {
        self.standings
            .last()
            .is_some_and(|standing| standing.last.at >= since)
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
        let is_silent = now.at - drive.driven.at > HOLD_MS;
        self.standings.restart(now, self.sight, self.plugged);
        if !is_silent {
            self.rest_from(now.at);
        }
    }

    /// A standstill begins.
    fn rest_from(&mut self, at: i64) {
        let began = self.drive.as_ref().map_or(at, |drive| drive.start_at);
        let soc = self.sight.soc.filter(|soc| soc.at >= began);
        self.rest = Some(Rest::new(at, soc));
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
