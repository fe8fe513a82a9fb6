//! Forgetting what is old and delivered, and nothing else.

use super::*;
use crate::log::deliver::Acknowledgement;

async fn acknowledge(journal: &Journal, sink: &str, last: u64) {
    journal.cursor(sink, 0).await.unwrap();
    let acknowledgement = Acknowledgement {
        last,
        ..Acknowledgement::default()
    };
    journal
        .acknowledge(sink, time(NOON), acknowledgement)
        .await
        .unwrap();
}

/// Five polls, a minute apart, each with one new reading.
async fn five(journal: &Journal) {
    for minute in 0..5 {
        append(journal, poll(minute, vec![soc(70, minute)])).await;
    }
}

/// After the poll of this minute.
fn after(minute: i64) -> Timestamp {
    poll(minute, vec![]).received_at + jiff::SignedDuration::from_secs(1)
}

async fn left(journal: &Journal) -> Vec<u64> {
    read_all(journal, 0, 10)
        .await
        .iter()
        .map(|entry| entry.seq)
        .collect()
}

#[tokio::test]
async fn only_what_is_old_and_acknowledged_by_every_sink_goes() {
    let state = tempfile::tempdir().unwrap();
    let journal = open(state.path());
    five(&journal).await;
    let sinks = vec!["fast".to_owned(), "slow".to_owned()];
    acknowledge(&journal, "fast", 5).await;
    assert_eq!(
        journal.prune(after(4), sinks.clone(), u64::MAX).await.unwrap(),
        0,
        "slow has taken nothing yet"
    );
    acknowledge(&journal, "slow", 2).await;
    assert_eq!(journal.prune(after(0), sinks.clone(), u64::MAX).await.unwrap(), 1);
    assert_eq!(left(&journal).await, [2, 3, 4, 5]);
    assert_eq!(journal.prune(after(4), sinks.clone(), u64::MAX).await.unwrap(), 1);
    assert_eq!(left(&journal).await, [3, 4, 5]);
    acknowledge(&journal, "slow", 5).await;
    assert_eq!(journal.prune(after(3), sinks, u64::MAX).await.unwrap(), 2);
    assert_eq!(left(&journal).await, [5]);
}

#[tokio::test]
async fn a_repeat_of_what_was_forgotten_is_still_a_repeat_and_numbers_go_on() {
    let state = tempfile::tempdir().unwrap();
    let journal = open(state.path());
    five(&journal).await;
    acknowledge(&journal, "only", 5).await;
    assert_eq!(
        journal
            .prune(after(9), vec!["only".to_owned()], u64::MAX)
            .await
            .unwrap(),
        5
    );
    drop(journal);
    let journal = open(state.path());
    assert_eq!(*journal.newest().borrow(), 5);
    let next = append(&journal, poll(20, vec![soc(70, 0), soc(71, 0)])).await;
    assert_eq!((next.seq, next.new, next.repeats), (Some(6), 1, 1));
    let entries = read_all(&journal, 0, 10).await;
    assert_eq!(entries[0].readings()[0].occurrence, 1);
}

#[tokio::test]
async fn more_than_fits_into_one_transaction_goes_all_the_same() {
    let state = tempfile::tempdir().unwrap();
    let journal = open(state.path());
    append(&journal, poll(0, vec![])).await;
    let fill = journal.transact(|connection, _| {
        Ok(connection.execute(
            "with recursive copies (number) as (select 1 union all select number + 1 from copies limit 4500)
             insert into log (vehicle_id, feed_id, received_at, readings, repeats, payload)
             select vehicle_id, feed_id, received_at, 0, 0, payload from copies, log where seq = 1",
            [],
        )?)
    });
    assert_eq!(fill.await.unwrap(), 4_500);
    assert_eq!(journal.prune(after(1), vec![], u64::MAX).await.unwrap(), 4_501);
}

#[tokio::test]
async fn what_a_clock_that_was_wrong_dated_back_stays_behind_what_is_younger() {
    let state = tempfile::tempdir().unwrap();
    let journal = open(state.path());
    append(&journal, poll(10, vec![soc(70, 10)])).await;
    append(&journal, poll(0, vec![soc(71, 11)])).await;
    acknowledge(&journal, "only", 2).await;
    let prune = |minute| journal.prune(after(minute), vec!["only".to_owned()], u64::MAX);
    assert_eq!(prune(5).await.unwrap(), 0);
    assert_eq!(left(&journal).await, [1, 2]);
    assert_eq!(prune(10).await.unwrap(), 2);
}
