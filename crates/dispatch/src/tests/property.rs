//! Whatever fails, is lost, mended and asked for again: a reading stands in the store or has one dead letter.

use std::collections::{HashMap, HashSet};

use proptest::prelude::*;

use super::*;
use journal::log::replay::ReplayRequest;

type Key = (u64, String);

/// A store that keeps its promise, refuses one descriptor, fails now and then, and may die with the program.
#[derive(Default)]
struct Contents {
    stored: HashSet<Key>,
    refuses: Option<&'static str>,
    /// What becomes of the next writes: `false` fails.
    accepts: VecDeque<bool>,
    /// After so many writes the program is killed, before it hears of the last.
    lives: Option<usize>,
}

struct Memory {
    contents: Arc<Mutex<Contents>>,
    aborted: CancellationToken,
}

#[async_trait]
impl Sink for Memory {
    async fn check(&mut self) -> Result<(), SinkError> {
        Ok(())
    }

    async fn write(&mut self, batch: &[Entry]) -> Result<Written, SinkError> {
        let dies = {
            let mut contents = self.contents.lock().unwrap();
            if contents.accepts.pop_front() == Some(false) {
                return Err(SinkError::transient("connection refused"));
            }
            let mut rejected = Vec::new();
            for entry in batch {
                for (position, reading) in entry.readings().iter().enumerate() {
                    if contents.refuses == Some(reading.descriptor.as_str()) {
                        rejected.push(Rejection::reading(entry.seq, position, "refused"));
                    } else {
                        contents
                            .stored
                            .insert((entry.seq, reading.descriptor.to_string()));
                    }
                }
            }
            contents.lives = contents.lives.map(|lives| lives.saturating_sub(1));
            if contents.lives != Some(0) {
                return Ok(Written::without(rejected));
            }
            true
        };
        assert!(dies);
        self.aborted.cancel();
        std::future::pending().await
    }

    async fn erase(&mut self, _: &Scope) -> Result<(), SinkError> {
        let mut contents = self.contents.lock().unwrap();
        if contents.accepts.pop_front() == Some(false) {
            return Err(SinkError::transient("connection refused"));
        }
        contents.stored.clear();
        Ok(())
    }

    async fn close(&mut self) -> Result<(), SinkError> {
        Ok(())
    }
}

#[derive(Debug, Clone)]
enum Step {
    Polls(u64),
    Run {
        size: usize,
        accepts: Vec<bool>,
        lives: Option<usize>,
    },
    /// Everything in the store goes, by an accident or by the replay that its owner asks for.
    Lose {
        rewrite: bool,
    },
    Refuse(Option<&'static str>),
    RetryAll,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => (1..6_u64).prop_map(Step::Polls),
        4 => (1..6_usize, prop::collection::vec(any::<bool>(), 0..4), prop::option::of(1..4_usize))
            .prop_map(|(size, accepts, lives)| Step::Run { size, accepts, lives }),
        2 => any::<bool>().prop_map(|rewrite| Step::Lose { rewrite }),
        2 => prop_oneof![Just(None), Just(Some(SOC)), Just(Some(MILEAGE))].prop_map(Step::Refuse),
        1 => Just(Step::RetryAll),
    ]
}

struct World {
    rig: Rig,
    contents: Arc<Mutex<Contents>>,
}

impl World {
    /// A life of the program: live entries, then what was asked for again.
    async fn live(&mut self, size: usize) {
        for again in [false, true] {
            self.rig.draining = CancellationToken::new();
            self.rig.aborted = CancellationToken::new();
            let mut worker = self.rig.worker("only").await;
            worker.batch.readings = size;
            let sink = Box::new(Memory {
                contents: self.contents.clone(),
                aborted: self.rig.aborted.clone(),
            });
            match again {
                true => worker.redeliver(sink).await,
                false => {
                    self.rig.draining.cancel();
                    worker.run(sink).await;
                }
            }
            if self.rig.aborted.is_cancelled() {
                break;
            }
        }
        let mut contents = self.contents.lock().unwrap();
        contents.accepts.clear();
        contents.lives = None;
    }

    async fn take(&mut self, step: Step) {
        match step {
            Step::Polls(count) => self.rig.polls(count).await,
            Step::Run { size, accepts, lives } => {
                {
                    let mut contents = self.contents.lock().unwrap();
                    contents.accepts = accepts.into();
                    contents.lives = lives;
                }
                self.live(size).await;
            }
            Step::Lose { rewrite } => {
                if !rewrite {
                    self.contents.lock().unwrap().stored.clear();
                }
                let request = ReplayRequest {
                    sink: "only".to_owned(),
                    rewrite,
                    ..ReplayRequest::default()
                };
                // Nothing is acknowledged, nothing is lost: it comes live.
                self.rig.journal.request_replay(request, noon()).await.unwrap();
            }
            Step::Refuse(descriptor) => self.contents.lock().unwrap().refuses = descriptor,
            Step::RetryAll => {
                let letters = self.rig.journal.overview().unwrap().dead_letters().unwrap();
                let ids = letters.iter().map(|letter| letter.id).collect();
                self.rig.journal.retry_dead_letters(ids).await.unwrap();
            }
        }
    }

    async fn check(&self) {
        let newest = *self.rig.journal.newest().borrow();
        assert_eq!(self.rig.totals("only").await.cursor, newest);
        let overview = self.rig.journal.overview().unwrap();
        let mut letters: HashMap<Key, usize> = HashMap::new();
        for letter in overview.dead_letters().unwrap() {
            assert!(!letter.retry && letter.reading.is_some());
            *letters.entry((letter.seq, letter.descriptor)).or_default() += 1;
        }
        assert!(letters.values().all(|count| *count == 1), "one letter a reading");
        let stored = &self.contents.lock().unwrap().stored;
        for seq in 1..=newest {
            for descriptor in [SOC, MILEAGE] {
                let key = (seq, descriptor.to_owned());
                assert!(
                    stored.contains(&key) || letters.contains_key(&key),
                    "{key:?} has vanished"
                );
            }
        }
        for replay in overview.replays().unwrap() {
            assert!(replay.finished_at.is_some() && replay.position == replay.last_seq);
        }
    }
}

async fn run(steps: Vec<Step>) {
    let mut world = World {
        rig: Rig::new(),
        contents: Arc::default(),
    };
    world.rig.journal.cursor("only", 0).await.unwrap();
    for step in steps {
        world.take(step).await;
    }
    world.live(3).await;
    world.check().await;
    world.take(Step::Refuse(None)).await;
    world.take(Step::RetryAll).await;
    world.live(2).await;
    world.check().await;
    let letters = world.rig.journal.overview().unwrap().dead_letters().unwrap();
    assert_eq!(letters, [], "what was mended is delivered");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]

    #[test]
    fn no_reading_vanishes(steps in prop::collection::vec(step(), 1..16)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(run(steps));
    }
}
