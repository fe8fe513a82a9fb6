//! Damage inside a gap: what is there is told, and the rest of the gap is not.

use super::folding::damaged;
use super::*;
use crate::JournalError;
use crate::log::deliver::{Acknowledgement, Rejected};
use store::FILE;

fn tamper(state: &Path, sql: &str) {
    let connection = rusqlite::Connection::open(state.join(FILE)).unwrap();
    assert!(connection.execute(sql, []).unwrap() > 0, "{sql}");
}

/// An entry that stays beyond what is forgotten because of its dead letter.
#[tokio::test]
async fn an_entry_is_never_taken_for_another() {
    let state = tempfile::tempdir().unwrap();
    let journal = open(state.path());
    for minute in 0..5 {
        append(&journal, poll(minute, vec![soc(70, minute)])).await;
    }
    journal.cursor("only", 0).await.unwrap();
    let acknowledgement = Acknowledgement {
        last: 5,
        readings: 4,
        rejected: vec![Rejected::entry(2, "no room".to_owned())],
    };
    journal
        .acknowledge("only", time(NOON), acknowledgement)
        .await
        .unwrap();
    let kept = journal.prune(poll(4, vec![]).received_at, vec!["only".to_owned()], u64::MAX);
    assert_eq!(kept.await.unwrap(), 3, "the gap is 1 to 4");
    let reader = reader(&journal);
    let seqs = async |seq| {
        let batch = reader.entry(seq).await.unwrap();
        batch.map(|batch| (batch.entries.iter().map(|entry| entry.seq).collect(), batch.last))
    };
    assert_eq!(seqs(2).await, Some((vec![2], 2)));
    tamper(state.path(), "update log set checksum = null where seq = 2");
    assert_eq!(damaged(state.path()), [(2, 2)]);
    let error = reader.entry(2).await.unwrap_err();
    assert!(matches!(error, JournalError::DamagedEntry(_)), "{error}");
    tamper(state.path(), "delete from log where seq = 2");
    assert_eq!(damaged(state.path()), []);
    assert_eq!((seqs(2).await, seqs(3).await, seqs(6).await), (None, None, None));
    assert_eq!(seqs(5).await, Some((vec![5], 5)));
}

#[tokio::test]
async fn a_block_is_told_as_far_as_one_may_go() {
    let state = tempfile::tempdir().unwrap();
    let journal = open(state.path());
    for minute in 0..20 {
        append(&journal, poll(minute, vec![soc(70, minute)])).await;
    }
    let late = poll(20, vec![]).received_at + crate::log::packed::pack::PATIENCE;
    assert_eq!(journal.pack(late).await.unwrap().entries, 20);
    tamper(state.path(), "insert into gap values (1, 1000000)");
    assert_eq!(damaged(state.path()), []);
    tamper(state.path(), "update packed set content = zeroblob(99)");
    assert_eq!(damaged(state.path()), [(1, 20)]);
    tamper(state.path(), "update packed set last_seq = 900000");
    assert_eq!(damaged(state.path()), [(1, 1_023)]);
}
