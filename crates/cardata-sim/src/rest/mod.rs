//! The REST API: who may ask, how often, and what.
//!
//! [`containers`] and [`vehicles`] are the small endpoints, [`telematics`] the one that matters, [`history`]
//! and [`settings`] about charging, [`tyres`] about tyres; [`refusal`] holds BMW's error codes.

pub(crate) mod refusal;

mod containers;
mod history;
mod settings;
mod telematics;
mod tyres;
mod vehicles;

use jiff::Timestamp;

use crate::call::{Answer, Call};
use crate::car::Car;
use crate::oauth::API_SCOPE;
use crate::specification::is_vin;
use crate::world::World;
use refusal::Refusal;

/// Answers a request under `/customers/`; `path` is the rest of its path.
pub(crate) fn answer(
    world: &mut World,
    call: &Call,
    path: &[&str],
    now: Timestamp,
) -> Result<Answer, Refusal> {
    admit(world, call, now)?;
    match (call.method.as_str(), path) {
        ("GET", ["containers"]) => Ok(containers::list(world, now)),
        ("POST", ["containers"]) => containers::create(world, call, now),
        ("GET", ["containers", id]) => containers::details(world, id),
        ("DELETE", ["containers", id]) => containers::delete(world, id, now),
        ("GET", ["vehicles", "mappings"]) => Ok(vehicles::mappings(world)),
        ("GET", ["vehicles", vin, "basicData"]) => Ok(vehicles::basic_data(vehicle(world, vin)?)),
        ("GET", ["vehicles", vin, "image"]) => {
            vehicle(world, vin).and_then(|_| world.config.documents.picture.answer())
        }
        ("GET", ["vehicles", vin, "telematicData"]) => telematics::answer(world, vin, call, now),
        ("GET", ["vehicles", vin, "chargingHistory"]) => {
            history::answer(world, vehicle(world, vin)?, call, now)
        }
        ("GET", ["vehicles", vin, "locationBasedChargingSettings"]) => {
            settings::answer(world, vehicle(world, vin)?, call, now)
        }
        ("GET", ["vehicles", vin, "smartMaintenanceTyreDiagnosis"]) => {
            Ok(tyres::answer(vehicle(world, vin)?, now))
        }
        (_, ["containers"] | ["containers", _] | ["vehicles", "mappings"]) => Err(Refusal::NO_SUCH_METHOD),
        _ => Err(Refusal::NO_SUCH_PATH),
    }
}

/// Token, quota, scope and version, in this order. Every request of somebody known costs a call, whatever
/// becomes of it.
fn admit(world: &mut World, call: &Call, now: Timestamp) -> Result<(), Refusal> {
    let authorization = call.header("authorization").ok_or(Refusal::NO_AUTHORIZATION)?;
    let token = authorization
        .strip_prefix("Bearer ")
        .filter(|token| !token.is_empty())
        .ok_or(Refusal::NO_TOKEN)?;
    let token = world.login.access.get(token).ok_or(Refusal::UNKNOWN_TOKEN)?;
    if !world.quota.take(now) {
        return Err(Refusal::QUOTA_EXHAUSTED);
    }
    if now >= token.expires {
        return Err(Refusal::EXPIRED_TOKEN);
    }
    if token.revoked {
        return Err(Refusal::REVOKED_TOKEN);
    }
    if !token.scope.split(' ').any(|scope| scope == API_SCOPE) {
        return Err(Refusal::SCOPE);
    }
    if call.header("x-version") != Some("v1") {
        return Err(Refusal::VERSION);
    }
    Ok(())
}

/// A vehicle whose data the account's owner may see.
fn vehicle<'a>(world: &'a World, vin: &str) -> Result<&'a Car, Refusal> {
    if !is_vin(vin) {
        return Err(Refusal::VIN_FORMAT);
    }
    let owned = |car: &&Car| car.vehicle.vin == vin && car.vehicle.mapping.is_owners();
    world.cars.iter().find(owned).ok_or(Refusal::FOREIGN_VIN)
}
