//! Delivery when all goes well: batches, waking, draining, going on after a restart.

use super::*;

#[tokio::test]
async fn draining_delivers_everything_in_batches_and_ends() {
    let rig = Rig::new();
    rig.polls(5).await;
    let (sink, mut store) = scripted([]);
    let mut worker = rig.worker("only").await;
    worker.batch.readings = 4;
    rig.drain(worker, sink).await;
    assert_eq!(store.seqs(), [vec![1, 2], vec![3, 4], vec![5]]);
    assert_eq!(rig.totals("only").await.waiting_readings, 0);
    assert_eq!(store.closed.load(Ordering::SeqCst), 1);
    assert_eq!(rig.passed(), SignedDuration::ZERO, "nothing was waited for");
}

#[tokio::test]
async fn a_sink_is_started_once_whether_there_is_something_to_deliver_or_not() {
    for polls in [0, 3] {
        let rig = Rig::new();
        rig.polls(polls).await;
        let (sink, store) = scripted([]);
        rig.drain(rig.worker("only").await, sink).await;
        assert_eq!(store.started.load(Ordering::SeqCst), 1);
    }
}

#[tokio::test]
async fn a_new_entry_wakes_a_worker_that_waits() {
    let rig = Rig::new();
    let (sink, mut store) = scripted([]);
    let running = tokio::spawn(rig.worker("only").await.run(sink));
    for number in 1..=3 {
        rig.polls(1).await;
        let batch = store.writes.recv().await.unwrap();
        assert_eq!(batch.iter().map(|entry| entry.seq).collect::<Vec<_>>(), [number]);
    }
    rig.draining.cancel();
    running.await.unwrap();
    assert_eq!(store.seqs(), Vec::<Vec<u64>>::new());
}

#[tokio::test]
async fn aborting_ends_a_write_that_hangs_and_closes_the_sink() {
    let rig = Rig::new();
    rig.polls(2).await;
    let (sink, mut store) = scripted([Reply::Hang]);
    let running = tokio::spawn(rig.worker("only").await.run(sink));
    assert!(store.writes.recv().await.is_some());
    rig.aborted.cancel();
    running.await.unwrap();
    assert_eq!(store.closed.load(Ordering::SeqCst), 1);
    assert_eq!(rig.totals("only").await.cursor, 0);
}

#[tokio::test]
async fn after_a_restart_delivery_goes_on_with_nothing_twice() {
    let rig = Rig::new();
    rig.polls(4).await;
    let (sink, mut store) = scripted([Reply::Store, Reply::Hang]);
    let mut worker = rig.worker("only").await;
    worker.batch.readings = 4;
    let running = tokio::spawn(worker.run(sink));
    for _ in 0..2 {
        assert!(store.writes.recv().await.is_some());
    }
    rig.aborted.cancel();
    running.await.unwrap();
    let again = Rig {
        aborted: CancellationToken::new(),
        ..rig
    };
    again.polls(1).await;
    let (sink, mut store) = scripted([]);
    let worker = again.worker("only").await;
    assert_eq!(worker.cursor, 2, "the second batch was never acknowledged");
    again.drain(worker, sink).await;
    assert_eq!(store.seqs(), [[3, 4, 5]]);
    assert_eq!(again.totals("only").await.delivered_readings, 10);
}

#[tokio::test]
async fn a_sink_that_begins_with_the_latest_is_spared_the_history() {
    let rig = Rig::new();
    rig.polls(3).await;
    assert_eq!(rig.journal.cursor("newcomer", 3).await.unwrap(), 3);
    rig.polls(1).await;
    let (sink, mut store) = scripted([]);
    rig.drain(rig.worker("newcomer").await, sink).await;
    assert_eq!(store.seqs(), [[4]]);
}
