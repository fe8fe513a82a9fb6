//! Each key says what it says, in every spelling that was seen.

use catalogue::find;
use collector_core::resolved::QUANTITIES;
use collector_core::{Document, Ended, Origin, Unit, Value, Vehicle, document};
use jiff::Timestamp;

use super::table::TABLE;
use super::*;

const NOW: i64 = 1_772_000_000_000;

fn snapshot() -> collector_core::Snapshot {
    let vehicle = Vehicle::named("WBY31AW090FP12345".parse().unwrap(), None);
    let now = moment(NOW);
    collector_core::Snapshot::new(vehicle, "a".into(), "s".into(), Origin::Stream, now)
}

fn reading(key: &str, value: Value) -> collector_core::Reading {
    let entry = find(key).unwrap_or_else(|| panic!("{key} is in no catalogue"));
    let unit = entry.unit.clone();
    collector_core::Reading::new(entry.to_descriptor(), value, unit, moment(NOW - 1_000))
}

fn says(key: &str, value: Value) -> Option<What> {
    let snapshot = snapshot().with(vec![reading(key, value)], Vec::new());
    of(7, &snapshot).pop().map(|fact| fact.what)
}

fn text(text: &str) -> Value {
    Value::Text(text.into())
}

#[test]
fn every_key_is_in_the_catalogue_and_stands_once() {
    for (name, _) in TABLE {
        assert!(find(name).is_some() || document::is_own(name), "{name}");
        assert_eq!(Key::of(name).unwrap().as_str(), *name);
    }
    assert!(TABLE.len() < 255, "a key is a byte");
}

#[test]
fn every_quantity_is_told_by_all_its_keys() {
    for key in QUANTITIES.iter().flat_map(|quantity| quantity.keys) {
        assert!(Key::of(key).is_some(), "{key}");
    }
}

#[test]
fn every_word_of_the_catalogue_for_charging_says_something() {
    for key in ["charging.status", "charging.hvStatus"] {
        let key = format!("vehicle.drivetrain.electricEngine.{key}");
        for word in find(&key).unwrap().options {
            assert!(says(&key, text(word)).is_some(), "{word}");
        }
    }
}

#[test]
fn words_say_the_same_in_every_spelling() {
    let status = "vehicle.drivetrain.electricEngine.charging.status";
    let hv = "vehicle.drivetrain.electricEngine.charging.hvStatus";
    let lock = "vehicle.cabin.door.status";
    let battery = "vehicle.powertrain.electric.battery.preconditioning.state";
    let cabin = "vehicle.vehicle.preConditioning.activity";
    let phases = "vehicle.drivetrain.electricEngine.charging.phaseNumber";
    let charging = |it| Some(What::Charging(it));
    for (key, word, what) in [
        (status, "CHARGINGACTIVE", charging(Charging::Active)),
        (status, "CHARGING_ACTIVE", charging(Charging::Active)),
        (status, "CHARGINGPAUSED", charging(Charging::Waiting)),
        (status, "CHARGINGENDED", charging(Charging::Ended)),
        (status, "NOCHARGING", charging(Charging::Off)),
        (status, "AUTOMATIC_SELECTION", None),
        (hv, "FINISHED_NOT_FULL", charging(Charging::Ended)),
        (hv, "WAITING_FOR_CHARGING", charging(Charging::Waiting)),
        (hv, "NOT_CHARGING", charging(Charging::Off)),
        (hv, "ERROR", charging(Charging::Failed)),
        (lock, "ASN_locked", Some(What::Locked(true))),
        (lock, "SECURED", Some(What::Locked(true))),
        (lock, "ASN_selective-Locked", Some(What::Locked(false))),
        (lock, "OPEN", None),
        (battery, "REMOTE_OFF", Some(What::Preconditioning(false))),
        (battery, "MANUAL_ON_CHARGE", Some(What::Preconditioning(true))),
        (battery, "UNKNOWN", None),
        (cabin, "standby", Some(What::Preconditioning(false))),
        (cabin, "HEATING", Some(What::Preconditioning(true))),
        (phases, "3-PHASES", Some(What::Phases(3.0))),
        (phases, "NO_CHARGING", Some(What::Phases(0.0))),
    ] {
        assert_eq!(says(key, text(word)), what, "{key} {word}");
    }
}

#[test]
fn a_single_port_tells_only_that_it_is_plugged_in() {
    let port = "vehicle.powertrain.tractionBattery.charging.port.rearRight.isPlugged";
    let any = "vehicle.powertrain.tractionBattery.charging.port.anyPosition.isPlugged";
    assert_eq!(says(port, Value::Bool(true)), Some(What::Plugged(true)));
    assert_eq!(says(port, Value::Bool(false)), None);
    assert_eq!(says(any, Value::Bool(false)), Some(What::Plugged(false)));
    let connector = "vehicle.drivetrain.electricEngine.charging.connectorStatus";
    assert_eq!(says(connector, text("DISCONNECTED")), Some(What::Plugged(false)));
    assert_eq!(says(connector, text("ERROR")), None);
}

#[test]
fn power_is_in_kilowatts_whichever_way_it_is_labelled_and_its_end_is_none() {
    let power = "vehicle.powertrain.electric.battery.charging.power";
    assert_eq!(says(power, Value::Number(11_000.0)), Some(What::Power(11.0)));
    let mut labelled = reading(power, Value::Number(11.0));
    labelled.unit = Some(Unit::new("kW"));
    let facts = of(7, &snapshot().with(vec![labelled], Vec::new()));
    assert_eq!(facts[0].what, What::Power(11.0));
    assert_eq!(facts[0].cited().value.as_ref(), "11 kW");
    assert_eq!(facts[0].cited().descriptor.as_ref(), power);

    let end = Ended {
        descriptor: find(power).unwrap().to_descriptor(),
        at: moment(NOW - 5_000),
    };
    let facts = of(7, &snapshot().with(Vec::new(), vec![end]));
    assert_eq!((facts[0].at, &facts[0].what), (NOW - 5_000, &What::Power(0.0)));
}

#[test]
fn facts_come_in_the_order_of_their_stamps_and_none_is_of_the_future() {
    let soc = "vehicle.drivetrain.batteryManagement.header";
    let at = |ms: i64, percent| {
        let mut reading = reading(soc, Value::Number(percent));
        reading.measured_at = moment(NOW + ms);
        reading
    };
    let mut asked = at(-9_000, 3.0);
    asked.stamp = collector_core::Stamp::Requested;
    let readings = vec![at(60_000, 1.0), at(3_600_000, 2.0), asked];
    let mut snapshot = snapshot().with(readings, Vec::new());
    snapshot.documents.push(Document {
        name: document::TYRES.into(),
        at: Timestamp::UNIX_EPOCH,
        json: "{}".into(),
    });
    let facts = of(7, &snapshot);
    let told: Vec<_> = facts
        .iter()
        .map(|it| (it.at - NOW, it.requested, it.seq))
        .collect();
    assert_eq!(
        told,
        [
            (-9_000, true, 7),
            (0, false, 7),
            (0, false, 7),
            (60_000, false, 7)
        ]
    );
    assert_eq!(facts[1].what, What::Soc(2.0, SocKey::Header));
    assert!(matches!(facts[2].what, What::Document(_)));
}
