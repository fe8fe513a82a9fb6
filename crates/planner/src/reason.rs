//! Why the next poll of a vehicle comes when it does, in words for its owner.

use std::fmt;

use jiff::Timestamp;

use super::activity::Event;

/// Why a poll comes when it does. Intervals, which most of them tell, are in milliseconds; moments say until when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// It was never asked for.
    First,
    Fixed(i64),
    /// The pipeline file asks for more polls than there are calls.
    Stretched(i64),
    Charging(i64),
    Driving(i64),
    /// It stopped charging or driving; what it tells about that comes a little later.
    Ended,
    Parked(i64),
    ParkedAtNight(i64),
    /// The vehicle speaks by itself; polls bring what got lost or cannot be streamed.
    Streamed(i64),
    /// The stream told of something after which a poll brings more.
    After(Event),
    /// The vehicle ought to have spoken by itself, and did not for so long.
    Silent(i64),
    /// After so many failures.
    Retry(u32),
    /// BMW asked for a pause, or what is wrong needs time or a person.
    Paused,
    /// No call can be spared beyond what every vehicle was promised.
    Tight(i64),
    /// Not even the promise can be kept: others spent calls, or there are more vehicles than before.
    Short(i64),
    /// Every call that polls may make is used.
    UsedUp(Timestamp),
    /// BMW said that no call is left.
    Blocked(Timestamp),
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::First => f.write_str("never polled before"),
            Self::Fixed(every) => write!(f, "every {}", Span(every)),
            Self::Stretched(every) => {
                write!(
                    f,
                    "every {}: there are too few calls for the interval that is asked for",
                    Span(every)
                )
            }
            Self::Charging(every) => write!(f, "charging: every {}", Span(every)),
            Self::Driving(every) => write!(f, "driving: every {}", Span(every)),
            Self::Ended => f.write_str("just stopped charging or driving: one more look"),
            Self::Parked(every) => write!(f, "parked: every {}", Span(every)),
            Self::ParkedAtNight(every) => write!(f, "parked by night: every {}", Span(every)),
            Self::Streamed(every) => {
                write!(f, "the stream brings changes: one look every {}", Span(every))
            }
            Self::After(what) => what.fmt(f),
            Self::Silent(limit) => {
                write!(f, "nothing comes by the stream: one look after {}", Span(limit))
            }
            Self::Retry(1) => f.write_str("retry after a failure"),
            Self::Retry(failures) => write!(f, "retry after {failures} failures"),
            Self::Paused => f.write_str("pause after a failure"),
            Self::Tight(every) => write!(f, "no call can be spared: every {}", Span(every)),
            Self::Short(every) => write!(f, "the calls are nearly used: every {}", Span(every)),
            Self::UsedUp(until) => write!(f, "the calls are used up until {until:.0}"),
            Self::Blocked(until) => write!(f, "BMW allows no call until {until:.0}"),
        }
    }
}

/// A time for people: `45 s`, `12 min`, `1 h 30 min`.
struct Span(i64);

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = (self.0 + 500) / 1_000;
        let minutes = (seconds + 30) / 60;
        match (minutes / 60, minutes % 60) {
            _ if seconds < 90 => write!(f, "{seconds} s"),
            (0, minutes) => write!(f, "{minutes} min"),
            (hours @ 48.., 0) if hours % 24 == 0 => write!(f, "{} days", hours / 24),
            (hours, 0) => write!(f, "{hours} h"),
            (hours, minutes) => write!(f, "{hours} h {minutes} min"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_are_told_in_words() {
        let minutes = |minutes: i64| minutes * 60_000;
        let told = |reason: Reason| reason.to_string();
        assert_eq!(told(Reason::Charging(minutes(10))), "charging: every 10 min");
        assert_eq!(
            told(Reason::Short(minutes(90))),
            "the calls are nearly used: every 1 h 30 min"
        );
        assert_eq!(told(Reason::Fixed(45_000)), "every 45 s");
        assert_eq!(told(Reason::Fixed(minutes(120))), "every 2 h");
        assert_eq!(told(Reason::Fixed(minutes(24 * 60))), "every 24 h");
        assert_eq!(told(Reason::Fixed(minutes(7 * 24 * 60))), "every 7 days");
        assert_eq!(
            told(Reason::Streamed(minutes(360))),
            "the stream brings changes: one look every 6 h"
        );
        assert_eq!(
            told(Reason::Silent(minutes(90))),
            "nothing comes by the stream: one look after 1 h 30 min"
        );
        assert_eq!(told(Reason::After(Event::TripEnded)), "after a trip");
        let until = "2026-03-02T00:00:41.5Z".parse().unwrap();
        assert_eq!(
            told(Reason::Blocked(until)),
            "BMW allows no call until 2026-03-02T00:00:41Z"
        );
    }
}
