//! Readings that a real InfluxDB refuses: shown, tried in vain, mended, delivered, or given up.

use collector::state::OpenState;
use collector_core::{Origin, RawReading, RawSnapshot};
use jiff::Timestamp;
use journal::Log;
use serde_json::Value;
use tests::servers::InfluxDb1;

use crate::oracle::{Row, assert_exactly, expected_of_all};
use crate::scene::{DEADLINE, Plan, Said, Scene, stop};
use crate::stores;

const SOC: &str = "vehicle.drivetrain.batteryManagement.header";

/// A pipeline whose InfluxDB has an integer where the state of charge belongs, and has refused it.
struct Refusal {
    server: InfluxDb1,
    database: String,
    scene: Scene,
}

impl Refusal {
    /// `None` where there is no server to be had.
    async fn set() -> Option<Self> {
        let server = InfluxDb1::start().await?;
        let database = server.create_database().await;
        // A type belongs to a week of measurements; the car's last ones may lie before midnight on Sunday.
        let now = Timestamp::now().as_millisecond();
        for day in [0, 2, 4] {
            let at = now - day * 86_400_000;
            server
                .write(&database, &format!("cardata {SOC}=1i {at}000000"))
                .await;
        }
        let sinks = format!(
            "  - type: influxdb\n    fields: descriptor\n    url: {}\n    database: {database}\n  - type: sqlite\n    path: cardata.db\n",
            server.url()
        );
        let scene = Scene::set(&Plan {
            speed: 1.0,
            calls_per_day: 50,
            every: "12h",
            sinks: &sinks,
            ..Plan::default()
        })
        .await;
        scene.login().await;
        let run = scene.run().await;
        run.wait_for_line("they are among the dead letters", DEADLINE)
            .await;
        stop(run).await;
        Some(Self {
            server,
            database,
            scene,
        })
    }

    async fn call(&self, arguments: &[&str]) -> Said {
        self.scene.call(&[&["dead-letters"], arguments].concat()).await
    }

    async fn letters(&self) -> Vec<Value> {
        let said = self.call(&["list", "--json"]).await;
        assert_eq!(said.code, Some(0), "{said:?}");
        let answer: Value = serde_json::from_str(&said.out).unwrap();
        answer["dead_letters"].as_array().unwrap().clone()
    }

    async fn mend(&self) {
        // InfluxDB 1.6 forgets the types of a measurement only where no other begins with its name.
        for measurement in ["cardata_battery_health", "cardata"] {
            self.server.drop_measurement(&self.database, measurement).await;
        }
    }

    async fn rows(&self) -> Vec<Row> {
        stores::influxdb(&self.server, &self.database).await
    }
}

#[tokio::test]
async fn a_refused_reading_is_shown_tried_in_vain_and_delivered_when_it_is_mended() {
    let Some(refusal) = Refusal::set().await else {
        return;
    };
    let letters = refusal.letters().await;
    assert_eq!(letters.len(), 1, "one letter a reading: {letters:?}");
    assert_eq!(
        (&letters[0]["sink"], &letters[0]["descriptor"]),
        (&"influxdb".into(), &SOC.into())
    );
    let id = letters[0]["id"].to_string();
    let list = refusal.call(&["list", "--sink", "influxdb"]).await;
    let row = list.out.lines().nth(1).unwrap();
    for word in [id.as_str(), "influxdb", "vfp12345", SOC, "field type conflict"] {
        assert!(row.contains(word), "{word}: {row}");
    }
    let status = refusal.scene.call(&["status"]).await;
    assert!(
        status.out.contains("`cardata dead-letters list --sink influxdb`"),
        "{status:?}"
    );

    let wanted = expected_of_all(&refusal.scene.bmw.served());
    let soc = wanted.iter().find(|row| row.descriptor == SOC).unwrap();
    let shown = refusal.call(&["show", &id]).await;
    assert_eq!(shown.code, Some(0), "{shown:?}");
    for word in [
        format!("\"value\":\"{}\"", soc.value),
        "field type conflict".to_owned(),
    ] {
        assert!(
            shown.out.replace("\": ", "\":").contains(&word),
            "{word}: {shown:?}"
        );
    }
    assert!(
        !list.out.contains(&soc.value.repeat(2)) && !list.out.contains("\"value\""),
        "{list:?}"
    );

    // In vain, by this process and by one that runs.
    let said = refusal.call(&["retry", &id]).await;
    assert_eq!(said.code, Some(4), "{said:?}");
    assert!(said.out.contains("0 delivered, 1 refused again"), "{said:?}");
    let run = refusal.scene.run().await;
    let said = refusal.call(&["retry", "--sink", "influxdb"]).await;
    assert_eq!(said.code, Some(4), "{said:?}");
    assert_eq!(refusal.letters().await[0]["attempts"], 2);

    refusal.mend().await;
    let said = refusal.call(&["retry", "--all"]).await;
    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(said.out.contains("1 delivered, 0 refused again"), "{said:?}");
    assert_eq!(refusal.letters().await, Vec::<Value>::new());
    assert_exactly("influxdb", refusal.rows().await, vec![soc.clone()]);
    let said = refusal.scene.call(&["replay", "--sink", "influxdb"]).await;
    assert_eq!(said.code, Some(0), "{said:?}");
    stop(run).await;
    assert_exactly("influxdb", refusal.rows().await, wanted.clone());
    let status = refusal.scene.status().await;
    assert_eq!(status["sinks"][0]["delivered_readings"], wanted.len());
    assert_eq!(status["sinks"][0]["dead_letters"], 0);
}

#[tokio::test]
async fn a_replay_takes_the_letters_of_what_it_stores_with_it() {
    let Some(refusal) = Refusal::set().await else {
        return;
    };
    let said = refusal.scene.call(&["replay", "--sink", "influxdb"]).await;
    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(said.out.contains("1 refused"), "{said:?}");
    let letters = refusal.letters().await;
    assert_eq!((letters.len(), &letters[0]["attempts"]), (1, &1.into()));
    refusal.mend().await;
    let said = refusal.scene.call(&["replay", "--sink", "influxdb"]).await;
    assert_eq!(said.code, Some(0), "{said:?}");
    assert_eq!(refusal.letters().await, Vec::<Value>::new());
    let wanted = expected_of_all(&refusal.scene.bmw.served());
    assert_exactly("influxdb", refusal.rows().await, wanted);
}

#[tokio::test]
async fn letters_are_dropped_only_by_who_says_so() {
    let Some(refusal) = Refusal::set().await else {
        return;
    };
    let said = refusal.call(&["drop", "--all"]).await;
    assert_eq!(said.code, Some(4), "{said:?}");
    assert!(
        said.err.contains("nothing was dropped") && said.err.contains("--yes"),
        "{said:?}"
    );
    for (arguments, code, word) in [
        (&["drop", "77", "--yes"][..], 4, "no dead letter 77"),
        (
            &["drop", "--sink", "influx", "--yes"],
            2,
            "did you mean `influxdb`?",
        ),
        (&["retry", "--sink", "sqlite"], 4, "no such dead letters"),
        (&["show", "77"], 4, "no dead letter 77"),
        (&["retry"], 2, "--all"),
    ] {
        let said = refusal.call(arguments).await;
        assert_eq!(said.code, Some(code), "{said:?}");
        assert!(said.err.contains(word), "{word}: {said:?}");
    }
    assert_eq!(refusal.letters().await.len(), 1);
    let said = refusal.call(&["drop", "--all", "--yes"]).await;
    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(said.out.contains(&format!("influxdb: 1 of {SOC}")), "{said:?}");
    assert_eq!(refusal.letters().await, Vec::<Value>::new());
    let said = refusal.call(&["list"]).await;
    assert!(said.out.contains("no dead letters"), "{said:?}");
}

/// A descriptor that is in no catalogue, first a number and then a text, in a journal of a program that did not widen types.
#[tokio::test]
async fn what_fitted_no_type_reaches_the_stores_that_missed_it_when_it_fits() {
    let sinks = crate::scene::FILES.to_owned()
        + "  - type: csv\n    name: part\n    dir: part\n    select: { descriptors: [soc] }\n";
    let scene = Scene::set(&Plan {
        speed: 1.0,
        calls_per_day: 50,
        every: "12h",
        sinks: &sinks,
        ..Plan::default()
    })
    .await;
    scene.login().await;
    let journal = OpenState::open(&scene.path("state")).unwrap().journal;
    let now = Timestamp::now();
    for value in ["7", "seven"] {
        let body = serde_json::json!({ "value": value, "timestamp": now.to_string() });
        let snapshot = RawSnapshot {
            vin: "WBY71AW050FP12345".parse().unwrap(),
            origin: Origin::Poll,
            requested_at: Some(now),
            sent_at: None,
            received_at: now,
            readings: vec![RawReading {
                descriptor: "vehicle.odd".to_owned(),
                body: serde_json::value::to_raw_value(&body).unwrap(),
            }],
        };
        let append = journal.append("home".into(), "telematics".into(), [snapshot].into());
        append.await.unwrap();
    }
    drop(journal);
    let learned = |sql: &str| {
        let database = rusqlite::Connection::open(scene.path("state/journal.db")).unwrap();
        database.execute_batch(sql).unwrap();
    };
    learned(
        "update descriptor_type set type = 'number';
         insert into dead_letter (at, sink, seq, descriptor, position, reason)
             values (0, '', 2, 'vehicle.odd', 0, 'a text that does not fit the type number')",
    );
    let run = scene.run().await;
    scene.more_answers(&run, 1).await;
    stop(run).await;
    let odd = || {
        let mut values = [
            stores::csv(&scene.path("csv")),
            stores::sqlite(&scene.path("cardata.db")),
            stores::csv(&scene.path("part")),
        ];
        values
            .each_mut()
            .map(|rows| rows.iter().filter(|row| row.descriptor == "vehicle.odd").count())
    };
    assert_eq!(odd(), [1, 1, 0]);
    let said = scene.call(&["status"]).await;
    assert!(
        said.out.contains("not delivered: 1 reading of the wrong type"),
        "{said:?}"
    );
    let said = scene.call(&["dead-letters", "list"]).await;
    assert!(said.out.contains("(every sink)"), "{said:?}");
    let said = scene.call(&["dead-letters", "show", "1"]).await;
    assert!(said.out.contains(r#""seven""#), "{said:?}");
    let said = scene.call(&["dead-letters", "retry", "1"]).await;
    assert_eq!(said.code, Some(4), "{said:?}");
    assert!(said.out.contains("0 delivered, 1 refused again"), "{said:?}");

    learned("update descriptor_type set type = 'text'");
    let said = scene.call(&["dead-letters", "retry", "1"]).await;
    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(said.out.contains("2 delivered"), "{said:?}");
    assert_eq!(odd(), [2, 2, 0]);
    let said = scene.call(&["dead-letters", "list"]).await;
    assert!(said.out.contains("no dead letters"), "{said:?}");
}
