//! Rule S2: what BMW lists takes the place of what was seen.

use super::*;

fn seen() -> Car {
    let mut car = Car::new();
    car.say(0, What::Odometer(1000.0))
        .say(0, soc(40.0))
        .say(1, IN)
        .say(5, ACTIVE)
        .say(6, What::Odometer(1000.0));
    car.say(60, soc(50.0)).say(65, ENDED).say(300, OUT);
    car
}

#[test]
fn a_listed_charge_takes_the_place_of_the_seen_one() {
    // (start, end, mileage, unit, sessions)
    let cases = [
        (3, 66, "1000", "KM", 1),
        (3, 66, "1001", "MileageUnits.KM", 1),
        (3, 66, "\"621\"", "MI", 1),
        (3, 66, "621", "MileageUnits.MI", 1),
        (3, 66, "1005", "KM", 2),
        (-29, -20, "null", "KM", 1),
        (-90, -40, "null", "KM", 2),
        (310, 350, "null", "KM", 2),
        (200, 290, "null", "KM", 1),
    ];
    for (start, end, mileage, unit, sessions) in cases {
        let mut car = seen();
        let json = format!(
            r#"{{"startTime":$({start}),"endTime":$({end}),"mileage":{mileage},"mileageUnits":"{unit}","energyConsumedFromPowerGridKwh":"9.5"}}"#
        );
        car.list(1_000, &json);
        let rows = car.records();
        assert_eq!(rows.len(), sessions, "{start} {end} {mileage} {unit}");
        let listed = rows.iter().find(|row| row.start() == start).unwrap();
        assert_eq!(
            (listed.number("energy_grid_kwh"), listed.text("basis")),
            (Some(9.5), "bmw".to_owned())
        );
    }
}

#[test]
fn several_records_inside_one_plug_in_are_one_session() {
    let mut car = Car::new();
    car.say(0, IN)
        .say(1, ACTIVE)
        .say(60, WAITING)
        .say(400, ACTIVE)
        .say(500, ENDED)
        .say(700, OUT);
    car.list(1_000, r#"{"startTime":$(1),"endTime":$(60),"energyConsumedFromPowerGridKwh":5,"displayedStartSoc":40,"displayedSoc":46}"#);
    car.list(1_000, r#"{"startTime":$(400),"endTime":$(500),"energyConsumedFromPowerGridKwh":7,"displayedStartSoc":46,"displayedSoc":54}"#);
    let row = car.one();
    assert_eq!(
        (row.start(), row.minute("end_at"), row.text("mark")),
        (1, Some(500), "split".to_owned())
    );
    assert_eq!(
        (row.number("energy_kwh"), row.number("soc_end")),
        (Some(12.0), Some(54.0))
    );
    assert_eq!(row.0.children.len(), 2);
}

#[test]
fn fragments_within_a_listed_charge_are_absorbed_at_the_same_place_only() {
    for (odometer, sessions) in [(10.0, 1), (30.0, 2)] {
        let mut car = Car::new();
        car.say(0, What::Odometer(10.0))
            .say(1, ACTIVE)
            .say(2, What::Odometer(10.0))
            .say(60, OFF);
        car.say(99, What::Odometer(odometer))
            .say(100, ACTIVE)
            .say(101, What::Odometer(odometer))
            .say(130, OFF)
            .say(200, What::Fuel(1.0));
        assert_eq!(car.records().len(), 2);
        car.list(300, r#"{"startTime":$(0),"endTime":$(131),"mileage":10,"mileageUnits":"KM","energyConsumedFromPowerGridKwh":5}"#);
        assert_eq!(car.records().len(), sessions, "{odometer}");
    }
}

#[test]
fn what_nobody_saw_is_a_session_of_its_own() {
    let mut car = Car::new();
    car.list(
        1_000,
        r#"{"startTime":$(-50000),"endTime":$(-49900),"energyConsumedFromPowerGridKwh":11,"mileage":5}"#,
    );
    car.list(
        1_000,
        r#"{"startTime":$(-40000),"endTime":$(-39900),"energyConsumedFromPowerGridKwh":0}"#,
    );
    car.list(
        1_000,
        r#"{"startTime":$(-30000),"energyConsumedFromPowerGridKwh":null}"#,
    );
    let rows = car.records();
    let marks: Vec<_> = rows.iter().map(|row| row.text("mark")).collect();
    assert_eq!(marks, ["", "no_energy", "no_energy,no_end"]);
    assert!(rows.iter().all(Row::is_final));
    assert_eq!(rows[1].number("energy_kwh"), Some(0.0));
    assert_eq!(rows[2].number("energy_kwh"), None);
}

#[test]
fn what_bmw_completes_is_told_again_and_what_it_repeats_is_not() {
    let mut car = Car::new();
    car.list(10, r#"{"startTime":$(0)}"#);
    let first = car.one();
    car.list(
        1_000,
        r#"{"startTime":$(0),"endTime":$(60),"energyConsumedFromPowerGridKwh":6}"#,
    );
    let second = car.one();
    assert_eq!(
        (first.0.key == second.0.key, second.number("energy_kwh")),
        (true, Some(6.0))
    );
    let before = car.sessions.listed.clone();
    car.list(
        2_000,
        r#"{"energyConsumedFromPowerGridKwh":6.0,"endTime":$(60),"startTime":"$(0)"}"#,
    );
    assert_eq!(car.sessions.listed, before);
}

#[test]
fn a_record_that_begins_elsewhere_withdraws_nothing_of_others() {
    let mut car = seen();
    car.say(2_000, IN)
        .say(2_001, ACTIVE)
        .say(2_060, ENDED)
        .say(2_100, OUT);
    car.list(
        3_000,
        r#"{"startTime":$(4),"endTime":$(65),"energyConsumedFromPowerGridKwh":6}"#,
    );
    assert_eq!(car.spans(), [(4, 65), (2_001, 2_060)]);
}

#[test]
fn while_bmw_lists_a_part_only_the_whole_is_what_was_seen() {
    let mut car = Car::new();
    car.say(0, IN).say(1, ACTIVE).say(1, What::Power(6.0));
    for minute in 1..=60 {
        car.say(minute, What::Power(6.0));
    }
    car.say(61, WAITING).say(300, ACTIVE);
    for minute in 300..=360 {
        car.say(minute, What::Power(6.0));
    }
    car.list(
        361,
        r#"{"startTime":$(1),"endTime":$(61),"energyConsumedFromPowerGridKwh":6.3}"#,
    );
    let row = car.one();
    assert!(!row.is_final());
    assert_eq!(
        (
            row.start(),
            row.number("energy_grid_kwh"),
            row.text("energy_basis")
        ),
        (1, Some(6.3), "power".to_owned())
    );
    assert_eq!(row.number("energy_kwh"), Some(12.0));
}

#[test]
fn whatever_bmw_sends_loses_nothing_else() {
    // (field, JSON, column, value)
    let cases = [
        ("displayedStartSoc", "\"41\"", "soc_start", Some(41.0)),
        ("displayedStartSoc", "141", "soc_start", None),
        ("energyIncreaseHvbKwh", "\"7,5\"", "energy_battery_kwh", Some(7.5)),
        ("energyIncreaseHvbKwh", "{}", "energy_battery_kwh", None),
        ("energyDischargedKwh", "2", "energy_returned_kwh", Some(2.0)),
        ("energyDecreaseHvbKwh", "\"3\"", "energy_returned_kwh", Some(3.0)),
        (
            "mileage",
            "\"100\",\"mileageUnits\":\"MILES\"",
            "odometer_km",
            Some(160.9344),
        ),
        (
            "chargingCostInformation",
            r#"{"calculatedChargingCost":"4.5","currency":"EUR"}"#,
            "bmw_cost",
            Some(4.5),
        ),
        ("chargingCostInformation", "[]", "bmw_cost", None),
        (
            "chargingLocation",
            r#"{"mapMatchedLatitude":51.5,"mapMatchedLongitude":"-2.1"}"#,
            "longitude",
            Some(-2.1),
        ),
        ("chargingBlocks", "\"none\"", "peak_power_kw", None),
        (
            "chargingBlocks",
            r#"[7,{"startTime":$(0),"endTime":$(30),"averagePowerGridKw":"8"}]"#,
            "peak_power_kw",
            Some(8.0),
        ),
        (
            "totalChargingDurationSec",
            "\"1800\"",
            "charging_minutes",
            Some(30.0),
        ),
    ];
    for (field, json, column, value) in cases {
        let mut car = Car::new();
        car.list(100, &format!(r#"{{"startTime":"2026-01-05T18:00:00Z","endTime":$(60),"energyConsumedFromPowerGridKwh":4,"{field}":{json}}}"#));
        let row = car.one();
        assert_eq!(
            (row.start(), row.number("energy_kwh"), row.number(column)),
            (0, Some(4.0), value),
            "{field} {json}"
        );
    }
    for json in ["[]", "7", "null", "{"] {
        let mut car = Car::new();
        car.list(100, json);
        assert!(car.records().is_empty(), "{json}");
    }
}

#[test]
fn failures_and_preconditioning_are_kept() {
    let mut car = Car::new();
    car.list(100, r#"{"startTime":$(0),"endTime":$(60),"energyConsumedFromPowerGridKwh":4,"businessErrors":[{"creationTime":17,"hint":"x"}],"isPreconditioningActivated":"True"}"#);
    assert_eq!(
        (car.one().text("mark"), car.one().text("preconditioning")),
        ("failed".to_owned(), "true".to_owned())
    );
}

#[test]
fn a_car_that_is_looked_at_hours_later_was_plugged_in_when_bmw_lists_it() {
    // (what it said before, start and end by BMW, sessions)
    let cases = [
        (OUT, 40, 100, 1),
        // Before it arrived, and before it said that it was not plugged in.
        (OUT, -60, 20, 2),
        (IN, 40, 100, 1),
    ];
    for (before, start, end, sessions) in cases {
        let is_first = before == IN;
        let mut car = Car::new();
        car.say(0, What::Odometer(10.0)).say(30, What::Odometer(30.0));
        if !is_first {
            car.say(31, before);
        }
        car.say(31, soc(60.0));
        // Two looks, the second one in the morning.
        car.say(400, IN)
            .say(400, soc(79.0))
            .say(700, IN)
            .say(700, soc(80.0));
        car.say(702, OUT).say(740, What::Odometer(50.0));
        car.list(
            1_500,
            &format!(
                r#"{{"startTime":$({start}),"endTime":$({end}),"mileage":30,"mileageUnits":"KM","energyConsumedFromPowerGridKwh":7,"displayedStartSoc":60,"displayedSoc":80}}"#
            ),
        );
        let rows = car.records();
        assert_eq!(rows.len(), sessions, "{start} {rows:#?}");
        let listed = rows.iter().find(|row| row.start() == start).unwrap();
        assert_eq!(listed.minute("end_at"), Some(end));
        assert_eq!(listed.minute("unplugged_at"), Some(702).filter(|_| sessions == 1));
    }
}

#[test]
fn a_plug_that_showed_no_charging_joins_what_bmw_lists() {
    let mut car = Car::new();
    car.say(0, What::Odometer(10.0))
        .say(30, What::Odometer(30.0))
        .say(30, OUT);
    // Looked at before the drive; unplugging is told at its end.
    car.say(700, What::Odometer(30.0))
        .say(700, IN)
        .say(731, What::Odometer(49.0));
    car.say(731, OUT);
    assert!(car.records().is_empty());
    for (start, end) in [(40, 43), (600, 607)] {
        car.list(
            1_500,
            &format!(r#"{{"startTime":$({start}),"endTime":$({end}),"mileage":30,"energyConsumedFromPowerGridKwh":1}}"#),
        );
    }
    let row = car.one();
    assert_eq!(
        (row.start(), row.minute("end_at"), row.number("energy_kwh")),
        (40, Some(607), Some(2.0))
    );
}

#[test]
fn no_time_of_a_listed_charge_counts_twice() {
    // (blocks of 6 kW, from and until which minute; energy and minutes of an hour of charging without a total)
    let cases = [
        (&[(0, 30), (30, 60)][..], 6.0, 60.0),
        (&[(0, 40), (20, 60)], 6.0, 60.0),
        (&[(0, 60), (10, 20), (0, 30)], 6.0, 60.0),
        (&[(-10, 20), (50, 90), (70, 80)], 3.0, 30.0),
    ];
    for (blocks, kwh, minutes) in cases {
        let block = |(from, until): &(i64, i64)| {
            format!(r#"{{"startTime":$({from}),"endTime":$({until}),"averagePowerGridKw":6}}"#)
        };
        let list: Vec<_> = blocks.iter().map(block).collect();
        let mut car = Car::new();
        let times = r#""startTime":$(0),"endTime":$(60)"#;
        car.list(
            100,
            &format!(r#"{{{times},"chargingBlocks":[{}]}}"#, list.join(",")),
        );
        let row = car.one();
        let found = (row.number("energy_grid_kwh"), row.number("charging_minutes"));
        assert_eq!(found, (Some(kwh), Some(minutes)), "{blocks:?}");
    }
}

#[test]
fn a_plug_that_flaps_forty_times_is_what_bmw_lists_of_it() {
    let mut car = Car::new();
    for flap in 0..40 {
        let minute = flap * 8;
        car.say(minute, IN)
            .say(minute, ACTIVE)
            .say(minute + 2, What::Power(7.0));
        car.say(minute + 4, ENDED).say(minute + 4, OUT);
    }
    assert_eq!(car.records().len(), 40);
    car.list(
        400,
        r#"{"startTime":$(0),"endTime":$(316),"energyConsumedFromPowerGridKwh":18}"#,
    );
    let row = car.one();
    assert_eq!((row.start(), row.minute("end_at")), (0, Some(316)));
    assert_eq!(row.number("energy_kwh"), Some(18.0));
}

#[test]
fn an_answer_without_energies_takes_none_back() {
    let full = r#"{"startTime":$(0),"endTime":$(60),"energyConsumedFromPowerGridKwh":7.0,
        "chargingBlocks":[{"startTime":$(0),"endTime":$(30),"averagePowerGridKw":14.0}]}"#;
    let silent =
        r#"{"startTime":$(0),"endTime":$(70),"energyConsumedFromPowerGridKwh":null,"chargingBlocks":[]}"#;
    let none = r#"{"startTime":$(0),"endTime":$(70),"energyConsumedFromPowerGridKwh":0}"#;
    let mut car = Car::new();
    car.list(100, full).list(1_540, silent);
    let row = car.one();
    assert_eq!(
        (row.number("energy_grid_kwh"), row.minute("end_at")),
        (Some(7.0), Some(70))
    );
    assert_eq!(row.number("mean_power_kw"), Some(14.0), "by the blocks");
    car.list(2_980, none);
    assert_eq!(car.one().number("energy_grid_kwh"), Some(0.0));
}
