//! Where things are published, in names that are safe in a topic.

use collector_core::resolved::{QUANTITIES, Quantity};
use collector_core::{Descriptor, Vehicle, Vin};
use icu_normalizer::DecomposingNormalizerBorrowed;

use crate::config::MqttConfig;
use crate::records::Place;

/// Home Assistant's discovery prefix as it comes; it also tells under it that it has started, whatever the prefix is.
pub const HOME_ASSISTANT: &str = "homeassistant";
pub const OFF: &str = "off";
const TOTAL: &str = "charging_session/total";
const POLL_SET: &str = "poll/set";

/// The topics of one sink.
#[derive(Debug, Clone)]
pub struct Topics {
    prefix: String,
    discovery: String,
    /// Whether anything is told to Home Assistant. What was told before is taken back either way.
    pub announces: bool,
    /// The level of a discovery topic that is the same for all that this sink tells.
    node: String,
}

/// A kind of entity in Home Assistant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Component {
    Sensor,
    BinarySensor,
    DeviceTracker,
    Button,
}

impl Component {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sensor => "sensor",
            Self::BinarySensor => "binary_sensor",
            Self::DeviceTracker => "device_tracker",
            Self::Button => "button",
        }
    }
}

impl Topics {
    pub fn of(config: &MqttConfig) -> Self {
        let (announces, discovery) = match config.discovery.as_str() {
            OFF => (false, HOME_ASSISTANT),
            prefix => (true, prefix),
        };
        Self {
            prefix: config.prefix.clone(),
            discovery: discovery.to_owned(),
            announces,
            node: slug(&config.prefix),
        }
    }

    /// Says `online` or `offline`.
    pub fn status(&self) -> String {
        format!("{}/status", self.prefix)
    }

    /// The newest value of a descriptor: its parts as levels.
    pub fn value(&self, vehicle: &Vehicle, descriptor: &Descriptor) -> String {
        let (vehicle, descriptor) = (level(&vehicle.name), levels(descriptor.as_str()));
        format!("{}/{vehicle}/{descriptor}", self.prefix)
    }

    /// Every retained topic of a vehicle, as a filter.
    pub fn all_of(&self, vehicle: &Vehicle) -> String {
        format!("{}/{}/#", self.prefix, level(&vehicle.name))
    }

    /// Where the vehicle is.
    pub fn position(&self, vehicle: &Vehicle) -> String {
        format!("{}/{}/position", self.prefix, level(&vehicle.name))
    }

    /// What a quantity is now, whichever descriptor tells it.
    pub fn quantity(&self, vehicle: &Vehicle, quantity: &Quantity) -> String {
        format!("{}/{}/{}", self.prefix, level(&vehicle.name), quantity.name)
    }

    /// Where every telling of a record goes.
    pub fn record(&self, vehicle: &Vehicle, kind: &str) -> String {
        format!("{}/{}/{kind}", self.prefix, level(&vehicle.name))
    }

    /// Where the broker keeps a record of a kind.
    pub fn record_in(&self, vehicle: &Vehicle, kind: &str, place: Place) -> String {
        format!("{}/{}", self.record(vehicle, kind), below_record(place))
    }

    /// Whether a topic is one of [`record_in`](Self::record_in) for this kind, of whatever vehicle.
    pub fn is_record_in(&self, topic: &str, kind: &str, place: Place) -> bool {
        let below = self.below_vehicle(topic);
        let below = below.and_then(|below| below.strip_prefix(kind)?.strip_prefix('/'));
        below == Some(below_record(place))
    }

    /// How much energy the sessions of a vehicle have brought.
    pub fn total(&self, vehicle: &Vehicle) -> String {
        format!("{}/{}/{TOTAL}", self.prefix, level(&vehicle.name))
    }

    /// Whether a topic is one of [`total`](Self::total), of whatever vehicle.
    pub fn is_total(&self, topic: &str) -> bool {
        self.below_vehicle(topic) == Some(TOTAL)
    }

    /// Whether a topic is one of [`value`](Self::value) for this descriptor, of whatever vehicle.
    pub fn is_value_of(&self, topic: &str, descriptor: &str) -> bool {
        self.below_vehicle(topic) == Some(&levels(descriptor))
    }

    /// Whether a topic is one of [`position`](Self::position), of whatever vehicle.
    pub fn is_position(&self, topic: &str) -> bool {
        self.below_vehicle(topic) == Some("position")
    }

    /// Whether a topic is one of [`quantity`](Self::quantity), of whatever vehicle.
    pub fn is_quantity(&self, topic: &str) -> bool {
        let below = self.below_vehicle(topic);
        QUANTITIES.iter().any(|quantity| below == Some(quantity.name))
    }

    /// Where somebody asks for a poll of a vehicle.
    pub fn poll(&self, vehicle: &Vehicle) -> String {
        format!("{}/{}/{POLL_SET}", self.prefix, level(&vehicle.name))
    }

    /// The same of every vehicle, as a filter.
    pub fn polls(&self) -> String {
        format!("{}/+/{POLL_SET}", self.prefix)
    }

    /// The level of a topic that stands for a vehicle, where the topic is one of [`poll`](Self::poll).
    pub fn asked_for<'a>(&self, topic: &'a str) -> Option<&'a str> {
        let rest = topic.strip_prefix(&self.prefix)?.strip_prefix('/')?;
        let (level, below) = rest.split_once('/')?;
        (below == POLL_SET).then_some(level)
    }

    /// Where whoever asked is answered, by that level.
    pub fn answer(&self, level: &str) -> String {
        format!("{}/{level}/poll", self.prefix)
    }

    /// Whether a level of a topic stands for this vehicle.
    pub fn is_level_of(&self, text: &str, vehicle: &Vehicle) -> bool {
        level(&vehicle.name) == text
    }

    fn below_vehicle<'a>(&self, topic: &'a str) -> Option<&'a str> {
        let rest = topic.strip_prefix(&self.prefix)?.strip_prefix('/')?;
        Some(rest.split_once('/')?.1)
    }

    /// What Home Assistant's ids of a vehicle begin with.
    pub fn device(&self, vin: &Vin) -> String {
        format!("{}_{vin}", self.node)
    }

    /// Where Home Assistant learns of one entity.
    pub fn discovery(&self, component: Component, vin: &Vin, object: &str) -> String {
        let (discovery, component, node) = (&self.discovery, component.as_str(), &self.node);
        format!("{discovery}/{component}/{node}/{vin}_{object}/config")
    }

    /// Everything that this sink keeps at the broker, and nothing that others tell Home Assistant.
    pub fn kept(&self) -> [String; 2] {
        [
            format!("{}/+/#", self.prefix),
            format!("{}/+/{}/+/config", self.discovery, self.node),
        ]
    }

    /// Whether a topic matches the second filter of [`kept`](Self::kept).
    pub fn is_discovery(&self, topic: &str) -> bool {
        let rest = topic.strip_prefix(&self.discovery);
        let levels: Vec<_> = rest.map_or(Vec::new(), |rest| rest.split('/').collect());
        matches!(levels[..], ["", _, node, _, "config"] if node == self.node)
    }

    /// Where Home Assistant tells that it has started.
    pub fn births(&self) -> Vec<String> {
        let mut births = vec![format!("{HOME_ASSISTANT}/status")];
        if self.announces && self.discovery != HOME_ASSISTANT {
            births.push(format!("{}/status", self.discovery));
        }
        births
    }
}

fn below_record(place: Place) -> &'static str {
    match place {
        Place::Last => "last",
        Place::Final => "final",
    }
}

/// A descriptor as levels of a topic, one for each of its parts.
fn levels(descriptor: &str) -> String {
    let parts: Vec<_> = descriptor.split('.').map(level).collect();
    parts.join("/")
}

/// A name as one level of a topic, reversible: `%` and two hexadecimal digits stand for what a topic must not hold,
/// for spaces and for `%` itself.
fn level(name: &str) -> String {
    let mut safe = String::with_capacity(name.len());
    for character in name.chars() {
        if matches!(character, '/' | '+' | '#' | '%' | '$')
            || character.is_control()
            || character.is_whitespace()
            || is_noncharacter(character)
        {
            for byte in character.encode_utf8(&mut [0; 4]).bytes() {
                safe.push_str(&format!("%{byte:02X}"));
            }
        } else {
            safe.push(character);
        }
    }
    safe
}

/// What Unicode keeps from being exchanged: mosquitto cuts the connection over it.
fn is_noncharacter(character: char) -> bool {
    let code = u32::from(character);
    code & 0xFFFE == 0xFFFE || (0xFDD0..=0xFDEF).contains(&code)
}

/// A name in small letters, digits and underscores, for ids that Home Assistant shows.
pub fn slug(name: &str) -> String {
    let words = name.split(|c: char| !c.is_ascii_alphanumeric());
    let words: Vec<_> = words.filter(|word| !word.is_empty()).collect();
    match words[..] {
        [] => "cardata".to_owned(),
        _ => words.join("_").to_ascii_lowercase(),
    }
}

/// The same with letters that have marks as those without, as Home Assistant makes its ids: `Größe` is `grosse`.
pub fn plain_slug(name: &str) -> String {
    // Large letters, because only `ß` as a large one is two of the alphabet.
    let plain = DecomposingNormalizerBorrowed::new_nfkd()
        .normalize(&name.to_uppercase())
        .into_owned();
    let is_mark = |c: &char| ('\u{300}'..='\u{36f}').contains(c);
    slug(&plain.chars().filter(|c| !is_mark(c)).collect::<String>())
}

/// What is wrong with the beginning of a topic.
pub fn check_prefix(prefix: &str) -> Result<(), &'static str> {
    check_part(prefix)?;
    if prefix.is_empty() || prefix.starts_with('/') || prefix.ends_with('/') || prefix.contains("//") {
        return Err("needs a name, or several with one `/` between them");
    }
    Ok(())
}

/// What is wrong with a part of a topic.
pub fn check_part(part: &str) -> Result<(), &'static str> {
    if part.contains(['+', '#']) || part.contains(char::is_control) || part.contains(is_noncharacter) {
        return Err("holds `+`, `#` or a control character, which no topic may");
    }
    if part.starts_with('$') {
        return Err("begins with `$`: such topics belong to the broker");
    }
    if part.len() > 1_000 {
        return Err("is longer than 1000 bytes");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_level_and_no_two_names_share_one() {
        assert_eq!(level("i4"), "i4");
        assert_eq!(level("a/b"), "a%2Fb");
        assert_eq!(level("+#$ \n%"), "%2B%23%24%20%0A%25");
        assert_eq!(level("Größe"), "Größe");
        assert_eq!(
            level("\u{fdd0}\u{1ffff}\u{e000}"),
            "%EF%B7%90%F0%9F%BF%BF\u{e000}"
        );
        assert_ne!(level("a%2Fb"), level("a/b"));
    }

    #[test]
    fn a_slug_is_an_id() {
        assert_eq!(slug("4567, \"the other\""), "4567_the_other");
        assert_eq!(slug("home/cars"), "home_cars");
        assert_eq!(slug("🚗"), "cardata");
    }

    #[test]
    fn letters_with_marks_are_plain_ones_in_an_entity_s_id() {
        for (name, id) in [
            ("Größe", "grosse"),
            ("Büro/Auto", "buro_auto"),
            ("Citroën e\u{301}lan", "citroen_elan"),
            ("My i4", "my_i4"),
            ("Синий", "cardata"),
        ] {
            assert_eq!(plain_slug(name), id);
        }
    }
}
