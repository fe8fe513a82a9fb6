//! Histories that are delivered again, between the live batches.

use super::*;
use journal::log::replay::{Replay, ReplayRequest};

impl Rig {
    async fn request(&self, request: ReplayRequest) -> Replay {
        let request = ReplayRequest {
            sink: "only".to_owned(),
            ..request
        };
        let asked = self.journal.request_replay(request, noon()).await.unwrap();
        asked.unwrap()
    }

    fn replay(&self, id: i64) -> Replay {
        self.journal.overview().unwrap().replay(id).unwrap().unwrap()
    }

    /// A new life of the program on the same journal.
    fn again(self) -> Self {
        Self {
            draining: CancellationToken::new(),
            aborted: CancellationToken::new(),
            ..self
        }
    }

    /// Delivers what there is of `count` polls to the sink `only`.
    async fn delivered(count: u64) -> Self {
        let rig = Self::new();
        rig.polls(count).await;
        let (sink, _store) = scripted([]);
        rig.drain(rig.worker("only").await, sink).await;
        rig.again()
    }
}

/// Carries out what is in line, with nothing else to do.
async fn carry_out(rig: &Rig, readings: usize, sink: Box<dyn Sink>) {
    let mut worker = rig.worker("only").await;
    worker.batch.readings = readings;
    worker.redeliver(sink).await;
}

#[tokio::test]
async fn a_replay_delivers_what_was_acknowledged_and_counts_it_apart() {
    let rig = Rig::delivered(5).await;
    rig.polls(2).await;
    let replay = rig.request(ReplayRequest::default()).await;
    assert_eq!((replay.done, replay.entries), (0, 5));
    let (sink, mut store) = scripted([]);
    carry_out(&rig, 4, sink).await;
    assert_eq!(store.seqs(), [vec![1, 2], vec![3, 4], vec![5]]);
    assert_eq!(store.closed.load(Ordering::SeqCst), 1);
    let replay = rig.replay(replay.id);
    assert_eq!(((replay.done, replay.entries), replay.readings), ((5, 5), 10));
    assert_eq!(replay.finished_at, Some(noon()));
    let totals = rig.totals("only").await;
    assert_eq!((totals.cursor, totals.delivered_readings), (5, 10));
}

/// Another process reads how far the sink has got out of the database, which may lag.
#[tokio::test]
async fn it_covers_what_was_delivered_and_not_yet_written_down() {
    let mut rig = Rig::delivered(2).await;
    rig.journal.flush().await.unwrap();
    let other = rusqlite::Connection::open(rig.journal.path()).unwrap();
    rig.polls(3).await;
    let (sink, _store) = scripted([]);
    rig.drain(rig.worker("only").await, sink).await;
    rig = rig.again();
    let lagging: u64 = other
        .query_row("select seq from cursor where sink = 'only'", [], |row| row.get(0))
        .unwrap();
    assert_eq!(lagging, 2);
    let request =
        "insert into replay (sink, entries, position, last_seq, created_at) values ('only', 2, 0, 2, 0)
         returning id";
    let id = other.query_row(request, [], |row| row.get(0)).unwrap();
    let (sink, mut store) = scripted([]);
    carry_out(&rig, 4, sink).await;
    assert_eq!(store.seqs(), [vec![1, 2], vec![3, 4], vec![5]]);
    let replay = rig.replay(id);
    assert_eq!((replay.done, replay.entries, replay.readings), (5, 5, 10));
    assert_eq!(replay.finished_at, Some(noon()));
}

#[tokio::test]
async fn live_entries_come_first() {
    let rig = Rig::delivered(4).await;
    rig.polls(3).await;
    rig.request(ReplayRequest::default()).await;
    let mut worker = rig.worker("only").await;
    worker.batch.readings = 2;
    let (sink, mut store) = scripted([]);
    let running = tokio::spawn(worker.run(sink));
    let mut seqs = Vec::new();
    for write in 0..8 {
        let batch = store.writes.recv().await.unwrap();
        seqs.extend(batch.iter().map(|entry| entry.seq));
        if write == 3 {
            // The replay has begun.
            rig.polls(1).await;
        }
    }
    assert_eq!(seqs[..4], [5, 6, 7, 1]);
    let live = seqs.iter().position(|seq| *seq == 8).unwrap();
    assert!(live <= 5, "what comes meanwhile waits for one batch: {seqs:?}");
    rig.draining.cancel();
    running.await.unwrap();
    assert_eq!(rig.totals("only").await.cursor, 8);
}

#[tokio::test]
async fn a_range_of_time_and_a_selection_within_that_of_the_sink() {
    let rig = Rig::delivered(9).await;
    let at = |second: i64| Some(Timestamp::from_second(second).unwrap());
    let request = ReplayRequest {
        since: at(3),
        until: at(6),
        selection: Some(r#"{"descriptors":["mileage","soc"]}"#.to_owned()),
        ..ReplayRequest::default()
    };
    let replay = rig.request(request).await;
    let (sink, mut store) = scripted([]);
    let worker = Worker {
        select: serde_json::from_str(r#"{"descriptors":["vehicle.vehicle.**"]}"#).unwrap(),
        ..rig.worker("only").await
    };
    worker.redeliver(sink).await;
    let batch = store.writes.try_recv().unwrap();
    let readings: Vec<_> = batch
        .iter()
        .flat_map(Entry::readings)
        .map(|reading| (reading.descriptor.as_str(), reading.measured_at.as_second()))
        .collect();
    assert_eq!(readings, [3, 4, 5, 6].map(|second| (MILEAGE, second)));
    assert_eq!(rig.replay(replay.id).readings, 4);
}

#[tokio::test]
async fn after_a_restart_it_goes_on_where_it_was() {
    let rig = Rig::delivered(6).await;
    let replay = rig.request(ReplayRequest::default()).await;
    let (sink, mut store) = scripted([Reply::Store, Reply::Hang]);
    let mut worker = rig.worker("only").await;
    worker.batch.readings = 4;
    let running = tokio::spawn(worker.run(sink));
    for _ in 0..2 {
        assert!(store.writes.recv().await.is_some());
    }
    rig.aborted.cancel();
    running.await.unwrap();
    assert_eq!(rig.replay(replay.id).position, 2);
    let rig = rig.again();
    let (sink, mut store) = scripted([]);
    carry_out(&rig, 4, sink).await;
    assert_eq!(store.seqs(), [[3, 4], [5, 6]]);
    assert_eq!(rig.replay(replay.id).readings, 12);
}

#[tokio::test]
async fn a_replay_that_fails_says_why_waits_longer_and_goes_on() {
    let rig = Rig::delivered(2).await;
    let replay = rig.request(ReplayRequest::default()).await;
    let (clock, mut sleeps) = held_clock();
    let (sink, mut store) = scripted([
        Reply::Transient(Some(Duration::from_secs(90))),
        Reply::Misconfigured,
        Reply::Panic,
    ]);
    let worker = Worker {
        clock: clock.clone(),
        ..rig.worker("only").await
    };
    let running = tokio::spawn(worker.redeliver(sink));
    for (wait, reason, state) in [
        (90, "connection refused", SinkState::Retrying),
        (60, "create it", SinkState::Paused),
    ] {
        assert_eq!(sleeps.recv().await, Some(Duration::from_secs(wait)));
        let problem = rig.replay(replay.id).problem.unwrap();
        assert!(problem.contains(reason), "{problem}");
        assert_eq!(rig.published("only").state, State::Sink(state));
        clock.leave.add_permits(1);
    }
    assert!(sleeps.recv().await.unwrap() <= Duration::from_secs(2));
    assert!(rig.replay(replay.id).problem.unwrap().contains("panicked"));
    clock.leave.add_permits(1);
    running.await.unwrap();
    assert_eq!(store.seqs(), [[1, 2]; 4]);
    let replay = rig.replay(replay.id);
    assert_eq!((replay.problem, replay.readings), (None, 4));
    assert_eq!(rig.published("only").state, State::Sink(SinkState::Delivering));
}

#[tokio::test]
async fn a_replay_that_fails_holds_up_no_live_entry() {
    let rig = Rig::delivered(2).await;
    rig.request(ReplayRequest::default()).await;
    let (clock, mut sleeps) = held_clock();
    let (sink, mut store) = scripted([Reply::Misconfigured]);
    let worker = Worker {
        clock: clock.clone(),
        ..rig.worker("only").await
    };
    let running = tokio::spawn(worker.run(sink));
    assert_eq!(sleeps.recv().await, Some(Duration::from_secs(60)));
    rig.polls(1).await;
    assert_eq!(store.writes.recv().await.unwrap().len(), 2, "the replay failed");
    assert_eq!(store.writes.recv().await.unwrap()[0].seq, 3, "and waits");
    rig.draining.cancel();
    running.await.unwrap();
    assert_eq!(rig.totals("only").await.cursor, 3);
    assert_eq!(store.seqs(), Vec::<Vec<u64>>::new());
}

#[tokio::test]
async fn what_is_refused_has_one_letter_and_what_is_stored_now_has_none() {
    let rig = Rig::new();
    rig.polls(2).await;
    let (sink, _store) = scripted([Reply::Reject(vec![0, 1])]);
    rig.drain(rig.worker("only").await, sink).await;
    assert_eq!(rig.totals("only").await.dead_letters, 2);
    let rig = rig.again();
    let replay = rig.request(ReplayRequest::default()).await;
    let (sink, _store) = scripted([Reply::Reject(vec![1, 1])]);
    carry_out(&rig, 100, sink).await;
    let letters = rig.journal.overview().unwrap().dead_letters().unwrap();
    assert_eq!(letters.len(), 1);
    assert_eq!(
        (letters[0].descriptor.as_str(), letters[0].attempts),
        (MILEAGE, 1)
    );
    let replay = rig.replay(replay.id);
    assert_eq!((replay.readings, replay.rejected), (3, 1));
    let totals = rig.totals("only").await;
    assert_eq!((totals.dead_letters, totals.delivered_readings), (1, 3));
}

#[tokio::test]
async fn replays_wait_in_line_and_a_cancelled_one_stays_where_it_was() {
    let rig = Rig::delivered(4).await;
    let first = rig.request(ReplayRequest::default()).await;
    let second = rig.request(ReplayRequest::default()).await;
    let (sink, mut store) = scripted([Reply::Store, Reply::Hang]);
    let mut worker = rig.worker("only").await;
    worker.batch.readings = 2;
    let running = tokio::spawn(worker.redeliver(sink));
    for _ in 0..2 {
        assert!(store.writes.recv().await.is_some());
    }
    assert_eq!(
        (rig.replay(second.id).done, rig.replay(second.id).entries),
        (0, 4),
        "the second waits for the first"
    );
    assert!(rig.journal.cancel_replay(first.id, noon()).await.unwrap());
    assert!(!rig.journal.cancel_replay(first.id, noon()).await.unwrap());
    rig.aborted.cancel();
    running.await.unwrap();
    let rig = rig.again();
    let (sink, mut store) = scripted([]);
    carry_out(&rig, 100, sink).await;
    assert_eq!(store.seqs(), [[1, 2, 3, 4]]);
    let first = rig.replay(first.id);
    assert!(first.cancelled && first.finished_at.is_some() && first.position == 1);
    assert_eq!(rig.replay(second.id).readings, 8);
}

#[tokio::test]
async fn a_cancelled_replay_is_not_moved_by_the_batch_that_was_under_way() {
    let rig = Rig::delivered(2).await;
    let replay = rig.request(ReplayRequest::default()).await;
    rig.journal.cancel_replay(replay.id, noon()).await.unwrap();
    let redelivered = journal::log::redelivery::Redelivered {
        replay: Some(journal::log::redelivery::ReplayStep {
            id: replay.id,
            position: 2,
            readings: 4,
            rejected: 0,
        }),
        ..Default::default()
    };
    rig.journal
        .redelivered("only", noon(), redelivered)
        .await
        .unwrap();
    assert_eq!(
        (rig.replay(replay.id).done, rig.replay(replay.id).entries),
        (0, 2)
    );
}

#[tokio::test]
async fn a_sink_that_has_nothing_cannot_be_given_it_again() {
    let rig = Rig::new();
    rig.polls(2).await;
    let request = |sink: &str| ReplayRequest {
        sink: sink.to_owned(),
        ..ReplayRequest::default()
    };
    for sink in ["unknown", "fresh"] {
        assert_eq!(rig.journal.cursor("fresh", 0).await.unwrap(), 0);
        let asked = rig.journal.request_replay(request(sink), noon()).await.unwrap();
        assert_eq!(asked, None);
    }
}

#[tokio::test]
async fn what_a_replay_still_needs_is_not_pruned() {
    let rig = Rig::delivered(6).await;
    let replay = rig.request(ReplayRequest::default()).await;
    let far = noon() + SignedDuration::from_hours(1);
    let sinks = vec!["only".to_owned()];
    assert_eq!(rig.journal.prune(far, sinks.clone(), u64::MAX).await.unwrap(), 0);
    rig.journal.cancel_replay(replay.id, noon()).await.unwrap();
    assert_eq!(rig.journal.prune(far, sinks, u64::MAX).await.unwrap(), 6);
}
