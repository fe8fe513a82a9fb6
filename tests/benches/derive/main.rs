//! What records cost: a year of a streaming car derived at once, beside reading it, and what a reading costs with and
//! without deriving while it comes ([`live`]).
//!
//! `cargo xtask bench derive` runs it. The journal is made by its own door and packed, as a year is.

#![expect(
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "a benchmark speaks by printing and panicking"
)]

mod car;
mod live;
mod meter;

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use collector::deriving::Deriving;
use collector::state::OpenState;
use collector_core::{RawSnapshot, Vin};
use jiff::SignedDuration;
use journal::{Log, Read, Reader};
use runtime::{Clock, SystemClock};
use tokio_util::sync::CancellationToken;

const VIN: &str = "WBY00000000000007";
/// Days of a year and of a month.
const YEAR: i64 = 365;
const MONTH: i64 = 31;
/// What can be measured alone.
const PARTS: [&str; 2] = ["year", "live"];
/// Messages in one transaction of a history.
const AT_ONCE: usize = 6_000;

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    let named: Vec<String> = std::env::args()
        .filter(|argument| PARTS.contains(&&**argument))
        .collect();
    let asked = |part: &str| named.is_empty() || named.iter().any(|one| one == part);
    runtime.block_on(async {
        if asked("year") {
            a_year().await;
        }
        if asked("live") {
            live::measure().await;
        }
    });
}

/// One line of the report.
fn line(what: &str, figure: &str, against: &str) {
    eprintln!("{what:<52}{figure:>22}   {against}");
}

async fn append(state: &OpenState, messages: &[RawSnapshot]) {
    let appended = state
        .journal
        .append("home".into(), "stream".into(), messages.into());
    appended.await.unwrap();
}

async fn fill(state: &OpenState, vin: &Vin, days: std::ops::Range<i64>) {
    for day in days {
        for some in car::day(vin, day).chunks(AT_ONCE) {
            append(state, some).await;
        }
    }
    state.journal.flush().await.unwrap();
    let far = jiff::Timestamp::now() + SignedDuration::from_hours(24);
    state.journal.pack(far).await.unwrap();
}

fn deriving(state: &OpenState, reader: &Reader, clock: Arc<dyn Clock>) -> Deriving {
    Deriving {
        state: state.clone(),
        reader: reader.clone(),
        rules: derive::Rules::default(),
        clock,
    }
}

/// All entries as a sink reads them. Seconds, and readings.
async fn read(reader: &Reader, after: u64) -> (f64, usize) {
    let (began, mut cursor, mut readings) = (Instant::now(), after, 0);
    while let Some(batch) = reader.read(&"bench".into(), cursor, 5_000).await.unwrap() {
        (cursor, readings) = (batch.last, readings + batch.readings);
    }
    (began.elapsed().as_secs_f64(), readings)
}

async fn a_year() {
    let folder = tempfile::tempdir().unwrap();
    let (state, vin) = (OpenState::open(folder.path()).unwrap(), VIN.parse().unwrap());
    let reader = state.journal.reader(Default::default()).unwrap();
    let never = CancellationToken::new();
    fill(&state, &vin, 0..MONTH).await;
    meter::forget_peak();
    deriving(&state, &reader, Arc::new(SystemClock))
        .all_anew(&never)
        .await
        .unwrap()
        .unwrap();
    let month = meter::peak();
    fill(&state, &vin, MONTH..YEAR).await;
    let (reading, readings) = read(&reader, 0).await;
    meter::forget_peak();
    let began = Instant::now();
    let outcome = deriving(&state, &reader, Arc::new(SystemClock))
        .all_anew(&never)
        .await
        .unwrap()
        .unwrap();
    let (took, year) = (began.elapsed().as_secs_f64(), meter::peak());
    let told: u64 = outcome
        .kinds
        .values()
        .map(|kind| kind.new + kind.unchanged + kind.changed)
        .sum();
    let began = Instant::now();
    let again = deriving(&state, &reader, Arc::new(SystemClock))
        .all_anew(&never)
        .await
        .unwrap()
        .unwrap();
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
