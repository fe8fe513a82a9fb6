//! How long to wait before what failed is tried again.

use std::time::Duration;

use rand::Rng;

/// Exponential back-off: each wait is drawn below a bound that doubles, so that what failed together does not come
/// back together.
#[derive(Debug)]
pub struct Backoff {
    bound: Duration,
    longest: Duration,
    drawn: f64,
}

impl Backoff {
    /// Waits are drawn between nothing and the bound: full jitter.
    pub fn new(first: Duration, longest: Duration) -> Self {
        Self {
            bound: first.min(longest),
            longest,
            drawn: 1.0,
        }
    }

    /// Only half of each wait is drawn: it is never shorter than half of the bound.
    #[must_use]
    pub fn half_drawn(self) -> Self {
        Self { drawn: 0.5, ..self }
    }

    /// The next wait; never less than what the other side asked for.
    pub fn next(&mut self, asked: Option<Duration>, random: &mut impl Rng) -> Duration {
        let share = 1.0 - self.drawn * random.random_range(0.0..=1.0);
        let wait = self.next_bound().mul_f64(share);
        asked.map_or(wait, |asked| asked.max(wait))
    }

    /// The next wait where nothing is to be drawn: the bound itself.
    pub fn next_bound(&mut self) -> Duration {
        let bound = self.bound;
        self.bound = bound.saturating_mul(2).min(self.longest);
        bound
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;

    #[test]
    fn waits_stay_below_a_bound_that_doubles_up_to_the_longest() {
        let mut random = rand::rngs::StdRng::seed_from_u64(7);
        let mut backoff = Backoff::new(Duration::from_secs(1), Duration::from_secs(6));
        for bound in [1, 2, 4, 6, 6] {
            assert!(backoff.next(None, &mut random) <= Duration::from_secs(bound));
        }
        assert_eq!(backoff.bound, Duration::from_secs(6));
    }

    #[test]
    fn half_of_a_wait_or_nothing_of_it_is_drawn() {
        let mut random = rand::rngs::StdRng::seed_from_u64(7);
        let mut backoff = Backoff::new(Duration::from_secs(2), Duration::from_secs(6)).half_drawn();
        for bound in [2, 4, 6] {
            let bound = Duration::from_secs(bound);
            assert!((bound / 2..=bound).contains(&backoff.next(None, &mut random)));
        }
        assert_eq!(backoff.next_bound(), Duration::from_secs(6));
    }

    #[test]
    fn the_other_side_may_ask_for_more() {
        let mut random = rand::rngs::StdRng::seed_from_u64(7);
        let mut backoff = Backoff::new(Duration::from_secs(1), Duration::from_secs(6));
        let asked = Duration::from_secs(30);
        assert_eq!(backoff.next(Some(asked), &mut random), asked);
    }
}
