//! The way of what cars tell: lost, late, polled, and listed by BMW.

use std::collections::{BTreeMap, HashSet};

use collector_core::{Document, Entry, Origin, Reading, Snapshot, Value, Vehicle, document};
use jiff::Timestamp;

use super::{BEGIN, Car, Charged, DAY, Kind, MINUTE, PLUG_POLLED, Told};

/// One message on its way: when it arrives and what it brings, each with its minute.
type Message = (i64, Origin, Vec<(i64, Told)>, Vec<Document>);

impl Car<'_> {
    /// What arrives, in that order.
    pub fn entries(&mut self, lists: bool) -> Vec<Entry> {
        let mut messages = self.streamed();
        messages.extend(self.polled());
        if lists {
            messages.extend(self.listed());
        }
        messages.sort_by_key(|message| message.0);
        let mut seen = HashSet::new();
        for (_, _, told, documents) in &mut messages {
            told.retain(|(at, (key, value))| seen.insert((*at, *key, value.to_string())));
            documents.retain(|document| {
                seen.insert((
                    document.at.as_millisecond(),
                    document::CHARGING_SESSION,
                    String::new(),
                ))
            });
        }
        messages.retain(|(_, _, told, documents)| !(told.is_empty() && documents.is_empty()));
        let vehicle = Vehicle::named("WBA00000000000001".parse().unwrap(), None);
        let entry = |(seq, (at, origin, told, documents)): (u64, Message)| {
            let mut snapshot = Snapshot::new(vehicle.clone(), "a".into(), "s".into(), origin, moment(at));
            snapshot.readings = told
                .into_iter()
                .map(|(at, (key, value))| reading(key, value, at))
                .collect();
            snapshot.documents = documents;
            Entry::snapshot_of(seq, snapshot)
        };
        (1..).zip(messages).map(entry).collect()
    }

    /// A twentieth is lost, some come late; a week is not streamed at all.
    fn streamed(&mut self) -> Vec<Message> {
        let mut messages = Vec::new();
        for (at, told) in self.said.clone() {
            let told: Vec<_> = told
                .into_iter()
                .filter(|(key, _)| *key != PLUG_POLLED)
                .map(|told| (at, told))
                .collect();
            if told.is_empty() || silent(at) || self.chance() < 0.05 {
                continue;
            }
            let late = match self.chance() {
                chance if chance < 0.01 => (self.chance() * 900.0) as i64,
                chance if chance < 0.1 => (self.chance() * 20.0) as i64,
                _ => 0,
            };
            messages.push((at + late, Origin::Stream, told, Vec::new()));
        }
        messages
    }

    /// Every two hours the newest value of each key.
    fn polled(&self) -> Vec<Message> {
        let mut messages: Vec<Message> = Vec::new();
        let mut said = self.said.iter().peekable();
        let end = self.said.last().map_or(0, |(at, _)| *at);
        let mut at = BEGIN + 60;
        while at <= end {
            let mut newest = BTreeMap::new();
            while let Some((told_at, told)) = said.next_if(|(told_at, _)| *told_at <= at) {
                newest.extend(told.iter().map(|(key, value)| (*key, (*told_at, value.clone()))));
            }
            let told: Vec<_> = newest
                .into_iter()
                .map(|(key, (at, value))| (at, (key, value)))
                .collect();
            if !told.is_empty() {
                messages.push((at, Origin::Poll, told, Vec::new()));
            }
            at += 120;
        }
        messages
    }

    /// BMW's history, every night: what ended, also of the days before.
    fn listed(&self) -> Vec<Message> {
        let all = self.truth.iter().flat_map(|charged| {
            let night = (charged.end / DAY + 1) * DAY + 180;
            [(night, charged), (night + DAY, charged)]
        });
        all.map(|(at, charged)| (at, Origin::Poll, Vec::new(), vec![charged.document()]))
            .collect()
    }
}

impl Charged {
    /// Whether the car told enough of it to know it without BMW's list: by stream, or to a poll while it charged.
    pub fn is_told(&self, kind: &Kind) -> bool {
        let polls =
            |from: i64, to: i64| (to - BEGIN - 60).div_euclid(120) > (from - BEGIN - 60).div_euclid(120);
        let streamed = !silent(self.start) && !silent(self.end + DAY);
        streamed || (!kind.wakes_only && polls(self.start, self.end - 1))
    }

    pub fn is_streamed(&self) -> bool {
        !silent(self.start) && !silent(self.end)
    }

    fn document(&self) -> Document {
        let blocks = self.blocks.iter().map(|(start, end, kw)| {
            format!(
                r#"{{"startTime":{},"endTime":{},"averagePowerGridKw":{kw}}}"#,
                start * 60 + 20,
                end * 60
            )
        });
        let json = format!(
            r#"{{"startTime":{},"endTime":{},"energyConsumedFromPowerGridKwh":{},"displayedStartSoc":{},"displayedSoc":{},"mileage":{},"mileageUnits":"KM","chargingBlocks":[{}]}}"#,
            self.start * 60 + 20,
            self.end * 60,
            self.kwh,
            self.soc.0.round(),
            self.soc.1.round(),
            self.km.floor(),
            blocks.collect::<Vec<_>>().join(","),
        );
        Document {
            name: document::CHARGING_SESSION.into(),
            at: moment(self.start),
            json: json.into(),
        }
    }
}

/// The week without a stream.
fn silent(at: i64) -> bool {
    (BEGIN + 20 * DAY..BEGIN + 27 * DAY).contains(&at)
}

fn moment(minute: i64) -> Timestamp {
    Timestamp::from_millisecond(minute * MINUTE).unwrap()
}

fn reading(key: &str, value: Value, at: i64) -> Reading {
    let entry = catalogue::find(key).unwrap_or_else(|| panic!("{key} is in no catalogue"));
    Reading::new(entry.to_descriptor(), value, entry.unit.clone(), moment(at))
}
