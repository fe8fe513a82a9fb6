//! What waits in memory: whatever ends it, memory and tables are what the entries say.

use std::sync::Arc;

use store::StoreError;

use super::durability::held;
use super::model::copied;
use super::*;
use crate::JournalError;
use crate::log::deliver::Acknowledgement;
use crate::log::scan::Scan;

/// A message of the first vehicle.
pub fn message(minute: i64, readings: Vec<RawReading>) -> RawSnapshot {
    RawSnapshot {
        origin: Origin::Stream,
        requested_at: None,
        ..poll(minute, readings)
    }
}

/// What another look at everything that is derived would find, before and after it is written: readings of the log and of
/// the sums, rows of `seen`, and the newest state of charge.
async fn derived(journal: &Journal) -> (u64, u64, u32, Option<String>) {
    journal.flush().await.unwrap();
    let overview = journal.overview().unwrap();
    let arrived = overview.arrivals().unwrap();
    let latest = reader(journal).latest().await.unwrap();
    let newest = latest
        .first()
        .map(|snapshot| snapshot.readings[0].value.to_string());
    let state = journal.path().parent().unwrap();
    (
        overview.log().unwrap().readings,
        arrived.iter().map(|arrivals| arrivals.readings).sum(),
        inspect(state, "select count(*) from seen"),
        newest,
    )
}

async fn acknowledge(journal: &Journal, last: u64) {
    let acknowledgement = Acknowledgement {
        last,
        readings: 1,
        ..Acknowledgement::default()
    };
    journal
        .acknowledge("sink", time(NOON), acknowledgement)
        .await
        .unwrap();
}

#[tokio::test]
async fn a_commit_of_a_message_writes_the_page_that_it_stands_in() {
    let state = tempfile::tempdir().unwrap();
    let journal = open(state.path());
    append(&journal, message(0, vec![soc(0, 0)])).await;
    journal.flush().await.unwrap();
    let log = state.path().join("journal.db-wal");
    let size = || std::fs::metadata(&log).unwrap().len();
    let before = size();
    for minute in 1..41 {
        append(&journal, message(minute, vec![soc(0, minute)])).await;
        acknowledge(&journal, u64::try_from(minute).unwrap()).await;
    }
    let pages = (size() - before) / (1_024 + 24);
    // About five entries stand on one page; a new one is entered in the page above it and in the file's first.
    assert!((40..80).contains(&pages), "{pages} pages");
    journal.flush().await.unwrap();
    let flushed = size();
    journal.flush().await.unwrap();
    assert_eq!(size(), flushed, "nothing waited");
}

#[tokio::test]
async fn a_job_that_panics_leaves_memory_as_the_tables_are() {
    let state = tempfile::tempdir().unwrap();
    let journal = open(state.path());
    append(&journal, message(0, vec![soc(70, 0)])).await;
    let inner = journal.clone();
    let broken = journal.store.transact::<(), StoreError, _>(move |tx| {
        let snapshots = [message(1, vec![soc(71, 1)])];
        let appended = inner.append_within(tx, "home", "telematics", &snapshots);
        panic!("in mid-job, behind {appended:?}");
    });
    let error = broken.await.unwrap_err();
    assert!(matches!(error, StoreError::Bug), "{error:?}");
    let next = append(&journal, message(2, vec![soc(70, 0), soc(71, 1)])).await;
    assert_eq!((next.seq, next.new, next.repeats), (Some(2), 1, 1));
    assert_eq!(derived(&journal).await, (2, 2, 2, Some("71".to_owned())));
}

#[tokio::test]
async fn a_commit_that_fails_takes_back_what_memory_had() {
    let state = tempfile::tempdir().unwrap();
    let journal = open(state.path());
    append(&journal, message(0, vec![soc(70, 0)])).await;
    let (open_gate, gate) = std::sync::mpsc::channel();
    let first = held(&journal, gate).await;
    let orphan = journal.store.transact(|tx| {
        let connection = store::sql::Access::connection(tx);
        connection.pragma_update(None, "defer_foreign_keys", true)?;
        connection.execute("insert into series (vehicle_id, descriptor) values (99, 'x')", [])?;
        Ok::<_, StoreError>(())
    });
    let lost = journal.append(
        "home".into(),
        "telematics".into(),
        [message(1, vec![soc(71, 1)])].into(),
    );
    let (lost, orphan, ()) = tokio::join!(lost, orphan, async {
        open_gate.send(()).unwrap();
    });
    // All that shared the transaction failed with it.
    assert!(lost.is_err() && orphan.is_err());
    assert!(first.await.is_err());
    assert_eq!(*journal.newest().borrow(), 1);
    let next = append(&journal, message(2, vec![soc(70, 0), soc(71, 1)])).await;
    assert_eq!((next.seq, next.new, next.repeats), (Some(2), 1, 1));
    assert_eq!(derived(&journal).await, (2, 2, 2, Some("71".to_owned())));
}

#[tokio::test]
async fn a_disk_that_is_full_when_all_is_written_loses_nothing() {
    let state = tempfile::tempdir().unwrap();
    let journal = open(state.path());
    journal.cursor("sink", 0).await.unwrap();
    append(&journal, message(0, vec![soc(70, 0)])).await;
    // What waits needs more pages than there are.
    let readings = (0..400).map(|minute| soc(71, minute)).collect::<Vec<_>>();
    append(&journal, message(1, readings.clone())).await;
    acknowledge(&journal, 1).await;
    let limit = |pages: &'static str| {
        journal.store.transact(move |tx| {
            let query = format!("pragma max_page_count = {pages}");
            let connection = store::sql::Access::connection(tx);
            Ok::<_, StoreError>(connection.query_row(&query, [], |_| Ok(()))?)
        })
    };
    limit("1").await.unwrap();
    for _ in 0..2 {
        let full = journal.flush().await.unwrap_err();
        assert!(
            matches!(full, JournalError::Store(StoreError::Full(_))),
            "{full:?}"
        );
    }
    let killed = copied(state.path());
    let killed = open(killed.path());
    assert_eq!(
        killed.cursor("sink", 9).await.unwrap(),
        0,
        "it is given that again"
    );
    limit("1000000").await.unwrap();
    assert_eq!(journal.cursor("sink", 9).await.unwrap(), 1);
    assert_eq!(
        inspect::<u32>(state.path(), "select delivered_readings from cursor"),
        1
    );
    for journal in [&journal, &killed] {
        assert_eq!(derived(journal).await, (401, 401, 401, Some("71".to_owned())));
        let again = append(journal, message(2, readings.clone())).await;
        assert_eq!((again.new, again.repeats), (0, 400));
    }
}

#[tokio::test]
async fn two_that_have_the_file_open_count_nothing_twice() {
    let state = tempfile::tempdir().unwrap();
    let (one, other) = (open(state.path()), open(state.path()));
    append(&one, message(0, vec![soc(70, 0)])).await;
    // It finds what waits in the log and writes it, as another program does that only asks for a replay.
    other.flush().await.unwrap();
    append(&one, message(1, vec![soc(71, 1)])).await;
    assert_eq!(derived(&one).await, (2, 2, 2, Some("71".to_owned())));
}

#[tokio::test]
async fn what_another_has_folded_meanwhile_is_one_value_of_its_moment() {
    let state = tempfile::tempdir().unwrap();
    let (one, other) = (open(state.path()), open(state.path()));
    append(&one, message(0, vec![soc(70, 0)])).await;
    other.flush().await.unwrap();
    append(&one, message(1, vec![soc(71, 0)])).await;
    let entries = read_all(&one, 0, 10).await;
    assert_eq!(entries[1].readings()[0].occurrence, 1);
}

#[tokio::test]
async fn more_than_some_thousand_readings_do_not_wait() {
    let state = tempfile::tempdir().unwrap();
    let journal = open(state.path());
    let readings = (0..5_000).map(|minute| soc(70, minute)).collect();
    append(&journal, message(0, readings)).await;
    assert_eq!(inspect::<u32>(state.path(), "select count(*) from seen"), 5_000);
    assert_eq!(
        derived(&journal).await,
        (5_000, 5_000, 5_000, Some("70".to_owned()))
    );
}

#[tokio::test]
async fn a_clean_end_writes_what_waits() {
    let state = tempfile::tempdir().unwrap();
    let journal = open(state.path());
    let snapshots: Arc<[_]> = [message(0, vec![soc(70, 0)])].into();
    let appended = journal.append("home".into(), "telematics".into(), snapshots);
    assert_eq!(appended.await.unwrap()[0].new, 1);
    let (told, end) = std::sync::mpsc::channel();
    // Jobs for the end run in their order.
    journal.store.at_end(move |_| {
        told.send(()).unwrap();
        Ok::<_, StoreError>(())
    });
    drop(journal);
    tokio::task::spawn_blocking(move || end.recv().unwrap())
        .await
        .unwrap();
    let folded: String = inspect(state.path(), "select value from meta where key = 'folded'");
    assert_eq!(folded, "1");
}

/// The numbers that are told as damaged, first and last of each.
pub fn damaged(state: &Path) -> Vec<(u64, u64)> {
    let mut scan = Scan::open(&state.join(store::FILE)).unwrap();
    let stretch = scan.stretch(0, 1_000).unwrap().unwrap();
    let ranges = stretch.damaged.iter().map(|damage| (damage.first, damage.last));
    ranges.collect()
}

/// Changes the file behind the journal's back.
fn tamper(state: &Path, sql: &str) {
    let connection = rusqlite::Connection::open(state.join(store::FILE)).unwrap();
    connection.pragma_update(None, "foreign_keys", false).unwrap();
    assert_eq!(connection.execute(sql, []).unwrap(), 1, "{sql}");
}

#[tokio::test]
async fn an_entry_that_cannot_be_believed_is_not_folded() {
    for damage in [
        "vehicle_id = 0",
        "feed_id = 99",
        "payload = replace(payload, '2026', '2025')",
        "payload = replace(payload, '2026', '2096')",
        "received_at = received_at + 1",
    ] {
        let state = tempfile::tempdir().unwrap();
        let journal = open(state.path());
        append(&journal, message(0, vec![soc(70, 0)])).await;
        append(&journal, message(1, vec![soc(71, 1)])).await;
        let killed = copied(state.path());
        tamper(killed.path(), &format!("update log set {damage} where seq = 2"));
        let journal = open(killed.path());
        let next = append(&journal, message(2, vec![soc(70, 0), soc(72, 2)])).await;
        assert_eq!((next.seq, next.new, next.repeats), (Some(3), 1, 1), "{damage}");
        assert_eq!(
            derived(&journal).await,
            (2, 2, 2, Some("72".to_owned())),
            "{damage}"
        );
        assert_eq!(damaged(killed.path()), [(2, 2)], "{damage}");
    }
}

#[tokio::test]
async fn entries_behind_a_page_that_cannot_be_read_are_shown() {
    let state = tempfile::tempdir().unwrap();
    let journal = open(state.path());
    for minute in 0..40 {
        let value = u32::try_from(minute).unwrap();
        append(&journal, message(minute, vec![soc(value, minute)])).await;
    }
    let killed = copied(state.path());
    let file = killed.path().join(store::FILE);
    let connection = rusqlite::Connection::open(&file).unwrap();
    let written = "pragma wal_checkpoint(truncate)";
    connection.query_row(written, [], |_| Ok(())).unwrap();
    drop(connection);
    let mut bytes = std::fs::read(&file).unwrap();
    let stamp = b"T12:20:00.000Z";
    let place = bytes.windows(stamp.len()).position(|found| found == stamp);
    let page = place.unwrap() / 1_024 * 1_024;
    bytes[page..page + 1_024].fill(0xff);
    std::fs::write(&file, bytes).unwrap();
    let lost = damaged(killed.path());
    assert!(matches!(lost[..], [(2..=21, 21..=30)]), "{lost:?}");
    let journal = open(killed.path());
    let latest = reader(&journal).latest().await.unwrap();
    assert_eq!(latest[0].readings[0].value.to_string(), "39");
}

#[tokio::test]
async fn where_nobody_can_tell_what_is_folded_nothing_is_folded_twice() {
    for damage in [
        "update meta set value = 'c2' where key = 'folded'",
        "update meta set value = '02' where key = 'folded'",
        "delete from meta where key = 'folded'",
    ] {
        let state = tempfile::tempdir().unwrap();
        let journal = open(state.path());
        append(&journal, message(0, vec![soc(70, 0)])).await;
        append(&journal, message(1, vec![soc(71, 1)])).await;
        journal.flush().await.unwrap();
        append(&journal, message(2, vec![soc(72, 2)])).await;
        tamper(state.path(), damage);
        // Who runs knows what it has folded.
        let three = (3, 3, 3, Some("72".to_owned()));
        assert_eq!(derived(&journal).await, three, "{damage}");
        tamper(state.path(), damage);
        let other = open(state.path());
        append(&other, message(3, vec![soc(73, 3)])).await;
        let four = (4, 4, 4, Some("73".to_owned()));
        for _ in 0..2 {
            assert_eq!(derived(&other).await, four, "{damage}");
        }
        let folded = "select value from meta where key = 'folded'";
        assert_eq!(inspect::<String>(state.path(), folded), "4", "{damage}");
    }
}
