//! How fast the page is with a year of six cars behind it, ten million readings: each of its pages and answers by one core,
//! with nothing of the databases in memory and with what it has read, beside a bare server that sends the same bytes.
//!
//! `cargo xtask bench page` runs it. The program is the one that is shipped; what it reads is made once and kept in the target
//! folder.

#![expect(
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "a benchmark speaks by printing and panicking"
)]

mod ask;
#[path = "../derive/car.rs"]
mod car;
mod core;
mod drawn;
mod made;

use tests::scene;

use crate::ask::{Bare, Client, Took};

/// Every page, and what programs ask, of the first car.
const PAGES: [(&str, &str); 13] = [
    ("first page", ""),
    ("battery, a month", "v/{car}/battery"),
    ("battery, a year", "v/{car}/battery?range=year"),
    ("charging", "v/{car}/charging"),
    ("trips", "v/{car}/trips"),
    ("data", "v/{car}/data"),
    ("system", "system"),
    ("a charge", "v/{car}/charging/{charge}"),
    ("why a charge is as it is", "why/charging_session/{car}/{charge}"),
    ("now, for programs", "api/v1/vehicles/{car}/now"),
    (
        "a year of the charge in 2,000 points",
        "api/v1/vehicles/{car}/series?key=soc&from=2024-01-01&to=2025-01-01&points=2000",
    ),
    ("a hundred sessions", "api/v1/vehicles/{car}/sessions"),
    ("metrics", "metrics"),
];

fn main() {
    collector::http::install_crypto();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(measure());
}

async fn measure() {
    let made = made::Made::find().await;
    let readings = made.readings();
    eprintln!(
        "\nthe page of {} cars with {readings} readings, on one core: after a start with nothing in memory, the median of {} and the slowest",
        made::CARS,
        ask::TIMES
    );
    let client = Client::new();
    let (car, charge) = made.charge();
    let scene = made.scene().await;
    for (what, path) in PAGES {
        let path = path.replace("{car}", &car).replace("{charge}", &charge);
        let run = made::start(&scene).await;
        core::keep_to_one(run.id());
        core::forget_files();
        let url = format!("{}{path}", made::link(&run));
        let took = client.ask(&url).await;
        let bare = Bare::start(took.bytes.clone()).await;
        let beside = client.ask(&bare.url).await;
        show(what, &took, &beside);
        scene::stop(run).await;
    }
    let run = made::start(&scene).await;
    drawn::show(&format!("{}v/{car}/battery?range=year", made::link(&run))).await;
    scene::stop(run).await;
}

fn show(what: &str, took: &Took, beside: &Took) {
    let milliseconds = |took: std::time::Duration| took.as_secs_f64() * 1e3;
    let goal = if what == "first page" { "; goal 100 ms" } else { "" };
    eprintln!(
        "{what:<40}{:>8.1} {:>7.1} {:>7.1} ms {:>7.1} KB   {:.0} of the bare server's{goal}",
        milliseconds(took.first),
        milliseconds(took.median),
        milliseconds(took.slowest),
        took.bytes.len() as f64 / 1e3,
        took.median.as_secs_f64() / beside.median.as_secs_f64(),
    );
}
