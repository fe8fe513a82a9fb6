//! A database that is gone, empty, an older copy or another one is told from the one that was written to.

use std::fs;

use collector_core::testkit::entries;
use collector_core::{Held, Sink};

use crate::store::Store;

/// What any program may ask for that has the database open.
const CHECKPOINT: &str = "PRAGMA wal_checkpoint(TRUNCATE)";

/// Writes so many entries, from `first` on, in a run of the program.
async fn run(store: &Store, first: u64, count: u64) {
    let mut sink = store.sink();
    sink.write(&entries(first, count)).await.unwrap();
    sink.close().await.unwrap();
}

async fn held(sink: &mut Box<dyn Sink>) -> Held {
    sink.held().await.unwrap()
}

#[tokio::test]
async fn a_database_that_is_gone_or_empty_holds_nothing() {
    let store = Store::new();
    assert_eq!(held(&mut store.sink()).await, Held::Nothing);
    run(&store, 1, 3).await;
    assert_eq!(held(&mut store.sink()).await, Held::UpTo(3));
    let mut sink = store.sink();
    sink.write(&entries(4, 1)).await.unwrap();
    assert_eq!(held(&mut sink).await, Held::UpTo(4));
    fs::remove_file(store.path()).unwrap();
    assert_eq!(held(&mut sink).await, Held::Nothing);
    sink.write(&entries(5, 1)).await.unwrap();
    assert_eq!(held(&mut sink).await, Held::UpTo(5));
    assert_eq!(
        store.query("SELECT count(*) FROM readings WHERE name = 'soc'"),
        ["1"]
    );
    sink.close().await.unwrap();
    assert_eq!(held(&mut sink).await, Held::UpTo(5), "as the file says");

    let another = Store::new();
    another.sink().write(&[]).await.unwrap();
    fs::remove_file(store.path()).unwrap();
    let into = format!("VACUUM INTO '{}'", store.path().display());
    another.reader().execute_batch(&into).unwrap();
    assert_eq!(held(&mut store.sink()).await, Held::Nothing, "another one");
    fs::write(store.path(), "").unwrap();
    assert_eq!(held(&mut store.sink()).await, Held::Nothing, "no bytes");
}

#[tokio::test]
async fn a_copy_holds_what_it_held_when_it_was_made() {
    let store = Store::new();
    let copy = store.folder().join("copy.db");
    run(&store, 1, 3).await;
    fs::copy(store.path(), &copy).unwrap();
    run(&store, 4, 2).await;
    assert_eq!(held(&mut store.sink()).await, Held::UpTo(5));
    fs::rename(&copy, store.path()).unwrap();
    assert_eq!(held(&mut store.sink()).await, Held::UpTo(3));

    // A copy of all, made by SQLite, and the folder under another name and back.
    let all = format!("VACUUM INTO '{}'", copy.display());
    store.reader().execute_batch(&all).unwrap();
    fs::rename(&copy, store.path()).unwrap();
    assert_eq!(held(&mut store.sink()).await, Held::UpTo(3));
    let (folder, aside) = (store.folder().join("data"), store.folder().join("aside"));
    let mut sink = store.sink();
    sink.write(&entries(4, 1)).await.unwrap();
    fs::rename(&folder, &aside).unwrap();
    fs::rename(&aside, &folder).unwrap();
    assert_eq!(held(&mut sink).await, Held::UpTo(4));

    // One that another journal filled.
    let another = Store::new();
    run(&another, 1, 9).await;
    let of_another = rusqlite::Connection::open(another.path()).unwrap();
    of_another
        .execute("UPDATE mark SET journal = 'another'", [])
        .unwrap();
    drop(of_another);
    fs::rename(another.path(), store.path()).unwrap();
    assert_eq!(held(&mut store.sink()).await, Held::UpTo(0));
}

#[cfg(unix)]
#[tokio::test]
async fn a_file_that_is_put_in_its_place_meanwhile_is_written_to_as_it_is() {
    for (is_whole, expected) in [(false, 3), (true, 5)] {
        let store = Store::new();
        let copy = store.folder().join("copy.db");
        run(&store, 1, 3).await;
        let mut sink = store.sink();
        if !is_whole {
            fs::copy(store.path(), &copy).unwrap();
        }
        sink.write(&entries(4, 2)).await.unwrap();
        if is_whole {
            let into = format!("VACUUM INTO '{}'", copy.display());
            store.reader().execute_batch(&into).unwrap();
        }
        assert_eq!(held(&mut sink).await, Held::UpTo(5));
        fs::rename(&copy, store.path()).unwrap();
        assert_eq!(held(&mut sink).await, Held::UpTo(expected));

        // The log of the old one stood beside it, and nothing of that is read into it.
        sink.write(&entries(6, 1)).await.unwrap();
        assert_eq!(held(&mut sink).await, Held::UpTo(6));
        sink.close().await.unwrap();
        let rows = store.query("SELECT count(*) FROM readings WHERE name = 'soc'");
        assert_eq!(rows, [if is_whole { "6" } else { "4" }]);
        assert_eq!(store.query("PRAGMA integrity_check"), ["ok"]);
    }
}

/// As `cp` does it, under the program's feet. SQLite itself would go on with the log of the old file and damage the copy.
#[tokio::test]
async fn a_copy_over_the_file_is_found_and_left_whole() {
    let store = Store::new();
    let copy = store.folder().join("copy.db");
    run(&store, 1, 3).await;
    fs::copy(store.path(), &copy).unwrap();
    let mut sink = store.sink();
    sink.write(&entries(4, 400)).await.unwrap();
    let another = rusqlite::Connection::open(store.path()).unwrap();
    another.execute_batch(CHECKPOINT).unwrap();
    drop(another);
    // Behind the checkpoint the file is longer than the copy, and what comes stands in the log.
    sink.write(&entries(404, 400)).await.unwrap();
    assert_eq!(held(&mut sink).await, Held::UpTo(803));
    let length = |path: &std::path::Path| fs::metadata(path).unwrap().len();
    assert!(length(&store.path()) > length(&copy));
    fs::copy(&copy, store.path()).unwrap();
    assert_eq!(held(&mut sink).await, Held::UpTo(3));
    sink.write(&entries(6_000, 1)).await.unwrap();
    sink.close().await.unwrap();
    assert_eq!(
        store.query("SELECT count(*) FROM readings WHERE name = 'soc'"),
        ["4"]
    );
    assert_eq!(store.query("PRAGMA integrity_check"), ["ok"]);
}

#[tokio::test]
async fn who_tidies_the_file_up_has_not_replaced_it() {
    let store = Store::new();
    let mut sink = store.sink();
    sink.write(&entries(1, 400)).await.unwrap();
    let another = rusqlite::Connection::open(store.path()).unwrap();
    another.execute_batch(CHECKPOINT).unwrap();
    sink.write(&entries(401, 1)).await.unwrap();
    let before = fs::metadata(store.path()).unwrap().len();
    let tidy = format!("DELETE FROM recent WHERE measured_at % 7 > 0; VACUUM; {CHECKPOINT}");
    another.execute_batch(&tidy).unwrap();
    assert!(fs::metadata(store.path()).unwrap().len() < before);
    assert_eq!(held(&mut sink).await, Held::UpTo(401));
    sink.write(&entries(402, 1)).await.unwrap();
    assert_eq!(held(&mut sink).await, Held::UpTo(402));
    another.execute_batch(CHECKPOINT).unwrap();
    assert_eq!(held(&mut sink).await, Held::UpTo(402));
    sink.close().await.unwrap();
    assert_eq!(store.query("PRAGMA integrity_check"), ["ok"]);
}
