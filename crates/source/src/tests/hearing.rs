//! When the poller is woken, and what it is told of streams.

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use collector_core::{Origin, RawReading};
use serde_json::value::RawValue;

use super::*;

const VIN: &str = "WBY8P210X07A12345";
const MOVING: &str = "vehicle.isMoving";
const LATITUDE: &str = "vehicle.cabin.infotainment.navigation.currentLocation.latitude";
const TRIP_END: &str = "vehicle.trip.segment.end.travelledDistance";
const STATUS: &str = "vehicle.drivetrain.electricEngine.charging.status";
const DOOR: &str = "vehicle.cabin.door.row1.driver.isOpen";

fn minute(minute: i64) -> Timestamp {
    "2026-03-01T12:00:00Z".parse::<Timestamp>().unwrap() + SignedDuration::from_mins(minute)
}

fn vin() -> Vin {
    VIN.parse().unwrap()
}

fn stream() -> Name {
    "stream".into()
}

fn message(at: Timestamp, descriptor: &str, value: &str, measured: Timestamp) -> RawSnapshot {
    let body = format!(r#"{{"value":{value},"timestamp":"{measured:.0}"}}"#);
    RawSnapshot {
        vin: vin(),
        origin: Origin::Stream,
        requested_at: None,
        sent_at: None,
        received_at: at,
        readings: vec![RawReading {
            descriptor: descriptor.to_owned(),
            body: RawValue::from_string(body).unwrap(),
        }],
    }
}

impl Hearing {
    fn told(&self, minutes: i64, descriptor: &str, value: &str) {
        let at = minute(minutes);
        self.heard(&message(at, descriptor, value, at));
    }

    /// Whether the poller was woken since the last question.
    fn woke(&self) -> bool {
        let mut context = Context::from_waker(Waker::noop());
        pin!(self.changed()).poll(&mut context) == Poll::Ready(())
    }

    fn event(&self, now: i64) -> Option<(Timestamp, Event)> {
        self.streamed(&vin(), true, minute(now))?.event
    }
}

fn connected() -> Hearing {
    let hearing = Hearing::default();
    hearing.connected(&stream(), minute(0));
    assert!(hearing.woke());
    hearing
}

#[test]
fn the_poller_is_woken_by_what_changes_its_plan_alone() {
    let hearing = connected();
    hearing.connected(&stream(), minute(1));
    assert!(!hearing.woke(), "it was connected already");
    for (at, descriptor, value, wakes) in [
        (1, DOOR, "true", true),
        (2, DOOR, "false", false),
        (3, MOVING, "true", true),
        (4, LATITUDE, "48.1", false),
        (5, LATITUDE, "48.2", false),
        (6, MOVING, "false", true),
        (6, MOVING, "false", false),
        (9, STATUS, "\"CHARGINGACTIVE\"", true),
        (12, STATUS, "\"CHARGINGACTIVE\"", false),
        (30, STATUS, "\"CHARGINGENDED\"", true),
        (31, TRIP_END, "18204", true),
        (32, TRIP_END, "18204", false),
    ] {
        hearing.told(at, descriptor, value);
        assert_eq!(hearing.woke(), wakes, "minute {at}");
    }
    hearing.disconnected(&stream(), minute(40));
    assert!(hearing.woke());
}

#[test]
fn what_happened_is_told_until_it_is_undone() {
    let hearing = connected();
    hearing.told(3, MOVING, "true");
    assert_eq!(hearing.event(4), Some((minute(0), Event::Reconnected)));
    hearing.told(20, MOVING, "false");
    assert_eq!(hearing.event(21), Some((minute(20), Event::TripEnded)));
    // A crossing, no end.
    hearing.told(22, MOVING, "true");
    assert_eq!(hearing.event(23), Some((minute(0), Event::Reconnected)));
    hearing.told(30, MOVING, "false");
    hearing.told(32, STATUS, "\"CHARGINGACTIVE\"");
    assert_eq!(hearing.event(33), Some((minute(32), Event::ChargeBegan)));
    hearing.told(50, STATUS, "\"CHARGINGENDED\"");
    assert_eq!(hearing.event(51), Some((minute(50), Event::ChargeEnded)));
}

#[test]
fn the_end_of_a_trip_is_enough_for_a_vehicle_that_tells_nothing_else() {
    let hearing = connected();
    hearing.told(30, TRIP_END, "18204");
    assert_eq!(hearing.event(31), Some((minute(30), Event::TripEnded)));
    // Of the same moment, and again.
    let late = message(
        minute(33),
        "vehicle.trip.segment.end.time",
        "\"2026-03-01T12:31:00Z\"",
        minute(31),
    );
    hearing.heard(&late);
    hearing.heard(&message(minute(200), TRIP_END, "18204", minute(30)));
    assert_eq!(hearing.event(201), Some((minute(30), Event::TripEnded)));
    // What happened hours ago is history.
    hearing.heard(&message(minute(400), TRIP_END, "18290", minute(300)));
    assert_eq!(hearing.event(401), Some((minute(30), Event::TripEnded)));
}

#[test]
fn a_vehicle_is_polled_as_without_a_stream_until_it_is_heard_and_when_it_has_gone() {
    let hearing = connected();
    let streamed = |now: Timestamp| hearing.streamed(&vin(), true, now);
    assert_eq!(streamed(minute(1)), None);
    hearing.told(2, DOOR, "true");
    assert_eq!(streamed(minute(3)).unwrap().heard, minute(2));
    assert!(!hearing.streamed(&vin(), false, minute(3)).unwrap().whole);
    assert!(streamed(minute(47 * 60)).is_some());
    assert_eq!(streamed(minute(49 * 60)), None);
    hearing.told(50 * 60, DOOR, "false");
    assert!(hearing.woke());
    assert!(streamed(minute(50 * 60)).is_some());
}

#[test]
fn a_short_break_is_forgiven_and_a_long_one_is_told() {
    let hearing = connected();
    hearing.told(2, DOOR, "true");
    let streamed = |now: i64| hearing.streamed(&vin(), true, minute(now));
    hearing.disconnected(&stream(), minute(60));
    assert_eq!(hearing.gives_up_at(minute(61)), Some(minute(65)));
    assert!(streamed(64).is_some());
    assert_eq!(streamed(65), None);
    assert_eq!(hearing.gives_up_at(minute(65)), None);
    hearing.disconnected(&stream(), minute(66));
    hearing.connected(&stream(), minute(90));
    let after = streamed(91).unwrap();
    assert_eq!(after.heard, minute(90), "it could not be heard before");
    assert_eq!(after.event, Some((minute(90), Event::Reconnected)));
    hearing.disconnected(&stream(), minute(120));
    hearing.connected(&stream(), minute(120) + SignedDuration::from_secs(59));
    assert_eq!(streamed(122).unwrap().event, after.event, "not worth a poll");
    assert_eq!(hearing.gives_up_at(minute(122)), None);
    hearing.disconnected(&stream(), minute(130));
    hearing.connected(&stream(), minute(131));
    let bridged = streamed(132).unwrap();
    assert_eq!(bridged.event, Some((minute(131), Event::Reconnected)));
    assert_eq!(bridged.heard, minute(90), "it is counted on all the same");
}

#[test]
fn the_gap_of_a_restart_is_bridged_where_it_is_worth_a_poll() {
    for (gap, event) in [(0, None), (1, Some((minute(10), Event::Reconnected)))] {
        let hearing = Hearing::default();
        hearing.recall_gaps(&stream(), None, Some(minute(10 - gap)));
        hearing.told(9, DOOR, "true");
        assert_eq!(hearing.streamed(&vin(), true, minute(9)), None);
        hearing.connected(&stream(), minute(10));
        assert_eq!(hearing.event(11), event, "{gap}");
    }
}

#[test]
fn a_gap_that_no_poll_has_bridged_survives_a_restart() {
    let hearing = Hearing::default();
    hearing.recall_gaps(&stream(), Some(minute(7)), Some(minute(10)));
    let at = minute(10) + SignedDuration::from_secs(20);
    hearing.connected(&stream(), at);
    hearing.told(11, DOOR, "true");
    assert_eq!(hearing.event(11), Some((minute(7), Event::Reconnected)));
}

#[test]
fn what_was_heard_survives_a_restart() {
    let hearing = connected();
    hearing.told(3, MOVING, "true");
    let json = hearing.remembered(&vin()).unwrap();
    let again = Hearing::default();
    again.recall(&vin(), serde_json::from_str(&json).unwrap());
    assert_eq!(again.activity(&vin(), minute(9), None), Activity::Driving);
    assert_eq!(again.streamed(&vin(), true, minute(9)), None);
    again.connected(&stream(), minute(9));
    assert_eq!(again.streamed(&vin(), true, minute(10)).unwrap().heard, minute(9));
}

#[test]
fn what_is_heard_before_the_journal_was_read_is_not_forgotten() {
    let before = connected();
    before.told(3, STATUS, "\"CHARGINGACTIVE\"");
    let json = before.remembered(&vin()).unwrap();
    let hearing = Hearing::default();
    hearing.connected(&stream(), minute(10));
    hearing.told(11, DOOR, "true");
    hearing.told(12, LATITUDE, "48.1");
    hearing.recall(&vin(), serde_json::from_str(&json).unwrap());
    assert_eq!(hearing.activity(&vin(), minute(13), None), Activity::Charging);
    assert_eq!(
        hearing.streamed(&vin(), true, minute(13)).unwrap().heard,
        minute(12)
    );
}

#[test]
fn what_cannot_be_read_without_a_panic_is_left_out() {
    let hearing = Hearing::interpreting(|body, known, window| {
        assert_ne!(body.unit().as_deref(), Some("poison"));
        interpret(body, known, window)
    });
    hearing.connected(&stream(), minute(0));
    let mut poisoned = message(minute(1), STATUS, "\"CHARGINGACTIVE\"", minute(1));
    let body = poisoned.readings[0]
        .body
        .get()
        .replace('}', r#","unit":"poison"}"#);
    poisoned.readings[0].body = RawValue::from_string(body).unwrap();
    hearing.heard(&poisoned);
    poisoned.origin = Origin::Poll;
    hearing.polled(&poisoned);
    assert_eq!(hearing.activity(&vin(), minute(2), None), Activity::default());
    hearing.told(3, STATUS, "\"CHARGINGACTIVE\"");
    assert_eq!(hearing.activity(&vin(), minute(4), None), Activity::Charging);
}
