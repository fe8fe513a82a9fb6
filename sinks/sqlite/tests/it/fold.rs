//! More readings than stay in the order in which they come: nobody who reads sees where they lie.

use collector_core::testkit::{ended, entry_with, reading};
use collector_core::{Entry, Scope, Value};

use crate::store::{NOON, Store, place, second, soc, text};

/// More than gather before they are moved, and what moves them.
const MANY: i64 = 56_000;
const SECOND: i64 = 1_000;

fn at(number: i64) -> i64 {
    NOON + number * SECOND
}

/// A state of charge, and every ten seconds a place, from noon on; the first half of it lies in order.
async fn many(store: &Store) -> Box<dyn collector_core::Sink> {
    let mut sink = store.sink();
    let mut readings = Vec::new();
    for number in 0..MANY {
        match number % 10 {
            0 => readings.push(place("latitude", 48.0 + number as f64 / 1e5, at(number))),
            1 => readings.push(place("longitude", 11.0, at(number - 1))),
            _ => readings.push(soc((number % 97) as f64, at(number))),
        }
    }
    sink.write(&[entry_with(1, readings)]).await.unwrap();
    // What is moved is moved by the next write.
    sink.write(&[]).await.unwrap();
    sink
}

#[tokio::test]
async fn both_tables_are_one_to_who_reads() {
    let store = Store::new();
    let mut sink = many(&store).await;
    sink.close().await.unwrap();
    let lies = "SELECT (SELECT count(*) FROM history) >= 50000, (SELECT count(*) FROM recent) > 0,
        (SELECT max(measured_at) FROM history) < (SELECT min(measured_at) FROM recent)";
    assert_eq!(store.query(lies), ["1|1|1"]);
    assert_eq!(
        store.query("SELECT count(*), count(DISTINCT measured_ms || name), min(measured_ms) FROM readings"),
        [format!("{MANY}|{MANY}|{NOON}")]
    );
    assert_eq!(
        store.query("SELECT name, measured_ms FROM latest ORDER BY name"),
        [
            format!("latitude|{}", at(MANY - 10)),
            format!("longitude|{}", at(MANY - 10)),
            format!("soc|{}", at(MANY - 1))
        ]
    );
    assert_eq!(
        store.query("SELECT count(*), min(measured_ms), max(measured_ms) FROM position"),
        [format!("{}|{NOON}|{}", MANY / 10, at(MANY - 10))]
    );
    assert_eq!(
        store.query("SELECT count(*), sum(soc IS NULL) FROM battery"),
        [format!("{}|0", MANY / 10 * 8)]
    );
}

#[tokio::test]
async fn what_comes_behind_the_border_finds_its_place() {
    let store = Store::new();
    let mut sink = many(&store).await;
    let early = |number| at(number) + 1;
    let late = vec![
        // Again, with another value, a second one of its moment, one between, one before all.
        soc(2.0, at(2)),
        soc(99.0, at(3)),
        second(soc(50.0, at(4))),
        soc(51.0, early(5)),
        soc(52.0, at(-1)),
        text("vehicle.vehicle.oldWord", "old_word", "ONCE", at(7)),
    ];
    for seq in [3, 5] {
        sink.write(&[entry_with(seq, late.clone())]).await.unwrap();
    }
    sink.write(&[ended(7, &soc(0.0, NOON).descriptor, early(6))])
        .await
        .unwrap();
    sink.close().await.unwrap();
    assert_eq!(
        store.query(&format!(
            "SELECT value, occurrence FROM readings WHERE name = 'soc' AND measured_ms < {} ORDER BY measured_ms, occurrence",
            at(7)
        )),
        ["52.0|0", "2.0|0", "99.0|0", "4.0|0", "50.0|1", "5.0|0", "51.0|0", "6.0|0"]
    );
    assert_eq!(
        store.query("SELECT name, value FROM latest WHERE name IN ('soc', 'old_word') ORDER BY name"),
        ["old_word|ONCE".to_owned(), format!("soc|{}.0", (MANY - 1) % 97)]
    );
    assert_eq!(
        store.query(&format!(
            "SELECT soc FROM battery WHERE measured_ms <= {} ORDER BY measured_ms",
            at(7)
        )),
        ["52.0", "2.0", "99.0", "50.0", "5.0", "51.0", "6.0", "", "7.0"]
    );
}

#[tokio::test]
async fn erase_and_widening_reach_both_tables() {
    let store = Store::new();
    let mut sink = many(&store).await;
    let id = "a.n";
    let told = |value: Value, at| reading(id, id, value, None, at);
    let sides = vec![
        told(Value::Number(7.0), at(0)),
        told(Value::Number(8.5), at(MANY)),
    ];
    sink.write(&[entry_with(3, sides)]).await.unwrap();
    let word = told(Value::Text("nine".into()), at(MANY + 1));
    sink.write(&[entry_with(5, vec![word])]).await.unwrap();
    let words = || store.query("SELECT value FROM readings WHERE name = 'a.n' ORDER BY measured_ms");
    assert_eq!(words(), ["7", "8.5", "nine"]);

    let moment = |number| Some(jiff::Timestamp::from_millisecond(at(number)).unwrap());
    sink.erase(&Scope::new(Vec::new(), moment(10), moment(MANY - 11)))
        .await
        .unwrap();
    assert_eq!(
        store.query("SELECT name, count(*) FROM readings WHERE name <> 'a.n' GROUP BY name ORDER BY name"),
        ["latitude|2", "longitude|2", "soc|16"]
    );
    assert_eq!(store.query("SELECT count(*) FROM battery"), ["16"]);
    assert_eq!(store.query("SELECT count(*) FROM latest"), ["4"]);
    assert_eq!(words(), ["7", "8.5", "nine"]);
    sink.rewrite(&[entry_with(7, vec![soc(1.0, at(20))])])
        .await
        .unwrap();
    sink.close().await.unwrap();
    assert_eq!(
        store.query(&format!("SELECT soc FROM battery WHERE measured_ms = {}", at(20))),
        ["1.0"]
    );
    assert_eq!(store.query("PRAGMA foreign_key_check"), [""; 0]);
}

#[tokio::test]
async fn a_batch_that_was_told_before_is_told_again() {
    let store = Store::new();
    let mut sink = many(&store).await;
    let all = |store: &Store| {
        let sum = "SELECT count(*), sum(value), sum(measured_ms) FROM readings";
        [
            store.query(sum),
            store.query("SELECT count(*), sum(soc) FROM battery"),
        ]
    };
    let before = all(&store);
    let again: Vec<Entry> = vec![entry_with(
        1,
        (2..10)
            .map(|number| soc((number % 97) as f64, at(number)))
            .collect(),
    )];
    sink.write(&again).await.unwrap();
    sink.close().await.unwrap();
    assert_eq!(all(&store), before);
}
