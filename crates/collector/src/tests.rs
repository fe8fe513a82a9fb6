//! Whole pipelines inside the process, against the simulated BMW.

mod types;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use cardata_auth::{ClientId, OAuthClient, TokenStore};
use cardata_sim::{Approval, Sim, SimConfig};
use collector_core::state::{PollsState, SinkState};
use collector_core::{Origin, RawReading, RawSnapshot};
use jiff::Timestamp;
use journal::Log;
use pipeline::{Pipeline, ProcessEnvironment};
use runtime::SystemClock;
use tokio_util::sync::CancellationToken;

use super::*;
use crate::http;
use crate::state::{OpenState, StateError};

const CLIENT_ID: &str = "4f9a1c52-8d0e-4b6c-9c2b-1a2b3c4d5e6f";

/// A simulated BMW and a folder for a pipeline. Time is real: a poll a second is what the file asks for.
struct Bench {
    folder: tempfile::TempDir,
    sim: Sim,
}

impl Bench {
    async fn new() -> Self {
        http::install_crypto();
        let config = SimConfig {
            approval: Approval::Auto {
                after: Duration::ZERO,
            },
            poll_interval: Duration::ZERO,
            calls_per_day: 1_000_000,
            ..SimConfig::default()
        };
        Self {
            folder: tempfile::tempdir().unwrap(),
            sim: Sim::start_with_now(config, Arc::new(Timestamp::now))
                .await
                .unwrap(),
        }
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }

    fn pipeline(&self, more: &str) -> Pipeline {
        let url = self.sim.api_url();
        let text = format!(
            "
accounts:
  - name: home
    client_id: {CLIENT_ID}
    endpoints: {{ auth: \"{url}\", api: \"{url}\" }}
    calls_per_day: 1000000
sources:
  - type: telematics
    every: 1s
sinks:
  - type: sqlite
    path: data/cardata.db
  - type: csv
    dir: data/csv
{more}"
        );
        pipeline::parse("pipeline.yaml", &text, self.folder.path(), &ProcessEnvironment).unwrap()
    }

    async fn log_in(&self) {
        let url: url::Url = self.sim.auth_url().parse().unwrap();
        let oauth = OAuthClient::new(http::client().unwrap(), url, Arc::new(SystemClock));
        let client_id: ClientId = CLIENT_ID.parse().unwrap();
        let tokens = cardata_auth::login(&oauth, &client_id, |_| {}).await.unwrap();
        TokenStore::new(self.path("state/tokens"), "home")
            .save(&tokens)
            .unwrap();
    }

    /// Runs until the journal holds an entry of this number, and stops.
    async fn run_until(&self, more: &str, seq: u64) -> Summary {
        let engine = Engine::start(self.pipeline(more)).await.unwrap();
        let mut newest = engine.state.journal.newest();
        let stop = CancellationToken::new();
        let running = tokio::spawn(engine.run(stop.clone()));
        newest.wait_for(|newest| *newest >= seq).await.unwrap();
        stop.cancel();
        running.await.unwrap().unwrap().unwrap()
    }
}

fn sink<'a>(summary: &'a Summary, name: &str) -> &'a SinkSummary {
    summary.sinks.iter().find(|sink| &*sink.name == name).unwrap()
}

fn rows_in_database(path: &Path) -> u64 {
    let database = rusqlite::Connection::open(path).unwrap();
    database
        .query_row("select count(*) from readings", [], |row| row.get(0))
        .unwrap()
}

fn rows_in_archive(folder: &Path) -> u64 {
    let files = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let texts = files
        .filter(|path| path.extension().is_some_and(|extension| extension == "csv"))
        .map(|path| std::fs::read_to_string(path).unwrap());
    // Sheets of records begin with the vehicle.
    let of_readings = texts.filter(|text| text.starts_with("measured_at"));
    of_readings.map(|text| text.lines().count() as u64 - 1).sum()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pipeline_polls_and_every_sink_gets_everything_once() {
    let bench = Bench::new().await;
    bench.log_in().await;
    let first = bench.run_until("", 2).await;
    assert!(first.snapshots >= 2 && first.readings > 0, "{first:?}");
    let polls = u32::try_from(first.snapshots).unwrap();
    assert_eq!(
        first.calls,
        polls + 3,
        "mappings, the list of containers, a new container"
    );
    for name in ["sqlite", "csv"] {
        let sink = sink(&first, name);
        assert_eq!(sink.delivered_readings, first.readings, "{name}");
        assert_eq!((sink.waiting_readings, sink.dead_letters), (0, 0), "{name}");
    }

    // The second run knows the vehicles and the container, and counts for itself.
    let second = bench.run_until("", first.snapshots + 1).await;
    assert_eq!(u64::from(second.calls), second.snapshots);
    assert_eq!(sink(&second, "sqlite").delivered_readings, second.readings);
    let readings = first.readings + second.readings;
    assert_eq!(rows_in_database(&bench.path("data/cardata.db")), readings);
    assert_eq!(rows_in_archive(&bench.path("data/csv")), readings);

    assert_eq!(bench.sim.control().violations(), []);
    let overview = ledger::overview::Overview::open(&bench.path("state"))
        .unwrap()
        .unwrap();
    let states = overview.components().unwrap();
    let ended = |state: &collector_core::state::State| match state {
        collector_core::state::State::Polls(state) => *state == PollsState::Stopped,
        collector_core::state::State::Sink(state) => *state == SinkState::Stopped,
        _ => true,
    };
    assert!(
        states.iter().all(|component| ended(&component.state)),
        "{states:?}"
    );

    bench.sim.stop().await;
}

#[tokio::test]
async fn without_a_login_nothing_is_asked_and_the_directory_is_free_again() {
    let bench = Bench::new().await;
    for _ in 0..2 {
        let error = Engine::start(bench.pipeline("")).await.err().unwrap();
        assert_eq!(error.exit_code(), 3);
        let RunError::LoginNeeded { accounts } = error else {
            panic!("{error}")
        };
        assert_eq!(&*accounts[0].0, "home");
    }
    assert_eq!(bench.sim.control().requests(), []);
    bench.sim.stop().await;
}

#[tokio::test]
async fn a_state_directory_has_one_user() {
    let bench = Bench::new().await;
    bench.log_in().await;
    let first = Engine::start(bench.pipeline("")).await.unwrap();
    let error = Engine::start(bench.pipeline("")).await.err().unwrap();
    assert!(
        matches!(error, RunError::State(StateError::InUse { .. })),
        "{error}"
    );
    assert_eq!(error.exit_code(), 5);
    assert!(
        error.to_string().contains(&std::process::id().to_string()),
        "{error}"
    );
    drop(first);
    assert!(Engine::start(bench.pipeline("")).await.is_ok());
    bench.sim.stop().await;
}

#[tokio::test]
async fn a_state_directory_that_cannot_be_is_a_mistake_of_the_configuration() {
    let bench = Bench::new().await;
    std::fs::write(bench.path("state"), "a file").unwrap();
    let error = Engine::start(bench.pipeline("")).await.err().unwrap();
    assert!(matches!(error, RunError::State(StateError::Io { .. })), "{error}");
    assert_eq!(error.exit_code(), 2);
    bench.sim.stop().await;
}

/// A stop that comes before anything was done ends with an empty summary.
#[tokio::test]
async fn a_stop_at_once_is_clean() {
    let bench = Bench::new().await;
    bench.log_in().await;
    let stop = CancellationToken::new();
    stop.cancel();
    let summary = Engine::start(bench.pipeline(""))
        .await
        .unwrap()
        .run(stop)
        .await
        .unwrap()
        .unwrap();
    assert!(summary.snapshots <= 1, "{summary:?}");
    assert_eq!(sink(&summary, "csv").delivered_readings, summary.readings);
    bench.sim.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn forgetting_the_past_does_not_spoil_the_sums() {
    let bench = Bench::new().await;
    bench.log_in().await;
    let state = OpenState::open(&bench.path("state")).unwrap();
    let journal = &state.journal;
    for number in 0..5 {
        let body = format!(r#"{{"value":{number},"timestamp":{}}}"#, 1_577_836_800 + number);
        let reading = RawReading {
            descriptor: "vehicle.drivetrain.batteryManagement.header".to_owned(),
            body: serde_json::value::RawValue::from_string(body).unwrap(),
        };
        let snapshot = RawSnapshot {
            vin: "WBY8P210X07A12345".parse().unwrap(),
            origin: Origin::Poll,
            requested_at: None,
            sent_at: None,
            received_at: "2020-01-01T00:00:00Z".parse().unwrap(),
            readings: vec![reading],
        };
        let appended = journal.append("home".into(), "telematics".into(), [snapshot].into());
        assert_eq!(appended.await.unwrap()[0].new, 1);
    }
    for name in ["sqlite", "csv"] {
        journal.cursor(name, 5).await.unwrap();
    }
    let derived = derive::Deriver::new(derive::Rules::default()).state();
    let keep = state
        .store
        .transact(move |tx| ledger::keep_derived(tx, 5, &derived).and_then(|()| ledger::told_through(tx, 5)));
    keep.await.unwrap();
    drop(state);
    let summary = bench.run_until("journal: { keep: 90d }\n", 7).await;
    assert!((2..5).contains(&summary.snapshots), "{summary:?}");
    assert_eq!(sink(&summary, "sqlite").delivered_readings, summary.readings);
    let overview = journal::log::overview::Overview::open(&bench.path("state"))
        .unwrap()
        .unwrap();
    assert_eq!(
        overview.log().unwrap().readings,
        summary.readings,
        "the five old ones are gone"
    );
    bench.sim.stop().await;
}

#[cfg(feature = "simulator")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_built_in_backend_needs_no_login_and_its_time_goes_on_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    http::install_crypto();
    let text = format!(
        "
simulator: {{ speed: 20000 }}
accounts:
  - name: home
    client_id: {CLIENT_ID}
sources:
  - type: telematics
    every: 30m
sinks:
  - type: sqlite
    path: cardata.db
"
    );
    let mut latest = Timestamp::now();
    let mut lives = std::collections::BTreeSet::new();
    for run in 1..=2 {
        let pipeline = pipeline::parse("demo.yaml", &text, folder.path(), &ProcessEnvironment).unwrap();
        let engine = Engine::start(pipeline).await.unwrap();
        assert!(engine.simulator().is_some());
        let vouched = std::fs::read_to_string(folder.path().join("state/simulator-ca.pem")).unwrap();
        assert!(vouched.contains("BEGIN CERTIFICATE"), "{vouched}");
        lives.insert(std::fs::read_to_string(folder.path().join("state/simulator-start")).unwrap());
        assert_eq!(lives.len(), 1, "its cars go on with the lives that they had");
        assert!(engine.clock.now() >= latest, "run {run}");
        let mut newest = engine.state.journal.newest();
        let stop = CancellationToken::new();
        let running = tokio::spawn(engine.run(stop.clone()));
        newest.wait_for(|newest| *newest >= run * 3).await.unwrap();
        stop.cancel();
        let summary = running.await.unwrap().unwrap().unwrap();
        assert!(summary.snapshots >= 1, "{summary:?}");
        latest = OpenState::open(&folder.path().join("state"))
            .unwrap()
            .newest_moment()
            .unwrap()
            .unwrap();
    }
}
