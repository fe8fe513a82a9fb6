//! The page that shows what the car says now.

use collector_core::PollRefused;
use collector_core::testkit::{reading, vehicle};
use collector_core::{Descriptor, Origin, Reading, Record, RecordState, UnitSystem, Value, ValueType};
use facts::kinds::{CHARGING_SESSION, VEHICLE};
use reqwest::StatusCode;
use status::values::{Car as Says, Told, Values};
use status::{AccountStatus, Calls, Status};

use super::car::{Car, car, moment, record};
use super::history::{MINUTE, NOON};
use super::site::{Page, Program};

const DISPLAYED: &str = "vehicle.powertrain.electric.battery.stateOfCharge.displayed";
const HEADER: &str = "vehicle.drivetrain.batteryManagement.header";
const PLACE: &str = "vehicle.cabin.infotainment.navigation.currentLocation";
const HOSTILE: &str = "\"><script>alert(1)</script>";

fn number(id: &str, name: &str, value: f64, unit: &'static str, minute: i64) -> Reading {
    reading(id, name, Value::Number(value), Some(unit), NOON + minute * MINUTE)
}

fn said(name: &str, value: Value) -> Reading {
    reading(&format!("vehicle.{name}"), name, value, None, NOON - MINUTE)
}

fn word(name: &str, word: &str) -> Reading {
    said(name, Value::Text(word.into()))
}

fn readings(status: &str) -> Vec<Reading> {
    vec![
        number(DISPLAYED, "soc_displayed", 70.5, "%", -300),
        number(DISPLAYED, "soc_displayed", 15.5, "%", -3),
        number("vehicle.range", "cluster_electric_range", 161.0, "km", -3),
        number("vehicle.km", "mileage", 20_000.0, "km", -60),
        number("vehicle.power", "charging_power", 10_840.0, "W", -3),
        number("vehicle.left", "charging_time_remaining", 85.0, "min", -3),
        number("vehicle.tyre", "tyre_pressure_front_left", 210.0, "kPa", -90),
        number(
            "vehicle.tyre.target",
            "tyre_pressure_target_front_left",
            250.0,
            "kPa",
            -90,
        ),
        number(&format!("{PLACE}.latitude"), "latitude", 48.137_11, "°", -90),
        number(&format!("{PLACE}.longitude"), "longitude", 11.575_22, "°", -90),
        number(&format!("{PLACE}.latitude"), "latitude", 48.2, "°", -60),
        number(&format!("{PLACE}.longitude"), "longitude", 11.6, "°", -60),
        word("charging_status", status),
        word("doors_status", "SECURED"),
        word("window_front_driver", "INTERMEDIATE"),
        word("preconditioning_activity", HOSTILE),
        said("door_front_driver_open", Value::Bool(true)),
        said("hood_open", Value::Bool(false)),
        reading(
            "vehicle.body.chargingPort.combinedStatus",
            "charging_port_connection",
            Value::Text("CONNECTED".into()),
            None,
            NOON,
        ),
    ]
}

fn records(steering: &str) -> Vec<Record> {
    let text = |text: &str| Value::Text(text.into());
    let car = [
        ("brand", text("BMW")),
        ("model", text("iX3 <b>50</b>")),
        ("steering", text(steering)),
    ];
    let energy = [("energy_kwh", Value::Number(6.24))];
    let mut charge = record(&CHARGING_SESSION, -30, Value::Timestamp(moment(-30)), &energy);
    charge.state = RecordState::Live;
    vec![
        record(&VEHICLE, -900, Value::Timestamp(moment(-900)), &car),
        charge,
    ]
}

fn fares() -> Status {
    let account = |is_polled| AccountStatus {
        name: "home".to_owned(),
        mapped: Vec::new(),
        login_days: Some(9.0),
        login_problem: None,
        login_warnings: Vec::new(),
        calls_left: 31,
        calls_per_day: 50,
        calls: Calls {
            used: 1,
            reserved: 2,
            planned: 3,
            left: 4,
        },
        blocked_until: None,
        is_polled,
        said: None,
    };
    Status {
        accounts: vec![account(true)],
        ..Status::default()
    }
}

fn program() -> Program {
    Program {
        fares: Some(fares),
        ..Program::default()
    }
}

async fn charging() -> Car {
    let charging = readings("CHARGINGACTIVE");
    car(charging, records("LL"), UnitSystem::Metric, program()).await
}

/// What stands between two texts, the first time.
fn between<'a>(page: &'a str, begin: &str, end: &str) -> &'a str {
    let (_, rest) = page
        .split_once(begin)
        .unwrap_or_else(|| panic!("no {begin} in {page}"));
    rest.split_once(end).map_or(rest, |(found, _)| found)
}

/// The value and the unit under a label.
fn fact(page: &str, label: &str) -> String {
    let fact = between(page, &format!("<dt>{label}</dt>"), "</div>");
    let value = between(fact, "data-part=\"value\">", "<").to_owned();
    match fact.contains("data-part=\"unit\"") {
        true => format!("{value} {}", between(fact, "data-part=\"unit\">", "<")),
        false => value,
    }
}

#[tokio::test]
async fn a_car_without_the_usual_keys_is_told_whole() {
    let page = charging().await.get("v/i4/now").await;
    let ring = between(&page, "data-live=\"i4/state_of_charge\"", "</div>");
    assert!(ring.contains("15.5"), "{ring}");
    assert!(ring.contains("stroke-dasharray=\"15.5 100\""), "{ring}");
    assert!(ring.contains("measured, poll, from soc_displayed"), "{ring}");
    assert!(ring.contains("3 min ago"), "{ring}");
    for (label, value) in [
        ("Range", "161 km"),
        ("Power", "10.84 kW"),
        ("Time left", "1 h 25 min"),
        ("Energy so far", "6.2 kWh"),
        ("Plug", "plugged in"),
        ("Odometer", "20000 km"),
        ("Doors", "locked"),
    ] {
        assert_eq!(fact(&page, label), value, "{label}");
    }
    assert!(page.contains("href=\"../../why/session/i4/2026-03-01T11%3A30%3A00Z\""));
    assert!(page.contains("href=\"charging/2026-03-01T11%3A30%3A00Z\""));
    assert!(page.contains("<p>BMW iX3 &#60;b&#62;50&#60;/b&#62;</p>"));
    assert!(page.contains("31 of 50 calls left today"));
    assert!(page.contains("alert(1)") && !page.contains("<script>"));
    assert!(!page.contains(vehicle(false).vin.as_str()));
    let chart = between(&page, "data-chart=\"", "\"");
    assert!(chart.contains("70.5") && chart.contains("charging"), "{chart}");
}

#[tokio::test]
async fn what_the_program_knows_comes_before_the_database() {
    let program = program();
    let key = Descriptor::new(HEADER, "soc", ValueType::Number, None);
    let told = Told {
        reading: number("state_of_charge", "state_of_charge", 64.0, "%", 0),
        origin: Origin::Stream,
        source: "live".into(),
        from: Some(key),
    };
    let says = Says {
        vehicle: vehicle(false),
        quantities: vec![told],
        values: Vec::new(),
        ended: Vec::new(),
    };
    *program.values.lock().unwrap() = Some(Values {
        cars: vec![says],
        newest: None,
    });
    let car = car(readings("NOCHARGING"), Vec::new(), UnitSystem::Metric, program).await;
    let page = car.get("v/i4/now").await;
    let ring = between(&page, "data-live=\"i4/state_of_charge\"", "</div>");
    assert!(ring.contains("stroke-dasharray=\"64 100\""), "{ring}");
    assert!(ring.contains("measured, stream, from soc<"), "{ring}");
}

#[tokio::test]
async fn power_and_time_left_stand_there_only_while_it_charges() {
    let ended = readings("CHARGINGENDED");
    let car = car(ended, records("LL"), UnitSystem::Metric, program()).await;
    let page = car.get("v/i4/now").await;
    assert!(!page.contains("<dt>Power</dt>") && !page.contains("<dt>Time left</dt>"));
    assert_eq!(fact(&page, "Charging"), "ended");
}

#[tokio::test]
async fn doors_and_tyres_are_where_they_are_also_in_a_british_car() {
    let left = charging().await.get("v/i4/now").await;
    assert!(left.contains("<span>Door, front left</span>"));
    assert!(left.contains("<path class=\"leaf\" d=\"M26 86v34\" data-state=\"open\""));
    let british = car(
        readings("NOCHARGING"),
        records("RL"),
        UnitSystem::Imperial,
        program(),
    )
    .await;
    let page = british.get("v/i4/now").await;
    assert!(page.contains("<span>Door, front right</span>"));
    assert!(page.contains("<path class=\"leaf\" d=\"M106 86v34\" data-state=\"open\""));
    let window = between(&page, "<span>Window, front right</span>", "</li>");
    assert!(window.contains("partly open"), "{window}");
    let tyre = between(&page, "<span>Tyre, front left</span>", "</li>");
    assert!(
        tyre.contains("30.46") && tyre.contains("should be 36.26 psi"),
        "{tyre}"
    );
    assert!(page.contains("<li data-state=\"low\""));
    assert_eq!(fact(&page, "Range"), "100.04 mi");
}

#[tokio::test]
async fn the_position_is_shown_when_it_is_asked_for() {
    let car = charging().await;
    let hidden = car.get("v/i4/now").await;
    assert!(!hidden.contains("48.2") && !hidden.contains("openstreetmap"));
    assert!(hidden.contains("href=\"now?position=shown#position\""));
    let shown = car.get("v/i4/now?position=shown").await;
    assert!(shown.contains("<strong>48.20000, 11.60000</strong>"));
    assert!(
        shown.contains(
            "https://www.openstreetmap.org/?mlat=48.20000&#38;mlon=11.60000#map=16/48.20000/11.60000"
        )
    );
    assert!(shown.contains("<svg class=\"track\""));
}

#[tokio::test]
async fn the_button_asks_and_says_what_became_of_it() {
    let car = charging().await;
    let ask = async || {
        let origin = format!("http://{}", car.page.address);
        let asked = car.page.post("v/i4/poll").header("origin", origin);
        let answer = asked.send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::SEE_OTHER);
        let to = answer.headers()["location"].to_str().unwrap().to_owned();
        car.get(&format!("v/i4/{to}")).await
    };
    let page = ask().await;
    assert_eq!(*car.page.program.polled.lock().unwrap(), [vehicle(false).vin]);
    assert!(page.contains("<div class=\"notice good\">") && page.contains("BMW was asked"));
    let free_at = moment(90);
    for (refused, part) in [
        (PollRefused::NoSource, "no source polls this vehicle"),
        (PollRefused::Barred, "may not read this vehicle"),
        (PollRefused::LoginNeeded, "refuses the login"),
        (PollRefused::UnderWay, "other demands are under way"),
        (
            PollRefused::BudgetSpent { free_at },
            "the next one is free at 2026-03-01 13:30",
        ),
        (
            PollRefused::Failed {
                reason: "x".to_owned(),
            },
            "the poll failed",
        ),
    ] {
        *car.page.program.refuses.lock().unwrap() = Some(refused);
        let page = ask().await;
        let notice = between(&page, "<div class=\"notice warn\">", "</div>");
        assert!(notice.contains(part), "{notice}");
    }
    let elsewhere = car.page.post("v/i4/poll").header("origin", "http://evil.example");
    assert_eq!(elsewhere.send().await.unwrap().status(), StatusCode::FORBIDDEN);
    let made_up = car.get("v/i4/now?poll=no_call&at=%3Cb%3E").await;
    assert!(!made_up.contains("<div class=\"notice"));
}

#[tokio::test]
async fn the_first_page_leads_to_the_first_vehicle() {
    let car = charging().await;
    let answer = car.page.get("").send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::SEE_OTHER);
    assert_eq!(answer.headers()["location"], "v/i4/now");
    let empty = Page::open().await.get("").send().await.unwrap();
    assert_eq!(empty.status(), StatusCode::OK);
    let page = empty.text().await.unwrap();
    assert!(page.contains("The car has told nothing yet."), "{page}");
    let unknown = car.page.get("v/nobody/now").send().await.unwrap();
    assert_eq!(unknown.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn halves_of_two_moments_are_no_place() {
    let apart = vec![
        number(&format!("{PLACE}.latitude"), "latitude", 48.2, "°", -60),
        number(&format!("{PLACE}.longitude"), "longitude", 11.6, "°", -59),
    ];
    let car = car(apart, Vec::new(), UnitSystem::Metric, program()).await;
    let page = car.get("v/i4/now?position=shown").await;
    assert!(page.contains("The car told no latitude and longitude of one and the same moment"));
    assert!(!page.contains("48.2") && !page.contains("openstreetmap"));
}

#[tokio::test]
async fn a_car_that_stood_for_days_is_where_it_was_last() {
    let long_ago = vec![
        number(&format!("{PLACE}.latitude"), "latitude", 48.1, "°", -9_001),
        number(&format!("{PLACE}.longitude"), "longitude", 11.5, "°", -9_001),
        number(&format!("{PLACE}.latitude"), "latitude", 48.2, "°", -9_000),
        number(&format!("{PLACE}.longitude"), "longitude", 11.6, "°", -9_000),
    ];
    let car = car(long_ago, Vec::new(), UnitSystem::Metric, program()).await;
    let page = car.get("v/i4/now?position=shown").await;
    let position = between(&page, "id=\"position\"", "</section>");
    assert!(
        position.contains("<strong>48.20000, 11.60000</strong>"),
        "{position}"
    );
    assert!(
        position.contains("6 days ago") && !position.contains("<svg"),
        "{position}"
    );
}
