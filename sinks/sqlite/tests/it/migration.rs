//! Databases of earlier versions.

use collector_core::testkit::{entries, entry_with};

use crate::database::foreign_database;
use crate::store::{NOON, Store, advice, soc};

/// The tables and the rows of version 2.
const VERSION_2: &str = include_str!("version-2.sql");
/// The same of version 3, with a table and a view of its owner's.
const VERSION_3: &str = include_str!("version-3.sql");
/// The same of version 4.
const VERSION_4: &str = include_str!("version-4.sql");

/// Numbers were integers where they are whole.
const VALUE: &str = "iif(typeof(value) = 'integer', CAST(value AS REAL), value) AS value";

#[tokio::test]
async fn a_database_of_version_2_is_brought_up_with_all_that_it_holds() {
    let (store, fresh) = (Store::new(), Store::new());
    foreign_database(&store, VERSION_2);
    let columns = format!(
        "vin, vehicle, descriptor, name, measured_at, {VALUE}, unit, source, received_at, stamp, measured_ms, origin"
    );
    let views = ["readings", "latest"]
        .map(|view| format!("SELECT {columns} FROM {view} ORDER BY measured_ms, value"));
    let shown = || views.each_ref().map(|view| store.query(view));
    let before = shown();
    assert_eq!(before.each_ref().map(Vec::len), [5, 3]);
    store.sink().check().await.unwrap();
    assert_eq!(
        store.query("PRAGMA user_version"),
        ["2"],
        "a check alters nothing"
    );
    for store in [&store, &fresh] {
        let mut sink = store.sink();
        sink.write(&[]).await.unwrap();
        sink.close().await.unwrap();
    }
    assert_eq!(shown(), before);
    assert_eq!(
        store
            .query("SELECT value, occurrence FROM readings WHERE measured_ms = 1772366400000 ORDER BY value"),
        ["74.0|1", "75.0|0"],
        "of two values of one moment the one that arrived later is the second"
    );
    let tables = "SELECT sql FROM sqlite_master ORDER BY name";
    assert_eq!(store.query(tables), fresh.query(tables));
    assert_eq!(
        store.query("PRAGMA user_version"),
        fresh.query("PRAGMA user_version")
    );
    assert_eq!(store.query("PRAGMA integrity_check"), ["ok"]);
    assert_eq!(store.query("PRAGMA foreign_key_check"), [""; 0]);
    let mut sink = store.sink();
    sink.write(&entries(1, 1)).await.unwrap();
    sink.close().await.unwrap();
    assert_eq!(store.query("SELECT count(*) FROM readings"), ["13"]);
}

#[tokio::test]
async fn a_database_of_version_3_is_brought_up_with_all_that_it_holds() {
    is_brought_up(VERSION_3).await;
}

#[tokio::test]
async fn a_database_of_version_4_is_brought_up_with_all_that_it_holds() {
    is_brought_up(VERSION_4).await;
}

async fn is_brought_up(older: &str) {
    let (store, fresh) = (Store::new(), Store::new());
    foreign_database(&store, older);
    let views = ["readings", "latest"].map(|view| {
        format!("SELECT vin, name, measured_ms, {VALUE}, unit, source, received_at, stamp, occurrence FROM {view} ORDER BY 3, 9")
    });
    let shown = || views.each_ref().map(|view| store.query(view));
    let before = shown();
    assert_eq!(before.each_ref().map(Vec::len), [7, 4]);
    for store in [&store, &fresh] {
        let mut sink = store.sink();
        sink.write(&[]).await.unwrap();
        sink.close().await.unwrap();
    }
    assert_eq!(shown(), before);
    let battery =
        "SELECT vehicle, measured_ms - 1772366400000, soc, hv_status, power_kw FROM battery ORDER BY 2";
    assert_eq!(
        store.query(battery),
        [
            "i4|-60000|73.0||",
            "i4|0|75.0||",
            "i4|1000|75.0|CHARGING|",
            "i4|3000|75.0|CHARGING|11.0",
            "i4|4000|75.0|CHARGING|",
            "330e|5000|20.0||"
        ],
        "until the value of the power ended"
    );
    assert_eq!(
        store.query("SELECT start, hours FROM nap"),
        ["2026-03-01T12:00:00.000Z|8.0"]
    );
    assert_eq!(
        store.query("SELECT kwh, count(*) FROM my_tariff, my_soc"),
        ["0.3|4"]
    );
    let tables =
        "SELECT sql FROM sqlite_master WHERE name NOT LIKE 'my_%' AND name NOT LIKE '%nap' ORDER BY name";
    assert_eq!(store.query(tables), fresh.query(tables));
    assert_eq!(store.query("PRAGMA integrity_check"), ["ok"]);
    assert_eq!(store.query("PRAGMA foreign_key_check"), [""; 0]);
    // What is told next stands on what was known.
    let mut sink = store.sink();
    sink.write(&[entry_with(9, vec![soc(80.0, NOON + 6_000)])])
        .await
        .unwrap();
    sink.close().await.unwrap();
    assert_eq!(
        store.query("SELECT soc, hv_status FROM battery ORDER BY measured_ms DESC LIMIT 1"),
        ["80.0|CHARGING"]
    );
}

#[tokio::test]
async fn what_fails_on_the_way_leaves_version_2_as_it_was() {
    let store = Store::new();
    let taken = format!("{VERSION_2} CREATE TABLE record_kind (x);");
    foreign_database(&store, &taken);
    let mut sink = store.sink();
    advice(sink.write(&entries(1, 1)).await.unwrap_err());
    sink.close().await.unwrap();
    assert_eq!(store.query("PRAGMA user_version"), ["2"]);
    assert_eq!(store.query("SELECT count(*) FROM readings"), ["5"]);
}

#[tokio::test]
async fn a_version_that_is_too_old_is_left_as_it_is() {
    let store = Store::new();
    let older = VERSION_2.replace("user_version = 2", "user_version = 1");
    let before = foreign_database(&store, &older);
    let mut sink = store.sink();
    for error in [
        sink.check().await.unwrap_err(),
        sink.write(&entries(1, 1)).await.unwrap_err(),
    ] {
        let reason = advice(error);
        assert!(
            reason.contains("move the file away") && reason.contains("`cardata replay`"),
            "{reason}"
        );
    }
    sink.close().await.unwrap();
    assert_eq!(std::fs::read(store.path()).unwrap(), before);
}
