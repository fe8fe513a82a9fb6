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

/// A car that speaks when it is unlocked and locked alone: the charge of both plug-ins rose before it told of the plug.
#[test]
fn what_rose_behind_a_plug_in_is_none_of_it() {
    let mut car = Car::new();
    let look = |car: &mut Car, minute: i64, km: f64, percent: f64, plug: bool| {
        car.say(minute, What::Odometer(km))
            .say(minute, soc(percent))
            .say(minute, What::Plugged(plug));
        car.say(
            minute,
            What::Charging(if plug { Charging::Ended } else { Charging::Off }),
        );
    };
    look(&mut car, 0, 24_824.0, 49.0, false);
    look(&mut car, 985, 24_824.0, 51.0, true);
    look(&mut car, 995, 24_825.0, 51.0, false);
    look(&mut car, 1_174, 24_825.0, 51.0, false);
    look(&mut car, 2_280, 24_825.0, 80.0, true);
    look(&mut car, 2_312, 24_842.0, 74.0, false);
    let charges = [
        (1, 8, 49, 52, 24_824),
        (1_177, 1_235, 51, 77, 24_825),
        (1_961, 1_969, 77, 80, 24_825),
    ];
    for (start, end, from, to, km) in charges {
        let json = format!(
            r#"{{"startTime":$({start}),"endTime":$({end}),"displayedStartSoc":{from},"displayedSoc":{to},"mileage":{km}}}"#
        );
        car.list(3_000, &json);
    }
    assert_eq!(car.spans(), [(1, 8), (1_177, 1_969)]);
    assert_eq!(car.records()[0].number("soc_end"), Some(52.0));
}
