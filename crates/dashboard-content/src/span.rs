//! From when to when: `from` and `to` in a URL.

use history::read::Range;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;

/// What a chart shows that names no time.
const USUAL: SignedDuration = SignedDuration::from_hours(7 * 24);
/// Behind everything that the journal holds, and within what milliseconds can tell.
const FIRST: Timestamp = Timestamp::UNIX_EPOCH;

/// A moment (`2026-03-01T17:00:00Z`), or a day (`2026-03-01`) where the owner lives.
#[derive(Debug, Default, Deserialize)]
pub struct Span {
    from: Option<String>,
    /// Left out itself; a day is whole.
    to: Option<String>,
}

/// Why it is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoSpan {
    #[error("`from` is behind `to`")]
    Backwards,
    #[error("a time is written as `2026-03-01T17:00:00Z` or `2026-03-01`")]
    NoTime,
}

impl Span {
    /// As it was asked for.
    pub fn words(&self) -> [(&'static str, Option<&str>); 2] {
        [("from", self.from.as_deref()), ("to", self.to.as_deref())]
    }

    /// The last seven days before `to`, or before now, where nothing is said.
    ///
    /// # Errors
    /// One of them is no time, or they are the wrong way round.
    pub fn recent(&self, now: Timestamp, timezone: &TimeZone) -> Result<Range, NoSpan> {
        let [from, to] = self.read(timezone)?;
        let to = to.unwrap_or(now);
        let from = from.or_else(|| to.checked_sub(USUAL).ok());
        in_order(from.unwrap_or(FIRST), to)
    }

    /// Everything where nothing is said.
    ///
    /// # Errors
    /// One of them is no time, or they are the wrong way round.
    pub fn all(&self, timezone: &TimeZone) -> Result<Range, NoSpan> {
        let [from, to] = self.read(timezone)?;
        in_order(from.unwrap_or(FIRST), to.unwrap_or(Timestamp::MAX))
    }

    fn read(&self, timezone: &TimeZone) -> Result<[Option<Timestamp>; 2], NoSpan> {
        let read = |text: &Option<String>, days| {
            let text = text.as_deref().filter(|text| !text.is_empty());
            text.map(|text| moment(text, timezone, days)).transpose()
        };
        Ok([read(&self.from, 0)?, read(&self.to, 1)?])
    }
}

fn in_order(from: Timestamp, to: Timestamp) -> Result<Range, NoSpan> {
    if from > to {
        return Err(NoSpan::Backwards);
    }
    Ok(Range { from, to })
}

/// `days` later, where the text is a day.
fn moment(text: &str, timezone: &TimeZone, days: i64) -> Result<Timestamp, NoSpan> {
    if let Ok(moment) = text.parse() {
        return Ok(moment);
    }
    let day = text
        .parse::<Date>()
        .and_then(|day| day.checked_add(jiff::Span::new().try_days(days)?));
    let moment = day.and_then(|day| day.to_zoned(timezone.clone()));
    moment
        .map(|moment| moment.timestamp())
        .map_err(|_| NoSpan::NoTime)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(from: &str, to: &str) -> Span {
        let given = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        Span {
            from: given(from),
            to: given(to),
        }
    }

    #[test]
    fn a_day_is_one_where_the_owner_lives() {
        let berlin = TimeZone::get("Europe/Berlin").unwrap();
        let now = "2026-03-29T12:00:00Z".parse().unwrap();
        for (from, to, expected) in [
            ("", "", ["2026-03-22T12:00:00Z", "2026-03-29T12:00:00Z"]),
            (
                "2026-03-29",
                "2026-03-29",
                ["2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z"],
            ),
            (
                "2026-03-01T10:00:00+01:00",
                "",
                ["2026-03-01T09:00:00Z", "2026-03-29T12:00:00Z"],
            ),
            (
                "",
                "2026-01-08T00:00:00Z",
                ["2026-01-01T00:00:00Z", "2026-01-08T00:00:00Z"],
            ),
        ] {
            let range = span(from, to).recent(now, &berlin).unwrap();
            assert_eq!([range.from.to_string(), range.to.to_string()], expected);
        }
        let all = span("", "").all(&berlin).unwrap();
        assert!(all.from == FIRST && all.to == Timestamp::MAX);
    }

    #[test]
    fn what_is_no_time_is_a_mistake() {
        for (from, to) in [
            ("soon", ""),
            ("", "2026-02-30"),
            ("2026-03-02", "2026-02-01"),
            ("9999-12-32", ""),
        ] {
            assert!(span(from, to).all(&TimeZone::UTC).is_err(), "{from} {to}");
        }
    }
}
