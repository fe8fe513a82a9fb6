//! A car that streams for a year: two drives a day, a charge every evening, thirty keys every half a minute of a drive.

use catalogue::{CATALOGUE, Limits};
use collector_core::{Origin, RawReading, RawSnapshot, ValueType, Vin};
use derive::fact::Key;
use jiff::{SignedDuration, Timestamp};
use serde_json::value::to_raw_value;
use serde_json::{Value, json};

const BEGIN: Timestamp = Timestamp::constant(1_704_088_800, 0);
const BURSTS: i64 = 66;
/// How far the car drives away from home and back: half a kilometre from burst to burst.
const AWAY_KM: f64 = (BURSTS - 1) as f64 / 2.0;
/// Keys of a burst that say nothing of drives and charges.
const OTHERS: usize = 24;

const ODOMETER: &str = "vehicle.vehicle.travelledDistance";
const SOC: &str = "vehicle.drivetrain.batteryManagement.header";
const LATITUDE: &str = "vehicle.cabin.infotainment.navigation.currentLocation.latitude";
const LONGITUDE: &str = "vehicle.cabin.infotainment.navigation.currentLocation.longitude";
const MOVING: &str = "vehicle.isMoving";
const DOOR: &str = "vehicle.cabin.door.row1.driver.isOpen";
const PLUG: &str = "vehicle.body.chargingPort.status";
const CHARGING: &str = "vehicle.drivetrain.electricEngine.charging.status";
const POWER: &str = "vehicle.powertrain.electric.battery.charging.power";

/// The messages of one day, each of one key, in the order in which they came.
pub fn day(vin: &Vin, number: i64) -> Vec<RawSnapshot> {
    let mut day = Day {
        vin,
        begin: BEGIN + SignedDuration::from_hours(24 * number),
        told: Vec::new(),
    };
    let kilometres = 10_000.0 + 2.0 * AWAY_KM * number as f64;
    day.drive(0, kilometres, 80.0, Way::There);
    day.drive(9 * 3_600, kilometres + AWAY_KM, 66.0, Way::Back);
    day.charge(11 * 3_600);
    day.told
}

#[derive(Clone, Copy)]
enum Way {
    There,
    Back,
}

struct Day<'a> {
    vin: &'a Vin,
    begin: Timestamp,
    told: Vec<RawSnapshot>,
}

impl Day<'_> {
    fn drive(&mut self, second: i64, kilometres: f64, charge: f64, way: Way) {
        self.say(second, DOOR, json!(true));
        self.say(second + 2, DOOR, json!(false));
        for burst in 0..BURSTS {
            let (second, driven) = (second + 10 + burst * 30, burst as f64 / 2.0);
            let from_home = match way {
                Way::There => driven,
                Way::Back => AWAY_KM - driven,
            };
            self.say(second, MOVING, json!(burst + 1 < BURSTS));
            self.say(second, ODOMETER, json!((kilometres + driven).floor()));
            self.say(second, SOC, json!((charge - driven / 3.0).floor()));
            self.say(second, LATITUDE, json!(48.0 + from_home / 100.0));
            self.say(second, LONGITUDE, json!(11.0 + from_home / 100.0));
            self.others(second, burst);
        }
        let end = second + 20 + BURSTS * 30;
        self.say(end, DOOR, json!(true));
        self.say(end + 5, DOOR, json!(false));
    }

    fn charge(&mut self, second: i64) {
        self.say(second, PLUG, json!("CONNECTED"));
        self.say(second + 30, CHARGING, json!("CHARGINGACTIVE"));
        for minute in 0..120 {
            self.say(second + 60 + minute * 60, POWER, json!(11.0));
            if minute % 4 == 0 {
                self.say(second + 61 + minute * 60, SOC, json!(52 + minute / 4));
            }
        }
        self.say(second + 7_300, POWER, json!(0));
        self.say(second + 7_300, CHARGING, json!("CHARGINGENDED"));
        self.say(second + 12 * 3_600, PLUG, json!("DISCONNECTED"));
    }

    /// Numbers that wander.
    fn others(&mut self, second: i64, burst: i64) {
        let numbers = CATALOGUE.iter().filter(|entry| {
            let is_number = entry.streamable && entry.value_type == ValueType::Number;
            is_number && entry.limits.greatest >= 10.0 && Key::of(entry.descriptor).is_none()
        });
        for (number, entry) in numbers.take(OTHERS).enumerate() {
            let Limits { least, greatest, .. } = entry.limits;
            let (least, wandered) = (least.max(0.0), (second + burst * 7) as f64 / 10.0 + number as f64);
            let value = least + wandered % (greatest - least).min(1_000.0);
            self.say(second, entry.descriptor, json!(value));
        }
    }

    fn say(&mut self, second: i64, descriptor: &str, value: Value) {
        let at = self.begin + SignedDuration::from_secs(second);
        let place = i64::try_from(self.told.len() % 30).unwrap();
        let received_at = at + SignedDuration::from_millis(2_400 + place * 20);
        let body = json!({ "timestamp": at.to_string(), "value": value });
        self.told.push(RawSnapshot {
            vin: self.vin.clone(),
            origin: Origin::Stream,
            requested_at: None,
            sent_at: None,
            received_at,
            readings: vec![RawReading {
                descriptor: descriptor.to_owned(),
                body: to_raw_value(&body).unwrap(),
            }],
        });
    }
}
