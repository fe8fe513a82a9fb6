//! The usual way: check, log in, run, look, stop, and run again.

use cardata_sim::{Mapping, SimConfig, SimVehicle};
use tests::servers::InfluxDb1;

use crate::oracle::{assert_exactly, expected_of_all};
use crate::scene::{FILES, Plan, Scene, call_in, stop, until};
use crate::stores;

#[tokio::test]
async fn everything_that_bmw_serves_arrives_once_in_every_store() {
    let influxdb = InfluxDb1::start().await;
    let mut sinks = format!("{FILES}  - type: stdout\n    format: json\n");
    let mut database = String::new();
    if let Some(server) = &influxdb {
        database = server.create_database().await;
        sinks += &format!(
            "  - type: influxdb\n    fields: descriptor\n    url: {}\n    database: {database}\n",
            server.url()
        );
    }
    let scene = Scene::set(&Plan {
        sinks: &sinks,
        ..Plan::default()
    })
    .await;

    let said = scene.call(&["check"]).await;
    assert_eq!(said.code, Some(0), "{said:?}");
    let wanted = format!(
        "sound; 1 account, 1 source, {} sinks",
        sinks.matches("type:").count()
    );
    assert!(said.out.contains(&wanted), "{said:?}");
    let said = scene.call(&["login"]).await;
    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(said.out.contains("/oneid/link?user_code="), "{said:?}");
    assert!(said.out.contains("home: logged in for 14 days"), "{said:?}");
    assert_eq!(scene.call(&["check", "--connect"]).await.code, Some(0));
    assert_eq!(
        scene.bmw.spent_today(),
        0,
        "neither checks nor logins cost a call"
    );

    let run = scene.run().await;
    until(&run, "a day of news", || {
        expected_of_all(&scene.bmw.served()).len() >= 90
    })
    .await;
    let running = format!("process {}", run.id());
    assert_eq!(scene.status().await["running"], *running);
    let said = scene.call(&["status"]).await;
    assert!(said.out.starts_with(&format!("running ({running})")), "{said:?}");
    run.signal(tests::process::Signal::Terminate).await;
    let mut run = run;
    assert_eq!(
        run.wait_exit(crate::scene::DEADLINE).await.code(),
        Some(0),
        "{}",
        run.transcript()
    );

    let wanted = expected_of_all(&scene.bmw.served());
    assert_exactly("csv", stores::csv(&scene.path("csv")), wanted.clone());
    assert_exactly(
        "sqlite",
        stores::sqlite(&scene.path("cardata.db")),
        wanted.clone(),
    );
    assert_exactly("stdout", stores::json_lines(&run.lines()), wanted.clone());
    if let Some(server) = &influxdb {
        assert_exactly(
            "influxdb",
            stores::influxdb(server, &database).await,
            wanted.clone(),
        );
    }
    let report = crate::scene::text_of(&run, tests::process::Stream::Stderr);
    let summary = format!(
        "Stopped. {} snapshots with {} readings",
        scene.answers(),
        wanted.len()
    );
    assert!(report.contains(&summary), "{summary}:\n{report}");

    let status = scene.status().await;
    assert_eq!(status["running"], serde_json::Value::Null);
    assert_eq!(status["readings"], wanted.len());
    assert_eq!(status["snapshots"], scene.answers());
    assert_eq!(status["rejected"], 0);
    assert_eq!(status["vehicles"][0]["vehicle"], "vfp12345");
    for sink in status["sinks"].as_array().unwrap() {
        assert_eq!(sink["delivered_readings"], wanted.len(), "{sink}");
        assert_eq!(sink["waiting_readings"], 0, "{sink}");
        assert_eq!(sink["dead_letters"], 0, "{sink}");
        assert_eq!(sink["state"], "stopped", "{sink}");
    }
    scene.assert_lawful();
}

#[tokio::test]
async fn a_second_start_asks_for_nothing_that_is_known() {
    let scene = Scene::set(&Plan::default()).await;
    scene.login().await;
    for _ in 0..2 {
        let run = scene.run().await;
        scene.more_answers(&run, 5).await;
        stop(run).await;
        assert_eq!(scene.requests("mappings").len(), 1);
        assert_eq!(scene.requests("containers").len(), 2, "one list, one creation");
    }
    let wanted = expected_of_all(&scene.bmw.served());
    assert_exactly("csv", stores::csv(&scene.path("csv")), wanted.clone());
    assert_exactly("sqlite", stores::sqlite(&scene.path("cardata.db")), wanted);
    scene.assert_lawful();
}

#[tokio::test]
async fn vehicles_and_containers_are_shown_and_deleted() {
    let scene = Scene::set(&Plan {
        calls_per_day: 50,
        every: "30m",
        speed: 1.0,
        ..Plan::default()
    })
    .await;
    scene.login().await;
    let run = scene.run().await;
    scene.more_answers(&run, 1).await;
    let spent = scene.bmw.spent_today();
    for _ in 0..2 {
        let said = scene.call(&["vehicles"]).await;
        assert_eq!(said.code, Some(0), "{said:?}");
        for word in ["WBY71AW050FP12345", "primary", "BMW"] {
            assert!(said.out.contains(word), "{word}: {said:?}");
        }
        assert_eq!(scene.bmw.spent_today(), spent + 1, "the model is asked for once");
    }
    let said = scene.call(&["containers"]).await;
    assert_eq!(said.code, Some(0), "{said:?}");
    for word in ["cardata battery", "active"] {
        assert!(said.out.contains(word), "{word}: {said:?}");
    }
    let id = said
        .out
        .split_whitespace()
        .find(|word| word.starts_with("S00I000M"))
        .unwrap();
    let said = scene.call(&["containers", "delete", id]).await;
    assert_eq!(said.code, Some(0), "{said:?}");
    let said = scene.call(&["containers"]).await;
    assert!(said.out.contains("deleted"), "{said:?}");
    assert_eq!(
        stores::journal(&scene.path("state"), "select count(*) from quota"),
        u64::from(scene.bmw.spent_today())
    );
    stop(run).await;
    scene.assert_lawful();
}

/// Every source that is linked into the program. Which they are is told one by one in collector's `plugins.rs`.
pub fn sources() -> impl Iterator<Item = &'static str> {
    let sources = collector_core::source_plugins().into_iter();
    sources.map(|plugin| plugin.type_name)
}

/// Every source and sink.
pub fn plugins() -> impl Iterator<Item = &'static str> {
    let sinks = collector_core::sink_plugins().into_iter();
    sources().chain(sinks.map(|plugin| plugin.type_name))
}

#[tokio::test]
async fn plugins_describe_themselves() {
    let folder = tempfile::tempdir().unwrap();
    let said = call_in(folder.path(), &["plugins"]).await;
    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(
        plugins().count() >= 7,
        "the plugins are linked into this test too"
    );
    for plugin in plugins() {
        assert!(said.out.contains(plugin), "{plugin}: {said:?}");
        let said = call_in(folder.path(), &["plugins", plugin]).await;
        assert_eq!(said.code, Some(0), "{said:?}");
        assert!(said.out.contains("Options\n"), "{said:?}");
        assert!(said.out.contains(&format!("type: {plugin}")), "{said:?}");
    }
    let said = call_in(folder.path(), &["plugins", "carrier-pigeon"]).await;
    assert_eq!(said.code, Some(2), "{said:?}");
    assert!(
        said.err.contains("there is no plugin `carrier-pigeon`"),
        "{said:?}"
    );
}

#[tokio::test]
async fn every_car_of_the_owner_is_polled_and_no_other() {
    let borrowed = SimVehicle {
        mapping: Mapping::Secondary,
        ..SimVehicle::new("WBY71AW050FP33333")
    };
    // Whose it is is not said.
    let untold = SimVehicle {
        mapping: Mapping::Untold,
        ..SimVehicle::new("WBY71AW050FP22222")
    };
    let config = SimConfig {
        vehicles: vec![SimVehicle::new("WBY71AW050FP11111"), untold, borrowed],
        ..SimConfig::default()
    };
    let scene = Scene::with(config, &Plan::default()).await;
    scene.login().await;
    let run = scene.run().await;
    scene.more_answers(&run, 20).await;
    stop(run).await;
    let wanted = expected_of_all(&scene.bmw.served());
    for (vin, owned) in [("11111", true), ("22222", true), ("33333", false)] {
        assert_eq!(wanted.iter().any(|row| row.vin.ends_with(vin)), owned, "{vin}");
    }
    assert_eq!(scene.requests("33333").len(), 0);
    assert_exactly("csv", stores::csv(&scene.path("csv")), wanted.clone());
    assert_exactly("sqlite", stores::sqlite(&scene.path("cardata.db")), wanted);
    scene.assert_lawful();
}

#[tokio::test]
async fn log_lines_are_json_for_programs() {
    let scene = Scene::set(&Plan::default()).await;
    scene.login().await;
    let run = scene.run_with(&["--log-format", "json"]).await;
    scene.more_answers(&run, 2).await;
    let said = stop(run).await;
    let mut polls = 0;
    // The summary is for people.
    for line in said.err.lines().take_while(|line| !line.is_empty()) {
        let event: serde_json::Value = serde_json::from_str(line).expect(line);
        assert!(
            event["timestamp"].is_string() && event["level"].is_string(),
            "{line}"
        );
        polls += usize::from(line.contains("polled"));
    }
    assert!(polls >= 2, "{}", said.err);
}
