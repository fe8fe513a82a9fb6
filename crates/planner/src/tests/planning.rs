//! The planner alone, on days of virtual time.

use proptest::prelude::*;

use super::world::*;
use super::*;
use crate::Event;
use crate::Streamed;

#[test]
fn every_vehicle_is_polled_as_often_as_was_promised_and_by_what_it_does() {
    for (vehicles, promised) in [(1, 55), (2, 90), (3, 135), (5, 225)] {
        for life in [commuter(17, 4), commuter(23, 4), always_charging(), parked()] {
            let mut world = World::autos(vehicles, life);
            world.run(6 * DAYS);
            for index in 0..vehicles {
                let longest = world.gaps(index).into_iter().map(|(_, gap)| gap).max().unwrap();
                // Polls that come due together are kept apart by a few minutes.
                assert!(
                    longest <= (promised + 4) * MINUTES,
                    "{index} of {vehicles}: {longest:#}"
                );
            }
            let charging = world.mean_gap(0, Activity::Charging);
            let parked = world
                .mean_gap(0, Activity::Parked)
                .min(world.mean_gap(vehicles - 1, Activity::Parked));
            assert!(
                charging.is_nan() || parked.is_nan() || charging < 0.7 * parked,
                "{vehicles}: {charging}, {parked}"
            );
            world.assert_no_idle_hour();
        }
    }
}

#[test]
fn calls_are_used_and_shared_equally_among_equals() {
    let mut world = World::autos(3, parked());
    world.run(8 * DAYS);
    assert!(world.polls.len() >= 8 * 46, "{}", world.polls.len());
    let shares: Vec<usize> = (0..3).map(|index| world.of(index).len()).collect();
    assert!(
        shares.iter().max().unwrap() - shares.iter().min().unwrap() <= 1,
        "{shares:?}"
    );
    // From the second round on the vehicles take turns: the account is never silent for long.
    let silent = world
        .polls
        .windows(2)
        .map(|pair| pair[1].0.duration_since(pair[0].0))
        .max();
    assert!(silent <= Some(46 * MINUTES), "{silent:?}");
}

#[test]
fn calls_of_another_program_stretch_all_polls_evenly() {
    let mut world = World::autos(1, parked());
    world.run(2 * HOURS);
    let before = world.polls.len() as u32;
    world.spend(40 - before);
    let from = world.now;
    assert!(
        world
            .outlook()
            .next
            .iter()
            .all(|next| matches!(next.reason, Reason::Short { .. }))
    );
    world.run(21 * HOURS);
    // Eight calls for the 22 hours until the first of today's leave the window.
    let gaps: Vec<_> = world
        .gaps(0)
        .into_iter()
        .filter(|(at, _)| *at > from)
        .map(|(_, gap)| gap)
        .collect();
    assert!(gaps.len() >= 5, "{gaps:?}");
    assert!(
        gaps.iter().all(|gap| *gap >= 2 * HOURS && *gap <= 4 * HOURS),
        "{gaps:?}"
    );
    world.run(3 * DAYS);
    let late = world.gaps(0).into_iter().filter(|(at, _)| *at > from + 2 * DAYS);
    assert!(
        late.map(|(_, gap)| gap).max() <= Some(57 * MINUTES),
        "the promise holds again"
    );
}

#[test]
fn after_a_block_the_vehicles_come_back_one_by_one() {
    let mut world = World::autos(5, parked());
    world.run(3 * HOURS);
    let until = next_utc_midnight(world.now) + 37 * SignedDuration::from_secs(1);
    world.spent.blocked_until = Some(until);
    assert!(
        world
            .outlook()
            .next
            .iter()
            .all(|next| next.reason == Reason::Blocked(until) && next.at >= until)
    );
    let polled = world.polls.len();
    world.run(6 * HOURS);
    let after: Vec<Timestamp> = world.polls[polled..].iter().map(|(at, _)| *at).collect();
    assert_eq!(after[0], until);
    assert!(
        after
            .windows(2)
            .all(|pair| pair[1].duration_since(pair[0]) >= 2 * MINUTES),
        "{after:?}"
    );
    let mut first: Vec<usize> = world.polls[polled..polled + 5]
        .iter()
        .map(|(_, index)| *index)
        .collect();
    first.sort_unstable();
    assert_eq!(first, [0, 1, 2, 3, 4]);
    assert!(after[4].duration_since(until) <= 15 * MINUTES, "{after:?}");
}

#[test]
fn an_end_is_looked_at_once_more() {
    let mut world = World::autos(1, parked());
    world.run(DAYS);
    world.targets[0].activity = Activity::Ended;
    let next = world.outlook().next[0];
    assert_eq!(next.reason, Reason::Ended);
    assert_eq!(
        next.at,
        (world.targets[0].last.unwrap() + 15 * MINUTES).max(world.now)
    );
}

#[test]
fn fixed_intervals_are_kept_and_auto_takes_what_they_leave() {
    let mut world = World::new(vec![target(fixed(60)), target(Every::Auto)], parked());
    world.run(4 * DAYS);
    assert!(world.gaps(0).into_iter().all(|(_, gap)| gap == HOURS));
    assert_eq!(world.outlook().next[0].reason, Reason::Fixed(HOUR));
    assert!(world.of(1).len() >= 4 * 20, "{}", world.of(1).len());
    assert!(world.gaps(1).into_iter().all(|(_, gap)| gap <= 90 * MINUTES));
}

fn document(days: i64) -> Target {
    Target {
        is_seldom: true,
        ..target(fixed(days * 24 * 60))
    }
}

#[test]
fn documents_of_two_cars_cost_their_polls_next_to_nothing() {
    let documents = [1, 7, 7, 7, 30].map(document);
    let targets = [vec![target(Every::Auto); 2], [documents; 2].concat()].concat();
    let mut world = World::new(targets, commuter(17, 4));
    world.run(15 * DAYS);
    for index in 0..2 {
        let longest = world.gaps(index).into_iter().map(|(_, gap)| gap).max();
        assert!(longest <= Some(105 * MINUTES), "{longest:?}");
    }
    // Whatever the cars do, and on their day.
    let asked: Vec<usize> = (2..7).map(|index| world.of(index).len()).collect();
    assert_eq!(asked, [15, 3, 3, 3, 1]);
    let gaps = world.gaps(2).into_iter().map(|(_, gap)| gap);
    let late: Vec<_> = gaps
        .filter(|gap| *gap < DAYS || *gap > DAYS + 10 * MINUTES)
        .collect();
    assert_eq!(late, []);
}

#[test]
fn a_document_that_fails_waits_a_day() {
    for days in [7, 1] {
        let mut world = World::new(vec![document(days)], parked());
        let begin = world.now;
        world.targets[0] = Target {
            last: Some(begin),
            failures: 1,
            ..world.targets[0]
        };
        let next = world.outlook().next[0];
        assert_eq!((next.at, next.reason), (begin + DAYS, Reason::Retry(1)));
        world.targets[0].every = fixed(6 * 60);
        assert_eq!(
            world.outlook().next[0].at,
            begin + DAYS,
            "also one that is asked more often"
        );
    }
}

#[test]
fn fixed_intervals_that_ask_for_too_much_are_stretched() {
    let mut world = World::new(vec![target(fixed(20)); 2], parked());
    world.run(3 * DAYS);
    assert!(matches!(world.outlook().next[0].reason, Reason::Stretched { .. }));
    for index in 0..2 {
        let gaps = world.gaps(index).into_iter().map(|(_, gap)| gap);
        assert!(gaps.clone().max() <= Some(63 * MINUTES) && gaps.min() >= Some(57 * MINUTES));
    }
}

#[test]
fn a_poll_waits_until_all_its_calls_can_leave() {
    let costly = Target {
        calls: 3,
        ..target(Every::Auto)
    };
    let mut world = World::new(vec![costly], parked());
    world.spend(46);
    let next = world.outlook().next[0];
    assert_eq!(
        next.at,
        world.now + DAYS,
        "two calls are left, and they are not begun"
    );
    assert!(matches!(next.reason, Reason::UsedUp { .. }));
}

#[test]
fn calls_that_are_plenty_are_not_weighed() {
    let mut world = World::new(vec![target(fixed(1)), target(Every::Auto)], parked());
    world.limit = 100_000;
    let outlook = world.outlook();
    assert!(outlook.spare > 90_000, "{}", outlook.spare);
    world.run(HOURS);
    assert_eq!(world.of(0).len(), 60);
}

prop_compose! {
    fn any_stream()(
        whole in any::<bool>(),
        heard in 0_i64..3_000,
        event in prop::option::of((0_i64..3_000, prop::sample::select(vec![Event::TripEnded, Event::ChargeBegan, Event::ChargeEnded, Event::Reconnected]))),
    ) -> Streamed {
        let ago = |minutes| begin() - SignedDuration::from_mins(minutes);
        Streamed { whole, heard: ago(heard), event: event.map(|(minutes, what)| (ago(minutes), what)) }
    }
}

prop_compose! {
    fn any_target()(
        minutes in prop::option::of(20_i64..3_000),
        calls in 1_u32..4,
        age in prop::option::of(0_i64..3_000),
        failures in 0_u32..5,
        pause in prop::option::of(0_i64..600),
        activity in prop::sample::select(vec![Activity::Parked, Activity::Charging, Activity::Driving, Activity::Ended]),
        stream in prop::option::of(any_stream()),
    ) -> Target {
        Target {
            every: minutes.map_or(Every::Auto, fixed),
            is_seldom: minutes.is_some_and(|minutes| minutes % 2 == 0),
            calls,
            last: age.map(|minutes| begin() - SignedDuration::from_mins(minutes)),
            failures,
            not_before: pause.map(|minutes| begin() + SignedDuration::from_mins(minutes)),
            activity,
            stream,
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Whatever was spent by whomever: no poll is planned that the quota does not permit, and polling goes on.
    #[test]
    fn no_plan_ever_breaks_the_quota(
        targets in prop::collection::vec(any_target(), 1..5),
        ages in prop::collection::vec(0_i64..1_500, 0..60),
        block in prop::option::of(0_i64..1_440),
        foreign in prop::collection::vec((1_i64..900, 1_u32..25), 0..6),
    ) {
        let mut world = World::new(targets.clone(), parked());
        // Streams go on, drop, and tell of something every few minutes.
        world.ears = Box::new(move |index, now| {
            let minutes = now.duration_since(begin()).as_mins();
            let stream = targets[index].stream.filter(|_| minutes / 200 % 3 != 2)?;
            let (_, what) = stream.event.filter(|_| minutes / 400 % 2 == 0)?;
            Some(Streamed { event: Some((now - MINUTES * (minutes % 7) as i32, what)), ..stream })
        });
        world.spent.calls = ages.iter().map(|minutes| begin() - SignedDuration::from_mins(*minutes)).collect();
        world.spent.calls.sort_unstable();
        world.spent.blocked_until = block.map(|minutes| begin() + SignedDuration::from_mins(minutes));
        for (minutes, calls) in foreign {
            world.run(SignedDuration::from_mins(minutes));
            world.spend(calls);
        }
        world.run(2 * DAYS + HOURS);
        for index in 0..world.targets.len() {
            let fixed = matches!(world.targets[index].every, Every::Fixed(interval) if interval > DAYS.unsigned_abs());
            prop_assert!(fixed || !world.of(index).is_empty(), "target {index} was never polled");
        }
    }

    /// A plan is about the future, says why, and names no moment that is forbidden.
    #[test]
    fn a_plan_respects_blocks_and_pauses(
        targets in prop::collection::vec(any_target(), 1..6),
        block in prop::option::of(0_i64..1_440),
    ) {
        let mut world = World::new(targets, parked());
        let until = block.map(|minutes| begin() + SignedDuration::from_mins(minutes));
        world.spent.blocked_until = until;
        let outlook = world.outlook();
        for (next, target) in outlook.next.iter().zip(&world.targets) {
            prop_assert!(until.is_none_or(|until| next.at >= until));
            prop_assert!(target.not_before.is_none_or(|until| next.at >= until));
            prop_assert!(!next.reason.to_string().is_empty());
            prop_assert!(next.every > SignedDuration::ZERO);
        }
    }
}

/// However many calls were made, what is left beside two promised a day can be spared.
#[test]
fn calls_that_are_made_take_no_more_than_themselves_of_what_can_be_spared() {
    let mut world = World::new(vec![target(fixed(12 * 60))], Box::new(|_, _| Activity::Parked));
    world.targets[0].last = Some(begin());
    for made in 1..44 {
        world.spent.calls.push(begin());
        let spare = world.outlook().spare;
        assert!(
            (1..48).contains(&(spare + made)) && spare > 0,
            "{spare} after {made}"
        );
    }
}
