//! `locationBasedChargingSettings`: what the owner chose for the places where he charges.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::refusal::Refusal;
use crate::call::{Answer, Call};
use crate::car::Car;

/// Two places fit on one page, so that no token of a next page is ever given or accepted.
pub(super) fn answer(car: &Car, call: &Call, now: Timestamp) -> Result<Answer, Refusal> {
    if call.query("nextToken").is_some() {
        return Err(Refusal::PAGINATION_TOKEN);
    }
    let places = [
        place(car, now, 1, 48.137_154, 11.576_124, 214),
        place(car, now, 2, 48.262_503, 11.667_498, 9),
    ];
    Ok(Answer::json(200, &json!({ "nextToken": null, "data": places })))
}

fn place(car: &Car, now: Timestamp, number: u32, latitude: f64, longitude: f64, visits: u32) -> Value {
    let day = now - SignedDuration::from_hours(24);
    json!({
        "id": format!("{}-{number}", car.vehicle.vin),
        "clusterLocationId": format!("cluster-{number}"),
        "lastUpdated": format!("{day:.3}"),
        "lastVisit": format!("{day:.3}"),
        "latitude": latitude,
        "longitude": longitude,
        "visits": visits,
        "chargingMode": "IMMEDIATE_CHARGING",
        "optimizedChargingPreference": "NO_PRESELECTION",
        "startChargingTimePeriodHour": 0,
        "startChargingTimePeriodMinute": 0,
        "stopChargingTimePeriodHour": 0,
        "stopChargingTimePeriodMinute": 0,
        "chargingTimeWindows": [],
        "acCurrentLimitFlag": "NO_ACTION",
        "acCurrentLimit": 16.0,
        "acousticLimit": "NO_ACTION",
        "flapLock": "NO_ACTION",
        "chargingPlug": "HOSPITALITY_INACTIVE",
    })
}
