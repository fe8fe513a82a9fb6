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
    pub propulsion_type: Option<String>,
    /// As sent, such as `2022-11-24T00:00:00.000+0000`, which RFC 3339 does not allow.
    pub construction_date: Option<String>,
    /// Everything else, and whatever has another shape than expected, as sent.
    pub other: Map<String, Value>,
}

pub(crate) fn read(answer: &Answer<'_>) -> Result<BasicData, ApiError> {
    answer.json("no object").map(basic_data)
}

fn basic_data(mut object: Map<String, Value>) -> BasicData {
    // What has the shape of a text is taken out of the object.
    let mut text = |key: &str| {
        let text = object.get(key).and_then(as_text)?;
        object.remove(key);
        Some(text)
    };
    BasicData {
        brand: text("brand"),
        model_name: text("modelName"),
        propulsion_type: text("propulsionType"),
        construction_date: text("constructionDate"),
        other: object,
    }
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
        let data = basic_data(answer.as_object().unwrap().clone());
        assert_eq!(data.model_name.as_deref(), Some("i4 M50"));
        assert_eq!(
            data.construction_date.as_deref(),
            Some("2022-11-24T00:00:00.000+0000")
        );
        assert_eq!(data.brand.as_deref(), Some("BMW"));
        assert_eq!(data.propulsion_type, None);
        let mut sent = answer;
        for field in ["brand", "modelName", "constructionDate"] {
            sent.as_object_mut().unwrap().remove(field);
        }
        assert_eq!(Value::Object(data.other), sent);
    }

    #[test]
    fn an_unknown_shape_is_kept_as_sent() {
        let mut object = Map::new();
        object.insert("modelName".into(), Value::Null);
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
