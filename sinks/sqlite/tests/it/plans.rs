//! How SQLite answers what people ask: by the key, not by reading everything.

use collector_core::testkit::{entries, trip};
use collector_core::{Entry, RecordState};

use crate::store::Store;

/// The lines of the plan.
async fn plan(sql: &str) -> Vec<String> {
    let store = Store::new();
    let mut sink = store.sink();
    sink.write(&entries(1, 2)).await.unwrap();
    let record = Entry::record_of(9, trip(1, 1, RecordState::Final, 1));
    sink.write(&[record]).await.unwrap();
    sink.close().await.unwrap();
    let reader = store.reader();
    let mut statement = reader.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
    let lines = statement.query_map([], |row| row.get("detail")).unwrap();
    lines.map(Result::unwrap).collect()
}

/// What the plan does with the ordered and the recent rows.
async fn ways(sql: &str) -> Vec<String> {
    let lines = plan(sql).await.into_iter();
    let rows = lines.filter(|line| {
        ["row", "latitude", "longitude"]
            .iter()
            .any(|name| line.contains(&format!(" {name}")))
    });
    rows.collect()
}

#[tokio::test]
async fn a_series_and_its_time_are_found_by_the_key() {
    let ordered = "SEARCH row USING PRIMARY KEY (series_id=? AND measured_at>?)";
    let recent = "SEARCH row USING PRIMARY KEY (measured_at>?)";
    for sql in [
        "SELECT measured_ms, value FROM readings WHERE name = 'soc' AND measured_ms > 5",
        "SELECT measured_at, value FROM readings WHERE measured_ms > 5 ORDER BY measured_ms",
        "SELECT date(measured_at), max(value) FROM readings WHERE descriptor = 'a' AND measured_ms > 5 GROUP BY 1",
    ] {
        assert_eq!(ways(sql).await, [ordered, ordered, recent], "{sql}");
    }
    let all = ways("SELECT measured_ms, value FROM readings WHERE name = 'soc'").await;
    let search = "SEARCH row USING PRIMARY KEY (series_id=?)";
    assert_eq!(all, [search, search, "SCAN row"]);
}

#[tokio::test]
async fn the_latest_are_one_search_a_series() {
    let lines = plan("SELECT name, value FROM latest").await;
    let search = "SEARCH row USING PRIMARY KEY (series_id=? AND measured_at=? AND occurrence=?)";
    assert!(lines.iter().any(|line| line == search), "{lines:#?}");
    let recent = "SEARCH row USING PRIMARY KEY (measured_at=? AND series_id=? AND occurrence=?)";
    assert!(lines.iter().any(|line| line == recent), "{lines:#?}");
    let last = "SEARCH last USING PRIMARY KEY (series_id=?)";
    assert!(lines.iter().any(|line| line == last), "{lines:#?}");
}

#[tokio::test]
async fn the_battery_is_read_in_the_order_of_time() {
    let sql = "SELECT measured_ms, measured_at, soc FROM battery ORDER BY measured_ms DESC LIMIT 20";
    let lines = plan(sql).await;
    assert_eq!(
        lines[..4],
        [
            "MERGE (UNION ALL)",
            "LEFT",
            "SCAN row",
            "SEARCH vehicle USING INTEGER PRIMARY KEY (rowid=?)"
        ]
    );
    for sql in [
        "SELECT measured_ms, soc FROM battery WHERE measured_ms > 5",
        "SELECT measured_ms / 1000 AS time, soc FROM battery WHERE measured_ms > 5 ORDER BY measured_ms",
    ] {
        let lines = plan(sql).await;
        let search = "SEARCH row USING PRIMARY KEY (measured_at>?)";
        // Of the rows that are kept, and of the readings from which the last ones are computed.
        assert_eq!(
            lines.iter().filter(|line| *line == search).count(),
            2,
            "{lines:#?}"
        );
    }
}

#[tokio::test]
async fn a_place_is_found_by_the_key() {
    let lines = ways("SELECT latitude FROM position WHERE measured_ms > 5").await;
    assert_eq!(
        lines,
        [
            "SEARCH latitude USING PRIMARY KEY (series_id=? AND measured_at>?)",
            "SEARCH longitude USING PRIMARY KEY (series_id=? AND measured_at=? AND occurrence>?)",
            "SEARCH latitude USING PRIMARY KEY (series_id=? AND measured_at>?)",
            "SEARCH longitude USING PRIMARY KEY (series_id=? AND measured_at=? AND occurrence>?)",
            "SEARCH latitude USING PRIMARY KEY (measured_at>?)",
            "SEARCH longitude USING PRIMARY KEY (measured_at=? AND series_id=? AND occurrence>?)",
        ]
    );
}

#[tokio::test]
async fn records_are_found_by_their_time() {
    for (sql, index) in [
        (
            "SELECT distance FROM test_trips WHERE start_ms > 5",
            "record_test_trips_by_time (start>?)",
        ),
        (
            "SELECT start FROM test_trips ORDER BY start_ms DESC LIMIT 10",
            "record_test_trips_by_time",
        ),
        (
            "SELECT number FROM test_trip_stops WHERE trip_start_ms > 5",
            "record_test_trip_stops_by_time (trip_start>?)",
        ),
    ] {
        let lines = plan(sql).await;
        assert!(
            lines[0].ends_with(&format!("USING INDEX {index}")),
            "{sql}: {lines:#?}"
        );
    }
}
