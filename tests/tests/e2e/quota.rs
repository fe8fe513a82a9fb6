//! Fifty calls a day, whatever happens.

use cardata_sim::SimConfig;
use jiff::tz::Offset;
use jiff::{SignedDuration, Timestamp};
use std::collections::HashMap;
use std::time::Duration;

use crate::scene::{DEADLINE, Plan, Scene, stop, until};
use crate::stores;

const DAY: SignedDuration = SignedDuration::from_hours(24);

fn plan(speed: f64) -> Plan<'static> {
    Plan {
        speed,
        calls_per_day: 50,
        every: "auto",
        ..Plan::default()
    }
}

/// Logins that survive months without the program noticing.
fn patient() -> SimConfig {
    SimConfig {
        refresh_lifetime: Duration::from_secs(365 * 86_400),
        ..SimConfig::default()
    }
}

/// When calls were counted.
fn counted(scene: &Scene) -> Vec<Timestamp> {
    let requests = scene.bmw.requests();
    requests
        .iter()
        .filter(|request| request.counted)
        .map(|request| request.at)
        .collect()
}

fn assert_never_more_than_fifty(calls: &[Timestamp]) {
    let mut days = HashMap::new();
    for (index, &call) in calls.iter().enumerate() {
        let day = Offset::UTC.to_datetime(call).date();
        let today = days.entry(day).or_insert(0);
        *today += 1;
        assert!(*today <= 50, "{today} calls on {day}");
        let window = calls[index..]
            .iter()
            .take_while(|&&later| later.duration_since(call) < DAY)
            .count();
        assert!(window <= 50, "{window} calls in the 24 hours from {call}");
    }
}

#[tokio::test]
async fn no_day_and_no_24_hours_see_more_than_fifty_calls() {
    let scene = Scene::with(patient(), &plan(20_000.0)).await;
    scene.login().await;
    let run = scene.run().await;
    let start = scene.bmw.now();
    until(&run, "three days", || {
        scene.bmw.now().duration_since(start) > DAY * 3
    })
    .await;
    stop(run).await;
    let calls = counted(&scene);
    assert_never_more_than_fifty(&calls);
    assert!(
        calls.len() > 50,
        "{} calls: it never went on after the first day",
        calls.len()
    );
    assert_eq!(
        scene
            .requests("")
            .iter()
            .filter(|request| request.status == 403)
            .count(),
        0
    );
    scene.assert_lawful();
}

#[tokio::test]
async fn calls_of_another_program_end_the_day() {
    let scene = Scene::with(patient(), &plan(10_000.0)).await;
    scene.login().await;
    let run = scene.run().await;
    scene.more_answers(&run, 1).await;
    // The program's clock is a little behind BMW's; at midday both agree on the date.
    let hour = || Offset::UTC.to_datetime(scene.bmw.now()).hour();
    until(&run, "midday", || (12..16).contains(&hour())).await;
    scene.bmw.spend(50);
    let spent = scene.bmw.now();
    let line = run
        .wait_for_line("BMW says that the calls of the day are used up", DEADLINE)
        .await;
    assert!(line.text.contains("until="), "{line:?}");
    let status = scene.status().await;
    assert_eq!(status["accounts"][0]["calls_left"], 0, "{status}");
    assert!(status["accounts"][0]["blocked_until"].is_string(), "{status}");
    scene.more_answers(&run, 3).await;
    stop(run).await;
    let after: Vec<_> = scene
        .requests("telematicData")
        .into_iter()
        .filter(|r| r.at > spent)
        .collect();
    assert_eq!(
        (after[0].status, after[1].status),
        (403, 200),
        "one refusal is enough: {after:?}"
    );
    let date = |at: Timestamp| Offset::UTC.to_datetime(at).date();
    assert!(
        date(after[1].at) > date(spent),
        "{:?} follows on {spent}",
        after[1]
    );
    assert_never_more_than_fifty(&counted(&scene));
    scene.assert_lawful();
}

#[tokio::test]
async fn restarts_spend_nothing() {
    let scene = Scene::set(&Plan {
        every: "30m",
        ..plan(1.0)
    })
    .await;
    scene.login().await;
    let run = scene.run().await;
    scene.more_answers(&run, 1).await;
    until(&run, "the first poll", || {
        crate::scene::count(&run, "polled") == 1
    })
    .await;
    stop(run).await;
    let spent = scene.bmw.spent_today();
    assert_eq!(spent, 4, "mapping, list and creation of the container, poll");
    for _ in 0..6 {
        stop(scene.run().await).await;
    }
    assert_eq!(scene.bmw.spent_today(), spent);
    assert_eq!(
        stores::journal(&scene.path("state"), "select count(*) from quota"),
        u64::from(spent)
    );
    scene.assert_lawful();
}
