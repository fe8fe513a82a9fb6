//! The vehicles of an account.

use serde_json::{Map, Value};

use collector_core::Vin;

use crate::answer::Answer;
use crate::error::ApiError;

/// A vehicle that is mapped to the account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mapping {
    pub vin: Vin,
    /// Whether the account may be its primary user, who alone may read its data. The word for that may be missing or another,
    /// so all are but secondary ones; a poll that is refused tells.
    pub primary: bool,
}

/// The specification says one object, the live service sends an array.
pub(crate) fn read(answer: &Answer<'_>) -> Result<Vec<Mapping>, ApiError> {
    let items = match answer.json("no list of vehicles")? {
        Value::Array(items) => items,
        Value::Object(object) if object.is_empty() => Vec::new(),
        Value::Object(object) if object.contains_key("vin") => vec![Value::Object(object)],
        Value::Object(object) => wrapped(object).ok_or_else(|| answer.unexpected("no list of vehicles"))?,
        _ => return Err(answer.unexpected("no list of vehicles")),
    };
    let mappings: Vec<Mapping> = items.iter().filter_map(mapping).collect();
    if mappings.is_empty() && !items.is_empty() {
        return Err(answer.unexpected("no entry has a VIN"));
    }
    if mappings.len() < items.len() {
        tracing::warn!(
            left_out = items.len() - mappings.len(),
            "The list of vehicles has entries without a VIN."
        );
    }
    Ok(mappings)
}

fn wrapped(object: Map<String, Value>) -> Option<Vec<Value>> {
    object.into_iter().find_map(|(_, value)| match value {
        Value::Array(items) => Some(items),
        _ => None,
    })
}

fn mapping(item: &Value) -> Option<Mapping> {
    let text = |key: &str| item.get(key).and_then(Value::as_str);
    Some(Mapping {
        vin: text("vin")?.parse().ok()?,
        primary: !text("mappingType").is_some_and(|word| word.trim().eq_ignore_ascii_case("SECONDARY")),
    })
}
