//! What `telematicData` says, and how the car behaves in it.

use std::time::Duration;

use cardata_sim::SimConfig;
use serde_json::{Value, json};

use crate::desk::{Desk, HEADER, VIN, text};

const ODOMETER: &str = "vehicle.vehicle.travelledDistance";
const STATUS: &str = "vehicle.drivetrain.electricEngine.charging.status";
const HV_STATUS: &str = "vehicle.drivetrain.electricEngine.charging.hvStatus";
const PHASES: &str = "vehicle.drivetrain.electricEngine.charging.phaseNumber";
const TIME_TO_FULL: &str = "vehicle.drivetrain.electricEngine.charging.timeToFullyCharged";
const AMPERE: &str = "vehicle.drivetrain.electricEngine.charging.acAmpere";
const FUEL: &str = "vehicle.drivetrain.fuelSystem.level";
const BASIC: &str = "vehicle.vehicleIdentification.basicVehicleData";
const TRIP_SOC: &str = "vehicle.trip.segment.end.drivetrain.batteryManagement.hvSoc";
const DOOR: &str = "vehicle.cabin.door.row1.driver.position";

#[tokio::test]
async fn values_come_in_the_four_states_of_the_live_service() {
    let desk = Desk::logged_in(SimConfig::default()).await;
    let keys = [
        HEADER,
        ODOMETER,
        HV_STATUS,
        PHASES,
        TIME_TO_FULL,
        AMPERE,
        FUEL,
        BASIC,
        TRIP_SOC,
        DOOR,
    ];
    let id = desk.container(&keys).await;
    let data = desk.telematic_data(&id).await;
    assert_eq!(data.as_object().unwrap().len(), 8, "{data}");
    assert!(data.get(FUEL).is_none(), "an electric car has no fuel");
    assert!(data.get(BASIC).is_none(), "basicData has an endpoint of its own");
    assert_eq!(
        data[PHASES],
        json!({ "value": null, "unit": null, "timestamp": null })
    );
    assert_eq!(
        data[TIME_TO_FULL],
        json!({ "value": null, "unit": "min", "timestamp": null })
    );
    assert_eq!(data[AMPERE]["value"], "-NA-");
    assert_eq!(data[HEADER]["unit"], "%");
    assert_eq!(data[DOOR]["unit"], "percent");
    assert_eq!(data[ODOMETER]["unit"], Value::Null);
    assert!(text(&data[HEADER]["timestamp"]).ends_with(".000Z"));
    assert!(!text(&data[TRIP_SOC]["timestamp"]).ends_with(".000Z"));
    assert_eq!(
        data[HV_STATUS]["timestamp"], "2026-11-20T12:00:00.000Z",
        "the time of the call"
    );

    desk.pass(17);
    let again = desk.telematic_data(&id).await;
    assert_eq!(again[HEADER], data[HEADER], "a parked car repeats itself");
    assert_eq!(again[HV_STATUS]["timestamp"], "2026-11-20T12:00:17.000Z");
    desk.leave().await;
}

#[tokio::test]
async fn what_was_served_is_logged_to_the_letter() {
    let desk = Desk::logged_in(SimConfig::default()).await;
    let id = desk.container(&[HEADER, PHASES]).await;
    let data = desk.telematic_data(&id).await;
    let served = desk.control.served();
    assert_eq!(served.len(), 2);
    for entry in served {
        assert_eq!(entry.vin, VIN);
        let sent = &data[&entry.descriptor];
        let logged = json!({ "value": entry.value, "unit": entry.unit, "timestamp": entry.timestamp });
        assert_eq!(*sent, logged);
    }
    desk.leave().await;
}

#[tokio::test]
async fn the_car_drives_home_and_charges_within_two_hours() {
    let token_lifetime = Duration::from_secs(86_400);
    let config = SimConfig {
        calls_per_day: 1_000,
        token_lifetime,
        ..SimConfig::default()
    };
    let desk = Desk::logged_in(config).await;
    let id = desk
        .container(&[HEADER, ODOMETER, STATUS, "vehicle.isMoving"])
        .await;
    let number = |data: &Value, key: &str| text(&data[key]["value"]).parse::<f64>().unwrap();
    let mut before: Option<Value> = None;
    let (mut drove, mut charged) = (false, false);
    for _ in 0..300 {
        desk.pass(60);
        let data = desk.telematic_data(&id).await;
        let soc = number(&data, HEADER);
        assert!((0.0..=100.0).contains(&soc));
        if let Some(before) = &before {
            assert!(number(&data, ODOMETER) >= number(before, ODOMETER));
            assert!(text(&data[HEADER]["timestamp"]) >= text(&before[HEADER]["timestamp"]));
            let both = |key: &str, value: &str| data[key]["value"] == value && before[key]["value"] == value;
            if both(STATUS, "CHARGINGACTIVE") {
                charged = true;
                assert!(soc >= number(before, HEADER));
            }
            if both("vehicle.isMoving", "ASN_isTrue") {
                drove = true;
                assert!(soc <= number(before, HEADER));
            }
        }
        before = Some(data);
    }
    assert!(drove && charged);
    assert_eq!(
        number(&before.unwrap(), HEADER),
        80.0,
        "charging ends at the target"
    );
    desk.leave().await;
}

#[tokio::test]
async fn the_same_seed_and_times_give_the_same_answers() {
    let mut answers = Vec::new();
    for _ in 0..2 {
        let desk = Desk::logged_in(SimConfig {
            seed: 42,
            ..SimConfig::default()
        })
        .await;
        let id = desk.container(&[HEADER, ODOMETER, TRIP_SOC]).await;
        desk.pass(1_800);
        answers.push((
            desk.access_token.clone(),
            id.clone(),
            desk.telematic_data(&id).await,
        ));
        desk.leave().await;
    }
    assert_eq!(answers[0], answers[1]);
}
