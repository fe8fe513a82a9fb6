//! A set of rules that depends on everything, and entries for it.

mod bounds;
mod due;
mod sameness;
mod silence;
mod telling;

use std::collections::BTreeMap;

use collector_core::{Origin, Reading, RecordState, Value};
use jiff::Timestamp;

use super::*;
use crate::kinds::STANDSTILL;

const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;
const START: i64 = 20_000 * DAY;
const ODOMETER: &str = "vehicle.vehicle.travelledDistance";
const MOVING: &str = "vehicle.isMoving";

/// A record a day, whose number depends on every fact of it and on their order, to the last bit.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Days {
    days: BTreeMap<i64, f64>,
    newest: i64,
}

impl Fold for Days {
    fn step(&mut self, fact: &Fact, _: &Rules) {
        let number = match fact.what {
            What::Odometer(km) => km,
            What::Moving(is) => 100.0 + f64::from(u8::from(is)),
            _ => return,
        };
        assert!(fact.at >= self.newest, "the order of measurement");
        let chain = self.days.entry(fact.at.div_euclid(DAY)).or_default();
        *chain = (*chain + number) / 3.0;
        self.newest = fact.at;
        // The day before the newest has only just ended, be it long ago.
        while self.days.len() > 2
            && self
                .days
                .keys()
                .next()
                .is_some_and(|day| (day + 1) * DAY < fact.at - 4 * DAY)
        {
            self.days.pop_first();
        }
    }

    fn records(&self, vehicle: &Vehicle, _: &Rules) -> Vec<Record> {
        let days = self.days.iter();
        let records = days.map(|(day, chain)| {
            let at = Timestamp::from_millisecond(day * DAY).unwrap();
            let values = [None, Some(Value::Number(*chain))];
            let mut record = Record::new(&STANDSTILL, vehicle.clone(), at, [Value::Timestamp(at)], values);
            if (day + 1) * DAY <= self.newest {
                record.state = RecordState::Final;
            }
            record
        });
        records.collect()
    }
}

fn vehicle() -> Vehicle {
    Vehicle::named("WBY31AW090FP12345".parse().unwrap(), None)
}

fn reading(key: &str, value: Value, at: i64) -> Reading {
    let descriptor = catalogue::find(key).unwrap().to_descriptor();
    let at = Timestamp::from_millisecond(at).unwrap();
    Reading::new(descriptor, value, None, at)
}

fn entry(received_at: i64, readings: Vec<Reading>) -> Snapshot {
    let at = Timestamp::from_millisecond(received_at).unwrap();
    let name = |name: &str| name.into();
    Snapshot::new(vehicle(), name("a"), name("s"), Origin::Stream, at).with(readings, Vec::new())
}

/// All that is told of entries.
fn told(entries: &[Snapshot]) -> Vec<Record> {
    let mut timeline = Timeline::<Days>::default();
    let rules = Rules::default();
    let told = (1..)
        .zip(entries)
        .flat_map(|(seq, entry)| timeline.take(seq, entry, &rules));
    told.collect()
}

/// The records as they were told last, without revisions.
fn final_ones(told: Vec<Record>) -> BTreeMap<Timestamp, Record> {
    let mut records = BTreeMap::new();
    for record in told {
        let before = records.get(&record.at).map_or(0, |it: &Record| it.revision);
        assert_eq!(record.revision, before + 1, "revisions rise one by one");
        records.insert(record.at, record);
    }
    records.values_mut().for_each(|record| record.revision = 0);
    records.retain(|_, record| record.state != RecordState::Withdrawn);
    records
}
