//! The rules of the battery, each on what it must tell apart: what the tests have in common.

mod bmw;
mod capacity;
mod consumption;
mod month;

use collector_core::{Cited, Evidence, Record, RecordState, Value, Vehicle};
use jiff::tz::TimeZone;

use super::{Battery, CHARGING_SESSION, DAY};
use facts::Rules;
use facts::fact::{Fact, Key, What};
use facts::row::{Row, moment};

/// 2026-01-01T00:00:00Z, in milliseconds.
const NEW_YEAR: i64 = 1_767_225_600_000;
const VIN: &str = "WBY8P210X07A12345";

/// A session as the timeline tells it.
struct Session {
    start: i64,
    minutes: f64,
    from: f64,
    to: f64,
    battery: Option<f64>,
    odometer: Option<f64>,
}

impl Session {
    /// One of two hours on the n-th day of the year.
    fn on(day: i64, from: f64, to: f64, battery: f64) -> Self {
        Self {
            start: NEW_YEAR + day * DAY,
            minutes: 120.0,
            from,
            to,
            battery: Some(battery),
            odometer: None,
        }
    }

    fn record(&self) -> Record {
        let mut row = Row::of(&CHARGING_SESSION);
        let end = self.start + (self.minutes * 60_000.0) as i64;
        row.set("end_at", Some(Value::Timestamp(moment(end))));
        row.number("charging_minutes", Some(self.minutes));
        row.number("soc_start", Some(self.from));
        row.number("soc_end", Some(self.to));
        row.number("energy_battery_kwh", self.battery);
        row.number("odometer_km", self.odometer);
        row.text("current_type", Some("AC"));
        row.text("energy_basis", Some("battery"));
        let at = moment(self.start);
        let key = [Value::Timestamp(at)];
        let mut record = Record::new(&CHARGING_SESSION, vehicle(), at, key, row.values());
        record.state = RecordState::Final;
        let cited = Cited {
            seq: 7,
            descriptor: "cardata:charging_session".into(),
            measured_at: at,
            value: "".into(),
        };
        record.evidence = [Evidence {
            column: "energy_battery_kwh".into(),
            rule: "S3".into(),
            interval: None,
            note: "".into(),
            cited: [cited].into(),
        }]
        .into();
        record
    }
}

fn vehicle() -> Vehicle {
    Vehicle::named(VIN.parse().unwrap(), None)
}

fn rules() -> Rules {
    Rules {
        timezone: TimeZone::get("Europe/Berlin").unwrap(),
        ..Rules::default()
    }
}

fn set(record: &mut Record, column: &str, value: Value) {
    let at = record.kind.columns.iter().position(|known| known.name == column);
    record.values[at.unwrap()] = Some(value);
}

/// The record of a month; of consumption, of a window too.
fn of<'r>(records: &'r [Record], kind: &str, month: &str, days: f64) -> Option<&'r Record> {
    let key = |record: &&Record| {
        let days = record
            .key
            .get(1)
            .is_none_or(|value| *value == Value::Number(days));
        record.kind.name == kind && record.key[0] == Value::Text(month.into()) && days
    };
    records.iter().find(key)
}

fn told(battery: &mut Battery, sessions: &[Session], rules: &Rules) {
    sessions
        .iter()
        .for_each(|session| battery.told(&session.record(), rules));
}

fn fact(at: i64, what: What) -> Fact {
    Fact {
        at,
        seq: 1,
        received_at: at,
        requested: false,
        key: Key::of("vehicle.drivetrain.batteryManagement.maxEnergy").unwrap(),
        what,
    }
}

/// A fact that tells the time alone.
fn moving(at: i64) -> Fact {
    fact(at, What::Moving(true))
}
