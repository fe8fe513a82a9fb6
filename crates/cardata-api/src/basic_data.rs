//! What BMW knows of a vehicle that does not change.

use serde_json::{Map, Value};

use crate::answer::Answer;
use crate::error::ApiError;

/// The basic data of a vehicle. Everything is optional: live answers leave out what the specification names
/// and have what it does not.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct BasicData {
    /// `BMW`, `BMWi`, `MINI`, `Toyota-Supra`, `Rolls-Royce`, …
    pub brand: Option<String>,
    /// `i3 120`.
    pub model_name: Option<String>,
    pub model_key: Option<String>,
    pub model_range: Option<String>,
    pub series: Option<String>,
    pub body_type: Option<String>,
    pub number_of_doors: Option<u64>,
    pub engine: Option<String>,
    pub drive_train: Option<String>,
    pub propulsion_type: Option<String>,
    pub head_unit: Option<String>,
    pub steering: Option<String>,
    /// `countryCodeISO` of the specification, `countryCode` of live answers.
    pub country_code: Option<String>,
    pub colour_code: Option<String>,
    pub colour_description: Option<String>,
    /// As sent, such as `2022-11-24T00:00:00.000+0000`, which RFC 3339 does not allow.
    pub construction_date: Option<String>,
    pub charging_modes: Vec<String>,
    pub is_telematics_capable: Option<bool>,
    /// In kWh.
    pub hvs_max_energy_absolute: Option<String>,
    pub sim_status: Option<String>,
    /// Everything else, and whatever has another shape than expected, as sent.
    pub other: Map<String, Value>,
}

pub(crate) fn read(answer: &Answer<'_>) -> Result<BasicData, ApiError> {
    answer.json("no object").map(basic_data)
}

fn basic_data(mut object: Map<String, Value>) -> BasicData {
    let mut text = |key| take(&mut object, key, as_text);
    let mut data = BasicData {
        brand: text("brand"),
        model_name: text("modelName"),
        model_key: text("modelKey"),
        model_range: text("modelRange"),
        series: text("series"),
        body_type: text("bodyType"),
        engine: text("engine"),
        drive_train: text("driveTrain"),
        propulsion_type: text("propulsionType"),
        head_unit: text("headUnit"),
        steering: text("steering"),
        country_code: text("countryCodeISO").or_else(|| text("countryCode")),
        colour_code: text("colourCode"),
        colour_description: text("colourDescription"),
        construction_date: text("constructionDate"),
        hvs_max_energy_absolute: text("hvsMaxEnergyAbsolute"),
        sim_status: text("simStatus"),
        ..BasicData::default()
    };
    data.charging_modes = take(&mut object, "chargingModes", as_texts).unwrap_or_default();
    data.number_of_doors = take(&mut object, "numberOfDoors", as_count);
    data.is_telematics_capable = take(&mut object, "isTelematicsCapable", Value::as_bool);
    data.other = object;
    data
}

/// Takes a value out of the object if it has the shape that `read` knows.
fn take<T>(object: &mut Map<String, Value>, key: &str, read: fn(&Value) -> Option<T>) -> Option<T> {
    let value = object.get(key).and_then(read)?;
    object.remove(key);
    Some(value)
}

/// A number, or a truth value, where text is expected has a text form without loss.
fn as_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(truth) => Some(truth.to_string()),
        _ => None,
    }
}

fn as_count(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str()?.parse().ok())
}

fn as_texts(value: &Value) -> Option<Vec<String>> {
    value.as_array()?.iter().map(as_text).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_live_answer_loses_nothing() {
        let answer = serde_json::json!({
            "brand": "BMW", "modelName": "i4 M50", "countryCode": "AT", "seriesDevt": "G26",
            "constructionDate": "2022-11-24T00:00:00.000+0000", "numberOfDoors": 5, "simStatus": "ACTIVE",
            "chargingModes": ["AC", "DC"], "isTelematicsCapable": true, "hasNavi": "maybe", "engine": null,
        });
        let Value::Object(object) = answer else {
            unreachable!()
        };
        let data = basic_data(object);
        assert_eq!(data.model_name.as_deref(), Some("i4 M50"));
        assert_eq!(data.country_code.as_deref(), Some("AT"));
        assert_eq!(
            data.construction_date.as_deref(),
            Some("2022-11-24T00:00:00.000+0000")
        );
        assert_eq!(data.number_of_doors, Some(5));
        assert_eq!(data.charging_modes, ["AC", "DC"]);
        assert_eq!(data.is_telematics_capable, Some(true));
        let other: Vec<_> = data.other.keys().map(String::as_str).collect();
        assert_eq!(other, ["engine", "hasNavi", "seriesDevt"]);
    }

    #[test]
    fn an_unknown_shape_is_kept_as_sent() {
        let mut object = Map::new();
        object.insert("chargingModes".into(), Value::from("AC"));
        object.insert("brand".into(), Value::from(vec![1]));
        let data = basic_data(object.clone());
        assert_eq!(
            data,
            BasicData {
                other: object,
                ..BasicData::default()
            }
        );
    }
}
