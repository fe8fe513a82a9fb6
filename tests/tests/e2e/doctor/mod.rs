//! Why there is no data: each cause is made, and `cardata doctor` names it and says what to do.

mod account;
mod network;

use std::path::Path;
use std::time::Duration;

use cardata_sim::{CarKind, Fault, Mapping, Selection, SimConfig, SimVehicle};
use jiff::SignedDuration;
use serde_json::Value;
use tests::process::Cardata;

use crate::scene::{DEADLINE, Plan, Said, Scene, end, stop, until};
use crate::stores;

/// A login that a test outlives.
fn patient() -> SimConfig {
    SimConfig {
        token_lifetime: Duration::from_secs(60 * 86_400),
        refresh_lifetime: Duration::from_secs(365 * 86_400),
        ..SimConfig::default()
    }
}

/// Adds the stream, which is trusted.
fn stream(scene: &Scene) {
    std::fs::write(scene.path("ca.pem"), scene.stream_ca()).unwrap();
    let stream = format!(", stream: \"{}\", ca: ca.pem }}\nsources:\n", scene.stream_url());
    scene.edit(|text| {
        let text = text.replacen(" }\nsources:\n", &stream, 1);
        text.replacen("sinks:\n", "  - type: stream\nsinks:\n", 1)
    });
}

/// What was told: a JSON object whose first word is its version.
fn told(said: &Said) -> Value {
    assert!(said.out.starts_with("{\n  \"version\": 1,"), "{said:?}");
    serde_json::from_str(&said.out).unwrap_or_else(|error| panic!("{error}: {said:?}"))
}

async fn ask(scene: &Scene, options: &[&str]) -> (Said, Value) {
    let said = scene.call(&[&["doctor", "--json"], options].concat()).await;
    let told = told(&said);
    (said, told)
}

/// The findings of one check that have this verdict.
fn findings<'a>(told: &'a Value, check: &str, verdict: &str) -> Vec<&'a Value> {
    let all = told["findings"].as_array().unwrap();
    let its = all
        .iter()
        .filter(|one| one["check"] == check && one["verdict"] == verdict);
    its.collect()
}

/// There is this finding, with these words, and a problem says what to do.
fn expect(told: &Value, check: &str, verdict: &str, words: &str) {
    let found = findings(told, check, verdict);
    let is_it = |one: &&&Value| one["said"].as_str().unwrap().contains(words);
    let found = found.iter().find(is_it);
    let Some(found) = found else {
        panic!("no {verdict} of {check} with `{words}`: {told:#}")
    };
    assert!(verdict != "problem" || found["advice"].is_string(), "{found}");
}

/// The first problem is this one.
fn expect_first(told: &Value, check: &str, words: &str) {
    let all = told["findings"].as_array().unwrap();
    let first = all.iter().find(|one| one["verdict"] == "problem");
    assert_eq!(first.map(|one| &one["check"]), Some(&check.into()), "{told:#}");
    expect(told, check, "problem", words);
}

/// The program runs, was polled, and nothing is wrong with it.
async fn running(config: SimConfig, plan: &Plan<'_>) -> (Scene, Cardata) {
    let scene = Scene::with(config, plan).await;
    stream(&scene);
    scene.login().await;
    let run = scene.run().await;
    scene.more_answers(&run, 2).await;
    (scene, run)
}

#[tokio::test]
async fn nothing_is_wrong_and_no_call_is_spent() {
    let (scene, run) = running(patient(), &Plan::default()).await;
    let spent = || scene.requests("mappings").len() + scene.requests("containers").len();
    let before = spent();
    let (said, told) = ask(&scene, &[]).await;
    assert_eq!(said.code, Some(0), "{said:?}");
    assert_eq!((&told["problems"], &told["calls_spent"]), (&0.into(), &0.into()));
    assert_eq!(spent(), before);
    for check in [
        "clock",
        "names",
        "ports",
        "certificates",
        "client_id",
        "services",
        "login",
        "scopes",
    ] {
        assert_eq!(findings(&told, check, "ok").len(), 1, "{check}: {told:#}");
    }
    expect(&told, "mapping", "ok", "main user of vfp12345");
    expect(&told, "container", "ok", "descriptors");
    expect(&told, "descriptors", "ok", "asked for ");
    let people = scene.call(&["doctor"]).await;
    assert_eq!(people.code, Some(0), "{people:?}");
    assert!(people.out.contains("No problem was found."), "{}", people.out);
    assert!(
        people.out.contains("No call of the API was spent"),
        "{}",
        people.out
    );
    let widest = people.out.lines().map(|line| line.chars().count()).max();
    assert!(widest <= Some(80), "{}", people.out);
    assert_eq!(
        scene.bmw.stream_logins().len(),
        1,
        "the stream's connection is not taken"
    );
    stop(run).await;
    scene.assert_lawful();
}

#[tokio::test]
async fn before_the_first_login_and_without_a_file_of_state() {
    let scene = Scene::set(&Plan::default()).await;
    stream(&scene);
    let (said, told) = ask(&scene, &[]).await;
    assert_eq!(said.code, Some(3), "{said:?}");
    expect_first(&told, "login", "nobody has logged in yet");
    expect(&told, "program", "problem", "it does not run");
    assert!(!scene.path("state").exists(), "a look makes nothing");
    scene.assert_lawful();
}

#[tokio::test]
async fn a_stream_for_which_nothing_is_selected() {
    let mut config = patient();
    config.stream.selection = Selection::Nothing;
    let (scene, run) = running(config, &Plan::default()).await;
    let silence = || async { scene.status().await["streams"][0]["silence"].clone() };
    let give_up = std::time::Instant::now() + DEADLINE;
    while silence().await != "contradicted" {
        assert!(std::time::Instant::now() < give_up, "{}", run.transcript());
        scene.more_answers(&run, 5).await;
    }
    let (said, told) = ask(&scene, &[]).await;
    assert_eq!(said.code, Some(4), "{said:?}");
    expect_first(&told, "selection", "no message ever came, though a poll brought");
    stop(run).await;
}

#[tokio::test]
async fn a_stream_that_another_program_takes() {
    let (scene, run) = running(patient(), &Plan::default()).await;
    let evicted = || scene.bmw.evict();
    until(&run, "a state of the stream", || {
        evicted();
        crate::scene::count(&run, "another program") > 0
    })
    .await;
    let (said, told) = ask(&scene, &[]).await;
    assert_eq!(said.code, Some(4), "{said:?}");
    expect_first(&told, "stream", "another program");
    stop(run).await;
}

#[tokio::test]
async fn a_vehicle_that_sleeps() {
    let (scene, run) = running(patient(), &Plan::default()).await;
    let messages = "select count(*) from log join feed on feed.id = feed_id where origin = 'stream'";
    until(&run, "message", || {
        stores::journal(&scene.path("state"), messages) > 0
    })
    .await;
    stop(run).await;
    let (said, told) = ask(&scene, &["--no-calls"]).await;
    assert_eq!(said.code, Some(4), "{said:?}");
    expect_first(&told, "program", "it does not run");
    expect(&told, "vehicle", "ok", "last sign of life");
    let of = &findings(&told, "vehicle", "ok")[0]["of"];
    assert_eq!(of, "vfp12345", "no VIN is told");
    // As after a holiday.
    for (days, verdict, words) in [
        (2, "ok", "asleep; last sign of life"),
        (10, "unknown", "deep asleep"),
    ] {
        let state = rusqlite::Connection::open(scene.path("state/journal.db")).unwrap();
        let before = days * 86_400_000_i64;
        let age = "update total set last_received_at = last_received_at - ?1";
        state.execute(age, [before]).unwrap();
        state
            .execute(
                "update stream set last_message_at = last_message_at - ?1",
                [before],
            )
            .unwrap();
        state.execute("update poll set activity = null", []).unwrap();
        drop(state);
        let (_, told) = ask(&scene, &["--no-calls"]).await;
        expect(&told, "vehicle", verdict, words);
        assert!(findings(&told, "vehicle", verdict)[0]["advice"].is_string());
    }
}

#[tokio::test]
async fn descriptors_that_this_vehicle_never_has() {
    const ABSENT: &str = "vehicle.cabin.convertible.roofStatus";
    const THERE: &str = "vehicle.drivetrain.batteryManagement.header";
    for (container, verdict, words) in [
        (format!("[{ABSENT}, {THERE}]"), "ok", "asked for 2, 1 ever came"),
        (format!("[{ABSENT}]"), "problem", "asked for 1, 0 ever came"),
    ] {
        let plan = Plan {
            container: &container,
            ..Plan::default()
        };
        let scene = Scene::with(patient(), &plan).await;
        scene.login().await;
        let run = scene.run().await;
        run.wait_for_line("polled", DEADLINE).await;
        let (_, told) = ask(&scene, &[]).await;
        expect(&told, "descriptors", verdict, words);
        let never = &findings(&told, "descriptors", verdict)[0]["descriptors"];
        assert_eq!(*never, serde_json::json!([ABSENT]));
        stop(run).await;
    }
}

#[tokio::test]
async fn several_accounts_spend_two_calls_together() {
    let plan = Plan::default();
    let mut scene = Scene::with(patient(), &plan).await;
    let with_car = |number| SimConfig {
        vehicles: vec![SimVehicle::numbered(CarKind::I4, number)],
        seed: number.into(),
        ..patient()
    };
    let others = [
        scene.add_account("work", with_car(2), &plan).await,
        scene.add_account("mine", with_car(3), &plan).await,
    ];
    for account in ["home", "work", "mine"] {
        let said = scene.call(&["login", "--account", account]).await;
        assert_eq!(said.code, Some(0), "{said:?}");
    }
    let (_, told) = ask(&scene, &[]).await;
    let spent = [
        scene.bmw.spent_today(),
        others[0].spent_today(),
        others[1].spent_today(),
    ];
    assert_eq!((&told["calls_spent"], spent), (&2.into(), [1, 1, 0]));
    assert_eq!(findings(&told, "mapping", "ok").len(), 2);
    expect(
        &told,
        "mapping",
        "unknown",
        "two calls were spent for this already",
    );
}

#[tokio::test]
async fn a_simulator_stands_for_bmw() {
    let scene = Scene::set(&Plan::default()).await;
    let sinks = crate::scene::FILES;
    std::fs::write(
        scene.path("pipeline.yaml"),
        format!("simulator: {{ speed: 600 }}\nsources:\n  - type: telematics\nsinks:\n{sinks}"),
    )
    .unwrap();
    let run = scene.start(&["run"]);
    run.wait_for_line("polled", DEADLINE).await;
    let said = scene.call(&["doctor"]).await;
    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(
        said.out.starts_with("A simulator stands for BMW here"),
        "{}",
        said.out
    );
    assert!(!said.out.contains("clock"), "{}", said.out);
    assert!(said.out.contains("container"), "{}", said.out);
    stop(run).await;
}
