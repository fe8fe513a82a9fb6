//! Rules S3, S4 and S6: energies, power, what is given back.

use super::*;
use crate::rules::VehicleRules;

fn charged(kw: f64, every: i64) -> Car {
    let mut car = Car::new();
    car.say(-1, What::MaxEnergy(80.0))
        .say(0, soc(40.0))
        .say(0, IN)
        .say(1, ACTIVE);
    for step in 0..=(60 / every) {
        car.say(1 + step * every, What::Power(kw));
    }
    car.say(61, soc(50.0)).say(61, ENDED).say(90, OUT);
    car
}

#[test]
fn power_is_integrated_and_charge_has_an_interval() {
    let row = charged(7.5, 2).one();
    assert_eq!(row.number("energy_from_power_kwh"), Some(7.5));
    assert_eq!(
        (row.number("energy_kwh"), row.text("energy_basis")),
        (Some(7.5), "power".to_owned())
    );
    assert_eq!(row.number("energy_from_soc_low_kwh"), Some(7.155));
    assert_eq!(row.number("energy_from_soc_high_kwh"), Some(8.855));
    assert_eq!(
        (row.number("mean_power_kw"), row.text("current_type")),
        (Some(7.5), "AC".to_owned())
    );
}

#[test]
fn a_silence_gives_an_interval_and_no_held_value() {
    let mut car = Car::new();
    car.say(0, IN).say(1, ACTIVE);
    for minute in 1..=31 {
        car.say(minute, What::Power(6.0));
    }
    car.say(91, What::Power(6.0))
        .say(92, What::Power(6.0))
        .say(92, ENDED)
        .say(100, OUT);
    let row = car.one();
    let evidence = row
        .0
        .evidence
        .iter()
        .find(|evidence| &*evidence.column == "energy_from_power_kwh")
        .unwrap();
    let (low, high) = evidence.interval.unwrap();
    assert_eq!(
        ((low * 1e6).round() / 1e6, (high * 1e6).round() / 1e6),
        (3.1, 9.1)
    );
    assert_eq!(row.number("energy_from_power_kwh"), Some(6.1));
}

#[test]
fn where_power_is_silent_for_long_the_charge_tells_more() {
    let mut car = Car::new();
    car.say(-1, What::MaxEnergy(80.0))
        .say(0, soc(40.0))
        .say(0, IN)
        .say(1, ACTIVE)
        .say(1, What::Power(11.0))
        .say(240, What::Power(11.0));
    car.say(241, soc(90.0)).say(241, ENDED).say(300, OUT);
    assert_eq!(
        (car.one().text("energy_basis"), car.one().number("energy_kwh")),
        ("soc".to_owned(), Some(40.005))
    );
}

#[test]
fn volts_amperes_and_phases_are_power_where_none_is_told() {
    let mut car = Car::new();
    car.say(0, What::Voltage(230.0))
        .say(0, What::Phases(3.0))
        .say(0, IN)
        .say(1, ACTIVE);
    for minute in 1..=61 {
        car.say(minute, What::Current(16.0));
    }
    car.say(61, ENDED).say(70, OUT);
    assert_eq!(car.one().number("energy_from_power_kwh"), Some(11.04));
}

#[test]
fn the_owners_capacity_comes_first() {
    let mut car = charged(7.5, 2);
    let vin = "WBA00000000000001".parse::<Vin>().unwrap();
    car.rules.vehicles.insert(
        vin,
        VehicleRules {
            capacity_kwh: Some(100.0),
        },
    );
    assert_eq!(car.one().number("energy_from_soc_low_kwh"), Some(9.0));
}

#[test]
fn a_loss_is_told_only_of_two_energies_that_were_measured() {
    // (grid, battery, loss)
    let cases = [
        (10.0, "9.0", Some(0.1)),
        (6.44, "6.44", None),
        (10.0, "12", None),
        (10.0, "1", None),
        (10.0, "null", None),
    ];
    for (grid, battery, loss) in cases {
        let mut car = Car::new();
        car.list(100, &format!(r#"{{"startTime":$(0),"endTime":$(60),"energyConsumedFromPowerGridKwh":{grid},"energyIncreaseHvbKwh":{battery}}}"#));
        let row = car.one();
        assert_eq!(
            (row.number("loss_share"), row.text("energy_basis")),
            (loss, "grid".to_owned()),
            "{grid} {battery}"
        );
    }
}

#[test]
fn the_mean_is_that_of_the_blocks_and_not_of_the_plug() {
    let mut car = Car::new();
    car.list(100, r#"{"startTime":$(0),"endTime":$(600),"chargingBlocks":[
        {"startTime":$(0),"endTime":$(60),"averagePowerGridKw":11},{"startTime":$(540),"endTime":$(600),"averagePowerGridKw":11}]}"#);
    let row = car.one();
    assert_eq!(
        (row.number("energy_grid_kwh"), row.number("mean_power_kw")),
        (Some(22.0), Some(11.0))
    );
    assert_eq!(row.number("charging_minutes"), Some(120.0));
}

#[test]
fn the_kind_of_current_follows_from_power() {
    // (kWh in an hour, peak of a block of six minutes, kind)
    let cases = [
        (11.0, 11.0, "AC"),
        (11.0, 60.0, "DC"),
        (20.0, 22.0, ""),
        (50.0, 50.0, "DC"),
        (22.6, 22.6, "DC"),
        (22.4, 22.4, ""),
    ];
    for (kwh, peak, kind) in cases {
        let mut car = Car::new();
        car.list(100, &format!(
            r#"{{"startTime":$(0),"endTime":$(60),"energyConsumedFromPowerGridKwh":{kwh},"chargingBlocks":[
            {{"startTime":$(0),"endTime":$(6),"averagePowerGridKw":{peak}}},{{"startTime":$(6),"endTime":$(60),"averagePowerGridKw":10}}]}}"#
        ));
        assert_eq!(car.one().text("current_type"), kind, "{kwh} {peak}");
    }
}

#[test]
fn what_the_battery_gives_back_is_a_column_of_its_own() {
    let mut car = Car::new();
    car.say(-1, What::MaxEnergy(80.0))
        .say(0, soc(80.0))
        .say(0, IN)
        .say(1, ACTIVE)
        .say(60, soc(90.0))
        .say(60, ENDED);
    car.say(120, soc(85.0))
        .say(180, soc(70.0))
        .say(300, ACTIVE)
        .say(400, soc(90.0))
        .say(400, ENDED)
        .say(500, OUT);
    let row = car.one();
    assert_eq!(
        (row.number("energy_returned_kwh"), row.text("mark")),
        (Some(16.0), "split,discharging".to_owned())
    );
    assert_eq!(row.number("energy_from_soc_low_kwh"), Some(22.26));
}

#[test]
fn preconditioning_gives_nothing_back() {
    let mut car = Car::new();
    car.say(-1, What::MaxEnergy(80.0))
        .say(0, soc(90.0))
        .say(0, IN)
        .say(1, ACTIVE)
        .say(60, soc(95.0))
        .say(60, ENDED);
    car.say(400, What::Preconditioning(true))
        .say(420, soc(91.0))
        .say(430, OUT);
    let row = car.one();
    assert_eq!(
        (row.number("energy_returned_kwh"), row.text("preconditioning")),
        (None, "true".to_owned())
    );
}

#[test]
fn what_a_car_loses_while_it_stands_plugged_in_was_not_given_back() {
    let mut car = Car::new();
    car.say(-1, What::MaxEnergy(80.0))
        .say(0, soc(53.0))
        .say(0, IN)
        .say(1, ACTIVE)
        .say(60, soc(80.0))
        .say(60, ENDED);
    for day in 1..=6 {
        car.say(day * 1_440, soc(80.0 - day as f64));
    }
    car.say(8_700, OUT);
    // BMW's end is that of the plug, and so is its charge.
    car.list(
        8_800,
        r#"{"startTime":$(1),"endTime":$(8700),"energyConsumedFromPowerGridKwh":24,"displayedStartSoc":53,"displayedSoc":74}"#,
    );
    let row = car.one();
    assert_eq!(
        (row.number("energy_returned_kwh"), row.text("mark")),
        (None, String::new())
    );
    assert_eq!(
        (
            row.number("soc_end"),
            row.number("energy_from_soc_low_kwh"),
            row.number("energy_from_soc_high_kwh")
        ),
        (Some(80.0), Some(20.67), Some(22.54))
    );
}

#[test]
fn what_was_given_back_behind_the_last_charge_was_not_charged_again() {
    let mut car = Car::new();
    car.say(-1, What::MaxEnergy(80.0))
        .say(0, soc(80.0))
        .say(0, IN)
        .say(1, ACTIVE)
        .say(60, soc(90.0))
        .say(60, ENDED);
    car.say(120, soc(80.0)).say(180, soc(70.0)).say(500, OUT);
    let row = car.one();
    assert_eq!(
        (
            row.number("energy_returned_kwh"),
            row.number("energy_from_soc_low_kwh")
        ),
        (Some(16.0), Some(7.155))
    );
}

#[test]
fn a_full_battery_may_have_taken_more_than_it_shows() {
    let mut car = Car::new();
    car.say(-1, What::MaxEnergy(80.0))
        .say(0, soc(90.0))
        .say(0, IN)
        .say(1, ACTIVE)
        .say(60, soc(100.0))
        .say(60, ENDED)
        .say(90, OUT);
    let row = car.one();
    assert_eq!(
        (
            row.number("energy_from_soc_low_kwh"),
            row.number("energy_from_soc_high_kwh")
        ),
        (Some(7.155), Some(9.66))
    );
}

#[test]
fn power_behind_a_short_pause_counts_from_the_end_of_the_pause() {
    let mut car = Car::new();
    car.say(0, IN).say(1, ACTIVE).say(1, What::Power(6.0));
    car.say(11, What::Power(6.0)).say(11, WAITING).say(12, ACTIVE);
    car.say(22, What::Power(6.0)).say(22, ENDED).say(30, OUT);
    assert_eq!(car.one().number("energy_from_power_kwh"), Some(2.0));
}

#[test]
fn what_a_window_charged_is_no_second_charge_behind_unplugging() {
    let mut car = Car::new();
    car.say(0, soc(60.0)).say(1, IN).say(2, ACTIVE);
    car.say(300, soc(100.0)).say(310, OUT).say(316, soc(100.0));
    assert_eq!(car.spans(), [(2, 310)]);
}

#[test]
fn what_no_car_can_mean_in_a_charge_leaves_what_the_car_told() {
    // The car told 40 to 60 % of 80 kWh in an hour. (what BMW lists beside the times, charge, what the grid gave, basis)
    let cases = [
        (
            r#""displayedStartSoc":0,"displayedSoc":0"#,
            (40.0, 60.0),
            None,
            "soc",
        ),
        (
            r#""displayedStartSoc":0,"displayedSoc":61"#,
            (40.0, 61.0),
            None,
            "soc",
        ),
        // 500 kW; and nothing although the charge rose.
        (
            r#""energyConsumedFromPowerGridKwh":500"#,
            (40.0, 60.0),
            None,
            "soc",
        ),
        (r#""energyIncreaseHvbKwh":500"#, (40.0, 60.0), None, "soc"),
        (r#""energyConsumedFromPowerGridKwh":0"#, (40.0, 60.0), None, "soc"),
        (
            r#""chargingBlocks":[{"startTime":$(1),"endTime":$(61),"averagePowerGridKw":500}]"#,
            (40.0, 60.0),
            None,
            "soc",
        ),
        (
            r#""energyConsumedFromPowerGridKwh":18"#,
            (40.0, 60.0),
            Some(18.0),
            "grid",
        ),
    ];
    for (says, (first, last), grid, basis) in cases {
        let mut car = Car::new();
        car.say(-1, What::MaxEnergy(80.0)).say(0, soc(40.0)).say(0, IN);
        car.say(1, ACTIVE).say(61, soc(60.0)).say(61, ENDED).say(90, OUT);
        car.list(100, &format!(r#"{{"startTime":$(1),"endTime":$(61),{says}}}"#));
        let row = car.one();
        let charge = (row.number("soc_start"), row.number("soc_end"));
        assert_eq!(charge, (Some(first), Some(last)), "{says}");
        let energy = (row.number("energy_grid_kwh"), row.text("energy_basis"));
        assert_eq!(energy, (grid, basis.to_owned()), "{says}");
    }
}

#[test]
fn a_car_that_tells_no_capacity_has_the_one_that_a_listed_charge_shows() {
    // (what the charge says beside its times, the energy of a later rise by 20 %)
    let cases = [
        (
            r#""displayedStartSoc":30,"displayedSoc":80,"energyIncreaseHvbKwh":50"#,
            Some((18.3, 21.4)),
        ),
        // At the grid; to the brim; too small a rise.
        (
            r#""displayedStartSoc":30,"displayedSoc":80,"energyIncreaseHvbKwh":55"#,
            None,
        ),
        (
            r#""displayedStartSoc":30,"displayedSoc":100,"energyIncreaseHvbKwh":50"#,
            None,
        ),
        (
            r#""displayedStartSoc":30,"displayedSoc":40,"energyIncreaseHvbKwh":50"#,
            None,
        ),
    ];
    for (says, expected) in cases {
        let mut car = Car::new();
        let times = r#""startTime":$(-900),"endTime":$(-600),"energyConsumedFromPowerGridKwh":55"#;
        car.list(-300, &format!("{{{times},{says}}}"));
        car.say(0, soc(40.0))
            .say(0, IN)
            .say(1, ACTIVE)
            .say(61, soc(60.0))
            .say(61, ENDED);
        let row = car.records().pop().unwrap();
        let low = row.number("energy_from_soc_low_kwh");
        let found = low.zip(row.number("energy_from_soc_high_kwh"));
        let tenths = found.map(|(low, high)| ((low * 10.0).round() / 10.0, (high * 10.0).round() / 10.0));
        assert_eq!(tenths, expected, "{says}");
    }
}

#[test]
fn the_charge_at_unplugging_days_later_is_not_that_of_the_end() {
    for (unplugged, end) in [(5_000, Some(78.0)), (6_000, None)] {
        let mut car = Car::new();
        car.list(
            7_000,
            &format!(
                r#"{{"startTime":$(0),"endTime":$({unplugged}),"displayedStartSoc":77,"displayedSoc":78,
                "chargingBlocks":[{{"startTime":$(0),"endTime":$(60),"averagePowerGridKw":3}}]}}"#
            ),
        );
        let row = car.one();
        let found = (row.number("soc_start"), row.number("soc_end"));
        assert_eq!(found, (Some(77.0), end), "{unplugged}");
    }
}
