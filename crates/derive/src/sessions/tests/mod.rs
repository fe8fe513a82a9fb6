//! A car that tells facts, and what is told of it.

mod anchor;
mod below;
mod energies;
mod identity;
mod place;
mod price;
mod rises;

use collector_core::{Record, RecordState, Value, Vehicle, Vin, document};
use jiff::Timestamp;

use super::{MINUTE, Sessions};
use crate::fact::{Charging, Fact, Sent, SocKey, What};
use crate::{Fold, Rules};

/// 2026-01-05T18:00:00Z, a Monday.
const BEGIN: i64 = 1_767_636_000_000;

struct Car {
    sessions: Sessions,
    rules: Rules,
    seq: u64,
}

impl Car {
    fn new() -> Self {
        Self {
            sessions: Sessions::default(),
            rules: Rules::default(),
            seq: 0,
        }
    }

    fn with(rules: Rules) -> Self {
        Self { rules, ..Self::new() }
    }

    /// At a minute after the beginning.
    fn say(&mut self, minute: i64, what: What) -> &mut Self {
        self.fact(minute, what, false)
    }

    /// Stamped by BMW with the time of the call.
    fn poll(&mut self, minute: i64, what: What) -> &mut Self {
        self.fact(minute, what, true)
    }

    fn fact(&mut self, minute: i64, what: What, requested: bool) -> &mut Self {
        self.seq += 1;
        let at = BEGIN + minute * MINUTE;
        let fact = Fact {
            at,
            seq: self.seq,
            received_at: at,
            requested,
            key: crate::fact::Key::default(),
            what,
        };
        self.sessions.step(&fact, &self.rules);
        self
    }

    /// BMW lists a charge; `$(5)` in its JSON is the fifth minute in seconds.
    fn list(&mut self, minute: i64, json: &str) -> &mut Self {
        let mut text = json.to_owned();
        while let Some((before, rest)) = text.split_once("$(") {
            let (minute, after) = rest.split_once(')').unwrap();
            let seconds = (BEGIN + minute.parse::<i64>().unwrap() * MINUTE) / 1_000;
            text = format!("{before}{seconds}{after}");
        }
        let sent = Sent {
            name: document::CHARGING_SESSION.into(),
            at: Timestamp::from_millisecond(BEGIN).unwrap(),
            json: text.into(),
        };
        self.say(minute, What::Document(sent.into()))
    }

    fn records(&self) -> Vec<Row> {
        let vin = "WBA00000000000001".parse::<Vin>().unwrap();
        let mut records = self.sessions.records(&Vehicle::named(vin, None), &self.rules);
        records.retain(|record| record.state != RecordState::Withdrawn);
        records.sort_by_key(|record| record.at);
        records.into_iter().map(Row).collect()
    }

    /// The only record.
    fn one(&self) -> Row {
        let mut records = self.records();
        assert_eq!(records.len(), 1, "{records:#?}");
        records.remove(0)
    }

    /// Start and end of every session, in minutes; -1 for no end.
    fn spans(&self) -> Vec<(i64, i64)> {
        let rows = self.records();
        rows.iter()
            .map(|row| (row.start(), row.minute("end_at").unwrap_or(-1)))
            .collect()
    }
}

#[derive(Debug)]
struct Row(Record);

impl Row {
    fn start(&self) -> i64 {
        (self.0.at.as_millisecond() - BEGIN) / MINUTE
    }

    fn value(&self, column: &str) -> Option<Value> {
        let mut columns = self.0.value_columns();
        let (_, value) = columns
            .find(|(own, _)| own.name == column)
            .unwrap_or_else(|| panic!("no column {column}"));
        value.cloned()
    }

    fn minute(&self, column: &str) -> Option<i64> {
        let Value::Timestamp(at) = self.value(column)? else {
            panic!("{column} is no time")
        };
        Some((at.as_millisecond() - BEGIN) / MINUTE)
    }

    fn number(&self, column: &str) -> Option<f64> {
        let Value::Number(number) = self.value(column)? else {
            panic!("{column} is no number")
        };
        Some((number * 1e6).round() / 1e6)
    }

    fn text(&self, column: &str) -> String {
        self.value(column)
            .map(|value| value.to_string())
            .unwrap_or_default()
    }

    fn is_final(&self) -> bool {
        self.0.state == RecordState::Final
    }
}

fn soc(percent: f64) -> What {
    What::Soc(percent, SocKey::Header)
}

const ACTIVE: What = What::Charging(Charging::Active);
const WAITING: What = What::Charging(Charging::Waiting);
const ENDED: What = What::Charging(Charging::Ended);
const OFF: What = What::Charging(Charging::Off);
const IN: What = What::Plugged(true);
const OUT: What = What::Plugged(false);

#[test]
fn a_record_has_a_value_for_every_column() {
    let mut car = Car::new();
    car.say(0, IN).say(1, ACTIVE).say(60, ENDED).say(90, OUT);
    let row = car.one();
    assert_eq!(row.0.values.len(), row.0.kind.columns.len());
    for (column, value) in row.0.value_columns() {
        assert!(
            value.is_none_or(|value| value.value_type() == column.value_type),
            "{}",
            column.name
        );
    }
    let columns: Vec<_> = row
        .0
        .kind
        .columns
        .iter()
        .chain(row.0.kind.key)
        .map(|column| column.name)
        .collect();
    assert!(
        row.0
            .evidence
            .iter()
            .all(|evidence| columns.contains(&&*evidence.column))
    );
}

#[test]
fn the_state_goes_through_json_unchanged() {
    let mut car = Car::new();
    car.say(0, IN)
        .say(1, ACTIVE)
        .say(2, What::Power(7.3))
        .say(3, soc(40.1))
        .say(7, What::Power(7.4));
    car.list(8, r#"{"startTime":$(0),"energyConsumedFromPowerGridKwh":0.1}"#);
    let json = serde_json::to_string(&car.sessions).unwrap();
    assert_eq!(serde_json::from_str::<Sessions>(&json).unwrap(), car.sessions);
}
