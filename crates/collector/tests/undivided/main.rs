//! The state of a program from before journal and ledger were divided (format 3): `journal.sql` is a dump of such a
//! database, written by that program on the simulated BMW, and `exported.jsonl` is what it exported, without the header.

#![expect(clippy::unwrap_used, reason = "a test")]

use std::path::Path;

use collector::state::{OpenState, StateDirectory};
use collector_core::state::{PollsState, SinkState, State};
use collector_core::{Origin, RawReading, RawSnapshot};
use jiff::Timestamp;
use journal::Log;
use journal::care::export::{Wanted, export};
use journal::care::{backup::backup, restore::restore};
use ledger::overview::Overview;
use pipeline::Vehicles;

const DUMP: &str = include_str!("journal.sql");
const EXPORTED: &str = include_str!("exported.jsonl");

fn noon() -> Timestamp {
    "2026-11-30T12:00:00Z".parse().unwrap()
}

fn put_into(state: &Path) {
    let database = rusqlite::Connection::open(state.join("journal.db")).unwrap();
    database.execute_batch(DUMP).unwrap();
}

/// The lines of every entry.
fn exported(state: &Path) -> String {
    let mut lines = Vec::new();
    let damaged = |damage| panic!("{damage}");
    export(state, &Wanted::default(), noon(), &mut lines, damaged, |_| {}).unwrap();
    let text = String::from_utf8(lines).unwrap();
    text.split_once('\n').unwrap().1.to_owned()
}

#[tokio::test]
async fn it_opens_and_everything_is_there() {
    let folder = tempfile::tempdir().unwrap();
    put_into(folder.path());
    assert_eq!(exported(folder.path()), EXPORTED, "without being converted");
    let state = OpenState::open(folder.path()).unwrap();
    assert_eq!(exported(folder.path()), EXPORTED);
    let overview = Overview::open(folder.path()).unwrap().unwrap();
    let polls = overview.polls().unwrap();
    assert_eq!((polls.len(), polls[0].failures), (1, 0));
    assert!(
        polls[0].next_at.is_some() && polls[0].reason.is_some(),
        "{polls:?}"
    );
    let newest = overview.newest_call().unwrap().unwrap();
    assert_eq!(overview.spent_calls("demo", newest).unwrap().calls.len(), 4);
    let components = overview.components().unwrap();
    let has = |state: State| components.iter().any(|component| component.state == state);
    assert!(
        has(State::Polls(PollsState::Polling)) && has(State::Sink(SinkState::Delivering)),
        "{components:?}"
    );
    let known = state.ledger.known_vehicles().await.unwrap();
    assert_eq!(known.len(), 1, "the mapping is not asked for again");
    assert_eq!(
        state.names(&Vehicles::Auto).unwrap().of(&known[0].vin),
        known[0].vin.production_number().into(),
        "stores have it by this name"
    );
    let containers = state.ledger.created_containers("demo").await.unwrap();
    assert_eq!(containers.len(), 1);
    assert_eq!(state.journal.cursor("csv", 0).await.unwrap(), 1);
}

#[tokio::test]
async fn what_was_seen_is_a_repeat_and_numbers_go_on() {
    let folder = tempfile::tempdir().unwrap();
    put_into(folder.path());
    let state = OpenState::open(folder.path()).unwrap();
    let entry: serde_json::Value = serde_json::from_str(EXPORTED.trim()).unwrap();
    let readings = entry["payload"]["readings"].as_array().unwrap();
    let sent = readings.iter().map(|reading| RawReading {
        descriptor: reading[0].as_str().unwrap().to_owned(),
        body: serde_json::value::to_raw_value(&reading[1]).unwrap(),
    });
    let again = RawSnapshot {
        vin: entry["vin"].as_str().unwrap().parse().unwrap(),
        origin: Origin::Poll,
        requested_at: Some(noon()),
        sent_at: None,
        received_at: noon(),
        readings: sent.collect(),
    };
    let new = RawSnapshot {
        readings: vec![RawReading {
            descriptor: "vehicle.drivetrain.batteryManagement.header".to_owned(),
            body: serde_json::value::RawValue::from_string(
                r#"{"value":"7","timestamp":"2026-11-30T11:00:00.000Z"}"#.to_owned(),
            )
            .unwrap(),
        }],
        ..again.clone()
    };
    let appended = state
        .journal
        .append("demo".into(), "telematics".into(), [again, new].into());
    let appended = appended.await.unwrap();
    assert_eq!((appended[0].new, appended[0].seq), (0, Some(2)));
    assert_eq!((appended[1].new, appended[1].seq), (1, Some(3)));
}

#[tokio::test]
async fn a_backup_that_takes_its_place_does_not_give_its_calls_again() {
    let folder = tempfile::tempdir().unwrap();
    let (other, old) = (folder.path().join("other"), folder.path().join("old"));
    let tokens = StateDirectory::create(&other).unwrap().tokens();
    std::fs::create_dir_all(&tokens).unwrap();
    drop(OpenState::open(&other).unwrap());
    let file = folder.path().join("backup.db");
    backup(&other, &tokens, &file, noon(), false).unwrap();

    let directory = StateDirectory::create(&old).unwrap();
    put_into(&old);
    restore(&file, &old, &directory.tokens(), noon(), true, ledger::carry_over).unwrap();

    let state = OpenState::open(&old).unwrap();
    assert_eq!(exported(&old), "", "the backup is empty");
    let spent = state.ledger.spent_calls("demo", noon()).await.unwrap().calls;
    assert_eq!(spent.len(), 4);
}
