//! The connection's upkeep: there is one whether something is written or not, so that the broker can tell when this
//! program is gone, and so that a broker that lost what it kept gets it again.
//!
//! This is no second try of a write: a write that finds no connection fails, and the engine decides.

use std::sync::Arc;
use std::time::Duration;

use collector_core::{Demands, SinkError};
use rumqttc::PublishNotice;
use tokio::sync::{Mutex, Notify, watch};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::board::Board;
use crate::demands;
use crate::inbox::Inbox;
use crate::link::{Line, Link, Target};
use crate::topics::Topics;

/// Between two connections: doubled after each, until one has lasted.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// A model that was not known is asked for again after this: the program asks BMW for it when a call can be spared.
const CURIOUS: Duration = Duration::from_secs(600);

/// Keeps one connection until it is told to leave.
pub struct Keeper {
    shared: Arc<Shared>,
    standing: watch::Receiver<Standing>,
    task: JoinHandle<()>,
}

struct Shared {
    target: Arc<Target>,
    topics: Topics,
    board: Arc<Mutex<Board>>,
    demands: Arc<dyn Demands>,
    /// Somebody wants to write now.
    wanted: Notify,
    leaving: Notify,
}

/// How it stands with the connection.
#[derive(Clone)]
struct Standing {
    /// Connections that were begun.
    attempts: u64,
    line: Option<Result<Line, SinkError>>,
}

impl Drop for Keeper {
    /// Without a word to the broker, which then says `offline` for us.
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Keeper {
    pub fn start(
        target: Arc<Target>,
        topics: Topics,
        board: Arc<Mutex<Board>>,
        demands: Arc<dyn Demands>,
    ) -> Self {
        let (report, standing) = watch::channel(Standing {
            attempts: 0,
            line: None,
        });
        let shared = Arc::new(Shared {
            target,
            topics,
            board,
            demands,
            wanted: Notify::new(),
            leaving: Notify::new(),
        });
        let task = tokio::spawn(keep(Arc::clone(&shared), report));
        Self {
            shared,
            standing,
            task,
        }
    }

    /// The connection; where there is none, what becomes of one more attempt.
    pub async fn line(&mut self) -> Result<Line, SinkError> {
        let now = self.standing.borrow_and_update().clone();
        let seen = match now.line {
            Some(Ok(line)) => return Ok(line),
            Some(Err(_)) => {
                self.shared.wanted.notify_one();
                now.attempts
            }
            None => now.attempts.saturating_sub(1),
        };
        let decided = |standing: &Standing| standing.attempts > seen && standing.line.is_some();
        let outcome = self.standing.wait_for(decided).await.ok();
        let outcome = outcome.and_then(|standing| standing.line.clone());
        outcome.unwrap_or_else(|| Err(SinkError::transient("the connection's keeper has ended")))
    }

    /// Whether it works no more: only a bug of it can be the reason.
    pub fn has_ended(&self) -> bool {
        self.task.is_finished()
    }

    /// Says `offline`, disconnects, and returns when that is done.
    pub async fn leave(mut self) {
        self.shared.leaving.notify_one();
        let _ = (&mut self.task).await;
    }
}

async fn keep(shared: Arc<Shared>, report: watch::Sender<Standing>) {
    let mut pause = FIRST_PAUSE;
    let mut told = false;
    loop {
        report.send_modify(|standing| {
            standing.attempts += 1;
            standing.line = None;
        });
        let began = Instant::now();
        let error = tokio::select! {
            biased;
            () = shared.leaving.notified() => return,
            opened = open(&shared) => match opened {
                Err(error) => error,
                Ok((link, inbox)) => {
                    let line = link.line.clone();
                    report.send_modify(|standing| standing.line = Some(Ok(line)));
                    told = false;
                    tracing::info!(broker = %shared.target.address, "connected to the broker");
                    match attend(&shared, link, &inbox).await {
                        Some(error) => error,
                        None => return,
                    }
                }
            },
        };
        // Once an outage: the engine tells of writes that fail.
        if !std::mem::replace(&mut told, true) {
            tracing::warn!(broker = %shared.target.address, %error, "no connection to the broker; it is made again");
        }
        report.send_modify(|standing| standing.line = Some(Err(error)));
        if began.elapsed() > LONGEST_PAUSE {
            pause = FIRST_PAUSE;
        }
        tokio::select! {
            biased;
            () = shared.leaving.notified() => return,
            // Over, or somebody wants to write.
            _ = tokio::time::timeout(pause, shared.wanted.notified()) => {}
        }
        pause = LONGEST_PAUSE.min(pause * 2);
    }
}

/// Makes a connection and brings the broker up to date.
async fn open(shared: &Shared) -> Result<(Link, Arc<Inbox>), SinkError> {
    let inbox = Arc::new(Inbox::new(&shared.topics));
    let mut link = Link::open(&shared.target, &shared.topics, Arc::clone(&inbox)).await?;
    let line = link.line.clone();
    tokio::select! {
        biased;
        error = link.ended() => return Err(error),
        greeted = greet(shared, &line, &inbox) => greeted?,
    }
    Ok((link, inbox))
}

async fn greet(shared: &Shared, line: &Line, inbox: &Inbox) -> Result<(), SinkError> {
    line.read_kept(&shared.topics, inbox).await?;
    let mut board = shared.board.lock().await;
    board.prime().await?;
    let mut notices = Vec::new();
    for message in board.adopt(&inbox.drain()) {
        notices.push(line.publish(message).await?);
    }
    notices.extend(announce(&board, line).await?);
    drop(board);
    line.delivered(notices).await
}

/// Publishes everything that is to stand at the broker.
async fn announce(board: &Board, line: &Line) -> Result<Vec<PublishNotice>, SinkError> {
    let mut notices = Vec::new();
    for message in board.announce() {
        notices.push(line.publish(message).await?);
    }
    Ok(notices)
}

/// Until the connection ends, which is an error, or until told to leave.
async fn attend(shared: &Shared, mut link: Link, inbox: &Inbox) -> Option<SinkError> {
    let line = link.line.clone();
    let tell_again = async {
        loop {
            let is_born = tokio::time::timeout(CURIOUS, inbox.birth()).await.is_ok();
            let mut board = shared.board.lock().await;
            // What cannot be read now is asked for the next time.
            if is_born || board.is_curious() && board.learn().await.unwrap_or(false) {
                // It fails with the connection only, whose end is seen beside it.
                let _ = announce(&board, &line).await;
            }
        }
    };
    let answer = demands::serve(&shared.demands, &shared.board, &shared.topics, inbox, &line);
    tokio::select! {
        biased;
        () = shared.leaving.notified() => {}
        error = link.ended() => return Some(error),
        () = tell_again => {}
        () = answer => {}
    }
    link.leave(&shared.topics).await;
    None
}
