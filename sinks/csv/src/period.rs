//! Which file a time belongs to. Periods are those of UTC, so that a row's file does not depend on the
//! machine's time zone.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::config::Rotate;

const MILLISECONDS_PER_DAY: i64 = 86_400_000;

/// The day of a time in UTC, as a number that grows by one each day.
pub fn day_number(time: Timestamp) -> i64 {
    time.as_millisecond().div_euclid(MILLISECONDS_PER_DAY)
}

/// The milliseconds since midnight in UTC.
pub fn millisecond_of_day(time: Timestamp) -> i64 {
    time.as_millisecond().rem_euclid(MILLISECONDS_PER_DAY)
}

/// The date in UTC.
pub fn date(time: Timestamp) -> Date {
    time.to_zoned(TimeZone::UTC).date()
}

/// The name of a file without its ending, such as `cardata-2026-03`.
pub fn stem(series: &str, rotate: Rotate, date: Date) -> String {
    let (year, month, day) = (date.year(), date.month(), date.day());
    match rotate {
        Rotate::Daily => format!("{series}-{year:04}-{month:02}-{day:02}"),
        Rotate::Monthly => format!("{series}-{year:04}-{month:02}"),
        Rotate::Yearly => format!("{series}-{year:04}"),
        Rotate::Never => series.to_owned(),
    }
}

/// Whether a text could be what [`stem`] puts behind the name of a series.
pub fn is_suffix(text: &str) -> bool {
    let digits = |part: &str, length| part.len() == length && part.bytes().all(|byte| byte.is_ascii_digit());
    let Some(period) = text.strip_prefix('-') else {
        return text.is_empty();
    };
    let parts: Vec<&str> = period.split('-').collect();
    parts.len() <= 3 && digits(parts[0], 4) && parts[1..].iter().all(|part| digits(part, 2))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_named_after_its_period() {
        let date = Date::constant(2026, 3, 9);
        let named = |rotate| stem("cardata", rotate, date);
        assert_eq!(named(Rotate::Daily), "cardata-2026-03-09");
        assert_eq!(named(Rotate::Monthly), "cardata-2026-03");
        assert_eq!(named(Rotate::Yearly), "cardata-2026");
        assert_eq!(named(Rotate::Never), "cardata");
    }

    #[test]
    fn suffixes_are_told_from_names() {
        for suffix in ["", "-2026", "-2026-03", "-2026-03-09"] {
            assert!(is_suffix(suffix), "{suffix}");
        }
        for other in ["-", "-26", "-2026-3", "2026", "-2026-03-09-01", "-7A12345-2026"] {
            assert!(!is_suffix(other), "{other}");
        }
    }

    #[test]
    fn times_before_1970_have_days_too() {
        let time: Timestamp = "1969-12-31T23:59:59.999Z".parse().unwrap();
        assert_eq!(day_number(time), -1);
        assert_eq!(millisecond_of_day(time), MILLISECONDS_PER_DAY - 1);
        assert_eq!(date(time), Date::constant(1969, 12, 31));
    }
}
