//! Where demands for polls arrive: a queue of few, answered one by one, and the last answers, which hold for a minute.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use collector_core::{PollRefused, Polled, Vin};
use jiff::{SignedDuration, Timestamp};
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, oneshot};

/// So many wait for an answer; whoever comes then is turned away.
const QUEUE: usize = 16;
/// For so long an answer is everybody's: whoever asks again has not read it yet.
pub(super) const FRESH: SignedDuration = SignedDuration::from_mins(1);

pub type Answer = Result<Polled, PollRefused>;

/// Somebody wants a vehicle polled.
pub(super) struct Asked {
    pub(super) vin: Vin,
    answer: oneshot::Sender<Answer>,
}

impl Asked {
    /// Nobody may wait any more.
    pub(super) fn answer(self, answer: Answer) {
        let _ = self.answer.send(answer);
    }
}

/// The side of those who ask. Clones share it.
#[derive(Debug, Clone)]
pub(crate) struct Bell {
    queue: mpsc::Sender<Asked>,
    given: Arc<Given>,
}

/// The poller's side.
pub(super) struct Desk {
    queue: tokio::sync::Mutex<mpsc::Receiver<Asked>>,
    given: Arc<Given>,
}

/// The last answer for each vehicle for which a call was spent, or could not be.
#[derive(Debug, Default)]
struct Given(Mutex<HashMap<Vin, (Timestamp, Answer)>>);

impl std::fmt::Debug for Asked {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Asked")
    }
}

pub(super) fn open() -> (Bell, Desk) {
    let (sender, receiver) = mpsc::channel(QUEUE);
    let given = Arc::<Given>::default();
    let bell = Bell {
        queue: sender,
        given: given.clone(),
    };
    let queue = tokio::sync::Mutex::new(receiver);
    (bell, Desk { queue, given })
}

impl Bell {
    /// Asks, and waits for the answer.
    pub(crate) async fn ask(&self, vin: &Vin, now: Timestamp) -> Answer {
        if let Some(answer) = self.given.fresh(vin, now) {
            return answer;
        }
        let (answer, answered) = oneshot::channel();
        let vin = vin.clone();
        match self.queue.try_send(Asked { vin, answer }) {
            Ok(()) => answered.await.unwrap_or(Err(PollRefused::Stopped)),
            Err(TrySendError::Full(_)) => Err(PollRefused::UnderWay),
            Err(TrySendError::Closed(_)) => Err(PollRefused::Stopped),
        }
    }
}

impl Desk {
    /// The next one who asks.
    pub(super) async fn next(&self) -> Asked {
        match self.queue.lock().await.recv().await {
            Some(asked) => asked,
            // Nobody is left who could ask.
            None => std::future::pending().await,
        }
    }

    /// Gives everybody this answer.
    pub(super) async fn turn_away(&self, refused: PollRefused) -> Infallible {
        loop {
            self.next().await.answer(Err(refused.clone()));
        }
    }

    /// What was answered a moment ago.
    pub(super) fn fresh(&self, vin: &Vin, now: Timestamp) -> Option<Answer> {
        self.given.fresh(vin, now)
    }

    /// Keeps an answer for those who ask in a moment, unless a person may have changed by then what it says.
    pub(super) fn keep(&self, vin: &Vin, now: Timestamp, answer: &Answer) {
        use PollRefused::{BudgetSpent, Failed};
        if matches!(answer, Ok(_) | Err(BudgetSpent { .. } | Failed { .. })) {
            self.given.lock().insert(vin.clone(), (now, answer.clone()));
        }
    }
}

impl Given {
    fn fresh(&self, vin: &Vin, now: Timestamp) -> Option<Answer> {
        let given = self.lock();
        let (at, answer) = given.get(vin)?;
        // One of the future is of a clock that was set back.
        (now.duration_since(*at).abs() < FRESH).then(|| answer.clone())
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Vin, (Timestamp, Answer)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
