//! Runs drills, some at a time, each in a thread with a runtime of its own.

use std::any::Any;
use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::{Mutex, mpsc};
use std::time::{Duration, Instant};

use rand::SeedableRng;
use rand::rngs::StdRng;
use tokio_util::sync::CancellationToken;

use crate::options::Options;
use crate::report::Outcome;

/// One drill.
pub struct Drill {
    pub name: &'static str,
    pub about: &'static str,
    pub run: fn(Context) -> Pin<Box<dyn Future<Output = Outcome>>>,
}

/// What a drill is told.
#[derive(Debug, Clone, Copy)]
pub struct Context {
    pub seed: u64,
    full: bool,
}

impl Context {
    /// How much of something, in a full drill and in a small one.
    pub fn choose<T>(&self, full: T, small: T) -> T {
        if self.full { full } else { small }
    }

    /// Random numbers from the seed.
    pub fn random(&self) -> StdRng {
        StdRng::seed_from_u64(self.seed)
    }
}

thread_local! {
    /// Where this thread panicked.
    static PANIC: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Runs the drills and tells of each when it has ended. Says whether it was interrupted: then everything that
/// the drills had started is stopped.
pub fn run_all(
    drills: &[&Drill],
    options: &Options,
    mut ended: impl FnMut(&Drill, Outcome, Duration),
) -> bool {
    std::panic::set_hook(Box::new(|panic| {
        PANIC.with_borrow_mut(|place| *place = panic.location().map(ToString::to_string).unwrap_or_default());
    }));
    let waiting = Mutex::new(drills.iter());
    let stop = CancellationToken::new();
    let context = Context {
        seed: options.seed,
        full: options.full,
    };
    listen(stop.clone());
    let (sender, results) = mpsc::channel();
    std::thread::scope(|scope| {
        for _ in 0..options.jobs.min(drills.len()) {
            let (sender, waiting, stop) = (sender.clone(), &waiting, &stop);
            scope.spawn(move || {
                while let Some(drill) = next(waiting) {
                    let began = Instant::now();
                    let Some(outcome) = perform(drill, context, stop) else {
                        return;
                    };
                    // The receiver lives as long as this scope.
                    let _ = sender.send((*drill, outcome, began.elapsed()));
                }
            });
        }
        drop(sender);
        for (drill, outcome, took) in results {
            ended(drill, outcome, took);
        }
    });
    stop.is_cancelled()
}

fn next<'a>(waiting: &Mutex<std::slice::Iter<'a, &'a Drill>>) -> Option<&'a &'a Drill> {
    waiting.lock().unwrap().next()
}

/// Ctrl-C and SIGTERM end the drills, which then unmount, stop and remove what they have.
fn listen(stop: CancellationToken) {
    std::thread::spawn(move || {
        runtime().block_on(async {
            let mut terminate =
                tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()).unwrap();
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminate.recv() => {}
            }
            stop.cancel();
        });
    });
}

/// `None` where it was interrupted.
fn perform(drill: &Drill, context: Context, stop: &CancellationToken) -> Option<Outcome> {
    if stop.is_cancelled() {
        return None;
    }
    let panics_before = tests::process::panics().len();
    let drilled = catch_unwind(AssertUnwindSafe(|| {
        runtime().block_on(async {
            tokio::select! {
                outcome = (drill.run)(context) => Some(outcome),
                () = stop.cancelled() => None,
            }
        })
    }));
    let mut outcome = match drilled {
        Ok(outcome) => outcome?,
        Err(panic) => {
            let place = PANIC.with_borrow(Clone::clone);
            let words = shortened(&words(&*panic));
            Outcome::Failed(format!("{words}\n(at {place}; seed {})", context.seed))
        }
    };
    if let Outcome::Done(report) = &mut outcome {
        for line in tests::process::panics().split_off(panics_before) {
            report.problem(format!("the program panicked: {line}"));
        }
    }
    Some(outcome)
}

/// The begin, which says what is wrong, and the end of what the program said.
fn shortened(text: &str) -> String {
    let lines: Vec<_> = text.lines().collect();
    let Some(left_out) = lines.len().checked_sub(60).filter(|left_out| *left_out > 0) else {
        return text.to_owned();
    };
    format!(
        "{}\n… {left_out} lines …\n{}",
        lines[..10].join("\n"),
        lines[10 + left_out..].join("\n")
    )
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime can be built")
}

fn words(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().cloned();
    text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()))
        .unwrap_or_else(|| "a panic without words".to_owned())
}
