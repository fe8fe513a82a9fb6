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
const FASTEST_KMH: f64 = 200.0;
/// The same of a whole drive, which begins and ends at rest.
const FASTEST_WHOLE_KMH: f64 = 120.0;
/// Nobody drives off in a locked car: a gap behind an arrival fits less well, by a factor of e.
const BEHIND_ARRIVAL: f64 = 1.0;

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

fn has_room_for_all(km: f64, ms: i64) -> bool {
    km * 3_600_000.0 <= FASTEST_WHOLE_KMH * (ms - MINUTE_MS) as f64
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

    /// Where these kilometres were driven that a reading at `until` shows, and the one before, at `from`, does not: in the
    /// gap that they fill best at a usual speed, the latest of equals, and none in which the car was plugged in. `None` where
    /// no gap has room for them.
    pub fn gap(&self, km: f64, from: i64, until: i64) -> Option<Gap> {
        let gaps = self.0.iter().enumerate().map(|(at, left)| {
            let right = self.0.get(at + 1).map(|next| next.first);
            let ms = right.map_or(until, |sign| sign.at) - left.last.at;
            (left, right, ms)
        });
        let roomy = gaps.filter(|(_, right, ms)| match right {
            Some(right) => right.at > from && has_room_for_all(km, *ms),
            None => has_room(km, *ms),
        });
        let roomy: Vec<_> = roomy.collect();
        let ill_fits = |(left, _, ms): &(&Standing, Option<Sign>, i64)| {
            let is_behind = left.last.points == Points::Arrival;
            (*ms as f64 / usual_ms(km) as f64).ln().abs() + if is_behind { BEHIND_ARRIVAL } else { 0.0 }
        };
        let best = |plugged: bool| {
            let fitting = roomy
                .iter()
                .rev()
                .filter(move |(left, ..)| left.plugged == plugged);
            fitting.min_by(|a, b| ill_fits(a).total_cmp(&ill_fits(b)))
        };
        let (left, right, ms) = best(false).or_else(|| best(true))?;
        Some(Gap {
            left: (*left).clone(),
            right: *right,
            ms: *ms,
        })
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

    /// From and until which minute it was driven.
    fn driven(minutes: &[(i64, bool)], km: f64, until: i64) -> Option<(i64, Option<i64>)> {
        let gap = standings(minutes).gap(km, i64::MIN, until * MINUTE_MS)?;
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
        let gap = standings.gap(300.0, i64::MIN, 1_400 * MINUTE_MS).unwrap();
        assert_eq!(
            (gap.left.last.at, gap.right.unwrap().at),
            (398 * MINUTE_MS, 1_000 * MINUTE_MS)
        );
    }
}
