//! The table that the drills print, a line a drill.

use std::fmt::Write as _;
use std::time::Duration;

use crate::report::{Outcome, Report};
use crate::runner::Drill;

const INDENT: &str = "                 ";

pub fn heading(seed: u64, full: bool) -> String {
    let size = if full { "in full" } else { "in small" };
    let seed = format!("faults, drilled {size}; seed {seed} (repeat with --seed {seed})");
    format!(
        "{seed}\n\n{:<16} {:>8} {:>8} {:>9} {:>6} {:>7} {:>7} {:>9} {:>8}",
        "drill", "injected", "survived", "readings", "lost", "doubled", "altered", "calls/day", "seconds"
    )
}

pub fn line(drill: &Drill, outcome: &Outcome, took: Duration) -> String {
    match outcome {
        Outcome::Done(report) => done(drill, report, took),
        Outcome::LeftOut(reason) => format!("{:<16} left out: {reason}", drill.name),
        Outcome::Failed(reason) => format!("{:<16} FAILED: {}", drill.name, indented(reason)),
    }
}

fn done(drill: &Drill, report: &Report, took: Duration) -> String {
    let calls = match report.calls {
        Some((most, limit)) if limit <= 50 => format!("{most} of {limit}"),
        _ => "-".to_owned(),
    };
    let mut text = format!(
        "{:<16} {:>8} {:>8} {:>9} {:>6} {:>7} {:>7} {calls:>9} {:>8.1}",
        drill.name,
        report.injections(),
        report.survived,
        report.readings,
        report.lost,
        report.doubled,
        report.altered,
        took.as_secs_f64()
    );
    let injected = report
        .injected
        .iter()
        .map(|(what, times)| format!("{times} {what}"));
    let notes = report.notes.iter().cloned();
    let problems = report
        .problems
        .iter()
        .map(|problem| format!("PROBLEM: {}", indented(problem)));
    for more in [injected.collect::<Vec<_>>().join(", ")]
        .into_iter()
        .chain(notes)
        .chain(problems)
    {
        let _ = write!(text, "\n{INDENT}{more}");
    }
    if report.survived != report.injections() {
        let _ = write!(text, "\n{INDENT}PROBLEM: not everything was survived");
    }
    text
}

pub fn closing(drills: usize, left_out: usize, whole: bool, interrupted: bool) -> String {
    let run = drills - left_out;
    let left_out = match left_out {
        0 => String::new(),
        some => format!(", {some} left out"),
    };
    if interrupted {
        return "\ninterrupted; everything that was started has been stopped".to_owned();
    }
    if whole {
        format!("\n{run} drills{left_out}: nothing was lost, doubled or altered, and no quota broken")
    } else {
        format!("\n{run} drills{left_out}: SOMETHING IS WRONG, see above")
    }
}

fn indented(text: &str) -> String {
    text.trim_end().replace('\n', &format!("\n{INDENT}"))
}
