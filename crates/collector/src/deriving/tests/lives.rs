//! The same messages derived while they come, through stops and kills, and all at once: the same records.

use std::collections::BTreeMap;
use std::time::Duration;

use collector_core::{Names, RawReading, RawSnapshot, Record, RecordState};
use derive::Rules;
use entry_form::record;
use journal::care::through::through;
use ledger::overview::Overview;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use runtime::ScaledClock;
use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::*;
use crate::deriving::Deriving;

const DAYS: i64 = 12;

/// What a car sends in days of driving and charging: a message a key.
fn messages() -> Vec<RawSnapshot> {
    let mut messages = Vec::new();
    let mut say = |at: Timestamp, key: &str, value: serde_json::Value| {
        let body = json!({ "timestamp": format!("{at:.0}"), "value": value }).to_string();
        messages.push(RawSnapshot {
            vin: VIN.parse().unwrap(),
            origin: Origin::Stream,
            requested_at: None,
            sent_at: None,
            received_at: at + SignedDuration::from_secs(3),
            readings: vec![RawReading {
                descriptor: key.to_owned(),
                body: RawValue::from_string(body).unwrap(),
            }],
        });
    };
    let (odometer, moving) = ("vehicle.vehicle.travelledDistance", "vehicle.isMoving");
    let (plug, status) = (
        "vehicle.body.chargingPort.status",
        "vehicle.drivetrain.electricEngine.charging.status",
    );
    for number in 0..DAYS {
        let minute = |minute: i64| day(number) + SignedDuration::from_mins(minute);
        let begin = 10_000 + number * 30;
        say(minute(0), moving, json!(true));
        for step in 0..30 {
            say(minute(step), odometer, json!(begin + step));
            say(minute(step), SOC, json!(80 - step));
        }
        say(minute(31), odometer, json!(begin + 30));
        say(minute(31), moving, json!(false));
        say(minute(40), plug, json!("CONNECTED"));
        say(minute(41), status, json!("CHARGINGACTIVE"));
        for step in 0..30 {
            say(minute(42 + step * 4), SOC, json!(50 + step));
        }
        say(minute(170), status, json!("CHARGINGENDED"));
        say(minute(600), plug, json!("DISCONNECTED"));
    }
    messages
}

async fn send(state: &OpenState, messages: &[RawSnapshot]) {
    let appended = state
        .journal
        .append("home".into(), "stream".into(), messages.into());
    appended.await.unwrap();
}

fn deriving(state: &OpenState) -> Deriving {
    Deriving {
        state: state.clone(),
        reader: state.journal.reader(Default::default()).unwrap(),
        rules: Rules::default(),
        clock: std::sync::Arc::new(ScaledClock::new(100_000.0)),
    }
}

/// The newest revision of each record. Its reasons name entries, which have other numbers in another journal.
fn records(state: &Path) -> BTreeMap<String, Record> {
    let mut records: BTreeMap<String, Record> = BTreeMap::new();
    through(&state.join(store::FILE), |entry| {
        let Some(json) = record::of(&entry) else { return };
        let vehicle = Names::default().vehicle(&entry.vin);
        let mut record = record::decode(&json, &vehicle).unwrap().unwrap();
        record.evidence = Box::default();
        let key = format!("{} {:?}", record.kind.name, record.key);
        let known = records.insert(key, record.clone());
        assert!(
            known.is_none_or(|known| known.revision < record.revision),
            "{record:?}"
        );
    })
    .unwrap();
    // Who folds all at once does not tell of what never came to stay.
    records.retain(|_, record| record.state != RecordState::Withdrawn);
    records
}

/// Derives what is there for a moment, and ends as a stop or a kill does.
async fn derive_for_a_moment(state: &OpenState, is_kill: bool, moment: Duration) {
    let stop = CancellationToken::new();
    let running = tokio::spawn(deriving(state).run(stop.clone()));
    tokio::time::sleep(moment).await;
    match is_kill {
        true => running.abort(),
        false => stop.cancel(),
    }
    let _ = running.await;
    // A job that was handed to the writer dies with a process, and not with a task: the next life must not begin beside it.
    state.store.version().await.unwrap();
}

/// The entry behind which the state is kept.
fn kept(state: &OpenState) -> u64 {
    let overview = Overview::open_file(state.store.path()).unwrap();
    overview.derived().unwrap().state.map_or(0, |(seq, _)| seq)
}

/// Starts and stops as often as it takes to come to the end of what is there.
async fn derive_what_is_there(state: &OpenState) {
    let there = *state.journal.newest().borrow();
    while kept(state) < there {
        derive_for_a_moment(state, false, Duration::from_millis(30)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_ends_a_run_the_records_are_those_of_one_run() {
    let messages = messages();
    let at_once = tempfile::tempdir().unwrap();
    let state = OpenState::open(at_once.path()).unwrap();
    send(&state, &messages).await;
    let never = CancellationToken::new();
    deriving(&state).all_anew(&never).await.unwrap().unwrap();
    let wanted = records(at_once.path());
    let of = |kind: &str| wanted.values().filter(|record| record.kind.name == kind).count();
    assert!(of("trip") >= 10 && of("charging_session") >= 10, "{wanted:#?}");

    for seed in 0..4 {
        let mut random = StdRng::seed_from_u64(seed);
        let folder = tempfile::tempdir().unwrap();
        let mut rest = &*messages;
        while !rest.is_empty() {
            let state = OpenState::open(folder.path()).unwrap();
            let (now, later) = rest.split_at(random.random_range(1..=120).min(rest.len()));
            send(&state, now).await;
            let moment = Duration::from_millis(random.random_range(0..30));
            derive_for_a_moment(&state, random.random(), moment).await;
            rest = later;
        }
        let state = OpenState::open(folder.path()).unwrap();
        derive_what_is_there(&state).await;
        assert_eq!(records(folder.path()), wanted, "seed {seed}");
        let newest = *state.journal.newest().borrow();
        let outcome = deriving(&state).all_anew(&never).await.unwrap().unwrap();
        assert!(outcome.is_unchanged(), "seed {seed}: {outcome:#?}");
        assert_eq!(*state.journal.newest().borrow(), newest);
    }
}

/// A car that is polled only drives for an hour. What is known of the trip after so many polls more that repeat what is known.
async fn state_after(repeats: i64) -> RecordState {
    let folder = tempfile::tempdir().unwrap();
    let state = OpenState::open(folder.path()).unwrap();
    for number in 0..3 + repeats {
        let step = number.min(2);
        let measured_at = day(0) + SignedDuration::from_mins(30 * step);
        let body = json!({ "timestamp": format!("{measured_at:.3}"), "value": 10_000 + 20 * step });
        let received_at = day(0) + SignedDuration::from_mins(30 * number + 1);
        let poll = RawSnapshot {
            vin: VIN.parse().unwrap(),
            origin: Origin::Poll,
            requested_at: Some(received_at),
            sent_at: None,
            received_at,
            readings: vec![RawReading {
                descriptor: "vehicle.vehicle.travelledDistance".to_owned(),
                body: RawValue::from_string(body.to_string()).unwrap(),
            }],
        };
        send(&state, &[poll]).await;
    }
    let never = CancellationToken::new();
    deriving(&state).all_anew(&never).await.unwrap().unwrap();
    let records = records(folder.path());
    let mut trips = records.values().filter(|record| record.kind.name == "trip");
    let trip = trips.next().unwrap();
    assert!(trips.next().is_none(), "{records:#?}");
    trip.state
}

#[tokio::test]
async fn polls_without_news_end_a_trip_in_silence() {
    assert_eq!(state_after(0).await, RecordState::Live);
    assert_eq!(state_after(4).await, RecordState::Final);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_kept_and_broken_is_derived_anew_and_tells_nothing_twice() {
    let folder = tempfile::tempdir().unwrap();
    let state = OpenState::open(folder.path()).unwrap();
    let messages = messages();
    let mut parts = messages.chunks(messages.len().div_ceil(8));
    let never = CancellationToken::new();
    send(&state, parts.next().unwrap()).await;
    deriving(&state).all_anew(&never).await.unwrap().unwrap();
    for broken in [
        "told_through = -1",
        "told_through = 9223372036854775807",
        "seq = -1",
        "seq = 9223372036854775807",
        "state = ''",
        "state = '{'",
        "state = '{\"version\":4000000000}'",
    ] {
        send(&state, parts.next().unwrap()).await;
        let breaks = move |tx: &mut store::Tx<'_>| {
            store::sql::Access::run(tx, &format!("update deriving set {broken}"), []).map(drop)
        };
        state.store.transact(breaks).await.unwrap();
        let there = *state.journal.newest().borrow();
        // To its end, however slow the machine is: it begins with the first entry.
        let stop = CancellationToken::new();
        let running = tokio::spawn(deriving(&state).run(stop.clone()));
        while kept(&state) < there {
            tokio::task::yield_now().await;
        }
        stop.cancel();
        running.await.unwrap();
        let newest = *state.journal.newest().borrow();
        let outcome = deriving(&state).all_anew(&never).await.unwrap().unwrap();
        assert!(outcome.is_unchanged(), "{broken}: {outcome:#?}");
        assert_eq!(*state.journal.newest().borrow(), newest, "{broken}");
    }
}
