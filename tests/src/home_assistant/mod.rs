//! Home Assistant's side of MQTT discovery: would it accept a message, and the states that come with it?
//!
//! The rules stand in `schema.json`, from the schema of fields of Home Assistant 2026.2. A rule that is broken makes
//! Home Assistant refuse the whole entity, or drop the state.

mod states;

use std::collections::HashSet;

use serde_json::Value;

pub use states::check_state;

/// Home Assistant's longest state.
const LONGEST_STATE: usize = 255;

/// The rules, as data.
pub struct Schema(Value);

/// The component that a discovery topic names, and what is wrong with the message otherwise.
type Checked = Result<String, String>;

impl Default for Schema {
    fn default() -> Self {
        Self(serde_json::from_str(include_str!("schema.json")).expect("the schema is JSON"))
    }
}

impl Schema {
    /// Whether Home Assistant would make an entity of this message under this topic.
    pub fn check(&self, prefix: &str, topic: &str, config: &Value) -> Checked {
        let component = component(prefix, topic).ok_or_else(|| format!("no discovery topic: {topic}"))?;
        self.check_keys(&component, config)?;
        self.check_common(&component, config)?;
        match component.as_str() {
            "sensor" => self.check_sensor(config)?,
            "binary_sensor" => self.check_binary_sensor(config)?,
            "device_tracker" => self.check_device_tracker(config)?,
            "button" => self.check_button(config)?,
            other => return Err(format!("nothing is known of {other}")),
        }
        Ok(component)
    }

    fn check_keys(&self, component: &str, config: &Value) -> Result<(), String> {
        let (common, own) = (
            self.words("/keys/common"),
            self.words(&format!("/keys/{component}")),
        );
        let config_keys = keys(config)?;
        let known = |key: &&str| !common.contains(key) && !own.contains(key);
        none(config_keys.into_iter().find(known), "an unknown key")?;
        for part in ["device", "origin"] {
            let known = self.words(&format!("/keys/{part}"));
            let unknown = keys(&config[part])?.into_iter().find(|key| !known.contains(key));
            none(unknown, "an unknown key of a part")?;
        }
        Ok(())
    }

    fn check_common(&self, component: &str, config: &Value) -> Result<(), String> {
        for key in ["name", "unique_id", "availability_topic", "default_entity_id"] {
            must(text(config, key).is_some_and(|it| !it.is_empty()), key)?;
        }
        let entity = text(config, "default_entity_id").unwrap_or_default();
        let id = entity
            .strip_prefix(component)
            .and_then(|rest| rest.strip_prefix('.'));
        let is_slug = |id: &str| {
            let part = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
            !id.is_empty() && id.chars().all(part) && !id.starts_with('_') && !id.ends_with('_')
        };
        must(id.is_some_and(is_slug), "an entity id")?;
        let identifiers = config["device"]["identifiers"].as_array();
        must(
            identifiers.is_some_and(|it| !it.is_empty() && it.iter().all(Value::is_string)),
            "identifiers",
        )?;
        must(text(&config["origin"], "name").is_some(), "the origin's name")?;
        must(config["qos"].as_u64().is_none_or(|qos| qos <= 2), "qos")?;
        must(
            text(config, "icon").is_none_or(|icon| icon.starts_with("mdi:")),
            "icon",
        )?;
        // Where a topic is cleared there is no JSON: a template that takes it for granted is an error in the log.
        for key in ["value_template", "json_attributes_template"] {
            let template = text(config, key).unwrap_or_default();
            let is_guarded =
                template.contains("value_json is defined") || template.contains("value_json is not defined");
            must(!template.contains("value_json") || is_guarded, key)?;
        }
        let enabled = &config["enabled_by_default"];
        must(enabled.is_null() || enabled.is_boolean(), "enabled_by_default")?;
        let category = text(config, "entity_category");
        must(
            category.is_none_or(|it| self.words("/entity_categories").contains(&it)),
            "entity_category",
        )?;
        for key in [
            "state_topic",
            "json_attributes_topic",
            "availability_topic",
            "command_topic",
        ] {
            let topic = text(config, key).unwrap_or("x");
            must(!topic.is_empty() && !topic.contains(['+', '#', '\0']), key)?;
        }
        Ok(())
    }

    fn check_sensor(&self, config: &Value) -> Result<(), String> {
        must(text(config, "state_topic").is_some(), "state_topic")?;
        let (unit, state) = (text(config, "unit_of_measurement"), text(config, "state_class"));
        must(
            state.is_none_or(|it| self.words("/state_classes").contains(&it)),
            "state_class",
        )?;
        let class = text(config, "device_class");
        let options = config["options"].as_array();
        must(
            options.is_some() == (class == Some("enum")),
            "options and class enum go together",
        )?;
        if let Some(options) = options {
            let unique: HashSet<_> = options.iter().filter_map(Value::as_str).collect();
            must(!options.is_empty() && unique.len() == options.len(), "options")?;
            let is_state = |it: &&str| *it == it.trim() && (1..=LONGEST_STATE).contains(&it.chars().count());
            must(unique.iter().all(is_state), "options that are states")?;
        }
        let precision = &config["suggested_display_precision"];
        must(
            precision.is_null() || precision.is_u64(),
            "suggested_display_precision",
        )?;
        let Some(class) = class else { return Ok(()) };
        let rules = &self.0["sensor_classes"][class];
        must(rules.is_object(), &format!("the device class {class}"))?;
        let units = self.words(&format!("/sensor_classes/{class}/units"));
        let states = self.words(&format!("/sensor_classes/{class}/states"));
        let unit_fits = unit.map_or(units.is_empty(), |unit| units.contains(&unit));
        must(unit_fits, &format!("the unit {unit:?} of {class}"))?;
        must(
            state.is_none_or(|state| states.contains(&state)),
            &format!("the state class {state:?} of {class}"),
        )?;
        let textual = self.words("/text_classes").contains(&class);
        must(!textual || precision.is_null(), "decimal places of a text")
    }

    fn check_binary_sensor(&self, config: &Value) -> Result<(), String> {
        must(text(config, "state_topic").is_some(), "state_topic")?;
        let class = text(config, "device_class");
        let classes = self.words("/binary_sensor_classes");
        must(class.is_none_or(|it| classes.contains(&it)), "device_class")?;
        let (on, off) = (text(config, "payload_on"), text(config, "payload_off"));
        must(
            on.is_some() && off.is_some() && on != off,
            "payload_on and payload_off",
        )
    }

    fn check_device_tracker(&self, config: &Value) -> Result<(), String> {
        let topic = text(config, "state_topic").or(text(config, "json_attributes_topic"));
        must(topic.is_some(), "state_topic or json_attributes_topic")?;
        let source = text(config, "source_type");
        must(
            source.is_none_or(|it| self.words("/source_types").contains(&it)),
            "source_type",
        )
    }

    fn check_button(&self, config: &Value) -> Result<(), String> {
        must(text(config, "command_topic").is_some(), "command_topic")?;
        let class = text(config, "device_class");
        let classes = self.words("/button_classes");
        must(class.is_none_or(|it| classes.contains(&it)), "device_class")?;
        let retain = &config["retain"];
        must(retain.is_null() || retain.is_boolean(), "retain")
    }

    fn words(&self, pointer: &str) -> Vec<&str> {
        let words = self.0.pointer(pointer).and_then(Value::as_array);
        words.into_iter().flatten().filter_map(Value::as_str).collect()
    }
}

/// The component of `<prefix>/<component>/<node>/<object>/config`, as Home Assistant matches it.
fn component(prefix: &str, topic: &str) -> Option<String> {
    let rest = topic
        .strip_prefix(prefix)?
        .strip_prefix('/')?
        .strip_suffix("/config")?;
    let is_id = |id: &&str| {
        let part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
        !id.is_empty() && id.chars().all(part)
    };
    let levels: Vec<_> = rest.split('/').collect();
    let fits = matches!(levels.len(), 2 | 3) && levels.iter().all(is_id);
    fits.then(|| levels[0].to_owned())
}

fn text<'a>(value: &'a Value, key: &str) -> Option<&'a str> {
    value[key].as_str()
}

fn keys(value: &Value) -> Result<Vec<&str>, String> {
    let object = value.as_object().ok_or_else(|| format!("no object: {value}"))?;
    Ok(object.keys().map(String::as_str).collect())
}

fn must(right: bool, what: &str) -> Result<(), String> {
    if right {
        Ok(())
    } else {
        Err(format!("wrong or missing: {what}"))
    }
}

fn none(found: Option<&str>, what: &str) -> Result<(), String> {
    found.map_or(Ok(()), |found| Err(format!("{what}: {found}")))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const TOPIC: &str = "homeassistant/sensor/node/object/config";

    fn sound() -> Value {
        json!({
            "name": "Mileage", "unique_id": "u", "default_entity_id": "sensor.car_mileage",
            "availability_topic": "a/status", "state_topic": "a/b", "device_class": "distance",
            "unit_of_measurement": "km", "state_class": "total_increasing",
            "device": { "identifiers": ["x"] }, "origin": { "name": "cardata" },
        })
    }

    #[test]
    fn a_sound_message_passes_and_each_broken_rule_is_found() {
        let schema = Schema::default();
        assert_eq!(
            schema.check("homeassistant", TOPIC, &sound()),
            Ok("sensor".to_owned())
        );
        for (key, wrong) in [
            ("unit_of_measurement", json!("l")),
            ("unit_of_measurement", Value::Null),
            ("device_class", json!("energy")),
            ("device_class", json!("enum")),
            ("device_class", json!("length")),
            ("state_class", json!("growing")),
            ("options", json!(["a"])),
            ("enabled_by_default", json!("no")),
            ("surprise", json!(1)),
            ("icon", json!("car")),
            ("entity_category", json!("config")),
            ("default_entity_id", json!("sensor.Car")),
            ("state_topic", json!("a/#")),
            ("value_template", json!("{{ value_json.value }}")),
            ("device", json!({})),
            ("origin", Value::Null),
        ] {
            let mut config = sound();
            config[key] = wrong.clone();
            let checked = schema.check("homeassistant", TOPIC, &config);
            assert!(checked.is_err(), "{key}: {wrong}");
        }
        assert!(
            schema
                .check("homeassistant", "homeassistant/sensor/a b/c/config", &sound())
                .is_err()
        );
    }
}
