//! An import into the damaged journal that its lines are of.

use rusqlite::Connection;

use super::folding::damaged;
use super::moving::{exported, import, without_numbers};
use super::unreadable::{overwrite, root_of};
use super::*;
use crate::care::export::{Wanted, export};
use crate::log::scan::Scan;
use store::FILE;

/// A journal of so many polls that is closed, all of it in the file; and its lines.
async fn closed(polls: u32) -> (tempfile::TempDir, String) {
    let state = tempfile::tempdir().unwrap();
    let journal = open(state.path());
    for minute in 0..polls {
        append(&journal, poll(minute.into(), vec![soc(minute, minute.into())])).await;
    }
    journal.flush().await.unwrap();
    journal.store.checkpoint().await;
    let copy = tempfile::tempdir().unwrap();
    std::fs::copy(state.path().join(FILE), copy.path().join(FILE)).unwrap();
    (copy, exported(state.path()))
}

fn tamper(state: &Path, sql: &str) {
    let connection = Connection::open(state.join(FILE)).unwrap();
    connection.execute_batch(sql).unwrap();
}

/// The page that holds this text and no other page does.
fn overwrite_page(state: &Path, text: &str) {
    let file = state.join(FILE);
    let mut bytes = std::fs::read(&file).unwrap();
    let mut places = bytes.windows(text.len()).enumerate();
    let place = places.find(|(_, found)| *found == text.as_bytes()).unwrap().0;
    assert!(places.all(|(other, found)| found != text.as_bytes() || other / 1_024 == place / 1_024));
    let page = place / 1_024 * 1_024;
    bytes[page..page + 1_024].fill(0);
    std::fs::write(&file, bytes).unwrap();
}

/// What can be read of a journal that is damaged.
fn saved(state: &Path) -> String {
    let mut lines = Vec::new();
    export(state, &Wanted::default(), time(NOON), &mut lines, |_| (), |_| ()).unwrap();
    String::from_utf8(lines).unwrap()
}

#[tokio::test]
async fn rows_that_are_damaged_in_any_way_get_their_places_back() {
    let to_strict = "update sqlite_schema set sql = sql || ' strict' where name = 'log'";
    let (state, lines) = closed(12).await;
    tamper(
        state.path(),
        &format!(
            "pragma foreign_keys = off;
             update log set payload = replace(payload, 'value', 'other') where seq = 2;
             update log set checksum = checksum + 1 where seq = 3;
             update log set checksum = null, feed_id = 77 where seq = 4;
             delete from log where seq = 5;
             pragma writable_schema = on;
             update sqlite_schema set sql = replace(sql, ') strict', ')') where name = 'log';
             pragma writable_schema = reset;
             update log set received_at = 'noon' where seq = 6;
             update log set vehicle_id = x'00' where seq = 7;
             update log set payload = x'ff00', readings = 0.5 where seq = 8;
             pragma writable_schema = on;
             {to_strict};
             pragma writable_schema = reset;"
        ),
    );
    let journal = open(state.path());
    let (summary, bad) = import(&journal, lines.as_bytes()).await.unwrap();
    assert_eq!(
        (summary.mended, summary.entries, summary.known, bad.len()),
        (7, 7, 5, 0)
    );
    assert_eq!(exported(state.path()), lines);
    let overview = journal.overview().unwrap();
    assert_eq!(
        (
            overview.log().unwrap().snapshots,
            overview.log().unwrap().readings
        ),
        (12, 12)
    );
    let (summary, _) = import(&journal, lines.as_bytes()).await.unwrap();
    assert_eq!((summary.entries, summary.known), (0, 12));
}

/// Nothing can be written to the page, so its entries get numbers behind the newest.
#[tokio::test]
async fn entries_of_a_page_that_cannot_be_read_come_back_as_new_ones() {
    let (state, lines) = closed(60).await;
    overwrite_page(state.path(), "T12:30:00.000Z");
    let journal = open(state.path());
    let lost = damaged(state.path());
    let (summary, bad) = import(&journal, lines.as_bytes()).await.unwrap();
    let count: u64 = lost.iter().map(|(first, last)| last - first + 1).sum();
    assert!(count > 1, "{lost:?}");
    assert_eq!(
        (summary.mended, summary.entries, summary.known, bad.len()),
        (0, count, 60 - count, 0)
    );
    let sorted = |text: &str| {
        let mut lines = without_numbers(text);
        lines.sort_by_key(|line| line["received_at"].to_string());
        lines
    };
    assert_eq!(sorted(&saved(state.path())), sorted(&lines));
    let newest = (60 + count, *journal.newest().borrow());
    assert_eq!(newest.0, newest.1, "every sink is given them");
    let (summary, _) = import(&journal, lines.as_bytes()).await.unwrap();
    assert_eq!((summary.entries, summary.known), (0, 60));
}

#[tokio::test]
async fn a_packed_page_that_cannot_be_read_is_in_nobodys_way() {
    let (state, lines) = closed(600).await;
    let journal = open(state.path());
    let late = poll(600, vec![]).received_at + crate::log::packed::pack::PATIENCE;
    assert_eq!(journal.pack(late).await.unwrap().entries, 600);
    journal.store.checkpoint().await;
    drop(journal);
    tamper(state.path(), "vacuum; pragma wal_checkpoint(truncate)");
    // The second page of the content.
    let root: usize = inspect(
        state.path(),
        "select rootpage from sqlite_schema where name = 'packed'",
    );
    let file = state.path().join(FILE);
    let mut bytes = std::fs::read(&file).unwrap();
    let content: Vec<u8> = inspect(state.path(), "select content from packed");
    let tail = &content[content.len() - 64..];
    let end = bytes.windows(64).position(|found| found == tail).unwrap();
    let page = (end / 1_024) * 1_024;
    assert_ne!(page / 1_024 + 1, root);
    bytes[page..page + 1_024].fill(0xff);
    std::fs::write(&file, bytes).unwrap();
    let journal = open(state.path());
    let (summary, _) = import(&journal, lines.as_bytes()).await.unwrap();
    assert_eq!((summary.mended, summary.entries), (600, 600));
    assert_eq!(exported(state.path()), lines);
}

/// Of those that came together one is damaged. Its line is not taken for that of another.
#[tokio::test]
async fn of_messages_of_one_moment_the_damaged_one_comes_back() {
    let state = tempfile::tempdir().unwrap();
    let journal = open(state.path());
    let together = (0..3).map(|minute| RawSnapshot {
        origin: Origin::Stream,
        requested_at: None,
        ..poll(0, vec![soc(70, minute)])
    });
    let appended = journal.append("home".into(), "stream".into(), together.collect());
    assert_eq!(appended.await.unwrap()[2].seq, Some(3));
    let lines = exported(state.path());
    tamper(state.path(), "update log set checksum = null where seq = 2");
    let (summary, _) = import(&journal, lines.as_bytes()).await.unwrap();
    assert_eq!((summary.mended, summary.known), (1, 2));
    assert_eq!(exported(state.path()), lines);
}

#[tokio::test]
async fn a_stretch_ends_with_its_bytes_too() {
    let (state, _) = closed(30).await;
    let mut scan = Scan::open(&state.path().join(FILE)).unwrap();
    let whole = scan.stretch(0, 5_000).unwrap().unwrap();
    let length = whole.entries[0].payload.len();
    assert_eq!((whole.entries.len(), whole.last), (30, 30));
    for (bytes, entries) in [(1, 1), (length, 1), (length + 1, 2), (4 * length, 4)] {
        scan.bytes = bytes;
        let stretch = scan.stretch(3, 5_000).unwrap().unwrap();
        assert_eq!(stretch.entries.len(), entries, "{bytes} bytes");
        assert_eq!(stretch.last, 3 + entries as u64);
    }
    let journal = open(state.path());
    let late = poll(30, vec![]).received_at + crate::log::packed::pack::PATIENCE;
    assert_eq!(journal.pack(late).await.unwrap().entries, 30);
    assert_eq!(
        scan.stretch(3, 5_000).unwrap().unwrap().last,
        7,
        "of a block no more"
    );
}

#[tokio::test]
async fn gaps_and_blocks_that_cannot_be_read_are_in_nobodys_way() {
    for table in ["gap", "packed"] {
        let (state, lines) = closed(12).await;
        tamper(state.path(), "update log set checksum = null where seq = 3");
        overwrite(state.path(), root_of(state.path(), table), 0xff);
        let journal = open(state.path());
        let (summary, _) = import(&journal, lines.as_bytes()).await.unwrap();
        assert_eq!((summary.mended, summary.known), (1, 11), "{table}");
        assert_eq!(exported(state.path()), lines);
    }
}

/// One journal went on in two places: two entries have the number 3. Whichever comes first keeps it.
#[tokio::test]
async fn lines_of_clones_take_no_number_of_each_other() {
    for (lost, origin) in [
        ("insert into gap values (3, 9)", Origin::Poll),
        ("insert into gap values (3, 9)", Origin::Stream),
        ("update meta set value = '3' where key = 'folded'", Origin::Poll),
        ("update meta set value = '3' where key = 'folded'", Origin::Stream),
    ] {
        let (state, mut lines) = closed(2).await;
        for minute in [2, 3] {
            let clone = tempfile::tempdir().unwrap();
            std::fs::copy(state.path().join(FILE), clone.path().join(FILE)).unwrap();
            let message = RawSnapshot {
                origin,
                ..poll(minute.into(), vec![soc(minute, minute.into())])
            };
            assert_eq!(append(&open(clone.path()), message).await.seq, Some(3));
            let more = exported(clone.path());
            // The second time it is here already.
            for line in [more.lines().last().unwrap(); 2] {
                lines.extend([line, "\n"]);
            }
        }
        tamper(state.path(), lost);
        let journal = open(state.path());
        let (summary, _) = import(&journal, lines.as_bytes()).await.unwrap();
        assert_eq!(
            (summary.mended, summary.entries, summary.known),
            (1, 2, 4),
            "{lost}"
        );
        let entries = read_all(&journal, 2, 10).await;
        assert_eq!(numbers(&entries), [2.0, 3.0]);
        assert_eq!(entries[0].seq, 3);
        let (summary, _) = import(&journal, lines.as_bytes()).await.unwrap();
        assert_eq!((summary.entries, summary.known), (0, 6));
    }
}
