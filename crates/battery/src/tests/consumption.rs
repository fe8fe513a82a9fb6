//! T5: consumption.

use super::{Session, of, rules, told, vehicle};
use crate::{Battery, CONSUMPTION};
use facts::Rules;
use facts::row::number;
use facts::rules::VehicleRules;

#[test]
fn t5_consumption_is_what_the_charge_falls_between_charges() {
    let rules = Rules {
        vehicles: [(
            vehicle().vin,
            VehicleRules {
                capacity_kwh: Some(80.0),
            },
        )]
        .into(),
        ..rules()
    };
    let mut battery = Battery::default();
    // Every third day 300 km, which take 60 % of 80 kWh: 16 kWh for 100 km.
    let sessions = |unseen: i64| -> Vec<Session> {
        (0..30)
            .filter(|index| *index != unseen)
            .map(|index| Session {
                battery: None,
                odometer: Some(1_000.0 + 300.0 * index as f64),
                ..Session::on(index * 3, 20.0, 80.0, 0.0)
            })
            .collect()
    };
    told(&mut battery, &sessions(-1), &rules);
    let records = battery.records(&vehicle(), &rules);
    let row = |days: f64| of(&records, "consumption", "2026-03", days);
    let month = row(30.0).unwrap();
    assert_eq!(number(month, "kwh_per_100_km"), Some(16.0));
    assert_eq!(number(month, "distance_km"), Some(3_000.0));
    assert_eq!(
        (number(month, "legs"), number(month, "energy_kwh")),
        (Some(10.0), Some(480.0))
    );
    let interval = (
        number(month, "kwh_per_100_km_low"),
        number(month, "kwh_per_100_km_high"),
    );
    assert!(interval.0.is_some_and(|low| low < 15.0) && interval.1.is_some_and(|high| high > 17.0));
    assert_eq!(
        row(90.0).and_then(|row| number(row, "kwh_per_100_km")),
        Some(16.0)
    );
    // Three months say nothing of a year.
    assert_eq!(row(365.0), None);
    assert_eq!(month.kind, &CONSUMPTION);
    // A charge that nobody saw: the charge rises between two that were seen, and the stretch is left out.
    let mut battery = Battery::default();
    let mut sessions = sessions(-1);
    sessions.remove(25);
    sessions[24].to = 40.0;
    sessions[25].from = 60.0;
    told(&mut battery, &sessions, &rules);
    let records = battery.records(&vehicle(), &rules);
    let month = of(&records, "consumption", "2026-03", 30.0).unwrap();
    assert_eq!(
        (number(month, "legs"), number(month, "distance_km")),
        (Some(8.0), Some(2_400.0))
    );
    assert_eq!(number(month, "kwh_per_100_km"), Some(16.0));
}

#[test]
fn t5_a_charge_whose_odometer_is_unknown_parts_no_stretch_and_one_of_unknown_charge_ends_it() {
    let rules = Rules {
        vehicles: [(
            vehicle().vin,
            VehicleRules {
                capacity_kwh: Some(80.0),
            },
        )]
        .into(),
        ..rules()
    };
    let charges = |change: &dyn Fn(i64, &mut Session)| -> Option<(f64, f64, f64)> {
        let mut battery = Battery::default();
        for index in 0..10 {
            let mut session = Session {
                battery: None,
                odometer: Some(300.0 * index as f64),
                ..Session::on(60 + index * 3, 20.0, 80.0, 0.0)
            };
            change(index, &mut session);
            battery.told(&session.record(), &rules);
        }
        let records = battery.records(&vehicle(), &rules);
        let month = of(&records, "consumption", "2026-03", 30.0)?;
        let number = |column: &str| number(month, column).unwrap();
        Some((number("legs"), number("distance_km"), number("kwh_per_100_km")))
    };
    assert_eq!(charges(&|_, _| {}), Some((9.0, 2_700.0, 16.0)));
    let unread = charges(&|index, session| session.odometer = session.odometer.filter(|_| index != 4));
    assert_eq!(unread, Some((8.0, 2_700.0, 16.0)));
    let unknown = charges(&|index, session| {
        if index == 4 {
            session.to = f64::NAN;
        }
    });
    assert_eq!(unknown, Some((7.0, 2_100.0, 16.0)));
}
