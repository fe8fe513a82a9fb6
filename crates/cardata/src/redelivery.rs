//! Redelivery, by whoever holds the state directory: the process that runs the pipeline, or this one.

use std::time::{Duration, Instant};

use collector::RunError;
use collector::state::{State, StateDirectory, StateError};
use journal::Journal;
use journal::log::overview::Overview;
use pipeline::Pipeline;
use store::Store;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::{Failure, context, signals, terminal};

/// How often the journal is looked at.
const BETWEEN_LOOKS: Duration = Duration::from_millis(200);
/// When nothing has changed for so long, the process that is at work is looked for.
const PATIENCE: Duration = Duration::from_secs(5);

/// Who delivers.
pub enum Hands {
    Ours(JoinHandle<Result<(), RunError>>),
    /// Another process, as the lock names it.
    Others(String),
}

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
pub fn open(pipeline: &Pipeline) -> Result<State, Failure> {
    if !Store::exists(&pipeline.state) {
        return Err(Failure::new(
            4,
            format!(
                "there is no journal in {} yet: nothing was recorded",
                pipeline.state.display()
            ),
        ));
    }
    State::open(&pipeline.state).map_err(|error| Failure::new(2, context::chain(&error)))
}

/// For queries beside whoever writes.
pub fn overview(journal: &Journal) -> Result<Overview, Failure> {
    journal.overview().map_err(|error| journal_failure(&error))
}

pub fn ledger(state: &State) -> Result<ledger::overview::Overview, Failure> {
    ledger::overview::Overview::open_file(state.store.path()).map_err(|error| journal_failure(&error.into()))
}

pub fn journal_failure(error: &journal::JournalError) -> Failure {
    Failure::new(2, context::chain(error))
}

/// The present moment of a pipeline, whose time may run ahead of the world's.
pub fn now(state: &State) -> Result<jiff::Timestamp, Failure> {
    let now = jiff::Timestamp::now();
    let newest = state.newest_moment().map_err(|error| journal_failure(&error))?;
    Ok(newest.map_or(now, |newest| newest.max(now)))
}

/// Starts to deliver, unless another process runs the pipeline and does it.
pub fn begin(pipeline: Pipeline, state: &State, stop: &CancellationToken) -> Result<Hands, Failure> {
    let directory = StateDirectory::at(&pipeline.state);
    match directory.lock() {
        Ok(lock) => {
            let (state, stop) = (state.clone(), stop.clone());
            Ok(Hands::Ours(tokio::spawn(collector::redeliver(
                pipeline, state, lock, stop,
            ))))
        }
        Err(StateError::InUse { holder, .. }) => Ok(Hands::Others(holder)),
        Err(error) => Err(Failure::new(2, error.to_string())),
    }
}

/// Shows how a redelivery comes along until it is finished, or the owner has seen enough (Ctrl-C).
pub async fn follow(
    pipeline: Pipeline,
    state: &State,
    mut look: impl FnMut(&Overview) -> Result<Progress, Failure>,
) -> Result<Ended, Failure> {
    let stop = signals::stop_token();
    let overview = overview(&state.journal)?;
    let directory = StateDirectory::at(&pipeline.state);
    let mut hands = begin(pipeline, state, &stop)?;
    if let Hands::Others(holder) = &hands {
        terminal::error(&format!("{holder} runs the pipeline and delivers"));
    }
    let bar = terminal::progress();
    let (mut told, mut problem) = (None, None);
    let mut changed = (String::new(), Instant::now());
    let ended = loop {
        let ours_ended = matches!(&hands, Hands::Ours(task) if task.is_finished());
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
        if bar.is_hidden() && told != Some(tenths(progress.done, progress.of)) {
            told = Some(tenths(progress.done, progress.of));
            terminal::error(&format!(
                "{}% {}",
                percent(progress.done, progress.of),
                progress.text
            ));
        }
        if progress.finished {
            break Ended::Finished;
        }
        if ours_ended || (stop.is_cancelled() && matches!(hands, Hands::Others(_))) {
            break Ended::Left;
        }
        if changed.0 != progress.text {
            changed = (progress.text, Instant::now());
        }
        if matches!(hands, Hands::Others(_)) && changed.1.elapsed() > PATIENCE {
            changed.1 = Instant::now();
            if directory.running().is_none() {
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
            () = stop.cancelled(), if matches!(hands, Hands::Others(_)) => {}
        }
    };
    bar.finish_and_clear();
    if let Hands::Ours(task) = &mut hands {
        // What another terminal has asked for meanwhile is carried out too.
        match task.await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => return Err(Failure::new(error.exit_code(), context::chain(&error))),
            Err(error) => return Err(Failure::new(70, error.to_string())),
        }
    }
    Ok(ended)
}

pub fn percent(done: u64, of: u64) -> u64 {
    (done * 100).checked_div(of).unwrap_or(100)
}

fn tenths(done: u64, of: u64) -> u64 {
    percent(done, of) / 10
}
