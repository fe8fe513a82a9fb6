//! Months with a stream beside the polls: drives and charges as single messages, twice and out of order, a connection
//! that breaks, restarts.

use std::collections::VecDeque;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use source::Hearing;

use super::months::lives;
use super::quota::busiest;
use super::*;

const MINUTE: SignedDuration = SignedDuration::from_mins(1);
const DAY: SignedDuration = SignedDuration::from_hours(24);

/// What happens at true times, in order; it is told what the clock shows.
#[derive(Default)]
pub(super) struct Script(VecDeque<(Timestamp, Act)>);

pub(super) type Act = Box<dyn FnOnce(Timestamp) + Send>;

impl std::fmt::Debug for Script {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Script({})", self.0.len())
    }
}

impl Script {
    pub(super) fn of(acts: Vec<(Timestamp, Act)>) -> Self {
        Self(acts.into())
    }

    pub(super) fn play(&mut self, truth: Timestamp, shown: Timestamp) {
        while self.0.front().is_some_and(|(at, _)| *at <= truth) {
            if let Some((_, act)) = self.0.pop_front() {
                act(shown);
            }
        }
    }
}

/// An account with a stream.
struct Streaming {
    rig: Arc<Rig>,
    acts: Vec<(Timestamp, Act)>,
}

impl Streaming {
    /// Every vehicle lives as told by `lives(7)` and says so for `days`.
    fn new(vehicles: usize, days: i64) -> Self {
        let rig = Rig::new();
        *rig.life.lock().unwrap() = Some(lives(7));
        let mut streaming = Self {
            rig,
            acts: Vec::new(),
        };
        let mut random = StdRng::seed_from_u64(vehicles as u64);
        for vehicle in 0..vehicles {
            streaming.speak(vehicle, begin(), days, &mut random);
        }
        streaming.connect(begin() + MINUTE);
        streaming
    }

    fn connect(&mut self, at: Timestamp) {
        let hearing = self.rig.account.handles.hearing.clone();
        let act = move |now| hearing.connected(&"stream".into(), now);
        self.acts.push((at, Box::new(act)));
    }

    fn disconnect(&mut self, at: Timestamp) {
        let hearing = self.rig.account.handles.hearing.clone();
        let act = move |now| hearing.disconnected(&"stream".into(), now);
        self.acts.push((at, Box::new(act)));
    }

    /// A message that was measured at `at`, and comes late or twice at times.
    fn say(&mut self, vehicle: usize, at: Timestamp, reading: (&str, &str), random: &mut StdRng) {
        let (descriptor, value) = reading;
        let body = format!(r#"{{"value":{value},"timestamp":"{at:.0}"}}"#);
        let reading = RawReading {
            descriptor: descriptor.to_owned(),
            body: RawValue::from_string(body).unwrap(),
        };
        for _ in 0..random.random_range(1..3) {
            let late = SignedDuration::from_secs(if random.random_bool(0.2) {
                random.random_range(5..180)
            } else {
                3
            });
            let hearing = self.rig.account.handles.hearing.clone();
            let reading = reading.clone();
            let act = move |now| {
                let snapshot = RawSnapshot {
                    vin: VINS[vehicle].parse().unwrap(),
                    origin: Origin::Stream,
                    requested_at: None,
                    sent_at: None,
                    received_at: now,
                    readings: vec![reading],
                };
                hearing.heard(&snapshot);
            };
            self.acts.push((at + late, Box::new(act)));
        }
    }

    /// What a vehicle says of its life: nothing while it is parked.
    fn speak(&mut self, vehicle: usize, from: Timestamp, days: i64, random: &mut StdRng) {
        let life = lives(7);
        let mut before = Activity::Parked;
        for minute in 0..days * 1_440 {
            let at = from + SignedDuration::from_mins(minute);
            let now = life(vehicle, at);
            let status = if now == Activity::Charging {
                "\"CHARGINGACTIVE\""
            } else {
                "\"CHARGINGENDED\""
            };
            let moving = if now == Activity::Driving { "true" } else { "false" };
            if now != before {
                let charging = "vehicle.drivetrain.electricEngine.charging.status";
                self.say(vehicle, at, ("vehicle.isMoving", moving), random);
                self.say(vehicle, at, (charging, status), random);
            }
            before = now;
            let (key, every) = match now {
                Activity::Driving => (
                    "vehicle.cabin.infotainment.navigation.currentLocation.latitude",
                    3,
                ),
                Activity::Charging => ("vehicle.drivetrain.batteryManagement.header", 5),
                _ => continue,
            };
            if minute % every == 0 {
                let value = (minute % 90).to_string();
                self.say(vehicle, at, (key, &value), random);
            }
        }
    }

    fn write(&mut self) {
        let mut acts = std::mem::take(&mut self.acts);
        acts.sort_by_key(|(at, _)| *at);
        self.rig.clock.time.lock().unwrap().script = Script(acts.into());
    }

    async fn run(&self, vehicles: usize, duration: SignedDuration) {
        self.rig.end_after(Duration::try_from(duration).unwrap());
        let poller = self.rig.poller(vehicles, &[("telematics", Every::Auto)]);
        let source = self.rig.named("telematics", true, always());
        poller.run(vec![source]).await;
    }

    /// The polls of one vehicle from `from` on.
    fn polls(&self, vehicle: usize, from: Timestamp) -> Vec<Timestamp> {
        let asked = self.rig.asked.lock().unwrap();
        let polls = asked
            .iter()
            .filter(|asked| asked.vehicle == vehicle && asked.at >= from);
        polls.map(|asked| asked.at).collect()
    }

    fn assert_no_wait_is_longer(&self, vehicle: usize, than: SignedDuration) {
        let waits = self.rig.waits(vehicle);
        let longest = waits.into_iter().map(|(_, wait)| wait).max();
        assert!(longest <= Some(than), "{longest:?}");
    }

    /// How long each end of a trip and each beginning and end of a charge waited for a poll.
    fn waits_for_events(&self, vehicle: usize, from: Timestamp, until: Timestamp) -> Vec<SignedDuration> {
        let life = lives(7);
        let polls = self.polls(vehicle, from);
        let minutes = (0..until.duration_since(from).as_mins()).map(|minute| from + MINUTE * minute as i32);
        let mut after = Activity::Parked;
        let events = minutes.filter(|at| {
            let before = std::mem::replace(&mut after, life(vehicle, *at));
            before != after && (after == Activity::Charging || before != Activity::Parked)
        });
        let looked = |at: Timestamp| polls.iter().find(|poll| **poll >= at + MINUTE * 5);
        events
            .map(|at| looked(at).map_or(DAY, |poll| poll.duration_since(at)))
            .collect()
    }
}

#[tokio::test]
async fn a_month_with_a_stream_spends_calls_on_what_happens() {
    for vehicles in [1, 3] {
        let mut streaming = Streaming::new(vehicles, 30);
        streaming.write();
        streaming.run(vehicles, DAY * 30).await;
        let (day, window) = busiest(&streaming.rig);
        assert!(day <= 48 && window <= 48, "{day} a day, {window} in 24 hours");
        // A vehicle must be heard before the stream is relied upon.
        let (from, until) = (begin() + DAY, begin() + DAY * 29);
        for vehicle in 0..vehicles {
            let polls = streaming.polls(vehicle, from).len();
            assert!((29 * 5..29 * 11).contains(&polls), "{polls} of {vehicles}");
            let mut waits = streaming.waits_for_events(vehicle, from, until);
            waits.sort_unstable();
            assert!(waits.len() >= 28 * 3, "{}", waits.len());
            assert!(waits.last() <= Some(&(MINUTE * 45)), "{waits:?}");
            assert!(waits[waits.len() / 2] <= MINUTE * 7, "{waits:?}");
            streaming.assert_no_wait_is_longer(vehicle, MINUTE * 365);
        }
    }
}

#[tokio::test]
async fn a_day_without_the_stream_is_polled_as_if_there_were_none() {
    let mut streaming = Streaming::new(2, 6);
    let (broken, back) = (begin() + DAY * 2, begin() + DAY * 3);
    streaming.disconnect(broken);
    streaming.connect(back);
    streaming.write();
    streaming.run(2, DAY * 5).await;
    let (_, window) = busiest(&streaming.rig);
    assert!(window <= 48, "{window} in 24 hours");
    for vehicle in 0..2 {
        let polls = streaming.polls(vehicle, broken);
        let during: Vec<_> = polls.iter().filter(|at| **at < back).collect();
        assert!(during.len() >= 19, "{}", during.len());
        assert!(during[0].duration_since(broken) <= MINUTE * 90, "{:?}", during[0]);
        assert!(
            during
                .windows(2)
                .all(|pair| pair[1].duration_since(*pair[0]) <= MINUTE * 95)
        );
        // The gap is filled when the calls of that day allow, and then it is quiet again.
        let after: Vec<_> = polls.iter().filter(|at| **at >= back - MINUTE * 5).collect();
        assert!(
            after[0].duration_since(back) <= MINUTE * 95,
            "{:?} of {back}",
            after[0]
        );
        assert!(after.len() <= 2 * 11, "{}", after.len());
    }
}

#[tokio::test]
async fn the_poller_notices_at_once_that_a_stream_is_gone() {
    let mut streaming = Streaming::new(1, 4);
    // Long after the last poll, in a silence.
    let broken = begin() + DAY * 2 + SignedDuration::from_mins(161);
    streaming.disconnect(broken);
    streaming.write();
    streaming.run(1, DAY * 2 + SignedDuration::from_hours(4)).await;
    let before = streaming.polls(0, begin());
    let last = before.iter().rfind(|at| **at < broken).unwrap();
    let first = streaming.polls(0, broken)[0];
    assert!(first >= broken + MINUTE * 5, "a short break is forgiven");
    let due = (*last + MINUTE * 55).max(broken + MINUTE * 6);
    assert!(first <= due, "{first}, after {last} and {broken}");
}

#[tokio::test]
async fn a_connection_that_flaps_costs_no_more_than_none() {
    for minutes in [2, 7, 30] {
        let mut streaming = Streaming::new(2, 4);
        let mut at = begin() + DAY;
        while at < begin() + DAY * 4 {
            streaming.disconnect(at);
            streaming.connect(at + MINUTE * minutes);
            at += MINUTE * minutes * 2;
        }
        streaming.write();
        streaming.run(2, DAY * 4).await;
        let (_, window) = busiest(&streaming.rig);
        assert!(window <= 48, "{window} in 24 hours");
        for vehicle in 0..2 {
            streaming.assert_no_wait_is_longer(vehicle, MINUTE * 365);
            let polls = streaming.polls(vehicle, begin() + DAY).len();
            assert!(polls <= 3 * 30, "{polls} with breaks of {minutes} minutes");
        }
    }
}

#[tokio::test]
async fn a_restart_remembers_who_speaks_and_fills_the_gap() {
    let mut streaming = Streaming::new(1, 3);
    let stopped = begin() + DAY + SignedDuration::from_hours(5);
    streaming.disconnect(stopped);
    streaming.connect(stopped + MINUTE * 40);
    streaming.write();
    streaming.run(1, stopped.duration_since(begin())).await;
    // What the other run heard is gone but for what the journal has.
    let remembered = streaming
        .rig
        .account
        .handles
        .hearing
        .remembered(&VINS[0].parse().unwrap());
    assert!(remembered.is_some_and(|json| json.contains("spoke")));
    streaming.rig.clock.time.lock().unwrap().truth += MINUTE * 39;
    streaming.run(1, SignedDuration::from_hours(12)).await;
    let polls = streaming.polls(0, stopped);
    assert!(
        polls[0].duration_since(stopped) <= MINUTE * 60,
        "{polls:?} after {stopped}"
    );
    assert!(polls.len() <= 8, "{polls:?}");
}

#[tokio::test]
async fn a_gap_is_bridged_although_a_restart_comes_before_the_poll() {
    // In a quiet night.
    let back = begin() + DAY + SignedDuration::from_hours(20);
    let stopped = back + MINUTE * 2;
    for (missed, polls) in [(None, vec![]), (Some(back), vec![back + MINUTE * 5])] {
        let mut streaming = Streaming::new(1, 3);
        streaming.disconnect(back - MINUTE * 2);
        streaming.connect(back);
        streaming.write();
        streaming.run(1, stopped.duration_since(begin())).await;
        let hearing = Arc::new(Hearing::default());
        hearing.recall_gaps(&"stream".into(), missed, Some(stopped));
        hearing.connected(&"stream".into(), stopped);
        let rig = Arc::get_mut(&mut streaming.rig).unwrap();
        rig.account.handles.hearing = hearing;
        streaming.run(1, MINUTE * 20).await;
        assert_eq!(streaming.polls(0, back), polls);
    }
}

#[tokio::test]
async fn a_clock_that_is_set_neither_hides_the_stream_nor_spends_calls() {
    for hours in [-7, 30] {
        let mut streaming = Streaming::new(1, 5);
        streaming.write();
        let jump = begin() + DAY * 2 + MINUTE * 100;
        streaming.rig.set_clock(jump, SignedDuration::from_hours(hours));
        streaming.run(1, DAY * 5).await;
        let (_, window) = busiest(&streaming.rig);
        assert!(window <= 48, "{window} in 24 hours");
        let longest = streaming.rig.waits(0).into_iter().map(|(_, wait)| wait).max();
        assert!(longest <= Some(MINUTE * 365), "{longest:?} with {hours} hours");
        let polls = streaming.polls(0, begin() + DAY).len();
        assert!(polls <= 4 * 12, "{polls} with {hours} hours");
    }
}
