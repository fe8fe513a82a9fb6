//! Weeks and months with everything that happens to a program that runs for years: drives and charges, restarts, a
//! clock that is set, another program on the account, summer time.

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use super::quota::busiest;
use super::*;

const HOURS: SignedDuration = SignedDuration::from_hours(1);
const DAY: SignedDuration = SignedDuration::from_hours(24);

/// Each vehicle charges once and drives twice a day, at times that differ from day to day and from car to car.
pub(super) fn lives(seed: u64) -> Life {
    Box::new(move |vehicle, at| {
        let (day, minute) = (at.as_second() / 86_400, at.as_second() % 86_400 / 60);
        let mut random = StdRng::seed_from_u64(seed ^ (day.unsigned_abs() << 8) ^ vehicle as u64);
        let charge = random.random_range(0..1_200);
        let drive = random.random_range(300..480);
        let back = random.random_range(900..1_100);
        match minute {
            _ if (charge..charge + 200).contains(&minute) => Activity::Charging,
            _ if (drive..drive + 40).contains(&minute) || (back..back + 40).contains(&minute) => {
                Activity::Driving
            }
            _ => Activity::Parked,
        }
    })
}

/// Runs for `days`, ending and starting again at random moments; the program is off for up to 20 minutes.
async fn run_with_restarts(rig: &Arc<Rig>, vehicles: usize, days: i64, zone: &str, random: &mut StdRng) {
    let end = rig.clock.truth() + DAY * days as i32;
    while rig.clock.truth() < end {
        let rest = end.duration_since(rig.clock.truth());
        let run = SignedDuration::from_mins(random.random_range(1..2_880)).min(rest);
        rig.end_after(Duration::try_from(run).unwrap());
        let zone = TimeZone::get(zone).unwrap();
        let poller = rig.poller_in(zone, vehicles, &[("telematics", Every::Auto)]);
        poller.run(vec![rig.named("telematics", true, always())]).await;
        rig.clock.time.lock().unwrap().truth += SignedDuration::from_mins(random.random_range(0..20));
    }
}

impl Rig {
    /// The waits of a vehicle: when they began and how long they were.
    pub(super) fn waits(&self, vehicle: usize) -> Vec<(Timestamp, SignedDuration)> {
        let asked = self.asked.lock().unwrap();
        let of_vehicle: Vec<_> = asked.iter().filter(|asked| asked.vehicle == vehicle).collect();
        let pairs = of_vehicle.windows(2);
        pairs
            .map(|pair| (pair[0].at, pair[1].at.duration_since(pair[0].at)))
            .collect()
    }

    /// A vehicle waits for more than an hour only where the budget forces it: where equal shares of the calls of a
    /// day are no shorter wait, or where some 24 hours that contain the whole wait saw all but five of the calls that
    /// polls may make, whoever made them. One more call in the wait would count among them.
    fn assert_no_idle_hour(&self, vehicles: usize) {
        let share = HOURS.max(DAY * vehicles as i32 / 48);
        let mut calls: Vec<Timestamp> = self.asked.lock().unwrap().iter().map(|asked| asked.at).collect();
        calls.extend(self.foreign.lock().unwrap().iter());
        for vehicle in 0..vehicles {
            for (from, wait) in self.waits(vehicle).into_iter().filter(|(_, wait)| *wait > share) {
                let begins = calls.iter().filter(|at| **at <= from && from + wait < **at + DAY);
                let within = |begin: &Timestamp| {
                    calls
                        .iter()
                        .filter(|at| **at >= *begin && **at < *begin + DAY)
                        .count()
                };
                let used = begins.map(within).max().unwrap_or(0);
                assert!(
                    used >= 43,
                    "vehicle {vehicle} waited {wait:#} from {from}, and {used} calls were made"
                );
            }
        }
    }

    fn mean_wait(&self, vehicle: usize, activity: Activity, life: &Life) -> f64 {
        let during = self
            .waits(vehicle)
            .into_iter()
            .filter(|(from, _)| life(vehicle, *from) == activity);
        let minutes: Vec<f64> = during.map(|(_, wait)| wait.as_secs_f64() / 60.0).collect();
        minutes.iter().sum::<f64>() / minutes.len() as f64
    }
}

#[tokio::test]
async fn a_month_of_two_accounts_with_five_vehicles_and_many_restarts() {
    for (vehicles, promise) in [(2, 90), (3, 135)] {
        let rig = Rig::new();
        let mut random = StdRng::seed_from_u64(vehicles as u64);
        *rig.life.lock().unwrap() = Some(lives(7));
        // Summer time begins on the way.
        run_with_restarts(&rig, vehicles, 30, "Europe/Berlin", &mut random).await;
        let (day, window) = busiest(&rig);
        assert!(day <= 48 && window <= 48, "{day} a day, {window} in 24 hours");
        assert!(rig.asked.lock().unwrap().len() >= 30 * 44);
        rig.assert_no_idle_hour(vehicles);
        for vehicle in 0..vehicles {
            // While the program is off nobody is polled.
            let longest = rig.waits(vehicle).into_iter().map(|(_, wait)| wait).max();
            assert!(
                longest <= Some(SignedDuration::from_mins(promise + 25)),
                "{longest:?}"
            );
            let charging = rig.mean_wait(vehicle, Activity::Charging, &lives(7));
            let parked = rig.mean_wait(vehicle, Activity::Parked, &lives(7));
            assert!(charging < 0.7 * parked, "{charging} and {parked} minutes");
        }
    }
}

#[tokio::test]
async fn one_vehicle_is_never_left_alone_for_an_hour() {
    let rig = Rig::new();
    *rig.life.lock().unwrap() = Some(lives(3));
    rig.clock.time.lock().unwrap().truth = at("2026-10-22T14:00:00Z");
    // Summer time ends on the way.
    rig.end_after(minutes(7 * 24 * 60));
    let zone = TimeZone::get("Europe/Berlin").unwrap();
    let poller = rig.poller_in(zone, 1, &[("telematics", Every::Auto)]);
    poller.run(vec![rig.named("telematics", true, always())]).await;
    let (day, window) = busiest(&rig);
    assert!(day <= 48 && window <= 48, "{day} a day, {window} in 24 hours");
    let longest = rig.waits(0).into_iter().map(|(_, wait)| wait).max();
    assert!(longest <= Some(SignedDuration::from_mins(56)), "{longest:?}");
}

#[tokio::test]
async fn another_program_on_the_account_costs_one_refusal_a_day() {
    let rig = Rig::new();
    *rig.life.lock().unwrap() = Some(lives(5));
    let mut random = StdRng::seed_from_u64(9);
    for day in [1, 2, 4, 6] {
        let when = begin() + DAY * day + SignedDuration::from_mins(random.random_range(0..1_000));
        let calls = random.random_range(5..50);
        rig.foreign.lock().unwrap().extend((0..calls).map(|_| when));
    }
    run_with_restarts(&rig, 5, 9, "Europe/Berlin", &mut random).await;
    let refused = rig.refused.lock().unwrap().clone();
    assert!(!refused.is_empty() && refused.len() <= 4, "{refused:?}");
    for refused in &refused {
        let midnight = next_utc_midnight(*refused);
        let asked = rig.asked.lock().unwrap();
        assert!(
            !asked
                .iter()
                .any(|asked| asked.at > *refused && asked.at < midnight)
        );
        let back: Vec<_> = asked
            .iter()
            .filter(|asked| asked.at >= midnight)
            .take(5)
            .collect();
        let first_minutes = back
            .iter()
            .filter(|asked| asked.at < midnight + SignedDuration::from_mins(3))
            .count();
        assert!(first_minutes <= 2, "no burst at midnight: {back:?}");
    }
    let (_, window) = busiest(&rig);
    assert!(window <= 48, "{window} in 24 hours");
    rig.assert_no_idle_hour(5);
}

#[tokio::test]
async fn a_clock_that_is_set_every_other_day_changes_nothing_in_true_time() {
    let rig = Rig::new();
    let mut random = StdRng::seed_from_u64(11);
    for jump in 1..6 {
        let when = begin() + DAY * (2 * jump) + SignedDuration::from_mins(random.random_range(0..1_440));
        let hours = [-7, 3, -20, 26, 1][jump as usize - 1];
        rig.set_clock(when, SignedDuration::from_hours(hours));
    }
    rig.end_after(minutes(13 * 24 * 60));
    let poller = rig.poller(2, &[("telematics", Every::Auto)]);
    poller.run(vec![rig.named("telematics", true, always())]).await;
    let (_, window) = busiest(&rig);
    assert!(window <= 48, "{window} in 24 hours");
    for vehicle in 0..2 {
        let longest = rig.waits(vehicle).into_iter().map(|(_, wait)| wait).max();
        assert!(longest <= Some(SignedDuration::from_mins(95)), "{longest:?}");
    }
    rig.assert_no_idle_hour(2);
}
