//! What sets each kind apart, in two days of what it tells.

use jiff::{SignedDuration, Timestamp};

use super::*;
use crate::car::{Car, HEADER, LATITUDE, LONGITUDE, Told};
use crate::config::SimVehicle;

const DAYS: i64 = 2;
const ODOMETER: &str = "vehicle.vehicle.travelledDistance";
const PRESSURE: &str = "vehicle.chassis.axle.row1.wheel.left.tire.pressure";
const TRIP_SOC: &str = "vehicle.trip.segment.end.drivetrain.batteryManagement.hvSoc";
const POWER: &str = "vehicle.powertrain.electric.battery.charging.power";

fn start() -> Timestamp {
    "2026-11-20T12:00:00Z".parse().unwrap()
}

fn end() -> Timestamp {
    start() + SignedDuration::from_hours(24 * DAYS)
}

/// Twins of every kind: only what they tell, and when, differs.
fn car(kind: CarKind) -> Car {
    let vehicle = SimVehicle {
        life: Some(3),
        battery_kwh: 77.0,
        target_percent: 80.0,
        ..SimVehicle::of(kind, format!("WBY71AW050FP0000{}", kind as usize))
    };
    Car::new(&vehicle, start(), 1, 0.4)
}

fn told(kind: CarKind) -> Vec<Told> {
    let car = car(kind);
    let told = car
        .view(end())
        .told_between(start().as_second(), end().as_second());
    assert!(told.len() > 500, "{kind} tells {}", told.len());
    told
}

fn of<'a>(told: &'a [Told], descriptor: &str) -> Vec<&'a Told> {
    told.iter().filter(|told| told.descriptor == descriptor).collect()
}

fn number(told: &Told) -> f64 {
    told.entry.value.as_deref().unwrap().parse().unwrap()
}

#[test]
fn names_are_told_apart_and_found_again() {
    for kind in CarKind::ALL {
        assert_eq!(CarKind::named(&kind.to_string()), Some(kind));
    }
    assert_eq!(CarKind::named("i3"), None);
}

#[test]
fn british_twins_tell_the_same_in_other_units() {
    let [metric, labelled, bare] = [CarKind::I4, CarKind::British, CarKind::BritishBare].map(told);
    for (descriptor, scale, offset, unit, bare_unit, step) in [
        (ODOMETER, 1.609_344, 0.0, "miles", None, 0.81),
        (
            "vehicle.drivetrain.totalRemainingRange",
            1.609_344,
            0.0,
            "mi",
            None,
            0.81,
        ),
        ("vehicle.vehicle.avgSpeed", 1.609_344, 0.0, "mph", None, 0.81),
        (PRESSURE, 6.894_757, 0.0, "psi", Some("psi"), 3.45),
        (
            "vehicle.chassis.axle.row1.wheel.left.tire.temperature",
            1.0 / 1.8,
            -32.0 / 1.8,
            "°F",
            Some("°F"),
            0.03,
        ),
    ] {
        let [metric, labelled, bare] = [&metric, &labelled, &bare].map(|told| of(told, descriptor));
        assert!(metric.len() > 3, "{descriptor}");
        assert_eq!(metric.len(), labelled.len());
        assert_eq!(metric.len(), bare.len());
        for ((metric, labelled), bare) in metric.iter().zip(labelled).zip(bare) {
            assert_eq!((metric.at, metric.at), (labelled.at, bare.at));
            assert_eq!(labelled.entry.value, bare.entry.value);
            assert_eq!((labelled.entry.unit, bare.entry.unit), (Some(unit), bare_unit));
            let back = number(labelled) * scale + offset;
            assert!((back - number(metric)).abs() < step, "{descriptor}: {back}");
        }
    }
    let view = |kind| {
        car(kind)
            .view(start())
            .entry("vehicle.cabin.infotainment.displayUnit.distance")
    };
    assert_eq!(
        view(CarKind::BritishBare).unwrap().value.as_deref(),
        Some("miles")
    );
}

#[test]
fn an_undecided_odometer_is_in_both_units_with_and_without_a_label() {
    let (i4, told) = (told(CarKind::I4), told(CarKind::Undecided));
    let (truth, odometer) = (of(&i4, ODOMETER), of(&told, ODOMETER));
    let ways = truth.iter().zip(&odometer).map(|(truth, told)| {
        let is_in_miles = number(told) < number(truth) - 1_000.0;
        (is_in_miles, told.entry.unit)
    });
    let ways: std::collections::HashSet<_> = ways.collect();
    let wanted = [
        (false, Some("km")),
        (true, Some("miles")),
        (false, None),
        (true, None),
    ];
    assert_eq!(ways, wanted.into());
}

#[test]
fn an_i5_tells_no_end_of_a_trip_and_repeats_the_one_before_on_its_way() {
    let (car, told) = (car(CarKind::I5), told(CarKind::I5));
    let view = car.view(end());
    for key in ["vehicle.isMoving", "vehicle.drivetrain.engine.isIgnitionOn"] {
        assert!(of(&told, key).is_empty() && view.entry(key).is_none());
    }
    let ends: Vec<f64> = of(&self::told(CarKind::I4), TRIP_SOC)
        .into_iter()
        .map(number)
        .collect();
    let trips = of(&told, TRIP_SOC);
    assert!(trips.iter().all(|trip| view.drove(trip.at, trip.at)));
    assert!(trips.len() > 2 * ends.len());
    assert!(trips.windows(2).any(|pair| number(pair[0]) == number(pair[1])));
    let known = trips.iter().filter(|trip| ends.contains(&number(trip))).count();
    // The drive before the first of these two days is not among them.
    assert!(known > 0 && known < trips.len());
    let (latitudes, longitudes) = (of(&told, LATITUDE), of(&told, LONGITUDE));
    assert!(latitudes.len() > 50);
    assert!(
        latitudes
            .iter()
            .zip(&longitudes)
            .all(|(one, other)| one.at + 1 == other.at)
    );
    let lid = of(&told, "vehicle.body.trunk.isOpen");
    assert!(
        lid.iter()
            .any(|told| told.entry.value.as_deref() == Some("INTERMEDIATE"))
    );
}

#[test]
fn a_neue_klasse_tells_its_charge_in_one_key_and_ends_what_was_of_a_charge() {
    let (car, told) = (car(CarKind::NeueKlasse), told(CarKind::NeueKlasse));
    let displayed = of(
        &told,
        "vehicle.powertrain.electric.battery.stateOfCharge.displayed",
    );
    assert!(of(&told, HEADER).is_empty());
    let i4 = self::car(CarKind::I4);
    let i4 = i4.view(end());
    for told in &displayed {
        let header = number(&i4.measured(HEADER, told.at).unwrap());
        assert!((number(told) - header).abs() <= 0.5, "{told:?} {header}");
        assert_eq!(told.entry.unit, Some("percent"));
    }
    let view = car.view(end());
    for key in [HEADER, TRIP_SOC, "vehicle.body.chargingPort.status"] {
        assert_eq!(view.entry(key), Some(crate::car::Entry::default()));
    }
    let plug = view.entry("vehicle.body.chargingPort.combinedStatus").unwrap();
    assert!(plug.value.is_some());
    let power = of(&told, POWER);
    let ends = power.windows(2).filter(|pair| {
        pair[0].entry.value.is_some() && pair[1].entry.value.is_none() && pair[1].entry.timestamp.is_some()
    });
    assert!(ends.count() > 0);
}

#[test]
fn a_hybrid_has_a_tank_a_small_battery_and_no_fast_charge() {
    let vehicle = SimVehicle::of(CarKind::Phev, "WBA11AB050FP00001");
    let car = Car::new(&vehicle, start(), 1, 0.4);
    let view = car.view(end());
    let entry = |descriptor: &str| view.entry(descriptor).unwrap();
    let number = |descriptor: &str| entry(descriptor).value.unwrap().parse::<f64>().unwrap();
    assert!((10.0..=100.0).contains(&number("vehicle.drivetrain.fuelSystem.level")));
    assert!((5.0..=TANK).contains(&number("vehicle.drivetrain.fuelSystem.remainingFuel")));
    let coolant = entry("vehicle.drivetrain.internalCombustionEngine.engine.ect");
    assert_eq!(coolant.unit, Some("Â°C"));
    let electric = number("vehicle.drivetrain.electricEngine.kombiRemainingElectricRange");
    assert!(number("vehicle.drivetrain.totalRemainingRange") > electric + 100.0);
    let history = car.history(end() + SignedDuration::from_hours(24 * 7));
    let fast = Activity::Charging(Supply::Dc);
    assert!(history.iter().all(|segment| segment.activity != fast));
}

const TANK: f64 = 52.0;

#[test]
fn an_old_head_unit_speaks_when_a_drive_or_a_charge_begins_or_ends() {
    let (car, told) = (car(CarKind::OldIdrive), told(CarKind::OldIdrive));
    let of_note = |segment: &Segment| matches!(segment.activity, Activity::Driving | Activity::Charging(_));
    let history = car.history(end());
    let edges: Vec<i64> = history
        .iter()
        .filter(|segment| of_note(segment))
        .flat_map(|segment| [segment.start, segment.end])
        .collect();
    let position = |told: &&Told| told.descriptor != LONGITUDE;
    for told in told.iter().filter(position) {
        assert!(edges.contains(&told.at), "{told:?}");
    }
    let view = car.view(end());
    let stale = view
        .entry("vehicle.status.serviceTime.hUandAuServiceYellow")
        .unwrap();
    assert_eq!((stale.value.as_deref(), stale.unit), (Some("60"), Some("d")));
    let units = |key| of(&told, key).iter().filter_map(|told| told.entry.unit).next();
    assert_eq!(units(POWER), Some("w"));
    let minutes = "vehicle.drivetrain.electricEngine.charging.timeToFullyCharged";
    assert_eq!(units(minutes), Some("m"));
    let unknown = of(&told, "vehicle.chassis.axle.row2.wheel.left.tire.temperature");
    assert!(
        unknown
            .iter()
            .all(|told| told.entry.value.as_deref() == Some("NOT AVAILABLE"))
    );
}
