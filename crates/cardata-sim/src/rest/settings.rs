//! `locationBasedChargingSettings`: what the owner chose for the locations where he charges.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::refusal::Refusal;
use crate::call::{Answer, Call};
use crate::car::Car;
use crate::car::timeline::Location;
use crate::world::World;

pub(super) fn answer(world: &World, car: &Car, call: &Call, now: Timestamp) -> Result<Answer, Refusal> {
    let size = world.config.documents.places_a_page;
    if size == 0 {
        return Err(Refusal::NO_CHARGING_SETTINGS);
    }
    let first = match call.query("nextToken") {
        Some(token) => token.parse().map_err(|_| Refusal::PAGINATION_TOKEN)?,
        None => 0,
    };
    let locations = [
        settings(car, now, 1, Location::Home, 214),
        settings(car, now, 2, Location::Work, 9),
    ];
    let page: Vec<&Value> = locations.iter().skip(first).take(size).collect();
    let next = first + size;
    let next = (next < locations.len()).then(|| next.to_string());
    Ok(Answer::json(200, &json!({ "nextToken": next, "data": page })))
}

fn settings(car: &Car, now: Timestamp, number: u32, location: Location, visits: u32) -> Value {
    let (latitude, longitude) = location.coordinates();
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
