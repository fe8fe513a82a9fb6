//! The source `telematics`: polls a container of each vehicle.

use std::borrow::Cow;
use std::fmt;

use async_trait::async_trait;
use cardata_api::{ApiError, Call, ErrorKind};
use collector_core::{
    Cadence, Invalid, Name, Origin, Poll, RawSnapshot, Source, SourceConfig, SourceError, Stray, Vehicle,
};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::value::SeqAccessDeserializer;
use serde::de::{self, SeqAccess, Visitor};
use serde::{Deserialize, Serialize};

use source::{Build, DescriptorSet, Handles, SourceContext};

use crate::container::state::SetState;
use crate::container::{self, ContainerError};
use crate::{fit, presets};

/// Polls the last known values of a set of descriptors. Each poll of one vehicle costs one call.
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TelematicsConfig {
    /// What to ask for: `battery`, `driving`, `everything`, or a list of descriptors and globs.
    #[serde(default)]
    container: Choice,
}

/// A preset or a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
enum Choice {
    Preset(String),
    List(Vec<String>),
}

source::register_source!(TelematicsConfig);

impl SourceConfig for TelematicsConfig {
    const TYPE: &'static str = "telematics";
    const SUMMARY: &'static str = "Polls the last known values of a container of descriptors.";
    const SAMPLE: &'static str = include_str!("telematics.sample.yaml");
    const CADENCE: Cadence = Cadence::Polled { calls: 1 };

    fn validate(&self) -> Result<(), Vec<Invalid>> {
        let Choice::List(items) = &self.container else {
            return Ok(());
        };
        if items.is_empty() {
            return Err(vec![Invalid::new(
                "container",
                "the list is empty: name a descriptor or a preset",
            )]);
        }
        let mistakes: Vec<_> = items
            .iter()
            .enumerate()
            .filter_map(|(index, item)| Some(Invalid::new(format!("container.{index}"), mistake(item)?)))
            .collect();
        if mistakes.is_empty() {
            Ok(())
        } else {
            Err(mistakes)
        }
    }
}

impl Build for TelematicsConfig {
    fn build(self, context: SourceContext) -> Result<Source, SourceError> {
        let set = self.set();
        let is_battery = matches!(&self.container, Choice::Preset(name) if name == "battery");
        let advice = is_battery.then_some(fit::ADVICE);
        context.handles.sets.add(&set);
        Ok(Source::Poll(Box::new(Telematics {
            name: context.name,
            account: context.handles,
            set,
            known: None,
            noted: false,
            advice,
        })))
    }
}

impl TelematicsConfig {
    fn set(&self) -> DescriptorSet {
        match &self.container {
            Choice::Preset(name) => DescriptorSet::new(name, presets::preset(name).unwrap_or_default()),
            Choice::List(items) => DescriptorSet::new(
                "custom",
                items.iter().flat_map(|item| presets::expand(item)).collect(),
            ),
        }
    }
}

/// Why an item of the list cannot be right. A descriptor that is not in the catalogue may be newer than it,
/// so only what looks like a slip of a known one is refused.
fn mistake(item: &str) -> Option<String> {
    if !item.starts_with("vehicle.") && !item.starts_with('*') {
        return Some(format!("`{item}` is no descriptor: they begin with `vehicle.`"));
    }
    if item.contains('*') {
        let nothing = presets::expand(item).is_empty();
        return nothing.then(|| format!("`{item}` matches no descriptor that a poll can return"));
    }
    if catalogue::find(item).is_some() {
        return None;
    }
    let known = catalogue::CATALOGUE.iter().map(|entry| entry.descriptor);
    let near = known
        .map(|candidate| (strsim::normalized_levenshtein(item, candidate), candidate))
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .filter(|(likeness, _)| *likeness > 0.9)?;
    Some(format!(
        "`{item}` is not in BMW's catalogue: did you mean `{}`?",
        near.1
    ))
}

struct Telematics {
    name: Name,
    account: Handles,
    set: DescriptorSet,
    /// Its containers, as they were when they were last looked at.
    known: Option<SetState>,
    /// It is written down which set this source asks for.
    noted: bool,
    advice: Option<&'static str>,
}

#[async_trait]
impl Poll for Telematics {
    async fn poll(&mut self, vehicle: &Vehicle) -> Result<RawSnapshot, SourceError> {
        self.note().await;
        // Before the poll: what was polled must not wait for anything else.
        container::grow(&self.account, &self.set, &mut self.known).await;
        match self.once(vehicle).await {
            // The container was deleted behind our back: find it again or make a new one, once.
            Err(ContainerError::Api(error)) if is_gone(&error) => {
                tracing::warn!(account = %self.account.login.account, %error, "the container is gone; looking for it again");
                self.known = None;
                match container::lost(&self.account, &self.set).await {
                    Ok(()) => self.once(vehicle).await,
                    Err(error) => Err(error),
                }
            }
            result => result,
        }
        .map_err(|error| self.what_failed(vehicle, &error))
    }

    fn is_streamable(&self) -> bool {
        is_streamable(&self.set)
    }

    fn advice(&self) -> Option<&'static str> {
        self.advice
    }
}

/// What no poll returns keeps no stream from being whole; what is newer than the catalogue may not be streamed.
fn is_streamable(set: &DescriptorSet) -> bool {
    let mut entries = set
        .descriptors
        .iter()
        .map(|descriptor| catalogue::find(descriptor));
    entries.all(|entry| entry.is_some_and(|entry| entry.streamable || entry.endpoint_bound))
}

/// Whether a poll was refused for its container. A creation that is refused is another matter.
fn is_gone(error: &ApiError) -> bool {
    error
        .answer()
        .is_some_and(|answer| answer.kind == ErrorKind::Container && answer.call == Call::TelematicData)
}

impl Telematics {
    async fn once(&mut self, vehicle: &Vehicle) -> Result<RawSnapshot, ContainerError> {
        let container = container::find(&self.account, &self.set, &mut self.known).await?;
        let requested_at = self.account.clock.now();
        let data = self
            .account
            .client
            .telematic_data(&vehicle.vin, &container)
            .await?;
        Ok(RawSnapshot {
            vin: vehicle.vin.clone(),
            origin: Origin::Poll,
            requested_at: Some(requested_at),
            sent_at: data.sent_at,
            received_at: self.account.clock.now(),
            readings: data.readings,
        })
    }

    /// An answer that cannot be read is all that the call brought.
    fn what_failed(&self, vehicle: &Vehicle, error: &ContainerError) -> SourceError {
        let answer = match error {
            ContainerError::Api(error) => error.unreadable(),
            _ => None,
        };
        let answer = answer.filter(|one| one.call == Call::TelematicData && !one.body.0.is_empty());
        match (answer, error.source_error()) {
            (Some(answer), SourceError::Transient { reason, retry_after }) => SourceError::Unreadable {
                reason,
                retry_after,
                answer: Box::new(Stray {
                    received_at: self.account.clock.now(),
                    topic: format!("telematicData of {}", vehicle.vin.as_str()),
                    payload: answer.body.0.clone(),
                    reason: format!("HTTP {}, {}", answer.status, answer.problem),
                }),
            },
            (_, error) => error,
        }
    }

    /// For `cardata status`; what cannot be noted now is noted at the next poll.
    async fn note(&mut self) {
        if !self.noted {
            let ledger = &self.account.ledger;
            let noted =
                ledger.note_source_set(&self.account.login.account, &self.name, &self.set.fingerprint);
            self.noted = noted.await.is_ok();
        }
    }
}

impl Default for Choice {
    fn default() -> Self {
        Self::Preset("battery".to_owned())
    }
}

impl<'de> Deserialize<'de> for Choice {
    fn deserialize<D: de::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct PresetOrList;
        impl<'de> Visitor<'de> for PresetOrList {
            type Value = Choice;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("`battery`, `driving`, `everything` or a list of descriptors")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Choice, E> {
                if presets::PRESETS.contains(&text) {
                    return Ok(Choice::Preset(text.to_owned()));
                }
                Err(E::unknown_variant(text, &presets::PRESETS))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Choice, A::Error> {
                let items = Vec::deserialize(SeqAccessDeserializer::new(seq))?;
                Ok(Choice::List(presets::with_display(items)))
            }
        }
        deserializer.deserialize_any(PresetOrList)
    }
}

impl JsonSchema for Choice {
    fn schema_name() -> Cow<'static, str> {
        "Container".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "oneOf": [
                { "type": "string", "enum": presets::PRESETS },
                { "type": "array", "items": { "type": "string" }, "minItems": 1 }
            ],
            "default": "battery"
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_is_streamable_where_a_stream_brings_all_that_a_poll_would() {
        let set = |items: &[&str]| {
            let descriptors = items.iter().map(|item| (*item).to_owned()).collect();
            is_streamable(&DescriptorSet::new("custom", descriptors))
        };
        let soc = "vehicle.drivetrain.batteryManagement.header";
        assert!(set(&[soc]));
        assert!(set(&[soc, "vehicle.vehicleIdentification.basicVehicleData"]));
        assert!(!set(&[soc, "vehicle.body.chargingPort.lockedStatus"]));
        assert!(!set(&[soc, "vehicle.some.thing.entirely.new"]));
        let preset = |name| is_streamable(&DescriptorSet::new(name, presets::preset(name).unwrap()));
        assert!(preset("driving") && !preset("battery"));
    }

    #[test]
    fn slips_are_refused_and_new_descriptors_are_not() {
        assert_eq!(mistake("vehicle.drivetrain.batteryManagement.header"), None);
        let slip = mistake("vehicle.drivetrain.batteryManagement.heeder").unwrap();
        assert!(
            slip.contains("did you mean `vehicle.drivetrain.batteryManagement.header`"),
            "{slip}"
        );
        assert_eq!(mistake("vehicle.some.thing.entirely.new"), None);
        assert!(mistake("battery").is_some());
        assert!(mistake("vehicle.nothing.*").is_some());
    }
}
