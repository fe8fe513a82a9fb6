//! Containers: named sets of descriptors.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::refusal::Refusal;
use crate::account::{Container, MAX_CONTAINERS};
use crate::call::{Answer, Call};
use crate::car::keys;
use crate::config::DescriptorRefusal;
use crate::specification::is_container_id;
use crate::world::World;

/// The list tells everything but the descriptors.
pub(super) fn list(world: &World, now: Timestamp) -> Answer {
    let containers: Vec<Value> = world.containers.listed(now).map(summary).collect();
    Answer::json(200, &json!({ "containers": containers }))
}

pub(super) fn create(world: &mut World, call: &Call, now: Timestamp) -> Result<Answer, Refusal> {
    if call.content_type().as_deref() != Some("application/json") {
        return Err(Refusal::MALFORMED);
    }
    let body: Value = serde_json::from_slice(&call.body).map_err(|_| Refusal::MALFORMED)?;
    let text = |key: &str| match body[key].as_str() {
        Some(text) if !text.is_empty() => Ok(text.to_owned()),
        _ => Err(Refusal::PARAMETER.with_note(format!("{key} is missing"))),
    };
    let (name, purpose) = (text("name")?, text("purpose")?);
    let descriptors = descriptors(&body)?;
    permitted(world, &descriptors)?;
    let most = world.config.max_descriptors;
    if most.is_some_and(|most| descriptors.len() > most) {
        return Err(Refusal::TOO_LARGE);
    }
    let taken = match world.config.deleted_containers_count {
        true => world.containers.listed(now).count(),
        false => world.containers.active().count(),
    };
    if taken >= MAX_CONTAINERS {
        return Err(Refusal::TOO_MANY_CONTAINERS);
    }
    let rng = &mut world.rng;
    let container = world.containers.create(name, purpose, descriptors, now, rng);
    Ok(Answer::json(201, &detailed(&container)))
}

/// The descriptors of the body, each in BMW's catalogue.
fn descriptors(body: &Value) -> Result<Vec<String>, Refusal> {
    let list = body["technicalDescriptors"].as_array();
    let list = list.filter(|list| !list.is_empty());
    let list = list.ok_or_else(|| Refusal::PARAMETER.with_note("technicalDescriptors is missing".into()))?;
    let mut descriptors: Vec<String> = Vec::new();
    for value in list {
        let Some(descriptor) = value.as_str().filter(|text| keys::find(text).is_some()) else {
            return Err(Refusal::DESCRIPTOR.with_note(format!("The telematic key {value} is invalid.")));
        };
        if !descriptors.iter().any(|known| known == descriptor) {
            descriptors.push(descriptor.to_owned());
        }
    }
    Ok(descriptors)
}

/// Refuses what this account may not ask for.
fn permitted(world: &World, descriptors: &[String]) -> Result<(), Refusal> {
    let mut refused = descriptors.to_vec();
    refused.retain(|descriptor| world.config.refused_descriptors.contains(descriptor));
    if refused.is_empty() {
        return Ok(());
    }
    Err(match world.config.descriptor_refusal {
        DescriptorRefusal::Named => {
            let refused = refused.join(", ");
            Refusal::DESCRIPTOR.with_note(format!("Telematic keys that are invalid: {refused}."))
        }
        DescriptorRefusal::Unnamed => Refusal::DESCRIPTOR,
        DescriptorRefusal::Forbidden => Refusal::TOO_LARGE,
        DescriptorRefusal::ServerError => Refusal::SERVER_ERROR,
    })
}

pub(super) fn details(world: &World, id: &str) -> Result<Answer, Refusal> {
    let container = active(world, id)?;
    Ok(Answer::json(200, &detailed(container)))
}

pub(super) fn delete(world: &mut World, id: &str, now: Timestamp) -> Result<Answer, Refusal> {
    if find(world, id)?.deleted.is_some() {
        return Err(Refusal::ALREADY_DELETED);
    }
    world.containers.delete(|one| one.id == id, now);
    Ok(Answer::new(204, "", ""))
}

/// A container that can be used.
pub(super) fn active<'a>(world: &'a World, id: &str) -> Result<&'a Container, Refusal> {
    let container = find(world, id)?;
    let active = container.deleted.is_none();
    active.then_some(container).ok_or(Refusal::NO_CONTAINER)
}

fn find<'a>(world: &'a World, id: &str) -> Result<&'a Container, Refusal> {
    if !is_container_id(id) {
        return Err(Refusal::CONTAINER_FORMAT);
    }
    world.containers.find(id).ok_or(Refusal::NO_CONTAINER)
}

fn summary(container: &Container) -> Value {
    json!({
        "containerId": container.id,
        "name": container.name,
        "purpose": container.purpose,
        "state": if container.deleted.is_none() { "ACTIVE" } else { "DELETED" },
        "created": format!("{:.3}", container.created),
    })
}

fn detailed(container: &Container) -> Value {
    let mut value = summary(container);
    value["technicalDescriptors"] = json!(container.descriptors);
    value
}
