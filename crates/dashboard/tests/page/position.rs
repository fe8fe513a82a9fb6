//! Where the car is or was is told to who asks for it.

use collector_core::{Descriptor, Name, Origin, Reading, Value, ValueType};
use dashboard::live;
use jiff::Timestamp;
use serde_json::Value as Json;
use status::Status;
use status::values::{Car, Told, Values};

use super::garage::{FIRST, Filled, NORTH, charges, drive, readings, settings, with};
use super::history::name;
use super::site::Program;
use super::walk::walk;

/// As far as a look at the page tells them.
const NORTHS: [&str; 2] = ["48.123", "48.9"];
const EASTS: [&str; 2] = ["11.456", "11.6"];

fn values() -> Values {
    let told = |key: &str, name: &str, value: f64| {
        let descriptor = Descriptor::new(key, name, ValueType::Number, None);
        Told {
            reading: Reading::new(descriptor, Value::Number(value), None, Timestamp::UNIX_EPOCH),
            origin: Origin::Stream,
            source: Name::from("stream"),
            from: None,
        }
    };
    Values {
        cars: vec![Car {
            vehicle: collector_core::testkit::vehicle(false),
            quantities: Vec::new(),
            values: vec![told(NORTH, "latitude", 48.123), told("vehicle.x", "other", 48.0)],
            ended: Vec::new(),
        }],
        newest: None,
    }
}

fn is_told(text: &str) -> bool {
    NORTHS.iter().chain(&EASTS).any(|degrees| text.contains(degrees))
}

async fn filled() -> Filled {
    let places = [
        ("latitude", Value::Number(48.123)),
        ("longitude", Value::Number(11.456)),
    ];
    let ends = [
        ("start_latitude", Value::Number(48.123)),
        ("end_longitude", Value::Number(11.6)),
    ];
    let mut records: Vec<_> = charges().into_iter().map(|one| with(one, &places)).collect();
    records.extend([with(drive(), &ends), settings(&places)]);
    let program = Program {
        fares: Some(Status::default),
        ..Program::default()
    };
    Filled::with(readings(), records, program).await
}

#[tokio::test]
async fn nothing_tells_it_that_nobody_asked() {
    let filled = filled().await;
    let of = |path: &str| format!("v/{}/{path}", name());
    let api = |path: &str| format!("api/v1/vehicles/{}/{path}", name());
    let files = [
        "charging_settings.csv",
        "series.csv?key=latitude",
        "series.json?key=longitude",
    ];
    let answers = ["now", "trips", "sessions", "series?key=latitude&from=2025-01-01"];
    let from: Vec<_> = ["".to_owned(), "metrics".to_owned()]
        .into_iter()
        .chain(files.map(of))
        .chain(answers.map(api))
        .collect();
    let met = walk(&filled.page, &from).await;
    assert!(met.len() > 30, "{:?}", met.keys());
    for (address, answer) in &met {
        assert!(!answer.status.is_server_error(), "{address}: {}", answer.text);
        assert!(!is_told(&answer.text), "{address}: {}", answer.text);
    }
}

#[tokio::test]
async fn who_asks_is_told() {
    let filled = filled().await;
    let range = "from=2025-01-01&to=2025-12-31";
    for path in [
        format!("v/{}/data?position=shown", name()),
        format!("v/{}/now.csv?position=shown", name()),
        format!("v/{}/trips.csv?position=shown", name()),
        format!("v/{}/series.csv?position=shown&key=latitude&{range}", name()),
        format!("v/{}/series.json?position=shown&key=latitude&{range}", name()),
        format!("api/v1/vehicles/{}/now?position=shown", name()),
        format!("api/v1/vehicles/{}/trips?position=shown", name()),
        format!(
            "api/v1/vehicles/{}/series?position=shown&key=longitude&{range}",
            name()
        ),
    ] {
        let answer = filled.page.get(&path).send().await.unwrap();
        let text = answer.text().await.unwrap();
        assert!(is_told(&text), "{path}: {text}");
    }
    let path = format!("api/v1/vehicles/{}/series?key=latitude", name());
    let refused = filled.page.get(&path).send().await.unwrap();
    assert_eq!(refused.status(), 400);
    let told: Json = refused.json().await.unwrap();
    assert!(
        told["error"].as_str().unwrap().contains("position=shown"),
        "{told}"
    );
}

#[test]
fn events_do_not_tell_it() {
    let options = dashboard::Options {
        units: Default::default(),
        timezone: jiff::tz::TimeZone::UTC,
    };
    let now = FIRST.parse().unwrap();
    let (_, news) = live::news(&Values::default(), &values(), now, &options).unwrap();
    let told: Vec<_> = news["told"].as_array().unwrap().iter().collect();
    assert_eq!(told.len(), 1, "{news}");
    assert_eq!(told[0]["key"], "other");
}
