//! Replays that take the place of what the sink holds.

use std::collections::BTreeMap;

use super::*;
use collector_core::Value;
use journal::log::replay::{Replay, ReplayRequest};

/// VIN, descriptor, seconds.
pub(super) type Key = (String, String, i64);
pub(super) type Contents = BTreeMap<Key, Value>;

/// What happens when it is to erase. When the script is over, it does.
#[derive(Clone, Copy)]
enum Reply {
    Transient,
    Misconfigured,
    /// It erases, and the program is killed before that is noted.
    Killed,
}

/// A store in which what is there stays as it is.
#[derive(Clone, Default)]
pub(super) struct Shelf {
    contents: Arc<Mutex<Contents>>,
    script: Arc<Mutex<VecDeque<Reply>>>,
    erased: Arc<AtomicUsize>,
    aborted: CancellationToken,
}

#[async_trait]
impl Sink for Shelf {
    async fn check(&mut self) -> Result<(), SinkError> {
        Ok(())
    }

    async fn write(&mut self, batch: &[Entry]) -> Result<Written, SinkError> {
        let mut contents = self.contents.lock().unwrap();
        for snapshot in batch.iter().filter_map(Entry::snapshot) {
            for reading in &snapshot.readings {
                let key = (
                    snapshot.vehicle.vin.as_str().to_owned(),
                    reading.descriptor.to_string(),
                    reading.measured_at.as_second(),
                );
                contents.entry(key).or_insert_with(|| reading.value.clone());
            }
        }
        Ok(Written::default())
    }

    async fn erase(&mut self, scope: &Scope) -> Result<(), SinkError> {
        let reply = self.script.lock().unwrap().pop_front();
        match reply {
            Some(Reply::Transient) => return Err(SinkError::transient("connection refused")),
            Some(Reply::Misconfigured) => return Err(SinkError::misconfigured("no right to delete")),
            Some(Reply::Killed) | None => {}
        }
        self.erased.fetch_add(1, Ordering::SeqCst);
        self.contents.lock().unwrap().retain(|(vin, descriptor, at), _| {
            let vehicle = collector_core::Vehicle::named(vin.parse().unwrap(), None);
            let descriptor = collector_core::Descriptor::new(
                descriptor.as_str(),
                descriptor.as_str(),
                collector_core::ValueType::Text,
                None,
            );
            let at = Timestamp::from_second(*at).unwrap();
            !scope.covers(&vehicle, &descriptor, None, at)
        });
        if reply.is_some() {
            self.aborted.cancel();
            return std::future::pending().await;
        }
        Ok(())
    }

    async fn close(&mut self) -> Result<(), SinkError> {
        Ok(())
    }
}

impl Shelf {
    pub(super) fn contents(&self) -> Contents {
        self.contents.lock().unwrap().clone()
    }

    /// As an earlier version would have read it.
    fn spoil(&self) {
        let mut contents = self.contents.lock().unwrap();
        contents
            .values_mut()
            .for_each(|value| *value = Value::Number(-1.0));
    }

    fn erased(&self) -> usize {
        self.erased.load(Ordering::SeqCst)
    }
}

impl Rig {
    /// A new life of the program, in which everything that is there is delivered, and what is asked for.
    pub(super) async fn live(&mut self, shelf: &Shelf) {
        self.draining = CancellationToken::new();
        self.aborted = shelf.aborted.clone();
        self.draining.cancel();
        self.worker("only").await.run(Box::new(shelf.clone())).await;
        self.draining = CancellationToken::new();
        self.worker("only").await.redeliver(Box::new(shelf.clone())).await;
    }

    async fn fresh(&self) -> Contents {
        let shelf = Shelf::default();
        let mut worker = self.worker("fresh").await;
        (worker.cursor, worker.draining) = (0, CancellationToken::new());
        worker.draining.cancel();
        worker.run(Box::new(shelf.clone())).await;
        shelf.contents()
    }

    pub(super) async fn rewrite(&self, request: ReplayRequest) -> Replay {
        let request = ReplayRequest {
            sink: "only".to_owned(),
            rewrite: true,
            ..request
        };
        let asked = self.journal.request_replay(request, noon()).await.unwrap();
        asked.unwrap()
    }

    fn state_of(&self, replay: &Replay) -> Replay {
        self.journal
            .overview()
            .unwrap()
            .replay(replay.id)
            .unwrap()
            .unwrap()
    }
}

/// A store that has `count` polls, read by rules that are not today's.
async fn spoilt(count: u64) -> (Rig, Shelf) {
    let (mut rig, shelf) = (Rig::new(), Shelf::default());
    rig.polls(count).await;
    rig.live(&shelf).await;
    shelf.spoil();
    (rig, shelf)
}

#[tokio::test]
async fn it_leaves_exactly_what_a_fresh_store_has() {
    let (mut rig, shelf) = spoilt(5).await;
    let gone = (VINS[0].to_owned(), SOC.to_owned(), 77);
    shelf.contents.lock().unwrap().insert(gone, Value::Bool(true));
    let fresh = rig.fresh().await;
    assert_eq!(fresh.len(), 10);
    let request = ReplayRequest {
        sink: "only".to_owned(),
        ..ReplayRequest::default()
    };
    rig.journal.request_replay(request, noon()).await.unwrap();
    rig.live(&shelf).await;
    assert_ne!(shelf.contents(), fresh, "a replay that only adds");
    let replay = rig.rewrite(ReplayRequest::default()).await;
    assert_eq!(replay.erased_at, None);
    rig.live(&shelf).await;
    assert_eq!(shelf.contents(), fresh);
    let replay = rig.state_of(&replay);
    assert!(replay.erased_at.is_some() && replay.finished_at.is_some());
    assert_eq!((replay.done, replay.entries, replay.readings), (5, 5, 10));
}

#[tokio::test]
async fn what_was_not_asked_for_stays_as_it_is() {
    let (mut rig, shelf) = spoilt(9).await;
    let at = |second: i64| Some(Timestamp::from_second(second).unwrap());
    rig.rewrite(ReplayRequest {
        since: at(3),
        until: at(6),
        selection: Some(format!(r#"{{"descriptors":["{MILEAGE}"]}}"#)),
        ..ReplayRequest::default()
    })
    .await;
    rig.live(&shelf).await;
    let mended = shelf.contents().into_iter();
    let mended = mended.filter(|(_, value)| *value != Value::Number(-1.0));
    let mended: Vec<_> = mended.map(|((_, descriptor, at), _)| (descriptor, at)).collect();
    assert_eq!(mended, [3, 4, 5, 6].map(|at| (MILEAGE.to_owned(), at)));
    assert_eq!(shelf.contents().len(), 18);
}

#[tokio::test]
async fn a_kill_before_its_note_has_it_erase_again_with_what_came_meanwhile() {
    let (mut rig, shelf) = spoilt(4).await;
    let replay = rig.rewrite(ReplayRequest::default()).await;
    shelf.script.lock().unwrap().push_back(Reply::Killed);
    rig.live(&shelf).await;
    assert_eq!(rig.state_of(&replay).erased_at, None);
    assert_eq!(shelf.contents(), Contents::new());
    let shelf = Shelf {
        aborted: CancellationToken::new(),
        ..shelf
    };
    rig.polls(3).await;
    rig.live(&shelf).await;
    assert_eq!(shelf.erased(), 2);
    assert_eq!(shelf.contents(), rig.fresh().await);
    assert_eq!(rig.state_of(&replay).entries, 7);
}

/// Another process reads how far the sink has got out of the database, which may lag.
#[tokio::test]
async fn it_covers_what_was_delivered_and_not_yet_written_down() {
    let (mut rig, shelf) = spoilt(2).await;
    rig.journal.flush().await.unwrap();
    let other = rusqlite::Connection::open(rig.journal.path()).unwrap();
    rig.polls(3).await;
    rig.draining = CancellationToken::new();
    rig.draining.cancel();
    rig.worker("only").await.run(Box::new(shelf.clone())).await;
    let lagging: u64 = other
        .query_row("select seq from cursor where sink = 'only'", [], |row| row.get(0))
        .unwrap();
    assert_eq!(lagging, 2);
    let request = "insert into replay (sink, entries, position, last_seq, created_at, rewrite)
         values ('only', 2, 0, 2, 0, 1)";
    other.execute(request, []).unwrap();
    rig.live(&shelf).await;
    assert_eq!(shelf.erased(), 1);
    assert_eq!(shelf.contents(), rig.fresh().await);
}

#[tokio::test]
async fn what_the_sink_cannot_erase_now_is_tried_again() {
    let (mut rig, shelf) = spoilt(2).await;
    let replay = rig.rewrite(ReplayRequest::default()).await;
    shelf
        .script
        .lock()
        .unwrap()
        .extend([Reply::Transient, Reply::Misconfigured]);
    rig.live(&shelf).await;
    assert!(
        rig.passed() >= SignedDuration::from_secs(60),
        "a pause for a person"
    );
    assert_eq!(shelf.erased(), 1);
    assert_eq!(shelf.contents(), rig.fresh().await);
    assert_eq!(rig.state_of(&replay).problem, None);
}

/// Tries to rewrite, as far as that comes.
async fn tried(rig: &Rig, shelf: &Shelf, replay: &Replay) -> Option<String> {
    let mut redeliveries = Redeliveries::new(rig.journal.noted());
    let worker = rig.worker("only").await;
    let mut sink: Box<dyn Sink> = Box::new(shelf.clone());
    let turn = redeliveries.turn(&worker, sink.as_mut()).await;
    let problem = rig.state_of(replay).problem;
    assert_eq!(problem.is_some(), turn == Turn::Later, "{problem:?}");
    problem
}

#[tokio::test]
async fn a_damaged_journal_takes_nothing_out_of_the_sink() {
    let (rig, shelf) = spoilt(4).await;
    let damage = rusqlite::Connection::open(rig.journal.path()).unwrap();
    damage
        .execute("update log set payload = 'x' where seq = 2", [])
        .unwrap();
    let before = shelf.contents();
    let replay = rig.rewrite(ReplayRequest::default()).await;
    let problem = tried(&rig, &shelf, &replay).await.unwrap();
    assert!(
        problem.contains("entry 2") && problem.contains("journal import"),
        "{problem}"
    );
    // Alone, it does not wait for what a person has to do.
    rig.worker("only").await.redeliver(Box::new(shelf.clone())).await;
    assert_eq!((shelf.erased(), shelf.contents()), (0, before));
    assert_eq!(rig.state_of(&replay).finished_at, None);
}

#[tokio::test]
async fn what_the_journal_has_forgotten_stays_in_the_sink() {
    let (rig, shelf) = spoilt(4).await;
    let far = noon() + SignedDuration::from_hours(1);
    assert_eq!(
        rig.journal
            .prune(far, vec!["only".to_owned()], u64::MAX)
            .await
            .unwrap(),
        4
    );
    let mut rig = rig;
    rig.polls(2).await;
    rig.live(&shelf).await;
    let replay = rig.rewrite(ReplayRequest::default()).await;
    let problem = tried(&rig, &shelf, &replay).await.unwrap();
    assert!(problem.contains("--since 2026-03-01T12:00:00Z"), "{problem}");
    assert_eq!((shelf.erased(), shelf.contents().len()), (0, 12));
    rig.journal.cancel_replay(replay.id, noon()).await.unwrap();
    let replay = rig
        .rewrite(ReplayRequest {
            since: Some(noon()),
            ..ReplayRequest::default()
        })
        .await;
    assert_eq!(tried(&rig, &shelf, &replay).await, None);
    assert_eq!(shelf.erased(), 1);
}
