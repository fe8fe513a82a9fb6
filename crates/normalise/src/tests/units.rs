//! Units: any of BMW's spellings in, the canonical one out.

use collector_core::Unit;

use super::*;

const AUXILIARY_POWER: &str = "vehicle.vehicle.avgAuxPower";
const COOLANT: &str = "vehicle.drivetrain.internalCombustionEngine.engine.ect";
const CONSUMPTION: &str = "vehicle.drivetrain.avgElectricRangeConsumption";
const PRESSURE: &str = "vehicle.chassis.axle.row1.wheel.left.tire.pressure";
const SPEED: &str = "vehicle.vehicle.avgSpeed";
const ALTITUDE: &str = "vehicle.cabin.infotainment.navigation.currentLocation.altitude";
const REMAINING: &str = "vehicle.drivetrain.electricEngine.charging.timeRemaining";
const FUEL: &str = "vehicle.drivetrain.fuelSystem.remainingFuel";

fn number(descriptor: &str, value: &str, unit: Option<&str>) -> (f64, String) {
    match text_of(descriptor, value, unit) {
        Meaning::Reading {
            value: Value::Number(number),
            unit,
            ..
        } => (number, unit.map(|unit| unit.to_string()).unwrap_or_default()),
        other => panic!("{value} {unit:?} of {descriptor}: {other:?}"),
    }
}

#[test]
fn numbers_are_converted_to_the_canonical_unit() {
    for (descriptor, value, sent, want, unit) in [
        (SOC, "74", "percent", 74.0, "%"),
        (SOC, "74", "%", 74.0, "%"),
        (MILEAGE, "100", "mi", 160.934_4, "km"),
        (MILEAGE, "100", "miles", 160.934_4, "km"),
        (MILEAGE, "100", "MI", 160.934_4, "km"),
        (MILEAGE, "100", "kilometers", 100.0, "km"),
        (MILEAGE, "1500", "m", 1.5, "km"),
        (POWER, "11", "kW", 11_000.0, "W"),
        (POWER, "7200", "W", 7_200.0, "W"),
        (AUXILIARY_POWER, "450", "W", 0.45, "kW"),
        (COOLANT, "212", "°F", 100.0, "°C"),
        (COOLANT, "-40", "fahrenheit", -40.0, "°C"),
        (COOLANT, "21.5", "celsius", 21.5, "°C"),
        (COOLANT, "21.5", "Celsius", 21.5, "°C"),
        (PRESSURE, "2.5", "bar", 250.0, "kPa"),
        (SPEED, "100", "mph", 160.934_4, "km/h"),
        (ALTITUDE, "100", "ft", 30.48, "m"),
        (REMAINING, "2", "h", 120.0, "min"),
        (REMAINING, "90", "s", 1.5, "min"),
        (FUEL, "10", "gallons", 37.854_117_84, "l"),
        (CONSUMPTION, "18.4", "kWh/100km", 18.4, "kWh/100 km"),
        // 62.1371 mi are 100 km.
        (CONSUMPTION, "4", "mi/kWh", 15.534_279_805_933_4, "kWh/100 km"),
    ] {
        let (number, spelled) = number(descriptor, value, Some(sent));
        assert!(
            (number - want).abs() < 1e-9,
            "{value} {sent}: {number}, not {want}"
        );
        assert_eq!(spelled, unit, "{value} {sent}");
    }
}

#[test]
fn a_number_without_a_unit_is_in_the_canonical_one() {
    for none in [None, Some(""), Some("-"), Some("null"), Some(" ")] {
        assert_eq!(
            number(MILEAGE, "40000", none),
            (40_000.0, "km".to_owned()),
            "{none:?}"
        );
    }
    let body = r#"{"value":40000,"unit":7}"#;
    let Meaning::Reading { unit, .. } = meaning_of(&known(MILEAGE), body) else {
        panic!("a unit that is no text is none")
    };
    assert_eq!(unit, Some(Unit::new("km")));
}

#[test]
fn a_unit_of_another_kind_is_rejected() {
    for (descriptor, unit) in [
        (SOC, "km"),
        (MILEAGE, "furlongs"),
        (POWER, "kWh"),
        (COOLANT, "K"),
        (SOC, "kWh"),
    ] {
        match text_of(descriptor, "1", Some(unit)) {
            Meaning::Rejected(reason) => assert!(reason.contains(unit), "{reason}"),
            other => panic!("{unit} of {descriptor}: {other:?}"),
        }
    }
}

#[test]
fn an_inverse_of_nothing_is_rejected() {
    assert!(matches!(
        text_of(CONSUMPTION, "0", Some("mi/kWh")),
        Meaning::Rejected(_)
    ));
}

#[test]
fn only_numbers_have_units() {
    for (descriptor, value) in [(STATUS, "CHARGINGACTIVE"), (IS_MOVING, "true"), (TRIP_END, STAMP)] {
        match text_of(descriptor, value, Some("km")) {
            Meaning::Reading { unit, .. } => assert_eq!(unit, None, "{descriptor}"),
            other => panic!("{descriptor}: {other:?}"),
        }
    }
}

#[test]
fn a_new_descriptor_keeps_what_bmw_said() {
    for (sent, want) in [
        (r#""KILOMETERS""#, Some("km")),
        (r#""parsec""#, Some("parsec")),
        ("null", None),
    ] {
        let body = format!(r#"{{"value":"1","unit":{sent}}}"#);
        match meaning_of(&learned(ValueType::Number), &body) {
            Meaning::Reading { unit, .. } => assert_eq!(unit.as_ref().map(Unit::as_str), want),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn every_unit_of_the_catalogue_is_its_own_spelling() {
    for entry in catalogue::CATALOGUE {
        let Some(unit) = &entry.unit else { continue };
        let (read, spelled) = number(entry.descriptor, "1", Some(unit.as_str()));
        assert_eq!(
            (read, spelled.as_str()),
            (1.0, unit.as_str()),
            "{}",
            entry.descriptor
        );
    }
}
