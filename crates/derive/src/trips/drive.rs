//! One drive as far as it is known, whether it goes on or is over (T1).

use serde::{Deserialize, Serialize};

use super::gaps::{Cause, Gap, HOLD_MS, Points, Sign, Way, has_room, is_filled, usual_ms};
use super::sense::{Position, Seen, Snap, Soc};
pub use super::stop::Stop;
use crate::rules::metres_between;
use crate::standstills::Rest;

const MINUTE_MS: i64 = 60_000;
/// A reading so soon behind a stop was measured on the way to it.
pub const SETTLE_MS: i64 = 5 * MINUTE_MS;
/// The charge settles for so long behind a drive.
pub const SOC_SETTLE_MS: i64 = 10 * MINUTE_MS;
/// A car that said that it moves, and then nothing, is taken to move for so long.
const FLAG_MS: i64 = 4 * 3_600_000;
/// With this mean over a silence a car hardly stood in it.
const THROUGH_KMH: f64 = 50.0;
/// A reading so soon behind the start is one of the start.
const JUST_BEHIND_MS: i64 = 2 * MINUTE_MS;
/// A charge so much above the last one, in percent, means that the last one was before a charge.
const GAINED: f64 = 1.0;
/// So far apart lie the odometer and BMW's summary of the same moment.
const SUMMARY_KM: f64 = 1.0;
/// Positions alone show a drive once they lie so far apart.
const SHOWN_M: f64 = 500.0;
/// What was measured so shortly before the car stood is so where it stands.
pub const ROLLING_MS: i64 = 30_000;
/// Where nobody saw the end of a drive, its last position counts unless the next drive is first seen further away than this.
const LEFT_M: f64 = 500.0;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Drive {
    pub start_at: i64,
    /// The sign that it begins at, or behind.
    pub left: Sign,
    /// It was seen to begin at `left`.
    pub start_seen: bool,
    /// Kilometres that the first sign of it told, while it is not decided how long before that it began.
    pub loose: Option<f64>,
    /// The last sign of driving, and the odometer then.
    pub driven: Sign,
    pub driven_km: Option<f64>,
    /// When the odometer rose last behind its stop.
    pub rose_at: Option<i64>,
    /// What the car showed before, and from when on the readings are those of this drive's start.
    pub before: Snap,
    pub fresh_from: i64,
    pub after: Snap,
    /// From position to position.
    pub metres: f64,
    /// More than a few positions speak for it.
    pub is_shown: bool,
    /// The odometer by BMW's summary of it.
    pub segment: Option<Seen<f64>>,
    pub summed_up_at: Option<i64>,
    pub stop: Option<Stop>,
    /// When it stopped, the last that the car had said was that it moves.
    pub flagged: bool,
    /// Nothing was seen of both ends: the times are those between which it took place.
    pub is_bracket: bool,
    pub is_charged: bool,
    pub is_refuelled: bool,
    /// In kWh, from the car.
    pub capacity: Option<Seen<f64>>,
    /// The standstill before it.
    pub rest: Option<Rest>,
}

impl Drive {
    /// Begins at a sign, and is known by `driven`.
    pub fn new(left: Sign, before: Snap, driven: Sign) -> Self {
        Self {
            start_at: left.at,
            left,
            start_seen: true,
            loose: None,
            driven,
            driven_km: None,
            rose_at: None,
            before,
            fresh_from: i64::MIN,
            after: Snap::default(),
            metres: 0.0,
            is_shown: false,
            segment: None,
            summed_up_at: None,
            stop: None,
            flagged: false,
            is_bracket: false,
            is_charged: false,
            is_refuelled: false,
            capacity: None,
            rest: None,
        }
    }

    /// These kilometres were driven in a gap; `sign` shows it. What of the gap the car stood for is told by the sign of an
    /// arrival or a departure at one of its ends, and the way at a usual speed.
    pub fn in_gap(gap: &Gap, km: f64, sign: Sign) -> Self {
        let left = gap.left.last;
        let mut drive = Self::new(left, gap.left.snap, sign);
        let filled = is_filled(km, gap.ms);
        let Some(right) = gap.right else {
            drive.start_seen = gap.ms <= HOLD_MS || filled && left.points == Points::Departure;
            drive.loose = (!filled).then_some(km);
            return drive;
        };
        drive.driven.at = right.at;
        let is_shown = right.points == Points::Arrival;
        let mut stop = Stop::new(right, is_shown);
        stop.is_shown = is_shown;
        drive.stop = Some(stop);
        if filled {
            return drive;
        }
        match (right.points, left.points) {
            (Points::Arrival, _) => drive.start_before(right.at, km),
            (_, Points::Departure) => drive.driven.at = left.at + usual_ms(km),
            _ => drive.widen(),
        }
        drive
    }

    fn start_before(&mut self, at: i64, km: f64) {
        self.start_at = self.left.at.max(at - usual_ms(km));
        self.start_seen = false;
    }

    fn widen(&mut self) {
        (self.start_seen, self.is_bracket) = (false, true);
    }

    /// A further sign of driving.
    pub fn drove(&mut self, sign: Sign) {
        if let Some(km) = self.loose.take() {
            self.start_before(self.driven.at, km);
        }
        (self.driven, self.stop) = (sign, None);
    }

    /// The first sign of standing behind it.
    pub fn stopped(&mut self, sign: Sign, is_strong: bool) {
        if let Some(km) = self.loose.take() {
            let is_arrival = sign.points != Points::Departure && sign.at - self.driven.at <= SETTLE_MS;
            match is_arrival {
                true => self.start_before(self.driven.at, km),
                false => self.widen(),
            }
        }
        // It has stood for some time when someone comes to it, or when behind a silence it shows what it showed before.
        let (silence, shows) = (sign.at - self.driven.at, [Cause::Odometer, Cause::Position]);
        let stood = sign.points == Points::Departure && silence > SETTLE_MS
            || shows.contains(&sign.cause) && silence > HOLD_MS;
        let mut stop = Stop::new(if stood { self.driven } else { sign }, stood);
        stop.take(sign, is_strong);
        self.stop = Some(stop);
    }

    /// Whether a sign of driving after a silence, and the way since the last one, belong to it.
    pub fn goes_on(&self, at: i64, km: Option<f64>, is_flagged: bool) -> bool {
        let ms = at - self.driven.at;
        let mean = |km: f64| km * 3_600_000.0 / ms as f64;
        match km {
            _ if ms <= HOLD_MS => true,
            Some(km) => mean(km) >= THROUGH_KMH || is_flagged && is_filled(km, ms),
            None => is_flagged && ms <= FLAG_MS,
        }
    }

    /// Whether nothing that happens at `now` or later belongs to it any more.
    pub fn is_over(&self, now: i64, is_flagged: bool) -> bool {
        now >= self.over_at(is_flagged)
    }

    /// From when on that is so if nothing more comes.
    pub fn over_at(&self, is_flagged: bool) -> i64 {
        match &self.stop {
            Some(stop) => stop.ends_at(),
            None if is_flagged => self.driven.at + FLAG_MS + 1,
            None => self.driven.at + HOLD_MS + 1,
        }
    }

    /// Whether it can be told: it is known to be one, and when it began.
    pub fn is_known(&self, now: i64) -> bool {
        self.is_shown && (self.loose.is_none() || now - self.driven.at > HOLD_MS)
    }

    /// When it ended, and whether that was seen.
    pub fn end(&self) -> (i64, bool) {
        let Some(stop) = self.stop.as_ref().filter(|_| !self.is_bracket) else {
            return (self.driven.at, false);
        };
        let silence = stop.first.at - self.driven.at;
        let km = self
            .after
            .odometer
            .map_or(0.0, |it| it.value - self.driven_km.unwrap_or(it.value));
        let says_so = matches!(
            stop.first.cause,
            Cause::Moving(_) | Cause::Ignition(false) | Cause::SegmentEnd
        );
        match () {
            () if silence <= HOLD_MS => (stop.first.at, stop.first != self.driven),
            () if self.flagged
                && (says_so && silence <= 3 * FLAG_MS || km > 0.0 && is_filled(km, silence)) =>
            {
                (stop.first.at, true)
            }
            () if self.flagged && km > 0.0 => (self.driven.at + usual_ms(km), false),
            () => (self.driven.at, false),
        }
    }

    /// Since when the car says that it stands.
    pub fn halted_at(&self) -> Option<i64> {
        let first = self.stop.as_ref()?.first;
        (!matches!(first.cause, Cause::Odometer | Cause::Position)).then_some(first.at)
    }

    /// Whether a reading of that time is of this drive.
    pub fn holds(&self, at: i64) -> bool {
        let stop = self.stop.as_ref();
        stop.is_none_or(|stop| at <= stop.first.at + SETTLE_MS)
    }

    /// It has stopped as at a light. A car that says again that it stands has moved since.
    pub fn is_waiting(&self) -> bool {
        self.stop
            .as_ref()
            .is_some_and(|stop| !stop.is_strong && stop.first.cause == Cause::Moving(false))
    }

    /// Whether a way that the first reading behind its stop shows is its own: the end of it that was not told then.
    pub fn explains(&self, way: &Way, cause: Cause, sight: Snap) -> bool {
        let Some(stop) = &self.stop else { return false };
        let told = self.segment.zip(sight.odometer);
        if let Some((end, now)) = told.filter(|_| cause == Cause::Odometer) {
            return end.value + SUMMARY_KM >= now.value;
        }
        let ms = stop.first.at - way.from.max(self.start_at);
        has_room(way.least_km, ms) && is_filled(way.km, ms)
    }

    /// T2: whether a summary with this end is one of this drive.
    pub fn sums_up(&self, end: i64) -> bool {
        let until = self
            .stop
            .as_ref()
            .map_or(i64::MAX, |stop| stop.first.at + MINUTE_MS);
        end > self.start_at && (self.driven.at - MINUTE_MS..=until).contains(&end)
    }

    /// What was so before this drive, by the one before.
    pub fn follow(&mut self, last: &Self) {
        let end = last.end().0;
        self.fresh_from = end - SETTLE_MS;
        self.start_at = self.start_at.max(end);
        if self.start_odometer().is_none() && last.segment.is_some() {
            self.before.odometer = last.segment;
        }
        self.before.position = self.before.position.filter(|seen| last.stood(seen.at));
    }

    /// A reading behind its end says what was so at its end.
    pub fn ends_with(&mut self, sight: Snap, cause: Cause) {
        if cause == Cause::Odometer {
            (self.after.odometer, self.is_shown) = (sight.odometer, true);
            self.rose_at = sight.odometer.map(|it| it.at);
        } else {
            self.after.position = sight.position;
        }
    }

    /// The odometer as it is believed at `at`. One that was not read between the drive before and this one is the start of
    /// this where it is read right behind it.
    pub fn read_odometer(&mut self, believed: Seen<f64>, at: i64) {
        if !self.holds(at) {
            return;
        }
        let is_first = self.after.odometer.is_none() && self.start_odometer().is_none();
        if is_first && at - self.start_at <= JUST_BEHIND_MS {
            self.before.odometer = Some(believed);
        }
        self.after.odometer = Some(believed);
    }

    /// The odometer at its start; `None` where it was not read since the drive before.
    pub fn start_odometer(&self) -> Option<Seen<f64>> {
        self.before.odometer.filter(|seen| seen.at >= self.fresh_from)
    }

    /// T3: whether a position of that time is where it ended: told since the car says that it stands or, where it does not,
    /// since it last drove.
    fn stood(&self, at: i64) -> bool {
        let said = self.stop.as_ref().map(|stop| stop.first.at);
        let drove = Some(self.driven.at).max(self.rose_at);
        let drove = drove.max(said.filter(|_| self.flagged));
        at >= self.halted_at().or(drove).min(drove).unwrap_or(at) - ROLLING_MS
    }

    /// Where it ended, as far as is known.
    pub fn end_position(&self) -> Option<Seen<Position>> {
        self.after.position.filter(|seen| self.stood(seen.at))
    }

    /// A position behind its last sign of driving, or on its way.
    pub fn read_position(&mut self, new: Seen<Position>) {
        if self.holds(new.at) || self.end_position().is_none() {
            self.after.position = Some(new);
        }
    }

    /// Whether the next drive, which is first seen there, shows that it went on behind its last position. An odometer that
    /// was read before that and had not moved speaks against it.
    pub fn was_left(&self, seen: Seen<Position>, read_at: Option<i64>) -> bool {
        let halted = self.halted_at().map(|at| at - ROLLING_MS);
        let unsure = self
            .after
            .position
            .filter(|last| halted.is_none_or(|halted| last.at < halted));
        let stayed = read_at.is_some_and(|at| at > self.driven.at + SETTLE_MS && seen.at - at > ROLLING_MS);
        !stayed && unsure.is_some_and(|last| metres_between(last.value, seen.value) > LEFT_M)
    }

    /// A state of charge in it or behind it: of those behind it, the first one is its end.
    pub fn read_soc(&mut self, new: Soc, is_charging: bool) {
        let Some(stop) = &self.stop else {
            let gained = self
                .before
                .soc
                .is_none_or(|soc| new.value.0 - soc.value.0 > GAINED);
            if gained && self.after.soc.is_none() && new.at - self.start_at <= SETTLE_MS {
                self.before.soc = Some(new);
            }
            self.after.soc = Some(new);
            return;
        };
        let is_first = self.after.soc.is_none_or(|soc| soc.at <= stop.first.at);
        if is_first && !is_charging && new.at - stop.first.at <= SOC_SETTLE_MS {
            self.after.soc = Some(new);
        }
    }

    /// One position after another.
    pub fn moved(&mut self, metres: f64) {
        self.metres += metres;
        self.is_shown |= self.metres >= SHOWN_M;
    }
}
