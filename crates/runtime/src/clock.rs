//! Where time comes from. Everything that waits or compares times asks a [`Clock`], so that tests move time by
//! hand and simulations run faster than the world.

use std::fmt::Debug;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use jiff::Timestamp;

/// A source of time.
#[async_trait]
pub trait Clock: Send + Sync + Debug {
    fn now(&self) -> Timestamp;

    /// Returns when `duration` has passed by this clock.
    async fn sleep(&self, duration: Duration);

    /// The time that has passed since some moment, whatever the clock was set to meanwhile; `None` where that is
    /// not known, or the clock cannot be set.
    fn uptime(&self) -> Option<Duration> {
        None
    }
}

/// The time of the operating system.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

#[async_trait]
impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }

    /// Of the machine, as Linux tells it: unlike a monotonic clock it goes on while the machine sleeps.
    fn uptime(&self) -> Option<Duration> {
        let text = std::fs::read_to_string("/proc/uptime").ok()?;
        let seconds: f64 = text.split_whitespace().next()?.parse().ok()?;
        Duration::try_from_secs_f64(seconds).ok()
    }
}

/// Starts at the real time and runs faster (or slower) than it. Never goes back.
#[derive(Debug, Clone)]
pub struct ScaledClock {
    start: Timestamp,
    origin: Instant,
    speed: f64,
}

impl ScaledClock {
    /// `speed` is how many seconds of this clock pass in one real second. It is held between 0.001 and
    /// 1,000,000; what is not a number counts as 1.
    pub fn new(speed: f64) -> Self {
        Self::starting_at(Timestamp::now(), speed)
    }

    /// The same, but showing `start` now: for a simulation that goes on where it ended.
    pub fn starting_at(start: Timestamp, speed: f64) -> Self {
        let speed = if speed.is_nan() { 1.0 } else { speed };
        Self {
            start,
            origin: Instant::now(),
            speed: speed.clamp(0.001, 1e6),
        }
    }

    fn real(&self, duration: Duration) -> Duration {
        Duration::try_from_secs_f64(duration.as_secs_f64() / self.speed).unwrap_or(Duration::MAX)
    }

    fn after(&self, elapsed: Duration) -> Timestamp {
        let passed = Duration::try_from_secs_f64(elapsed.as_secs_f64() * self.speed).unwrap_or(Duration::MAX);
        later(self.start, passed)
    }
}

#[async_trait]
impl Clock for ScaledClock {
    fn now(&self) -> Timestamp {
        self.after(self.origin.elapsed())
    }

    async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(self.real(duration)).await;
    }
}

/// `start + duration`, or the end of time.
pub fn later(start: Timestamp, duration: Duration) -> Timestamp {
    start.saturating_add(duration).unwrap_or(Timestamp::MAX)
}

/// How long it is from `now` to `then`; nothing when `then` has passed.
pub fn until(now: Timestamp, then: Timestamp) -> Duration {
    Duration::try_from(then.duration_since(now)).unwrap_or(Duration::ZERO)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scaled_clock_multiplies_time_and_divides_waiting() {
        let clock = ScaledClock::new(900.0);
        assert_eq!(
            clock.after(Duration::from_secs(4)),
            later(clock.start, Duration::from_secs(3600))
        );
        assert_eq!(clock.real(Duration::from_secs(1800)), Duration::from_secs(2));
    }

    #[test]
    fn a_scaled_clock_survives_any_speed_and_any_duration() {
        for speed in [f64::NAN, f64::INFINITY, -1.0, 0.0, 1e300] {
            let clock = ScaledClock::new(speed);
            assert!(clock.after(Duration::MAX) >= clock.start);
            assert!(clock.real(Duration::from_secs(1)) > Duration::ZERO);
        }
    }

    #[test]
    fn a_scaled_clock_never_goes_back() {
        let clock = ScaledClock::new(1e6);
        let first = clock.now();
        assert!(clock.now() >= first);
    }
}
