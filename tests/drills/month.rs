//! A month of virtual time: two accounts, five vehicles, fifty calls a day.

use std::time::Duration;

use cardata_sim::{Control, SimConfig, SimVehicle};
use jiff::tz::Offset;
use jiff::{SignedDuration, Timestamp};
use tests::oracle::expected_of_all;
use tests::scene::{Plan, Scene, stop, until_within};

use crate::report::{Outcome, Report};
use crate::runner::Context;

const DAY: SignedDuration = SignedDuration::from_hours(24);
const HOUR: SignedDuration = SignedDuration::from_hours(1);
/// Polls may have so many of the fifty calls of a day.
const BUDGET: usize = 48;
/// A machine that stalls for a second loses more than an hour of the fast time, and some calls with it: so many
/// of a full drill.
const STALLED: usize = 4;

fn household(seed: u64, vins: &[&str]) -> SimConfig {
    SimConfig {
        seed,
        vehicles: vins.iter().copied().map(SimVehicle::new).collect(),
        ..SimConfig::default()
    }
}

pub async fn of_two_accounts(context: Context) -> Outcome {
    let plan = Plan {
        speed: context.choose(6_000.0, 10_000.0),
        calls_per_day: 50,
        every: "auto",
        ..Plan::default()
    };
    let days = context.choose(30, 2);
    let vins = [
        "WBY71AW050FP11111",
        "WBY71AW050FP22222",
        "WBY71AW050FP33333",
        "WBY71AW050FP44444",
        "WBY71AW050FP55555",
    ];
    let mut scene = Scene::with(household(context.seed, &vins[..2]), &plan).await;
    let other = scene
        .add_account("work", household(context.seed + 1, &vins[2..]), &plan)
        .await;
    scene.login().await;
    let mut report = Report::default();
    report.inject(&format!("run of {days} days"));
    let run = scene.run().await;
    let begin = scene.bmw.now();
    let real = Duration::from_secs_f64(f64::from(days) * 86_400.0 / plan.speed);
    until_within(
        &run,
        real * 2 + Duration::from_secs(60),
        "end of the month",
        || scene.bmw.now().duration_since(begin) >= DAY * days,
    )
    .await;
    stop(run).await;
    report.survive();
    let served = [scene.bmw.served(), other.served()].concat();
    report.hold_files(&scene, &expected_of_all(&served));
    for (bmw, vins) in [(&scene.bmw, &vins[..2]), (&other, &vins[2..])] {
        report.hold_calls(bmw, 50);
        for vin in vins {
            hold_gaps(&mut report, bmw, vin, context.choose(Some(STALLED), None));
        }
    }
    Outcome::Done(report)
}

/// Wherever a vehicle is not polled for more than an hour, the budget of its account was used up, but for the
/// calls that a machine may have lost by stalling.
fn hold_gaps(report: &mut Report, bmw: &Control, vin: &str, stalled: Option<usize>) {
    let requests = bmw.requests();
    let calls: Vec<_> = requests
        .iter()
        .filter(|request| request.counted)
        .map(|request| request.at)
        .collect();
    let polls: Vec<_> = requests
        .iter()
        .filter(|request| request.path.contains(vin) && request.path.ends_with("telematicData"))
        .map(|request| request.at)
        .collect();
    let gaps = polls.windows(2).map(|pair| (pair[0], pair[1]));
    let gaps: Vec<_> = gaps
        .filter(|(from, to)| to.duration_since(*from) > HOUR)
        .collect();
    let longest = gaps
        .iter()
        .map(|(from, to)| to.duration_since(*from))
        .max()
        .unwrap_or_default();
    // The first day is told and not judged: no day lies behind it, and how its calls fall depends on the hour at which
    // the drill was started.
    let begin = calls.first().copied().unwrap_or_default();
    let judged = gaps.iter().filter(|(from, _)| *from >= begin + DAY);
    let fewest = judged.map(|(from, to)| used_around(&calls, *from, *to)).min();
    report.note(format!(
        "…{}: {} polls, {} gaps of more than an hour, the longest {:.1} h, with at least {} calls a day around each after the first",
        &vin[10..],
        polls.len(),
        gaps.len(),
        longest.as_secs_f64() / 3_600.0,
        fewest.map_or("-".to_owned(), |fewest| fewest.to_string()),
    ));
    // A small drill is in such a hurry that a second of the machine's is hours of the car's: there the gaps are
    // told, and the planner's own tests hold them on a clock that waits for it.
    let Some(stalled) = stalled else { return };
    if let Some(fewest) = fewest.filter(|fewest| fewest + stalled < BUDGET) {
        report.problem(format!(
            "…{} waited for more than an hour while only {fewest} of {BUDGET} calls a day were used",
            &vin[10..]
        ));
    }
}

/// The most calls in a day that the gap belongs to.
fn used_around(calls: &[Timestamp], from: Timestamp, to: Timestamp) -> usize {
    let between =
        |begin: Timestamp, end: Timestamp| calls.iter().filter(|at| **at >= begin && **at < end).count();
    let middle = from + SignedDuration::from_secs(to.duration_since(from).as_secs() / 2) - DAY / 2;
    let begins = [utc_midnight(from), utc_midnight(to), from, to - DAY, middle];
    begins
        .into_iter()
        .map(|begin| between(begin, begin + DAY))
        .max()
        .unwrap_or(0)
}

/// The begin of the UTC day.
fn utc_midnight(at: Timestamp) -> Timestamp {
    let date = Offset::UTC.to_datetime(at).date();
    Offset::UTC
        .to_timestamp(date.to_datetime(jiff::civil::Time::midnight()))
        .expect("a day of this century")
}
