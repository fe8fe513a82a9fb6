//! What a number can be.

use super::*;

#[test]
fn a_number_that_no_vehicle_can_mean_is_rejected_and_what_lies_just_beyond_the_catalogue_is_not() {
    const CONSUMPTION: &str = "vehicle.drivetrain.avgElectricRangeConsumption";
    const TIME_LEFT: &str = "vehicle.drivetrain.electricEngine.charging.timeRemaining";
    for (descriptor, value) in [
        (CONSUMPTION, "2777774.0"),
        (SOC, "255"),
        (SOC, "-1"),
        (MILEAGE, "4294967295"),
        (MILEAGE, "-1"),
        (TIME_LEFT, "65535"),
        (
            "vehicle.cabin.infotainment.navigation.currentLocation.latitude",
            "2147483647",
        ),
    ] {
        match text_of(descriptor, value, None) {
            Meaning::Rejected(reason) => assert!(!reason.contains(value), "{reason}"),
            other => panic!("{value} of {descriptor}: {other:?}"),
        }
    }
    // Where there is no unit; where it was lost, in the finest that it can have been.
    let satellites = "vehicle.cabin.infotainment.navigation.currentLocation.numberOfSatellites";
    assert_eq!(value_of(satellites, "12", None), Some(Value::Number(12.0)));
    assert!(matches!(text_of(satellites, "65535", None), Meaning::Rejected(_)));
    assert_eq!(
        value_of(MILEAGE, "18204000", Some("furlongs")),
        Some(Value::Number(18_204_000.0))
    );
    for (descriptor, value, lost) in [
        (SOC, "4095", "furlongs"),
        (MILEAGE, "4294967295", "kWh"),
        (CONSUMPTION, "2777774.0", "percent"),
    ] {
        assert!(matches!(
            text_of(descriptor, value, Some(lost)),
            Meaning::Rejected(_)
        ));
    }
    // BMW's catalogue: 0 to 100 kWh/100 km, 20 W to 80 W, 0 to 500,000 km, 0 to 200 min.
    for (descriptor, value) in [
        (CONSUMPTION, "131.5"),
        (POWER, "150000"),
        (MILEAGE, "712000"),
        (TIME_LEFT, "1440"),
    ] {
        assert_eq!(
            value_of(descriptor, value, None),
            Some(Value::Number(value.parse().unwrap())),
            "{value} of {descriptor}"
        );
    }
    // Converted first.
    assert_eq!(value_of(SOC, "101.5", None), None);
    assert!(value_of("vehicle.status.serviceDistance.next", "-150", Some("mi")).is_some());
}

#[test]
fn a_sentinel_is_no_value() {
    let distance = "vehicle.status.serviceDistance.next";
    assert_eq!(text_of(distance, "65535", Some("km")), Meaning::Absent);
    assert_eq!(
        value_of(distance, "65534", Some("km")),
        Some(Value::Number(65_534.0))
    );
    let size = "vehicle.drivetrain.batteryManagement.batterySizeMax";
    assert_eq!(text_of(size, "0", Some("kWh")), Meaning::Absent);
}

#[test]
fn a_time_that_no_vehicle_can_mean_is_none() {
    for nothing in [
        "0",
        "-1",
        "01.01.1970 00:00:00 UTC",
        "2147483647",
        "2147483647000",
        "4294967295",
    ] {
        assert_eq!(text_of(TRIP_END, nothing, None), Meaning::Absent, "{nothing}");
    }
    for wrong in [
        "01.01.1970 10:20:30 UTC",
        "1999-12-31T23:59:59Z",
        "2100-01-01T00:00:01Z",
    ] {
        assert!(
            matches!(text_of(TRIP_END, wrong, None), Meaning::Rejected(_)),
            "{wrong}"
        );
    }
    assert!(value_of(TRIP_END, "2000-01-01T00:00:00Z", None).is_some());
    assert!(value_of(TRIP_END, "2038-01-19T03:14:08Z", None).is_some());
    // What its owner says is a time may be any.
    let body = r#"{"value":"1969-07-20T20:17:40Z"}"#;
    assert!(matches!(
        meaning_of(&learned(ValueType::Timestamp), body),
        Meaning::Reading { .. }
    ));
}

/// Cars with thousands of kilometres tell 0 for a moment, and a meter that goes back is read as one that began anew.
#[test]
fn an_odometer_is_never_nothing() {
    for odometer in [MILEAGE, "vehicle.trip.segment.end.travelledDistance"] {
        for unit in [None, Some("km"), Some("mi"), Some("furlongs")] {
            let read = text_of(odometer, "0", unit);
            assert!(matches!(read, Meaning::Rejected(_)), "{read:?}");
            assert!(value_of(odometer, "1", unit).is_some());
        }
        assert_eq!(value_of(odometer, "0.1", None), Some(Value::Number(0.1)));
    }
}
