//! How often all streams of this program may connect: BMW counts the connections of an address in a minute, whoever they are
//! for, and does not say how many it takes.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use runtime::clock::until;

/// In any minute; a household stays below ten.
const MOST: usize = 9;
const MINUTE: Duration = Duration::from_secs(60);

/// The connections of the last minute, of all accounts together, takeovers included.
#[derive(Debug, Default)]
pub struct Pace(Mutex<Vec<Timestamp>>);

impl Pace {
    /// Connections that another run made.
    pub fn recall(&self, connections: impl IntoIterator<Item = Timestamp>) {
        self.connections().extend(connections);
    }

    /// A connection may be built up at `now`, and counts from then on.
    ///
    /// # Errors
    /// How long none may be.
    pub fn connect(&self, now: Timestamp) -> Result<(), Duration> {
        let mut connections = self.connections();
        // What lies ahead was made before the clock was set back.
        connections.iter_mut().for_each(|at| *at = (*at).min(now));
        connections.retain(|at| until(*at, now) <= MINUTE);
        connections.sort_unstable();
        if let Some(blocking) = connections.len().checked_sub(MOST) {
            let free_in = MINUTE.saturating_sub(until(connections[blocking], now));
            return Err(free_in + Duration::from_millis(1));
        }
        connections.push(now);
        Ok(())
    }

    /// What was to be a connection came to none.
    pub fn not_connected(&self) {
        self.connections().pop();
    }

    fn connections(&self) -> MutexGuard<'_, Vec<Timestamp>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;
    use proptest::prelude::*;

    use super::*;

    fn at(milliseconds: i64) -> Timestamp {
        Timestamp::UNIX_EPOCH + SignedDuration::from_millis(1_772_366_400_000 + milliseconds)
    }

    proptest! {
        #[test]
        fn no_minute_sees_ten(steps in prop::collection::vec((0_i64..20_000, any::<bool>()), 1..200)) {
            let pace = Pace::default();
            let (mut now, mut made) = (0, Vec::new());
            for (step, waits) in steps {
                now += step;
                match pace.connect(at(now)) {
                    Ok(()) => made.push(now),
                    Err(wait) => {
                        prop_assert!(wait <= MINUTE + Duration::from_millis(1));
                        if waits {
                            now += i64::try_from(wait.as_millis()).unwrap();
                            prop_assert!(pace.connect(at(now)).is_ok(), "as it said");
                            made.push(now);
                        }
                    }
                }
            }
            for first in &made {
                let within = made.iter().filter(|at| (*first..=*first + 60_000).contains(at)).count();
                prop_assert!(within <= MOST);
            }
        }
    }

    #[test]
    fn what_another_run_made_counts_and_a_clock_that_was_set_back_holds_up_for_a_minute_at_most() {
        let pace = Pace::default();
        pace.recall((0..9).map(|second| at(second * 1_000)));
        assert!(pace.connect(at(10_000)).is_err());
        let wait = pace.connect(at(-86_400_000)).unwrap_err();
        assert!(wait <= MINUTE + Duration::from_millis(1), "{wait:?}");
        assert!(pace.connect(at(-86_400_000 + 60_001)).is_ok());
    }

    #[test]
    fn what_came_to_no_connection_does_not_count() {
        let pace = Pace::default();
        for _ in 0..100 {
            pace.connect(at(0)).unwrap();
            pace.not_connected();
        }
    }
}
