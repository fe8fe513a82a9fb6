//! The planner with vehicles that speak by themselves.

use super::world::*;
use super::*;
use crate::Event;
use crate::GAP_WORTH_A_POLL;
use crate::Streamed;

fn streamed(heard: Timestamp, event: Option<(Timestamp, Event)>) -> Option<Streamed> {
    Some(Streamed {
        whole: true,
        heard,
        event,
    })
}

/// One parked vehicle, heard just now and polled an hour ago, with little of the quota spent.
fn quiet() -> World {
    let mut world = World::streamed(1, parked, true);
    world.spend(2);
    world.now += HOURS;
    world.targets[0].last = Some(begin());
    world.targets[0].stream = streamed(world.now, None);
    world
}

fn next(world: &World) -> (SignedDuration, Reason) {
    let next = world.outlook().next[0];
    (next.at.duration_since(world.now), next.reason)
}

/// How many trips and charges of six days ended or began, each with a poll within so many minutes.
fn events_looked_at(world: &World, index: usize, most: i32) -> usize {
    let polls = world.of(index);
    let mut events = 0;
    for minute in 60..6 * 1_440 - 60 {
        let at = begin() + minute * MINUTES;
        let (before, after) = ((world.life)(index, at - MINUTES), (world.life)(index, at));
        if before == after || after == Activity::Driving && before == Activity::Parked {
            continue;
        }
        events += 1;
        let looked = polls.iter().find(|poll| **poll >= at + 5 * MINUTES).unwrap();
        let waited = looked.duration_since(at);
        assert!(waited <= most * MINUTES, "vehicle {index}: {waited:#} after {at}");
    }
    events
}

#[test]
fn a_vehicle_that_speaks_is_looked_at_a_few_times_a_day() {
    for (vehicles, whole, hours) in [
        (1, true, 6),
        (3, true, 6),
        (1, false, 2),
        (2, false, 2),
        (3, false, 3),
    ] {
        let mut world = World::streamed(vehicles, parked, whole);
        world.run(5 * DAYS);
        for index in 0..vehicles {
            let mut gaps = world.gaps(index).into_iter().map(|(_, gap)| gap);
            assert!(
                gaps.all(|gap| gap >= HOURS * hours && gap <= HOURS * hours + 10 * MINUTES),
                "{vehicles} {whole}: {:?}",
                world.gaps(index)
            );
        }
        assert!(matches!(world.outlook().next[0].reason, Reason::Streamed { .. }));
    }
}

#[test]
fn every_event_is_followed_by_a_poll_when_its_values_have_arrived() {
    for vehicles in 1..4 {
        let life = || commuter(17, 4);
        let mut world = World::streamed(vehicles, life, true);
        world.run(6 * DAYS);
        let events: usize = (0..vehicles)
            .map(|index| events_looked_at(&world, index, 30))
            .sum();
        assert!(events >= 6 * (2 * vehicles + 2) - 4, "{events}");
        // Two trips, and for one vehicle a charge, beside four regular looks.
        let most = 6 * (6 * vehicles + 2) + vehicles;
        assert!(
            world.polls.len() <= most,
            "{} polls of {vehicles}",
            world.polls.len()
        );
    }
}

#[test]
fn an_event_has_one_poll_and_a_time_to_settle() {
    let mut world = quiet();
    for what in [Event::Reconnected, Event::ChargeBegan, Event::TripEnded] {
        world.targets[0].stream = streamed(world.now, Some((world.now - MINUTES, what)));
        assert_eq!(next(&world), (4 * MINUTES, Reason::After(what)));
    }
    // A poll that was made meanwhile came too early.
    world.targets[0].last = Some(world.now);
    let (wait, reason) = next(&world);
    assert_eq!(reason, Reason::After(Event::TripEnded));
    assert!(wait >= 15 * MINUTES && wait <= 20 * MINUTES, "{wait:#}");
    world.now += 30 * MINUTES;
    world.targets[0].last = Some(world.now - MINUTES);
    assert!(matches!(next(&world).1, Reason::Streamed { .. }));
}

#[test]
fn a_silence_has_one_poll_after_a_time_that_fits_what_the_vehicle_did() {
    for (activity, minutes) in [
        (Activity::Driving, 30),
        (Activity::Charging, 90),
        (Activity::Parked, 240),
    ] {
        let mut world = quiet();
        let target = &mut world.targets[0];
        target.activity = activity;
        let limit = minutes * MINUTES;
        let heard = world.now - limit / 2;
        target.stream = streamed(heard, None);
        let told = Reason::Silent(i64::from(minutes) * MINUTE);
        assert_eq!(next(&world), (limit / 2, told));
        world.targets[0].last = Some(heard + limit);
        world.now = heard + limit + MINUTES;
        assert!(matches!(next(&world).1, Reason::Streamed { .. }), "{activity:?}");
    }
}

#[test]
fn calls_that_the_stream_saves_go_to_a_vehicle_that_has_none() {
    let mut world = World::streamed(2, || commuter(17, 4), true);
    let heard = std::mem::replace(&mut world.ears, Box::new(|_, _| None));
    world.ears = Box::new(move |index, now| heard(index, now).filter(|_| index == 0));
    world.run(6 * DAYS);
    let unheard = world.of(1).len();
    assert!(unheard >= 6 * 32, "{unheard}");
    assert!(world.gaps(1).into_iter().all(|(_, gap)| gap <= 94 * MINUTES));
    assert!(
        events_looked_at(&world, 0, 45) >= 6 * 4 - 2,
        "events found their calls"
    );
}

#[test]
fn without_its_stream_a_vehicle_is_polled_as_was_promised_at_once() {
    let mut world = World::streamed(2, || commuter(17, 4), true);
    world.run(4 * DAYS);
    let dropped = world.now;
    world.ears = Box::new(|_, _| None);
    world.run(2 * DAYS);
    for index in 0..2 {
        let polls = world.of(index);
        let after: Vec<_> = polls.into_iter().filter(|at| *at >= dropped).collect();
        assert!(after[0].duration_since(dropped) <= 90 * MINUTES);
        assert!(
            after
                .windows(2)
                .all(|pair| pair[1].duration_since(pair[0]) <= 94 * MINUTES)
        );
    }
}

#[test]
fn a_vehicle_in_which_something_happens_all_the_time_takes_no_promise() {
    let mut world = World::streamed(2, parked, true);
    // Charging on surplus of the sun: on and off every ten minutes.
    world.ears = Box::new(|index, now| {
        let on = now - SignedDuration::from_secs(now.as_second().rem_euclid(600));
        let event = (on, Event::ChargeBegan);
        streamed(now, Some(event)).filter(|_| index == 0)
    });
    for _ in 0..10 {
        world.run(DAYS / 2);
        assert!(world.outlook().spare >= 1, "{}", world.outlook().spare);
    }
    assert!(world.gaps(1).into_iter().all(|(_, gap)| gap <= 94 * MINUTES));
    let gaps = world.gaps(0).into_iter().map(|(_, gap)| gap);
    assert!(gaps.min() >= Some(15 * MINUTES));
    let share = world.of(0).len();
    assert!(share <= 5 * 34, "{share} polls of the one that flaps");
}

#[test]
fn a_fixed_interval_is_what_its_owner_asked_for() {
    let mut world = World::new(vec![target(fixed(60))], parked());
    let now = begin();
    world.ears = Box::new(move |_, at| streamed(at, Some((now + HOURS, Event::TripEnded))));
    world.run(2 * DAYS);
    assert!(world.gaps(0).into_iter().all(|(_, gap)| gap == HOURS));
}

#[test]
fn where_the_promises_do_not_fit_events_wait_for_theirs() {
    let mut world = quiet();
    world.spend(44);
    world.targets[0].stream = streamed(world.now, Some((world.now, Event::TripEnded)));
    let (wait, _) = next(&world);
    assert!(wait >= 2 * HOURS, "{wait:#}");
}

#[test]
fn a_failed_poll_of_an_event_is_repeated_soon() {
    let mut world = quiet();
    world.now += 6 * MINUTES;
    let target = &mut world.targets[0];
    target.stream = streamed(world.now, Some((world.now - 6 * MINUTES, Event::TripEnded)));
    target.last = Some(world.now);
    target.failures = 1;
    assert_eq!(next(&world), (5 * MINUTES, Reason::Retry(1)));
}

#[test]
fn a_gap_that_a_poll_has_bridged_needs_no_other() {
    let mut world = quiet();
    let back = world.now - MINUTES;
    world.targets[0].stream = streamed(world.now, Some((back, Event::Reconnected)));
    // In the middle of a gap of hours: what came behind it is missing still.
    world.targets[0].last = Some(back - 2 * MINUTES);
    assert_eq!(next(&world).1, Reason::After(Event::Reconnected));
    world.targets[0].last = Some(back - GAP_WORTH_A_POLL);
    assert!(matches!(next(&world).1, Reason::Streamed { .. }));
}
