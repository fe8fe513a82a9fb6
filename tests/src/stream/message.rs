//! One message in the form in which BMW sends it, and the row that a store must have of it.

use std::collections::HashSet;

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
    /// What stands in the message under the key.
    pub fn body(&self) -> Value {
        let mut body = json!({ "timestamp": self.at.to_string(), "value": self.value });
        if let Some(unit) = self.unit {
            body["unit"] = unit.into();
        }
        body
    }

    /// The message, with one key as the live service sends it.
    pub fn payload(&self, gcid: &str) -> String {
        json!({
            "vin": self.vin,
            "entityId": gcid,
            "topic": self.vin,
            "timestamp": format!("{:.3}", self.at + DELAY),
            "data": { self.descriptor: self.body() },
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

/// Each of these where it comes for the first time.
pub fn news(told: &[Told]) -> Vec<&Told> {
    let mut seen = HashSet::new();
    told.iter().filter(|told| seen.insert(told.row())).collect()
}

/// The news before the first that a store does not have: what a broker had delivered when it died. It delivers in order,
/// and takes with it what it had accepted and not sent.
pub fn delivered<'a>(found: &HashSet<Row>, told: &'a [Told]) -> Vec<&'a Told> {
    let is_there = |told: &&Told| found.contains(&told.row());
    news(told).into_iter().take_while(is_there).collect()
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
    use crate::stream::flow::Flow;
    use crate::stream::merge::compare;

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

    #[test]
    fn what_a_dead_broker_delivered_ends_at_the_first_hole() {
        let told = Flow::of("WBY71AW050FP12345", 1).life(100);
        let news = news(&told);
        assert!(news.len() < told.len(), "there are repeats");
        let mut found: HashSet<Row> = news.iter().map(|told| told.row()).collect();
        assert_eq!(delivered(&found, &told), news);
        found.remove(&news[40].row());
        let delivered = delivered(&found, &told);
        assert_eq!(delivered, news[..40]);
        let found: Vec<Row> = found.into_iter().collect();
        let difference = compare(&found, &[], &rows(delivered));
        assert_eq!(
            difference.invented.len(),
            news.len() - 41,
            "what lies behind the hole"
        );
    }
}
