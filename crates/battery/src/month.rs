//! Months by the pipeline's time zone.

use std::fmt;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use facts::row::moment;

/// A month, counted from January of the year 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Month(i32);

impl Month {
    /// The one that a moment, in milliseconds since the epoch, lies in.
    pub(super) fn of(at: i64, timezone: &TimeZone) -> Self {
        let date = timezone.to_datetime(moment(at)).date();
        Self(i32::from(date.year()) * 12 + i32::from(date.month()) - 1)
    }

    /// Its first moment, in milliseconds since the epoch.
    pub(super) fn start(self, timezone: &TimeZone) -> i64 {
        let year = i16::try_from(self.0.div_euclid(12)).unwrap_or_default();
        let month = i8::try_from(self.0.rem_euclid(12) + 1).unwrap_or(1);
        let first = Date::new(year, month, 1).and_then(|date| date.to_zoned(timezone.clone()));
        first.map_or(0, |first| first.timestamp().as_millisecond())
    }

    pub(super) fn plus(self, months: i32) -> Self {
        Self(self.0 + months)
    }
}

/// `2026-03`.
impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.0.div_euclid(12), self.0.rem_euclid(12) + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_month_begins_at_the_midnight_of_its_place() {
        let berlin = TimeZone::get("Europe/Berlin").unwrap();
        let at = |text: &str| text.parse::<jiff::Timestamp>().unwrap().as_millisecond();
        for (time, month, start) in [
            ("2026-03-31T21:59:59Z", "2026-03", "2026-02-28T23:00:00Z"),
            ("2026-03-31T22:00:00Z", "2026-04", "2026-03-31T22:00:00Z"),
            ("2026-12-31T22:59:59Z", "2026-12", "2026-11-30T23:00:00Z"),
            ("2026-12-31T23:00:00Z", "2027-01", "2026-12-31T23:00:00Z"),
        ] {
            let found = Month::of(at(time), &berlin);
            assert_eq!(found.to_string(), month);
            assert_eq!(found.start(&berlin), at(start), "{month}");
        }
    }
}
