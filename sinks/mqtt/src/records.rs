//! Records: one topic a vehicle and kind. The broker keeps the newest record of each.

use std::collections::BTreeMap;

use collector_core::{Column, Record, RecordState, Value, Vin};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

use crate::bmw::plain;
use crate::message::{Message, json};
use crate::topics::Topics;

/// The payload. Programs read it: keys may be added, never renamed.
#[derive(Serialize)]
struct Payload<'a> {
    record: &'static str,
    version: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    vin: Option<&'a str>,
    at: String,
    key: Map<String, Json>,
    revision: u32,
    state: &'static str,
    values: Map<String, Json>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    children: Vec<Payload<'a>>,
}

/// What of a payload tells which record it is.
#[derive(Debug, Clone, PartialEq, Deserialize)]
struct Kept {
    record: String,
    vin: Vin,
    at: Timestamp,
    key: Map<String, Json>,
    revision: u32,
}

impl Kept {
    fn is_record_of(&self, other: &Self) -> bool {
        self.at == other.at && self.key == other.key
    }

    /// Whether another telling stays at the broker instead: of a record that began later, or not an older revision.
    fn gives_way_to(&self, other: &Self) -> bool {
        match self.is_record_of(other) {
            true => self.revision <= other.revision,
            false => self.at < other.at,
        }
    }
}

/// Which record the broker keeps of each vehicle and kind, and the message that brings it there.
#[derive(Debug, Default)]
pub struct Newest(BTreeMap<(Vin, String), (Kept, Message)>);

impl Newest {
    /// Goes on from what the broker kept, where it is newer than what is known.
    pub fn adopt(&mut self, topics: &Topics, kept: &[(String, Vec<u8>)]) {
        for (topic, payload) in kept {
            let read = serde_json::from_slice::<Kept>(payload).ok();
            if let Some(kept) = read.filter(|kept| topics.is_record_of(topic, &kept.record)) {
                let place = (kept.vin.clone(), kept.record.clone());
                let known = self.0.get(&place);
                if known.is_none_or(|(known, _)| !kept.gives_way_to(known)) {
                    let message = Message::retained(topic.clone(), payload.clone());
                    self.0.insert(place, (kept, message));
                }
            }
        }
    }

    /// What is to stand at the broker: one that lost what it kept gets it again.
    pub fn standing(&self) -> impl Iterator<Item = &Message> {
        self.0.values().map(|(_, message)| message)
    }

    /// The messages that a record makes: every telling goes out once, and stays at the broker unless one that began
    /// later, or a higher revision, does. One that is withdrawn leaves nothing there.
    pub fn tell(&mut self, topics: &Topics, record: &Record) -> Vec<Message> {
        let topic = topics.record(&record.vehicle, record.kind.name);
        let payload = json(&payload(record, true));
        let place = (record.vehicle.vin.clone(), record.kind.name.to_owned());
        let told = Kept {
            record: record.kind.name.to_owned(),
            vin: record.vehicle.vin.clone(),
            at: record.at,
            key: key(record),
            revision: record.revision,
        };
        let is_kept = self
            .0
            .get(&place)
            .is_some_and(|(kept, _)| kept.is_record_of(&told));
        let is_newest = self
            .0
            .get(&place)
            .is_none_or(|(kept, _)| kept.gives_way_to(&told));
        let passing = Message {
            topic: topic.clone(),
            payload: payload.clone(),
            retain: false,
        };
        match (record.state, is_newest) {
            (RecordState::Withdrawn, true) if is_kept => {
                self.0.remove(&place);
                vec![passing, Message::clear(topic)]
            }
            (RecordState::Withdrawn, _) | (_, false) => vec![passing],
            (_, true) => {
                let message = Message::retained(topic, payload);
                self.0.insert(place, (told, message.clone()));
                vec![message]
            }
        }
    }
}

/// A child is of its parent's vehicle.
fn payload(record: &Record, is_parent: bool) -> Payload<'_> {
    let values = record.value_columns();
    Payload {
        record: record.kind.name,
        version: record.kind.version,
        vin: is_parent.then(|| record.vehicle.vin.as_str()),
        at: format!("{:.3}", record.at),
        key: key(record),
        revision: record.revision,
        state: record.state.as_str(),
        values: values
            .map(|(column, value)| named(column, value.map_or(Json::Null, plain)))
            .collect(),
        children: record
            .children
            .iter()
            .map(|child| payload(child, false))
            .collect(),
    }
}

fn key(record: &Record) -> Map<String, Json> {
    let columns = record.key_columns();
    columns
        .map(|(column, value): (_, &Value)| named(column, plain(value)))
        .collect()
}

fn named(column: &Column, value: Json) -> (String, Json) {
    (column.name.to_owned(), value)
}

#[cfg(test)]
mod tests {
    use collector_core::testkit::trip;

    use super::*;

    fn topics() -> Topics {
        Topics::of(&serde_json::from_value(serde_json::json!({ "url": "mqtt://localhost" })).unwrap())
    }

    /// What stays at the broker after these tellings: minute and revision.
    fn kept(tellings: &[(i64, u32, RecordState)]) -> Option<(i64, u32)> {
        let mut newest = Newest::default();
        let mut kept = None;
        for &(minute, revision, state) in tellings {
            let messages = newest.tell(&topics(), &trip(minute, revision, state, 1));
            for message in messages.into_iter().filter(|message| message.retain) {
                kept = (!message.payload.is_empty()).then_some((minute, revision));
            }
        }
        kept
    }

    #[test]
    fn the_newest_record_stays_at_the_broker() {
        use RecordState::{Final, Live, Withdrawn};
        assert_eq!(kept(&[(1, 1, Live), (1, 3, Final), (1, 2, Live)]), Some((1, 3)));
        assert_eq!(kept(&[(2, 1, Live), (1, 9, Final)]), Some((2, 1)));
        assert_eq!(kept(&[(1, 1, Live), (1, 2, Withdrawn)]), None);
        assert_eq!(
            kept(&[(2, 1, Live), (1, 2, Withdrawn)]),
            Some((2, 1)),
            "another one is withdrawn"
        );
    }

    #[test]
    fn what_the_broker_kept_counts_and_stands_after_a_restart() {
        let mut before = Newest::default();
        let told = before
            .tell(&topics(), &trip(2, 2, RecordState::Live, 1))
            .remove(0);
        let mut after = Newest::default();
        after.adopt(&topics(), &[(told.topic.clone(), told.payload.clone())]);
        let late = after.tell(&topics(), &trip(2, 1, RecordState::Live, 1));
        assert!(late.iter().all(|message| !message.retain), "{late:?}");
        assert_eq!(told.topic, "cardata/i4/record/test_trip");
        let newer = before
            .tell(&topics(), &trip(2, 3, RecordState::Live, 1))
            .remove(0);
        for kept in [&newer, &told] {
            after.adopt(&topics(), &[(kept.topic.clone(), kept.payload.clone())]);
            assert_eq!(after.standing().collect::<Vec<_>>(), [&newer]);
        }
        after.tell(&topics(), &trip(2, 3, RecordState::Withdrawn, 1));
        assert_eq!(after.standing().count(), 0);
    }
}
