//! Units: any of BMW's spellings in, the canonical one out.

use collector_core::{Descriptor, Unit};

use super::*;
use crate::unlabelled::Unlabelled;

const AUXILIARY_POWER: &str = "vehicle.vehicle.avgAuxPower";
const COOLANT: &str = "vehicle.drivetrain.internalCombustionEngine.engine.ect";
const CONSUMPTION: &str = "vehicle.drivetrain.avgElectricRangeConsumption";
const PRESSURE: &str = "vehicle.chassis.axle.row1.wheel.left.tire.pressure";
const SPEED: &str = "vehicle.vehicle.avgSpeed";
const ALTITUDE: &str = "vehicle.cabin.infotainment.navigation.currentLocation.altitude";
const REMAINING: &str = "vehicle.drivetrain.electricEngine.charging.timeRemaining";
const FUEL: &str = "vehicle.drivetrain.fuelSystem.remainingFuel";
const WEEKS: &str = "vehicle.status.serviceTime.yellow";
const MONTHS: &str = "vehicle.status.serviceTime.hUandAuServiceYellow";

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
        (FUEL, "10", "gal (UK)", 45.460_9, "l"),
        (FUEL, "10", "Imperial Gallons", 45.460_9, "l"),
        (COOLANT, "85", "Â°C", 85.0, "°C"),
        (COOLANT, "358.15", "K", 85.0, "°C"),
        (PRESSURE, "36", "psi", 248.211_262_554_048, "kPa"),
        (PRESSURE, "2500", "mbar", 250.0, "kPa"),
        (SPEED, "10", "m/s", 36.0, "km/h"),
        (SPEED, "50", "kilometres per hour", 50.0, "km/h"),
        (CONSUMPTION, "180", "Wh/km", 18.0, "kWh/100 km"),
        (CONSUMPTION, "5", "km/kWh", 20.0, "kWh/100 km"),
        (
            CONSUMPTION,
            "30",
            "kWh per 100 miles",
            18.641_135_767_120_02,
            "kWh/100 km",
        ),
        (CONSUMPTION, "18.4", "kWh/100km", 18.4, "kWh/100 km"),
        (CONSUMPTION, "18.4", "kWh/62 mi", 18.4, "kWh/100 km"),
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
fn a_converted_number_has_no_noise_of_arithmetic() {
    assert_eq!(number(MILEAGE, "305", Some("mi")).0, 490.849_92);
    assert_eq!(number(PRESSURE, "36", Some("psi")).0, 248.211_262_554);
    assert_eq!(number(CONSUMPTION, "4", Some("mi/kWh")).0, 15.534_279_805_9);
}

#[test]
fn a_number_without_a_unit_is_in_the_canonical_one() {
    for none in [
        None,
        Some(""),
        Some("-"),
        Some("null"),
        Some(" "),
        Some("N/A"),
        Some("not available"),
        Some("UNKNOWN"),
        Some("none"),
    ] {
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

/// The unit of the catalogue decides what a letter means.
#[test]
fn a_letter_means_what_its_descriptor_measures() {
    for (descriptor, value, sent, want) in [
        (WEEKS, "4", "w", 4.0),
        (WEEKS, "4", "W", 4.0),
        (WEEKS, "14", "d", 2.0),
        (WEEKS, "1", "m", 4.348_214_285_714_286),
        (REMAINING, "75", "m", 75.0),
        (REMAINING, "75", "M", 75.0),
        (MONTHS, "2", "m", 2.0),
        (MONTHS, "60", "d", 1.971_252_566_735_113),
        (MILEAGE, "1500", "m", 1.5),
        (POWER, "7200", "w", 7_200.0),
        (SPEED, "36", "m/s", 129.6),
    ] {
        let (number, _) = number(descriptor, value, Some(sent));
        assert!(
            (number - want).abs() < 1e-9,
            "{value} {sent}: {number}, not {want}"
        );
    }
}

#[test]
fn a_unit_that_cannot_be_read_costs_the_unit_and_not_the_value() {
    for (descriptor, unit) in [
        (SOC, "km"),
        (MILEAGE, "furlongs"),
        (POWER, "kWh"),
        (COOLANT, "?"),
        (SOC, "kWh"),
    ] {
        assert_eq!(
            number(descriptor, "17", Some(unit)),
            (17.0, String::new()),
            "{unit} of {descriptor}"
        );
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

/// How a unit may be written: its letters in any case, with white space between them, with signs that look alike, and read
/// as Latin-1 once.
fn disguised(unit: &str, upper: &[bool], blanks: &[bool], alike: usize, misread: bool) -> String {
    let mut text = String::new();
    for (at, character) in unit.chars().enumerate() {
        if blanks[at % blanks.len()] {
            text.push([' ', '\u{a0}', '\u{2009}'][at % 3]);
        }
        let character = match character {
            '°' => ['°', 'º', '˚', '∘'][alike % 4],
            '%' => ['%', '％', '﹪', '%'][alike % 4],
            '/' => ['/', '／', '⁄', '∕'][alike % 4],
            'k' if alike == 1 => 'ｋ',
            other => other,
        };
        match upper[at % upper.len()] {
            true => text.extend(character.to_uppercase()),
            false => text.extend(character.to_lowercase()),
        }
    }
    match misread {
        true => text.bytes().map(char::from).collect(),
        false => text,
    }
}

proptest::proptest! {
    #[test]
    fn every_unit_is_read_however_it_is_written(
        upper in proptest::collection::vec(proptest::bool::ANY, 1..8),
        blanks in proptest::collection::vec(proptest::bool::ANY, 1..8),
        alike in 0_usize..4,
        misread in proptest::bool::ANY,
    ) {
        for unit in crate::unit_table::UNITS {
            for spelling in unit.others.iter().chain([&unit.name]) {
                let text = disguised(spelling, &upper, &blanks, alike, misread);
                let canonical = Unit::new(unit.name);
                let descriptor = Descriptor::new("x", "x", ValueType::Number, Some(canonical.clone()));
                let read =
                    crate::unit::convert(Value::Number(7.0), Some(&text), &descriptor, &Unlabelled::default());
                proptest::prop_assert_eq!(
                    read,
                    Ok((Value::Number(7.0), Some(canonical))),
                    "{:?} as {:?}", spelling, text
                );
            }
        }
    }
}
