//! The vehicles of an account.

use jiff::Timestamp;
use serde_json::{Map, Value};

use collector_core::Vin;

use crate::answer::Answer;
use crate::error::ApiError;

/// A vehicle that is mapped to the account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mapping {
    pub vin: Vin,
    pub mapped_since: Option<Timestamp>,
    pub mapping_type: MappingType,
}

/// What the account is to the vehicle. Only the primary user may read its data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MappingType {
    Primary,
    Secondary,
    /// Not said, or a word that BMW has not documented.
    Other,
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
        mapped_since: text("mappedSince").and_then(|time| time.parse().ok()),
        mapping_type: match text("mappingType").map(str::to_ascii_uppercase).as_deref() {
            Some("PRIMARY") => MappingType::Primary,
            Some("SECONDARY") => MappingType::Secondary,
            _ => MappingType::Other,
        },
    })
}
