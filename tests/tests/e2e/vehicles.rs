//! What vehicles are called, and which of them are polled.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use cardata_sim::{Fault, SimConfig, SimVehicle};

use crate::scene::{Plan, Scene, count, stop, until};

/// What the column `vehicle` says in every file of a folder.
fn called(folder: &Path) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let files = std::fs::read_dir(folder)
        .unwrap()
        .map(|file| file.unwrap().path());
    for file in files.filter(|file| file.extension().is_some_and(|end| end == "csv")) {
        let mut reader = csv::Reader::from_path(file).unwrap();
        let columns = reader.headers().unwrap().clone();
        let column = columns.iter().position(|column| column == "vehicle").unwrap();
        names.extend(reader.records().map(|row| row.unwrap()[column].to_owned()));
    }
    names
}

#[tokio::test]
async fn a_name_is_no_number_and_what_stores_know_stays() {
    let config = SimConfig {
        vehicles: vec![SimVehicle::new("WBY71AW0507E00123")],
        ..SimConfig::default()
    };
    let plan = Plan {
        sinks: "  - type: csv\n    dir: csv\n",
        ..Plan::default()
    };
    let scene = Scene::with(config, &plan).await;
    scene.login().await;
    let run = scene.run().await;
    scene.more_answers(&run, 3).await;
    let said = stop(run).await;
    assert_eq!(called(&scene.path("csv")), ["v7e00123".to_owned()].into());
    assert!(said.err.contains("vehicle=v7e00123"), "{}", said.err);
    assert_eq!(scene.status().await["vehicles"][0]["vehicle"], "v7e00123");

    // The state of a program that called vehicles by the end of the VIN alone.
    let state = rusqlite::Connection::open(scene.path("state/journal.db")).unwrap();
    state
        .execute_batch(
            "alter table known_vehicle drop column name; drop table refused; drop table unlisted; drop table deriving; pragma user_version = 5",
        )
        .unwrap();
    drop(state);
    scene.edit(|text| text + "  - type: csv\n    name: second\n    dir: second\n");
    let run = scene.run().await;
    scene.more_answers(&run, 3).await;
    stop(run).await;
    assert_eq!(called(&scene.path("second")), ["7E00123".to_owned()].into());
    assert_eq!(scene.status().await["vehicles"][0]["vehicle"], "7E00123");
}

#[tokio::test]
async fn a_sold_car_is_asked_for_once_until_somebody_logs_in() {
    let config = SimConfig {
        vehicles: ["WBY71AW050FP11111", "WBY71AW050FP22222"]
            .map(SimVehicle::new)
            .to_vec(),
        device_code_lifetime: Duration::from_secs(86_400),
        ..SimConfig::default()
    };
    let scene = Scene::with(config, &Plan::default()).await;
    scene.login().await;
    let refusal = Fault::Status {
        status: 403,
        body: r#"{"exveErrorId":"CU-104","exveErrorMsg":"You have no permission for this VIN."}"#.to_owned(),
    };
    scene.bmw.inject_on("WBY71AW050FP11111/telematicData", 1, refusal);
    let asked = || scene.requests("WBY71AW050FP11111/telematicData").len();
    for _ in 0..2 {
        let run = scene.run().await;
        scene.more_answers(&run, 10).await;
        let said = stop(run).await;
        assert_eq!(asked(), 1, "a restart is no reason: {}", said.err);
    }
    let run = scene.run().await;
    scene.more_answers(&run, 1).await;
    let words = "polls ended: BMW says that this account may not read it (CU-104); it is asked again when the mapping \
                 changes";
    let said = scene.call(&["status"]).await.out;
    assert!(said.contains(&format!("! vfp11111: {words}")), "{said}");
    let status = scene.status().await;
    let polls = status["polls"].as_array().unwrap();
    let of_it = polls.iter().find(|poll| poll["vehicle"] == "vfp11111").unwrap();
    assert_eq!(of_it["next_at"], serde_json::Value::Null);
    assert!(of_it["why"].as_str().unwrap().starts_with(words), "{of_it}");
    scene.login().await;
    until(&run, "a poll of the car after the login", || asked() > 2).await;
    assert!(!scene.call(&["status"]).await.out.contains("polls ended"));
    stop(run).await;
    scene.assert_lawful();
}

#[tokio::test]
async fn a_car_that_brings_nothing_of_the_preset_is_told_of_another_unless_it_is_electric() {
    let scene = Scene::set(&Plan::default()).await;
    scene.login().await;
    let nothing = Fault::Status {
        status: 200,
        body: r#"{"telematicData":{
            "vehicle.cabin.infotainment.displayUnit.distance":{"value":"km","unit":null,"timestamp":"2026-03-01T12:00:00.000Z"},
            "vehicle.drivetrain.batteryManagement.header":{"value":null,"unit":null,"timestamp":null}}}"#
            .to_owned(),
    };
    scene.bmw.inject_on("telematicData", u32::MAX, nothing);
    let words = "nothing of the preset battery comes from this vehicle; `container: driving` is for cars without a \
                 high-voltage battery";
    let run = scene.run().await;
    until(&run, "six polls", || scene.requests("telematicData").len() >= 6).await;
    let said = scene.call(&["status"]).await.out;
    assert!(said.contains(&format!("vfp12345: {words}")), "{said}");
    assert_eq!(count(&run, words), 1, "once a run");
    stop(run).await;
    // That asks for basicData, which tells of an electric car.
    let said = scene.call(&["vehicles"]).await;
    assert_eq!(said.code, Some(0), "{said:?}");
    let said = scene.call(&["status"]).await.out;
    assert!(!said.contains(words), "{said}");
}
