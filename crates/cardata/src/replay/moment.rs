//! Moments as people write them: a time, a day, or how long ago.

use collector_core::duration;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

/// Which end of a range a day stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    First,
    Last,
}

/// An RFC 3339 time, a day of UTC, or a duration before `now`. The first and the last moment of a range belong
/// to it, so a day at its end is in it as a whole.
pub fn parse(text: &str, end: End, now: Timestamp) -> Result<Timestamp, String> {
    let text = text.trim();
    if let Ok(time) = text.parse::<Timestamp>() {
        return Ok(time);
    }
    if let Ok(date) = text.parse::<Date>()
        && text.len() == "2026-03-01".len()
    {
        return day(date, end).ok_or_else(|| format!("`{text}` is out of range"));
    }
    if !text.starts_with(|c: char| c.is_ascii_digit()) || text.contains(['-', ':', 'T']) {
        return Err(format!(
            "`{text}` is no time: write a time such as `2026-03-01T12:00:00Z`, a day of UTC such as `2026-03-01`, \
             or how long ago, such as `30d`"
        ));
    }
    let ago = SignedDuration::try_from(duration::parse(text).map_err(|wrong| wrong.to_string())?)
        .unwrap_or(SignedDuration::MAX);
    now.checked_sub(ago)
        .map_err(|_| format!("`{text}` ago is before all time"))
}

fn day(date: Date, end: End) -> Option<Timestamp> {
    let begin = |date: Date| Some(date.to_zoned(TimeZone::UTC).ok()?.timestamp());
    match end {
        End::First => begin(date),
        End::Last => begin(date.tomorrow().ok()?)?
            .checked_sub(SignedDuration::from_millis(1))
            .ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str, end: End) -> Result<String, String> {
        let now = "2026-03-31T12:00:00Z".parse().unwrap();
        parse(text, end, now).map(|at| at.to_string())
    }

    #[test]
    fn times_days_and_durations_are_moments() {
        for (text, first, last) in [
            (
                "2026-03-01T10:00:00+02:00",
                "2026-03-01T08:00:00Z",
                "2026-03-01T08:00:00Z",
            ),
            ("2026-03-01", "2026-03-01T00:00:00Z", "2026-03-01T23:59:59.999Z"),
            ("30d", "2026-03-01T12:00:00Z", "2026-03-01T12:00:00Z"),
            (" 1h30m ", "2026-03-31T10:30:00Z", "2026-03-31T10:30:00Z"),
        ] {
            assert_eq!(at(text, End::First).as_deref(), Ok(first), "{text}");
            assert_eq!(at(text, End::Last).as_deref(), Ok(last), "{text}");
        }
    }

    #[test]
    fn what_is_no_moment_is_refused_with_examples() {
        for text in [
            "",
            "yesterday",
            "2026-02-30",
            "2026-03-01T12:00:00",
            "30",
            "-30d",
            "12:00",
        ] {
            let refused = at(text, End::First).unwrap_err();
            assert!(
                refused.contains("write ") && refused.contains('`'),
                "{text}: {refused}"
            );
        }
        assert!(at("900000d", End::First).is_err());
    }
}
