//! What is kept has a bound, and what comes at odd times does no harm.

use super::*;

/// One odometer at a time.
fn odometer(received_at: i64, at: i64, km: f64) -> Snapshot {
    entry(received_at, vec![reading(ODOMETER, Value::Number(km), at)])
}

#[test]
fn what_is_kept_does_not_grow_in_a_year() {
    let (mut timeline, rules) = (Timeline::<Days>::default(), Rules::default());
    for seq in 0..365 * 96 {
        // Every fourth comes an hour late.
        let at = START + seq * 15 * 60_000;
        let late = if seq % 4 == 0 { HOUR } else { 0 };
        let km = f64::from(u32::try_from(seq).unwrap());
        timeline.take(seq as u64, &odometer(at, at - late, km), &rules);
        let (facts, checkpoints) = timeline.order.kept();
        assert!(
            facts <= 2 * 96 + 5 && checkpoints <= 24,
            "{facts} facts, {checkpoints} checkpoints"
        );
        assert!(timeline.telling.remembered() <= 110);
    }
    assert_eq!(timeline.left_out(), 0);
}

#[test]
fn a_fact_that_is_too_late_is_counted_and_changes_nothing() {
    let start = START + 60 * DAY;
    let timely: Vec<_> = (0..3)
        .map(|day| odometer(start + day * DAY, start + day * DAY, 1.0))
        .collect();
    let late = odometer(start + 2 * DAY, start - HOUR, 7.0);
    let all = [&timely[..], &[late]].concat();
    assert_eq!(told(&all), told(&timely));

    let (mut timeline, rules) = (Timeline::<Days>::default(), Rules::default());
    for (seq, entry) in (1..).zip(&all) {
        timeline.take(seq, entry, &rules);
    }
    assert_eq!(timeline.left_out(), 1);
}

#[test]
fn values_of_a_long_sleep_count_though_calls_were_made_in_between() {
    let mut asked = reading(
        "vehicle.drivetrain.electricEngine.charging.hvStatus",
        Value::Text("NOT_CHARGING".into()),
        START + 9 * DAY,
    );
    asked.stamp = collector_core::Stamp::Requested;
    let entries = [
        odometer(START, START, 1.0),
        entry(START + 9 * DAY, vec![asked]),
        odometer(START + 9 * DAY, START + DAY, 2.0),
    ];
    let (mut timeline, rules) = (Timeline::<Days>::default(), Rules::default());
    for (seq, entry) in (1..).zip(&entries) {
        timeline.take(seq, entry, &rules);
    }
    assert_eq!(timeline.left_out(), 0);
}

#[test]
fn an_archive_in_one_entry_tells_every_day_of_it() {
    let days = 0..40;
    let readings = days.map(|day| reading(ODOMETER, Value::Number(day as f64), START + day * DAY));
    let mut archive = entry(START + 50 * DAY, readings.collect());
    archive.origin = Origin::Archive;
    let told = told(&[archive]);
    assert_eq!(final_ones(told).len(), 40);
}

#[test]
fn the_last_facts_before_a_long_silence_are_told_behind_it() {
    let entries = [
        odometer(START, START, 1.0),
        odometer(START + 60_000, START + 60_000, 2.0),
        odometer(START + 30 * DAY, START + 30 * DAY, 3.0),
    ];
    let records = final_ones(told(&entries));
    let first = records.first_key_value().unwrap().1;
    assert_eq!(first.values[1], Some(Value::Number((1.0 / 3.0 + 2.0) / 3.0)));
}

#[test]
fn entries_from_long_before_begin_anew_and_withdraw_nothing() {
    let hours = |from: i64, km: f64| {
        let times = (0..5).map(move |hour| START + from + hour * HOUR);
        times.map(move |at| odometer(at, at, km)).collect::<Vec<_>>()
    };
    let told = told(&[hours(0, 1.0), hours(-100 * DAY, 2.0), hours(DAY, 3.0)].concat());
    assert!(told.iter().all(|record| record.state != RecordState::Withdrawn));
    assert_eq!(final_ones(told).len(), 3);
}
