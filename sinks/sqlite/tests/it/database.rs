//! The file: who may read it meanwhile, what is done with one that is not ours, and what is left behind.

use std::path::Path;

use collector_core::testkit::{context, entries, entry_with, expected, reading};
use collector_core::{SinkConfig, Value};
use history::Place;
use rusqlite::{Connection, TransactionBehavior};
use sink_sqlite::SqliteConfig;

use crate::store::{NOON, Store, advice};

/// `entries(1, n)` has eight readings each.
const READINGS: i64 = 8;

fn files(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

pub fn foreign_database(store: &Store, sql: &str) -> Vec<u8> {
    std::fs::create_dir_all(store.path().parent().unwrap()).unwrap();
    let connection = Connection::open(store.path()).unwrap();
    connection.execute_batch(sql).unwrap();
    connection.close().unwrap();
    std::fs::read(store.path()).unwrap()
}

#[tokio::test]
async fn another_program_reads_while_the_sink_writes() {
    let store = Store::new();
    let mut sink = store.sink();
    sink.write(&entries(1, 2)).await.unwrap();
    let mut reader = store.reader();
    let count = "SELECT count(*) FROM readings";
    // A reader that takes its time sees one state from beginning to end, and holds nobody up.
    let reading = reader
        .transaction_with_behavior(TransactionBehavior::Deferred)
        .unwrap();
    let seen = |reading: &Connection| reading.query_row(count, [], |row| row.get::<_, i64>(0)).unwrap();
    assert_eq!(seen(&reading), 2 * READINGS);
    sink.write(&entries(3, 2)).await.unwrap();
    assert_eq!(seen(&reading), 2 * READINGS);
    reading.commit().unwrap();
    assert_eq!(seen(&reader), 4 * READINGS);
    sink.close().await.unwrap();
}

#[tokio::test]
async fn after_close_there_is_one_file_with_everything() {
    let store = Store::new();
    let mut sink = store.sink();
    sink.write(&entries(1, 3)).await.unwrap();
    sink.close().await.unwrap();
    assert_eq!(files(store.path().parent().unwrap()), ["cardata.db"]);
    assert_eq!(store.query("SELECT count(*) FROM readings"), ["24"]);
}

#[tokio::test]
async fn a_write_that_outlasts_its_patience_is_waited_for_and_not_begun_anew() {
    let store = Store::new();
    let mut sink = store.sink();
    sink.write(&entries(1, 1)).await.unwrap();
    let mut other = Connection::open(store.path()).unwrap();
    let lock = other
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .unwrap();
    let batch = entries(2, 1);
    // Nobody waits any more, as after a time-out; it goes on when the lock is released.
    let mut write = sink.write(&batch);
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    assert!(write.as_mut().poll(&mut context).is_pending());
    drop(write);
    lock.rollback().unwrap();
    let count = || store.query("SELECT count(*) FROM readings");
    while count() != ["16"] {
        tokio::task::yield_now().await;
    }
    // Without these rows it would be seen that they are written once more.
    other.execute_batch("DELETE FROM recent").unwrap();
    sink.write(&batch).await.unwrap();
    assert_eq!(count(), ["0"]);
    // Whoever gives it once more means it.
    sink.write(&batch).await.unwrap();
    assert_eq!(count(), ["8"]);
    sink.close().await.unwrap();
}

#[tokio::test]
async fn a_writer_elsewhere_makes_the_write_wait_its_turn() {
    let store = Store::new();
    let mut sink = store.sink();
    sink.write(&entries(1, 1)).await.unwrap();
    let mut other = Connection::open(store.path()).unwrap();
    let lock = other
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .unwrap();
    let batch = entries(2, 1);
    let mut write = sink.write(&batch);
    // The write has begun and stands behind the lock; it goes on when the lock is released.
    assert!(
        write
            .as_mut()
            .poll(&mut std::task::Context::from_waker(std::task::Waker::noop()))
            .is_pending()
    );
    lock.rollback().unwrap();
    write.await.unwrap();
    sink.close().await.unwrap();
    assert_eq!(store.query("SELECT count(*) FROM readings"), ["16"]);
}

#[tokio::test]
async fn a_database_of_another_program_is_never_altered() {
    for sql in [
        "CREATE TABLE songs (title TEXT); INSERT INTO songs VALUES ('Autobahn')",
        "PRAGMA application_id = 7; CREATE TABLE reading (value)",
    ] {
        let store = Store::new();
        let before = foreign_database(&store, sql);
        let mut sink = store.sink();
        let reason = advice(sink.check().await.unwrap_err());
        assert!(
            reason.contains("another program") && reason.contains("path of its own"),
            "{reason}"
        );
        advice(sink.write(&entries(1, 1)).await.unwrap_err());
        sink.close().await.unwrap();
        assert_eq!(std::fs::read(store.path()).unwrap(), before);
        assert_eq!(files(store.path().parent().unwrap()), ["cardata.db"]);
    }
}

#[tokio::test]
async fn a_file_that_is_no_database_is_never_altered() {
    let store = Store::new();
    std::fs::create_dir_all(store.path().parent().unwrap()).unwrap();
    let text = "descriptor,value\n".repeat(100);
    std::fs::write(store.path(), &text).unwrap();
    let mut sink = store.sink();
    let reason = advice(sink.check().await.unwrap_err());
    assert!(reason.contains("path of its own"), "{reason}");
    advice(sink.write(&entries(1, 1)).await.unwrap_err());
    assert_eq!(std::fs::read_to_string(store.path()).unwrap(), text);
}

#[tokio::test]
async fn a_newer_schema_is_left_to_the_newer_program() {
    let store = Store::new();
    let mut sink = store.sink();
    sink.write(&entries(1, 1)).await.unwrap();
    sink.close().await.unwrap();
    let newer = Connection::open(store.path()).unwrap();
    newer.pragma_update(None, "user_version", 99).unwrap();
    newer.close().unwrap();
    let mut sink = store.sink();
    let reason = advice(sink.check().await.unwrap_err());
    assert!(
        reason.contains("schema 99") && reason.contains("a newer version"),
        "{reason}"
    );
    advice(sink.write(&entries(2, 1)).await.unwrap_err());
    assert_eq!(store.query("SELECT count(*) FROM readings"), ["8"]);
}

#[tokio::test]
async fn check_leaves_no_file_behind() {
    let store = Store::new();
    let mut sink = store.sink();
    sink.check().await.unwrap();
    assert_eq!(files(&store.folder()), [""; 0]);
    sink.write(&entries(1, 1)).await.unwrap();
    sink.close().await.unwrap();
    let before = std::fs::read(store.path()).unwrap();
    store.sink().check().await.unwrap();
    assert_eq!(files(store.path().parent().unwrap()), ["cardata.db"]);
    assert_eq!(std::fs::read(store.path()).unwrap(), before);
}

#[tokio::test]
async fn a_path_that_cannot_be_needs_a_person() {
    let store = Store::new();
    std::fs::write(store.folder().join("data"), "a file, not a folder").unwrap();
    let mut sink = store.sink();
    advice(sink.check().await.unwrap_err());
    let written = sink.write(&entries(1, 1)).await.unwrap_err();
    assert!(written.to_string().contains("data"), "{written}");
    let folder = SqliteConfig {
        path: store.folder(),
        others_may_read: false,
    };
    let mut sink = folder.build(context()).unwrap();
    let reason = advice(sink.check().await.unwrap_err());
    assert!(reason.contains("names a file"), "{reason}");
}

#[tokio::test]
async fn a_database_that_was_deleted_meanwhile_is_made_anew() {
    let store = Store::new();
    let mut sink = store.sink();
    sink.write(&entries(1, 2)).await.unwrap();
    std::fs::remove_file(store.path()).unwrap();
    let batch = entries(3, 1);
    sink.write(&batch).await.unwrap();
    sink.close().await.unwrap();
    let rows = store.query("SELECT count(*) FROM readings");
    assert_eq!(rows, [expected(&batch).len().to_string()]);
}

/// The type of a descriptor that is in no catalogue widens when something comes that only a text can hold.
#[tokio::test]
async fn numbers_become_texts_where_their_descriptor_turns_out_to_be_text() {
    let store = Store::new();
    let mut sink = store.sink();
    let told = |seq: i64, value: Value, unit| {
        let id = if matches!(value, Value::Bool(_)) {
            "a.b"
        } else {
            "a.n"
        };
        entry_with(seq.unsigned_abs(), vec![reading(id, id, value, unit, NOON + seq)])
    };
    let narrow = [
        told(1, Value::Number(7.0), Some("km")),
        told(2, Value::Number(7.25), Some("mi")),
        told(3, Value::Bool(true), None),
        told(4, Value::Bool(false), None),
    ];
    sink.write(&narrow).await.unwrap();
    let word = |seq: i64, id: &str| {
        let text = reading(id, id, Value::Text("seven".into()), None, NOON + seq);
        entry_with(seq.unsigned_abs(), vec![text])
    };
    let wide = [
        word(5, "a.n"),
        word(6, "a.b"),
        told(7, Value::Text("7".into()), None),
    ];
    assert_eq!(sink.write(&wide).await.unwrap().rejected, []);
    sink.close().await.unwrap();
    let rows = store.query("SELECT descriptor, value, unit FROM readings ORDER BY measured_ms");
    let want = [
        "a.n|7|",
        "a.n|7.25|",
        "a.b|true|",
        "a.b|false|",
        "a.n|seven|",
        "a.b|seven|",
        "a.n|7|",
    ];
    assert_eq!(rows, want);
}

#[cfg(unix)]
#[tokio::test]
async fn others_read_what_they_may() {
    use std::os::unix::fs::PermissionsExt;
    let store = Store::new();
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let close = |path: &Path| {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o640)).unwrap();
    };
    let mut sink = store.sink_that(true);
    sink.write(&entries(1, 1)).await.unwrap();
    let folder = store.folder().join("data");
    assert_eq!(mode(&folder) & 0o055, 0o055);
    for name in files(&folder) {
        assert_eq!(mode(&folder.join(&name)) & 0o044, 0o044, "{name}");
    }
    sink.close().await.unwrap();

    // One that was there before the option was set.
    close(&store.path());
    let mut sink = store.sink();
    sink.write(&entries(2, 1)).await.unwrap();
    assert_eq!(files(&folder).len(), 3, "with what stands beside it");
    for name in files(&folder) {
        assert_eq!(mode(&folder.join(&name)), 0o640, "{name}");
    }
    sink.close().await.unwrap();
    let mut sink = store.sink_that(true);
    sink.write(&entries(3, 1)).await.unwrap();
    for name in files(&folder) {
        assert_eq!(mode(&folder.join(&name)), 0o644, "{name}");
    }
}

#[test]
fn a_network_drive_is_told() {
    let config: SqliteConfig = serde_json::from_value(serde_json::json!({ "path": "cardata.db" })).unwrap();
    let remarks = |network: Option<&str>| {
        let mut context = context();
        context.network = network.map(str::to_owned);
        config.clone().build(context).unwrap().remarks()
    };
    assert_eq!(remarks(None), Vec::<String>::new());
    assert!(remarks(Some("cifs"))[0].contains("network drive (cifs)"));
}

/// As it is behind a commit that failed on a broken disk: the log looks complete, and may be in memory alone.
#[tokio::test]
async fn what_a_log_holds_is_in_the_file_before_anything_counts_as_stored() {
    let (left, store) = (Store::new(), Store::new());
    let mut writing = left.sink();
    writing.write(&entries(1, 1)).await.unwrap();
    writing.close().await.unwrap();
    writing.write(&entries(2, 1)).await.unwrap();
    std::fs::create_dir_all(store.path().parent().unwrap()).unwrap();
    for end in ["", "-wal"] {
        let of = |path: std::path::PathBuf| format!("{}{end}", path.display());
        std::fs::copy(of(left.path()), of(store.path())).unwrap();
    }
    let place = Place {
        path: store.path().into(),
        others_may_read: false,
        rollups: false,
    };
    let mut again = history::Store::open(&place).unwrap();
    again.write(&entries(2, 1)).unwrap();
    let alone = Store::new();
    std::fs::create_dir_all(alone.path().parent().unwrap()).unwrap();
    std::fs::copy(store.path(), alone.path()).unwrap();
    let rows = "SELECT count(*) FROM readings WHERE name = 'soc'";
    assert_eq!(alone.query(rows), left.query(rows));
}
