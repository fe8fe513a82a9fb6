//! B4: BMW's own numbers, and the end of a month.

use collector_core::RecordState;

use super::{DAY, NEW_YEAR, fact, of, rules, vehicle};
use crate::Battery;
use facts::fact::What;
use facts::row::number;

#[test]
fn b4_bmws_own_numbers_stand_beside_ours_and_a_month_ends_with_the_first_fact_of_the_next() {
    let rules = rules();
    let mut battery = Battery::default();
    for (hour, kwh) in [(1, 77.0), (2, 76.0), (3, 76.0), (4, 0.0)] {
        battery.step(&fact(NEW_YEAR + hour * DAY / 24, What::MaxEnergy(kwh)), &rules);
    }
    battery.step(&fact(NEW_YEAR + DAY, What::Health(94.0)), &rules);
    let records = battery.records(&vehicle(), &rules);
    let january = of(&records, "battery_health", "2026-01", 0.0).unwrap();
    let bmw = |column: &str| number(january, column);
    assert_eq!(
        (bmw("bmw_max_energy_kwh"), bmw("bmw_health_percent")),
        (Some(76.0), Some(94.0))
    );
    assert_eq!((bmw("capacity_kwh"), bmw("health_percent")), (None, None));
    assert_eq!(january.state, RecordState::Live);
    // In Berlin it is February an hour before it is in Greenwich.
    battery.step(&fact(NEW_YEAR + 31 * DAY - DAY / 24, What::Moving(true)), &rules);
    let records = battery.records(&vehicle(), &rules);
    let states: Vec<_> = records.iter().map(|record| record.state).collect();
    assert_eq!(states, [RecordState::Final]);
    assert_eq!(battery.records(&vehicle(), &rules), []);
}
