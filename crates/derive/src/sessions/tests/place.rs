//! Where a session was: what the car says where it stands, else what BMW lists, else where it starts from.

use super::*;

const HOME: (f64, f64) = (48.1, 11.5);
const ROAD: (f64, f64) = (48.12, 11.5);

fn at(car: &mut Car, minute: i64, (latitude, longitude): (f64, f64)) {
    car.say(minute, What::Latitude(latitude))
        .say(minute, What::Longitude(longitude));
}

/// Drives for 20 minutes and charges for an hour; the last position is told on the way.
fn arrived(moving: bool) -> Car {
    let mut car = Car::new();
    car.say(-20, What::Odometer(100.0));
    if moving {
        car.say(-20, What::Moving(true));
    }
    car.say(-3, What::Odometer(118.0));
    at(&mut car, -3, ROAD);
    if moving {
        car.say(-1, What::Moving(false));
    }
    car.say(-1, What::Odometer(120.0));
    car
}

fn charge(car: &mut Car) {
    car.say(1, IN).say(2, ACTIVE).say(60, ENDED).say(90, OUT);
}

fn place(car: &Car) -> Option<(f64, f64)> {
    let row = car.one();
    row.number("latitude").zip(row.number("longitude"))
}

fn list(car: &mut Car, (latitude, longitude): (f64, f64)) {
    car.list(200, &format!(
        r#"{{"startTime":$(2),"endTime":$(60),"energyConsumedFromPowerGridKwh":11,"chargingLocation":{{"mapMatchedLatitude":{latitude},"mapMatchedLongitude":{longitude}}}}}"#
    ));
}

#[test]
fn a_position_of_the_way_is_none_of_the_place() {
    for moving in [true, false] {
        let mut car = arrived(moving);
        charge(&mut car);
        assert_eq!(place(&car), None);
        list(&mut car, HOME);
        assert_eq!(place(&car), Some(HOME));
    }
}

#[test]
fn a_position_told_while_plugged_in_or_before_the_next_drive_is_the_place() {
    // (minute, place)
    let cases = [
        (-1, Some(HOME)),
        (0, Some(HOME)),
        (30, Some(HOME)),
        (100, Some(HOME)),
        (121, None),
    ];
    for (minute, expected) in cases {
        let mut car = arrived(true);
        if minute < 1 {
            at(&mut car, minute, HOME);
        }
        car.say(1, IN).say(2, ACTIVE);
        if minute == 30 {
            at(&mut car, minute, HOME);
        }
        car.say(60, ENDED).say(90, OUT).say(99, What::Odometer(120.0));
        if minute == 100 {
            at(&mut car, minute, HOME);
        }
        car.say(120, What::Moving(true)).say(121, What::Odometer(125.0));
        at(&mut car, 122, ROAD);
        assert_eq!(place(&car), expected, "{minute}");
    }
}

#[test]
fn halves_of_a_position_belong_together_where_the_car_said_that_it_stands() {
    let mut car = arrived(true);
    car.say(0, What::Latitude(HOME.0));
    charge(&mut car);
    car.say(95, What::Longitude(HOME.1));
    assert_eq!(place(&car), Some(HOME));
}

#[test]
fn the_cars_position_counts_where_it_is_next_to_bmws() {
    // (BMW's, place)
    let cases = [
        ((48.101, 11.5), HOME),
        ((48.11, 11.5), (48.11, 11.5)),
        ((0.0, 0.0), HOME),
    ];
    for (listed, expected) in cases {
        let mut car = arrived(true);
        at(&mut car, 0, HOME);
        charge(&mut car);
        list(&mut car, listed);
        assert_eq!(place(&car), Some(expected), "{listed:?}");
    }
}
