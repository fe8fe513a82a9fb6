//! Months of six kinds of cars, with messages that are lost, doubled and late: every session is told once and none beside
//! them. The cars here know nothing of the rules.

#![expect(clippy::unwrap_used, reason = "a test speaks by panicking")]

mod garage;

use std::collections::BTreeMap;

use collector_core::{Entry, Record, RecordState, Value};
use derive::{Deriver, Rules};

use garage::{Car, KINDS, Kind, MINUTE};

/// With the week that is not streamed.
const DAYS: i64 = 60;

/// What stands in a store at the end.
fn stored(entries: &[Entry]) -> Vec<Record> {
    stored_with_restarts(entries, usize::MAX)
}

/// The same where the program starts anew every so many entries.
fn stored_with_restarts(entries: &[Entry], every: usize) -> Vec<Record> {
    let mut deriver = Deriver::new(Rules::default());
    let mut stored = BTreeMap::new();
    for (entry, at) in entries.iter().zip(1..) {
        if at % every == 0 {
            deriver = Deriver::restore(Rules::default(), &deriver.state()).unwrap();
        }
        for record in deriver.fold(entry) {
            if record.kind.name != "charging_session" {
                continue;
            }
            match record.state {
                RecordState::Withdrawn => stored.remove(&record.at),
                _ => stored.insert(record.at, record),
            };
        }
    }
    stored.into_values().collect()
}

fn number(record: &Record, column: &str) -> Option<f64> {
    match value(record, column)? {
        Value::Number(number) => Some(number),
        _ => None,
    }
}

fn value(record: &Record, column: &str) -> Option<Value> {
    let mut columns = record.value_columns();
    columns.find(|(own, _)| own.name == column)?.1.cloned()
}

/// In minutes.
fn span(record: &Record) -> (i64, i64) {
    let start = record.at.as_millisecond();
    let end = match value(record, "end_at") {
        Some(Value::Timestamp(end)) => end.as_millisecond(),
        _ => start,
    };
    (start / MINUTE, end / MINUTE)
}

fn overlap(a: (i64, i64), b: (i64, i64)) -> f64 {
    let both = (a.1.min(b.1) - a.0.max(b.0)).max(0);
    let either = a.1.max(b.1) - a.0.min(b.0);
    both as f64 / either.max(1) as f64
}

#[derive(Debug, Default)]
struct Score {
    truth: usize,
    found: usize,
    told: usize,
    /// Of those that were found, how many energies are right within a tenth; how many intervals were told, and how many hold the truth.
    energies: usize,
    intervals: usize,
    held: usize,
}

fn score(car: &Car, records: &[Record], lists: bool, least: f64) -> Score {
    let trifle = |span| car.trifles.iter().any(|trifle| overlap(span, *trifle) > 0.0);
    let charged = |record: &&Record| span(record).1 > span(record).0 && !trifle(span(record));
    let records: Vec<_> = records.iter().filter(charged).collect();
    let mut score = Score {
        told: records.len(),
        ..Score::default()
    };
    for session in &car.truth {
        let own = (session.start, session.end);
        let fits: Vec<_> = records
            .iter()
            .filter(|record| overlap(span(record), own) > 0.0)
            .collect();
        if fits.is_empty() && !lists && !session.is_told(car.kind) {
            continue;
        }
        score.truth += 1;
        let [record] = fits[..] else { continue };
        if overlap(span(record), own) < least && (lists || session.is_streamed()) {
            continue;
        }
        score.found += 1;
        let told = number(record, "energy_kwh").unwrap_or_default();
        score.energies += usize::from((told - session.kwh).abs() <= 0.1 * session.kwh + 0.5);
        let low = number(record, "energy_from_soc_low_kwh");
        let Some((low, high)) = low.zip(number(record, "energy_from_soc_high_kwh")) else {
            continue;
        };
        if session.is_streamed() && !car.kind.wakes_only {
            score.intervals += 1;
            score.held += usize::from(low <= session.kwh && session.kwh <= high);
        }
    }
    score
}

fn run(lists: bool, least: impl Fn(&Kind) -> f64) {
    for kind in KINDS {
        let mut car = Car::new(kind);
        car.live(DAYS);
        let records = stored(&car.entries(lists));
        let score = score(&car, &records, lists, least(kind));
        let name = kind.name;
        assert!(score.truth > 40, "{name}: {score:?}");
        // A car that speaks twice a day and loses one of that tells too little of some.
        let least = if kind.wakes_only && !lists { 95 } else { 99 };
        assert!(
            score.found * 100 >= score.truth * least,
            "{name}: recall of {score:?}"
        );
        assert!(
            score.found * 100 >= score.told * 99,
            "{name}: precision of {score:?}"
        );
        assert!(
            kind.wakes_only && !lists || score.energies * 100 >= score.found * 90,
            "{name}: {score:?}"
        );
        assert!(score.held * 10 >= score.intervals * 9, "{name}: {score:?}");
    }
}

#[test]
fn what_cars_stream_is_told_as_sessions() {
    run(false, |kind| if kind.wakes_only { 0.0 } else { 0.5 });
}

#[test]
fn with_bmws_list_each_session_stands_once() {
    run(true, |_| 0.7);
}

#[test]
fn restarts_change_nothing() {
    let mut car = Car::new(&KINDS[0]);
    car.live(30);
    let entries = car.entries(true);
    assert_eq!(stored_with_restarts(&entries, 97), stored(&entries));
}
