//! One message in the form in which BMW sends it, and the row that a store must have of it.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::oracle::{Row, canonical};

/// How long after its measurement BMW sends a value.
const DELAY: SignedDuration = SignedDuration::from_millis(3_400);

/// What a car says once.
#[derive(Debug, Clone, PartialEq)]
pub struct Told {
    pub vin: String,
    pub descriptor: &'static str,
    /// In whole seconds, as the stream has it.
    pub at: Timestamp,
    /// A number, a truth value or a text; a number may stand in a text.
    pub value: Value,
    pub unit: Option<&'static str>,
}

impl Told {
    /// The message, with one key as the live service sends it.
    pub fn payload(&self, gcid: &str) -> String {
        let mut body = json!({ "timestamp": self.at.to_string(), "value": self.value });
        if let Some(unit) = self.unit {
            body["unit"] = unit.into();
        }
        json!({
            "vin": self.vin,
            "entityId": gcid,
            "topic": self.vin,
            "timestamp": format!("{:.3}", self.at + DELAY),
            "data": { self.descriptor: body },
        })
        .to_string()
    }

    /// What a store must have of it: in kilometres to twelve digits, and truth values as `true` and `false`.
    pub fn row(&self) -> Row {
        let text = match &self.value {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        let value = match (self.unit, text.as_str()) {
            (Some("miles"), text) => {
                let miles: f64 = text.parse().expect("a number has digits");
                let kilometres: f64 = format!("{:.11e}", miles * 1.609_344)
                    .parse()
                    .expect("it was a number");
                kilometres.to_string()
            }
            (_, "ASN_isTrue") => "true".to_owned(),
            (_, "ASN_isFalse") => "false".to_owned(),
            (_, text) => canonical(text),
        };
        Row {
            vin: self.vin.clone(),
            descriptor: self.descriptor.to_owned(),
            at: self.at.as_millisecond(),
            value,
        }
    }
}

/// What a store must have of these, each row once.
pub fn rows<'a>(told: impl IntoIterator<Item = &'a Told>) -> Vec<Row> {
    let mut rows: Vec<Row> = told.into_iter().map(Told::row).collect();
    rows.sort();
    rows.dedup();
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_bmws_and_its_row_is_ours() {
        let told = Told {
            vin: "WBY71AW050FP12345".to_owned(),
            descriptor: "vehicle.vehicle.travelledDistance",
            at: "2026-07-27T12:37:58Z".parse().unwrap(),
            value: json!("100"),
            unit: Some("miles"),
        };
        let payload: Value = serde_json::from_str(&told.payload("gcid")).unwrap();
        assert_eq!(payload["timestamp"], "2026-07-27T12:38:01.400Z");
        let body = &payload["data"]["vehicle.vehicle.travelledDistance"];
        assert_eq!(body["timestamp"], "2026-07-27T12:37:58Z");
        assert_eq!(body["value"], "100");
        assert_eq!(told.row().value, "160.9344");
        assert_eq!(rows([&told, &told]).len(), 1);
    }
}
