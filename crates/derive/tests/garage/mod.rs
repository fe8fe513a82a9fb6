//! Cars that drive, charge and tell of it, and the way of their messages.

use std::collections::{BTreeMap, HashSet};

use collector_core::{Document, Entry, Origin, Reading, Snapshot, Value, Vehicle, document};
use jiff::Timestamp;

pub const MINUTE: i64 = 60_000;
const DAY: i64 = 1_440;
/// 2026-02-02T00:00:00Z, a Monday, in minutes.
const BEGIN: i64 = 29_500_000 - 29_500_000 % DAY;

const HEADER: &str = "vehicle.drivetrain.batteryManagement.header";
const DISPLAYED: &str = "vehicle.powertrain.electric.battery.stateOfCharge.displayed";
const STATUS: &str = "vehicle.drivetrain.electricEngine.charging.status";
const HV_STATUS: &str = "vehicle.drivetrain.electricEngine.charging.hvStatus";
const PLUG: &str = "vehicle.body.chargingPort.status";
const PLUG_POLLED: &str = "vehicle.body.chargingPort.combinedStatus";
const PLUG_EVENT: &str = "vehicle.body.chargingPort.plugEventId";
const POWER: &str = "vehicle.powertrain.electric.battery.charging.power";
const ODOMETER: &str = "vehicle.vehicle.travelledDistance";
const MOVING: &str = "vehicle.isMoving";
const MAX_ENERGY: &str = "vehicle.drivetrain.batteryManagement.maxEnergy";
const CONDITIONING: &str = "vehicle.vehicle.preConditioning.activity";

/// What a kind of cars tells, and how.
pub struct Kind {
    pub name: &'static str,
    soc: &'static str,
    status: &'static str,
    plug: Option<&'static str>,
    moves: bool,
    power: bool,
    miles: bool,
    capacity: f64,
    /// It tells everything at unlock and lock, and nothing in between.
    pub wakes_only: bool,
}

const BASE: Kind = Kind {
    name: "old head unit",
    soc: HEADER,
    status: STATUS,
    plug: Some(PLUG),
    moves: true,
    power: true,
    miles: false,
    capacity: 70.0,
    wakes_only: false,
};

pub const KINDS: &[Kind] = &[
    BASE,
    Kind {
        name: "i5",
        moves: false,
        capacity: 81.0,
        ..BASE
    },
    Kind {
        name: "Neue Klasse",
        soc: DISPLAYED,
        plug: Some(PLUG_POLLED),
        moves: false,
        capacity: 108.0,
        ..BASE
    },
    Kind {
        name: "plug-in hybrid",
        status: HV_STATUS,
        power: false,
        capacity: 12.0,
        ..BASE
    },
    Kind {
        name: "British",
        miles: true,
        moves: false,
        ..BASE
    },
    Kind {
        name: "old iDrive",
        moves: false,
        power: false,
        wakes_only: true,
        ..BASE
    },
];

/// A session as it was, in minutes.
pub struct Charged {
    pub start: i64,
    pub end: i64,
    pub kwh: f64,
    blocks: Vec<(i64, i64, f64)>,
    soc: (f64, f64),
    km: f64,
}

type Told = (&'static str, Value);

/// A car in its world.
pub struct Car<'a> {
    kind: &'a Kind,
    now: i64,
    soc: f64,
    km: f64,
    plugs: f64,
    charge: Option<Charged>,
    pub truth: Vec<Charged>,
    /// Plug-ins that charged so little that no car need tell of them, in minutes.
    pub trifles: Vec<(i64, i64)>,
    /// In the order of time: minute and what was told then.
    said: Vec<(i64, Vec<Told>)>,
    random: u64,
}

impl<'a> Car<'a> {
    pub fn new(kind: &'a Kind) -> Self {
        let mut car = Self {
            kind,
            now: BEGIN,
            soc: 60.0,
            km: 20_000.0,
            plugs: 4.0,
            charge: None,
            truth: Vec::new(),
            trifles: Vec::new(),
            said: Vec::new(),
            random: 7,
        };
        let told = vec![
            (MAX_ENERGY, Value::Number(kind.capacity)),
            car.told_soc(),
            car.told_km(),
        ];
        car.say(told);
        car
    }

    /// From 0 up to, but not, 1.
    fn chance(&mut self) -> f64 {
        self.random = self
            .random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.random >> 33) as f64 / f64::from(1_u32 << 31)
    }

    fn say(&mut self, told: Vec<Told>) {
        self.said.push((self.now, told));
    }

    fn told_soc(&self) -> Told {
        (self.kind.soc, Value::Number(self.soc.round()))
    }

    fn told_km(&self) -> Told {
        let km = if self.kind.miles {
            (self.km / 1.609_344).floor() * 1.609_344
        } else {
            self.km.floor()
        };
        (ODOMETER, Value::Number(km))
    }

    fn told_status(&self, word: &str) -> Told {
        let word = match (self.kind.status, word) {
            (HV_STATUS, "CHARGINGACTIVE") => "CHARGING",
            (HV_STATUS, "CHARGINGPAUSED") => "WAITING_FOR_CHARGING",
            (HV_STATUS, "CHARGINGENDED") => "FINISHED_NOT_FULL",
            (HV_STATUS, "NOCHARGING") => "NOT_CHARGING",
            (_, word) => word,
        };
        (self.kind.status, Value::Text(word.into()))
    }

    fn told_plug(&self, word: &str) -> Option<Told> {
        self.kind.plug.map(|key| (key, Value::Text(word.into())))
    }

    fn talks(&self) -> bool {
        !self.kind.wakes_only
    }

    fn drive(&mut self, minutes: i64, km: f64) {
        self.now += 1;
        let mut told = vec![self.told_soc(), self.told_km()];
        if self.kind.moves {
            told.push((MOVING, Value::Bool(true)));
        }
        // Unlocked.
        self.say(told);
        let used = km * 0.18 / self.kind.capacity * 100.0;
        for minute in 1..=minutes {
            self.now += 1;
            self.km += km / minutes as f64;
            self.soc = (self.soc - used / minutes as f64).max(4.0);
            if minute % 3 == 0 && self.talks() {
                let told = vec![self.told_soc(), self.told_km()];
                self.say(told);
            }
        }
        let mut told = vec![self.told_soc(), self.told_km()];
        if self.kind.moves {
            told.push((MOVING, Value::Bool(false)));
        }
        self.now += 1;
        // Locked.
        self.say(told);
    }

    fn stand(&mut self, minutes: i64) {
        self.now += minutes;
    }

    fn plug(&mut self) {
        self.now += 1;
        self.plugs += 1.0;
        let mut told: Vec<_> = self.told_plug("CONNECTED").into_iter().collect();
        if self.kind.moves {
            told.push((PLUG_EVENT, Value::Number(self.plugs)));
        }
        if self.talks() {
            self.say(told);
        }
        self.charge = Some(Charged {
            start: 0,
            end: 0,
            kwh: 0.0,
            blocks: Vec::new(),
            soc: (self.soc, self.soc),
            km: self.km,
        });
    }

    fn charge(&mut self, minutes: i64, kw: f64) {
        self.now += 1;
        let start = self.now;
        if self.talks() {
            let told = vec![self.told_status("CHARGINGACTIVE"), self.told_soc()];
            self.say(told);
        }
        let mut minute = 0;
        while minute < minutes && self.soc < 100.0 {
            minute += 1;
            self.now += 1;
            self.soc = (self.soc + kw / 60.0 / self.kind.capacity * 100.0).min(100.0);
            if self.talks() && minute % 3 == 1 {
                let mut told = vec![self.told_soc()];
                if self.kind.power {
                    told.push((POWER, Value::Number(kw * 1_000.0 + self.chance().round())));
                }
                self.say(told);
            }
        }
        let (now, soc) = (self.now, self.soc);
        if let Some(charge) = self.charge.as_mut().filter(|_| now > start) {
            charge.start = if charge.start == 0 { start } else { charge.start };
            charge.end = now;
            charge.kwh += kw * (now - start) as f64 / 60.0;
            charge.soc.1 = soc;
            charge.blocks.push((start, now, kw));
        }
    }

    fn pause(&mut self, minutes: i64, word: &str) {
        if self.talks() {
            let mut told = vec![self.told_status(word), self.told_soc()];
            if self.kind.power {
                told.push((POWER, Value::Number(0.0)));
            }
            self.say(told);
        }
        self.now += minutes;
    }

    fn give_back(&mut self, minutes: i64, kw: f64) {
        for minute in 0..minutes {
            self.now += 1;
            self.soc -= kw / 60.0 / self.kind.capacity * 100.0;
            if minute % 10 == 0 && self.talks() {
                let told = vec![self.told_soc()];
                self.say(told);
            }
        }
    }

    fn unplug(&mut self) {
        self.now += 1;
        let mut told: Vec<_> = self.told_plug("DISCONNECTED").into_iter().collect();
        told.push(self.told_status("NOCHARGING"));
        told.push(self.told_soc());
        self.say(told);
        let Some(charge) = self.charge.take() else { return };
        if charge.kwh > 0.06 * self.kind.capacity {
            self.truth.push(charge);
        } else {
            self.trifles.push((charge.start, charge.end));
        }
    }

    fn until(&mut self, day: i64, hour: i64, minute: i64) {
        self.now = self.now.max(BEGIN + day * DAY + hour * 60 + minute);
    }

    pub fn live(&mut self, days: i64) {
        for day in 0..days {
            let weekend = day % 7 >= 5;
            if weekend && self.chance() < 0.6 {
                self.sunny_day(day);
                continue;
            }
            self.until(day, 7, 30);
            let km = 10.0 + 40.0 * self.chance();
            self.drive(20 + (km * 0.7) as i64, km);
            if day % 9 == 4 && self.kind.capacity > 20.0 {
                self.stand(1);
                self.plug();
                self.charge(25, 90.0);
                self.pause(1, "CHARGINGENDED");
                self.unplug();
                self.stand(2);
                self.drive(40, 60.0);
            } else if self.chance() < 0.3 {
                self.stand(3);
                self.plug();
                self.charge(180, 11.0_f64.min(self.kind.capacity / 3.0));
                self.pause(200, "CHARGINGENDED");
                self.unplug();
            }
            self.until(day, 17, 30);
            self.drive(30, km);
            if self.chance() < 0.75 {
                self.evening(day);
            }
        }
    }

    fn evening(&mut self, day: i64) {
        self.stand(2);
        self.plug();
        let kw = 11.0_f64.min(self.kind.capacity / 3.5);
        match (self.chance() * 4.0) as u8 {
            0 => {
                self.charge(240, kw);
                self.pause(10, "CHARGINGENDED");
            }
            1 => {
                self.charge(50, kw);
                self.pause(240, "CHARGINGPAUSED");
                self.charge(200, kw);
                self.pause(5, "CHARGINGENDED");
            }
            2 if self.soc > 40.0 => {
                self.charge(30, kw);
                self.pause(60, "CHARGINGPAUSED");
                self.give_back(90, kw.min(5.0));
                self.stand(60);
                self.charge(200, kw);
                self.pause(5, "CHARGINGENDED");
            }
            _ => {
                self.pause(300, "CHARGINGPAUSED");
                self.charge(180, kw);
                self.pause(5, "CHARGINGENDED");
            }
        }
        self.until(day + 1, 7, 5);
        if self.talks() {
            self.say(vec![(CONDITIONING, Value::Text("HEATING".into()))]);
        }
        self.stand(15);
        if self.talks() {
            self.say(vec![(CONDITIONING, Value::Text("INACTIVE".into()))]);
        }
        self.unplug();
    }

    /// Forty times of sun.
    fn sunny_day(&mut self, day: i64) {
        self.until(day, 9, 0);
        self.soc = self.soc.min(70.0);
        self.drive(12, 6.0);
        self.stand(1);
        self.plug();
        for _ in 0..40 {
            let minutes = 4 + (self.chance() * 5.0) as i64;
            let kw = 1.4 + self.chance();
            self.charge(minutes, kw);
            let pause = 2 + (self.chance() * 5.0) as i64;
            self.pause(pause, "CHARGINGPAUSED");
        }
        self.pause(30, "CHARGINGENDED");
        self.unplug();
    }
}

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
        streamed || (!kind.wakes_only && polls(self.start, self.end))
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
    (BEGIN + 60 * DAY..BEGIN + 67 * DAY).contains(&at)
}

fn moment(minute: i64) -> Timestamp {
    Timestamp::from_millisecond(minute * MINUTE).unwrap()
}

fn reading(key: &str, value: Value, at: i64) -> Reading {
    let entry = catalogue::find(key).unwrap_or_else(|| panic!("{key} is in no catalogue"));
    Reading::new(entry.to_descriptor(), value, entry.unit.clone(), moment(at))
}
