//! Few writes: the first at once, the rest of a burst together.

use std::sync::atomic::AtomicBool;

use super::*;

const WAIT: Duration = Duration::from_secs(5);

/// A worker that waits between its writes, on a clock that stands still.
struct Paced {
    rig: Rig,
    clock: Arc<HeldClock>,
    sleeps: mpsc::Receiver<Duration>,
    store: Store,
    running: tokio::task::JoinHandle<()>,
}

impl Paced {
    async fn start(rig: Rig, readings: usize) -> Self {
        let (clock, sleeps) = held_clock();
        let (sink, store) = scripted([]);
        let wait = Some(WAIT);
        let worker = Worker {
            batch: BatchOptions { readings, wait },
            clock: clock.clone(),
            ..rig.worker("only").await
        };
        let running = tokio::spawn(worker.run(sink));
        Self {
            rig,
            clock,
            sleeps,
            store,
            running,
        }
    }

    /// Written, and the next is held back.
    async fn holding(readings: usize) -> Self {
        let mut paced = Self::start(Rig::new(), readings).await;
        paced.rig.polls(1).await;
        assert_eq!(paced.written().await, [1], "the first at once");
        paced.rig.polls(1).await;
        assert_eq!(paced.sleeps.recv().await, Some(WAIT));
        paced
    }

    async fn written(&mut self) -> Vec<u64> {
        let batch = self.store.writes.recv().await.unwrap();
        batch.iter().map(|entry| entry.seq).collect()
    }

    /// Lets time pass while nothing waits for it.
    fn pass(&self, time: Duration) {
        *self.clock.now.lock().unwrap() += SignedDuration::try_from(time).unwrap();
    }

    async fn end(self) {
        self.rig.draining.cancel();
        self.running.await.unwrap();
        let newest = *self.rig.journal.newest().borrow();
        assert_eq!(self.rig.totals("only").await.cursor, newest);
    }
}

#[tokio::test]
async fn what_follows_a_write_waits_and_goes_together() {
    let mut paced = Paced::holding(100).await;
    paced.rig.polls(2).await;
    paced.clock.leave.add_permits(1);
    assert_eq!(paced.written().await, [2, 3, 4]);
    paced.rig.polls(1).await;
    paced.clock.leave.add_permits(1);
    assert_eq!(paced.written().await, [5]);
    let passed = paced.clock.now().duration_since(noon());
    assert_eq!(passed, SignedDuration::from_secs(10), "one write in five seconds");
    paced.end().await;
}

#[tokio::test]
async fn what_comes_after_a_silence_goes_at_once() {
    let mut paced = Paced::start(Rig::new(), 100).await;
    for number in 1..=3 {
        paced.rig.polls(1).await;
        assert_eq!(paced.written().await, [number]);
        paced.pass(WAIT);
    }
    paced.end().await;
}

#[tokio::test]
async fn a_full_batch_goes_at_once() {
    let mut paced = Paced::holding(6).await;
    paced.rig.polls(1).await;
    assert_eq!(paced.store.seqs(), Vec::<Vec<u64>>::new());
    paced.rig.polls(1).await;
    assert_eq!(paced.written().await, [2, 3, 4]);
    paced.end().await;
}

#[tokio::test]
async fn draining_waits_for_nothing() {
    let mut paced = Paced::holding(100).await;
    paced.rig.draining.cancel();
    assert_eq!(paced.written().await, [2]);
    paced.end().await;
}

#[tokio::test]
async fn a_backlog_waits_for_nothing() {
    let rig = Rig::new();
    rig.polls(5).await;
    let mut paced = Paced::start(rig, 4).await;
    for seqs in [&[1, 2][..], &[3, 4], &[5]] {
        assert_eq!(paced.written().await, seqs);
    }
    assert!(paced.sleeps.try_recv().is_err());
    paced.end().await;
}

#[tokio::test]
async fn after_an_outage_what_came_meanwhile_goes_at_once() {
    let rig = Rig::new();
    rig.polls(1).await;
    let (clock, mut sleeps) = held_clock();
    let (sink, mut store) = scripted([Reply::Transient(Some(Duration::from_secs(60)))]);
    let worker = Worker {
        batch: BatchOptions {
            wait: Some(WAIT),
            ..BatchOptions::default()
        },
        clock: clock.clone(),
        ..rig.worker("only").await
    };
    let running = tokio::spawn(worker.run(sink));
    assert_eq!(sleeps.recv().await, Some(Duration::from_secs(60)));
    rig.polls(2).await;
    clock.leave.add_permits(1);
    for seqs in [&[1][..], &[1], &[2, 3]] {
        let batch = store.writes.recv().await.unwrap();
        assert_eq!(batch.iter().map(|entry| entry.seq).collect::<Vec<_>>(), seqs);
    }
    rig.draining.cancel();
    running.await.unwrap();
}

#[tokio::test]
async fn a_clock_that_was_set_back_holds_nothing() {
    let mut paced = Paced::start(Rig::new(), 100).await;
    paced.rig.polls(1).await;
    assert_eq!(paced.written().await, [1]);
    *paced.clock.now.lock().unwrap() -= SignedDuration::from_hours(24);
    paced.rig.polls(1).await;
    assert_eq!(paced.written().await, [2]);
    paced.end().await;
}

/// The worker looks for redeliveries when something was noted, and not before.
#[tokio::test]
async fn a_worker_without_anything_to_do_asks_nothing() {
    let rig = Rig::new();
    let noted = rig.journal.noted();
    let mut redeliveries = Redeliveries::new(noted);
    let worker = rig.worker("only").await;
    let (mut sink, _store) = scripted([]);
    assert_eq!(redeliveries.turn(&worker, sink.as_mut()).await, Turn::Nothing);
    let other = rusqlite::Connection::open(rig.journal.path()).unwrap();
    let request =
        "insert into replay (sink, entries, position, last_seq, created_at) values ('only', 1, 0, 1, 0)";
    other.execute(request, []).unwrap();
    assert_eq!(
        redeliveries.turn(&worker, sink.as_mut()).await,
        Turn::Nothing,
        "nobody told"
    );
    rig.journal.note();
    assert_eq!(redeliveries.turn(&worker, sink.as_mut()).await, Turn::Done);
}

/// A clock that has the worker told to drain while it looks at the time.
#[derive(Debug)]
struct StopAtLook {
    held: Arc<HeldClock>,
    draining: CancellationToken,
    is_armed: AtomicBool,
}

#[async_trait]
impl Clock for StopAtLook {
    fn now(&self) -> Timestamp {
        if self.is_armed.load(Ordering::SeqCst) {
            self.draining.cancel();
        }
        self.held.now()
    }

    async fn sleep(&self, duration: Duration) {
        self.held.sleep(duration).await;
    }
}

#[tokio::test]
async fn what_is_held_back_is_written_when_the_end_comes_in_between() {
    let rig = Rig::new();
    let (held, mut sleeps) = held_clock();
    let clock = Arc::new(StopAtLook {
        held,
        draining: rig.draining.clone(),
        is_armed: AtomicBool::new(false),
    });
    let (sink, mut store) = scripted([]);
    let worker = Worker {
        batch: BatchOptions {
            readings: 5_000,
            wait: Some(WAIT),
        },
        clock: clock.clone(),
        ..rig.worker("only").await
    };
    let running = tokio::spawn(worker.run(sink));
    rig.polls(1).await;
    assert_eq!(store.writes.recv().await.unwrap().len(), 1);
    rig.polls(1).await;
    assert_eq!(sleeps.recv().await, Some(WAIT), "the second is held back");
    clock.is_armed.store(true, Ordering::SeqCst);
    rig.polls(1).await;
    running.await.unwrap();
    assert_eq!(store.seqs(), [[2, 3]]);
}
