//! Rule B1: what is known of a charge to the top.

use super::*;

/// A charge from 90 to 100 % in 100 minutes with 11 kW, of which the battery takes 10.
fn to_the_top(end: f64, is_telling: bool) -> Car {
    let mut car = Car::new();
    car.say(0, IN).say(0, soc(90.0)).say(0, ACTIVE);
    for minute in 1..100 {
        if is_telling {
            car.say(minute, What::Power(11.0));
        }
        // Shown as soon as it is nearer.
        if minute % 10 == 5 {
            car.say(minute, soc(90.0 + (minute as f64 / 10.0).round()));
        }
    }
    car.say(100, ENDED).say(100, OUT);
    let json = format!(
        r#"{{"startTime":$(0),"endTime":$(100),"displayedStartSoc":90,"displayedSoc":{end},"energyConsumedFromPowerGridKwh":18.3,"energyIncreaseHvbKwh":16.6}}"#
    );
    car.list(200, &json);
    car
}

#[test]
fn b1_a_charge_to_the_top_tells_what_went_in_below_it() {
    let mut car = to_the_top(100.0, true);
    let row = car.one();
    assert_eq!(row.number("soc_below_full"), Some(98.0));
    // 20 minutes of 11 kW behind 98 %, of which between 0.7 and 1.05 come to the battery.
    let rest = 11.0 * 20.0 / 60.0;
    let kwh = row.number("energy_below_full_kwh").unwrap();
    assert!((kwh - (16.6 - 0.875 * rest)).abs() < 1e-6, "{kwh}");
    assert_eq!(
        to_the_top(100.0, false).one().number("soc_below_full"),
        None,
        "no power"
    );
    assert_eq!(
        to_the_top(98.0, true).one().number("soc_below_full"),
        Some(98.0),
        "the car showed more"
    );
    car.list(
        201,
        r#"{"startTime":$(101),"endTime":$(102),"energyConsumedFromPowerGridKwh":0.1}"#,
    );
    assert_eq!(
        car.one().number("soc_below_full"),
        None,
        "BMW tells a part of the battery's energy"
    );
}
