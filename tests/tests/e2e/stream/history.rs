//! Several hours of a car's life, polled and streamed, with everything that goes wrong in the field: one history.

use std::collections::BTreeMap;
use std::time::Duration;

use cardata_sim::{SimConfig, Streamed};
use serde_json::Value;
use tests::process::Cardata;
use tests::stream::merge::compare;

use crate::oracle::{Row, canonical, expected_of_all};
use crate::scene::{FILES, Plan, Scene, stop, until_within};
use crate::stores;

/// Ten minutes of the car's life a second.
const SPEED: f64 = 600.0;
/// Messages that are several hours, with a drive and a charge.
const MESSAGES: usize = 2_000;
const PATIENCE: Duration = Duration::from_secs(240);

/// Keys that BMW stamps with the time of a call: which of the polls' stamps are news depends on the answers before.
const STAMPED_BY_THE_CALL: [&str; 5] = [
    "vehicle.drivetrain.electricEngine.charging.hvStatus",
    "vehicle.drivetrain.electricEngine.charging.lastChargingReason",
    "vehicle.drivetrain.electricEngine.charging.lastChargingResult",
    "vehicle.drivetrain.electricEngine.charging.level",
    "vehicle.drivetrain.electricEngine.remainingElectricRange",
];
/// Words for "no value".
const NO_VALUE: [&str; 6] = [
    "",
    "-NA-",
    "INVALID",
    "UNKNOWN",
    "SIGNAL_INVALID",
    "ASN_isUnknown",
];

#[tokio::test]
async fn polls_and_messages_are_one_history_reading_by_reading() {
    let scene = life(SimConfig {
        // A new login to the broker every hour of the car's life, as at BMW.
        token_lifetime: Duration::from_secs(3_600),
        ..SimConfig::default()
    })
    .await;
    let run = scene.run().await;
    lived(&run, &scene, MESSAGES).await;
    stop(run).await;

    let logins = scene.bmw.stream_logins();
    assert!(
        logins.iter().filter(|login| login.code == 0).count() > 3,
        "{logins:?}"
    );
    let streamed = scene.bmw.streamed();
    let (certain, cut): (Vec<_>, Vec<_>) = streamed.iter().partition(|message| !message.cut);
    let found = plain(stores::sqlite(&scene.path("cardata.db")));
    let polls = plain(expected_of_all(&scene.bmw.served()));
    let mut messages = rows(certain);
    messages.extend(rows(cut).into_iter().filter(|row| found.contains(row)));
    messages.sort();
    messages.dedup();
    assert!(messages.len() < streamed.len(), "there were repeats");

    let (found, stamped) = without_stamped(found);
    let (polls, polls_stamped) = without_stamped(polls);
    let (messages, messages_stamped) = without_stamped(messages);
    let difference = compare(&found, &polls, &messages);
    assert!(difference.is_none(), "{difference}\n{}", run_of(&scene));
    // Of stamped keys every message is there, and nothing that was never said.
    for row in &messages_stamped {
        assert!(stamped.contains(row), "{row:?} was streamed");
    }
    for row in &stamped {
        let said = messages_stamped.contains(row) || polls_stamped.contains(row) || was_served(&scene, row);
        assert!(said, "{row:?} was never said");
    }
    let csv = plain(stores::csv(&scene.path("csv")));
    assert_eq!(csv.len(), found.len() + stamped.len());
    assert_newest(&scene, &found);
    scene.assert_lawful();
}

/// A car that is polled and streams, from the simulated BMW alone.
async fn life(config: SimConfig) -> Scene {
    let scene = Scene::with(
        config,
        &Plan {
            speed: SPEED,
            every: "20m",
            sinks: FILES,
            ..Plan::default()
        },
    )
    .await;
    std::fs::write(scene.path("bmw.pem"), scene.stream_ca()).unwrap();
    let url = scene.stream_url();
    scene.edit(|text| {
        let text = text.replacen(
            " }\nsources:\n",
            &format!(", stream: \"{url}\", ca: bmw.pem }}\nsources:\n"),
            1,
        );
        text.replacen("sinks:\n", "  - type: stream\nsinks:\n", 1)
    });
    scene.login().await;
    scene
}

/// Waits until so much was said, and every word of it is stored.
async fn lived(run: &Cardata, scene: &Scene, messages: usize) {
    until_within(run, PATIENCE, "life", || scene.bmw.streamed().len() >= messages).await;
}

fn run_of(scene: &Scene) -> String {
    format!("{} logins to the stream", scene.bmw.stream_logins().len())
}

/// What must be stored of messages.
fn rows(messages: Vec<&Streamed>) -> Vec<Row> {
    let readings = messages.into_iter().flat_map(Streamed::readings);
    let row = |reading: cardata_sim::StreamedReading| {
        let value = match serde_json::from_str(&reading.value?).ok()? {
            Value::Null => return None,
            Value::String(text) => text,
            other => other.to_string(),
        };
        if NO_VALUE.contains(&&*value) {
            return None;
        }
        let at: jiff::Timestamp = reading.timestamp.expect("messages have times").parse().unwrap();
        Some(Row {
            vin: reading.vin,
            descriptor: reading.descriptor,
            at: at.as_millisecond(),
            value: canonical(&value),
        })
    };
    plain(readings.filter_map(row).collect())
}

/// Truth values and times in one spelling, that of SQLite.
fn plain(mut rows: Vec<Row>) -> Vec<Row> {
    for row in &mut rows {
        match row.value.as_str() {
            "true" | "ASN_isTrue" => row.value = "1".to_owned(),
            "false" | "ASN_isFalse" => row.value = "0".to_owned(),
            other => {
                if let Ok(time) = jiff::civil::DateTime::strptime("%d.%m.%Y %H:%M:%S UTC", other) {
                    row.value = format!("{time:.3}Z");
                }
            }
        }
    }
    rows
}

/// The rows of other keys, and those of keys that calls stamp.
fn without_stamped(rows: Vec<Row>) -> (Vec<Row>, Vec<Row>) {
    rows.into_iter()
        .partition(|row| !STAMPED_BY_THE_CALL.contains(&&*row.descriptor))
}

fn was_served(scene: &Scene, row: &Row) -> bool {
    scene.bmw.served().iter().any(|served| {
        let at = served
            .timestamp
            .as_deref()
            .and_then(|text| text.parse::<jiff::Timestamp>().ok());
        served.descriptor == row.descriptor
            && at.is_some_and(|at| at.as_millisecond() == row.at)
            && served
                .value
                .as_deref()
                .is_some_and(|value| canonical(value) == row.value)
    })
}

/// What the journal takes for the newest is the newest, however late others came.
fn assert_newest(scene: &Scene, found: &[Row]) {
    let mut newest: BTreeMap<(&str, &str), i64> = BTreeMap::new();
    for row in found {
        let known = newest.entry((&row.vin, &row.descriptor)).or_insert(row.at);
        *known = row.at.max(*known);
    }
    for ((vin, descriptor), at) in newest {
        let query = format!(
            "select latest_at from series join vehicle on vehicle.id = vehicle_id
             where vin = '{vin}' and descriptor = '{descriptor}'"
        );
        let latest = stores::journal(&scene.path("state"), &query);
        assert_eq!(latest, u64::try_from(at).unwrap(), "{descriptor}");
    }
}
