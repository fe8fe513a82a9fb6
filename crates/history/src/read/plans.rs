//! No statement of the reader goes through a series, let alone a table that grows without end.

use collector_core::testkit::{entries, trip};
use collector_core::{Entry, RecordState};
use rusqlite::Connection;

use super::{keys, numbers, records, row, silences, track, vehicles};
use crate::fold::TABLES;
use crate::rollup::Width;
use crate::{Place, Store};

/// The lines of the plan, without what sorts the rows of one moment.
fn plan(connection: &Connection, sql: &str) -> Vec<String> {
    let mut statement = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
    let marks = vec![rusqlite::types::Value::Null; statement.parameter_count()];
    let lines = statement.query_map(rusqlite::params_from_iter(marks), |row| row.get("detail"));
    let lines = lines.unwrap().map(|line: rusqlite::Result<String>| line.unwrap());
    lines
        .filter(|line| {
            ["source", "SUBQUERY", "BLOOM", "B-TREE FOR LAST"]
                .iter()
                .all(|word| !line.contains(word))
        })
        .collect()
}

fn made(check: impl FnOnce(&Connection)) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("page.db");
    let place = Place {
        path: path.clone().into(),
        others_may_read: false,
        rollups: true,
    };
    let mut store = Store::open(&place).unwrap();
    store.write(&entries(1, 2)).unwrap();
    store
        .write(&[Entry::record_of(9, trip(1, 1, RecordState::Final, 1))])
        .unwrap();
    check(&Connection::open(&path).unwrap());
}

#[test]
fn readings_are_searched_for_by_series_and_time() {
    made(|connection| {
        for table in TABLES {
            // `recent` lies by time, and has an end.
            let (last, between) = match table {
                "recent" => ("(measured_at<?)", "(measured_at>? AND measured_at<?)"),
                _ => (
                    "(series_id=? AND measured_at<?)",
                    "(series_id=? AND measured_at>? AND measured_at<?)",
                ),
            };
            let search = |key: &str| [format!("SEARCH {table} USING PRIMARY KEY {key}")];
            for also in ["", row::READINGS] {
                assert_eq!(plan(connection, &row::last(table, also)), search(last));
            }
            assert_eq!(plan(connection, &row::between(table)), search(between));
            assert_eq!(plan(connection, &numbers::between(table)), search(between));
            let moment = match table {
                "recent" => "(measured_at=? AND series_id=? AND occurrence>?)",
                _ => "(series_id=? AND measured_at=? AND occurrence>?)",
            };
            for order in ["ASC", "DESC"] {
                assert_eq!(plan(connection, &track::north(table, order)), search(between));
            }
            assert_eq!(plan(connection, &track::east(table)), search(moment));
        }
        for table in row::ordered() {
            let search = [format!("SEARCH {table} USING PRIMARY KEY (series_id=?)")];
            assert_eq!(plan(connection, &row::moments(table)), search);
            let within = "(series_id=? AND measured_at>? AND measured_at<?)";
            let search = [format!("SEARCH {table} USING PRIMARY KEY {within}")];
            assert_eq!(plan(connection, &silences::first(table)), search);
        }
        assert_eq!(plan(connection, &row::recent()), ["SCAN recent"]);
        assert_eq!(
            plan(connection, silences::RECENT),
            ["SEARCH recent USING PRIMARY KEY (measured_at>? AND measured_at<?)"]
        );
        assert_eq!(
            plan(connection, &keys::count("middle")),
            ["SEARCH middle USING PRIMARY KEY (series_id=?)"]
        );
    });
}

#[test]
fn roll_ups_are_searched_for_by_series_and_time() {
    made(|connection| {
        for width in Width::ALL {
            let search = format!(
                "SEARCH {} USING PRIMARY KEY (series_id=? AND at>? AND at<?)",
                width.table()
            );
            assert_eq!(plan(connection, &numbers::spans(width)), [search.as_str()]);
            assert_eq!(plan(connection, &silences::rolled(width)), [search]);
        }
        assert_eq!(
            plan(connection, numbers::WEIGHT),
            ["SEARCH rollup_hour USING PRIMARY KEY (series_id=? AND at>? AND at<?)"]
        );
        assert_eq!(
            plan(connection, keys::TOTAL),
            ["SEARCH rollup_total USING INTEGER PRIMARY KEY (rowid=?)"]
        );
    });
}

#[test]
fn records_are_searched_for_by_their_start_and_keys_by_their_vehicle() {
    made(|connection| {
        let kind = records::Kind::find(connection, "test_trips").unwrap().unwrap();
        assert_eq!(
            plan(connection, &records::within(&kind.select, &kind.start)),
            [
                "SEARCH record USING INDEX record_test_trips_by_time (start>? AND start<?)",
                "SEARCH vehicle USING INTEGER PRIMARY KEY (rowid=?)"
            ]
        );
        let lines = plan(connection, vehicles::KEYS);
        assert_eq!(
            lines[0],
            "SEARCH series USING COVERING INDEX sqlite_autoindex_series_1 (vehicle_id=?)"
        );
    });
}
