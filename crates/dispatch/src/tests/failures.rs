//! What sinks do wrong, and what comes of it.

use super::*;

#[tokio::test]
async fn after_a_passing_failure_the_same_batch_comes_again() {
    let rig = Rig::new();
    rig.polls(3).await;
    let sink = scripted([Reply::Transient(None), Reply::Transient(None)]);
    let writes = rig.writes(3, rig.worker("only").await, sink).await;
    assert_eq!(writes, [[1, 2, 3]; 3]);
    let totals = rig.totals("only").await;
    assert_eq!(
        (totals.cursor, totals.delivered_readings, totals.dead_letters),
        (3, 6, 0)
    );
    assert!(
        rig.passed() <= SignedDuration::from_secs(1 + 2),
        "{:?}",
        rig.passed()
    );
    assert_eq!(rig.published("only").state, State::Sink(SinkState::Delivering));
}

#[tokio::test]
async fn a_store_that_asks_for_a_pause_gets_it() {
    let rig = Rig::new();
    rig.polls(1).await;
    let sink = scripted([Reply::Transient(Some(Duration::from_secs(90)))]);
    assert_eq!(rig.writes(2, rig.worker("only").await, sink).await, [[1], [1]]);
    assert_eq!(rig.passed(), SignedDuration::from_secs(90));
}

#[tokio::test]
async fn what_needs_a_person_pauses_the_sink_says_so_and_goes_on_when_it_is_mended() {
    let rig = Rig::new();
    rig.polls(2).await;
    let (clock, mut sleeps) = held_clock();
    let (sink, mut store) = scripted([Reply::Misconfigured, Reply::Misconfigured]);
    let worker = Worker {
        clock: clock.clone(),
        ..rig.worker("only").await
    };
    let running = tokio::spawn(worker.run(sink));
    for _ in 0..2 {
        assert_eq!(sleeps.recv().await, Some(Duration::from_secs(60)));
        let published = rig.published("only");
        assert_eq!(published.state, State::Sink(SinkState::Paused));
        assert_eq!(published.since, noon(), "the pause began with the first failure");
        let message = published.message.unwrap();
        assert!(message.contains("create it"), "{message}");
        assert_eq!(rig.totals("only").await.waiting_readings, 4);
        clock.leave.add_permits(1);
    }
    for _ in 0..3 {
        assert_eq!(store.writes.recv().await.unwrap().len(), 2);
    }
    rig.draining.cancel();
    running.await.unwrap();
    assert_eq!(rig.published("only").state, State::Sink(SinkState::Delivering));
    assert_eq!(rig.published("only").message, None);
}

#[tokio::test]
async fn a_panic_is_a_failed_write() {
    let rig = Rig::new();
    rig.polls(2).await;
    let sink = scripted([Reply::Panic, Reply::Panic]);
    assert_eq!(rig.writes(3, rig.worker("only").await, sink).await, [[1, 2]; 3]);
    assert_eq!(rig.totals("only").await.cursor, 2);
}

#[tokio::test]
async fn a_write_that_never_ends_is_given_up_and_tried_again() {
    let rig = Rig::new();
    rig.polls(2).await;
    let (sink, mut store) = scripted([Reply::Hang]);
    let mut worker = rig.worker("only").await;
    worker.retry.timeout = Duration::from_millis(5);
    let running = tokio::spawn(worker.run(sink));
    for _ in 0..2 {
        assert_eq!(store.writes.recv().await.unwrap().len(), 2);
    }
    rig.draining.cancel();
    running.await.unwrap();
    assert_eq!(rig.totals("only").await.cursor, 2);
}

#[tokio::test]
async fn a_refused_reading_goes_to_the_dead_letters_and_its_neighbours_count() {
    let rig = Rig::new();
    rig.polls(3).await;
    let (sink, _store) = scripted([Reply::Reject(vec![1])]);
    rig.drain(rig.worker("only").await, sink).await;
    let totals = rig.totals("only").await;
    assert_eq!(
        (totals.cursor, totals.delivered_readings, totals.dead_letters),
        (3, 5, 1)
    );
    assert_eq!(
        letters(&rig),
        ["only 1 vehicle.vehicle.travelledDistance field type conflict"]
    );
}

#[tokio::test]
async fn a_sink_that_refuses_what_there_is_not_or_twice_harms_nothing() {
    let rig = Rig::new();
    rig.polls(1).await;
    let (sink, mut store) = scripted([Reply::Reject(vec![0, 0, 0, 1, 9])]);
    rig.drain(rig.worker("only").await, sink).await;
    assert_eq!(store.seqs(), [[1]]);
    let totals = rig.totals("only").await;
    assert_eq!((totals.cursor, totals.delivered_readings), (1, 0));
    let letters = letters(&rig);
    assert_eq!(letters.len(), 3, "one a reading and one for what nobody knows");
    assert!(
        letters[2].starts_with("only 1  "),
        "about the whole entry: {letters:?}"
    );
}

#[tokio::test]
async fn a_sink_that_fails_while_it_drains_has_one_more_chance() {
    for (script, cursor) in [
        (vec![Reply::Transient(None)], 2),
        (vec![Reply::Misconfigured], 2),
        (vec![Reply::Transient(None), Reply::Transient(None)], 0),
    ] {
        let rig = Rig::new();
        rig.polls(2).await;
        // Nobody lets the clock go on: the waits of the back-off never end.
        let (clock, _sleeps) = held_clock();
        let (sink, mut store) = scripted(script);
        let worker = Worker {
            clock,
            ..rig.worker("only").await
        };
        rig.drain(worker, sink).await;
        assert_eq!(store.seqs(), [[1, 2]; 2]);
        assert_eq!(rig.totals("only").await.cursor, cursor);
        assert_eq!(store.closed.load(Ordering::SeqCst), 1);
    }
}

#[tokio::test]
async fn one_sink_that_hangs_delays_no_other() {
    let rig = Rig::new();
    rig.polls(3).await;
    let (hanging, mut stuck) = scripted([Reply::Hang]);
    let (sound, mut store) = scripted([]);
    let hung = tokio::spawn(rig.worker("hanging").await.run(hanging));
    assert!(stuck.writes.recv().await.is_some(), "it hangs from here on");
    let other = tokio::spawn(rig.worker("sound").await.run(sound));
    assert_eq!(store.writes.recv().await.unwrap().len(), 3);
    rig.polls(1).await;
    assert_eq!(store.writes.recv().await.unwrap().len(), 1);
    rig.draining.cancel();
    other.await.unwrap();
    assert_eq!(rig.totals("sound").await.cursor, 4);
    assert!(!hung.is_finished());
    rig.aborted.cancel();
    hung.await.unwrap();
    assert_eq!(
        rig.totals("hanging").await.cursor,
        0,
        "what it did not take stays in the journal"
    );
}

fn letters(rig: &Rig) -> Vec<String> {
    let connection = rusqlite::Connection::open(rig.journal.path()).unwrap();
    let mut statement = connection
        .prepare("select sink || ' ' || seq || ' ' || descriptor || ' ' || reason from dead_letter")
        .unwrap();
    let rows = statement.query_map([], |row| row.get(0)).unwrap();
    rows.map(Result::unwrap).collect()
}

#[tokio::test]
async fn what_is_damaged_in_the_journal_is_passed_over_and_left_among_the_dead_letters() {
    let rig = Rig::new();
    rig.polls(5).await;
    let damage = rusqlite::Connection::open(rig.journal.path()).unwrap();
    let changed = damage.execute("update log set payload = 'x' where seq in (2, 3, 5)", []);
    assert_eq!(changed.unwrap(), 3);
    let writes = rig.writes(1, rig.worker("only").await, scripted([])).await;
    assert_eq!(writes, [[1, 4]]);
    let totals = rig.totals("only").await;
    assert_eq!(
        (totals.cursor, totals.delivered_readings, totals.dead_letters),
        (5, 4, 3)
    );
}
