//! How fast the live stream is taken over, beside a bare subscriber of the same client library in the same run, and
//! what it costs: bytes, memory, processor time, and how soon it is back after an outage.
//!
//! `cargo xtask bench` runs it. Nothing is asserted about time: each figure stands beside what it is held against.

#![expect(
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "a benchmark speaks by printing and panicking"
)]

mod bare;
mod cost;
mod outage;
mod program;
mod speed;

fn main() {
    let full = std::env::args().any(|argument| argument == "--full");
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        speed::sustained(full).await;
        speed::burst(full).await;
        cost::memory(full).await;
        cost::processor(full).await;
        outage::back(full).await;
        outage::rotation(full).await;
    });
}

/// One line of the report: what, the figure, and what it is held against.
fn line(what: &str, figure: &str, against: &str) {
    eprintln!("{what:<52}{figure:>22}   {against}");
}
