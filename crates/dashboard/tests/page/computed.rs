//! Why what the pages compute is as it is.

use collector_core::testkit::reading;
use collector_core::{Reading, Record, UnitSystem, Value};
use facts::kinds::{BATTERY_HEALTH, CHARGING_SESSION, STANDSTILL, TRIP};
use reqwest::StatusCode;
use status::Status;

use super::car::{Car, car, moment, record};
use super::history::{MINUTE, NOON, name};
use super::site::Program;
use super::walk::walk;

const HEADER: &str = "vehicle.drivetrain.batteryManagement.header";
const DISPLAYED: &str = "vehicle.powertrain.electric.battery.stateOfCharge.displayed";
const PORT: &str = "vehicle.body.chargingPort.status";
const POWER: &str = "vehicle.powertrain.electric.battery.charging.power";
const DAY: i64 = 1_440;

fn number(value: f64) -> Value {
    Value::Number(value)
}

fn text(value: &str) -> Value {
    Value::Text(value.into())
}

fn readings() -> Vec<Reading> {
    let told = |key: &str, name: &str, value, unit, minute: i64| {
        reading(key, name, value, unit, NOON + minute * MINUTE)
    };
    vec![
        told(HEADER, "soc", number(40.0), Some("%"), -30),
        told(DISPLAYED, "soc_displayed", number(41.0), Some("%"), -20),
        told(PORT, "charging_port", text("CONNECTED"), None, -10),
        told("vehicle.range", "electric_range", number(200.0), Some("km"), -25),
        told(
            POWER,
            "charging_power",
            number(11_000.0),
            Some("W"),
            -2 * DAY + 10,
        ),
        told(
            POWER,
            "charging_power",
            number(10_000.0),
            Some("W"),
            -2 * DAY + 20,
        ),
        told(HEADER, "soc", number(30.0), Some("%"), -2 * DAY + 5),
        told(HEADER, "soc", number(35.0), Some("%"), -2 * DAY + 30),
        told("vehicle.way", "mileage", number(1_000.0), Some("km"), -25),
    ]
}

fn charge(minute: i64, values: &[(&str, Value)]) -> Record {
    let start = Value::Timestamp(moment(minute));
    record(&CHARGING_SESSION, minute, start, values)
}

fn records() -> Vec<Record> {
    let key = |minute| Value::Timestamp(moment(minute));
    let ended = |minute| ("end_at", Value::Timestamp(moment(minute)));
    let soc = [
        ("energy_kwh", number(9.0)),
        ("energy_basis", text("soc")),
        ("energy_from_soc_low_kwh", number(8.5)),
        ("energy_from_soc_high_kwh", number(9.75)),
        ("current_type", text("AC")),
        ("place", text("Home & more")),
        ended(-3 * DAY + 60),
    ];
    let grid = [
        ("energy_grid_kwh", number(20.0)),
        ("energy_battery_kwh", number(18.0)),
        ("energy_kwh", number(20.0)),
        ("energy_basis", text("grid")),
        ("loss_share", number(0.1)),
        ("current_type", text("AC")),
        ("cost", number(5.0)),
        ("currency", text("EUR")),
        ("unpriced_share", number(0.25)),
        ("place", text("Home & more")),
        ended(-2 * DAY + 60),
    ];
    let fast = [
        ("energy_kwh", number(30.0)),
        ("energy_basis", text("battery")),
        ("current_type", text("DC")),
        ended(-DAY + 30),
    ];
    let drain = |minute: i64, plugged: bool, drain: f64| {
        let values = [
            ended(minute + 720),
            ("drain_percent_per_day", number(drain)),
            ("drain_low", number(drain - 0.5)),
            ("drain_high", number(drain + 0.5)),
            ("plugged", Value::Bool(plugged)),
        ];
        record(&STANDSTILL, minute, key(minute), &values)
    };
    let health = |month: &str| {
        let values = [
            ("capacity_kwh", number(70.0)),
            ("capacity_low_kwh", number(69.0)),
            ("capacity_high_kwh", number(71.0)),
            ("health_percent", number(95.0)),
            ("bmw_health_percent", number(96.0)),
        ];
        record(&BATTERY_HEALTH, -DAY, text(month), &values)
    };
    let trip = [
        ("distance_km", number(50.0)),
        ("energy_kwh", number(9.0)),
        ended(-600),
    ];
    vec![
        charge(-3 * DAY, &soc),
        charge(-2 * DAY, &grid),
        charge(-DAY, &fast),
        charge(-4 * DAY, &[ended(-4 * DAY + 5)]),
        drain(-5 * DAY, false, 1.0),
        drain(-6 * DAY, true, 9.0),
        health("2026-01"),
        health("2026-02"),
        record(&TRIP, -660, key(-660), &trip),
    ]
}

pub async fn filled() -> Car {
    let program = Program {
        fares: Some(Status::default),
        tells_any: true,
        ..Program::default()
    };
    car(readings(), records(), UnitSystem::Metric, program).await
}

/// The parts of a page that begin so, up to their ends.
pub fn parts<'a>(html: &'a str, start: &str, end: &str) -> Vec<&'a str> {
    let parts = html.split(start).skip(1);
    parts.map(|part| part.split_once(end).unwrap().0).collect()
}

/// What is derived tells no origin, or from which key it is resolved.
fn is_derived(fact: &str) -> bool {
    let origin = fact.split_once("data-part=\"origin\">").map(|(_, origin)| origin);
    let origin = origin.map_or("", |origin| origin.split_once('<').unwrap().0);
    origin.is_empty() || origin.contains("from ")
}

#[tokio::test]
async fn every_number_that_is_derived_says_why() {
    let car = filled().await;
    let from = [
        "now",
        "battery?range=all",
        "charging?range=all",
        "trips?range=all",
    ];
    let from: Vec<_> = from.iter().map(|page| format!("v/{}/{page}", name())).collect();
    let met = walk(&car.page, &from).await;
    let (mut facts, mut rows, mut reasons) = (0, 0, 0);
    for (address, answer) in &met {
        let is_well = answer.status.is_success() || answer.status.is_redirection();
        assert!(is_well, "{address}: {}", answer.text);
        if address.contains("/why/") {
            reasons += 1;
            continue;
        }
        let told_of_cars = ["/now", "/battery", "/charging", "/trips"];
        if address.contains(".csv") || !told_of_cars.iter().any(|page| address.contains(page)) {
            continue;
        }
        for fact in parts(&answer.text, "<div class=\"fact\"", "</div>") {
            // How many there are, the list below tells; of what is unknown there is nothing to tell.
            let is_none = ["<dt>Charges</dt>", "<dt>Trips</dt>", ">–<"];
            if is_derived(fact) && !is_none.iter().any(|part| fact.contains(part)) {
                assert!(fact.contains("class=\"why\" href="), "{address}: {fact}");
                facts += 1;
            }
        }
        for id in ["months", "places", "sessions", "trips", "health-table"] {
            for table in parts(&answer.text, &format!("<table id=\"{id}\""), "</table>") {
                let (_, body) = table.split_once("<tbody>").unwrap();
                for row in parts(body, "<tr>", "</tr>") {
                    assert!(row.contains("class=\"why\" href="), "{address}: {row}");
                    rows += 1;
                }
            }
        }
    }
    assert!(
        facts > 25 && rows > 10 && reasons > 20,
        "{facts} {rows} {reasons}"
    );
}

async fn why(car: &Car, path: &str) -> String {
    car.get(&format!("why/page/{}/{path}", name())).await
}

#[tokio::test]
async fn a_sum_tells_its_records_how_many_are_unknown_and_its_interval() {
    let car = filled().await;
    let ac = why(&car, "ac").await;
    for part in [
        "Rule P1",
        "A record belongs to the month",
        ">29.0 <span class=\"unit\">kWh",
        "28.5 to 29.8 kWh, known of 2 of 3",
        ">8.5 to 9.8 kWh</span>",
        ">9.0 kWh<",
        ">20.0 kWh<",
    ] {
        assert!(ac.contains(part), "{part}: {ac}");
    }
    assert!(
        !ac.contains(">30.0 kWh<"),
        "a charge of the other current adds nothing"
    );
    assert_eq!(ac.matches("#energy-kwh\"").count(), 3);
    for (path, told) in [
        (
            "energy_grid_kwh",
            vec![">20.0 <span", "known of 1 of 4", "of 4 records"],
        ),
        (
            "energy_kwh?place=Home%20%26%20more",
            vec![">29.0 <span", "of 2 records"],
        ),
        (
            "energy_kwh?month=2026-01",
            vec![">– <span", "of 0 records", "It is of no record."],
        ),
        (
            "cost",
            vec![">5.00 EUR ", "Rule P2", "25 % of the energy without a price"],
        ),
        ("unpriced_share", vec![">25 % ", ">25 %<", "of 20.0 kWh"]),
        (
            "loss_share",
            vec![">10.0 <span", "Rule P3", ">10.0 %<", "of 20.0 kWh"],
        ),
        ("distance_km", vec![">50.0 <span", "of 1 record"]),
        (
            "trip_consumption",
            vec!["Rule P9", ">18.0 <span", "9.0 kWh, 50.0 km"],
        ),
        (
            "drain_percent_per_day",
            vec![
                "Rule P4",
                "0.5 to 1.5 % a day, from 1 standstill",
                ">1.0 % a day<",
                "of 1 record",
            ],
        ),
    ] {
        let page = why(&car, path).await;
        for part in told {
            assert!(page.contains(part), "{path}: {part}: {page}");
        }
    }
}

#[tokio::test]
async fn what_several_keys_tell_says_which_one_does() {
    let car = filled().await;
    for (path, told) in [
        (
            "state_of_charge",
            vec![
                "Rule P6",
                ">40 <span",
                ">this one<",
                ">comes behind<",
                ">never told<",
            ],
        ),
        ("plugged", vec!["Rule P7", "plugged in", ">this one<"]),
        (
            "range",
            vec!["Rule P8", ">200 <span", ">this one<", ">never told<"],
        ),
        (
            "full_range",
            vec!["Rule P5", ">500 <span", "493 to 508 km", ">200.0 km<", ">40.0 %<"],
        ),
    ] {
        let page = why(&car, path).await;
        for part in told {
            assert!(page.contains(part), "{path}: {part}: {page}");
        }
    }
    for path in ["odometer", "nothing"] {
        let answer = car.page.get(&format!("why/page/{}/{path}", name())).send().await;
        assert_eq!(answer.unwrap().status(), StatusCode::NOT_FOUND, "{path}");
    }
}
