//! Rule S1: charging that only the rise of the charge tells.

use super::*;

#[test]
fn a_charge_that_only_its_result_tells_is_found() {
    // (plugged, rise, found)
    let cases = [
        (Some(true), 1.0, 1),
        (None, 1.0, 0),
        (None, 2.0, 1),
        (Some(false), 4.0, 0),
        (Some(false), 40.0, 1),
    ];
    for (plugged, rise, found) in cases {
        let mut car = Car::new();
        car.say(0, soc(40.0));
        if let Some(plugged) = plugged {
            car.say(1, What::Plugged(plugged));
        }
        car.say(600, soc(40.0 + rise))
            .say(700, What::Odometer(1.0))
            .say(701, OUT);
        let charged = car
            .records()
            .iter()
            .filter(|row| row.text("mark") != "no_energy")
            .count();
        assert_eq!(charged, found, "{plugged:?} {rise}");
    }
}

#[test]
fn a_rise_over_a_drive_is_no_charge() {
    let mut car = Car::new();
    car.say(0, soc(40.0))
        .say(0, What::Odometer(10.0))
        .say(30, What::Odometer(20.0))
        .say(31, soc(44.0))
        .say(90, What::Fuel(1.0));
    assert!(car.records().is_empty());
}
