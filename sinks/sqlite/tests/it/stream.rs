//! What a live stream brings: one reading a message, late and out of order, and places whose halves do not fit.

use collector_core::testkit::{ended, vehicle};
use collector_core::{Entry, Origin, Reading, Snapshot};

use crate::store::{NOON, Store, place, requested, second, soc};

const SECOND: i64 = 1_000;

/// A message of the stream, received so many seconds after noon.
fn message(seq: u64, received: i64, reading: Reading) -> Entry {
    entry(seq, received, Origin::Stream, vec![reading])
}

fn entry(seq: u64, received: i64, origin: Origin, readings: Vec<Reading>) -> Entry {
    let source = match origin {
        Origin::Stream => "stream",
        _ => "telematics",
    };
    let received_at = jiff::Timestamp::from_millisecond(NOON + received * SECOND).unwrap();
    let snapshot = Snapshot::new(vehicle(false), "home".into(), source.into(), origin, received_at);
    Entry::snapshot_of(seq, snapshot.with(readings, Vec::new()))
}

/// Written one after another, each in a batch of its own, or all in one.
async fn written(entries: &[Entry], in_one: bool) -> Store {
    let store = Store::new();
    let mut sink = store.sink();
    for batch in entries.chunks(if in_one { entries.len() } else { 1 }) {
        let written = sink.write(batch).await.unwrap();
        assert_eq!(written.rejected, []);
    }
    sink.close().await.unwrap();
    store
}

#[tokio::test]
async fn disorder_moves_nothing_back_in_latest_and_all_of_it_is_kept() {
    let entries = [
        message(1, 70, soc(61.0, NOON + 60 * SECOND)),
        // Sent later, measured before.
        message(2, 71, soc(60.0, NOON)),
        // Two values of one moment: the second counts.
        message(3, 72, second(soc(62.0, NOON + 60 * SECOND))),
        // A poll that was on its way for long.
        entry(4, 90, Origin::Poll, vec![soc(59.0, NOON - 60 * SECOND)]),
        // What was stored before comes again.
        message(1, 70, soc(61.0, NOON + 60 * SECOND)),
    ];
    for in_one in [false, true] {
        let store = written(&entries, in_one).await;
        assert_eq!(
            store.query("SELECT value, measured_at, origin, source FROM latest"),
            ["62.0|2026-03-01T12:01:00.000Z|stream|stream"]
        );
        assert_eq!(
            store.query("SELECT value, origin, stamp FROM readings ORDER BY measured_ms, value"),
            [
                "59.0|poll|measured",
                "60.0|stream|measured",
                "61.0|stream|measured",
                "62.0|stream|measured"
            ]
        );
    }
}

#[tokio::test]
async fn a_place_is_made_of_what_was_measured_at_one_moment() {
    let entries = [
        message(1, 3, place("latitude", 48.1, NOON)),
        message(2, 4, place("longitude", 11.5, NOON)),
        message(3, 5, place("heading", 270.0, NOON)),
        // A quarter of a minute later a longitude came without its latitude, then the other way round.
        message(4, 20, place("longitude", 11.6, NOON + 15 * SECOND)),
        message(5, 21, place("latitude", 48.2, NOON + 16 * SECOND)),
        // The whole of a place, in disorder and with other things between.
        message(6, 40, place("altitude", 520.0, NOON + 30 * SECOND)),
        message(7, 41, place("longitude", 11.7, NOON + 30 * SECOND)),
        message(8, 42, soc(60.0, NOON + 30 * SECOND)),
        message(9, 43, place("latitude", 48.3, NOON + 30 * SECOND)),
        message(10, 44, place("heading", 90.0, NOON + 31 * SECOND)),
    ];
    let store = written(&entries, false).await;
    assert_eq!(
        store.query(
            "SELECT vehicle, measured_at, latitude, longitude, altitude, heading, measured_ms - 1772366400000
             FROM position ORDER BY measured_ms"
        ),
        [
            "i4|2026-03-01T12:00:00.000Z|48.1|11.5||270.0|0",
            "i4|2026-03-01T12:00:30.000Z|48.3|11.7|520.0||30000"
        ]
    );
}

#[tokio::test]
async fn of_several_values_for_one_moment_the_last_received_make_the_place() {
    let entries = [
        message(1, 1, place("latitude", 48.9, NOON)),
        message(2, 1, place("longitude", 11.9, NOON)),
        message(3, 2, second(place("latitude", 48.1, NOON))),
        message(4, 3, second(place("longitude", 11.5, NOON))),
    ];
    let store = written(&entries, true).await;
    assert_eq!(
        store.query("SELECT latitude, longitude FROM position"),
        ["48.1|11.5"]
    );
    assert_eq!(store.query("SELECT count(*) FROM readings"), ["4"]);
}

#[tokio::test]
async fn the_time_of_a_call_makes_no_place() {
    let readings = vec![
        requested(place("latitude", 48.1, NOON)),
        requested(place("longitude", 11.5, NOON)),
    ];
    let store = written(&[entry(1, 1, Origin::Poll, readings)], true).await;
    assert_eq!(store.query("SELECT latitude FROM position"), Vec::<String>::new());
    assert_eq!(
        store.query("SELECT DISTINCT origin, stamp FROM readings"),
        ["poll|requested"]
    );
}

#[tokio::test]
async fn a_value_that_has_ended_is_not_the_latest_and_the_history_keeps_it() {
    let end = |seq, second: i64| ended(seq, &soc(0.0, NOON).descriptor, NOON + second * SECOND);
    let told = |seq, second: i64| message(seq, second + 1, soc(60.0, NOON + second * SECOND));
    let shown = "SELECT measured_ms - 1772366400000 FROM latest";
    // An end may come before any value, again, and before what it does not concern.
    let cases: [(&[Entry], &[&str]); 6] = [
        (&[end(1, 5)], &[]),
        (&[end(1, 5), told(2, 4)], &[]),
        (&[told(1, 4), end(3, 5), end(5, 5)], &[]),
        (&[told(1, 4), end(3, 5), told(2, 6)], &["6000"]),
        (&[told(1, 6), end(3, 5)], &["6000"]),
        (&[end(1, 6), told(2, 6)], &["6000"]),
    ];
    for (entries, want) in cases {
        for in_one in [false, true] {
            let store = written(entries, in_one).await;
            assert_eq!(store.query(shown), want, "{entries:?}");
            let values = entries.iter().flat_map(Entry::readings).count().to_string();
            assert_eq!(store.query("SELECT count(*) FROM readings"), [values]);
        }
    }
}
