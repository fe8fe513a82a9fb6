//! A session as a record.

use std::collections::{BTreeSet, HashSet};

use collector_core::{Cited, Record, RecordState, Value, Vehicle};
use jiff::Timestamp;

use super::energies::{self, Basis, Capacity, Energies};
use super::evidence;
use super::identity::Session;
use super::power::{self, Power};
use super::price::{self, Block, Charge, Cost};
use super::signals::Position;
use super::{MINUTE, anchor};
use crate::Rules;
use crate::kinds::{CHARGING_BLOCK, CHARGING_SESSION};
use crate::rules::{CurrentType, metres_between};
use facts::row::rounded as number;

/// How much later than charging a plug may be told and still be when it was plugged in.
const LATE_PLUG: i64 = 2 * MINUTE;
/// How far apart, in metres, the car and BMW may tell one place.
const NEXT_M: f64 = 150.0;

/// Where the car stood, in degrees, and why.
#[derive(Debug)]
pub struct Stood {
    pub degrees: (f64, f64),
    pub note: &'static str,
    pub cited: Cited,
}

/// Everything that a record says of a session.
#[derive(Debug)]
pub struct Told<'a> {
    pub session: &'a Session,
    /// In milliseconds since the epoch.
    pub start: i64,
    pub end: Option<i64>,
    pub plugged: Option<i64>,
    pub unplugged: Option<i64>,
    pub soc: (Option<f64>, Option<f64>),
    pub capacity: Option<Capacity>,
    pub energies: Energies,
    pub power: Power,
    pub blocks: Vec<Block>,
    pub cost: Cost,
    pub position: Option<Stood>,
    pub place: Option<String>,
}

/// `None` where a time is beyond what a record can have.
pub fn told(session: &Session, vehicle: &Vehicle, rules: &Rules) -> Option<Record> {
    let told = Told::of(session, vehicle, rules);
    let at = Timestamp::from_millisecond(told.start).ok()?;
    let mut record = Record::new(
        &CHARGING_SESSION,
        vehicle.clone(),
        at,
        [Value::Timestamp(at)],
        told.values(),
    );
    record.state = if session.is_open() {
        RecordState::Live
    } else {
        RecordState::Final
    };
    record.children = told.children(vehicle, record.state);
    record.evidence = evidence::of(&told);
    Some(record)
}

/// Other starts under which parts of a session may have been told before they were found to be one with it: the timeline
/// passes over those that never were.
pub fn withdraw_others(sessions: &[Session], records: &mut Vec<Record>, vehicle: &Vehicle) {
    let told: HashSet<_> = records.iter().map(|record| record.at).collect();
    let joined = sessions.iter().filter(|session| session.is_joined());
    let starts = joined.flat_map(|session| session.starts());
    let starts: BTreeSet<_> = starts
        .filter_map(|start| Timestamp::from_millisecond(start).ok())
        .collect();
    let others = starts.into_iter().filter(|at| !told.contains(at));
    records.extend(others.map(|at| {
        let unknown = vec![None; CHARGING_SESSION.columns.len()];
        let key = [Value::Timestamp(at)];
        let mut record = Record::new(&CHARGING_SESSION, vehicle.clone(), at, key, unknown);
        record.state = RecordState::Withdrawn;
        record
    }));
}

impl<'a> Told<'a> {
    fn of(session: &'a Session, vehicle: &Vehicle, rules: &Rules) -> Self {
        let owner = rules
            .vehicles
            .get(&vehicle.vin)
            .and_then(|vehicle| vehicle.capacity_kwh);
        let capacity = energies::capacity(session, owner);
        let energies = energies::energies(session, capacity);
        let blocks = power::blocks(session, &energies);
        let power = power::power(session, &energies, &blocks);
        let (start, end) = session.charged();
        let position = Stood::of(session);
        let degrees = position.as_ref().map(|stood| stood.degrees);
        let place = degrees.and_then(|(latitude, longitude)| rules.place(latitude, longitude));
        let place = place.map(|place| place.name.clone());
        let out = session.unplugged();
        let charge = Charge {
            blocks: &blocks,
            has_energy: energies.chosen.is_some(),
            is_metered: session.is_listed() && matches!(energies.chosen, Some((_, Basis::Grid))),
            place: place.as_deref(),
            current: power.current,
            unplugged_at: out.map(|sign| sign.at),
        };
        Self {
            session,
            start,
            end: end.filter(|_| !session.is_charging()),
            plugged: plugged(session, start),
            unplugged: out.map(|sign| sign.at),
            soc: session.state_of_charge(),
            capacity,
            cost: price::price(&charge, rules),
            energies,
            power,
            blocks,
            position,
            place,
        }
    }

    /// In the order of the columns.
    fn values(&self) -> Vec<Option<Value>> {
        let (energies, power, cost) = (&self.energies, &self.power, &self.cost);
        let bmw = self
            .session
            .listed
            .iter()
            .filter_map(|charge| charge.cost.as_ref());
        let bmw_currency = bmw.clone().next().map(|(_, currency)| currency.clone());
        let bmw = bmw.filter(|(_, currency)| Some(currency) == bmw_currency.as_ref());
        vec![
            time(self.end),
            time(self.plugged),
            time(self.unplugged),
            number(self.soc.0),
            number(self.soc.1),
            number(energies.grid),
            number(energies.battery),
            number(energies.soc.map(|(low, _)| low)),
            number(energies.soc.map(|(_, high)| high)),
            number(energies.power.map(|(low, high)| f64::midpoint(low, high))),
            number(energies.chosen.map(|(kwh, _)| kwh)),
            text(energies.chosen.map(|(_, basis)| basis.as_str())),
            number(power.mean),
            number(power.peak),
            text(power.current.map(current)),
            number(cost.amount),
            text(cost.currency.as_deref()),
            text(Some(cost.state.as_str())),
            number(energies.chosen.and(cost.unpriced_share)),
            number(self.session.odometer()),
            number(self.position.as_ref().map(|stood| stood.degrees.0)),
            number(self.position.as_ref().map(|stood| stood.degrees.1)),
            text(self.place.as_deref()),
            text(Some(basis(self.session))),
            number((!self.blocks.is_empty()).then(|| minutes(power.charging))),
            number(energies.returned),
            number(bmw.map(|(amount, _)| *amount).reduce(|a, b| a + b)),
            text(bmw_currency.as_deref()),
            text(Some(&*self.marks()).filter(|marks| !marks.is_empty())),
            preconditioning(self.session).map(Value::Bool),
            number(energies.loss),
            number(energies.below.map(|(percent, _)| percent)),
            number(energies.below.map(|(_, (low, high))| f64::midpoint(low, high))),
        ]
    }

    /// Why it is kept although something is odd: rule S6.
    pub fn marks(&self) -> String {
        let session = self.session;
        let unseen = session.windows().next().is_none();
        let nothing = self.energies.chosen.map_or(unseen, |(kwh, _)| kwh <= 0.0);
        let rose = self.soc.0.zip(self.soc.1).is_some_and(|(start, end)| end > start);
        let listed_open = session.listed.iter().any(|charge| charge.end.is_none());
        let mut windows = session.windows().zip(session.windows().skip(1));
        let paused = windows.any(|(a, b)| b.start.at - a.end.at >= anchor::PAUSE);
        let fallen = session
            .plug_ins
            .iter()
            .any(|plug_in| plug_in.discharging || plug_in.fallen().0 > 0.0);
        let failed = session.listed.iter().any(|charge| charge.failed);
        let failed = failed || session.plug_ins.iter().any(|plug_in| plug_in.failed.is_some());
        let marks = [
            ("no_energy", !session.is_charging() && !rose && nothing),
            ("no_end", listed_open && self.end.is_none() && !session.is_open()),
            ("split", session.listed.len() > 1 || paused),
            ("failed", failed),
            (
                "discharging",
                fallen || self.energies.returned.is_some_and(|kwh| kwh > 0.0),
            ),
        ];
        let set: Vec<_> = marks
            .into_iter()
            .filter(|(_, set)| *set)
            .map(|(mark, _)| mark)
            .collect();
        set.join(",")
    }

    fn children(&self, vehicle: &Vehicle, state: RecordState) -> Box<[Record]> {
        let blocks = self.blocks.iter().zip(&self.cost.blocks);
        let has_energy = self.energies.chosen.is_some();
        let child = |(block, cost): (&Block, &Option<f64>)| {
            let at = Timestamp::from_millisecond(block.start).ok()?;
            let kwh = Some(block.kwh).filter(|_| has_energy);
            let length = super::windows::hours(block.charging_ms);
            let mean = kwh.filter(|_| length > 0.0).map(|kwh| kwh / length);
            let values = [time(Some(block.end)), number(mean), number(kwh), number(*cost)];
            let mut child = Record::new(
                &CHARGING_BLOCK,
                vehicle.clone(),
                at,
                [Value::Timestamp(at)],
                values,
            );
            child.state = state;
            Some(child)
        };
        blocks.filter_map(child).collect()
    }
}

pub fn current(current: CurrentType) -> &'static str {
    match current {
        CurrentType::Ac => "AC",
        CurrentType::Dc => "DC",
    }
}

fn plugged(session: &Session, start: i64) -> Option<i64> {
    let sign = session.plug_ins.first()?.plugged?;
    Some(sign.at.min(start)).filter(|_| sign.at <= start + LATE_PLUG)
}

impl Stood {
    /// The car's position where BMW lists none, or one next to it, which is the less exact one; else BMW's.
    fn of(session: &Session) -> Option<Self> {
        let told = session.plug_ins.iter().rev();
        let by_car = |position: Position, note| Self {
            degrees: position.degrees(),
            note,
            cited: position.cited(),
        };
        let mut listed = session.listed.iter();
        let listed = listed.find_map(|charge| Some((charge.location?, charge.cited())));
        let is_next = |own: &Position| {
            let away = |(place, _): &((f64, f64), _)| metres_between(own.degrees(), *place);
            listed.as_ref().is_none_or(|listed| away(listed) <= NEXT_M)
        };
        if let Some(own) = told.clone().find_map(|plug_in| plug_in.position).filter(is_next) {
            return Some(by_car(own, "Where the car said that it stands."));
        }
        if let Some((degrees, cited)) = listed {
            let note = "As BMW lists it: the car told no position where it stood, or another one.";
            return Some(Self { degrees, note, cited });
        }
        let left = told.clone().find_map(|plug_in| plug_in.left_from)?;
        Some(by_car(
            left,
            "What the car told first behind the end; it had not driven since.",
        ))
    }
}

fn preconditioning(session: &Session) -> Option<bool> {
    let seen = session
        .plug_ins
        .iter()
        .filter_map(|plug_in| plug_in.preconditioning);
    let listed = session.listed.iter().filter_map(|charge| charge.preconditioning);
    seen.chain(listed).reduce(|a, b| a || b)
}

fn basis(session: &Session) -> &'static str {
    let streamed = session.plug_ins.iter().any(|plug_in| plug_in.streamed);
    match (session.listed.is_empty(), streamed) {
        (false, _) => "bmw",
        (true, true) => "stream",
        (true, false) => "poll",
    }
}

fn time(ms: Option<i64>) -> Option<Value> {
    Timestamp::from_millisecond(ms?).ok().map(Value::Timestamp)
}

fn text(text: Option<&str>) -> Option<Value> {
    text.map(|text| Value::Text(text.into()))
}

#[expect(clippy::cast_precision_loss, reason = "milliseconds of a session are exact")]
fn minutes(ms: i64) -> f64 {
    ms as f64 / MINUTE as f64
}
