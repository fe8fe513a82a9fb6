//! What becomes of a state: Home Assistant drops one that does not fit its entity.

use serde_json::Value;

use super::{LONGEST_STATE, must, text};

const UNKNOWN: &str = "None";

/// Whether the payload of an entity's topic becomes a state of it. Knows the templates that this project uses.
pub fn check_state(config: &Value, payload: &Value) -> Result<(), String> {
    let state = render(
        text(config, "value_template").unwrap_or_default(),
        &payload["value"],
    )?;
    // Home Assistant reads this word as "unknown", whatever the entity.
    if state == UNKNOWN {
        return Ok(());
    }
    if let Some(on) = text(config, "payload_on") {
        return must(
            state == on || Some(state.as_str()) == text(config, "payload_off"),
            "a payload",
        );
    }
    must(state.chars().count() <= LONGEST_STATE, "a state that is too long")?;
    match text(config, "device_class") {
        Some("enum") => {
            let options = config["options"].as_array();
            must(
                options.is_some_and(|it| it.iter().any(|it| it == &state)),
                "a state among the options",
            )
        }
        Some("timestamp") => must(state.parse::<jiff::Timestamp>().is_ok(), "a time with its zone"),
        Some(_) => must(state.parse::<f64>().is_ok(), "a number"),
        None => {
            let numeric = [
                "unit_of_measurement",
                "state_class",
                "suggested_display_precision",
            ];
            let numeric = numeric.iter().any(|key| !config[*key].is_null());
            must(!numeric || state.parse::<f64>().is_ok(), "a number")
        }
    }
}

fn render(template: &str, value: &Value) -> Result<String, String> {
    let plain = match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let truth = || value.as_bool().ok_or_else(|| format!("no truth value: {value}"));
    match template {
        // As Jinja writes none.
        _ if value.is_null() => Ok(UNKNOWN.to_owned()),
        "{{ value_json.value if value_json is defined else none }}" => Ok(plain),
        "{{ (value_json.value | string | trim)[:255] | trim if value_json is defined else none }}" => {
            let cut: String = plain.trim().chars().take(LONGEST_STATE).collect();
            Ok(cut.trim().to_owned())
        }
        "{{ 'None' if value_json is not defined or value_json.value is none else 'ON' if value_json.value else 'OFF' }}" => {
            Ok(if truth()? { "ON" } else { "OFF" }.to_owned())
        }
        "{{ 'None' if value_json is not defined or value_json.value is none else 'OFF' if value_json.value else 'ON' }}" => {
            Ok(if truth()? { "OFF" } else { "ON" }.to_owned())
        }
        other => Err(format!("an unknown template: {other}")),
    }
}
