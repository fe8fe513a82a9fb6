//! Whatever happens, no storm; and back at once where that is right.

use proptest::prelude::*;
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng};

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
    tries: Vec<u64>,
    connections: Vec<u64>,
}

impl World {
    fn new(knows_uptime: bool, seed: u64) -> Self {
        Self {
            passed: 1_000,
            shown: 1_772_366_400_000,
            knows_uptime,
            breaker: Breaker::default(),
            random: StdRng::seed_from_u64(seed),
            tries: Vec::new(),
            connections: Vec::new(),
        }
    }

    fn now(&self) -> Now {
        let shown = self.shown + i64::try_from(self.passed).unwrap();
        Now {
            shown: Timestamp::from_millisecond(shown).unwrap(),
            uptime: self.knows_uptime.then(|| Duration::from_millis(self.passed)),
        }
    }

    fn wait(&mut self, time: Duration) {
        self.passed += millis(time);
    }

    /// Waits as it must and tries. `patient`: also for what went wrong, which a restart need not do.
    fn try_once(&mut self, patient: bool) {
        if patient {
            let delay = self.breaker.delay(&mut self.random);
            self.wait(delay);
        }
        let held = self.breaker.held(self.now());
        self.wait(held);
        self.breaker.connecting(self.now());
        self.tries.push(self.passed);
    }

    /// The same, and somebody is there.
    fn connect(&mut self, patient: bool) {
        self.try_once(patient);
        self.connections.push(self.passed);
    }

    /// The same, and nobody is.
    fn find_nobody(&mut self, patient: bool) {
        self.try_once(patient);
        self.breaker.failed(Trouble::Outage);
        self.breaker.not_connected();
    }

    /// Somebody is there and closes the connection.
    fn be_turned_away(&mut self, patient: bool) {
        self.connect(patient);
        self.breaker.failed(Trouble::Outage);
    }

    fn restart(&mut self) {
        self.breaker = written_and_read(&self.breaker);
    }
}

fn written_and_read(breaker: &Breaker) -> Breaker {
    serde_json::from_str(&serde_json::to_string(breaker).unwrap()).unwrap()
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
    TurnedAway,
    Refused,
    NotSubscribed,
    Dropped { after: u64, good: bool },
    Restart,
    SetClock(i64),
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        4 => Just(Event::Unreachable),
        2 => Just(Event::TurnedAway),
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
                Event::Unreachable => world.find_nobody(patient),
                Event::TurnedAway => world.be_turned_away(patient),
                Event::Refused | Event::NotSubscribed => {
                    world.connect(patient);
                    let refused = matches!(event, Event::Refused);
                    world.breaker.failed(if refused { Trouble::Refused } else { Trouble::NotSubscribed });
                }
                Event::Dropped { after, good } => {
                    world.connect(patient);
                    world.wait(Duration::from_millis(after));
                    world.breaker.dropped(Duration::from_millis(after), good);
                }
            }
        }
        for (stretch, tries, connections) in [(60_000, 62, 9), (HOUR, 180, 180), (DAY, 2_940, 2_940)] {
            prop_assert!(most(&world.tries, stretch) <= tries);
            prop_assert!(most(&world.connections, stretch) <= connections);
        }
    }

    #[test]
    fn what_was_written_down_is_read_again(
        shown in any::<i32>(), drops in any::<u32>(), tries in any::<u64>()
    ) {
        let breaker = Breaker { shown: shown.into(), drops, tries, ..Breaker::default() };
        prop_assert_eq!(written_and_read(&breaker), breaker);
    }
}

#[test]
fn a_broker_that_comes_back_is_tried_within_two_seconds() {
    for seed in 0..50 {
        let mut world = World::new(true, seed);
        // Outages of five seconds each, a quarter of a minute apart.
        for _ in 0..8 {
            world.connect(true);
            world.wait(STEADY);
            world.breaker.dropped(STEADY, true);
            let back = world.passed + 5_000;
            while world.passed < back {
                world.find_nobody(true);
            }
            assert!(world.passed < back + 1_300, "{} ms late", world.passed - back);
        }
    }
}

#[test]
fn a_long_outage_ends_in_a_try_every_minute() {
    let mut world = World::new(true, 1);
    while world.passed < DAY {
        world.find_nobody(true);
    }
    let late = &world.tries[world.tries.len() - 100..];
    assert!(
        late.windows(2)
            .all(|pair| (40_000..=60_000).contains(&(pair[1] - pair[0])))
    );
}

#[test]
fn no_number_of_kills_and_cuts_keeps_it_away_for_more_than_a_minute() {
    for seed in 0..50 {
        let mut world = World::new(true, seed);
        for round in 0..200 {
            let open = world.passed;
            world.connect(true);
            let away = world.passed - open;
            assert!(
                away <= 60_000,
                "away for {away} ms in round {round} of seed {seed}"
            );
            let lasted = Duration::from_millis(world.random.random_range(0..600));
            world.wait(lasted);
            if world.random.random_bool(0.5) {
                world.restart();
            } else {
                world.breaker.dropped(lasted, true);
                world.be_turned_away(true);
            }
        }
        assert!(most(&world.connections, 60_000) <= 9);
    }
}

#[test]
fn another_program_is_recognised_and_left_alone() {
    let mut world = World::new(true, 3);
    let mut evictions = Vec::new();
    for _ in 0..12 {
        world.connect(true);
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

/// Nights in which BMW ends every connection after a minute or so.
#[test]
fn connections_that_end_after_a_while_are_taken_by_nobody() {
    for seconds in [20, 60, 70, 90, 300] {
        let mut world = World::new(true, seconds);
        let lasted = Duration::from_secs(seconds);
        for _ in 0..30 {
            world.connect(true);
            world.wait(lasted);
            assert_eq!(world.breaker.dropped(lasted, true), 0, "{seconds} s");
            assert!(world.breaker.delay(&mut world.random) < SECOND);
        }
        for _ in 0..5 {
            world.breaker.dropped(SECOND, true);
        }
        assert!(world.breaker.in_duel());
        assert_eq!(world.breaker.dropped(lasted, true), 0);
        assert!(!world.breaker.in_duel(), "whoever waits so long is no rival");
    }
}

#[test]
fn a_broker_that_restarts_is_no_other_program() {
    let mut world = World::new(true, 4);
    for _ in 0..10 {
        world.find_nobody(true);
        world.connect(true);
        assert_eq!(world.breaker.dropped(SECOND, true), 0);
    }
    // Neither is a password that ends.
    let mut breaker = Breaker::default();
    assert!((0..10).all(|_| breaker.dropped(SECOND, false) == 0));
}

#[test]
fn a_night_of_refused_logins_is_over_within_a_minute() {
    let mut world = World::new(true, 6);
    for _ in 0..200 {
        world.breaker.failed(Trouble::Refused);
        assert!(world.breaker.delay(&mut world.random) <= SECOND * 60);
    }
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
    assert!(
        delays[1..].iter().all(|delay| (180..=300).contains(delay)),
        "{delays:?}"
    );
}
