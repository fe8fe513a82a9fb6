//! What the program costs on top of a year of history: bytes written and processor time of what BMW sends, of polls and
//! of nothing, and what the history takes at rest.
//!
//! `cargo xtask bench history` runs it. Everything is measured of the program as it is shipped, by what the system
//! tells of it; each figure stands beside its goal and, where there is one, beside the bare library.

#![expect(
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "a benchmark speaks by printing and panicking"
)]

mod car;
mod live;
mod meter;
mod polls;
mod raw;
mod rest;
mod year;

const MINUTES: u32 = 10;

fn main() {
    let minutes = minutes().unwrap_or(MINUTES).max(1);
    collector::http::install_crypto();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        eprintln!(
            "\non top of a year of one busy car, {} streamed readings",
            car::A_YEAR
        );
        let Some(year) = year::Year::find().await else {
            eprintln!("{:<52}left out: no broker", "");
            return;
        };
        rest::measure(&year).await;
        for page in [year::Page::Off, year::Page::On] {
            live::one_a_second(&year, page, minutes).await;
            live::bursts(&year, page, minutes).await;
        }
        polls::measure(&year).await;
    });
}

/// `--minutes N`.
fn minutes() -> Option<u32> {
    let mut arguments = std::env::args().skip_while(|argument| argument != "--minutes");
    arguments.nth(1)?.parse().ok()
}

/// One line of the report: what, the figure, and what it is held against.
fn line(what: &str, figure: &str, against: &str) {
    eprintln!("{what:<52}{figure:>22}   {against}");
}

fn kibibytes(bytes: u64, readings: usize) -> String {
    format!("{:.2} KiB a reading", bytes as f64 / readings as f64 / 1024.0)
}
