//! Records: every telling goes out once, and the broker keeps two of each vehicle and kind.

use std::collections::BTreeMap;

use collector_core::{Column, Record, RecordState, Value, Vin};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

use crate::bmw::plain;
use crate::message::{Message, json};
use crate::topics::Topics;

/// How many records are remembered behind the one that stands at the broker: where that is withdrawn, the one before it
/// takes its place.
const REMEMBERED: usize = 16;

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

/// What the broker keeps of a vehicle and kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// The record that began last.
    Last,
    /// Of those that have ended, the one that began last.
    Final,
}

impl Place {
    pub const ALL: [Self; 2] = [Self::Last, Self::Final];

    fn takes(self, state: RecordState) -> bool {
        match self {
            Self::Last => state != RecordState::Withdrawn,
            Self::Final => state == RecordState::Final,
        }
    }
}

/// The newest records for one place, by their time; `None` is one that does not belong there, by its highest revision.
#[derive(Debug, Default)]
struct Tellings(Vec<(Kept, Option<Message>)>);

impl Tellings {
    /// Takes in a telling that is not late.
    fn note(&mut self, told: Kept, message: Option<Message>) -> Noted {
        let known = self
            .0
            .iter()
            .position(|(kept, _)| kept.at == told.at && kept.key == told.key);
        match known {
            Some(known) if self.0[known].0.revision > told.revision => return Noted::Late,
            Some(known) => self.0[known] = (told, message),
            None => {
                let place = self.0.partition_point(|(kept, _)| kept.at <= told.at);
                self.0.insert(place, (told, message));
                let surplus = self.0.len().saturating_sub(REMEMBERED);
                self.0.drain(..surplus);
            }
        }
        if known.is_some() { Noted::Again } else { Noted::New }
    }

    fn standing(&self) -> Option<&Message> {
        self.0.iter().rev().find_map(|(_, message)| message.as_ref())
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Noted {
    Late,
    New,
    Again,
}

/// What the broker keeps of each vehicle and kind.
#[derive(Debug, Default)]
pub struct Newest(BTreeMap<(Vin, String, Place), Tellings>);

impl Newest {
    /// Goes on from what the broker kept, where it is newer than what is known.
    pub fn adopt(&mut self, topics: &Topics, kept: &[(String, Vec<u8>)]) {
        for (topic, payload) in kept {
            let Ok(told) = serde_json::from_slice::<Kept>(payload) else {
                continue;
            };
            for place in Place::ALL {
                if topics.is_record_in(topic, &told.record, place) {
                    let message = Message::retained(topic.clone(), payload.clone());
                    let tellings = self.of(&told.vin, &told.record, place);
                    tellings.note(told.clone(), Some(message));
                }
            }
        }
    }

    /// What is to stand at the broker: one that lost what it kept gets it again.
    pub fn standing(&self) -> impl Iterator<Item = &Message> {
        self.0.values().filter_map(Tellings::standing)
    }

    /// What stands in a place.
    pub fn standing_of(&self, vin: &Vin, kind: &str, place: Place) -> Option<&Message> {
        self.0.get(&(vin.clone(), kind.to_owned(), place))?.standing()
    }

    /// The messages that a record makes: the telling itself, and what stands in the places that it belongs to or has left.
    pub fn tell(&mut self, topics: &Topics, record: &Record) -> Vec<Message> {
        let (vehicle, kind) = (&record.vehicle, record.kind.name);
        let payload = json(&payload(record, true));
        let mut messages = vec![Message {
            topic: topics.record(vehicle, kind),
            payload: payload.clone(),
            retain: false,
        }];
        for place in Place::ALL {
            let topic = topics.record_in(vehicle, kind, place);
            let told = Kept {
                record: kind.to_owned(),
                vin: vehicle.vin.clone(),
                at: record.at,
                key: key(record),
                revision: record.revision,
            };
            let fits = place.takes(record.state);
            let message = fits.then(|| Message::retained(topic.clone(), payload.clone()));
            let tellings = self.of(&vehicle.vin, kind, place);
            let noted = tellings.note(told, message.clone());
            let standing = tellings.standing();
            // What has left its place says so each time: nobody knows whether the broker heard of it before.
            let has_left = !fits && noted == Noted::Again;
            if noted != Noted::Late && (has_left || fits && standing == message.as_ref()) {
                messages.push(standing.cloned().unwrap_or_else(|| Message::clear(topic)));
            }
        }
        messages
    }

    fn of(&mut self, vin: &Vin, kind: &str, place: Place) -> &mut Tellings {
        self.0.entry((vin.clone(), kind.to_owned(), place)).or_default()
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

/// The key of a record, by the names of its columns.
pub fn key(record: &Record) -> Map<String, Json> {
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
    use RecordState::{Final, Live, Withdrawn};
    use collector_core::testkit::trip;

    use super::*;

    fn topics() -> Topics {
        Topics::of(&serde_json::from_value(serde_json::json!({ "url": "mqtt://localhost" })).unwrap())
    }

    /// What stays at the broker after these tellings, in both places: minute and revision.
    fn kept(tellings: &[(i64, u32, RecordState)]) -> [Option<(i64, u32)>; 2] {
        let mut newest = Newest::default();
        let mut kept = BTreeMap::new();
        for &(minute, revision, state) in tellings {
            for message in newest.tell(&topics(), &trip(minute, revision, state, 1)) {
                if message.retain {
                    kept.insert(message.topic, message.payload);
                }
            }
        }
        Place::ALL.map(|place| {
            let place = topics().record_in(&trip(0, 1, Live, 0).vehicle, "test_trip", place);
            let told: Kept = serde_json::from_slice(kept.get(&place)?).ok()?;
            let begin = trip(0, 1, Live, 0).at;
            Some((told.at.duration_since(begin).as_mins(), told.revision))
        })
    }

    #[test]
    fn the_newest_record_stays_at_the_broker() {
        assert_eq!(
            kept(&[(1, 1, Live), (1, 3, Final), (1, 2, Live)]),
            [Some((1, 3)); 2]
        );
        assert_eq!(kept(&[(2, 1, Live), (1, 9, Final)]), [Some((2, 1)), Some((1, 9))]);
        assert_eq!(kept(&[(1, 1, Final), (1, 2, Withdrawn)]), [None; 2]);
        assert_eq!(
            kept(&[(2, 1, Final), (1, 2, Withdrawn)]),
            [Some((2, 1)); 2],
            "another one is withdrawn"
        );
        assert_eq!(
            kept(&[(1, 1, Final), (1, 2, Live)]),
            [Some((1, 2)), None],
            "it goes on after all"
        );
    }

    #[test]
    fn what_supersedes_the_newest_stays_though_it_began_before_it() {
        for tellings in [
            [(2, 1, Final), (1, 1, Final), (2, 2, Withdrawn)],
            [(2, 1, Final), (2, 2, Withdrawn), (1, 1, Final)],
        ] {
            assert_eq!(kept(&tellings), [Some((1, 1)); 2]);
        }
        let late = [(2, 2, Withdrawn), (2, 1, Final)];
        assert_eq!(kept(&late), [None; 2], "told before it was withdrawn");
    }

    #[test]
    fn a_broker_that_did_not_hear_of_an_end_hears_it_again() {
        let mut newest = Newest::default();
        newest.tell(&topics(), &trip(1, 1, Final, 1));
        for _ in 0..2 {
            let told = newest.tell(&topics(), &trip(1, 2, Withdrawn, 1));
            let cleared = told.iter().filter(|it| it.retain && it.payload.is_empty());
            assert_eq!(cleared.count(), 2);
        }
    }

    #[test]
    fn what_the_broker_kept_counts_and_stands_after_a_restart() {
        let mut before = Newest::default();
        let told = before.tell(&topics(), &trip(2, 2, Live, 1)).remove(1);
        let mut after = Newest::default();
        after.adopt(&topics(), &[(told.topic.clone(), told.payload.clone())]);
        let late = after.tell(&topics(), &trip(2, 1, Live, 1));
        assert!(late.iter().all(|message| !message.retain), "{late:?}");
        assert_eq!(told.topic, "cardata/i4/test_trip/last");
        let newer = before.tell(&topics(), &trip(2, 3, Live, 1)).remove(1);
        for kept in [&newer, &told] {
            after.adopt(&topics(), &[(kept.topic.clone(), kept.payload.clone())]);
            assert_eq!(after.standing().collect::<Vec<_>>(), [&newer]);
        }
        after.tell(&topics(), &trip(2, 3, Withdrawn, 1));
        assert_eq!(after.standing().count(), 0);
    }
}
