//! What is to be published.

/// More than any reading of a vehicle; brokers refuse what is a few times larger, and some cut the connection.
pub const LARGEST_PAYLOAD: usize = 1024 * 1024;
/// MQTT counts the bytes of a topic in 16 bits.
const LONGEST_TOPIC: usize = 65_535;
/// mosquitto cuts the connection over a topic with more; no descriptor of BMW's has a tenth of it.
const MOST_LEVELS: usize = 200;

/// One message for the broker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    pub topic: String,
    pub payload: Vec<u8>,
    pub retain: bool,
}

impl Message {
    /// A message that the broker keeps for those who come later.
    pub fn retained(topic: String, payload: Vec<u8>) -> Self {
        Self {
            topic,
            payload,
            retain: true,
        }
    }

    /// Takes what the broker keeps under a topic away.
    pub fn clear(topic: String) -> Self {
        Self::retained(topic, Vec::new())
    }

    /// Why no broker would take it.
    pub fn refusal(&self) -> Option<String> {
        if self.payload.len() > LARGEST_PAYLOAD {
            return Some(format!(
                "{} bytes are more than the {LARGEST_PAYLOAD} of the largest message",
                self.payload.len()
            ));
        }
        if self.topic.split('/').count() > MOST_LEVELS {
            return Some(format!("the topic has more than {MOST_LEVELS} levels"));
        }
        (self.topic.len() > LONGEST_TOPIC).then(|| "the topic is longer than MQTT allows".to_owned())
    }
}

/// The JSON text of a value whose serialization cannot fail: no map has keys that are no text.
pub fn json(value: &impl serde::Serialize) -> Vec<u8> {
    serde_json::to_vec(value).unwrap_or_default()
}
