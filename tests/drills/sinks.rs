//! A store in every kind of trouble: the others are not delayed, and it gets everything in the end.

use std::time::Duration;

use rand::seq::SliceRandom;
use serde_json::Value;
use tests::oracle::{Row, compare, expected_of_all};
use tests::process::Cardata;
use tests::scene::{FILES, Plan, Scene, stop, until};
use tests::stores;

use crate::faulty_store::{FaultyStore, Mood};
use crate::report::{Outcome, Report};
use crate::runner::Context;

/// A descriptor that changes often while the car charges or drives.
const REFUSED_FIELD: &str = "vehicle.drivetrain.batteryManagement.header";

/// Where the part of a VIN begins that a person is shown.
const SHOWN: usize = 10;

fn moods() -> Vec<Mood> {
    vec![
        Mood::Down,
        Mood::Reset,
        Mood::Hang,
        Mood::Drip,
        Mood::Slow(Duration::from_millis(400)),
        Mood::CloseInTheMiddle,
        Mood::Garbage,
        Mood::Status(401, None),
        Mood::Status(404, None),
        Mood::Status(429, Some(30)),
        Mood::Status(500, None),
        Mood::Status(503, Some(5)),
        Mood::TooLarge(600),
        Mood::RefuseField(REFUSED_FIELD),
        Mood::RefuseLines,
        Mood::RefuseAll,
    ]
}

pub async fn in_trouble(context: Context) -> Outcome {
    let store = FaultyStore::start().await;
    store.server.beside(drill(context, &store)).await
}

async fn drill(context: Context, store: &FaultyStore) -> Outcome {
    let sinks = FILES.to_owned() + &store.sink();
    let scene = Scene::set(&Plan {
        speed: 12_000.0,
        sinks: &sinks,
        ..Plan::default()
    })
    .await;
    scene.login().await;
    let run = scene.run().await;
    let mut report = Report::default();
    let mut random = context.random();
    for _ in 0..context.choose(3, 1) {
        let mut moods = moods();
        moods.shuffle(&mut random);
        for mood in moods.into_iter().take(context.choose(usize::MAX, 6)) {
            trouble(&mut report, &scene, store, &run, mood).await;
        }
    }
    scene.more_answers(&run, 2).await;
    stop(run).await;
    let wanted = expected_of_all(&scene.bmw.served());
    report.hold_files(&scene, &wanted);
    let lacking = store.lacking();
    let accepted: Vec<Row> = wanted.into_iter().filter(|row| !lacking.contains(row)).collect();
    report.hold("store", &store.rows(), &accepted);
    hold_dead_letters(&mut report, &scene, store).await;
    report.hold_calls(&scene.bmw, 100_000);
    Outcome::Done(report)
}

async fn trouble(report: &mut Report, scene: &Scene, store: &FaultyStore, run: &Cardata, mood: Mood) {
    store.set(mood.clone()).await;
    // Behind it: closing waits for a write that is under way.
    let before = store.rows().len();
    report.inject(&mood.name());
    if mood == Mood::Down {
        scene.more_answers(run, 5).await;
    } else {
        until(run, &format!("write to a store that is {mood:?}"), || {
            store.met() > 0
        })
        .await;
    }
    scene.more_answers(run, 5).await;
    // While this store is in trouble, the others receive everything.
    let collected = expected_of_all(&scene.bmw.served()).len();
    let newest = stores::newest_entry(&scene.path("state"));
    let files = || stores::acknowledged(&scene.path("state"), &["csv", "sqlite"]) >= newest;
    until(run, &format!("delivery beside a store that is {mood:?}"), files).await;
    if mood.blocks() && store.rows().len() != before {
        report.problem(format!("a store that is {mood:?} stored something"));
    }
    store.set(Mood::Accept).await;
    until(run, &format!("delivery after {mood:?}"), || {
        store.known() >= collected
    })
    .await;
    report.survive();
}

/// What the store refused is among the dead letters, and nothing else is. A record that was too large when it came last is
/// one, which the store cannot tell from one that came again.
async fn hold_dead_letters(report: &mut Report, scene: &Scene, store: &FaultyStore) {
    let said = scene
        .call(&["dead-letters", "list", "--sink", "influxdb", "--json"])
        .await;
    let answer: Value = serde_json::from_str(&said.out).expect("an answer");
    let letters = answer["dead_letters"].as_array().expect("a list");
    let refused = store.refused();
    report.note(format!(
        "{} readings and {} parts of records refused, {} dead letters",
        refused.len(),
        store.large_records(),
        letters.len()
    ));
    let refused: Vec<Row> = refused
        .iter()
        .map(|row| letter(&format!("v{}", row.vin[SHOWN..].to_lowercase()), &row.descriptor))
        .collect();
    let (records, letters): (Vec<_>, Vec<_>) = letters.iter().partition(|told| told["descriptor"].is_null());
    if records.len() > store.large_records()
        || records.iter().any(|told| {
            !told["reason"]
                .as_str()
                .is_some_and(|reason| reason.contains("413"))
        })
    {
        report.problem(format!(
            "records are dead letters that were not too large: {records:?}"
        ));
    }
    let letters: Vec<Row> = letters
        .into_iter()
        .map(|told| letter(text(&told["vehicle"]), text(&told["descriptor"])))
        .collect();
    let difference = compare(&letters, &refused);
    if !difference.is_none() {
        report.problem(format!("dead letters are not what was refused:\n{difference}"));
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or("nothing")
}

fn letter(vehicle: &str, descriptor: &str) -> Row {
    Row {
        vin: vehicle.to_owned(),
        descriptor: descriptor.to_owned(),
        at: 0,
        value: String::new(),
    }
}
