//! What is shown now: the newest value of every descriptor of every vehicle, and the messages that follow from it.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

use collector_core::{
    Descriptor, Ended, Name, Origin, Present, Reading, Record, SinkError, Snapshot, Value, Vehicle,
    VehicleFacts, Vin,
};

use crate::bmw;
use crate::config::{Form, MqttConfig};
use crate::discovery::{self, Announcer};
use crate::message::Message;
use crate::records::Newest;
use crate::retained;
use crate::topics::Topics;
use crate::track::{LOCATION, Position, Track};

/// Texts beside the catalogue's that one descriptor is remembered with; a text that is new with every reading must not
/// grow a list without end.
const MOST_LEARNED: usize = 64;

/// What the broker is to know.
pub struct Board {
    pub topics: Topics,
    present: Arc<dyn Present>,
    /// What stands before BMW's topics; `None` where they are off.
    bmw: Option<String>,
    qos: u8,
    cars: BTreeMap<Vin, Car>,
    records: Newest,
    /// Whether the present is known, so that what is not in it can be taken away.
    complete: bool,
}

/// One vehicle.
struct Car {
    vehicle: Vehicle,
    facts: Option<VehicleFacts>,
    shown: BTreeMap<Descriptor, Shown>,
    /// The last end of each value that ever ended, and how it came.
    ended: BTreeMap<Descriptor, (Ended, Origin)>,
    track: Track,
}

/// The newest value of a descriptor.
struct Shown {
    reading: Reading,
    origin: Origin,
    /// Texts that the catalogue does not name.
    learned: BTreeSet<Arc<str>>,
}

/// How a reading stands to what is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Age {
    /// The first of its descriptor, or one with a text that was never seen.
    News,
    Newer,
    Same,
    Older,
}

/// Why readings come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// For the first time, in the journal's order, as far as anybody knows.
    Live,
    /// Because their owner wants them again.
    Again,
}

impl Board {
    pub fn new(config: &MqttConfig, present: Arc<dyn Present>) -> Self {
        Self {
            topics: Topics::of(config),
            present,
            bmw: (config.bmw == Form::On).then(|| config.bmw_prefix.clone()),
            qos: config.qos,
            cars: BTreeMap::new(),
            records: Newest::default(),
            complete: false,
        }
    }

    /// Learns how things are now. What is known stays where it is newer.
    pub async fn prime(&mut self) -> Result<(), SinkError> {
        let latest = self.present.latest().await?;
        for facts in self.present.vehicles().await? {
            let car = Self::car(&mut self.cars, &facts.vehicle);
            car.facts = Some(facts);
        }
        self.complete = !latest.is_empty();
        for snapshot in &latest {
            let car = Self::car(&mut self.cars, &snapshot.vehicle);
            for reading in &snapshot.readings {
                car.track.take(reading);
                car.show(reading, snapshot.origin);
            }
            for ended in &snapshot.ended {
                car.end(ended, snapshot.origin);
            }
        }
        Ok(())
    }

    /// Learns of vehicles that were not there when the connection was made.
    pub async fn meet(&mut self, snapshot: &Snapshot) -> Result<(), SinkError> {
        if self.cars.contains_key(&snapshot.vehicle.vin) {
            return Ok(());
        }
        let mut known = self.present.vehicles().await?.into_iter();
        let facts = known.find(|facts| facts.vehicle.vin == snapshot.vehicle.vin);
        Self::car(&mut self.cars, &snapshot.vehicle).facts = facts;
        Ok(())
    }

    /// The messages that one reading makes: in BMW's form, and in the retained form unless something newer is shown.
    /// A replay shows nothing that is not the newest value already.
    pub fn take(&mut self, snapshot: &Snapshot, reading: &Reading, mode: Mode) -> Vec<Message> {
        let mut messages = Vec::new();
        let car = Self::car(&mut self.cars, &snapshot.vehicle);
        if let Some(prefix) = &self.bmw {
            let gcid = car.gcid(&snapshot.account);
            messages.push(bmw::message(prefix, gcid, snapshot, reading));
        }
        let (age, position) = match mode {
            Mode::Live => (car.show(reading, snapshot.origin), car.track.take(reading)),
            Mode::Again => (car.age(reading), None),
        };
        let wanted = match mode {
            Mode::Live => age != Age::Older,
            Mode::Again => age == Age::Same,
        };
        let car = &self.cars[&snapshot.vehicle.vin];
        if wanted && age == Age::News && self.topics.announces {
            let announcer = car.announcer(&self.topics, self.qos);
            let shown = car.shown.get(&reading.descriptor);
            messages.extend(shown.map(|it| announcer.descriptor(&reading.descriptor, &it.learned)));
            if reading.descriptor.as_str().starts_with(LOCATION) && car.has_position() {
                messages.push(announcer.position());
            }
        }
        if wanted {
            messages.push(self.value(car, reading, snapshot.origin));
        }
        messages.extend(position.map(|position| self.position(car, &position)));
        messages
    }

    /// The message that the end of a value makes, where an older one is shown.
    pub fn end(&mut self, snapshot: &Snapshot, ended: &Ended) -> Option<Message> {
        let car = Self::car(&mut self.cars, &snapshot.vehicle);
        let is_news = car.end(ended, snapshot.origin);
        let car = &self.cars[&snapshot.vehicle.vin];
        let shown = car.shown.get(&ended.descriptor).filter(|_| is_news)?;
        Some(self.shown(car, shown))
    }

    /// The messages that a record makes.
    pub fn tell(&mut self, record: &Record) -> Vec<Message> {
        self.records.tell(&self.topics, record)
    }

    fn position(&self, car: &Car, position: &Position) -> Message {
        Message::retained(self.topics.position(&car.vehicle), retained::position(position))
    }

    fn value(&self, car: &Car, reading: &Reading, origin: Origin) -> Message {
        let topic = self.topics.value(&car.vehicle, &reading.descriptor);
        Message::retained(topic, retained::value(reading, origin))
    }

    /// The value that is shown, or that there is none.
    fn shown(&self, car: &Car, shown: &Shown) -> Message {
        match car.end_of(&shown.reading) {
            None => self.value(car, &shown.reading, shown.origin),
            Some((ended, origin)) => self.ended(car, ended, *origin),
        }
    }

    fn ended(&self, car: &Car, ended: &Ended, origin: Origin) -> Message {
        let topic = self.topics.value(&car.vehicle, &ended.descriptor);
        Message::retained(topic, retained::ended(ended, origin))
    }

    /// Everything that is to stand at the broker: of each vehicle what Home Assistant is told, then the values;
    /// then the records.
    pub fn announce(&self) -> impl Iterator<Item = Message> {
        let all = self.cars.values().flat_map(|car| self.of_car(car));
        let all = all.chain(self.records.standing().cloned());
        all.filter(|message| message.refusal().is_none())
    }

    /// What is to stand there for one vehicle, also what no broker would take.
    fn of_car(&self, car: &Car) -> Vec<Message> {
        let mut messages = Vec::new();
        if self.topics.announces {
            let announcer = car.announcer(&self.topics, self.qos);
            let entities = car.shown.iter();
            messages.extend(entities.map(|(it, shown)| announcer.descriptor(it, &shown.learned)));
            let ended = car.only_ended();
            messages.extend(ended.map(|(it, _)| announcer.descriptor(&it.descriptor, &BTreeSet::new())));
            if car.has_position() {
                messages.push(announcer.position());
            }
        }
        let shown = car.shown.values();
        messages.extend(shown.map(|shown| self.shown(car, shown)));
        let ended = car.only_ended();
        messages.extend(ended.map(|(ended, origin)| self.ended(car, ended, *origin)));
        messages.extend(car.track.newest().map(|position| self.position(car, position)));
        messages
    }

    /// Goes on from what the broker kept, and says what is to be taken away: what this sink put there in an earlier
    /// run and shows no longer. Where the present is not known nothing is taken away.
    pub fn adopt(&mut self, kept: &[(String, Vec<u8>)]) -> Vec<Message> {
        self.records.adopt(&self.topics, kept);
        for car in self.cars.values_mut().filter(|car| car.has_position()) {
            let topic = self.topics.position(&car.vehicle);
            let position = kept.iter().find(|(kept, _)| *kept == topic);
            if let Some(position) = position.and_then(|(_, payload)| retained::position_of(payload)) {
                car.track.adopt(position);
            }
        }
        if !self.complete {
            return Vec::new();
        }
        let all = self.cars.values().flat_map(|car| self.of_car(car));
        let wanted: HashSet<String> = all.map(|message| message.topic).collect();
        kept.iter()
            .filter(|(topic, payload)| !wanted.contains(topic) && self.is_own(topic, payload))
            .map(|(topic, _)| Message::clear(topic.clone()))
            .collect()
    }

    fn is_own(&self, topic: &str, payload: &[u8]) -> bool {
        if self.topics.is_discovery(topic) {
            return discovery::is_own(payload, &self.topics);
        }
        if self.topics.is_position(topic) {
            return retained::position_of(payload).is_some();
        }
        retained::descriptor_of(payload).is_some_and(|descriptor| self.topics.is_value_of(topic, &descriptor))
    }

    fn car<'a>(cars: &'a mut BTreeMap<Vin, Car>, vehicle: &Vehicle) -> &'a mut Car {
        cars.entry(vehicle.vin.clone()).or_insert_with(|| Car {
            vehicle: vehicle.clone(),
            facts: None,
            shown: BTreeMap::new(),
            ended: BTreeMap::new(),
            track: Track::default(),
        })
    }
}

impl Car {
    /// The account's id at BMW, else the account's name.
    fn gcid<'a>(&'a self, account: &'a Name) -> &'a str {
        let known = self.facts.as_ref().and_then(|facts| facts.gcid.as_deref());
        known.unwrap_or(account)
    }

    /// The end of this value, where there was one behind it.
    fn end_of(&self, reading: &Reading) -> Option<&(Ended, Origin)> {
        let end = self.ended.get(&reading.descriptor);
        end.filter(|(ended, _)| reading.measured_at < ended.at)
    }

    /// The ends of values of which no reading is known: they ended before this program was started.
    fn only_ended(&self) -> impl Iterator<Item = &(Ended, Origin)> {
        let is_only = |(ended, _): &&(Ended, Origin)| !self.shown.contains_key(&ended.descriptor);
        self.ended.values().filter(is_only)
    }

    /// Notes the end of a value. Whether it ends what is shown.
    fn end(&mut self, ended: &Ended, origin: Origin) -> bool {
        let shown = self.shown.get(&ended.descriptor);
        let is_shown = shown.is_some_and(|shown| {
            self.end_of(&shown.reading).is_none() && shown.reading.measured_at < ended.at
        });
        let known = self.ended.get(&ended.descriptor);
        if known.is_none_or(|(known, _)| known.at < ended.at) {
            self.ended
                .insert(ended.descriptor.clone(), (ended.clone(), origin));
        }
        is_shown
    }

    fn age(&self, reading: &Reading) -> Age {
        if self.end_of(reading).is_some() {
            return Age::Older;
        }
        let moment = |reading: &Reading| (reading.measured_at, reading.occurrence);
        let shown = self.shown.get(&reading.descriptor);
        match shown.map(|shown| moment(reading).cmp(&moment(&shown.reading))) {
            None => Age::News,
            Some(Ordering::Less) => Age::Older,
            Some(Ordering::Equal) => Age::Same,
            Some(Ordering::Greater) => Age::Newer,
        }
    }

    /// Shows a reading unless something newer is shown.
    fn show(&mut self, reading: &Reading, origin: Origin) -> Age {
        let age = self.age(reading);
        if age == Age::Older {
            return age;
        }
        let descriptor = &reading.descriptor;
        let shown = self.shown.entry(descriptor.clone()).or_insert_with(|| Shown {
            reading: reading.clone(),
            origin,
            learned: BTreeSet::new(),
        });
        shown.reading = reading.clone();
        shown.origin = origin;
        let Value::Text(text) = &reading.value else {
            return age;
        };
        let named = descriptor.options();
        if named.is_empty() || named.contains(&text.as_ref()) || shown.learned.contains(text) {
            return age;
        }
        if shown.learned.len() >= MOST_LEARNED {
            shown.learned.clear();
        }
        shown.learned.insert(text.clone());
        Age::News
    }

    /// Whether both halves of a position are delivered at all.
    fn has_position(&self) -> bool {
        let parts = || {
            let known = self.shown.keys().chain(self.ended.keys());
            known.filter_map(|it| it.as_str().strip_prefix(LOCATION))
        };
        parts().any(|part| part == "latitude") && parts().any(|part| part == "longitude")
    }

    fn announcer<'a>(&'a self, topics: &'a Topics, qos: u8) -> Announcer<'a> {
        Announcer {
            topics,
            vehicle: &self.vehicle,
            facts: self.facts.as_ref(),
            qos,
        }
    }
}
