//! Killed at any moment, again and again, under load.

use std::time::Duration;

use cardata_sim::{Fault, FaultRate, NotJson, SimConfig, SimVehicle};
use rand::Rng;
use tests::lives::Lives;
use tests::process::Signal;
use tests::scene::{FILES, Plan, Scene, stop};
use tests::servers::InfluxDb1;
use tests::stores;

use crate::report::{Outcome, Report};
use crate::runner::Context;

/// From before the program has opened its journal to when it has polled for a while.
const LONGEST_LIFE: Duration = Duration::from_millis(900);

/// The store of rows without times, and the one that needs a server.
const WIDE: &str = "  - name: wide\n    type: csv\n    dir: wide\n    layout: wide\n";

/// A refresh token works once: one that dies with the program takes the login with it, so none is due.
fn long_lived(seed: u64) -> SimConfig {
    SimConfig {
        seed,
        vehicles: ["WBY71AW050FP11111", "WBY71AW050FP22222", "WBY71AW050FP33333"]
            .map(SimVehicle::new)
            .to_vec(),
        token_lifetime: Duration::from_secs(365 * 86_400),
        refresh_lifetime: Duration::from_secs(3 * 365 * 86_400),
        ..SimConfig::default()
    }
}

pub async fn under_load(context: Context) -> Outcome {
    storm(context, long_lived(context.seed), context.choose(200, 12)).await
}

pub async fn with_faults(context: Context) -> Outcome {
    let status = |status, body: &str| Fault::Status {
        status,
        body: body.to_owned(),
    };
    let config = SimConfig {
        faults: FaultRate {
            probability: 0.25,
            faults: vec![
                status(500, r#"{"exveErrorId":"CU-500","exveErrorMsg":"internal"}"#),
                status(502, "<html>Bad Gateway</html>"),
                status(503, ""),
                Fault::Reset,
                Fault::Truncated,
                Fault::Hang(Duration::from_millis(300)),
                Fault::SlowBody(Duration::from_millis(3)),
                Fault::NotJson(NotJson::Html),
                Fault::NotJson(NotJson::Empty),
                Fault::NotJson(NotJson::Garbage),
                Fault::DeleteContainer,
            ],
            path: Some("/customers/".to_owned()),
        },
        // They are deleted more often than ten times within a month.
        deleted_containers_count: false,
        ..long_lived(context.seed)
    };
    storm(context, config, context.choose(60, 6)).await
}

async fn storm(context: Context, config: SimConfig, kills: u64) -> Outcome {
    let influxdb = InfluxDb1::start().await;
    let mut sinks = format!("{FILES}{WIDE}");
    let mut database = String::new();
    if let Some(server) = &influxdb {
        database = server.create_database().await;
        sinks += &format!(
            "  - type: influxdb\n    fields: descriptor\n    url: {}\n    database: {database}\n",
            server.url()
        );
    }
    let plan = Plan {
        // A minute or so between polls, so that most bring news.
        speed: 6_000.0,
        every: "1s",
        sinks: &sinks,
        ..Plan::default()
    };
    let scene = Scene::with(config, &plan).await;
    scene.login().await;
    let mut report = Report::default();
    let mut random = context.random();
    let mut lives = Lives::default();
    for _ in 0..kills {
        let run = scene.hurry(&["run"]);
        // The moment of death is what is tried out here.
        tokio::time::sleep(random.random_range(Duration::ZERO..LONGEST_LIFE)).await;
        run.signal(Signal::Kill).await;
        report.inject("SIGKILL");
        lives.end(&scene, run).await;
        report.survive();
    }
    let run = scene.run().await;
    scene.more_answers(&run, 3).await;
    stop(run).await;

    let served = scene.bmw.served();
    let wanted = lives.expected(&served);
    report.hold_files(&scene, &wanted);
    let wide = stores::by_minute(&wanted);
    report.hold("wide csv", &stores::csv_wide(&scene.path("wide")), &wide);
    match &influxdb {
        Some(server) => report.hold("influxdb", &stores::influxdb(server, &database).await, &wanted),
        None => report.note("without InfluxDB, which is left out"),
    }
    report.hold_calls(&scene.bmw, 100_000);
    report.hold_ledger(&scene.path("state"), &scene.bmw);
    let failed = scene
        .requests("/customers/")
        .iter()
        .filter(|request| request.status != 200)
        .count();
    let acknowledged = tests::oracle::answers(&served).len() - lives.unacknowledged();
    report.note(format!(
        "{acknowledged} polls acknowledged, {} on their way when the program died; {failed} answers of BMW failed",
        lives.unacknowledged()
    ));
    // A program that hardly works when it is killed has nothing to lose.
    if (acknowledged as u64) < kills {
        report.problem(format!(
            "only {acknowledged} polls in {kills} lives: there was no load"
        ));
    }
    Outcome::Done(report)
}

/// A day lasts some seconds, so that many days begin and end between deaths.
pub async fn on_a_budget(context: Context) -> Outcome {
    let plan = Plan {
        speed: 8_000.0,
        calls_per_day: 50,
        every: "auto",
        ..Plan::default()
    };
    let scene = Scene::with(long_lived(context.seed), &plan).await;
    scene.login().await;
    let mut report = Report::default();
    let mut random = context.random();
    let mut lives = Lives::default();
    for _ in 0..context.choose(40, 4) {
        let run = scene.hurry(&["run"]);
        tokio::time::sleep(random.random_range(Duration::ZERO..LONGEST_LIFE * 2)).await;
        run.signal(Signal::Kill).await;
        report.inject("SIGKILL");
        lives.end(&scene, run).await;
        report.survive();
    }
    let run = scene.run().await;
    scene.more_answers(&run, 3).await;
    stop(run).await;
    report.hold_files(&scene, &lives.expected(&scene.bmw.served()));
    report.hold_calls(&scene.bmw, 50);
    report.hold_ledger(&scene.path("state"), &scene.bmw);
    Outcome::Done(report)
}
