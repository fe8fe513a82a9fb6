//! A database that is gone, empty, an older copy or another one is told from the one that was written to.

use std::fs;

use collector_core::testkit::entries;
use collector_core::{Held, Sink};

use crate::store::Store;

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
