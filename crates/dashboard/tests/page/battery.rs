//! The page of the battery.

use std::time::Duration;

use collector_core::testkit::{ended, entry_with, reading, vehicle};
use collector_core::{Entry, Reading, Record, UnitSystem, Value};
use facts::kinds::{BATTERY_HEALTH, CHARGING_SESSION, STANDSTILL};
use ledger::{Gap, GapCause};
use status::{Status, StreamStatus, StreamedVehicle};

use super::car::{Car, car, moment, record, told};
use super::history::{MINUTE, NOON};
use super::site::Program;

const HEADER: &str = "vehicle.drivetrain.batteryManagement.header";
const DISPLAYED: &str = "vehicle.powertrain.electric.battery.stateOfCharge.displayed";
const HOUR: i64 = 60;
const DAY: i64 = 24 * HOUR;

fn percent(id: &str, name: &str, value: f64, minute: i64) -> Reading {
    reading(id, name, Value::Number(value), Some("%"), NOON + minute * MINUTE)
}

fn charge(value: f64, minute: i64) -> Reading {
    percent(HEADER, "soc", value, minute)
}

fn readings() -> Vec<Reading> {
    let range = reading(
        "vehicle.range",
        "cluster_electric_range",
        Value::Number(200.0),
        Some("km"),
        NOON - 2 * HOUR * MINUTE,
    );
    vec![
        charge(91.0, -40 * DAY),
        charge(80.0, -3 * DAY),
        charge(40.0, -2 * HOUR),
        range,
        // After the range: of another charge.
        charge(60.0, -HOUR),
        reading(
            "vehicle.health",
            "battery_health",
            Value::Number(93.0),
            Some("%"),
            NOON - MINUTE,
        ),
    ]
}

fn health(month: &str, note: &str, health: f64) -> Record {
    let values = [
        ("health_percent", Value::Number(health)),
        ("capacity_kwh", Value::Number(76.0)),
        ("capacity_low_kwh", Value::Number(74.0)),
        ("capacity_high_kwh", Value::Number(78.0)),
        ("sessions", Value::Number(12.0)),
        ("bmw_health_percent", Value::Number(94.0)),
        ("note", Value::Text(note.into())),
    ];
    let minute = if month == "2026-02" { -DAY } else { -30 * DAY };
    record(&BATTERY_HEALTH, minute, Value::Text(month.into()), &values)
}

fn standstill(begin: i64, days: i64, drain: [f64; 3], plugged: bool) -> Record {
    let [drain, low, high] = drain.map(Value::Number);
    let values = [
        ("end_at", Value::Timestamp(moment(begin + days * DAY))),
        ("soc_start", Value::Number(80.0)),
        ("soc_end", Value::Number(79.0)),
        ("drain_percent_per_day", drain),
        ("drain_low", low),
        ("drain_high", high),
        ("plugged", Value::Bool(plugged)),
    ];
    record(&STANDSTILL, begin, Value::Timestamp(moment(begin)), &values)
}

fn records() -> Vec<Record> {
    let place = Value::Text("\"><script>alert(1)</script>".into());
    let values = [
        ("end_at", Value::Timestamp(moment(-HOUR))),
        ("mean_power_kw", Value::Number(10.84)),
        ("place", place),
    ];
    vec![
        record(
            &CHARGING_SESSION,
            -2 * HOUR,
            Value::Timestamp(moment(-2 * HOUR)),
            &values,
        ),
        health("2026-01", "shown", 96.0),
        health("2026-02", "shown", 95.0),
        standstill(-20 * DAY, 1, [2.0, 1.0, 3.0], false),
        standstill(-10 * DAY, 3, [0.4, 0.2, 0.6], false),
        standstill(-5 * DAY, 1, [9.0, 9.0, 9.0], true),
        standstill(-50 * DAY, 2, [7.0, 7.0, 7.0], false),
    ]
}

fn fares() -> Status {
    let gap = |from, to, cause| Gap {
        from: moment(from),
        to,
        cause,
    };
    let stream = |vin: &str, gaps| StreamStatus {
        account: "home".to_owned(),
        source: "live".to_owned(),
        record: None,
        said: None,
        token_until: None,
        vehicles: vec![StreamedVehicle {
            vin: vin.to_owned(),
            ..StreamedVehicle::default()
        }],
        strays: Vec::new(),
        unlisted: Vec::new(),
        gaps,
        window: Duration::ZERO,
    };
    let its = vec![
        gap(-90 * DAY, Some(moment(-80 * DAY)), GapCause::Login),
        gap(-2 * DAY, Some(moment(-DAY)), GapCause::Restart),
        gap(-HOUR - 1, Some(moment(-HOUR)), GapCause::ConnectionLost),
        gap(-10 * HOUR, None, GapCause::OtherProgram),
    ];
    let others = vec![gap(-2 * DAY, None, GapCause::Login)];
    Status {
        streams: vec![
            stream(vehicle(false).vin.as_str(), its),
            stream(vehicle(true).vin.as_str(), others),
        ],
        ..Status::default()
    }
}

async fn with(readings: Vec<Reading>, records: Vec<Record>, units: UnitSystem) -> Car {
    let program = Program {
        fares: Some(fares),
        ..Program::default()
    };
    car(readings, records, units, program).await
}

async fn known() -> Car {
    with(readings(), records(), UnitSystem::Metric).await
}

fn between<'a>(page: &'a str, begin: &str, end: &str) -> &'a str {
    let (_, rest) = page
        .split_once(begin)
        .unwrap_or_else(|| panic!("no {begin} in {page}"));
    rest.split_once(end).map_or(rest, |(found, _)| found)
}

/// What is drawn in the figure of that name.
fn drawn(page: &str, id: &str) -> serde_json::Value {
    let json = between(page, &format!("id=\"chart-{id}\" data-chart=\""), "\"");
    let json = json.replace("&#34;", "\"").replace("&#60;", "<");
    let json = json
        .replace("&#62;", ">")
        .replace("&#39;", "'")
        .replace("&#38;", "&");
    serde_json::from_str(&json).unwrap()
}

fn fact<'a>(page: &'a str, label: &str) -> &'a str {
    between(page, &format!("<dt>{label}</dt>"), "</div>")
}

#[tokio::test]
async fn the_charge_is_drawn_with_charges_and_with_gaps_and_their_cause() {
    let page = known().await.get("v/i4/battery?range=week").await;
    let chart = drawn(&page, "level");
    let ms = |minute: i64| (NOON + minute * MINUTE) as f64;
    assert_eq!(chart["from"], ms(-7 * DAY));
    assert_eq!(chart["to"], ms(0));
    assert_eq!(
        chart["series"][0]["points"],
        serde_json::json!([
            [ms(-7 * DAY), 91.0],
            [ms(-3 * DAY), 80.0],
            [ms(-2 * HOUR), 40.0],
            [ms(-HOUR), 60.0],
            [ms(0), 60.0]
        ])
    );
    assert_eq!(chart["series"][0]["url"], format!("series.json?key={HEADER}"));
    let band = &chart["bands"][0];
    assert_eq!(
        (&band["from"], &band["to"]),
        (&ms(-2 * HOUR).into(), &ms(-HOUR).into())
    );
    assert!(band["label"].as_str().unwrap().starts_with("Charging, 10.8 kW, "));
    let gaps = chart["gaps"].as_array().unwrap();
    let gaps: Vec<_> = gaps
        .iter()
        .map(|gap| {
            (
                gap["from"].as_f64().unwrap(),
                gap["to"].as_f64().unwrap(),
                gap["cause"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        gaps,
        [
            (ms(-2 * DAY), ms(-DAY), "The program did not run"),
            (
                ms(-10 * HOUR),
                ms(0),
                "Another program had the connection of the account"
            ),
        ]
    );
    assert!(page.contains(&format!("series.csv?key={HEADER}&#38;from=2026-02-22T12:00:00Z")));
    assert!(page.contains("Between 40 and 91 %. Charges in this time: 1."));
    assert!(!page.contains("<script>alert"));
}

#[tokio::test]
async fn a_line_ends_where_the_charge_ended() {
    let descriptor = charge(0.0, 0).descriptor;
    let entries = [
        entry_with(1, vec![charge(60.0, -3 * HOUR), charge(40.0, -HOUR)]),
        ended(3, &descriptor, NOON - 2 * HOUR * MINUTE),
    ];
    let ms = |minute: i64| (NOON + minute * MINUTE) as f64;
    let points = async |entries: &[Entry]| {
        let car = told(entries, UnitSystem::Metric, Program::default()).await;
        let page = car.get("v/i4/battery?range=week").await;
        drawn(&page, "level")["series"][0]["points"].clone()
    };
    let wanted = serde_json::json!([
        [ms(-3 * HOUR), 60.0],
        [ms(-2 * HOUR), null],
        [ms(-HOUR), 40.0],
        [ms(0), 40.0]
    ]);
    assert_eq!(points(&entries).await, wanted);
    let last = ended(5, &descriptor, NOON - 30 * MINUTE);
    let wanted = serde_json::json!([
        [ms(-3 * HOUR), 60.0],
        [ms(-2 * HOUR), null],
        [ms(-HOUR), 40.0],
        [ms(-30), null]
    ]);
    let [first, second] = entries;
    assert_eq!(points(&[first, second, last]).await, wanted);
}

#[tokio::test]
async fn a_range_is_a_word_or_two_times_and_all_begins_with_the_first_reading() {
    let car = known().await;
    let from =
        async |query: &str| drawn(&car.get(&format!("v/i4/battery?{query}")).await, "level")["from"].clone();
    let ms = |minute: i64| serde_json::json!((NOON + minute * MINUTE) as f64);
    assert_eq!(from("range=month").await, ms(-31 * DAY));
    assert_eq!(from("").await, ms(-31 * DAY));
    assert_eq!(from("range=year").await, ms(-366 * DAY));
    assert_eq!(from("range=all").await, ms(-40 * DAY));
    assert_eq!(
        from("from=2026-02-28T12:00:00Z&to=2026-03-01T12:00:00Z").await,
        ms(-DAY)
    );
    let page = car.get("v/i4/battery?range=year").await;
    assert!(page.contains("href=\"battery?range=year\" aria-current=\"true\""));
    let answer = car.page.get("v/i4/battery?from=soon").send().await.unwrap();
    assert_eq!(answer.status(), 400);
}

#[tokio::test]
async fn health_has_its_interval_its_reason_and_bmws_beside_it() {
    let page = known().await.get("v/i4/battery").await;
    let ours = fact(&page, "Health");
    assert!(ours.contains("data-part=\"value\">95.0<"), "{ours}");
    assert!(ours.contains("92.5 to 97.5 %, from 12 charges"), "{ours}");
    assert!(
        ours.contains("href=\"../../why/battery_health/i4/2026-02\""),
        "{ours}"
    );
    let capacity = fact(&page, "Capacity");
    assert!(capacity.contains("74.0 to 78.0 kWh"), "{capacity}");
    let theirs = fact(&page, "Health, told by BMW");
    assert!(theirs.contains(">93<"), "{theirs}");
    assert!(page.contains("data-live=\"i4/battery_health\""));
    let chart = drawn(&page, "health");
    let begin = |text: &str| text.parse::<jiff::Timestamp>().unwrap().as_millisecond() as f64;
    let january = begin("2026-01-01T00:00:00Z");
    assert_eq!(chart["series"][0]["parts"][0][0], january);
    assert_eq!(chart["series"][0]["parts"][0][3], 96.0);
    assert_eq!(
        chart["series"][1]["points"][1],
        serde_json::json!([begin("2026-02-01T00:00:00Z"), 94.0])
    );
}

#[tokio::test]
async fn too_few_charges_are_told_as_such() {
    let learning = vec![health("2026-02", "learning, 3 of 10", 95.0)];
    let page = with(readings(), learning, UnitSystem::Metric).await;
    let page = page.get("v/i4/battery").await;
    assert!(page.contains("<strong>Learning, 3 of 10</strong>"));
    assert!(!page.contains("<dt>Health</dt>"));
    assert!(fact(&page, "Health, told by BMW").contains(">93<"));
}

#[tokio::test]
async fn a_full_battery_reaches_as_far_as_range_and_charge_of_one_moment_say() {
    let metric = known().await.get("v/i4/battery").await;
    let full = fact(&metric, "Range at 100 %");
    assert!(full.contains("data-part=\"value\">500<"), "{full}");
    assert!(full.contains("493 to 508 km"), "{full}");
    assert!(
        full.contains("200 km at 40.0 %, from cluster_electric_range"),
        "{full}"
    );
    let imperial = with(readings(), records(), UnitSystem::Imperial).await;
    let page = imperial.get("v/i4/battery").await;
    let full = fact(&page, "Range at 100 %");
    assert!(
        full.contains("data-part=\"value\">311<") && full.contains(">mi<"),
        "{full}"
    );
}

#[tokio::test]
async fn a_standing_car_loses_what_its_standstills_say() {
    let page = known().await.get("v/i4/battery").await;
    let drain = fact(&page, "Loss while parked");
    // One day of 2 and three of 0.4; what was plugged in and what lies before the range count for nothing.
    assert!(drain.contains("data-part=\"value\">0.8<"), "{drain}");
    assert!(
        drain.contains("0.4 to 1.2 % a day, from 2 standstills"),
        "{drain}"
    );
    let table = between(&page, "<table id=\"standstills\"", "</table>");
    assert_eq!(table.matches("<tr>").count(), 4);
    assert!(
        table.contains("3 d 0 h") && table.contains("0.4 % a day"),
        "{table}"
    );
    assert!(
        table.contains("href=\"../../why/standstill/i4/2026-02-19T12%3A00%3A00Z\""),
        "{table}"
    );
    assert!(page.contains("href=\"standstills.csv?from=2026-01-29T12:00:00Z&#38;to=2026-03-01T12:00:00Z\""));
}

#[tokio::test]
async fn a_car_of_another_key_is_drawn_and_one_that_told_nothing_has_an_empty_page() {
    let displayed = vec![percent(DISPLAYED, "soc_displayed", 55.5, -HOUR)];
    let car = with(displayed, Vec::new(), UnitSystem::Metric).await;
    let page = car.get("v/i4/battery").await;
    let chart = drawn(&page, "level");
    assert_eq!(chart["series"][0]["url"], format!("series.json?key={DISPLAYED}"));
    assert_eq!(chart["series"][0]["points"][0][1], 55.5);
    let other = vec![percent("vehicle.x", "other", 1.0, -HOUR)];
    let car = with(other, Vec::new(), UnitSystem::Metric).await;
    let page = car.get("v/i4/battery?range=all").await;
    for text in [
        "The car told no charge in this time.",
        "The car tells nothing of which the health could be learned.",
        "Nothing is known yet",
        "No standstill in this time",
    ] {
        assert!(page.contains(text), "{text}");
    }
}
