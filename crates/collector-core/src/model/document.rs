//! Documents: what BMW sends that is no reading of a descriptor, such as a charging session of its history.
//!
//! In the journal a document is a reading whose descriptor begins with [`OWN`], which no identifier of BMW does: it is kept
//! byte by byte, its repeats are recognised, it is exported and checked as all that BMW sent. One with a stamp is known by
//! its stamp and its content; of one without, only a changed content is new.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::Value;
use serde_json::value::RawValue;

/// How the names of documents and records begin in the journal.
pub const OWN: &str = "cardata:";

/// The name in the journal of a record; its kind stands in it.
pub const RECORD: &str = "cardata:record";
/// The answer of basicData, without a stamp.
pub const VEHICLE: &str = "cardata:vehicle";
/// One session of chargingHistory, stamped with its start.
pub const CHARGING_SESSION: &str = "cardata:charging_session";
/// The answer of smartMaintenanceTyreDiagnosis, without a stamp.
pub const TYRES: &str = "cardata:tyres";
/// All settings of locationBasedChargingSettings, as one list, without a stamp.
pub const CHARGING_SETTINGS: &str = "cardata:charging_settings";
/// The picture of the vehicle: an object of `media_type` and `base64`, without a stamp.
pub const IMAGE: &str = "cardata:image";

/// One document as BMW sent it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// One of the names above.
    pub name: Arc<str>,
    /// Its stamp, or when it was received.
    pub at: Timestamp,
    /// JSON, as it was sent.
    pub json: Arc<str>,
}

/// The JSON of a document. A number too large for a computer's numbers is null, and takes nothing else along; null is also
/// what is no JSON.
pub fn read(json: &str) -> Value {
    if let Ok(read) = serde_json::from_str(json) {
        return read;
    }
    if let Ok(fields) = serde_json::from_str::<BTreeMap<String, &RawValue>>(json) {
        let fields = fields.into_iter().map(|(key, value)| (key, read(value.get())));
        return Value::Object(fields.collect());
    }
    let items = serde_json::from_str::<Vec<&RawValue>>(json).unwrap_or_default();
    match items.is_empty() {
        true => Value::Null,
        false => items.into_iter().map(|item| read(item.get())).collect(),
    }
}

/// Whether a name in the journal is that of a document or a record, and no descriptor of BMW.
pub fn is_own(descriptor: &str) -> bool {
    descriptor.starts_with(OWN)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_number_that_is_too_large_takes_nothing_else_along() {
        let cases = [
            (
                r#"{"a": 1e400, "b": [1, -1e999, {"c": 2}]}"#,
                json!({ "a": null, "b": [1, null, { "c": 2 }] }),
            ),
            ("1e400", json!(null)),
            ("[]", json!([])),
            (r#"{"a": 1"#, json!(null)),
            (r#"{"a": 1e308}"#, json!({ "a": 1e308 })),
        ];
        for (text, expected) in cases {
            assert_eq!(read(text), expected, "{text}");
        }
    }
}
