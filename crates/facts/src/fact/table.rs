//! Which key says what: every key that can be meant, whichever car tells it.
//!
//! Source of keys and words: BMW's catalogue and what cars sent, as in `catalogue/data`. Of a truth and a text that can be
//! read in two ways, the one that says less is taken.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use collector_core::resolved::{QUANTITIES, Quantity};
use collector_core::{Reading, Snapshot, Stamp, Value, document};
use serde::{Deserialize, Serialize};

use super::{Charging, Fact, Sent, SocKey, What};
use crate::rules::CurrentType;

/// How far a stamp may lie before us: a car that wakes up can be minutes ahead. One that is farther was never measured
/// then; it counts from when it came.
const AHEAD_MS: i64 = 5 * 60_000;
/// A document that is longer is none that BMW sends of one car, and two days of them stand in the state: it stays in the
/// journal. A month of blocks of a quarter of an hour is as long.
const LONGEST_DOCUMENT: usize = 256 << 10;

/// What told a fact: the place of its identifier in [`TABLE`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Key(u8);

type Says = fn(&Reading) -> Option<What>;

/// Stored states name a row by its place, so rows are added at the end only and none is taken away.
pub(super) const TABLE: &[(&str, Says)] = &[
    ("vehicle.drivetrain.batteryManagement.header", |it| {
        soc(it, SocKey::Header)
    }),
    (
        "vehicle.powertrain.electric.battery.stateOfCharge.displayed",
        |it| soc(it, SocKey::Displayed),
    ),
    (
        "vehicle.trip.segment.end.drivetrain.batteryManagement.hvSoc",
        |it| soc(it, SocKey::TripEnd),
    ),
    ("vehicle.drivetrain.electricEngine.charging.level", |it| {
        soc(it, SocKey::Predicted)
    }),
    ("vehicle.body.chargingPort.status", plugged),
    ("vehicle.body.chargingPort.combinedStatus", plugged),
    (
        "vehicle.powertrain.tractionBattery.charging.port.anyPosition.isPlugged",
        plugged,
    ),
    (
        "vehicle.drivetrain.electricEngine.charging.connectorStatus",
        plugged,
    ),
    ("vehicle.body.chargingPort.statusClearText", plugged),
    (
        "vehicle.powertrain.tractionBattery.charging.port.frontLeft.isPlugged",
        port,
    ),
    (
        "vehicle.powertrain.tractionBattery.charging.port.frontMiddle.isPlugged",
        port,
    ),
    (
        "vehicle.powertrain.tractionBattery.charging.port.frontRight.isPlugged",
        port,
    ),
    (
        "vehicle.powertrain.tractionBattery.charging.port.rearLeft.isPlugged",
        port,
    ),
    (
        "vehicle.powertrain.tractionBattery.charging.port.rearMiddle.isPlugged",
        port,
    ),
    (
        "vehicle.powertrain.tractionBattery.charging.port.rearRight.isPlugged",
        port,
    ),
    ("vehicle.body.chargingPort.plugEventId", |it| {
        number(it).map(What::PlugEvent)
    }),
    ("vehicle.drivetrain.electricEngine.charging.status", charging),
    ("vehicle.drivetrain.electricEngine.charging.hvStatus", charging),
    (POWER, |it| Some(What::Power(kilowatts(it)?))),
    ("vehicle.drivetrain.electricEngine.charging.acVoltage", |it| {
        number(it).map(What::Voltage)
    }),
    (CURRENT, |it| number(it).map(What::Current)),
    ("vehicle.drivetrain.electricEngine.charging.phaseNumber", phases),
    ("vehicle.drivetrain.electricEngine.charging.method", method),
    ("vehicle.body.chargingPort.dcStatus", |it| {
        (word(it)? == "CONNECTED").then_some(What::CurrentType(CurrentType::Dc))
    }),
    ("vehicle.vehicle.travelledDistance", |it| {
        number(it).map(What::Odometer)
    }),
    ("vehicle.trip.segment.end.travelledDistance", |it| {
        number(it).map(What::SegmentOdometer)
    }),
    ("vehicle.trip.segment.end.time", |it| match it.value {
        Value::Timestamp(at) => Some(What::SegmentEnd(at.as_millisecond())),
        _ => None,
    }),
    (
        "vehicle.cabin.infotainment.navigation.currentLocation.latitude",
        |it| number(it).map(What::Latitude),
    ),
    (
        "vehicle.cabin.infotainment.navigation.currentLocation.longitude",
        |it| number(it).map(What::Longitude),
    ),
    ("vehicle.isMoving", |it| truth(it).map(What::Moving)),
    ("vehicle.drivetrain.engine.isActive", |it| {
        truth(it).map(What::Ignition)
    }),
    ("vehicle.drivetrain.engine.isIgnitionOn", |it| {
        truth(it).map(What::Ignition)
    }),
    ("vehicle.cabin.door.row1.driver.isOpen", |it| {
        truth(it).map(What::Door)
    }),
    ("vehicle.cabin.door.row1.passenger.isOpen", |it| {
        truth(it).map(What::Door)
    }),
    ("vehicle.cabin.door.lock.status", locked),
    ("vehicle.cabin.door.status", locked),
    ("vehicle.vehicle.antiTheftAlarmSystem.alarm.armStatus", locked),
    (
        "vehicle.powertrain.electric.battery.preconditioning.state",
        conditioned,
    ),
    (
        "vehicle.cabin.hvac.preconditioning.status.comfortState",
        conditioned,
    ),
    ("vehicle.vehicle.preConditioning.activity", conditioned),
    ("vehicle.drivetrain.fuelSystem.remainingFuel", |it| {
        number(it).map(What::Fuel)
    }),
    ("vehicle.drivetrain.fuelSystem.level", |it| {
        number(it).map(What::FuelLevel)
    }),
    // 0 is what a car says that does not know.
    ("vehicle.drivetrain.batteryManagement.maxEnergy", |it| {
        number(it).filter(|kwh| *kwh > 0.0).map(What::MaxEnergy)
    }),
    (
        "vehicle.powertrain.electric.battery.stateOfHealth.displayed",
        |it| number(it).filter(|percent| *percent > 0.0).map(What::Health),
    ),
    (document::VEHICLE, |_| None),
    (document::CHARGING_SESSION, |_| None),
    (document::TYRES, |_| None),
    (document::CHARGING_SETTINGS, |_| None),
];

const POWER: &str = "vehicle.powertrain.electric.battery.charging.power";
const CURRENT: &str = "vehicle.drivetrain.electricEngine.charging.acAmpere";

static PLACES: LazyLock<HashMap<&'static str, Key>> = LazyLock::new(|| {
    let keys = TABLE.iter().zip(0..);
    keys.map(|((name, _), place)| (*name, Key(place))).collect()
});

impl Key {
    /// The key with that identifier of BMW or name of a document, where it says anything here.
    pub fn of(name: &str) -> Option<Self> {
        PLACES.get(name).copied()
    }

    pub fn as_str(self) -> &'static str {
        TABLE.get(usize::from(self.0)).map_or("", |row| row.0)
    }
}

/// What an entry says: of every reading and every document that means something here one fact, in the order of
/// [`Fact::at`].
pub fn of(seq: u64, snapshot: &Snapshot) -> Vec<Fact> {
    let received_at = snapshot.received_at.as_millisecond();
    let fact = |key, at: i64, requested, what| Fact {
        at: if at > received_at + AHEAD_MS {
            received_at
        } else {
            at
        },
        seq,
        received_at,
        requested,
        key,
        what,
    };
    let readings = snapshot.readings.iter().filter_map(|reading| {
        let key = Key::of(reading.descriptor.as_str())?;
        let what = (TABLE.get(usize::from(key.0))?.1)(reading)?;
        let requested = reading.stamp == Stamp::Requested;
        Some(fact(key, reading.measured_at.as_millisecond(), requested, what))
    });
    let ends = snapshot.ended.iter().filter_map(|end| {
        let what = match end.descriptor.as_str() {
            POWER => What::Power(0.0),
            CURRENT => What::Current(0.0),
            _ => return None,
        };
        Some(fact(
            Key::of(end.descriptor.as_str())?,
            end.at.as_millisecond(),
            false,
            what,
        ))
    });
    let documents = snapshot.documents.iter();
    let documents = documents.filter(|document| document.json.len() <= LONGEST_DOCUMENT);
    let documents = documents.filter_map(|document| {
        let sent = Sent {
            name: document.name.clone(),
            at: document.at,
            json: document.json.clone(),
        };
        Some(fact(
            Key::of(&document.name)?,
            received_at,
            false,
            What::Document(Arc::new(sent)),
        ))
    });
    let mut facts: Vec<_> = readings.chain(ends).chain(documents).collect();
    facts.sort_by_key(|fact| fact.at);
    facts
}

fn number(reading: &Reading) -> Option<f64> {
    match reading.value {
        Value::Number(number) => Some(number),
        _ => None,
    }
}

fn truth(reading: &Reading) -> Option<bool> {
    match reading.value {
        Value::Bool(truth) => Some(truth),
        _ => None,
    }
}

/// The word of a text as all its spellings have it: `ASN_locked` and `Locked` are `LOCKED`.
fn word(reading: &Reading) -> Option<String> {
    let Value::Text(text) = &reading.value else {
        return None;
    };
    let letters = text.chars().filter(char::is_ascii_alphanumeric);
    let word = letters.collect::<String>().to_ascii_uppercase();
    Some(word.strip_prefix("ASN").map(str::to_owned).unwrap_or(word))
}

/// What a reading alone says of a quantity.
fn told(quantity: &Quantity, reading: &Reading) -> Option<Value> {
    let itself = |key: &str| (key == reading.descriptor.as_str()).then_some(reading);
    Some(quantity.resolve(itself)?.0)
}

fn soc(reading: &Reading, key: SocKey) -> Option<What> {
    match told(&QUANTITIES[0], reading)? {
        Value::Number(percent) => Some(What::Soc(percent, key)),
        _ => None,
    }
}

fn plugged(reading: &Reading) -> Option<What> {
    match told(&QUANTITIES[1], reading)? {
        Value::Bool(is) => Some(What::Plugged(is)),
        _ => None,
    }
}

/// A car with two ports says "not plugged" of one while it charges at the other.
fn port(reading: &Reading) -> Option<What> {
    truth(reading)?.then_some(What::Plugged(true))
}

fn charging(reading: &Reading) -> Option<What> {
    let state = match word(reading)?.as_str() {
        "CHARGINGACTIVE" | "CHARGING" => Charging::Active,
        "INITIALIZATION" | "CHARGINGPAUSED" | "CHARGINGINTERRUPTED" | "WAITINGFORCHARGING" => {
            Charging::Waiting
        }
        "CHARGINGENDED" | "FINISHEDFULLYCHARGED" | "FINISHEDNOTFULL" => Charging::Ended,
        "CHARGINGERROR" | "CHARGINGDISRUPTED" | "ERROR" => Charging::Failed,
        "NOCHARGING" | "NOTCHARGING" => Charging::Off,
        _ => return None,
    };
    Some(What::Charging(state))
}

/// BMW labels the power W or kW.
fn kilowatts(reading: &Reading) -> Option<f64> {
    let unit = reading.unit.as_ref().map(|unit| unit.as_str());
    let power = number(reading)?;
    Some(if unit == Some("kW") {
        power
    } else {
        power / 1_000.0
    })
}

fn phases(reading: &Reading) -> Option<What> {
    let phases = match word(reading)?.as_str() {
        "NOCHARGING" => 0.0,
        "1PHASES" | "1PHASE" => 1.0,
        "2PHASES" | "2PHASE" => 2.0,
        "3PHASES" | "3PHASE" => 3.0,
        _ => return None,
    };
    Some(What::Phases(phases))
}

/// A combined plug may carry either current.
fn method(reading: &Reading) -> Option<What> {
    let word = word(reading)?;
    matches!(word.as_str(), "ACTYPE1PLUG" | "ACTYPE2PLUG").then_some(What::CurrentType(CurrentType::Ac))
}

fn locked(reading: &Reading) -> Option<What> {
    match word(reading)?.as_str() {
        "SECURED" | "LOCKED" | "DOORSONLY" | "DOORSTILTCABIN" => Some(What::Locked(true)),
        "UNLOCKED" | "SELECTIVELOCKED" | "UNARMED" => Some(What::Locked(false)),
        _ => None,
    }
}

fn conditioned(reading: &Reading) -> Option<What> {
    match word(reading)?.as_str() {
        "OFF" | "REMOTEOFF" | "NOTACTIVE" | "INACTIVE" | "STANDBY" => Some(What::Preconditioning(false)),
        "UNKNOWN" | "INVALID" | "COMFORTUNDEFINED" => None,
        _ => Some(What::Preconditioning(true)),
    }
}
