//! What is shown now: the newest value of every descriptor of every vehicle, and the messages that follow from it.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use collector_core::resolved::{QUANTITIES, Quantity};
use collector_core::{
    Descriptor, Ended, Origin, Present, Reading, Record, SinkError, Snapshot, Value, Vehicle, Vin,
};

use jiff::{SignedDuration, Timestamp};

use crate::bmw;
use crate::car::{Age, Car, Shown};
use crate::config::{Form, MqttConfig};
use crate::discovery;
use crate::message::Message;
use crate::message::json;
use crate::records::Newest;
use crate::retained;
use crate::sensors;
use crate::topics::Topics;
use crate::total::Total;
use crate::track::LOCATION;
use crate::words::Words;

/// What arrived longer ago is not published in BMW's form, whose readers take it for the present: BMW's own broker has no
/// history.
const LONGEST_DELAY: SignedDuration = SignedDuration::from_mins(15);

/// What the broker is to know.
pub struct Board {
    pub topics: Topics,
    present: Arc<dyn Present>,
    /// What stands before BMW's topics; `None` where they are off.
    bmw: Option<String>,
    cars: BTreeMap<Vin, Car>,
    words: Words,
    records: Newest,
    totals: BTreeMap<Vin, Total>,
    /// Whether polls can be had for the asking.
    takes_demands: bool,
    /// Where the broker keeps no meter of a vehicle, it begins then.
    started_at: Timestamp,
    /// Whether the present is known, so that what is not in it can be taken away.
    complete: bool,
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
    pub fn new(config: &MqttConfig, present: Arc<dyn Present>, takes_demands: bool) -> Self {
        Self {
            topics: Topics::of(config),
            started_at: present.now(),
            present,
            bmw: (config.bmw == Form::On).then(|| config.bmw_prefix.clone()),
            cars: BTreeMap::new(),
            words: Words::default(),
            records: Newest::default(),
            totals: BTreeMap::new(),
            takes_demands,
            complete: false,
        }
    }

    /// Learns how things are now. What is known stays where it is newer.
    pub async fn prime(&mut self) -> Result<(), SinkError> {
        let latest = self.present.latest().await?;
        self.learn().await?;
        self.complete = !latest.is_empty();
        for snapshot in &latest {
            let car = Self::car(&mut self.cars, &snapshot.vehicle);
            car.track.look_ahead(&snapshot.readings);
        }
        for snapshot in &latest {
            let car = Self::car(&mut self.cars, &snapshot.vehicle);
            for reading in &snapshot.readings {
                car.track.take(reading);
                if car.show(reading, snapshot.origin) != Age::Older {
                    learn(&mut self.words, &self.topics, &car.vehicle.vin, reading);
                }
            }
            for ended in &snapshot.ended {
                car.had_ended(ended, snapshot.origin);
            }
        }
        // All of them are announced behind this.
        self.cars.values_mut().for_each(|car| car.is_offered = true);
        Ok(())
    }

    /// Whether Home Assistant is still to be told the model of a vehicle.
    pub fn is_curious(&self) -> bool {
        self.topics.announces && self.cars.values().any(|car| !car.has_model())
    }

    /// Asks again for what was not known of vehicles. Whether a model was learned.
    pub async fn learn(&mut self) -> Result<bool, SinkError> {
        let mut learned = false;
        for facts in self.present.vehicles().await? {
            let car = Self::car(&mut self.cars, &facts.vehicle);
            learned |= facts.model.is_some() && !car.has_model();
            car.facts = Some(facts);
        }
        Ok(learned)
    }

    /// Learns of a vehicle that was not there when the connection was made.
    pub async fn meet(&mut self, vehicle: &Vehicle) -> Result<(), SinkError> {
        if !self.cars.contains_key(&vehicle.vin) {
            let mut known = self.present.vehicles().await?.into_iter();
            let facts = known.find(|facts| facts.vehicle.vin == vehicle.vin);
            Self::car(&mut self.cars, vehicle).facts = facts;
        }
        Ok(())
    }

    /// Looks at a snapshot before its readings are taken.
    pub fn look_ahead(&mut self, snapshot: &Snapshot) {
        let car = Self::car(&mut self.cars, &snapshot.vehicle);
        car.track.look_ahead(&snapshot.readings);
    }

    /// The messages that one reading makes: in BMW's form where it has just arrived, and in the retained form unless something newer is shown.
    /// A replay shows nothing that is not the newest value already.
    pub fn take(&mut self, snapshot: &Snapshot, reading: &Reading, mode: Mode) -> Vec<Message> {
        let mut messages = Vec::new();
        let car = Self::car(&mut self.cars, &snapshot.vehicle);
        let told = quantities_of(&reading.descriptor).map(|it| (it, car.resolved(it)));
        let told: Vec<_> = told.collect();
        let is_fresh = self.present.now().duration_since(snapshot.received_at) <= LONGEST_DELAY;
        if let Some(prefix) = self.bmw.as_ref().filter(|_| is_fresh) {
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
        let is_word = wanted && learn(&mut self.words, &self.topics, &car.vehicle.vin, reading);
        let car = &self.cars[&snapshot.vehicle.vin];
        if wanted && (is_word || age == Age::News) && self.topics.announces {
            let announcer = car.announcer(&self.topics);
            messages.push(announcer.descriptor(&reading.descriptor, &self.words));
            if reading.descriptor.as_str().starts_with(LOCATION) && car.has_position() {
                messages.push(announcer.position());
            }
        }
        if wanted {
            messages.push(self.value(car, reading, snapshot.origin));
        }
        messages.extend(position.and_then(|_| self.position(car)));
        for (quantity, before) in told {
            messages.extend(self.resolved(car, quantity, before.as_deref()));
        }
        messages
    }

    /// The messages that the end of a value makes, where an older one is shown.
    pub fn end(&mut self, snapshot: &Snapshot, ended: &Ended) -> Vec<Message> {
        let car = Self::car(&mut self.cars, &snapshot.vehicle);
        let told = quantities_of(&ended.descriptor).map(|it| (it, car.resolved(it)));
        let told: Vec<_> = told.collect();
        let had_position = car.position_ended_at().is_none();
        let is_news = car.end(ended, snapshot.origin);
        let car = &self.cars[&snapshot.vehicle.vin];
        let mut messages = Vec::new();
        if let Some(shown) = car.shown.get(&ended.descriptor).filter(|_| is_news) {
            messages.push(self.shown(car, shown));
            for (quantity, before) in told {
                messages.extend(self.resolved(car, quantity, before.as_deref()));
            }
        }
        if had_position && car.position_ended_at().is_some() {
            messages.extend(self.position(car));
        }
        messages
    }

    /// The messages that follow from what a quantity is now, where that is not what it was `before`.
    fn resolved(&self, car: &Car, quantity: &Quantity, before: Option<&[u8]>) -> Vec<Message> {
        let now = car
            .resolved(quantity)
            .filter(|now| Some(now.as_slice()) != before);
        let Some(now) = now else {
            return Vec::new();
        };
        let mut messages = Vec::new();
        if before.is_none() && self.topics.announces {
            messages.push(car.announcer(&self.topics).quantity(quantity));
        }
        let topic = self.topics.quantity(&car.vehicle, quantity);
        messages.push(Message::retained(topic, now));
        messages
    }

    /// The messages that a record makes: what Home Assistant does not know yet stands before what it shows.
    pub fn tell(&mut self, record: &Record) -> Vec<Message> {
        let vin = &record.vehicle.vin;
        Self::car(&mut self.cars, &record.vehicle);
        let kind = Some(record.kind.name);
        let known = self.of_records(&self.cars[vin], kind);
        let told = self.records.tell(&self.topics, record);
        let currency = told
            .first()
            .and_then(|message| sensors::currency_of(&message.payload));
        let car = Self::car(&mut self.cars, &record.vehicle);
        car.currency = currency.or(car.currency.take());
        let metered = self.meter(record);
        let mut messages = self.of_records(&self.cars[vin], kind);
        messages.retain(|message| !known.contains(message));
        messages.extend(told);
        messages.extend(metered);
        messages
    }

    /// The meter where a record may have changed it, or is the first that it hears of.
    fn meter(&mut self, record: &Record) -> Option<Message> {
        let vin = &record.vehicle.vin;
        if !Total::counts(record) {
            return None;
        }
        let is_new = !self.totals.contains_key(vin);
        let begun = || Total::of(vin.clone(), self.started_at);
        let total = self.totals.entry(vin.clone()).or_insert_with(begun);
        let changes = total.tell(record, self.present.now());
        (changes || is_new).then(|| Message::retained(self.topics.total(&record.vehicle), json(total)))
    }

    /// What Home Assistant is told of a vehicle's records, of one kind or of all.
    fn of_records(&self, car: &Car, kind: Option<&str>) -> Vec<Message> {
        if !self.topics.announces {
            return Vec::new();
        }
        let has_total = self.totals.contains_key(&car.vehicle.vin);
        let (announcer, currency) = (car.announcer(&self.topics), car.currency.as_deref());
        sensors::announcements(&announcer, &self.records, kind, has_total, currency)
    }

    /// Where a vehicle is, or that nobody knows any more; `None` where nobody ever knew.
    fn position(&self, car: &Car) -> Option<Message> {
        let payload = match car.position_ended_at() {
            Some(at) => retained::position_ended(at),
            None => retained::position(car.track.newest()?),
        };
        Some(Message::retained(self.topics.position(&car.vehicle), payload))
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
        let totals = self.totals.iter().filter_map(|(vin, total)| {
            let vehicle = &self.cars.get(vin)?.vehicle;
            Some(Message::retained(self.topics.total(vehicle), json(total)))
        });
        let all = all.chain(totals);
        all.filter(|message| message.refusal().is_none())
    }

    /// What is to stand there for one vehicle, also what no broker would take.
    fn of_car(&self, car: &Car) -> Vec<Message> {
        // First, so that Home Assistant takes this charge for the one of the device.
        let quantities = QUANTITIES.iter();
        let mut messages: Vec<_> = quantities.flat_map(|it| self.resolved(car, it, None)).collect();
        if self.topics.announces {
            let announcer = car.announcer(&self.topics);
            let ended = car.only_ended().map(|(ended, _)| &ended.descriptor);
            let entities = car.shown.keys().chain(ended);
            messages.extend(entities.map(|it| announcer.descriptor(it, &self.words)));
            if car.has_position() {
                messages.push(announcer.position());
            }
        }
        messages.extend(self.button(car));
        messages.extend(self.of_records(car, None));
        let shown = car.shown.values();
        messages.extend(shown.map(|shown| self.shown(car, shown)));
        let ended = car.only_ended();
        messages.extend(ended.map(|(ended, origin)| self.ended(car, ended, *origin)));
        messages.extend(self.position(car));
        messages
    }

    /// Goes on from what the broker kept, and says what is to be taken away: what this sink put there in an earlier
    /// run and shows no longer. Where the present is not known nothing is taken away.
    pub fn adopt(&mut self, kept: &[(String, Vec<u8>)]) -> Vec<Message> {
        self.records.adopt(&self.topics, kept);
        for (topic, payload) in kept {
            if self.topics.is_discovery(topic) && discovery::is_own(payload, &self.topics) {
                self.words.adopt(topic, payload);
                for car in self.cars.values_mut().filter(|car| car.currency.is_none()) {
                    car.currency = sensors::kept_currency(&car.vehicle.vin, payload);
                }
            }
            if let Some((vin, total)) = Total::read(payload).filter(|_| self.topics.is_total(topic)) {
                self.totals.entry(vin).or_insert(total);
            }
        }
        let kept_in = |topic: &String| {
            let found = kept.iter().find(|(kept, _)| kept == topic);
            found.map(|(_, payload)| payload)
        };
        for car in self.cars.values_mut() {
            let position = kept_in(&self.topics.position(&car.vehicle)).filter(|_| car.has_position());
            if let Some(position) = position.and_then(|payload| retained::position_of(payload)) {
                car.track.adopt(position);
            }
            let vehicle = &car.vehicle;
            for shown in car.shown.values_mut().filter(|shown| shown.is_counter()) {
                let before = kept_in(&self.topics.value(vehicle, &shown.reading.descriptor));
                if let Some(before) = before.and_then(|payload| retained::number_of(payload)) {
                    shown.go_on_from(before);
                }
            }
        }
        if !self.complete {
            return Vec::new();
        }
        let all = self.cars.values().flat_map(|car| self.of_car(car));
        let wanted: HashSet<String> = all.map(|message| message.topic).collect();
        let unwanted = kept
            .iter()
            .filter(|(topic, payload)| !wanted.contains(topic) && self.is_own(topic, payload));
        let mut topics: Vec<&String> = unwanted.map(|(topic, _)| topic).collect();
        // Entities go before their values, which would be unknown to Home Assistant for a moment.
        topics.sort_by_key(|topic| !self.topics.is_discovery(topic));
        topics.into_iter().cloned().map(Message::clear).collect()
    }

    fn is_own(&self, topic: &str, payload: &[u8]) -> bool {
        if self.topics.is_discovery(topic) {
            return discovery::is_own(payload, &self.topics);
        }
        if self.topics.is_position(topic) {
            return retained::is_position(payload);
        }
        if self.topics.is_quantity(topic) {
            return retained::from_of(payload).is_some();
        }
        retained::descriptor_of(payload).is_some_and(|descriptor| self.topics.is_value_of(topic, &descriptor))
    }

    fn car<'a>(cars: &'a mut BTreeMap<Vin, Car>, vehicle: &Vehicle) -> &'a mut Car {
        cars.entry(vehicle.vin.clone())
            .or_insert_with(|| Car::new(vehicle))
    }
}

/// The quantities that a descriptor tells of.
fn quantities_of(descriptor: &Descriptor) -> impl Iterator<Item = &'static Quantity> {
    let told = |quantity: &&Quantity| quantity.is_told_by(descriptor);
    QUANTITIES.iter().filter(told)
}

/// Whether a reading has a word that Home Assistant was never told of.
fn learn(words: &mut Words, topics: &Topics, vin: &Vin, reading: &Reading) -> bool {
    let named = reading.descriptor.options();
    let (Value::Text(text), false) = (&reading.value, named.is_empty()) else {
        return false;
    };
    words.learn(&discovery::topic(topics, vin, &reading.descriptor), named, text)
}

mod offer;
#[cfg(test)]
mod tests;
