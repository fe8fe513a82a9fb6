//! The same facts give the same records, however late, doubled or cut they come, and wherever the state was stored.

use proptest::prelude::*;

use super::*;

/// Readings with the time at which each arrives, in this order.
fn arrivals() -> impl Strategy<Value = Vec<(i64, Reading)>> {
    // Measured after the one before, its number, and how late it comes.
    let one = (
        1..3 * HOUR,
        0.0..1e6_f64,
        prop_oneof![3 => 0..60_000_i64, 1 => 0..44 * HOUR],
    );
    prop::collection::vec(one, 1..150).prop_map(|facts| {
        let mut at = START;
        let readings = facts.into_iter().map(|(after, number, late)| {
            at += after;
            let reading = match number < 300_000.0 {
                true => reading(MOVING, Value::Bool(number < 150_000.0), at),
                false => reading(ODOMETER, Value::Number(number), at),
            };
            (at + late, reading)
        });
        let mut readings: Vec<_> = readings.collect();
        readings.sort_by_key(|(arrives, _)| *arrives);
        readings
    })
}

/// An entry each, and a poll at the end, behind which nothing waits.
fn one_by_one(arrivals: &[(i64, Reading)]) -> Vec<Snapshot> {
    let entries = arrivals
        .iter()
        .map(|(at, reading)| entry(*at, vec![reading.clone()]));
    let last = arrivals.last().unwrap().0 + 10 * DAY;
    let mut end = entry(last, vec![reading(ODOMETER, Value::Number(1.0), last)]);
    end.origin = Origin::Poll;
    entries.chain([end]).collect()
}

/// What the records must be: the facts folded in their order.
fn expected(arrivals: &[(i64, Reading)]) -> BTreeMap<Timestamp, Record> {
    let mut readings: Vec<_> = arrivals.iter().map(|(_, reading)| reading.clone()).collect();
    readings.sort_by_key(|reading| reading.measured_at);
    let timely: Vec<_> = readings
        .into_iter()
        .map(|it| (it.measured_at.as_millisecond(), it))
        .collect();
    final_ones(told(&one_by_one(&timely)))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn late_facts_come_to_the_same(arrivals in arrivals()) {
        let mut late = final_ones(told(&one_by_one(&arrivals)));
        let mut timely = expected(&arrivals);
        // The day of the poll, which comes at another time.
        late.pop_last();
        timely.pop_last();
        prop_assert_eq!(late, timely);
    }

    #[test]
    fn doubled_entries_come_to_the_same(arrivals in arrivals()) {
        let entries = one_by_one(&arrivals);
        let doubled: Vec<_> = entries.iter().flat_map(|entry| [entry.clone(), entry.clone()]).collect();
        prop_assert_eq!(final_ones(told(&doubled)), final_ones(told(&entries)));
    }

    #[test]
    fn entries_of_any_size_come_to_the_same(arrivals in arrivals(), size in 2..20_usize) {
        let mut batches: Vec<_> = arrivals.chunks(size).map(|batch| {
            let readings = batch.iter().map(|(_, reading)| reading.clone()).collect();
            entry(batch.last().unwrap().0, readings)
        }).collect();
        let entries = one_by_one(&arrivals);
        batches.extend(entries.last().cloned());
        prop_assert_eq!(final_ones(told(&batches)), final_ones(told(&entries)));
    }

    #[test]
    fn a_state_that_was_stored_and_restored_tells_the_same_to_the_last_bit(
        arrivals in arrivals(),
        restarts in prop::collection::vec(any::<prop::sample::Index>(), 1..5),
    ) {
        let entries = one_by_one(&arrivals);
        let restarts: Vec<_> = restarts.iter().map(|it| it.index(entries.len())).collect();
        let (mut timeline, rules) = (Timeline::<Days>::default(), Rules::default());
        let mut anew = Vec::new();
        for (place, entry) in entries.iter().enumerate() {
            anew.extend(timeline.take(place as u64 + 1, entry, &rules));
            if restarts.contains(&place) {
                let state = serde_json::to_string(&timeline).unwrap();
                timeline = serde_json::from_str(&state).unwrap();
                prop_assert_eq!(serde_json::to_string(&timeline).unwrap(), state);
            }
        }
        prop_assert_eq!(anew, told(&entries));
    }
}
