//! When the car last told a group of values. A car that sleeps tells nothing; what it told last is repeated.

use super::keys::Group;
use super::kind::Manner;
use super::timeline::Segment;

/// The second at which the last report of `group` that had reached the backend at `now` was made.
pub(super) fn last_report(manner: &dyn Manner, segments: &[Segment], group: Group, now: i64) -> i64 {
    let now = now - delay(group);
    let current = segments.partition_point(|segment| segment.start <= now);
    for (index, segment) in segments[..current].iter().enumerate().rev() {
        if let Some(cadence) = manner.cadence(group, segment.activity) {
            let passed = now.min(segment.end - 1) - segment.start;
            return segment.start + passed / cadence * cadence;
        }
        if is_told_at_start(manner, group, segments, index) {
            return segment.start;
        }
    }
    segments.first().map_or(now, |segment| segment.start)
}

/// The part of a second at which a trip ended: trips are the only values with real milliseconds.
pub(super) fn trip_millisecond(told: i64) -> i64 {
    told.wrapping_mul(7_919).rem_euclid(997)
}

/// Every second in `from..to` at which the group is told, in order.
pub(super) fn between(
    manner: &dyn Manner,
    segments: &[Segment],
    group: Group,
    from: i64,
    to: i64,
) -> Vec<i64> {
    let mut seconds = Vec::new();
    let first = segments.partition_point(|segment| segment.end <= from);
    for (index, segment) in segments.iter().enumerate().skip(first) {
        if segment.start >= to {
            break;
        }
        if let Some(cadence) = manner.cadence(group, segment.activity) {
            let told = (segment.start..segment.end).step_by(usize::try_from(cadence).unwrap_or(1));
            seconds.extend(told.filter(|at| (from..to).contains(at)));
            continue;
        }
        if segment.start >= from && is_told_at_start(manner, group, segments, index) {
            seconds.push(segment.start);
        }
    }
    seconds
}

/// Seconds between a measurement and its arrival; the groups advance independently of each other.
pub(super) fn delay(group: Group) -> i64 {
    match group {
        Group::Charging => 3,
        Group::Position => 2,
        Group::Odometer => 4,
        Group::Tyres => 5,
        _ => 1,
    }
}

/// Whether the group is told because this segment follows on another.
fn is_told_at_start(manner: &dyn Manner, group: Group, segments: &[Segment], index: usize) -> bool {
    let before = index.checked_sub(1);
    match before.and_then(|before| segments.get(before..=index)) {
        Some([before, after]) => manner.is_told(group, before, after),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::car::kind::CarKind;
    use crate::car::timeline::Timeline;
    use crate::config::SimVehicle;

    const START: i64 = 1_795_000_000;

    fn i4() -> &'static dyn Manner {
        CarKind::I4.manner()
    }

    #[test]
    fn reports_never_come_from_the_future_nor_go_back() {
        let segments = Timeline::new(&SimVehicle::default(), START, 3).until(START + 8 * 86_400);
        for group in [
            Group::Battery,
            Group::Charging,
            Group::Position,
            Group::Body,
            Group::Tyres,
            Group::Stale,
        ] {
            let mut last = i64::MIN;
            for now in (START..START + 8 * 86_400).step_by(97) {
                let told = last_report(i4(), &segments, group, now);
                assert!(told < now && told >= last, "{group:?} at {now}");
                last = told;
            }
        }
    }

    #[test]
    fn the_reports_of_a_span_are_those_that_were_last_at_some_time_of_it() {
        let segments = Timeline::new(&SimVehicle::default(), START, 3).until(START + 8 * 86_400);
        for group in [
            Group::Battery,
            Group::Charging,
            Group::Position,
            Group::Trip,
            Group::Stale,
        ] {
            let (from, to) = (START, START + 30_000);
            let mut seen: Vec<i64> = (from + delay(group)..to + delay(group))
                .map(|now| last_report(i4(), &segments, group, now))
                .filter(|told| *told >= from)
                .collect();
            seen.dedup();
            assert_eq!(between(i4(), &segments, group, from, to), seen, "{group:?}");
            let (left, right) = (
                between(i4(), &segments, group, from, from + 7_777),
                between(i4(), &segments, group, from + 7_777, to),
            );
            assert_eq!([left, right].concat(), seen, "{group:?}");
        }
    }

    #[test]
    fn a_sleeping_car_repeats_itself() {
        let segments = Timeline::new(&SimVehicle::default(), START, 3).until(START + 86_400);
        let evening = START + 5 * 3_600;
        let night = START + 11 * 3_600;
        for group in [Group::Battery, Group::Charging, Group::Position, Group::Body] {
            assert_eq!(
                last_report(i4(), &segments, group, evening),
                last_report(i4(), &segments, group, night)
            );
        }
    }
}
