//! Calls that were spent before a restore: none of them is forgotten in silence.

use std::path::PathBuf;

use super::*;
use crate::care::backup::backup;
use crate::care::restore::{Restored, restore};
use store::sql::Access;
use store::{Database, FILE, StoreError};

/// Sinks stand for calls: what is to be carried over is the caller's.
fn carry_over(old: &Database, new: &Database) -> Result<(), StoreError> {
    let sinks: Vec<String> = old.all("select sink from cursor", [], |row| row.get(0))?;
    for sink in sinks {
        new.run("insert or ignore into cursor (sink, seq) values (?1, 0)", [sink])?;
    }
    Ok(())
}

/// A backup, and what was spent behind it.
struct Place(tempfile::TempDir);

impl Place {
    async fn new() -> Self {
        let place = Self(tempfile::tempdir().unwrap());
        let source = place.0.path().join("source");
        std::fs::create_dir(&source).unwrap();
        std::fs::create_dir(place.state()).unwrap();
        let journal = open(&source);
        append(&journal, poll(0, vec![soc(70, 0)])).await;
        backup(
            &source,
            &source.join("tokens"),
            &place.backup(),
            time(NOON),
            false,
        )
        .unwrap();
        journal.cursor("spent", 0).await.unwrap();
        journal.store.checkpoint().await;
        // A file that no thread has open any more.
        std::fs::copy(source.join(FILE), place.state().join(FILE)).unwrap();
        place
    }

    fn state(&self) -> PathBuf {
        self.0.path().join("state")
    }

    fn backup(&self) -> PathBuf {
        self.0.path().join("backup")
    }

    fn restore(&self, minute: i64) -> Restored {
        let (state, now) = (self.state(), time(NOON + minute * 60_000));
        restore(
            &self.backup(),
            &state,
            &state.join("tokens"),
            now,
            true,
            carry_over,
        )
        .unwrap()
    }

    fn spent(&self) -> u32 {
        inspect(&self.state(), "select count(*) from cursor where sink = 'spent'")
    }
}

#[tokio::test]
async fn what_was_spent_is_carried_over_and_nothing_is_to_be_told() {
    let place = Place::new().await;
    assert!(!place.restore(0).lacks_calls);
    assert_eq!(place.spent(), 1);
    std::fs::remove_dir_all(place.state()).unwrap();
    std::fs::create_dir(place.state()).unwrap();
    // Another machine, a month later.
    assert!(!place.restore(43_200).lacks_calls);
    assert_eq!(place.spent(), 0);
}

#[tokio::test]
async fn calls_that_cannot_be_read_are_told() {
    let place = Place::new().await;
    let file = place.state().join(FILE);
    let tampered = rusqlite::Connection::open(&file).unwrap();
    tampered.execute("alter table cursor rename to lost", []).unwrap();
    assert!(place.restore(0).lacks_calls, "it can be opened");
    for content in [&b"no database"[..], b""] {
        let place = Place::new().await;
        std::fs::write(place.state().join(FILE), content).unwrap();
        let restored = place.restore(0);
        assert!(restored.lacks_calls && restored.aside.is_some());
    }
}

/// The newest calls may stand in the write-ahead log that was moved aside, while the journal is in its place yet.
#[tokio::test]
async fn what_an_earlier_restore_moved_aside_is_carried_over_too() {
    for beside in [true, false] {
        let place = Place::new().await;
        let name = "before-restore-20260301T115800000Z";
        let aside = match beside {
            true => place.0.path().join(format!("state.{name}")),
            false => place.state().join(name),
        };
        std::fs::create_dir(&aside).unwrap();
        for entry in std::fs::read_dir(place.state()).unwrap().map(Result::unwrap) {
            if entry.file_type().unwrap().is_file() {
                std::fs::rename(entry.path(), aside.join(entry.file_name())).unwrap();
            }
        }
        // So late it counts no more.
        let late = place.restore(3 * 1_440);
        assert_eq!((place.spent(), late.lacks_calls), (0, false));
        assert!(!place.restore(0).lacks_calls);
        assert_eq!(place.spent(), 1);
    }
}
