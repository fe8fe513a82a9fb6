//! How long to wait before the same batch is tried again.

use std::time::Duration;

use rand::Rng;

/// Exponential back-off with full jitter: each wait is drawn between nothing and a bound that doubles, so
/// that sinks which failed together do not come back together.
#[derive(Debug)]
pub struct Backoff {
    bound: Duration,
    longest: Duration,
}

impl Backoff {
    pub fn new(first: Duration, longest: Duration) -> Self {
        Self {
            bound: first.min(longest),
            longest,
        }
    }

    /// The next wait; never less than what the store asked for.
    pub fn next(&mut self, asked: Option<Duration>, random: &mut impl Rng) -> Duration {
        let drawn = self.bound.mul_f64(random.random_range(0.0..=1.0));
        self.bound = self.bound.saturating_mul(2).min(self.longest);
        asked.map_or(drawn, |asked| asked.max(drawn))
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
    fn the_store_may_ask_for_more() {
        let mut random = rand::rngs::StdRng::seed_from_u64(7);
        let mut backoff = Backoff::new(Duration::from_secs(1), Duration::from_secs(6));
        let asked = Duration::from_secs(30);
        assert_eq!(backoff.next(Some(asked), &mut random), asked);
    }
}
