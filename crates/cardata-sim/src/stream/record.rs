//! What was sent to subscribers and who logged in: the truth that a client is measured against.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::value::RawValue;

/// A message that was handed to a subscribed connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Streamed {
    /// The simulator's time.
    pub at: Timestamp,
    pub topic: String,
    pub payload: Vec<u8>,
    /// What is wrong with it on purpose.
    pub stray: Option<Stray>,
    /// Whether the client said that it has it: it never does where the delivery has QoS 0.
    pub acknowledged: bool,
    /// The connection broke while this was written: it may have arrived, or not.
    pub cut: bool,
}

/// One reading of a message, as it is written there.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StreamedReading {
    pub vin: String,
    pub descriptor: String,
    pub timestamp: Option<String>,
    pub unit: Option<String>,
    /// As JSON text; `None` where there is none.
    pub value: Option<String>,
}

/// A message that no client should stumble over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stray {
    NotJson,
    /// A topic that names no vehicle, of an otherwise good message.
    WrongTopic,
    /// A thousand keys that nobody knows, all in good form.
    ThousandKeys,
    /// A value that is an object.
    ObjectValue,
}

/// An answer to a login.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamLogin {
    /// The simulator's time.
    pub at: Timestamp,
    pub client_id: String,
    /// The return code of MQTT 3.1.1: 0 for a login that was granted.
    pub code: u8,
    /// Whether it ended the connection of another.
    pub evicted: bool,
}

impl Streamed {
    /// The readings in the message; none in one that has not BMW's form.
    pub fn readings(&self) -> Vec<StreamedReading> {
        readings(&self.payload).unwrap_or_default()
    }
}

type Object<'a> = BTreeMap<String, &'a RawValue>;

fn readings(payload: &[u8]) -> Option<Vec<StreamedReading>> {
    let text = |raw: &RawValue| serde_json::from_str::<String>(raw.get()).ok();
    let message: Object<'_> = serde_json::from_slice(payload).ok()?;
    let vin = text(message.get("vin")?)?;
    let data: Object<'_> = serde_json::from_str(message.get("data")?.get()).ok()?;
    let reading = |(descriptor, raw): (String, &RawValue)| {
        let fields: Object<'_> = serde_json::from_str(raw.get()).ok()?;
        let field = |name: &str| fields.get(name).copied();
        Some(StreamedReading {
            vin: vin.clone(),
            descriptor,
            timestamp: field("timestamp").and_then(text),
            unit: field("unit").and_then(text),
            value: field("value").map(|raw| raw.get().to_owned()),
        })
    };
    Some(data.into_iter().filter_map(reading).collect())
}

/// Everything that was sent and granted since the start.
#[derive(Debug, Default)]
pub(super) struct StreamLog {
    pub streamed: Vec<Streamed>,
    pub logins: Vec<StreamLogin>,
    pub unheard: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn streamed(payload: &str) -> Streamed {
        Streamed {
            at: Timestamp::UNIX_EPOCH,
            topic: "gcid/WBY".into(),
            payload: payload.into(),
            stray: None,
            acknowledged: false,
            cut: false,
        }
    }

    #[test]
    fn readings_are_told_to_the_letter() {
        let message = r#"{"vin":"WBY","data":{"a":{"timestamp":"2026-07-27T12:37:58Z","value":1.50,"unit":"km"},"b":{"value":"0.0"}}}"#;
        let readings = streamed(message).readings();
        assert_eq!(readings.len(), 2);
        assert_eq!(readings[0].timestamp.as_deref(), Some("2026-07-27T12:37:58Z"));
        assert_eq!(readings[0].value.as_deref(), Some("1.50"));
        assert_eq!(readings[0].unit.as_deref(), Some("km"));
        assert_eq!(
            (readings[1].value.as_deref(), &readings[1].unit),
            (Some("\"0.0\""), &None)
        );
        assert!(streamed("<html>").readings().is_empty());
    }
}
