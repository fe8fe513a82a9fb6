//! Trips and standstills of six kinds of cars over two months, with lost, doubled and late messages and a week of polls
//! alone, held against what the cars really did.

#![expect(unused_crate_dependencies, reason = "those of the crate's other tests")]

mod car;
mod world;

use std::collections::BTreeMap;

use collector_core::{Record, RecordState, Value};
use derive::{Deriver, Rules};

use car::Kind;
use world::{MINUTE, Truth};

const DAYS: i64 = 60;

/// The records of a kind as they stand after all entries.
fn standing(kind: &str, told: &[Record]) -> Vec<Record> {
    let mut newest: BTreeMap<String, &Record> = BTreeMap::new();
    for record in told.iter().filter(|record| record.kind.name == kind) {
        let last = newest.insert(format!("{:?}", record.key), record);
        assert!(last.is_none_or(|last| last.revision + 1 == record.revision));
    }
    let there = newest
        .into_values()
        .filter(|record| record.state != RecordState::Withdrawn);
    there.cloned().collect()
}

fn column(record: &Record, name: &str) -> Option<Value> {
    let mut columns = record.value_columns();
    columns
        .find(|(column, _)| column.name == name)
        .and_then(|(_, value)| value.cloned())
}

fn number(record: &Record, name: &str) -> Option<f64> {
    match column(record, name)? {
        Value::Number(number) => Some(number),
        _ => None,
    }
}

fn is(record: &Record, name: &str, word: &str) -> bool {
    column(record, name) == Some(Value::Text(word.into()))
}

fn span(record: &Record) -> (i64, i64) {
    let end = match column(record, "end_at") {
        Some(Value::Timestamp(end)) => end.as_millisecond(),
        _ => i64::MAX,
    };
    (record.at.as_millisecond(), end)
}

fn overlap(a: (i64, i64), b: (i64, i64)) -> f64 {
    let both = a.1.min(b.1) - a.0.max(b.0);
    let all = a.1.max(b.1) - a.0.min(b.0);
    both.max(0) as f64 / all.max(1) as f64
}

/// A trip is found where both lie over each other for the most part, or as far as the signs allow, and the way is the same.
fn fits(truth: &Truth, record: &Record) -> bool {
    let (start, end) = span(record);
    let near = (start - truth.start).abs() <= 6 * MINUTE && (end - truth.end).abs() <= 6 * MINUTE;
    let km = number(record, "distance_km");
    let same_way = km.is_none_or(|km| (km - truth.km).abs() <= (0.15 * truth.km).max(2.0));
    same_way && (near || overlap((start, end), (truth.start, truth.end)) >= 0.5)
}

fn derived(kind: Kind, seed: u64) -> (Vec<Truth>, Vec<Record>) {
    let truth = world::drives(seed, DAYS);
    let entries = car::entries(kind, &truth, seed);
    let mut deriver = Deriver::new(Rules::default());
    let told = entries.iter().flat_map(|entry| deriver.fold(entry)).collect();
    (truth, told)
}

/// Recall and precision of the trips that are no manoeuvres, where the stream told of them.
fn found(truth: &[Truth], trips: &[Record]) -> (f64, f64) {
    let is_told = |it: &Truth| !car::is_polled(it.start) && !car::is_polled(it.end);
    let driven: Vec<_> = truth
        .iter()
        .filter(|it| it.km > 1.7 && it.end - it.start > 3 * MINUTE && is_told(it))
        .collect();
    let recalled = driven
        .iter()
        .filter(|truth| trips.iter().any(|trip| fits(truth, trip)));
    let is_claim = |trip: &&Record| {
        let (start, end) = span(trip);
        is(trip, "kind", "trip") && !car::is_polled(start) && !car::is_polled(end)
    };
    let claimed = trips.iter().filter(is_claim);
    let right = claimed
        .clone()
        .filter(|trip| truth.iter().any(|truth| fits(truth, trip)));
    let share = |part: usize, whole: usize| part as f64 / whole as f64;
    (
        share(recalled.count(), driven.len()),
        share(right.count(), claimed.count()),
    )
}

#[test]
fn trips_are_found_and_none_is_made_up() {
    for kind in Kind::ALL {
        let (truth, told) = derived(kind, 1);
        let trips = standing("trip", &told);
        let (recall, precision) = found(&truth, &trips);
        assert!(
            recall >= 0.99 && precision >= 0.99,
            "{kind:?}: {recall} {precision}"
        );
        let driven: f64 = truth.iter().map(|it| it.km).sum();
        let claimed: f64 = trips.iter().filter_map(|trip| number(trip, "distance_km")).sum();
        assert!(
            (claimed / driven - 1.0).abs() < 0.02,
            "{kind:?}: {claimed} of {driven} km"
        );
        standstills_lie_between_trips(kind, &trips, &standing("standstill", &told));
    }
}

/// Each trip but the first ends a standstill that began with the end of the trip before.
fn standstills_lie_between_trips(kind: Kind, trips: &[Record], standstills: &[Record]) {
    let mut trips: Vec<_> = trips.iter().map(span).collect();
    trips.sort_unstable();
    let between: Vec<_> = trips.windows(2).map(|pair| (pair[0].1, pair[1].0)).collect();
    let mut told: Vec<_> = standstills.iter().map(span).collect();
    told.sort_unstable();
    let last = told.pop();
    assert_eq!(
        last,
        trips.last().map(|trip| (trip.1, i64::MAX)),
        "{kind:?}: the last goes on"
    );
    assert_eq!(told, between, "{kind:?}");
}
