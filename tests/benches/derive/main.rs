//! What records cost: a year of a streaming car derived at once, beside reading it, and what a reading costs with and
//! without deriving while it comes.
//!
//! `cargo xtask bench derive` runs it. The journal is made by its own door and packed, as a year is.

#![expect(
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "a benchmark speaks by printing and panicking"
)]

mod car;
mod meter;

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use collector::deriving::Deriving;
use collector::state::OpenState;
use collector_core::{Name, RawSnapshot, Vin};
use jiff::SignedDuration;
use journal::{Log, Read};
use runtime::ScaledClock;
use tokio_util::sync::CancellationToken;

const VIN: &str = "WBY00000000000007";
/// Messages in one transaction of a history, and while they come.
const AT_ONCE: usize = 6_000;
const TOGETHER: usize = 60;
/// Days of messages that come one after the other, and how often that is measured.
const LIVE_DAYS: i64 = 10;
const TIMES: usize = 3;

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        a_year().await;
        live().await;
    });
}

/// One line of the report.
fn line(what: &str, figure: &str, against: &str) {
    eprintln!("{what:<52}{figure:>22}   {against}");
}

async fn send(state: &OpenState, messages: Vec<RawSnapshot>, together: usize) {
    let (account, source): (Name, Name) = ("home".into(), "stream".into());
    for some in messages.chunks(together) {
        let appended = state.journal.append(account.clone(), source.clone(), some.into());
        appended.await.unwrap();
    }
}

async fn fill(state: &OpenState, vin: &Vin, days: std::ops::Range<i64>) {
    for day in days {
        send(state, car::day(vin, day), AT_ONCE).await;
    }
    state.journal.flush().await.unwrap();
    let far = jiff::Timestamp::now() + SignedDuration::from_hours(24);
    state.journal.pack(far).await.unwrap();
}

fn deriving(state: &OpenState) -> Deriving {
    Deriving {
        state: state.clone(),
        reader: state.journal.reader(Default::default()).unwrap(),
        rules: derive::Rules::default(),
        // Ten seconds of it are ten milliseconds: what comes is derived many times while it comes.
        clock: Arc::new(ScaledClock::new(1_000.0)),
    }
}

/// All entries as a sink reads them. Seconds, and readings.
async fn read(state: &OpenState, after: u64) -> (f64, usize) {
    let reader = state.journal.reader(Default::default()).unwrap();
    let (began, mut cursor, mut readings) = (Instant::now(), after, 0);
    while let Some(batch) = reader.read(&"bench".into(), cursor, 5_000).await.unwrap() {
        (cursor, readings) = (batch.last, readings + batch.readings);
    }
    (began.elapsed().as_secs_f64(), readings)
}

async fn a_year() {
    let folder = tempfile::tempdir().unwrap();
    let (state, vin) = (OpenState::open(folder.path()).unwrap(), VIN.parse().unwrap());
    let never = CancellationToken::new();
    fill(&state, &vin, 0..car::MONTH).await;
    meter::forget_peak();
    deriving(&state).all_anew(&never).await.unwrap().unwrap();
    let month = meter::peak();
    fill(&state, &vin, car::MONTH..car::DAYS).await;
    let (reading, readings) = read(&state, 0).await;
    meter::forget_peak();
    let began = Instant::now();
    let outcome = deriving(&state).all_anew(&never).await.unwrap().unwrap();
    let (took, year) = (began.elapsed().as_secs_f64(), meter::peak());
    let told: u64 = outcome
        .kinds
        .values()
        .map(|kind| kind.new + kind.unchanged + kind.changed)
        .sum();
    let began = Instant::now();
    let again = deriving(&state).all_anew(&never).await.unwrap().unwrap();
    assert!(again.is_unchanged(), "{again:#?}");
    line(
        &format!("a year derived, {readings} readings, {told} records"),
        &format!("{took:.1} s"),
        &format!("{:.1} times as long as to read it; goal 10 s", took / reading),
    );
    line(
        "the same once more, nothing changed",
        &format!("{:.1} s", began.elapsed().as_secs_f64()),
        "",
    );
    line(
        "memory at most, a month and a year",
        &format!("{month:.0} and {year:.0} MiB"),
        "goal: the same",
    );
    line(
        "the state, as it is kept",
        &format!("{} KiB", kept(folder.path()) / 1_024),
        "",
    );
}

/// Bytes of the state of what derives.
fn kept(state: &Path) -> usize {
    let ledger = ledger::overview::Overview::open_file(&state.join("journal.db")).unwrap();
    ledger
        .derived()
        .unwrap()
        .state
        .map_or(0, |(_, state)| state.len())
}

/// Processor time of messages that are stored and read, with and without deriving beside it.
async fn live() {
    let (mut without, mut with) = (Vec::new(), Vec::new());
    for _ in 0..TIMES {
        without.push(cost(false).await);
        with.push(cost(true).await);
    }
    let median = |mut figures: Vec<f64>| {
        figures.sort_by(f64::total_cmp);
        figures[figures.len() / 2]
    };
    let (without, with) = (median(without), median(with));
    line(
        "processor time of a reading, stored and read",
        &format!("{:.2} µs", without * 1e6),
        "",
    );
    line(
        "the same with deriving",
        &format!("{:.2} µs", with * 1e6),
        &format!("{:.2} of it; goal 1.10", with / without),
    );
}

/// Of one reading, in seconds.
async fn cost(derives: bool) -> f64 {
    let folder = tempfile::tempdir().unwrap();
    let (state, vin) = (OpenState::open(folder.path()).unwrap(), VIN.parse().unwrap());
    let days: Vec<_> = (0..LIVE_DAYS).map(|day| car::day(&vin, day)).collect();
    let readings: usize = days.iter().map(Vec::len).sum();
    let stop = CancellationToken::new();
    let before = meter::processor();
    let derived = derives.then(|| tokio::spawn(deriving(&state).run(stop.clone())));
    for day in days {
        let last = *state.journal.newest().borrow();
        send(&state, day, TOGETHER).await;
        read(&state, last).await;
    }
    stop.cancel();
    if let Some(derived) = derived {
        derived.await.unwrap();
    }
    (meter::processor() - before) / readings as f64
}
