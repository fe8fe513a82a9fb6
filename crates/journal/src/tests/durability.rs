//! What is answered is on disk, and what fails harms nothing else.

use std::sync::atomic::{AtomicBool, Ordering};

use std::sync::Arc;

use store::StoreError;
use tokio::task::JoinSet;

use super::model::copied;
use super::*;
use crate::JournalError;

#[tokio::test]
async fn what_was_answered_is_on_disk() {
    let state = tempfile::tempdir().unwrap();
    let journal = open(state.path());
    append(&journal, poll(0, vec![soc(70, 0)])).await;
    // Beside the open journal, without any farewell of its own: what a crash would leave.
    assert_eq!(inspect::<u32>(state.path(), "select count(*) from log"), 1);
    let copy = copied(state.path());
    let recovered = open(copy.path());
    assert_eq!(numbers(&read_all(&recovered, 0, 10).await), [70.0]);
    assert_eq!(inspect::<String>(copy.path(), "pragma integrity_check"), "ok");
    assert_eq!(append(&recovered, poll(1, vec![soc(70, 0)])).await.repeats, 1);
}

#[tokio::test]
async fn the_database_is_in_wal_mode_and_sound_after_use() {
    let state = tempfile::tempdir().unwrap();
    let journal = open(state.path());
    let synchronous = journal.transact(|connection, _| {
        Ok(connection.query_row("pragma synchronous", [], |row| row.get::<_, u32>(0))?)
    });
    assert_eq!(synchronous.await.unwrap(), 2, "full");
    append(&journal, poll(0, vec![soc(70, 0)])).await;
    drop(journal);
    assert_eq!(inspect::<String>(state.path(), "pragma journal_mode"), "wal");
    assert_eq!(inspect::<String>(state.path(), "pragma integrity_check"), "ok");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn appends_at_the_same_time_all_land_once() {
    let state = tempfile::tempdir().unwrap();
    let journal = open(state.path());
    let mut tasks = JoinSet::new();
    for minute in 0..200 {
        let journal = journal.clone();
        tasks.spawn(async move { append(&journal, poll(minute, vec![soc(70, minute)])).await });
    }
    let mut seqs: Vec<_> = tasks
        .join_all()
        .await
        .iter()
        .filter_map(|appended| appended.seq)
        .collect();
    seqs.sort_unstable();
    assert_eq!(seqs, (1..=200).collect::<Vec<u64>>());
    assert_eq!(*journal.newest().borrow(), 200);
    drop(journal);
    assert_eq!(read_all(&open(state.path()), 0, 17).await.len(), 200);
}

/// Keeps the writing thread busy until `gate` is opened, so that what is sent meanwhile shares a transaction.
pub async fn held(journal: &Journal, gate: std::sync::mpsc::Receiver<()>) -> tokio::task::JoinHandle<()> {
    let journal = journal.clone();
    let task = tokio::spawn(async move {
        let waited = journal.transact(move |_, _| {
            gate.recv().unwrap();
            Ok(())
        });
        waited.await.unwrap();
    });
    // It runs now and sends its job.
    tokio::task::yield_now().await;
    task
}

#[tokio::test]
async fn a_job_that_fails_takes_nothing_else_of_its_group_with_it() {
    let state = tempfile::tempdir().unwrap();
    let journal = open(state.path());
    let (open_gate, gate) = std::sync::mpsc::channel();
    let first = held(&journal, gate).await;
    let reached = Arc::new(AtomicBool::new(false));
    let seen = reached.clone();
    let failing = journal.transact(move |connection, _| {
        connection.execute("insert into meta (key, value) values ('half', 'done')", [])?;
        seen.store(true, Ordering::SeqCst);
        connection.execute("insert into nowhere values (1)", [])?;
        Ok(())
    });
    let odd = raw("vehicle.new", r#"{"value":"7"}"#);
    let (before, failed, after, ()) = tokio::join!(
        append(&journal, poll(0, vec![soc(70, 0), odd])),
        failing,
        append(
            &journal,
            poll(
                1,
                vec![soc(70, 0), soc(71, 1), raw("vehicle.new", r#"{"value":"8"}"#)]
            )
        ),
        async {
            // Everything above is in the queue by now: this part of the join runs after them.
            open_gate.send(()).unwrap();
        }
    );
    first.await.unwrap();
    assert!(reached.load(Ordering::SeqCst));
    assert!(
        matches!(failed, Err(JournalError::Store(StoreError::Lacking(_)))),
        "{failed:?}"
    );
    assert_eq!((before.seq, before.new), (Some(1), 2));
    assert_eq!((after.seq, after.new, after.repeats), (Some(2), 2, 1));
    assert_eq!(
        inspect::<u32>(state.path(), "select count(*) from meta where key = 'half'"),
        0
    );
    assert_eq!(numbers(&read_all(&journal, 0, 10).await), [70.0, 7.0, 71.0, 8.0]);
}

#[tokio::test]
async fn an_append_whose_caller_went_away_is_still_whole() {
    let state = tempfile::tempdir().unwrap();
    let journal = open(state.path());
    let (open_gate, gate) = std::sync::mpsc::channel();
    let first = held(&journal, gate).await;
    {
        let mut abandoned = Box::pin(append(&journal, poll(0, vec![soc(70, 0)])));
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        assert!(abandoned.as_mut().poll(&mut context).is_pending());
    }
    open_gate.send(()).unwrap();
    first.await.unwrap();
    assert_eq!(append(&journal, poll(1, vec![soc(70, 0)])).await.repeats, 1);
    assert_eq!(numbers(&read_all(&journal, 0, 10).await), [70.0]);
}

#[tokio::test]
async fn a_full_disk_is_told_and_passes() {
    let state = tempfile::tempdir().unwrap();
    let journal = open(state.path());
    append(&journal, poll(0, vec![soc(70, 0)])).await;
    let limit = |pages: &'static str| {
        journal.transact(move |connection, _| {
            let query = format!("pragma max_page_count = {pages}");
            Ok(connection.query_row(&query, [], |_| Ok(()))?)
        })
    };
    limit("1").await.unwrap();
    let large = format!(r#"{{"value":"{}"}}"#, "x".repeat(200_000));
    let snapshot: Arc<[_]> = [poll(1, vec![soc(71, 1), raw("vehicle.new", &large)])].into();
    let store = || journal.append("home".into(), "telematics".into(), snapshot.clone());
    let error = store().await.unwrap_err();
    assert!(
        matches!(error, JournalError::Store(StoreError::Full(_))),
        "{error:?}"
    );
    assert_eq!(*journal.newest().borrow(), 1);
    limit("1000000").await.unwrap();
    assert_eq!(store().await.unwrap()[0].new, 2);
    assert_eq!(read_all(&journal, 0, 10).await.len(), 2);
    assert_eq!(inspect::<String>(state.path(), "pragma integrity_check"), "ok");
}

#[tokio::test]
async fn a_status_can_be_read_while_a_write_is_under_way() {
    let state = tempfile::tempdir().unwrap();
    let journal = open(state.path());
    append(&journal, poll(0, vec![soc(70, 0)])).await;
    let overview = crate::log::overview::Overview::open(state.path())
        .unwrap()
        .unwrap();
    let (open_gate, gate) = std::sync::mpsc::channel();
    let writing = held(&journal, gate).await;
    assert_eq!(overview.log().unwrap().snapshots, 1);
    open_gate.send(()).unwrap();
    writing.await.unwrap();
    drop(journal);
    assert!(
        crate::log::overview::Overview::open(&state.path().join("none"))
            .unwrap()
            .is_none()
    );
}
