//! An account without a journal, whose polls are made as planned.

use std::time::Duration;

use super::*;
use crate::Event;
use crate::Streamed;
use crate::quota::{Allowance, Spent};

pub(super) const MINUTES: SignedDuration = SignedDuration::from_mins(1);
pub(super) const HOURS: SignedDuration = SignedDuration::from_hours(1);
pub(super) const DAYS: SignedDuration = SignedDuration::from_hours(24);

pub(super) fn begin() -> Timestamp {
    "2026-03-01T16:40:00Z".parse().unwrap()
}

pub(super) fn target(every: Every) -> Target {
    Target {
        every,
        calls: 1,
        is_seldom: false,
        last: None,
        failures: 0,
        not_before: None,
        activity: Activity::Parked,
        stream: None,
    }
}

pub(super) fn fixed(minutes: i64) -> Every {
    Every::Fixed(Duration::from_secs(60 * minutes.unsigned_abs()))
}

/// What a vehicle does at a time.
pub(super) type Life = Box<dyn Fn(usize, Timestamp) -> Activity>;

/// What the stream tells of a vehicle at a time.
pub(super) type Ears = Box<dyn Fn(usize, Timestamp) -> Option<Streamed>>;

/// An account whose polls are made as planned. Night is from 22 to 5 o'clock UTC.
pub(super) struct World {
    pub(super) now: Timestamp,
    pub(super) limit: u32,
    pub(super) spent: Spent,
    pub(super) targets: Vec<Target>,
    pub(super) life: Life,
    pub(super) ears: Ears,
    pub(super) polls: Vec<(Timestamp, usize)>,
}

impl World {
    pub(super) fn new(targets: Vec<Target>, life: Life) -> Self {
        Self {
            now: begin(),
            limit: Allowance::for_polls(50).limit(),
            spent: Spent::default(),
            targets,
            life,
            ears: Box::new(|_, _| None),
            polls: Vec::new(),
        }
    }

    /// Vehicles of which the stream always tells what they do, and when that became something else.
    pub(super) fn streamed(vehicles: usize, life: fn() -> Life, whole: bool) -> Self {
        let mut world = Self::autos(vehicles, life());
        let life = life();
        world.ears = Box::new(move |index, now| {
            Some(Streamed {
                whole,
                heard: now,
                event: last_event(&life, index, now),
            })
        });
        world
    }

    /// Streams tell what vehicles do without a poll.
    fn listen(&mut self) {
        for (index, target) in self.targets.iter_mut().enumerate() {
            target.stream = (self.ears)(index, self.now);
            if target.stream.is_some() {
                target.activity = (self.life)(index, self.now);
            }
        }
    }

    pub(super) fn autos(vehicles: usize, life: Life) -> Self {
        Self::new(vec![target(Every::Auto); vehicles], life)
    }

    pub(super) fn outlook(&self) -> Outlook {
        let hour = self.now.as_second().rem_euclid(86_400) / 3_600;
        plan(&Situation {
            now: self.now,
            spent: &self.spent,
            limit: self.limit,
            night: !(5..22).contains(&hour),
            targets: &self.targets,
        })
    }

    pub(super) fn spend(&mut self, calls: u32) {
        self.spent.calls.extend((0..calls).map(|_| self.now));
        let old = self.now - DAYS - HOURS;
        self.spent.calls.retain(|at| *at > old);
    }

    pub(super) fn run(&mut self, duration: SignedDuration) {
        let end = self.now + duration;
        while self.now < end {
            self.listen();
            let outlook = self.outlook();
            let Some(index) = outlook.due(self.now) else {
                let next = outlook.first().unwrap().min(end).min(self.now + 5 * MINUTES);
                assert!(next > self.now, "time goes on");
                self.now = next;
                continue;
            };
            let allowed = Allowance {
                calls_per_day: self.limit,
                reserved: 0,
            };
            for _ in 0..self.targets[index].calls {
                assert_eq!(
                    allowed.permits(&self.spent, self.now),
                    Ok(()),
                    "{:?}",
                    outlook.next[index]
                );
                self.spend(1);
            }
            self.polls.push((self.now, index));
            // Readings tell what the vehicle did; the end of it is told once.
            let was = self.targets[index].activity;
            let is = (self.life)(index, self.now);
            let ended = matches!(was, Activity::Charging | Activity::Driving) && is == Activity::Parked;
            self.targets[index].activity = if ended { Activity::Ended } else { is };
            self.targets[index].last = Some(self.now);
        }
    }

    pub(super) fn of(&self, index: usize) -> Vec<Timestamp> {
        let polls = self.polls.iter().filter(|(_, other)| *other == index);
        polls.map(|(at, _)| *at).collect()
    }

    pub(super) fn between(&self, from: Timestamp, to: Timestamp) -> usize {
        let polls = self.polls.iter().filter(|(at, _)| *at >= from && *at < to);
        polls.count()
    }

    pub(super) fn gaps(&self, index: usize) -> Vec<(Timestamp, SignedDuration)> {
        let polls = self.of(index);
        let gaps = polls
            .windows(2)
            .map(|pair| (pair[0], pair[1].duration_since(pair[0])));
        gaps.collect()
    }

    /// The mean of the gaps that began while the vehicle did this, in minutes.
    pub(super) fn mean_gap(&self, index: usize, activity: Activity) -> f64 {
        let gaps = self.gaps(index).into_iter();
        let during = gaps.filter(|(from, _)| (self.life)(index, *from) == activity);
        let minutes: Vec<f64> = during.map(|(_, gap)| gap.as_secs_f64() / 60.0).collect();
        minutes.iter().sum::<f64>() / minutes.len() as f64
    }

    /// A vehicle may wait for more than an hour only where the budget forces it: where an equal share of the calls
    /// is no shorter wait, or where some 24 hours that contain the whole wait saw all but four of the calls that polls
    /// may make. One more call in the wait would count among them.
    pub(super) fn assert_no_idle_hour(&self) {
        let share = DAYS * self.targets.len() as i32 / self.limit as i32;
        for index in 0..self.targets.len() {
            for (from, gap) in self
                .gaps(index)
                .into_iter()
                .filter(|(_, gap)| *gap > HOURS.max(share))
            {
                let windows = self
                    .polls
                    .iter()
                    .map(|(at, _)| *at)
                    .filter(|at| *at <= from && from + gap < *at + DAYS);
                let used = windows.map(|at| self.between(at, at + DAYS)).max().unwrap();
                assert!(
                    used + 4 >= self.limit as usize,
                    "vehicle {index} waited {gap:#} from {from}: {used}"
                );
            }
        }
    }
}

/// The last end of a trip, and the last beginning or end of a charge, within the hour.
fn last_event(life: &Life, index: usize, now: Timestamp) -> Option<(Timestamp, Event)> {
    let ago = |minutes: i32| now - minutes * MINUTES;
    let turn = |minutes| match (life(index, ago(minutes + 1)), life(index, ago(minutes))) {
        (before, after) if before == after => None,
        (_, Activity::Charging) => Some((ago(minutes), Event::ChargeBegan)),
        (Activity::Charging, _) => Some((ago(minutes), Event::ChargeEnded)),
        (Activity::Driving, _) => Some((ago(minutes), Event::TripEnded)),
        _ => None,
    };
    (0..60).find_map(turn)
}

pub(super) fn parked() -> Life {
    Box::new(|_, _| Activity::Parked)
}

/// Drives to work and back, and charges for some hours from `from` o'clock UTC.
pub(super) fn commuter(from: i64, hours: i64) -> Life {
    Box::new(move |index, at| {
        let minute = at.as_second().rem_euclid(86_400) / 60;
        let shifted = (minute - from * 60).rem_euclid(1_440);
        if index == 0 && shifted < hours * 60 {
            return Activity::Charging;
        }
        match minute {
            380..=415 | 960..=995 => Activity::Driving,
            _ => Activity::Parked,
        }
    })
}

pub(super) fn always_charging() -> Life {
    Box::new(|index: usize, _| {
        if index == 0 {
            Activity::Charging
        } else {
            Activity::Parked
        }
    })
}
