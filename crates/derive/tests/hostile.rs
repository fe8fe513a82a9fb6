//! Charges as no car ever charged, listed by BMW: what the car told itself stays.

#![expect(clippy::unwrap_used, reason = "a test speaks by panicking")]

use std::collections::BTreeMap;

use collector_core::{
    Document, Entry, Origin, Reading, Record, RecordState, Snapshot, Value, Vehicle, document,
};
use derive::{Deriver, Rules};
use jiff::Timestamp;

const MINUTE: i64 = 60_000;
const START: i64 = 1_772_000_000_000;

fn moment(ms: i64) -> Timestamp {
    Timestamp::from_millisecond(ms).unwrap()
}

const VIN: &str = "WBY31AW090FP12345";
const HOUR: i64 = 60 * MINUTE;

fn entry(seq: u64, received_at: i64, readings: Vec<Reading>, documents: Vec<Document>) -> Entry {
    let vehicle = Vehicle::named(VIN.parse().unwrap(), None);
    let origin = if documents.is_empty() {
        Origin::Stream
    } else {
        Origin::Poll
    };
    let snapshot = Snapshot::new(vehicle, "a".into(), "s".into(), origin, moment(received_at));
    let mut snapshot = snapshot.with(readings, Vec::new());
    snapshot.documents = documents;
    Entry::snapshot_of(seq, snapshot)
}

fn reading(name: &str, at: i64, value: Value) -> Reading {
    let known = catalogue::find(name).unwrap();
    Reading::new(known.to_descriptor(), value, known.unit.clone(), moment(at))
}

/// A charge of two hours from 40 to 60 %, as a car tells it.
fn charged(deriver: &mut Deriver, from: i64, seq: &mut u64) -> Vec<Record> {
    let mut told = Vec::new();
    let mut say = |at: i64, name: &str, value: Value| {
        *seq += 1;
        let entry = entry(*seq, at + 1_000, vec![reading(name, at, value)], vec![]);
        told.extend(deriver.fold(&entry));
    };
    let odo = "vehicle.vehicle.travelledDistance";
    let soc = "vehicle.drivetrain.batteryManagement.header";
    let plug = "vehicle.body.chargingPort.status";
    let status = "vehicle.drivetrain.electricEngine.charging.status";
    say(from, odo, Value::Number(20_000.0));
    say(from, soc, Value::Number(40.0));
    say(from, plug, Value::Text("CONNECTED".into()));
    say(from, status, Value::Text("CHARGINGACTIVE".into()));
    for minute in 0..20 {
        say(
            from + minute * 6 * MINUTE,
            soc,
            Value::Number(40.0 + minute as f64),
        );
    }
    say(from + 2 * HOUR, soc, Value::Number(60.0));
    say(from + 2 * HOUR, status, Value::Text("NOCHARGING".into()));
    say(from + 2 * HOUR, plug, Value::Text("DISCONNECTED".into()));
    for minute in 0..20 {
        say(
            from + 3 * HOUR + minute * MINUTE,
            odo,
            Value::Number(20_001.0 + minute as f64),
        );
    }
    told
}

fn document(json: &str) -> Document {
    Document {
        name: document::CHARGING_SESSION.into(),
        at: moment(START + 5 * HOUR),
        json: json.into(),
    }
}

fn standing(told: Vec<Record>) -> BTreeMap<String, Record> {
    let mut standing = BTreeMap::new();
    for record in told {
        standing.insert(format!("{} {:?}", record.kind.name, record.key), record);
    }
    standing.retain(|_, record: &mut Record| record.state != RecordState::Withdrawn);
    standing
}

/// The charge that the car told itself, and how many there are, when BMW lists this beside it.
fn with(listed: &str) -> (Record, usize) {
    let (mut deriver, mut seq) = (Deriver::new(Rules::default()), 0);
    let mut told = charged(&mut deriver, START, &mut seq);
    seq += 1;
    told.extend(deriver.fold(&entry(seq, START + 5 * HOUR, vec![], vec![document(listed)])));
    told.extend(charged(&mut deriver, START + 48 * HOUR, &mut seq));
    let mut sessions: Vec<_> = standing(told).into_values().collect();
    sessions.retain(|record| record.kind.name == "charging_session");
    let own = sessions.iter().find(|record| record.at == moment(START)).unwrap();
    (own.clone(), sessions.len())
}

fn number(record: &Record, column: &str) -> Option<f64> {
    let mut columns = record.value_columns();
    match columns.find(|(own, _)| own.name == column)?.1? {
        Value::Number(number) => Some(*number),
        _ => None,
    }
}

#[test]
fn a_charge_that_began_when_none_can_have_is_none() {
    let (own, 2) = with("null") else { panic!() };
    for start in [
        "1",
        "4080000000",
        "253402207200",
        r#""-005000-01-01T00:00:00Z""#,
        "1e300",
        "[]",
    ] {
        let listed =
            format!(r#"{{"startTime":{start},"endTime":4080003600,"energyConsumedFromPowerGridKwh":5}}"#);
        assert_eq!(with(&listed), (own.clone(), 2), "{start}");
    }
}

#[test]
fn what_no_car_can_mean_is_unknown_and_loses_nothing_else() {
    let s = START / 1_000;
    for wrong in [
        r#""energyConsumedFromPowerGridKwh":1e300,"energyIncreaseHvbKwh":1e6"#,
        r#""mileage":1e300"#,
        r#""chargingLocation":{"mapMatchedLatitude":9999,"mapMatchedLongitude":1}"#,
        r#""chargingLocation":{"mapMatchedLatitude":1,"mapMatchedLongitude":-1e308}"#,
        r#""chargingCostInformation":{"calculatedChargingCost":-1e300,"currency":"EUR"}"#,
        r#""chargingCostInformation":{"calculatedChargingCost":1,"currency":"\u001b[31m"}"#,
        r#""chargingBlocks":[{"startTime":1,"endTime":253402207200,"averagePowerGridKw":11}]"#,
    ] {
        let listed = format!(r#"{{"startTime":{s},"endTime":{},"displayedSoc":61}}"#, s + 7_200);
        let (without, _) = with(&listed);
        assert_eq!(number(&without, "soc_end"), Some(61.0));
        let (own, _) = with(&listed.replace("{\"", &format!("{{{wrong},\"")));
        assert_eq!(own, without, "{wrong}");
    }
}

#[test]
fn a_charge_without_an_end_that_can_be_swallows_no_other() {
    let s = START / 1_000;
    for (start, end) in [(s, 4_080_000_000), (s - 200 * 86_400, s + 200 * 86_400)] {
        let listed = format!(r#"{{"startTime":{start},"endTime":{end},"energyConsumedFromPowerGridKwh":5}}"#);
        let (own, sessions) = with(&listed);
        assert_eq!(sessions, if start == s { 2 } else { 3 });
        assert_eq!(own.at, moment(START));
    }
}

#[test]
fn a_document_longer_than_any_of_one_car_is_passed_over() {
    let (own, 2) = with("null") else { panic!() };
    let listed = |length: usize| {
        let filling = "x".repeat(length);
        format!(
            r#"{{"startTime":{},"displayedSoc":61,"x":"{filling}"}}"#,
            START / 1_000
        )
    };
    assert_ne!(with(&listed(200 << 10)), (own.clone(), 2));
    assert_eq!(with(&listed(256 << 10)), (own, 2));
}
