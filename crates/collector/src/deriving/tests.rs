//! Records of a kind of the tests, in a journal on disk: told, surveyed and compared.

mod lives;

use std::path::Path;

use collector_core::{
    Column, Name, Origin, RawReading, RawSnapshot, Record, RecordKind, RecordState, Value, ValueType,
    Vehicle, register_record_kind,
};
use derive::{Deriver, Rules};
use jiff::{SignedDuration, Timestamp};
use journal::Log;
use ledger::overview::Overview;
use serde_json::value::RawValue;

use super::compared::Compared;
use super::fold::Cause;
use super::merged::Merged;
use super::survey::{Run, Survey};
use super::telling::{self, Kept, Telling};
use crate::state::OpenState;

const VIN: &str = "WBY00000000000007";
const SOC: &str = "vehicle.drivetrain.batteryManagement.header";

static KIND: RecordKind = RecordKind {
    name: "collector_trip",
    plural: "collector_trips",
    short: "trip",
    version: 1,
    title: "Trip",
    key: &[Column::new("start_at", ValueType::Timestamp, None)],
    columns: &[Column::new("distance_km", ValueType::Number, None)],
    children: &[],
};
register_record_kind!(KIND);

fn day(days: i64) -> Timestamp {
    let first: Timestamp = "2026-03-01T12:00:00Z".parse().unwrap();
    first + SignedDuration::from_hours(24 * days)
}

fn trip(start: i64, revision: u32, distance: f64) -> Record {
    let at = day(start);
    let vehicle = Vehicle::named(VIN.parse().unwrap(), None);
    let (key, values) = ([Value::Timestamp(at)], [Some(Value::Number(distance))]);
    let mut record = Record::new(&KIND, vehicle, at, key, values);
    (record.revision, record.state) = (revision, RecordState::Final);
    record
}

fn cause(received_at: Timestamp) -> Cause {
    Cause {
        seq: 1,
        account: "home".into(),
        received_at,
    }
}

fn telling(record: &Record) -> Telling {
    Telling::of(record, &Name::from("home"), record.at).unwrap()
}

async fn poll(state: &OpenState, received_at: Timestamp, soc: u32) -> u64 {
    poll_of(state, VIN, received_at, soc).await
}

async fn poll_of(state: &OpenState, vin: &str, received_at: Timestamp, soc: u32) -> u64 {
    let body = format!(r#"{{"value":"{soc}","timestamp":"{received_at:.3}"}}"#);
    let snapshot = RawSnapshot {
        vin: vin.parse().unwrap(),
        origin: Origin::Poll,
        requested_at: Some(received_at),
        sent_at: None,
        received_at,
        readings: vec![RawReading {
            descriptor: SOC.to_owned(),
            body: RawValue::from_string(body).unwrap(),
        }],
    };
    let appended = state
        .journal
        .append("home".into(), "telematics".into(), [snapshot].into());
    appended.await.unwrap()[0].seq.unwrap()
}

fn survey(state: &Path) -> Survey {
    Survey::of(&state.join(store::FILE), u64::MAX).unwrap()
}

#[tokio::test]
async fn records_and_how_far_they_are_told_are_one_commit_and_a_repeat_is_none() {
    let folder = tempfile::tempdir().unwrap();
    let state = OpenState::open(folder.path()).unwrap();
    let kept = Kept {
        told_through: 7,
        state: Some((5, "state".to_owned())),
    };
    for _ in 0..2 {
        let tellings = vec![telling(&trip(0, 1, 5.0)), telling(&trip(1, 1, 5.0))];
        telling::append(&state, tellings, Some(kept.clone()))
            .await
            .unwrap();
    }
    assert_eq!(*state.journal.newest().borrow(), 2);
    let derived = || {
        Overview::open_file(state.store.path())
            .unwrap()
            .derived()
            .unwrap()
    };
    assert_eq!((derived().told_through, derived().state), (7, kept.state));
    telling::ask(&state, day(1)).await.unwrap();
    assert_eq!(derived().wanted(), Some(day(1)));
    telling::answer(&state, day(1), &Default::default())
        .await
        .unwrap();
    assert_eq!(derived().wanted(), None);
    telling::forget(&state).await.unwrap();
    assert_eq!((derived().told_through, derived().state), (0, None));
}

#[tokio::test]
async fn entries_are_folded_in_the_order_in_which_they_came_whatever_an_import_brought() {
    let folder = tempfile::tempdir().unwrap();
    let state = OpenState::open(folder.path()).unwrap();
    // A clock that was a day ahead, then an older history.
    for (soc, day_of) in [10, 12, 11, 13, 2, 12, 14].into_iter().enumerate() {
        poll(&state, day(day_of), u32::try_from(soc).unwrap()).await;
    }
    telling::append(
        &state,
        vec![telling(&trip(0, 1, 1.0)), telling(&trip(0, 2, 2.0))],
        None,
    )
    .await
    .unwrap();
    let survey = survey(folder.path());
    assert_eq!(
        survey.runs,
        [Run { after: 0, last: 4 }, Run { after: 4, last: 7 }]
    );
    let heads: Vec<_> = survey
        .heads
        .values()
        .map(|head| (head.seq, head.revision))
        .collect();
    assert_eq!(heads, [(9, 2)]);
    let mut merged = Merged::new(state.journal.reader(Default::default()).unwrap(), survey.runs);
    let mut seqs = Vec::new();
    while let Some(entries) = merged.next().await.unwrap() {
        seqs.extend(entries.iter().map(|entry| entry.seq));
    }
    assert_eq!(seqs, [5, 1, 2, 3, 6, 4, 7]);
}

/// The comparison of what is derived with a journal that holds `before`.
async fn compared(before: &[Record], now: &[Record]) -> (Compared, Vec<u64>) {
    let folder = tempfile::tempdir().unwrap();
    let state = OpenState::open(folder.path()).unwrap();
    telling::append(&state, before.iter().map(telling).collect(), None)
        .await
        .unwrap();
    let (mut compared, _) = Compared::with(survey(folder.path()));
    for record in now {
        compared.derived(record.clone(), cause(record.at));
    }
    let told = compared.rest(&mut Deriver::new(Rules::default()));
    telling::append(&state, told, None).await.unwrap();
    let newest = survey(folder.path());
    let mut revisions: Vec<_> = newest
        .heads
        .values()
        .map(|head| (head.at, u64::from(head.revision)))
        .collect();
    revisions.sort();
    (
        compared,
        revisions.into_iter().map(|(_, revision)| revision).collect(),
    )
}

#[tokio::test]
async fn what_differs_is_told_with_the_next_revision_and_nothing_else_is() {
    let before = [trip(0, 1, 5.0), trip(0, 3, 6.0), trip(1, 4, 7.0), trip(2, 2, 8.0)];
    let now = [
        trip(0, 2, 6.0),
        trip(1, 1, 7.0),
        trip(1, 2, 7.5),
        trip(3, 1, 0.5),
        trip(3, 2, 1.0),
    ];
    let (mut compared, revisions) = compared(&before, &now).await;
    assert_eq!(
        revisions,
        [3, 5, 2, 2],
        "the new one has the revision of its last telling"
    );
    let vanished: Vec<_> = compared.vanished().iter().map(|head| head.at).collect();
    assert_eq!(vanished, [day(2)]);
    let of_kind = compared.outcome.of(KIND.name).clone();
    assert_eq!((of_kind.unchanged, of_kind.changed, of_kind.new), (1, 1, 1));
    assert_eq!(compared.examples.len(), 1);
}

#[tokio::test]
async fn what_was_withdrawn_stays_so_and_what_never_was_is_not_told() {
    let withdrawn = |start, revision| {
        let mut record = trip(start, revision, 1.0);
        record.state = RecordState::Withdrawn;
        record
    };
    let before = [trip(0, 1, 1.0), withdrawn(1, 2)];
    let (mut compared, revisions) = compared(&before, &[withdrawn(0, 2), withdrawn(2, 2)]).await;
    assert_eq!(revisions, [2, 2]);
    assert!(compared.vanished().is_empty());
    assert_eq!(compared.outcome.of(KIND.name).withdrawn, 1);
}

#[tokio::test]
async fn what_lies_before_the_oldest_entry_stays_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let state = OpenState::open(folder.path()).unwrap();
    for number in 0..4 {
        poll(&state, day(number), 50).await;
    }
    let before = [trip(0, 1, 5.0), trip(3, 1, 6.0), trip(6, 1, 6.0)];
    telling::append(&state, before.iter().map(telling).collect(), None)
        .await
        .unwrap();
    assert_eq!(
        state.journal.prune(day(2), Vec::new(), u64::MAX).await.unwrap(),
        2
    );
    let (mut compared, _) = Compared::with(survey(folder.path()));
    compared.derived(trip(3, 1, 4.0), cause(day(3)));
    assert!(compared.rest(&mut Deriver::new(Rules::default())).is_empty());
    let vanished: Vec<_> = compared.vanished().iter().map(|head| head.at).collect();
    assert_eq!((vanished, compared.outcome.kept), (vec![day(6)], 2));
}

#[tokio::test]
async fn nothing_is_cut_off_where_the_first_entry_was_of_a_forgotten_vehicle() {
    let folder = tempfile::tempdir().unwrap();
    let state = OpenState::open(folder.path()).unwrap();
    let sold = "WBY00000000000008";
    poll_of(&state, sold, day(0), 50).await;
    poll(&state, day(0), 50).await;
    telling::append(&state, vec![telling(&trip(0, 1, 5.0))], None)
        .await
        .unwrap();
    state.forget(&sold.parse().unwrap(), day(1)).await.unwrap();
    let survey = survey(folder.path());
    assert_eq!((survey.cut_at, survey.heads.len()), (None, 1));
    assert_eq!(survey.runs, [Run { after: 1, last: 2 }]);
}

#[tokio::test]
async fn a_record_is_compared_when_it_cannot_be_told_again() {
    let (mut compared, _) = Compared::with(Survey::default());
    let mut deriver = Deriver::new(Rules::default());
    compared.derived(trip(0, 1, 5.0), cause(day(0)));
    compared.derived(trip(90, 1, 5.0), cause(day(90)));
    for (now, told) in [(99, 0), (101, 1), (102, 0), (191, 1)] {
        assert_eq!(compared.settled(&mut deriver, day(now)).len(), told, "{now}");
    }
}
