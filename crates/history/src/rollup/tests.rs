//! Roll-ups are what SQL tells of all rows of `history`, whatever came before, and in whatever order.

use std::collections::BTreeMap;

use collector_core::testkit::{ended, entry_with, reading, vehicle};
use collector_core::{Entry, Scope, Value, Vin};
use jiff::Timestamp;
use proptest::prelude::*;
use rusqlite::{Connection, OpenFlags};

use super::exist;
use super::part::Width;
use crate::fold::Sizes;
use crate::read::{Range, Reader, Told};
use crate::{Place, Store};

/// 2026-03-01T12:00:00Z
const NOON: i64 = 1_772_366_400_000;
const MINUTE: i64 = 60_000;

#[derive(Debug, Clone)]
enum Step {
    /// Minutes that pass, and what is told then.
    Write(i64, Vec<Telling>),
    /// From so many minutes before the newest, for so many.
    Erase(i64, i64),
    /// Whether roll-ups are wanted.
    Reopen(bool),
}

#[derive(Debug, Clone)]
struct Telling {
    second: bool,
    key: usize,
    /// Minutes ago.
    ago: i64,
    what: What,
    occurrence: u32,
}

#[derive(Debug, Clone)]
enum What {
    Number(f64),
    Word,
    End,
}

fn told() -> impl Strategy<Value = Telling> {
    let ago = prop_oneof![9 => 0..90_i64, 1 => 0..20_000_i64];
    let what = prop_oneof![
        20 => (-40..40_i32).prop_map(|number| What::Number(f64::from(number) / 4.0)),
        2 => Just(What::Word),
        2 => Just(What::End),
    ];
    (any::<bool>(), 0..4_usize, ago, what, 0..2_u32).prop_map(|(second, key, ago, what, occurrence)| {
        Telling {
            second,
            key,
            ago,
            what,
            occurrence,
        }
    })
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        12 => (0..300_i64, prop::collection::vec(told(), 1..30)).prop_map(|(pass, told)| Step::Write(pass, told)),
        1 => (0..10_000_i64, 0..3_000_i64).prop_map(|(ago, long)| Step::Erase(ago, long)),
        1 => any::<bool>().prop_map(Step::Reopen),
    ]
}

/// The last two keys are of no catalogue: one of them becomes a text, with the first word.
fn entry(seq: u64, now: i64, told: &Telling) -> Entry {
    let id = ["a.one", "a.two", "a.wide", "a.word"][told.key];
    let seq = 2 * seq + u64::from(!told.second);
    let at = now - told.ago * MINUTE;
    let value = match told.what {
        What::Number(number) if told.key < 3 => Value::Number(number),
        What::Number(number) => Value::Text(number.to_string().into()),
        What::Word if told.key < 2 => Value::Number(0.5),
        What::Word => Value::Text("word".into()),
        What::End => {
            let value = if told.key == 3 {
                Value::Text("x".into())
            } else {
                Value::Number(0.0)
            };
            return ended(seq, &reading(id, id, value, None, at).descriptor, at);
        }
    };
    let mut reading = reading(id, id, value, None, at);
    reading.occurrence = told.occurrence;
    entry_with(seq, vec![reading])
}

struct Tested {
    folder: tempfile::TempDir,
    store: Option<Store>,
    now: i64,
    seq: u64,
}

impl Tested {
    fn new(rollups: bool) -> Self {
        let mut tested = Self {
            folder: tempfile::tempdir().unwrap(),
            store: None,
            now: NOON,
            seq: 0,
        };
        tested.open(rollups);
        tested
    }

    fn open(&mut self, rollups: bool) {
        let place = Place {
            path: self.folder.path().join("page.db").into(),
            others_may_read: false,
            rollups,
        };
        let mut store = Store::open(&place).unwrap();
        store.fold.sizes = Sizes {
            piece: 30,
            stay: 10,
            middle: 60,
        };
        self.store = Some(store);
    }

    fn go(&mut self, step: &Step) {
        let mut store = self.store.take().unwrap();
        match step {
            Step::Write(pass, told) => {
                self.now += pass * MINUTE;
                let entries = told.iter().map(|told| {
                    self.seq += 1;
                    entry(self.seq, self.now, told)
                });
                store.write(&entries.collect::<Vec<_>>()).unwrap();
                self.store = Some(store);
            }
            Step::Erase(ago, long) => {
                let from = self.now - ago * MINUTE;
                let moment = |at| Some(Timestamp::from_millisecond(at).unwrap());
                let scope = Scope::new(Vec::new(), moment(from), moment(from + long * MINUTE));
                store.erase(&scope).unwrap();
                self.open(false);
            }
            Step::Reopen(rollups) => {
                store.close().unwrap();
                self.open(*rollups);
            }
        }
    }

    fn reader(&self) -> Connection {
        let path = self.folder.path().join("page.db");
        Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap()
    }

    /// In days, in hours, and as fine as they were told.
    fn check_charts(&self, sql: &Connection) {
        let page = Reader::open(&self.folder.path().join("page.db"))
            .unwrap()
            .unwrap();
        let moment = |at| Timestamp::from_millisecond(at).unwrap();
        let range = Range {
            from: moment(NOON - 20_000 * MINUTE),
            to: moment(self.now + 1),
        };
        for (second, id) in [
            (false, "a.one"),
            (true, "a.one"),
            (false, "a.two"),
            (true, "a.two"),
        ] {
            for points in [3, 40, 2_000] {
                charted(&page, sql, &vehicle(second).vin, id, range, points);
            }
        }
    }

    /// Where there are any: how many rows of `history` they tell of.
    fn check(&self) -> i64 {
        let reader = self.reader();
        if !exist(&reader).unwrap() {
            return 0;
        }
        for width in Width::ALL {
            let kept = format!(
                "SELECT series_id, at, count, CAST(min AS REAL), CAST(max AS REAL), CAST(last AS REAL), ended
                 FROM {} ORDER BY series_id, at",
                width.table()
            );
            assert_eq!(rows(&reader, &kept), rows(&reader, &by_sql(width)), "{width:?}");
        }
        assert_eq!(
            rows(&reader, "SELECT * FROM rollup_total ORDER BY series_id"),
            rows(
                &reader,
                "SELECT series_id, count(*), min(measured_at), max(measured_at)
                 FROM (SELECT * FROM history UNION ALL SELECT * FROM middle) WHERE occurrence >= 0
                 GROUP BY series_id ORDER BY series_id"
            )
        );
        self.check_charts(&reader);
        reader
            .query_row("SELECT count(*) FROM history", [], |row| row.get(0))
            .unwrap()
    }
}

/// What a chart shows of numbers, and what follows from the view of all readings.
fn charted(page: &Reader, sql: &Connection, vin: &Vin, id: &str, range: Range, points: usize) {
    let Some(series) = page.series(vin, id, range, points).unwrap() else {
        return;
    };
    let told =
        "SELECT measured_ms, value FROM readings WHERE vin = ?1 AND descriptor = ?2 ORDER BY 1, occurrence";
    let mut told = sql.prepare(told).unwrap();
    let told = told.query_map([vin.as_str(), id], |row| Ok((row.get(0)?, row.get(1)?)));
    let told: Vec<(i64, f64)> = told.unwrap().map(Result::unwrap).collect();
    match series.told {
        Told::Readings { points, .. } => assert_eq!(points, told),
        Told::Parts { width_ms, points } => {
            let mut spans = BTreeMap::<i64, Vec<f64>>::new();
            for (at, value) in told {
                spans
                    .entry(at.div_euclid(width_ms) * width_ms)
                    .or_default()
                    .push(value);
            }
            let shown: Vec<_> = points
                .iter()
                .map(|part| (part.at_ms, part.min, part.max, part.last))
                .collect();
            let wanted: Vec<_> = spans
                .iter()
                .map(|(at, values)| {
                    let min = values.iter().copied().fold(f64::INFINITY, f64::min);
                    let max = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
                    (*at, min, max, *values.last().unwrap())
                })
                .collect();
            assert_eq!(shown, wanted);
        }
        Told::Changes { .. } => panic!("{id} has numbers"),
    }
}

fn by_sql(width: Width) -> String {
    let at = |row: &str| format!("{row}.measured_at / {}", width.milliseconds());
    let last = |what: &str, which: &str| {
        format!(
            "(SELECT {what} FROM history AS last WHERE last.series_id = row.series_id AND {} = {} {which}
             ORDER BY measured_at DESC, occurrence DESC LIMIT 1)",
            at("last"),
            at("row")
        )
    };
    format!(
        "SELECT series_id, {}, sum(occurrence >= 0),
           CAST(min(CASE WHEN occurrence >= 0 THEN value END) AS REAL),
           CAST(max(CASE WHEN occurrence >= 0 THEN value END) AS REAL),
           CAST({} AS REAL), {}
         FROM history AS row JOIN series ON series.id = series_id JOIN descriptor ON descriptor.id = descriptor_id
         WHERE type = 'number' GROUP BY 1, 2 ORDER BY 1, 2",
        at("row"),
        last("value", "AND occurrence >= 0"),
        last("occurrence < 0", "")
    )
}

fn rows(reader: &Connection, sql: &str) -> Vec<Vec<rusqlite::types::Value>> {
    let mut statement = reader.prepare(sql).unwrap();
    let columns = statement.column_count();
    let rows = statement.query_map([], |row| (0..columns).map(|column| row.get(column)).collect());
    rows.unwrap().map(Result::unwrap).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn roll_ups_are_what_sql_tells_of_all_rows(begins: bool, steps in prop::collection::vec(step(), 10..40)) {
        let mut tested = Tested::new(begins);
        for step in &steps {
            tested.go(step);
            tested.check();
        }
        tested.go(&Step::Reopen(true));
        tested.check();
    }
}

fn hourly(hours: std::ops::Range<i64>) -> Vec<Step> {
    let told = |hour: i64| Telling {
        second: false,
        key: 0,
        ago: 0,
        what: What::Number(hour as f64),
        occurrence: 0,
    };
    hours.map(|hour| Step::Write(60, vec![told(hour)])).collect()
}

#[test]
fn what_was_stored_before_roll_ups_were_wanted_is_in_them() {
    let mut tested = Tested::new(false);
    hourly(0..200).iter().for_each(|step| tested.go(step));
    assert!(!exist(&tested.reader()).unwrap());
    tested.go(&Step::Reopen(true));
    let before = tested.check();
    assert!(before > 50, "{before}");
    // Who opens it without a wish for them keeps them right.
    tested.go(&Step::Reopen(false));
    hourly(200..400).iter().for_each(|step| tested.go(step));
    assert!(tested.check() > before + 50);
}

/// As a kill leaves it: nothing is closed, and what was committed stands in the log.
#[test]
fn a_killed_process_loses_nothing() {
    let mut tested = Tested::new(true);
    hourly(0..200).iter().for_each(|step| tested.go(step));
    let copy = Tested::new(true);
    drop(copy.store);
    for end in ["", "-wal"] {
        let name = format!("page.db{end}");
        std::fs::copy(tested.folder.path().join(&name), copy.folder.path().join(&name)).unwrap();
    }
    let copy = Tested {
        store: None,
        now: tested.now,
        ..copy
    };
    assert_eq!(copy.check(), tested.check());
    assert!(copy.check() > 50);
}
