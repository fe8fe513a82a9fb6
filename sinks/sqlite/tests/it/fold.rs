//! More readings than stay in the order in which they come: nobody who reads sees where they lie.

use collector_core::testkit::{ended, entry_with, reading, vehicle};
use collector_core::{Entry, Scope, Value};

use tokio::sync::OnceCell;

use crate::store::{NOON, Store, number, place, second, soc, text};

/// Readings of three batches, behind which each table has some.
const BATCHES: [i64; 3] = [110_000, 6_000, 6_000];
const MANY: i64 = 122_000;
const SECOND: i64 = 1_000;

fn at(number: i64) -> i64 {
    NOON + number * SECOND
}

/// A state of charge, and every ten seconds a place, from noon on. Made once.
async fn many(store: &Store) -> Box<dyn collector_core::Sink> {
    static MADE: OnceCell<Vec<u8>> = OnceCell::const_new();
    let made = MADE.get_or_init(|| async {
        let store = Store::new();
        let mut sink = store.sink();
        let mut numbers = 0..MANY;
        for (batch, size) in BATCHES.into_iter().enumerate() {
            let readings = numbers.by_ref().take(usize::try_from(size).unwrap());
            let readings = readings.map(|number| match number % 10 {
                0 => place("latitude", 48.0 + number as f64 / 1e5, at(number)),
                1 => place("longitude", 11.0, at(number - 1)),
                _ => soc((number % 97) as f64, at(number)),
            });
            let entry = entry_with(1 + 2 * batch as u64, readings.collect());
            sink.write(&[entry]).await.unwrap();
        }
        sink.close().await.unwrap();
        std::fs::read(store.path()).unwrap()
    });
    std::fs::create_dir_all(store.path().parent().unwrap()).unwrap();
    std::fs::write(store.path(), made.await).unwrap();
    store.sink()
}

#[tokio::test]
async fn all_tables_are_one_to_who_reads() {
    let store = Store::new();
    let mut sink = many(&store).await;
    sink.close().await.unwrap();
    let lies = "SELECT count(*) > 1000 FROM history UNION ALL SELECT count(*) > 1000 FROM middle
        UNION ALL SELECT count(*) >= 500 FROM recent
        UNION ALL SELECT max(measured_at) < (SELECT min(measured_at) FROM middle) FROM history
        UNION ALL SELECT max(measured_at) < (SELECT min(measured_at) FROM recent) FROM middle
        UNION ALL SELECT count(*) > 1000 FROM battery_row
        UNION ALL SELECT max(measured_at) < (SELECT max(measured_ms) FROM battery) FROM battery_row";
    assert_eq!(store.query(lies), ["1"; 7]);
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
async fn erase_and_widening_reach_all_tables() {
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

/// A small generator with a fixed seed: 0 to `below` - 1.
fn pick(state: &mut u64, below: u64) -> u64 {
    *state = state
        .wrapping_mul(6_364_136_223_846_793_005)
        .wrapping_add(1_442_695_040_888_963_407);
    (*state >> 33) % below
}

/// Two cars that tell of their batteries, now and then late, twice for one moment, or that something has ended.
fn told(seed: u64, entries: u64) -> Vec<Entry> {
    let mut state = seed;
    let entry = |seq: u64| {
        let now = at(i64::try_from(seq).unwrap() * 2);
        let late = [0, 0, 0, 0, 3, 500, 20_000][pick(&mut state, 7) as usize];
        let moment = now - SECOND * i64::try_from(pick(&mut state, 5) * late).unwrap();
        let value = pick(&mut state, 90) as f64;
        let reading = match pick(&mut state, 5) {
            0 => number(
                "vehicle.powertrain.electric.battery.charging.power",
                "power",
                value,
                "W",
                moment,
            ),
            1 => text(
                "vehicle.drivetrain.electricEngine.charging.status",
                "status",
                ["CHARGING", "IDLE"][pick(&mut state, 2) as usize],
                moment,
            ),
            2 => second(soc(value, moment)),
            _ => soc(value, moment),
        };
        if pick(&mut state, 9) == 0 {
            return ended(seq, &reading.descriptor, moment);
        }
        let entry = entry_with(seq, vec![reading]);
        let mut snapshot = entry
            .snapshot()
            .unwrap()
            .with(entry.readings().to_vec(), Vec::new());
        snapshot.vehicle = vehicle(pick(&mut state, 4) == 0);
        Entry::snapshot_of(seq, snapshot)
    };
    (1..=entries).map(entry).collect()
}

#[tokio::test]
async fn the_battery_is_the_same_wherever_its_rows_lie() {
    for seed in 1..=3 {
        let told = told(seed, 6_000);
        let mut shown = Vec::new();
        // At once; in two, of which the view computes everything of the first; a few at a time.
        for size in [6_000, 3_000, 40] {
            let store = Store::new();
            let mut sink = store.sink();
            for batch in told.chunks(size) {
                sink.write(batch).await.unwrap();
            }
            sink.close().await.unwrap();
            assert_eq!(store.query("SELECT count(*) > 500 FROM battery_row"), ["1"]);
            shown.push(store.query(
                "SELECT vehicle, measured_ms, soc, charging_status, power_kw FROM battery ORDER BY 2, 1",
            ));
        }
        assert_eq!(shown[0], shown[1], "{seed}");
        assert_eq!(shown[0], shown[2], "{seed}");
    }
}
