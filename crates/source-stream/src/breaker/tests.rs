//! Whatever happens, no storm; and back at once where that is right.

use proptest::prelude::*;
use rand::SeedableRng;
use rand::rngs::StdRng;

use super::*;

const HOUR: u64 = 3_600_000;
const DAY: u64 = 24 * HOUR;

/// The world around a breaker. Time passes in milliseconds, whatever a clock shows.
struct World {
    passed: u64,
    /// What the clock was set to, beside the time that has passed.
    shown: i64,
    knows_uptime: bool,
    breaker: Breaker,
    random: StdRng,
    connections: Vec<u64>,
    logins: Vec<u64>,
}

impl World {
    fn new(knows_uptime: bool, seed: u64) -> Self {
        Self {
            passed: 1_000,
            shown: 1_772_366_400_000,
            knows_uptime,
            breaker: Breaker::default(),
            random: StdRng::seed_from_u64(seed),
            connections: Vec::new(),
            logins: Vec::new(),
        }
    }

    fn now(&self) -> Moment {
        let shown = self.shown + i64::try_from(self.passed).unwrap();
        Moment {
            shown: Timestamp::from_millisecond(shown).unwrap(),
            uptime: self.knows_uptime.then(|| Duration::from_millis(self.passed)),
        }
    }

    fn wait(&mut self, time: Duration) {
        self.passed += millis(time);
    }

    /// Waits as it must and connects. `patient`: also for what went wrong, which a restart need not do.
    fn connect(&mut self, patient: bool) {
        if patient {
            let delay = self.breaker.delay(&mut self.random);
            self.wait(delay);
        }
        let held = self.breaker.held(self.now());
        self.wait(held);
        self.breaker.connecting(self.now());
        self.connections.push(self.passed);
    }

    fn log_in(&mut self) {
        self.breaker.logging_in(self.now());
        self.logins.push(self.passed);
    }

    fn restart(&mut self) {
        self.breaker = Breaker::restore(Some(&self.breaker.to_json()));
    }
}

/// The most in any stretch of this length.
fn most(times: &[u64], stretch: u64) -> usize {
    let until = |first: &u64| times.partition_point(|time| *time < first + stretch);
    times
        .iter()
        .enumerate()
        .map(|(index, first)| until(first) - index)
        .max()
        .unwrap_or(0)
}

#[derive(Debug, Clone)]
enum Event {
    Unreachable,
    Refused,
    NotSubscribed,
    Dropped { after: u64, good: bool },
    Restart,
    SetClock(i64),
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        4 => Just(Event::Unreachable),
        2 => Just(Event::Refused),
        1 => Just(Event::NotSubscribed),
        4 => (0..40_000_u64, any::<bool>()).prop_map(|(after, good)| Event::Dropped { after, good }),
        3 => Just(Event::Restart),
        1 => (-1_000_000_000..1_000_000_000_i64).prop_map(Event::SetClock),
    ]
}

proptest! {
    #[test]
    fn no_row_of_failures_restarts_and_clock_changes_is_a_storm(
        events in prop::collection::vec(event(), 1..1_500),
        seed in any::<u64>(),
        // Where the machine tells no uptime, its clock is not set either.
        knows_uptime in any::<bool>(),
        patient in any::<bool>(),
    ) {
        let mut world = World::new(knows_uptime, seed);
        for event in events {
            match event {
                Event::Restart => world.restart(),
                Event::SetClock(by) if knows_uptime => world.shown += by,
                Event::SetClock(_) => {}
                Event::Unreachable => {
                    world.connect(patient);
                    world.breaker.failed(Trouble::Outage);
                }
                Event::Refused | Event::NotSubscribed => {
                    world.connect(patient);
                    world.log_in();
                    let refused = matches!(event, Event::Refused);
                    world.breaker.failed(if refused { Trouble::Refused } else { Trouble::NotSubscribed });
                }
                Event::Dropped { after, good } => {
                    world.connect(patient);
                    world.log_in();
                    world.wait(Duration::from_millis(after));
                    world.breaker.dropped(Duration::from_millis(after), good);
                }
            }
        }
        for (stretch, connections, logins) in [(60_000, 62, 41), (HOUR, 180, 100), (DAY, 2_940, 1_480)] {
            prop_assert!(most(&world.connections, stretch) <= connections);
            prop_assert!(most(&world.logins, stretch) <= logins);
        }
    }

    #[test]
    fn what_was_written_down_is_read_again(
        shown in any::<i32>(), drops in any::<u32>(), connections in any::<u64>(), text in "\\PC{0,40}"
    ) {
        let breaker = Breaker { shown: shown.into(), drops, connections, ..Breaker::default() };
        prop_assert_eq!(Breaker::restore(Some(&breaker.to_json())), breaker);
        let _ = Breaker::restore(Some(&text));
    }
}

#[test]
fn a_broker_that_comes_back_is_tried_within_two_seconds() {
    for seed in 0..50 {
        let mut world = World::new(true, seed);
        // Outages of five seconds each, a quarter of a minute apart.
        for _ in 0..8 {
            world.connect(true);
            world.log_in();
            world.wait(STEADY);
            world.breaker.dropped(STEADY, true);
            let back = world.passed + 5_000;
            while world.passed < back {
                world.connect(true);
                world.breaker.failed(Trouble::Outage);
            }
            assert!(world.passed < back + 1_300, "{} ms late", world.passed - back);
        }
    }
}

#[test]
fn a_long_outage_ends_in_a_try_every_one_to_two_minutes() {
    let mut world = World::new(true, 1);
    while world.passed < DAY {
        world.connect(true);
        world.breaker.failed(Trouble::Outage);
    }
    let late = &world.connections[world.connections.len() - 100..];
    assert!(
        late.windows(2)
            .all(|pair| (60_000..120_000).contains(&(pair[1] - pair[0])))
    );
}

#[test]
fn another_program_is_recognised_and_left_alone() {
    let mut world = World::new(true, 3);
    let mut evictions = Vec::new();
    for _ in 0..12 {
        world.connect(true);
        world.log_in();
        world.wait(SECOND);
        evictions.push(world.breaker.dropped(SECOND, true));
    }
    assert_eq!(evictions, [0, 0, 0, 4, 1, 1, 1, 1, 1, 1, 1, 1]);
    let last = world.breaker.delay(&mut world.random);
    assert!(
        (Duration::from_secs(600)..=Duration::from_secs(900)).contains(&last),
        "{last:?}"
    );
    // A network that fails in between does not make a new duel of it; a long quiet connection ends it.
    world.breaker.failed(Trouble::Outage);
    assert!(world.breaker.in_duel());
    assert!(!world.breaker.lasted(STEADY));
    assert!(world.breaker.lasted(QUIET) && !world.breaker.in_duel());
}

#[test]
fn a_broker_that_restarts_is_no_other_program() {
    let mut world = World::new(true, 4);
    for _ in 0..10 {
        world.connect(true);
        world.breaker.failed(Trouble::Outage);
        world.connect(true);
        world.log_in();
        assert_eq!(world.breaker.dropped(SECOND, true), 0);
    }
    // Neither is a password that ends.
    let mut breaker = Breaker::default();
    assert!((0..10).all(|_| breaker.dropped(SECOND, false) == 0));
}

#[test]
fn what_needs_a_person_is_tried_slowly() {
    let mut world = World::new(true, 5);
    let mut delays = Vec::new();
    for _ in 0..8 {
        world.breaker.failed(Trouble::NotSubscribed);
        delays.push(world.breaker.delay(&mut world.random).as_secs());
    }
    assert!((90..150).contains(&delays[0]), "{delays:?}");
    assert!((2_400..=3_600).contains(&delays[7]), "{delays:?}");
}
