//! How Home Assistant is told of an entity: one retained message each, under its discovery prefix.

use std::collections::BTreeSet;
use std::sync::Arc;

use collector_core::{Descriptor, Vehicle, VehicleFacts};
use serde::{Deserialize, Serialize};

use crate::message::{Message, json};
use crate::topics::{Component, Topics, slug};
use crate::traits::{self, Traits};

const PROGRAM: &str = "cardata";
/// Home Assistant's longest state; a longer one is none.
const LONGEST_STATE: &str = "{{ (value_json.value | string)[:255] }}";

#[derive(Default, Serialize)]
struct Config<'a> {
    name: &'a str,
    unique_id: &'a str,
    default_entity_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    state_topic: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    value_template: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    json_attributes_topic: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    source_type: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    payload_on: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    payload_off: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    device_class: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    state_class: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    unit_of_measurement: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    suggested_display_precision: Option<u8>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    options: Vec<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    icon: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    entity_category: Option<&'a str>,
    availability_topic: String,
    payload_available: &'a str,
    payload_not_available: &'a str,
    qos: u8,
    device: Device<'a>,
    origin: Origin<'a>,
}

#[derive(Default, Serialize)]
struct Device<'a> {
    identifiers: [String; 1],
    name: &'a str,
    manufacturer: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    model: Option<&'a str>,
    serial_number: &'a str,
}

#[derive(Default, Serialize)]
struct Origin<'a> {
    name: &'a str,
    sw_version: &'a str,
    support_url: &'a str,
}

/// A vehicle as Home Assistant's device, and where to tell of it.
pub struct Announcer<'a> {
    pub topics: &'a Topics,
    pub vehicle: &'a Vehicle,
    pub facts: Option<&'a VehicleFacts>,
    /// With which quality of service Home Assistant is to subscribe.
    pub qos: u8,
}

impl Announcer<'_> {
    /// Tells of one descriptor. `learned` are texts beside those that the catalogue names: Home Assistant drops a
    /// state that is not among the options.
    pub fn descriptor(&self, descriptor: &Descriptor, learned: &BTreeSet<Arc<str>>) -> Message {
        let component = traits::component(descriptor);
        let traits = traits::traits(descriptor);
        let object = object(descriptor);
        let unique = self.unique(&object);
        let name = title(descriptor);
        let truth = component == Component::BinarySensor;
        let mut config = self.config(component, &name, &unique, &object);
        config.state_topic = Some(self.topics.value(self.vehicle, descriptor));
        config.value_template = Some(template(&traits, component));
        config.payload_on = truth.then_some("ON");
        config.payload_off = truth.then_some("OFF");
        config.device_class = traits.device_class;
        config.state_class = traits.state_class;
        config.unit_of_measurement = traits.unit.as_deref();
        config.suggested_display_precision = traits.precision;
        if traits.device_class == Some("enum") {
            config.options = descriptor.options().to_vec();
            config.options.extend(learned.iter().map(AsRef::as_ref));
        }
        config.icon = traits.icon;
        config.entity_category = traits.diagnostic.then_some("diagnostic");
        Message::retained(self.topic(component, &object), json(&config))
    }

    /// Tells of the vehicle's position.
    pub fn position(&self) -> Message {
        let object = "position";
        let unique = self.unique(object);
        let mut config = self.config(Component::DeviceTracker, "Position", &unique, object);
        config.json_attributes_topic = Some(self.topics.position(self.vehicle));
        config.source_type = Some("gps");
        config.icon = Some("mdi:car");
        Message::retained(self.topic(Component::DeviceTracker, object), json(&config))
    }

    /// Where one descriptor is told of.
    pub fn topic_of(&self, descriptor: &Descriptor) -> String {
        self.topic(traits::component(descriptor), &object(descriptor))
    }

    /// Where the position is told of.
    pub fn topic_of_position(&self) -> String {
        self.topic(Component::DeviceTracker, "position")
    }

    fn topic(&self, component: Component, object: &str) -> String {
        self.topics.discovery(component, &self.vehicle.vin, object)
    }

    fn unique(&self, object: &str) -> String {
        format!("{}_{object}", self.topics.device(&self.vehicle.vin))
    }

    fn config<'a>(
        &'a self,
        component: Component,
        name: &'a str,
        unique_id: &'a str,
        object: &str,
    ) -> Config<'a> {
        let kind = component.as_str();
        Config {
            name,
            unique_id,
            default_entity_id: format!("{kind}.{}_{}", slug(&self.vehicle.name), slug(object)),
            availability_topic: self.topics.status(),
            payload_available: ONLINE,
            payload_not_available: OFFLINE,
            qos: self.qos,
            device: self.device(),
            origin: Origin {
                name: PROGRAM,
                sw_version: env!("CARGO_PKG_VERSION"),
                support_url: env!("CARGO_PKG_REPOSITORY"),
            },
            ..Config::default()
        }
    }

    fn device(&self) -> Device<'_> {
        let vin = self.vehicle.vin.as_str();
        let brand = self.facts.and_then(|facts| facts.brand.as_deref());
        // A VIN begins with its maker: WMW are the MINIs, all others here are BMWs.
        let maker = if vin.starts_with("WMW") { "MINI" } else { "BMW" };
        Device {
            identifiers: [self.topics.device(&self.vehicle.vin)],
            name: &self.vehicle.name,
            manufacturer: brand.unwrap_or(maker),
            model: self.facts.and_then(|facts| facts.model.as_deref()),
            serial_number: vin,
        }
    }
}

/// What the availability's topic says.
pub const ONLINE: &str = "online";
pub const OFFLINE: &str = "offline";

/// Whether a payload is one that this sink told Home Assistant: only such a one may be taken back.
pub fn is_own(payload: &[u8], topics: &Topics) -> bool {
    #[derive(Deserialize)]
    struct Known {
        availability_topic: String,
        origin: KnownOrigin,
    }
    #[derive(Deserialize)]
    struct KnownOrigin {
        name: String,
    }
    serde_json::from_slice::<Known>(payload)
        .is_ok_and(|known| known.origin.name == PROGRAM && known.availability_topic == topics.status())
}

fn template(traits: &Traits, component: Component) -> &'static str {
    match (component, traits.inverted, traits.device_class) {
        (Component::BinarySensor, false, _) => "{{ 'ON' if value_json.value else 'OFF' }}",
        (Component::BinarySensor, true, _) => "{{ 'OFF' if value_json.value else 'ON' }}",
        (_, _, Some("enum" | "timestamp")) => "{{ value_json.value }}",
        _ if traits.state_class.is_some() || traits.unit.is_some() => "{{ value_json.value }}",
        _ => LONGEST_STATE,
    }
}

/// The part of an id that stands for a descriptor: its short name. That of a descriptor which no catalogue has is its
/// identifier, whose dots become dashes; what an id must not hold becomes a number.
fn object(descriptor: &Descriptor) -> String {
    let mut object = String::new();
    for character in descriptor.name().chars() {
        match character {
            '.' => object.push('-'),
            _ if character.is_ascii_alphanumeric() || character == '_' => object.push(character),
            _ => object.push_str(&format!("-x{:x}-", u32::from(character))),
        }
    }
    object
}

/// BMW's title, else the short name in words.
fn title(descriptor: &Descriptor) -> String {
    if !descriptor.title().is_empty() {
        return descriptor.title().to_owned();
    }
    let words = descriptor.name().replace('_', " ");
    let mut characters = words.chars();
    let first = characters.next().map(|first| first.to_ascii_uppercase());
    first.into_iter().chain(characters).collect()
}
