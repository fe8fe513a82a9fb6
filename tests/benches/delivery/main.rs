//! How fast the journal is delivered, beside what the stores' raw libraries reach with the same data in the same run,
//! and how small and quick to start the program is.
//!
//! `cargo xtask bench` runs it; figures go to standard error, because `sink-stdout` owns standard output.

#![expect(
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "a benchmark speaks by printing and panicking"
)]

mod capture;
mod deliver;
mod fill;
mod process;
mod raw;

use std::time::Duration;

use deliver::Delivery;
use tests::servers::InfluxDb1;

/// Readings in the journal of the comparison with the raw libraries.
const READINGS: usize = 1_000_000;
/// Readings of the journals that show how the cost of one grows.
const SIZES: [usize; 3] = [1_000, 100_000, 1_000_000];
const LARGEST: usize = 10_000_000;

fn main() {
    let full = std::env::args().any(|argument| argument == "--full");
    let readings = std::env::var("CARDATA_BENCH_READINGS")
        .ok()
        .and_then(|text| text.parse().ok());
    collector::http::install_crypto();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        compare(readings.unwrap_or(READINGS)).await;
        growth(full).await;
        process::measure().await;
    });
}

async fn compare(readings: usize) {
    let folder = tempfile::tempdir().unwrap();
    let filled = fill::journal(folder.path(), readings).await;
    eprintln!(
        "\n{readings} readings in a journal of {} bytes a reading; appended {:.0} a second",
        filled.bytes / readings as u64,
        rate(readings, filled.took)
    );
    eprintln!(
        "\n{:<28}{:>14}{:>16}{:>9}",
        "delivering all of it", "readings/s", "raw library/s", "ratio"
    );
    let delivery = Delivery::new(folder.path());
    line("read and decoded only", readings, delivery.decoded().await, None);
    let stdout = delivery.alone("- type: stdout").await;
    line("stdout (JSON lines)", readings, stdout, None);

    let sqlite = delivery.alone("- { type: sqlite, path: alone.db }").await;
    let raw_sqlite = raw::sqlite(&folder.path().join("alone.db"));
    line("sqlite", readings, sqlite, Some(raw_sqlite));

    let csv = delivery.alone("- { type: csv, dir: alone }").await;
    let raw_csv = raw::csv(&folder.path().join("alone"), deliver::BATCH);
    line("csv (long)", readings, csv, Some(raw_csv));

    let Some(server) = InfluxDb1::start().await else {
        eprintln!("influxdb                    left out: no server");
        return;
    };
    let sink = |database: &str| {
        format!(
            "- {{ type: influxdb, fields: descriptor, url: \"{}\", database: {database} }}",
            server.url()
        )
    };
    let database = server.create_database().await;
    let influxdb = delivery.alone(&sink(&database)).await;
    let bodies = capture::bodies(&delivery).await;
    let database = server.create_database().await;
    let raw_influxdb = raw::influxdb(&server.url(), &database, &bodies).await;
    line("influxdb (1.6.7)", readings, influxdb, Some(raw_influxdb));

    let database = server.create_database().await;
    let all = format!(
        "- type: stdout\n  - {{ type: sqlite, path: four.db }}\n  - {{ type: csv, dir: four }}\n  {}",
        sink(&database)
    );
    let together = delivery.alone(&all).await;
    let slowest = stdout.max(sqlite).max(csv).max(influxdb);
    eprintln!(
        "{:<28}{:>14.0}{:>25.2} times the slowest alone",
        "four at once",
        rate(readings, together),
        together.as_secs_f64() / slowest.as_secs_f64()
    );
}

/// The cost of delivering one reading must not depend on how many there are.
async fn growth(full: bool) {
    eprintln!(
        "\n{:<28}{:>14}{:>14}{:>14}",
        "microseconds a reading", "append", "csv", "sqlite"
    );
    let sizes = SIZES.into_iter().chain(full.then_some(LARGEST));
    for readings in sizes {
        let folder = tempfile::tempdir().unwrap();
        let filled = fill::journal(folder.path(), readings).await;
        let delivery = Delivery::new(folder.path());
        let csv = delivery.alone("- { type: csv, dir: alone }").await;
        let sqlite = delivery.alone("- { type: sqlite, path: alone.db }").await;
        let cost = |took: Duration| took.as_secs_f64() * 1e6 / readings as f64;
        eprintln!(
            "{readings:<28}{:>14.2}{:>14.2}{:>14.2}",
            cost(filled.took),
            cost(csv),
            cost(sqlite)
        );
    }
}

fn line(what: &str, readings: usize, took: Duration, raw: Option<raw::Rate>) {
    let ours = rate(readings, took);
    match raw {
        None => eprintln!("{what:<28}{ours:>14.0}"),
        Some(raw) => eprintln!("{what:<28}{ours:>14.0}{:>16.0}{:>9.2}", raw.0, ours / raw.0),
    }
}

fn rate(readings: usize, took: Duration) -> f64 {
    readings as f64 / took.as_secs_f64()
}
