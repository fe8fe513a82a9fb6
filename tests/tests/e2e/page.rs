//! The page: what it reads is filled like any store, and filled again when it is gone.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use rusqlite::Connection;
use serde_json::Value;
use tempfile::TempDir;
use tests::process::{Cardata, Signal};
use tests::servers::client;

use crate::oracle::assert_exactly;
use crate::scene::{DEADLINE, Plan, Scene, stop, until};
use crate::stores;

/// A run with a page, at a port that is free.
async fn scene() -> Scene {
    let scene = Scene::set(&Plan::default()).await;
    scene.edit(|text| format!("{text}dashboard: {{ listen: \"127.0.0.1:0\" }}\n"));
    scene.login().await;
    scene
}

/// How many readings the page can read.
fn filled(scene: &Scene) -> usize {
    stores::sqlite(&scene.path("state/dashboard.db")).len()
}

fn assert_as_the_store(scene: &Scene) {
    let wanted = stores::sqlite(&scene.path("cardata.db"));
    assert!(!wanted.is_empty());
    assert_exactly("page", stores::sqlite(&scene.path("state/dashboard.db")), wanted);
}

async fn grown(scene: &Scene, run: &Cardata) {
    let before = filled(scene);
    until(run, "more for the page", || filled(scene) > before).await;
}

#[tokio::test]
async fn what_the_page_reads_is_what_stores_hold_and_comes_back_when_it_is_gone() {
    let scene = scene().await;
    let run = scene.run().await;
    grown(&scene, &run).await;
    stop(run).await;
    assert_as_the_store(&scene);

    let run = scene.run().await;
    grown(&scene, &run).await;
    run.signal(Signal::Kill).await;
    for end in ["", "-wal", "-shm"] {
        let _ = fs::remove_file(scene.path(&format!("state/dashboard.db{end}")));
    }
    let run = scene.run().await;
    grown(&scene, &run).await;
    stop(run).await;
    assert_as_the_store(&scene);
    let status = scene.status().await;
    let page = &status["sinks"][2];
    assert_eq!(page["sink"], "dashboard");
    assert_eq!(page["waiting_readings"], 0);
    assert!(page["message"].is_null(), "{page}");
}

#[tokio::test]
async fn a_vehicle_that_is_forgotten_is_on_no_page() {
    let scene = scene().await;
    let run = scene.run().await;
    grown(&scene, &run).await;
    stop(run).await;
    let vin = stores::sqlite(&scene.path("state/dashboard.db")).remove(0).vin;
    let said = scene.call(&["forget", "--vehicle", &vin, "--yes"]).await;
    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(!scene.path("state/dashboard.db").exists());
}

/// Where the page of a run is: its start ends with the link.
fn link(run: &Cardata) -> String {
    let lines = run.lines();
    let link = lines.iter().find_map(|line| line.text.strip_prefix("See it: "));
    link.expect("a link").to_owned()
}

/// The demo with its page, at a port that is free.
async fn demo(folder: &Path) -> Cardata {
    let demo = Path::new(env!("CARGO_MANIFEST_DIR")).join("../configs/demo.yaml");
    let text = fs::read_to_string(demo).unwrap();
    let text = text.replace("listen: 127.0.0.1:8720", "listen: 127.0.0.1:0");
    fs::write(folder.join("pipeline.yaml"), text).unwrap();
    let run = Cardata::start(["run"], |command| {
        command.current_dir(folder);
    });
    run.wait_for_line("the stream is connected", DEADLINE).await;
    // Polls alone do not bring so much.
    let read = folder.join("demo-data/state/dashboard.db");
    until(&run, "much for the page", || stores::sqlite(&read).len() > 500).await;
    run
}

#[tokio::test]
async fn every_number_that_raises_an_alert_is_told() {
    let folder = TempDir::new().unwrap();
    let run = demo(folder.path()).await;
    let metrics = client()
        .get(format!("{}metrics", link(&run)))
        .send()
        .await
        .unwrap();
    let metrics = metrics.error_for_status().unwrap().text().await.unwrap();
    let rules = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../configs/prometheus/cardata.rules.yml"
    );
    let rules = fs::read_to_string(rules).unwrap();
    let words = rules.split(|letter: char| !letter.is_ascii_lowercase() && letter != '_');
    let names: BTreeSet<_> = words.filter(|word| word.starts_with("cardata_")).collect();
    assert_eq!(names.len(), 8, "{names:?}");
    for name in names {
        assert!(metrics.contains(&format!("# TYPE {name} ")), "{name}: {metrics}");
    }
    assert!(metrics.contains("cardata_journal_writable{} 1.0\n"), "{metrics}");
    stop(run).await;
}

/// The records of a kind that the page can read.
fn records(database: &Path, kind: &str) -> u32 {
    let database = Connection::open(database).unwrap();
    let count = format!("select count(*) from {kind}");
    // The table comes with its first record.
    database.query_row(&count, [], |row| row.get(0)).unwrap_or(0)
}

/// The parts of a page that tell why a record is as it is, one of each value, each beginning with its id.
fn values(page: &str) -> impl Iterator<Item = &str> {
    page.split("<section class=\"card\" id=\"").skip(1)
}

fn value<'a>(page: &'a str, id: &str) -> Option<&'a str> {
    values(page).find(|value| value.starts_with(&format!("{id}\"")))
}

const AS_BMW_TOLD_IT: &str = "no rule made it";
/// What no rule makes of a session.
const TOLD: [&str; 4] = ["bmw-cost", "bmw-currency", "odometer-km", "preconditioning"];

#[tokio::test]
async fn a_sum_leads_to_its_records_and_these_to_their_readings() {
    let folder = TempDir::new().unwrap();
    let run = demo(folder.path()).await;
    let read = folder.path().join("demo-data/state/dashboard.db");
    until(&run, "charges for the page", || {
        records(&read, "charging_sessions") > 0
    })
    .await;
    let (link, client) = (link(&run), client());
    let get = async |path: &str| {
        let answer = client.get(format!("{link}{path}")).send().await.unwrap();
        answer.error_for_status().unwrap().text().await.unwrap()
    };
    let known: Value = serde_json::from_str(&get("api/v1/vehicles").await).unwrap();
    let mut told = 0;
    for vehicle in known["vehicles"].as_array().unwrap() {
        let name = vehicle["vehicle"].as_str().unwrap();
        let sum = get(&format!("why/page/{name}/energy_kwh")).await;
        assert!(sum.contains("Rule P1"), "{sum}");
        let links = sum.split("href=\"../../../why/").skip(1);
        for record in links.filter_map(|link| link.split(['#', '"']).next()) {
            let record = get(&format!("why/{record}")).await;
            // One that has just begun has no energy yet.
            let energy = value(&record, "energy-kwh").is_none_or(|energy| energy.contains("Rule S3"));
            assert!(energy && record.contains("<tbody>"), "{record}");
            for told in values(&record).filter(|told| told.contains(AS_BMW_TOLD_IT)) {
                let is_told = TOLD.iter().any(|id| told.starts_with(id));
                assert!(is_told, "no reason is given: {told}");
            }
            told += usize::from(value(&record, "energy-kwh").is_some());
        }
    }
    assert!(told > 0);
    stop(run).await;
}
