//! The sink's options and every mistake in them that can be seen without a broker.

use std::path::PathBuf;
use std::time::Duration;

use collector_core::{
    BrokerAddress, Exclusive, Invalid, InvalidAddress, Records, Redelivery, Secret, Sink, SinkConfig,
    SinkContext, SinkError, Vehicle,
};
use schemars::JsonSchema;
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize};

use crate::topics::{self, HOME_ASSISTANT, OFF, Topics};
use crate::write::MqttSink;

/// The options of `type: mqtt`.
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MqttConfig {
    /// Where the broker listens: `mqtts://host:port`, or `mqtt://host:port` without TLS. Ports 8883 and 1883 if left
    /// out.
    pub url: String,
    /// The user, where the broker asks for one.
    pub user: Option<String>,
    /// The user's password.
    pub password: Option<Secret>,
    /// A PEM file with the certificate of your own authority, besides those of the system.
    pub ca: Option<PathBuf>,
    /// How the broker knows this client; no two clients may have one. `cardata-`, the sink's name and a part of the
    /// journal's if left out.
    pub client_id: Option<String>,
    /// The first part of every retained topic; Home Assistant's ids begin with it too.
    #[serde(default = "default_prefix")]
    pub prefix: String,
    /// How a message is delivered: 0, handed to the network, or 1, acknowledged by the broker.
    #[serde(default = "default_qos", deserialize_with = "qos")]
    #[schemars(range(min = 0, max = 1))]
    pub qos: u8,
    /// Whether every reading is published in the form of BMW's own broker.
    #[serde(default)]
    pub bmw: Form,
    /// What stands before BMW's topic, with a slash at its end where you want one; nothing if left out.
    #[serde(default)]
    pub bmw_prefix: String,
    /// The prefix that Home Assistant's MQTT integration looks for, `homeassistant` as it comes; or `off`.
    #[serde(default = "default_discovery")]
    pub discovery: String,
}

/// Whether a form of message is published.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Form {
    #[default]
    On,
    Off,
}

fn default_prefix() -> String {
    "cardata".to_owned()
}

fn default_discovery() -> String {
    HOME_ASSISTANT.to_owned()
}

fn default_qos() -> u8 {
    1
}

fn qos<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u8, D::Error> {
    match u8::deserialize(deserializer)? {
        qos @ 0..=1 => Ok(qos),
        _ => Err(D::Error::custom("the quality of service is 0 or 1")),
    }
}

impl SinkConfig for MqttConfig {
    const TYPE: &'static str = "mqtt";
    const SUMMARY: &'static str =
        "an MQTT broker: BMW's own messages, retained topics, Home Assistant's discovery";
    const SAMPLE: &'static str = include_str!("../sample.yaml");
    /// Messages in BMW's form come again. A retained topic only ever says the newest value.
    const REDELIVERY: Redelivery = Redelivery::Duplicates;
    const RECORDS: Records = Records::AppendsRevisions;
    const WAIT: Duration = Duration::ZERO;

    fn validate(&self) -> Result<(), Vec<Invalid>> {
        let mut invalid = Vec::new();
        match self.url.parse::<BrokerAddress>() {
            Err(InvalidAddress::Login) => {
                let reason = "holds a login: write it as `user` and `password`";
                invalid.push(Invalid::new("url", reason));
            }
            Err(error) => {
                let reason = format!("{error}: write `mqtts://host:port`, or `mqtt://host:port` without TLS");
                invalid.push(Invalid::new("url", reason));
            }
            Ok(address) => {
                if let Some(ca) = &self.ca
                    && !address.is_encrypted()
                {
                    let reason = format!("`{}` is of no use without an mqtts `url`", ca.display());
                    invalid.push(Invalid::new("ca", reason));
                }
            }
        }
        self.check_login(&mut invalid);
        self.check_topics(&mut invalid);
        if invalid.is_empty() { Ok(()) } else { Err(invalid) }
    }

    /// Two sinks with one prefix at one broker would take away what the other put there.
    fn exclusive(&self) -> Option<Exclusive> {
        let address: BrokerAddress = self.url.parse().ok()?;
        let broker = format!("mqtt:{}:{}", address.host(), address.port());
        Some(Exclusive {
            key: "prefix",
            path: PathBuf::from(broker).join(&self.prefix),
        })
    }

    fn removal(&self, vehicle: &Vehicle) -> String {
        let (topics, vin) = (Topics::of(self), &vehicle.vin);
        let entities = match self.discovery.as_str() {
            OFF => String::new(),
            _ => format!(
                r#"; from Home Assistant by: for t in $(mosquitto_sub -W 5 --retained-only -F %t -t '{}' | grep {vin}_); do mosquitto_pub -r -n -t "$t"; done"#,
                topics.kept()[1]
            ),
        };
        format!(
            "take its retained topics away by: mosquitto_sub -W 5 --retained-only --remove-retained -t '{}'{entities} (each \
             with the -h, -u and -P of your broker)",
            topics.all_of(vehicle)
        )
    }

    fn build(self, context: SinkContext) -> Result<Box<dyn Sink>, SinkError> {
        Ok(Box::new(MqttSink::new(self, &context)?))
    }
}

impl MqttConfig {
    fn check_login(&self, invalid: &mut Vec<Invalid>) {
        if self.user.as_ref().is_some_and(String::is_empty) {
            invalid.push(Invalid::new("user", "is empty: write the user, or leave it out"));
        }
        if self.password.is_some() && self.user.is_none() {
            let reason = "is missing: MQTT 3.1.1 knows no password without a user";
            invalid.push(Invalid::new("user", reason));
        }
        let unusable = |id: &String| id.is_empty() || id.len() > 256 || id.contains(char::is_control);
        if self.client_id.as_ref().is_some_and(unusable) {
            let reason = "needs between 1 and 256 characters that can be seen";
            invalid.push(Invalid::new("client_id", reason));
        }
    }

    fn check_topics(&self, invalid: &mut Vec<Invalid>) {
        for (key, prefix) in [("prefix", &self.prefix), ("discovery", &self.discovery)] {
            if let Err(reason) = topics::check_prefix(prefix) {
                invalid.push(Invalid::new(key, reason));
            }
        }
        if !self.bmw_prefix.is_empty() {
            if let Err(reason) = topics::check_part(&self.bmw_prefix) {
                invalid.push(Invalid::new("bmw_prefix", reason));
            }
            if self.bmw == Form::Off {
                invalid.push(Invalid::new("bmw_prefix", "is of no use where `bmw` is off"));
            }
        }
        // Under its own prefix Home Assistant tells of its start, whatever the one of the discovery is.
        if self.prefix == self.discovery || self.prefix == HOME_ASSISTANT {
            let reason = "is one that Home Assistant uses itself: choose another, such as `cardata`";
            invalid.push(Invalid::new("prefix", reason));
        }
    }
}
