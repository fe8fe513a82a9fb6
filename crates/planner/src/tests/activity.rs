//! What readings tell of a vehicle, fresh and stale.

use collector_core::{Origin, RawReading};
use proptest::prelude::*;
use serde_json::value::RawValue;

use super::*;

const SOC: &str = "vehicle.drivetrain.batteryManagement.header";
const LATITUDE: &str = "vehicle.cabin.infotainment.navigation.currentLocation.latitude";

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn noon() -> Timestamp {
    at("2026-03-01T12:00:00Z")
}

fn minutes(minutes: i64) -> SignedDuration {
    SignedDuration::from_mins(minutes)
}

/// A poll at `now` with (descriptor, value, age in minutes).
fn poll(now: Timestamp, readings: &[(&str, &str, i64)]) -> RawSnapshot {
    let reading = |(descriptor, value, age): &(&str, &str, i64)| {
        let body = format!(r#"{{"value":"{value}","timestamp":"{}"}}"#, now - minutes(*age));
        RawReading {
            descriptor: (*descriptor).to_owned(),
            body: RawValue::from_string(body).unwrap(),
        }
    };
    RawSnapshot {
        vin: "WBY8P210X07A12345".parse().unwrap(),
        origin: Origin::Poll,
        requested_at: Some(now),
        sent_at: None,
        received_at: now,
        readings: readings.iter().map(reading).collect(),
    }
}

/// A reading as this suite writes them: text in quotes, a number where it is one, an age that is measured unless BMW
/// is known to stamp the key with the time of the call.
fn read(reading: &RawReading) -> Option<Observation> {
    let body: serde_json::Value = serde_json::from_str(reading.body.get()).unwrap();
    let text = body["value"].as_str().unwrap();
    let flag = text.strip_prefix("ASN_is").map(|flag| flag == "True");
    Some(Observation {
        value: flag
            .map(Value::Bool)
            .or_else(|| text.parse().ok().map(Value::Number))
            .unwrap_or_else(|| Value::Text(text.into())),
        measured_at: at(body["timestamp"].as_str().unwrap()),
        stamp: if reading.descriptor == HV_STATUS {
            Stamp::Requested
        } else {
            Stamp::Measured
        },
    })
}

/// What one poll alone tells.
fn told(readings: &[(&str, &str, i64)]) -> Activity {
    let mut evidence = Evidence::default();
    evidence.observe(&poll(noon(), readings), read);
    evidence.activity(noon(), Some(noon()))
}

#[test]
fn a_charge_is_seen_while_the_battery_is_heard_of() {
    assert_eq!(
        told(&[(STATUS, "CHARGINGACTIVE", 180), (SOC, "61", 4)]),
        Activity::Charging
    );
    assert_eq!(told(&[(STATUS, "INITIALIZATION", 1)]), Activity::Charging);
    assert_eq!(told(&[(POWER, "10800", 2)]), Activity::Charging);
    for status in ["CHARGINGENDED", "CHARGINGPAUSED", "NOCHARGING", "CHARGINGERROR"] {
        assert_eq!(
            told(&[(STATUS, status, 1), (SOC, "80", 1)]),
            Activity::Parked,
            "{status}"
        );
    }
}

#[test]
fn a_charge_of_half_a_day_ago_is_no_charge() {
    assert_eq!(
        told(&[(STATUS, "CHARGINGACTIVE", 13 * 60), (SOC, "80", 2)]),
        Activity::Parked
    );
    assert_eq!(
        told(&[(STATUS, "CHARGINGACTIVE", 90), (SOC, "80", 90)]),
        Activity::Parked
    );
}

#[test]
fn a_stamp_of_the_call_is_no_time_of_measurement() {
    assert_eq!(told(&[(HV_STATUS, "CHARGING", 0)]), Activity::Parked);
    assert_eq!(
        told(&[(HV_STATUS, "CHARGING", 0), (SOC, "61", 300)]),
        Activity::Parked
    );
    assert_eq!(
        told(&[(HV_STATUS, "CHARGING", 0), (SOC, "61", 3)]),
        Activity::Charging
    );
    // A status with an age knows better.
    let both = [
        (HV_STATUS, "CHARGING", 0),
        (STATUS, "CHARGINGENDED", 5),
        (SOC, "80", 3),
    ];
    assert_eq!(told(&both), Activity::Parked);
}

#[test]
fn a_drive_is_seen_while_the_vehicle_is_heard_of() {
    assert_eq!(
        told(&[(MOVING, "ASN_isTrue", 50), (LATITUDE, "48.1", 3)]),
        Activity::Driving
    );
    assert_eq!(
        told(&[(IGNITION[0], "ASN_isTrue", 2), (LATITUDE, "48.1", 2)]),
        Activity::Driving
    );
    assert_eq!(
        told(&[(MOVING, "ASN_isTrue", 50), (LATITUDE, "48.1", 45)]),
        Activity::Parked
    );
    assert_eq!(
        told(&[(MOVING, "ASN_isFalse", 1), (LATITUDE, "48.1", 1)]),
        Activity::Parked
    );
    assert_eq!(told(&[(MOVING, "ASN_isUnknown", 1)]), Activity::Parked);
}

#[test]
fn a_mileage_that_grows_is_a_drive() {
    let mut evidence = Evidence::default();
    let mut at_minute = |minute: i64, kilometres: &str, age: i64| {
        let now = noon() + minutes(minute);
        evidence.observe(&poll(now, &[(MILEAGE, kilometres, age)]), read);
        evidence.activity(now, Some(now))
    };
    assert_eq!(at_minute(0, "18204", 1), Activity::Parked);
    assert_eq!(at_minute(30, "18215", 2), Activity::Driving);
    assert_eq!(
        at_minute(60, "18215", 32),
        Activity::Ended,
        "nothing new was told"
    );
    // The number jumps from miles to kilometres: no vehicle is that fast.
    assert_eq!(at_minute(90, "29313", 1), Activity::Parked);
}

#[test]
fn an_end_is_pending_until_the_next_poll() {
    let mut evidence = Evidence::default();
    evidence.observe(&poll(noon(), &[(STATUS, "CHARGINGACTIVE", 1)]), read);
    let end = noon() + minutes(100);
    evidence.observe(&poll(end, &[(STATUS, "CHARGINGENDED", 20)]), read);
    assert_eq!(evidence.activity(end, Some(end)), Activity::Ended);
    let later = end + minutes(15);
    evidence.observe(&poll(later, &[(STATUS, "CHARGINGENDED", 35)]), read);
    assert_eq!(evidence.activity(later, Some(later)), Activity::Parked);
}

#[test]
fn what_is_not_looked_at_does_not_end_but_is_forgotten_in_half_a_day() {
    let mut evidence = Evidence::default();
    evidence.observe(&poll(noon(), &[(STATUS, "CHARGINGACTIVE", 1)]), read);
    let last = Some(noon());
    assert_eq!(evidence.activity(noon() + minutes(200), last), Activity::Charging);
    assert_eq!(
        evidence.activity(noon() + minutes(13 * 60), last),
        Activity::Parked
    );
}

#[test]
fn pieces_of_a_stream_in_any_order_tell_the_same_as_a_poll() {
    let pieces = [
        (SOC, "61", 2),
        (STATUS, "CHARGINGACTIVE", 9),
        (STATUS, "NOCHARGING", 40),
    ];
    for order in [[0, 1, 2], [2, 1, 0], [1, 2, 0]] {
        let mut evidence = Evidence::default();
        for piece in order {
            let snapshot = RawSnapshot {
                origin: Origin::Stream,
                requested_at: None,
                ..poll(noon(), &[pieces[piece]])
            };
            evidence.observe(&snapshot, read);
        }
        assert_eq!(
            evidence.activity(noon(), Some(noon() - minutes(9))),
            Activity::Charging,
            "{order:?}"
        );
    }
}

#[test]
fn it_survives_a_restart() {
    let mut evidence = Evidence::default();
    let readings = [
        (STATUS, "CHARGINGACTIVE", 1),
        (MILEAGE, "18204", 300),
        (MOVING, "ASN_isFalse", 300),
    ];
    evidence.observe(&poll(noon(), &readings), read);
    let json = serde_json::to_string(&evidence).unwrap();
    assert_eq!(serde_json::from_str::<Evidence>(&json).unwrap(), evidence);
    assert_eq!(
        serde_json::from_str::<Evidence>("{}").unwrap(),
        Evidence::default()
    );
}

/// One message of the stream, measured at `second` after noon, that arrives `late` seconds later.
fn message(descriptor: &str, value: &str, second: i64, late: i64) -> RawSnapshot {
    let at = noon() + SignedDuration::from_secs(second);
    let received_at = at + SignedDuration::from_secs(late);
    let body = format!(r#"{{"value":"{value}","timestamp":"{at:.0}"}}"#);
    RawSnapshot {
        vin: "WBY8P210X07A12345".parse().unwrap(),
        origin: Origin::Stream,
        requested_at: None,
        sent_at: None,
        received_at,
        readings: vec![RawReading {
            descriptor: descriptor.to_owned(),
            body: RawValue::from_string(body).unwrap(),
        }],
    }
}

fn heard(messages: &[RawSnapshot]) -> Evidence {
    let mut evidence = Evidence::default();
    for message in messages {
        evidence.observe(message, read);
    }
    evidence
}

#[test]
fn an_old_message_ends_nothing() {
    let fresh = [
        message(MOVING, "ASN_isTrue", 7_200, 3),
        message(LATITUDE, "48.1", 7_260, 3),
    ];
    let mut evidence = heard(&fresh);
    let before = evidence.clone();
    for old in [
        message(MOVING, "ASN_isFalse", 60, 7_400),
        message(IGNITION[0], "ASN_isFalse", 60, 7_400),
        message(STATUS, "CHARGINGACTIVE", 60, 7_400),
        message(SOC, "44", 60, 7_400),
        message("vehicle.cabin.door.row1.driver.isOpen", "false", 60, 7_400),
    ] {
        evidence.observe(&old, read);
        let now = old.received_at;
        assert_eq!(evidence.activity(now, Some(noon())), Activity::Driving, "{old:?}");
    }
    assert_eq!(evidence.told, before.told);
}

#[test]
fn a_repeat_of_the_first_of_two_values_of_one_second_is_no_news() {
    let moving = |value| message(MOVING, value, 600, 3);
    let evidence = heard(&[
        message(MOVING, "ASN_isTrue", 0, 3),
        message(LATITUDE, "48.1", 600, 3),
        moving("ASN_isTrue"),
        moving("ASN_isFalse"),
        moving("ASN_isTrue"),
    ]);
    assert_eq!(evidence.as_observed(), Activity::Parked);
}

#[test]
fn a_vehicle_that_speaks_of_other_things_alone_charges_no_longer() {
    let evidence = heard(&[
        message(STATUS, "CHARGINGACTIVE", 0, 3),
        message("vehicle.cabin.door.row1.driver.isOpen", "true", 3_700, 3),
    ]);
    let now = noon() + minutes(63);
    assert_eq!(evidence.activity(now, None), Activity::Parked);
    assert_eq!(
        evidence.happened(now).map(|(_, what)| what),
        Some(Event::ChargeEnded)
    );
}

fn any_messages() -> impl Strategy<Value = Vec<RawSnapshot>> {
    let any = prop::sample::select(vec![
        (STATUS, "CHARGINGACTIVE"),
        (STATUS, "CHARGINGENDED"),
        (HV_STATUS, "CHARGING"),
        (POWER, "0"),
        (POWER, "7400"),
        (MOVING, "ASN_isTrue"),
        (MOVING, "ASN_isFalse"),
        (IGNITION[1], "ASN_isTrue"),
        (SOC, "61"),
        (LATITUDE, "48.1"),
    ]);
    // Stamps differ: which of two values of one second is newer cannot be known.
    prop::collection::vec((any, 1_i64..600), 1..12).prop_map(|messages| {
        let mut second = 0;
        let told = messages.into_iter().map(|((descriptor, value), wait)| {
            second += wait;
            message(descriptor, value, second, 3)
        });
        told.collect()
    })
}

proptest! {
    /// However late and however often messages come, what they tell in the end is the same.
    #[test]
    fn messages_in_any_order_and_twice_tell_the_same(
        (ordered, mixed) in any_messages().prop_flat_map(|messages| {
            let twice = [messages.clone(), messages.clone()].concat();
            (Just(messages), Just(twice).prop_shuffle())
        }),
    ) {
        let now = noon() + minutes(200);
        let (ordered, mixed) = (heard(&ordered), heard(&mixed));
        prop_assert_eq!(ordered.as_observed(), mixed.as_observed());
        prop_assert_eq!(ordered.activity(now, None), mixed.activity(now, None));
    }

    /// A repeat of what was told changes nothing.
    #[test]
    fn a_repeat_changes_nothing(messages in any_messages()) {
        let once = heard(&messages);
        let mut again = once.clone();
        for message in &messages {
            again.observe(message, read);
        }
        prop_assert_eq!(once, again);
    }
}
