//! Rule S1: what is one plug-in.

use super::*;

#[test]
fn a_plug_in_is_one_session_from_first_to_last_window() {
    let mut car = Car::new();
    car.say(0, What::Odometer(100.0))
        .say(0, soc(40.0))
        .say(1, IN)
        .say(5, ACTIVE)
        .say(65, ENDED);
    let row = car.one();
    assert_eq!(
        (row.start(), row.minute("end_at"), row.is_final()),
        (5, Some(65), false)
    );
    car.say(600, OUT);
    let row = car.one();
    assert!(row.is_final());
    assert_eq!(
        (row.minute("plugged_at"), row.minute("unplugged_at")),
        (Some(1), Some(600))
    );
    assert_eq!(row.number("charging_minutes"), Some(60.0));
}

#[test]
fn forty_flaps_of_the_sun_are_one_session() {
    let mut car = Car::new();
    car.say(0, IN);
    for flap in 0..40 {
        car.say(10 + flap * 12, ACTIVE)
            .say(14 + flap * 12, What::Power(1.4))
            .say(16 + flap * 12, WAITING);
    }
    car.say(700, OUT);
    let row = car.one();
    assert_eq!((row.start(), row.minute("end_at")), (10, Some(484)));
    assert_eq!(
        (row.0.children.len(), row.number("charging_minutes")),
        (40, Some(240.0))
    );
    assert_eq!(row.text("mark"), "");
}

#[test]
fn a_night_of_waiting_stays_one_session_and_is_marked() {
    let mut car = Car::new();
    car.say(0, IN)
        .say(1, ACTIVE)
        .say(20, WAITING)
        .say(400, ACTIVE)
        .say(500, ENDED)
        .say(700, OUT);
    assert_eq!(car.spans(), [(1, 500)]);
    assert_eq!(car.one().text("mark"), "split");
}

#[test]
fn without_plug_data_windows_join_up_to_half_an_hour() {
    for (pause, sessions) in [(29, 1), (31, 2)] {
        let mut car = Car::new();
        car.say(0, ACTIVE)
            .say(60, OFF)
            .say(60 + pause, ACTIVE)
            .say(200, OFF);
        assert_eq!(car.records().len(), sessions, "{pause}");
    }
}

#[test]
fn without_plug_data_a_fall_of_the_charge_or_a_drive_parts_windows() {
    let mut car = Car::new();
    car.say(0, soc(40.0))
        .say(1, ACTIVE)
        .say(59, soc(50.0))
        .say(60, OFF)
        .say(70, soc(48.0))
        .say(71, ACTIVE)
        .say(90, OFF);
    assert_eq!(car.spans(), [(1, 60), (71, 90)]);

    let mut car = Car::new();
    car.say(0, What::Odometer(10.0))
        .say(1, ACTIVE)
        .say(20, What::Odometer(10.0))
        .say(60, OFF);
    car.say(70, What::Odometer(12.0)).say(71, ACTIVE).say(90, OFF);
    assert_eq!(car.spans(), [(1, 60), (71, 90)]);
    assert!(car.records()[0].is_final());
}

#[test]
fn without_plug_data_it_is_over_half_an_hour_later() {
    let mut car = Car::new();
    car.say(0, ACTIVE).say(60, OFF).say(80, What::Fuel(1.0));
    assert!(!car.one().is_final());
    car.say(91, What::Fuel(1.0));
    assert!(car.one().is_final());
}

#[test]
fn a_drive_ends_a_session_whose_unplugging_was_lost() {
    let mut car = Car::new();
    car.say(0, What::Odometer(100.0))
        .say(1, IN)
        .say(2, ACTIVE)
        .say(60, What::Power(11.0))
        .say(120, What::Odometer(107.0));
    let row = car.one();
    assert_eq!(
        (row.minute("end_at"), row.minute("unplugged_at"), row.is_final()),
        (Some(60), None, true)
    );
    // What a poll repeats behind the drive opens nothing.
    car.poll(130, IN)
        .say(131, What::Power(11.0))
        .say(400, What::Fuel(1.0));
    assert_eq!(car.spans(), [(2, 60)]);
    car.say(500, IN).say(501, ACTIVE).say(520, ENDED).say(530, OUT);
    assert_eq!(car.spans(), [(2, 60), (501, 520)]);
}

#[test]
fn moving_ends_a_session() {
    let mut car = Car::new();
    car.say(1, IN)
        .say(2, ACTIVE)
        .say(60, ENDED)
        .say(70, What::Moving(true));
    assert!(car.one().is_final());
}

#[test]
fn an_odometer_told_soon_after_plugging_in_is_of_the_way_there() {
    let mut car = Car::new();
    car.say(-60, What::Odometer(100.0))
        .say(0, IN)
        .say(1, ACTIVE)
        .say(3, What::Odometer(120.0));
    car.say(60, ENDED).say(600, OUT);
    assert_eq!(car.spans(), [(1, 60)]);
    assert_eq!(car.one().number("odometer_km"), Some(120.0));
}

#[test]
fn the_last_of_the_way_may_be_told_while_plugged_in() {
    for (km, sessions) in [(104.0, 1), (106.0, 2)] {
        let mut car = Car::new();
        car.say(-5, What::Odometer(100.0))
            .say(0, IN)
            .say(1, ACTIVE)
            .say(60, WAITING);
        car.say(300, What::Odometer(km))
            .say(301, ACTIVE)
            .say(360, ENDED)
            .say(600, OUT);
        assert_eq!(car.records().len(), sessions, "{km}");
    }
}

#[test]
fn a_plug_that_is_repeated_elsewhere_is_no_session() {
    let mut car = Car::new();
    car.say(0, What::Odometer(100.0))
        .say(30, What::Odometer(120.0))
        .say(40, IN)
        .say(41, What::Odometer(120.0));
    car.say(300, What::Odometer(140.0))
        .say(310, OUT)
        .say(400, What::Fuel(1.0));
    assert!(car.records().is_empty(), "{:#?}", car.records());
}

#[test]
fn plugged_in_elsewhere_before_the_drive_is_told_is_another_session() {
    let mut car = Car::new();
    car.say(0, What::Odometer(100.0))
        .say(1, IN)
        .say(2, ACTIVE)
        .say(60, ENDED);
    car.say(300, IN)
        .say(301, ACTIVE)
        .say(303, What::Odometer(150.0))
        .say(360, ENDED)
        .say(400, OUT);
    assert_eq!(car.spans(), [(2, 60), (301, 360)]);
}

#[test]
fn a_new_plug_event_is_another_session() {
    let mut car = Car::new();
    car.say(0, What::PlugEvent(7.0))
        .say(0, IN)
        .say(1, ACTIVE)
        .say(60, ENDED);
    car.say(300, What::PlugEvent(9.0))
        .say(301, ACTIVE)
        .say(360, ENDED)
        .say(400, OUT);
    assert_eq!(car.spans(), [(1, 60), (301, 360)]);
}

#[test]
fn a_plug_that_rattles_stays_in() {
    let mut car = Car::new();
    car.say(0, IN)
        .say(1, ACTIVE)
        .say(20, OUT)
        .say(21, IN)
        .say(22, ACTIVE)
        .say(60, ENDED)
        .say(90, OUT);
    assert_eq!(car.spans(), [(1, 60)]);
}

#[test]
fn the_last_sign_of_energy_ends_what_nothing_else_does() {
    let mut car = Car::new();
    car.say(0, IN)
        .say(1, ACTIVE)
        .say(60, What::Power(11.0))
        .say(900, OUT);
    assert_eq!(car.spans(), [(1, 60)]);

    let mut car = Car::new();
    car.say(0, IN)
        .say(1, ACTIVE)
        .say(60, What::Power(11.0))
        .say(70, OUT);
    assert_eq!(car.spans(), [(1, 70)]);
}

#[test]
fn power_that_a_car_repeats_behind_the_end_is_none() {
    let mut car = Car::new();
    car.say(0, IN)
        .say(1, ACTIVE)
        .say(2, What::Power(11.0))
        .say(60, ENDED);
    car.say(70, What::Power(11.0))
        .say(130, What::Power(11.0))
        .say(140, OUT);
    assert_eq!(car.spans(), [(1, 60)]);
}

#[test]
fn power_alone_tells_a_session() {
    let mut car = Car::new();
    car.say(0, IN)
        .say(1, What::Power(3.0))
        .say(30, What::Power(3.0))
        .say(60, What::Power(0.0))
        .say(90, OUT);
    assert_eq!(car.spans(), [(1, 60)]);
}

#[test]
fn plugged_in_without_charging_is_told_when_it_is_over() {
    let mut car = Car::new();
    car.say(0, IN).say(100, soc(80.0));
    assert!(car.records().is_empty());
    car.say(200, OUT);
    let row = car.one();
    assert_eq!(
        (row.start(), row.minute("end_at"), row.text("mark")),
        (0, Some(200), "no_energy".to_owned())
    );
    assert_eq!(
        (row.text("cost_state"), row.number("cost")),
        ("unknown".to_owned(), None)
    );
}

#[test]
fn the_place_is_where_the_car_stands() {
    let mut car = Car::new();
    car.rules.places.push(crate::rules::Place {
        name: "home".to_owned(),
        latitude: 48.1,
        longitude: 11.5,
        radius_m: 100.0,
    });
    car.say(-2, What::Latitude(48.1))
        .say(-2, What::Longitude(11.5))
        .say(0, IN)
        .say(1, ACTIVE)
        .say(60, ENDED)
        .say(90, OUT);
    // Two that are further apart in time are no position.
    car.say(91, What::Latitude(50.0)).say(92, What::Longitude(9.0));
    let row = car.one();
    assert_eq!(
        (row.text("place"), row.number("latitude")),
        ("home".to_owned(), Some(48.1))
    );
}

#[test]
fn a_position_that_came_in_halves_is_where_the_car_stands_and_never_where_it_drove() {
    let told = |halts: Option<i64>| {
        let mut car = Car::new();
        car.say(-10, What::Moving(true))
            .say(-8, What::Latitude(48.2))
            .say(-8, What::Longitude(11.6))
            .say(-5, What::Latitude(48.1));
        if let Some(minute) = halts {
            car.say(minute, What::Moving(false))
                .say(minute, What::Odometer(100.0));
        }
        car.say(-3, What::Longitude(11.5));
        car.say(0, IN).say(1, ACTIVE).say(60, ENDED).say(90, OUT);
        (car.one().number("latitude"), car.one().number("longitude"))
    };
    assert_eq!(told(Some(-5)), (Some(48.1), Some(11.5)));
    assert_eq!(told(Some(-4)), (None, None), "one half is of the way");
    assert_eq!(told(None), (None, None));
}

#[test]
fn after_a_year_of_sun_the_state_is_small() {
    let mut car = Car::new();
    for day in 0..365 {
        let from = day * 1_440;
        car.say(from, IN);
        for flap in 0..40 {
            let from = from + flap * 12;
            car.say(from + 1, ACTIVE)
                .say(from + 2, What::Power(2.0))
                .say(from + 7, WAITING);
        }
        car.say(from + 600, OUT);
    }
    assert!(car.sessions.ended.len() <= 101, "{}", car.sessions.ended.len());
    assert!(car.records().len() <= 4);
    let state = serde_json::to_string(&car.sessions).unwrap();
    assert!(state.len() < 400_000, "{} bytes", state.len());
}

#[test]
fn a_car_that_speaks_at_lock_and_unlock_alone_is_understood() {
    let mut car = Car::new();
    car.say(-20, OUT).say(-20, OFF).say(-20, soc(93.0));
    car.say(0, What::Odometer(54.0))
        .say(0, soc(93.0))
        .say(30, What::Odometer(73.0))
        .say(30, soc(88.0));
    car.say(800, soc(100.0)).say(800, OUT).say(800, OFF);
    car.say(810, What::Odometer(73.0))
        .say(810, soc(100.0))
        .say(840, What::Odometer(93.0))
        .say(840, soc(90.0));
    let row = car.one();
    assert_eq!(
        (row.start(), row.minute("end_at"), row.number("soc_end")),
        (30, Some(800), Some(100.0))
    );
}

#[test]
fn a_plug_that_is_told_again_before_driving_off_is_the_same() {
    let mut car = Car::new();
    car.say(0, What::Odometer(100.0))
        .say(1, IN)
        .say(2, ACTIVE)
        .say(60, ENDED);
    // Unlocked, unplugged and driven six kilometres, of which only both ends are told.
    car.say(700, What::Odometer(100.0)).say(700, IN);
    car.say(710, What::Odometer(106.0)).say(710, OUT);
    assert_eq!(car.spans(), [(2, 60)]);
    assert!(car.one().is_final());
}
