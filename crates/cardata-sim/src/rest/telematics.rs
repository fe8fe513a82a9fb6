//! `telematicData`: the last known values of a container's descriptors.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::refusal::Refusal;
use super::{containers, vehicle};
use crate::call::{Answer, Call};
use crate::control::Served;
use crate::world::World;

pub(super) fn answer(world: &World, vin: &str, call: &Call, now: Timestamp) -> Result<Answer, Refusal> {
    let car = vehicle(world, vin)?;
    let id = call.query("containerId").ok_or(Refusal::PARAMETER)?;
    let container = containers::active(world, id)?;
    let mut data = Map::new();
    let mut served = Vec::new();
    let view = car.view(now);
    for descriptor in &container.descriptors {
        let Some(entry) = view.entry(descriptor) else {
            continue;
        };
        let body = json!({ "value": entry.value, "unit": entry.unit, "timestamp": entry.timestamp });
        data.insert(descriptor.clone(), body);
        served.push(Served {
            at: now,
            vin: vin.to_owned(),
            descriptor: descriptor.clone(),
            timestamp: entry.timestamp,
            unit: entry.unit.map(str::to_owned),
            value: entry.value,
        });
    }
    let mut answer = Answer::json(200, &json!({ "telematicData": Value::Object(data) }));
    answer.served = served;
    Ok(answer)
}
