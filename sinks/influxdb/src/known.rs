//! Until when a server need not be asked whether it still holds anything: it took everything, and was asked lately.

use std::time::{Duration, Instant};

/// How often a server that takes everything is asked.
const LASTS: Duration = Duration::from_secs(3_600);

/// Nothing is known at first, and behind trouble.
#[derive(Debug, Default)]
pub struct Known(Option<Instant>);

impl Known {
    /// The server was asked, or will not be written to any more.
    pub fn since(now: Instant) -> Self {
        Self(Some(now))
    }

    pub fn holds(&self, now: Instant) -> bool {
        self.0.is_some_and(|since| now < since + LASTS)
    }

    /// The server took something, which is there then.
    pub fn or_since(self, now: Instant) -> Self {
        Self(self.0.or(Some(now)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_holds_for_an_hour_whatever_is_written() {
        let now = Instant::now();
        assert!(!Known::default().holds(now));
        let known = Known::default().or_since(now).or_since(now + LASTS / 2);
        assert!(known.holds(now + LASTS - Duration::from_secs(1)));
        assert!(!known.holds(now + LASTS));
    }
}
