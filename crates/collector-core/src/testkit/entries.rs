//! Entries that a sink may meet: every type, odd texts, two vehicles, several origins, equal stamps.

use jiff::Timestamp;

use crate::{
    Descriptor, Ended, Entry, LogId, Origin, Reading, SinkContext, Snapshot, Unit, Value, ValueType, Vehicle,
};

/// 2026-03-01T12:00:00Z
pub(super) const BEGIN: i64 = 1_772_366_400_000;

/// Texts that break careless encoders.
const TEXTS: [&str; 8] = [
    "CHARGINGACTIVE",
    "=1+2",
    "a,b;c\td",
    "she said \"no\"",
    "back\\slash\\",
    "line\nbreak\r\nand another",
    "Größe 40 °C ⚡",
    "{\"k\":[1,null]} <xml a='b'/>",
];

/// A context with an empty base directory, for sinks whose paths are absolute, that trusts nobody.
pub fn context() -> SinkContext {
    SinkContext::new("under-test".into(), "/".into(), LogId::new("0123456789abcdef"))
}

/// `count` entries with the numbers `first..`; the same for the same arguments. Every reading differs from
/// every other in vehicle, descriptor, time or value.
pub fn entries(first: u64, count: u64) -> Vec<Entry> {
    (first..first + count).map(entry).collect()
}

fn entry(seq: u64) -> Entry {
    let at = BEGIN + i64::try_from(seq).unwrap_or(0) * 60_000;
    let origin = match seq.is_multiple_of(3) {
        true => Origin::Stream,
        false => Origin::Poll,
    };
    let text = TEXTS[usize::try_from(seq).unwrap_or(0) % TEXTS.len()];
    let power = reading(
        "vehicle.powertrain.electric.battery.charging.power",
        "charging_power",
        Value::Number(7_200.5),
        Some("W"),
        at,
    );
    let readings = vec![
        reading(
            "vehicle.drivetrain.batteryManagement.header",
            "soc",
            Value::Number(f64::from((seq % 101) as u32)),
            Some("%"),
            at,
        ),
        reading(
            "vehicle.cabin.infotainment.navigation.currentLocation.latitude",
            "latitude",
            Value::Number(50.766_438_055_6 + seq as f64 / 1e6),
            Some("°"),
            at + 1,
        ),
        reading(
            "vehicle.vehicle.travelledDistance",
            "mileage",
            Value::Number(40_000.0 + seq as f64),
            Some("km"),
            at,
        ),
        reading(
            "vehicle.isMoving",
            "is_moving",
            Value::Bool(seq.is_multiple_of(2)),
            None,
            at,
        ),
        reading(
            "vehicle.status.checkControlMessages",
            "check_control_messages",
            Value::Text(text.into()),
            None,
            at + 999,
        ),
        reading(
            "vehicle.trip.segment.end.time",
            "trip_end_time",
            Value::Timestamp(time(at - 5_000)),
            None,
            at,
        ),
        // Two values under one stamp: both are kept.
        power.clone(),
        Reading {
            value: Value::Number(-0.5),
            occurrence: 1,
            ..power
        },
    ];
    entry_of(seq, origin, readings)
}

/// An entry of the suite's vehicle with these readings, received one second after noon plus `seq` minutes.
pub fn entry_with(seq: u64, readings: Vec<Reading>) -> Entry {
    entry_of(seq, Origin::Poll, readings)
}

fn entry_of(seq: u64, origin: Origin, readings: Vec<Reading>) -> Entry {
    let mut snapshot = snapshot_of(seq, origin);
    snapshot.readings = readings;
    Entry::snapshot_of(seq, snapshot)
}

/// An entry of the suite's vehicle that brings nothing but the end of a value; `at` in milliseconds since the epoch.
pub fn ended(seq: u64, descriptor: &Descriptor, at: i64) -> Entry {
    let mut snapshot = snapshot_of(seq, Origin::Stream);
    snapshot.ended = vec![Ended {
        descriptor: descriptor.clone(),
        at: time(at),
    }];
    Entry::snapshot_of(seq, snapshot)
}

fn snapshot_of(seq: u64, origin: Origin) -> Snapshot {
    let received_at = time(BEGIN + i64::try_from(seq).unwrap_or(0) * 60_000 + 1_000);
    let vehicle = vehicle(seq.is_multiple_of(2));
    Snapshot::new(vehicle, "home".into(), "telematics".into(), origin, received_at)
}

/// One of the suite's two vehicles.
pub fn vehicle(second: bool) -> Vehicle {
    let (vin, label) = if second {
        ("WBA11AA0001234567", "4567, \"the other\"")
    } else {
        ("WBY8P210X07A12345", "i4")
    };
    #[expect(clippy::expect_used, reason = "a constant of the suite")]
    let vin = vin.parse().expect("a valid VIN");
    Vehicle {
        vin,
        name: label.into(),
    }
}

/// A measured reading; `at` in milliseconds since the epoch.
pub fn reading(id: &str, short: &str, value: Value, unit: Option<&'static str>, at: i64) -> Reading {
    let value_type: ValueType = value.value_type();
    let unit = unit.map(Unit::new);
    let descriptor = Descriptor::new(id, short, value_type, unit.clone());
    Reading::new(descriptor, value, unit, time(at))
}

pub(super) fn time(milliseconds: i64) -> Timestamp {
    Timestamp::from_millisecond(milliseconds).unwrap_or(Timestamp::UNIX_EPOCH)
}
