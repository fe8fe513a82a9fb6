//! Where between two signs of standing a car can have driven (T1).

use serde::{Deserialize, Serialize};

use super::sense::Snap;
use crate::fact::Key;

const MINUTE_MS: i64 = 60_000;
/// A silence of so long is held: what stood or drove on both sides of it did so throughout.
pub const HOLD_MS: i64 = 30 * MINUTE_MS;
/// Signs so near to each other are of one standing.
const BURST_MS: i64 = 30_000;
/// Standings that are remembered; of more, those that lie nearest to each other become one.
const MOST: usize = 24;
/// The mean that a way is taken to be driven with where an end of it was not seen.
const USUAL_KMH: f64 = 40.0;
/// With less, a car has stood for a part of the time; with more, it has not driven the way in it.
const SLOWEST_KMH: f64 = 10.0;
const FASTEST_KMH: f64 = 160.0;
/// To set off takes so long.
const SET_OFF_MS: i64 = 20_000;
/// The same of a whole drive, which begins and ends at rest.
const FASTEST_WHOLE_KMH: f64 = 120.0;
/// Nobody drives off in a locked car: a gap behind an arrival fits less well, by a factor of e.
const BEHIND_ARRIVAL: f64 = 1.0;
/// Nor while it is plugged in.
const PLUGGED: f64 = 2.0;

/// Which way a sign of standing points.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Points {
    /// The car has just come: it was switched off, locked, plugged in.
    Arrival,
    /// It is about to leave: it was unlocked, switched on, unplugged.
    Departure,
    Neither,
}

/// One reading that shows where a trip begins or ends.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Sign {
    pub at: i64,
    pub seq: u64,
    pub key: Key,
    pub cause: Cause,
    pub points: Points,
}

/// Of what kind the reading is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    Odometer,
    Position,
    Moving(bool),
    Ignition(bool),
    Door(bool),
    Locked(bool),
    Plugged(bool),
    Charging,
    SegmentEnd,
}

/// Signs of standing with no driving between them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Standing {
    pub first: Sign,
    pub last: Sign,
    /// What the car showed at the last sign.
    pub snap: Snap,
    /// It was plugged in at the last sign; nobody drives then.
    pub plugged: bool,
}

/// The standings since the last drive, in order.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Standings(Vec<Standing>);

/// A drive that nobody saw: from a sign of standing to the next one, or to the reading that shows that it was.
#[derive(Debug, Clone, PartialEq)]
pub struct Gap {
    pub left: Standing,
    pub right: Option<Sign>,
    /// Of the gap, in milliseconds.
    pub ms: i64,
}

/// A way that a reading shows, and the one before does not.
#[derive(Debug, Clone, Copy)]
pub struct Way {
    pub km: f64,
    /// It may be so much shorter: odometers of whole kilometres round.
    pub least_km: f64,
    /// When the readings before and after it were measured.
    pub from: i64,
    pub until: i64,
    /// From and until when the position did not change.
    pub still: (i64, i64),
}

/// How long a way takes as a rule, in milliseconds.
pub fn usual_ms(km: f64) -> i64 {
    MINUTE_MS + (km / USUAL_KMH * 3_600_000.0) as i64
}

/// Whether a car that drove these kilometres in this time did not stand for most of it.
pub fn is_filled(km: f64, ms: i64) -> bool {
    ms <= HOLD_MS || km * 3_600_000.0 >= SLOWEST_KMH * ms as f64
}

/// Whether a car can have driven these kilometres in this time.
pub fn has_room(km: f64, ms: i64) -> bool {
    ms > 0 && km * 3_600_000.0 <= FASTEST_KMH * ms as f64
}

impl Standings {
    pub fn last(&self) -> Option<&Standing> {
        self.0.last()
    }

    /// Begins anew behind a drive.
    pub fn restart(&mut self, sign: Sign, snap: Snap, plugged: bool) {
        self.0.clear();
        self.add(sign, snap, plugged);
    }

    pub fn add(&mut self, sign: Sign, snap: Snap, plugged: bool) {
        if let Some(last) = self
            .0
            .last_mut()
            .filter(|last| sign.at - last.last.at <= BURST_MS)
        {
            (last.last, last.snap, last.plugged) = (sign, snap, plugged);
            return;
        }
        let (first, last) = (sign, sign);
        self.0.push(Standing {
            first,
            last,
            snap,
            plugged,
        });
        if self.0.len() > MOST {
            self.join_nearest();
        }
    }

    /// Leaves out the last standing where a position of its moment shows that the car has driven: an odometer of whole
    /// kilometres alone does not show that it had not.
    pub fn drop_weak(&mut self, at: i64) {
        let is_weak = |sign: Sign| sign.cause == Cause::Odometer && at - sign.at <= BURST_MS;
        if self.0.len() > 1 {
            self.0.pop_if(|last| is_weak(last.first) && is_weak(last.last));
        }
    }

    fn join_nearest(&mut self) {
        let apart = |(at, pair): (usize, &[Standing])| match pair {
            [a, b] => (b.first.at - a.last.at, at),
            _ => (i64::MAX, at),
        };
        let Some((_, at)) = self.0.windows(2).enumerate().map(apart).min() else {
            return;
        };
        let later = self.0.remove(at + 1);
        if let Some(earlier) = self.0.get_mut(at) {
            (earlier.last, earlier.snap, earlier.plugged) = (later.last, later.snap, later.plugged);
        }
    }

    /// Where a way was driven: in the gap that it fills best at a usual speed, the latest of equals. `None` where no gap has
    /// room for it.
    pub fn gap(&self, way: &Way) -> Option<Gap> {
        let gaps = self.0.iter().enumerate().map(|(at, left)| {
            let right = self.0.get(at + 1).map(|next| next.first);
            let ms = right.map_or(way.until, |sign| sign.at) - left.last.at;
            (left, right, ms)
        });
        let roomy = gaps.filter(|(left, right, ms)| match right {
            Some(right) => right.at > way.from && !way.is_still(left, right) && way.fits_whole(*ms),
            None => has_room(way.least_km, ms - way.set_off_ms(left)),
        });
        let ill_fits = |(left, _, ms): &(&Standing, Option<Sign>, i64)| {
            let is_behind = left.last.points == Points::Arrival;
            let against = [(is_behind, BEHIND_ARRIVAL), (left.plugged, PLUGGED)];
            let against = against.into_iter().filter(|(is, _)| *is);
            way.misfit(*ms) + against.map(|(_, by)| by).sum::<f64>()
        };
        let roomy: Vec<_> = roomy.collect();
        let fitting = roomy.iter().rev();
        let (left, right, ms) = fitting.min_by(|a, b| ill_fits(a).total_cmp(&ill_fits(b)))?;
        Some(Gap {
            left: (*left).clone(),
            right: *right,
            ms: *ms,
        })
    }
}

impl Way {
    /// How far a time is from the usual one: 0 is the usual one, 1 is e times as much or as little.
    fn misfit(&self, ms: i64) -> f64 {
        let usual = ms.clamp(usual_ms(self.least_km), usual_ms(self.km));
        (ms.max(1) as f64 / usual as f64).ln().abs()
    }

    /// How long of the time since the last sign of standing it was not driven. An odometer that may have been about to step
    /// does so at once, but not behind an arrival.
    fn set_off_ms(&self, left: &Standing) -> i64 {
        let is_at_once = self.least_km == 0.0 && left.last.points != Points::Arrival;
        if is_at_once { 0 } else { SET_OFF_MS }
    }

    /// The position was the same on both sides.
    fn is_still(&self, left: &Standing, right: &Sign) -> bool {
        self.still.0 <= left.last.at + BURST_MS && right.at <= self.still.1 + BURST_MS
    }

    fn fits_whole(&self, ms: i64) -> bool {
        self.km * 3_600_000.0 <= FASTEST_WHOLE_KMH * (ms - MINUTE_MS) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn standings(minutes: &[(i64, bool)]) -> Standings {
        let mut standings = Standings::default();
        for (minute, plugged) in minutes {
            let sign = Sign {
                at: minute * MINUTE_MS,
                seq: 1,
                key: Key::default(),
                cause: Cause::Door(false),
                points: Points::Neither,
            };
            standings.add(sign, Snap::default(), *plugged);
        }
        standings
    }

    fn way(km: f64, until: i64) -> Way {
        let (from, until, still) = (i64::MIN, until * MINUTE_MS, (0, 0));
        Way {
            km,
            least_km: km,
            from,
            until,
            still,
        }
    }

    /// From and until which minute it was driven.
    fn driven(minutes: &[(i64, bool)], km: f64, until: i64) -> Option<(i64, Option<i64>)> {
        let gap = standings(minutes).gap(&way(km, until))?;
        Some((
            gap.left.last.at / MINUTE_MS,
            gap.right.map(|sign| sign.at / MINUTE_MS),
        ))
    }

    #[test]
    fn a_way_lies_in_the_gap_that_it_fills() {
        type Case = (&'static [(i64, bool)], f64, i64, Option<(i64, Option<i64>)>);
        let table: [Case; 7] = [
            (&[], 5.0, 9, None),
            (&[(0, false)], 5.0, 9, Some((0, None))),
            // Locked in the evening, unlocked in the morning, locked after the drive, and then the odometer.
            (
                &[(0, false), (800, false), (830, false)],
                20.0,
                831,
                Some((800, Some(830))),
            ),
            // The signs of the morning are lost.
            (&[(0, false), (830, false)], 20.0, 831, Some((0, Some(830)))),
            // Live: the first reading while driving.
            (&[(0, false), (800, false)], 2.0, 803, Some((800, None))),
            // It was plugged in all night.
            (
                &[(0, false), (30, true), (800, false), (803, false)],
                1.0,
                804,
                Some((800, Some(803))),
            ),
            (&[(0, false)], 200.0, 10, None),
        ];
        for (at, (signs, km, until, right)) in table.into_iter().enumerate() {
            assert_eq!(driven(signs, km, until), right, "{at}");
        }
    }

    #[test]
    fn of_many_standings_the_great_gaps_stay() {
        let mut signs: Vec<_> = (0..200).map(|at| (at * 2, false)).collect();
        signs.extend((0..200).map(|at| (1_000 + at * 2, false)));
        let standings = standings(&signs);
        assert_eq!(standings.0.len(), MOST);
        let gap = standings.gap(&way(300.0, 1_400)).unwrap();
        assert_eq!(
            (gap.left.last.at, gap.right.unwrap().at),
            (398 * MINUTE_MS, 1_000 * MINUTE_MS)
        );
    }
}
