//! What becomes of a state: Home Assistant drops one that does not fit its entity.

use serde_json::Value;

use super::{LONGEST_STATE, must, text};

const UNKNOWN: &str = "None";
/// The template of what stands in a payload as it is.
const VALUE: &str = "{{ value_json.value if value_json is defined else none }}";

/// Whether the payload of an entity's topic becomes a state of it. Knows the templates that this project uses.
pub fn check_state(config: &Value, payload: &Value) -> Result<(), String> {
    let template = text(config, "value_template").unwrap_or_default();
    let state = match of_record(template, payload) {
        Some(value) => render(VALUE, &value)?,
        None => render(template, &payload["value"])?,
    };
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

/// What a template shows of a record: one of its values, that only while it goes on, or so much of one value in a hundred
/// of another.
fn of_record(template: &str, payload: &Value) -> Option<Value> {
    let value = |column: &str| payload["values"][column].clone();
    let template = template.strip_prefix("{{ ")?.strip_suffix(" else none }}")?;
    let (shown, condition) = template.split_once(" if value_json is defined")?;
    let column = |text: &str| text.strip_prefix("value_json['values'].").map(str::to_owned);
    if let Some(column) = column(shown) {
        return match condition {
            "" => Some(value(&column)),
            " and value_json.state == 'live'" if payload["state"] == "live" => Some(value(&column)),
            " and value_json.state == 'live'" => Some(Value::Null),
            _ => None,
        };
    }
    let (part, whole) = shown
        .strip_prefix("(100 * ")?
        .strip_suffix(") | round(2)")?
        .split_once(" / ")?;
    if condition != format!(" and {part} is not none and {whole}") {
        return None;
    }
    let (part, whole) = (value(&column(part)?), value(&column(whole)?));
    let share = part.as_f64().zip(whole.as_f64().filter(|whole| *whole != 0.0));
    Some(share.map_or(Value::Null, |(part, whole)| (100.0 * part / whole).into()))
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
        VALUE => Ok(plain),
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
