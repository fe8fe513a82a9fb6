//! How Home Assistant is told of an entity: one retained message each, under its discovery prefix.

use collector_core::resolved::Quantity;
use collector_core::{Descriptor, Vehicle, VehicleFacts, Vin};
use serde::Serialize;

use crate::demands::PRESS;
use crate::message::{Message, json};
use crate::names;
use crate::topics::{Component, Topics, plain_slug, slug};
use crate::traits::{self, Traits};
use crate::words::{self, Words};

const PROGRAM: &str = "cardata";
/// With which quality of service Home Assistant is to subscribe. mosquitto keeps 1,000 messages that wait for an
/// acknowledgement and drops the others without a word: less than the values of four cars, all of which it sends at once when
/// they are subscribed to. What is retained is not lost by 0.
const QOS: u8 = 0;
/// What Home Assistant shows beside the state of every entity. Of a topic that was cleared there is no `value_json`,
/// and a template that takes it for granted fills Home Assistant's log with errors: so none here does.
const MEASURED_AT: &str =
    "{{ ({'measured_at': value_json.timestamp} if value_json is defined else {}) | tojson }}";
/// The same of a quantity, and which descriptor tells it.
const MEASURED_FROM: &str = "{{ ({'measured_at': value_json.timestamp, 'from': value_json.from} if value_json is defined else {}) | tojson }}";
/// The same of a position, whose attributes are what it is.
const POSITION_MEASURED_AT: &str =
    "{{ (dict(value_json, measured_at=value_json.timestamp) if value_json is defined else {}) | tojson }}";
/// The state of a number or a time.
const STATE: &str = "{{ value_json.value if value_json is defined else none }}";
/// The state of a truth value.
const TRUTH: &str = "{{ 'None' if value_json is not defined or value_json.value is none else 'ON' if value_json.value else 'OFF' }}";
/// The same where `true` is "off".
const INVERTED_TRUTH: &str = "{{ 'None' if value_json is not defined or value_json.value is none else 'OFF' if value_json.value else 'ON' }}";

#[derive(Default, Serialize)]
struct Config<'a> {
    name: String,
    unique_id: String,
    default_entity_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    state_topic: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    value_template: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    json_attributes_topic: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    json_attributes_template: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    source_type: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    payload_on: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    payload_off: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    command_topic: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    payload_press: Option<&'a str>,
    #[serde(flatten)]
    traits: Traits<'a>,
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
}

impl Announcer<'_> {
    /// Tells of one descriptor. Of a list of words Home Assistant drops what is not among the options: those that the
    /// catalogue names, and `words`.
    pub fn descriptor(&self, descriptor: &Descriptor, words: &Words) -> Message {
        let state_topic = self.topics.value(self.vehicle, descriptor);
        self.entity(descriptor, state_topic, MEASURED_AT, words)
    }

    /// Tells of a quantity.
    pub fn quantity(&self, quantity: &Quantity) -> Message {
        let state_topic = self.topics.quantity(self.vehicle, quantity);
        let descriptor = quantity.to_descriptor();
        self.entity(&descriptor, state_topic, MEASURED_FROM, &Words::default())
    }

    fn entity(
        &self,
        descriptor: &Descriptor,
        state_topic: String,
        attributes: &str,
        words: &Words,
    ) -> Message {
        let component = traits::component(descriptor);
        let mut traits = traits::traits(descriptor);
        if !descriptor.options().is_empty() {
            let topic = topic(self.topics, &self.vehicle.vin, descriptor);
            traits.options = words.options(&topic, descriptor.options());
        }
        let truth = component == Component::BinarySensor;
        let entity = Config {
            name: names::name(descriptor),
            state_topic: Some(state_topic.clone()),
            value_template: Some(template(&traits, component)),
            json_attributes_topic: Some(state_topic),
            json_attributes_template: Some(attributes),
            payload_on: truth.then_some("ON"),
            payload_off: truth.then_some("OFF"),
            traits,
            ..Config::default()
        };
        self.message(component, &object(descriptor), entity)
    }

    /// Tells of a sensor that is made for the records of the vehicle.
    pub fn sensor(
        &self,
        object: &str,
        name: &str,
        state_topic: String,
        template: &str,
        attributes: &str,
        traits: Traits<'_>,
    ) -> Message {
        let entity = Config {
            name: name.to_owned(),
            state_topic: Some(state_topic.clone()),
            value_template: Some(template),
            json_attributes_topic: Some(state_topic),
            json_attributes_template: Some(attributes),
            traits,
            ..Config::default()
        };
        self.message(Component::Sensor, object, entity)
    }

    /// Tells of the vehicle's position.
    pub fn position(&self) -> Message {
        let entity = Config {
            name: "Position".to_owned(),
            json_attributes_topic: Some(self.topics.position(self.vehicle)),
            json_attributes_template: Some(POSITION_MEASURED_AT),
            source_type: Some("gps"),
            traits: Traits {
                icon: Some("mdi:car"),
                ..Traits::default()
            },
            ..Config::default()
        };
        self.message(Component::DeviceTracker, "position", entity)
    }

    /// Tells of the button that has the vehicle polled.
    pub fn poll(&self) -> Message {
        let entity = Config {
            name: "Poll now".to_owned(),
            command_topic: Some(self.topics.poll(self.vehicle)),
            payload_press: Some(PRESS),
            traits: Traits {
                icon: Some("mdi:refresh"),
                ..Traits::default()
            },
            ..Config::default()
        };
        self.message(Component::Button, "poll_now", entity)
    }

    /// The message for an entity, with what all entities of the vehicle have in common.
    fn message(&self, component: Component, object: &str, entity: Config<'_>) -> Message {
        let (vin, kind) = (&self.vehicle.vin, component.as_str());
        let config = Config {
            unique_id: format!("{}_{object}", self.topics.device(vin)),
            default_entity_id: format!("{kind}.{}_{}", plain_slug(&self.vehicle.name), slug(object)),
            availability_topic: self.topics.status(),
            payload_available: ONLINE,
            payload_not_available: OFFLINE,
            qos: QOS,
            device: self.device(),
            origin: Origin {
                name: PROGRAM,
                sw_version: env!("CARGO_PKG_VERSION"),
                support_url: env!("CARGO_PKG_REPOSITORY"),
            },
            ..entity
        };
        Message::retained(self.topics.discovery(component, vin, object), json(&config))
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
    let config: serde_json::Value = serde_json::from_slice(payload).unwrap_or_default();
    config["origin"]["name"] == PROGRAM && config["availability_topic"] == topics.status()
}

/// Where Home Assistant learns of the entity of a descriptor.
pub fn topic(topics: &Topics, vin: &Vin, descriptor: &Descriptor) -> String {
    topics.discovery(traits::component(descriptor), vin, &object(descriptor))
}

fn template(traits: &Traits, component: Component) -> &'static str {
    match (component, traits.inverted, traits.device_class) {
        (Component::BinarySensor, false, _) => TRUTH,
        (Component::BinarySensor, true, _) => INVERTED_TRUTH,
        (_, _, Some("timestamp")) => STATE,
        _ if traits.state_class.is_some() || traits.unit_of_measurement.is_some() => STATE,
        _ => words::TEMPLATE,
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
