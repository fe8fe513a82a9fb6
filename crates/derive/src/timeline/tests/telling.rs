//! What is told when: revisions, withdrawal, the pace of what goes on.

use super::super::telling::{Look, Teller, Telling};
use super::*;
use crate::kinds::{CHARGING_SESSION, TRIP};

const MINUTE: i64 = 60_000;

fn record(kind: &'static collector_core::RecordKind, at: i64, number: f64, state: RecordState) -> Record {
    let at = Timestamp::from_millisecond(START + at).unwrap();
    let values = [None, Some(Value::Number(number))];
    let mut record = Record::new(kind, vehicle(), at, [Value::Timestamp(at)], values);
    record.state = state;
    record
}

fn look(received_at: i64) -> Look {
    Look {
        received_at: START + received_at,
        end: START + received_at,
        reach: START + received_at - REACH_MS,
        has_switched: false,
    }
}

/// Number, revision and state of what is told.
fn tell(telling: &mut Telling, records: &[Record], look: Look) -> Vec<(Option<f64>, u32, RecordState)> {
    let told = telling.tell(Teller::Folds, &vehicle(), records.to_vec(), look);
    let number = |record: &Record| match record.values[1] {
        Some(Value::Number(number)) => Some(number),
        _ => None,
    };
    let told = told
        .iter()
        .map(|record| (number(record), record.revision, record.state));
    told.collect()
}

#[test]
fn what_goes_on_is_told_every_five_minutes_and_its_end_at_once() {
    use RecordState::{Final, Live};
    let telling = &mut Telling::default();
    let of = |number, state| [record(&TRIP, 0, number, state)];
    assert_eq!(tell(telling, &of(1.0, Live), look(0)), [(Some(1.0), 1, Live)]);
    assert_eq!(tell(telling, &of(2.0, Live), look(4 * MINUTE)), []);
    assert_eq!(
        tell(telling, &of(3.0, Live), look(5 * MINUTE)),
        [(Some(3.0), 2, Live)]
    );
    let switched = Look {
        has_switched: true,
        ..look(6 * MINUTE)
    };
    assert_eq!(tell(telling, &of(4.0, Live), switched), [(Some(4.0), 3, Live)]);
    assert_eq!(
        tell(telling, &of(4.0, Live), look(60 * MINUTE)),
        [],
        "nothing has changed"
    );
    assert_eq!(
        tell(telling, &of(5.0, Final), look(61 * MINUTE)),
        [(Some(5.0), 4, Final)]
    );
    assert_eq!(
        tell(telling, &of(6.0, Final), look(61 * MINUTE)),
        [(Some(6.0), 5, Final)]
    );
}

#[test]
fn a_clock_that_was_set_back_holds_nothing_up() {
    let telling = &mut Telling::default();
    let of = |number| [record(&TRIP, 0, number, RecordState::Live)];
    assert_eq!(tell(telling, &of(1.0), look(60 * MINUTE)).len(), 1);
    assert_eq!(tell(telling, &of(2.0), look(0)).len(), 1);
}

#[test]
fn evidence_alone_and_a_new_name_of_the_vehicle_are_no_change() {
    let telling = &mut Telling::default();
    let mut trip = record(&TRIP, 0, 1.0, RecordState::Final);
    assert_eq!(tell(telling, &[trip.clone()], look(0)).len(), 1);
    trip.vehicle.name = "blue".into();
    trip.evidence = [collector_core::Evidence {
        column: "distance_km".into(),
        rule: "T3".into(),
        interval: None,
        note: "".into(),
        cited: Box::default(),
    }]
    .into();
    assert_eq!(tell(telling, &[trip.clone()], look(1)), []);
    trip.children = [record(&TRIP, 0, 1.0, RecordState::Final)].into();
    assert_eq!(tell(telling, &[trip], look(2)).len(), 1, "a part is a change");
}

#[test]
fn what_vanished_is_withdrawn_and_goes_on_from_there_when_it_comes_back() {
    use RecordState::{Final, Withdrawn};
    let telling = &mut Telling::default();
    let (old, young) = (
        record(&TRIP, -3 * DAY, 1.0, Final),
        record(&TRIP, -HOUR, 2.0, Final),
    );
    assert_eq!(tell(telling, &[old, young.clone()], look(0)).len(), 2);
    assert_eq!(
        tell(telling, &[], look(0)),
        [(None, 2, Withdrawn)],
        "what ended long ago stays"
    );
    assert_eq!(tell(telling, &[], look(0)), []);
    assert_eq!(tell(telling, &[young], look(0)), [(Some(2.0), 3, Final)]);
}

#[test]
fn what_goes_on_and_is_listed_no_more_is_withdrawn_however_long_ago_it_began() {
    let telling = &mut Telling::default();
    let live = record(&CHARGING_SESSION, -9 * DAY, 1.0, RecordState::Live);
    let told = telling.tell(Teller::Folds, &vehicle(), vec![live.clone()], look(0));
    assert_eq!(told.len(), 1);
    let gone = telling.tell(Teller::Folds, &vehicle(), Vec::new(), look(1));
    assert_eq!(
        (gone[0].kind.name, &gone[0].key, gone[0].at),
        ("charging_session", &live.key, live.at)
    );
    assert_eq!((gone[0].revision, gone[0].state), (2, RecordState::Withdrawn));
}

#[test]
fn what_began_long_ago_is_withdrawn_where_it_ended_not_long_ago() {
    use RecordState::{Final, Withdrawn};
    let ended = |at: i64| {
        let mut trip = record(&TRIP, -9 * DAY, 1.0, Final);
        trip.values[0] = Some(Value::Timestamp(Timestamp::from_millisecond(START + at).unwrap()));
        let telling = &mut Telling::default();
        assert_eq!(tell(telling, &[trip], look(0)).len(), 1);
        tell(telling, &[], look(1))
    };
    assert_eq!(ended(-3 * DAY), []);
    assert_eq!(ended(-DAY), [(None, 2, Withdrawn)]);
}

#[test]
fn rules_withdraw_what_ended_long_ago_by_name() {
    use RecordState::{Final, Withdrawn};
    let telling = &mut Telling::default();
    assert_eq!(
        tell(telling, &[record(&TRIP, -9 * DAY, 1.0, Withdrawn)], look(0)),
        [],
        "never told"
    );
    assert_eq!(
        tell(telling, &[record(&TRIP, -9 * DAY, 1.0, Final)], look(0)).len(),
        1
    );
    let withdrawn = [record(&TRIP, -9 * DAY, 0.0, Withdrawn)];
    assert_eq!(tell(telling, &withdrawn, look(1)), [(Some(0.0), 2, Withdrawn)]);
    assert_eq!(tell(telling, &withdrawn, look(2)), []);
}

#[test]
fn each_teller_lists_in_its_way() {
    let telling = &mut Telling::default();
    let mut tell =
        |teller, records: &[Record]| telling.tell(teller, &vehicle(), records.to_vec(), look(0)).len();
    let of = |at| record(&TRIP, at, 1.0, RecordState::Live);
    assert_eq!(tell(Teller::Battery, &[of(1), of(2)]), 2);
    assert_eq!(tell(Teller::Battery, &[of(1)]), 0, "what may have changed");
    assert_eq!(tell(Teller::Documents, &[of(3), of(4)]), 2);
    assert_eq!(tell(Teller::Documents, &[of(3)]), 1, "all that there is");
    assert_eq!(tell(Teller::Folds, &[]), 0, "nothing of its own");
}

#[test]
fn what_stands_in_the_journal_is_told_when_it_changes_with_the_next_revision() {
    use RecordState::{Final, Withdrawn};
    let telling = &mut Telling::default();
    let mut stands = record(&TRIP, 0, 1.0, Final);
    stands.revision = 7;
    telling.stands(&stands);
    assert_eq!(tell(telling, &[stands.clone()], look(0)), []);
    assert_eq!(
        tell(telling, &[record(&TRIP, 0, 2.0, Final)], look(0)),
        [(Some(2.0), 8, Final)]
    );
    telling.stands(&stands);
    assert_eq!(tell(telling, &[], look(0)), [(None, 8, Withdrawn)]);
}

#[test]
fn a_key_that_stands_twice_counts_once() {
    let telling = &mut Telling::default();
    let twice = [1.0, 2.0].map(|number| record(&TRIP, 0, number, RecordState::Final));
    assert_eq!(tell(telling, &twice, look(0)).len(), 1);
    assert_eq!(tell(telling, &twice, look(1)).len(), 0);
}
