//! Disks that are full at one write or another: a small file system in memory, filled but for some blocks.

use std::time::Duration;

use cardata_sim::{Fault, SimConfig};
use rand::Rng;
use tests::lives::Lives;
use tests::process::{Cardata, Signal};
use tests::scene::{FILES, Plan, Scene, count, stop, until};
use tests::small_disk::SmallDisk;
use tests::stores;

use crate::report::{Outcome, Report};
use crate::runner::Context;

const LEFT_OUT: &str = "only root may mount the small file system that is filled";
/// What a full disk makes the program say, where the journal or the tokens are on it.
const COMPLAINTS: [&str; 5] = [
    "could not be written into the ledger",
    "a snapshot cannot be stored",
    "an acknowledgement cannot be stored",
    "could not refresh the login",
    "could not note",
];
/// How long a program that is started on a full disk may take to give up or go on.
const START: Duration = Duration::from_millis(1_500);

/// A login that neither deaths nor fast time take away.
fn long_lived(seed: u64) -> SimConfig {
    SimConfig {
        seed,
        token_lifetime: Duration::from_secs(365 * 86_400),
        refresh_lifetime: Duration::from_secs(3 * 365 * 86_400),
        ..SimConfig::default()
    }
}

pub async fn of_the_state(context: Context) -> Outcome {
    let plan = Plan {
        speed: 6_000.0,
        ..Plan::default()
    };
    let scene = Scene::with(long_lived(context.seed), &plan).await;
    let Some(disk) = SmallDisk::try_mount(&scene.path("state"), "24m") else {
        return Outcome::LeftOut(LEFT_OUT.to_owned());
    };
    scene.login().await;
    let mut report = Report::default();
    let mut random = context.random();
    let mut lives = Lives::default();
    let mut run = scene.run().await;
    for round in 0..context.choose(30, 3) {
        scene.more_answers(&run, 2).await;
        let told = complaints(&run);
        // A little more room each time, so that another write is the one that fails.
        disk.fill_but(random.random_range(0..=round));
        report.inject("full disk");
        if round % 4 == 1 {
            // The new tokens cannot be written either.
            scene.bmw.inject_on("telematicData", 1, Fault::ExpireTokens);
        }
        until(&run, "complaint about the disk", || complaints(&run) > told).await;
        if round % 3 == 2 {
            run.signal(Signal::Kill).await;
            lives.end(&scene, run).await;
            report.inject("SIGKILL");
            start_on_it(&mut report, &scene, &mut lives).await;
            disk.make_room();
            run = scene.run().await;
            report.survive();
        } else {
            disk.make_room();
        }
        scene.more_answers(&run, 2).await;
        report.survive();
    }
    stop(run).await;
    report.hold_files(&scene, &lives.expected(&scene.bmw.served()));
    report.hold_calls(&scene.bmw, 100_000);
    report.hold_ledger(&scene.path("state"), &scene.bmw);
    drop(disk);
    Outcome::Done(report)
}

fn complaints(run: &Cardata) -> usize {
    COMPLAINTS.iter().map(|words| count(run, words)).sum()
}

/// A program that is started on a full disk says why it cannot run, or runs as far as it can.
async fn start_on_it(report: &mut Report, scene: &Scene, lives: &mut Lives) {
    report.inject("start on a full disk");
    let mut run = scene.hurry(&["run"]);
    match run.exit_within(START).await {
        None => {
            run.signal(Signal::Kill).await;
            lives.end(scene, run).await;
        }
        Some(status) => {
            let said = tests::scene::end(run).await;
            if status.code() != Some(2) || !said.err.contains("state") {
                report.problem(format!(
                    "started on a full disk, it ended with {status}:\n{}",
                    said.err
                ));
            }
        }
    }
    report.survive();
}

pub async fn of_the_stores(context: Context) -> Outcome {
    let sinks = format!(
        "  - type: csv\n    dir: small/csv\n  - name: wide\n    type: csv\n    dir: small/wide\n    layout: wide\n\
         \x20 - name: small\n    type: sqlite\n    path: small/cardata.db\n{FILES}"
    );
    let plan = Plan {
        // News often enough for the stores to be written to.
        speed: 20_000.0,
        sinks: &sinks,
        ..Plan::default()
    };
    let scene = Scene::with(long_lived(context.seed), &plan).await;
    let Some(disk) = SmallDisk::try_mount(&scene.path("small"), "24m") else {
        return Outcome::LeftOut(LEFT_OUT.to_owned());
    };
    scene.login().await;
    let mut report = Report::default();
    let mut random = context.random();
    let mut lives = Lives::default();
    let mut run = scene.run().await;
    let refusals = |run: &Cardata| count(run, "the sink does not accept writes");
    for round in 0..context.choose(45, 4) {
        scene.more_answers(&run, 2).await;
        let told = refusals(&run);
        disk.fill_but(random.random_range(0..=round / 2));
        report.inject("full disk");
        until(&run, "complaint about the disk", || refusals(&run) > told).await;
        // A moment in which other writes meet the full disk.
        scene.more_answers(&run, random.random_range(1..20)).await;
        if round % 3 == 2 {
            run.signal(Signal::Kill).await;
            lives.end(&scene, run).await;
            report.inject("SIGKILL");
            if round % 2 == 0 {
                disk.make_room();
            }
            run = scene.run().await;
            report.survive();
        }
        disk.make_room();
        let newest = stores::newest_entry(&scene.path("state"));
        let acknowledged = || stores::acknowledged(&scene.path("state"), &[]) >= newest;
        until(&run, "delivery to the small disk", acknowledged).await;
        report.survive();
    }
    stop(run).await;
    let wanted = lives.expected(&scene.bmw.served());
    report.hold_files(&scene, &wanted);
    report.hold(
        "csv on the small disk",
        &stores::csv(&scene.path("small/csv")),
        &wanted,
    );
    let wide = stores::by_minute(&wanted);
    report.hold(
        "wide csv on the small disk",
        &stores::csv_wide(&scene.path("small/wide")),
        &wide,
    );
    let sqlite = stores::sqlite(&scene.path("small/cardata.db"));
    report.hold("sqlite on the small disk", &sqlite, &wanted);
    report.hold_calls(&scene.bmw, 100_000);
    drop(disk);
    Outcome::Done(report)
}
