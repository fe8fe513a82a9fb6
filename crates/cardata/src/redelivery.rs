//! Redelivery, by whoever holds the state directory: the process that runs the pipeline, or this one.

use std::time::{Duration, Instant};

use collector::RunError;
use collector::state::{OpenState, StateDirectory, StateError};
use journal::log::overview::Overview;
use pipeline::Pipeline;
use store::Store;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::{Failure, OrFail, clock, signals, terminal};

/// How often the journal is looked at.
const BETWEEN_LOOKS: Duration = Duration::from_millis(200);
/// When nothing has changed for so long, the process that is at work is looked for.
const PATIENCE: Duration = Duration::from_secs(5);

/// How far a redelivery has come.
pub struct Progress {
    pub done: u64,
    pub of: u64,
    pub finished: bool,
    /// Changes whenever anything does.
    pub text: String,
    pub problem: Option<String>,
}

/// How watching ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    Finished,
    /// The owner did not want to wait any longer.
    Left,
}

/// The journal of a pipeline that has run, opened for writing beside the process that may be running.
pub fn open(pipeline: &Pipeline) -> Result<OpenState, Failure> {
    if !Store::exists(&pipeline.state)? {
        return Err(Failure::no_journal(&pipeline.state));
    }
    Ok(OpenState::of(pipeline)?)
}

/// The present moment of a pipeline, whose time may run ahead of the world's.
pub fn now(state: &OpenState) -> Result<jiff::Timestamp, Failure> {
    let now = jiff::Timestamp::now();
    Ok(state.newest_moment()?.map_or(now, |newest| newest.max(now)))
}

/// Starts to deliver; `None` where another process runs the pipeline and does it.
fn begin(
    pipeline: Pipeline,
    state: &OpenState,
    stop: &CancellationToken,
) -> Result<Option<JoinHandle<Result<(), RunError>>>, Failure> {
    match StateDirectory::at(&pipeline.state).lock() {
        Ok(lock) => {
            let clock = collector::clock(&pipeline, state)?;
            clock::follow(clock.clone());
            let delivery = collector::redeliver(pipeline, state.clone(), lock, stop.clone(), clock);
            Ok(Some(tokio::spawn(delivery)))
        }
        Err(StateError::InUse { holder, .. }) => {
            terminal::note(&format!("{holder} runs the pipeline and delivers"));
            Ok(None)
        }
        Err(error) => Err(error.into()),
    }
}

/// Shows how a redelivery comes along until it is finished, or the owner has seen enough (Ctrl-C).
pub async fn follow(
    pipeline: Pipeline,
    state: &OpenState,
    mut look: impl FnMut(&Overview) -> Result<Progress, Failure>,
) -> Result<Ended, Failure> {
    let stop = signals::stop_token();
    let overview = state.journal.overview()?;
    let directory = StateDirectory::at(&pipeline.state);
    let ours = begin(pipeline, state, &stop)?;
    let bar = terminal::progress();
    let (mut told, mut problem) = (None, None);
    let mut changed = (String::new(), Instant::now());
    let ended = loop {
        let ours_ended = ours.as_ref().is_some_and(JoinHandle::is_finished);
        let progress = look(&overview)?;
        bar.set_length(progress.of);
        bar.set_position(progress.done);
        bar.set_message(progress.text.clone());
        if progress.problem != problem {
            problem = progress.problem;
            if let Some(problem) = &problem {
                bar.suspend(|| terminal::error(&format!("not delivered yet: {problem}")));
            }
        }
        let percent = percent(progress.done, progress.of);
        if bar.is_hidden() && told != Some(percent / 10) {
            told = Some(percent / 10);
            terminal::note(&format!("{percent}% {}", progress.text));
        }
        if progress.finished {
            break Ended::Finished;
        }
        if ours_ended || (stop.is_cancelled() && ours.is_none()) {
            break Ended::Left;
        }
        if changed.0 != progress.text {
            changed = (progress.text, Instant::now());
        }
        if ours.is_none() && changed.1.elapsed() > PATIENCE {
            changed.1 = Instant::now();
            if directory.running()?.is_none() {
                bar.suspend(|| {
                    terminal::error(
                        "nothing runs the pipeline at the moment: this goes on when `cardata run` is started, or \
                         after Ctrl-C with `cardata replay --resume`",
                    );
                });
            }
        }
        tokio::select! {
            () = tokio::time::sleep(BETWEEN_LOOKS) => {}
            () = stop.cancelled(), if ours.is_none() => {}
        }
    };
    bar.finish_and_clear();
    if let Some(task) = ours {
        // What another terminal has asked for meanwhile is carried out too.
        task.await.or_fail(70)??;
    }
    Ok(ended)
}

pub fn percent(done: u64, of: u64) -> u64 {
    (done * 100).checked_div(of).unwrap_or(100)
}
