//! Times as BMW writes them.
//!
//! REST and stream use RFC 3339 with or without milliseconds, servers say `Tue, 01 Dec 2026 09:12:31 GMT`; other forms have
//! been seen in basicData, the archive and text values. A time without a zone is UTC. Results have whole milliseconds.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::Offset;

/// Reads any form that BMW is known to use; `None` for anything else.
pub fn parse(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    let read = usual(text.as_bytes()).or_else(|| unusual(text))?;
    Timestamp::from_millisecond(read.as_millisecond()).ok()
}

/// Whether a time that [`parse`] reads has no fraction of a second in its text, be it zero: it names a whole second.
pub fn is_in_whole_seconds(text: &str) -> bool {
    let text = text.trim();
    match text.split_once(':') {
        Some((_, rest)) => !rest.contains(['.', ',']),
        // A number that is more than the seconds since the epoch has milliseconds.
        None => text.parse::<i64>().map_or(true, |number| epoch(number) != number),
    }
}

/// `2025-09-29T13:21:16.000Z` and `2025-09-29T13:21:16Z`: nearly all of them, so they are read by hand.
fn usual(text: &[u8]) -> Option<Timestamp> {
    let millisecond = match text.len() {
        20 => 0,
        24 if text[19] == b'.' => digits(text, 20, 3)?,
        _ => return None,
    };
    let separators = [
        (4, b'-'),
        (7, b'-'),
        (10, b'T'),
        (13, b':'),
        (16, b':'),
        (text.len() - 1, b'Z'),
    ];
    if separators.iter().any(|&(position, byte)| text[position] != byte) {
        return None;
    }
    let date_time = DateTime::new(
        digits(text, 0, 4)?,
        digits(text, 5, 2)? as i8,
        digits(text, 8, 2)? as i8,
        digits(text, 11, 2)? as i8,
        digits(text, 14, 2)? as i8,
        digits(text, 17, 2)? as i8,
        i32::from(millisecond) * 1_000_000,
    );
    Offset::UTC.to_timestamp(date_time.ok()?).ok()
}

fn digits(text: &[u8], from: usize, count: usize) -> Option<i16> {
    text[from..from + count].iter().try_fold(0, |number, byte| {
        byte.is_ascii_digit()
            .then(|| number * 10 + i16::from(byte - b'0'))
    })
}

fn unusual(text: &str) -> Option<Timestamp> {
    if let Ok(timestamp) = text.parse() {
        return Some(timestamp);
    }
    if let Ok(number) = text.parse::<i64>() {
        return Timestamp::from_millisecond(epoch(number)).ok();
    }
    if let Ok(timestamp) = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(text) {
        return Some(timestamp);
    }
    // `2022-11-24T00:00:00.000+0000`, `29.09.2025 13:21[:16] UTC`, `09/29/2025 13:21 UTC`.
    if let Ok(zoned) = jiff::fmt::strtime::parse("%Y-%m-%dT%H:%M:%S%.f%z", text)
        && let Ok(timestamp) = zoned.to_timestamp()
    {
        return Some(timestamp);
    }
    let civil = text.strip_suffix("UTC").unwrap_or(text).trim_end();
    let formats = [
        "%d.%m.%Y %H:%M:%S",
        "%d.%m.%Y %H:%M",
        "%m/%d/%Y %H:%M:%S",
        "%m/%d/%Y %H:%M",
    ];
    let date_time = formats
        .iter()
        .find_map(|format| DateTime::strptime(format, civil).ok())
        .or_else(|| civil.parse::<DateTime>().ok())?;
    Offset::UTC.to_timestamp(date_time).ok()
}

/// Seconds since the epoch, or milliseconds where seconds would lie beyond the year 5000.
fn epoch(number: i64) -> i64 {
    if number.unsigned_abs() < 100_000_000_000 {
        number * 1_000
    } else {
        number
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_forms_are_read() {
        for (text, want) in [
            ("2025-09-29T13:21:16.000Z", "2025-09-29T13:21:16Z"),
            ("2025-09-29T12:15:55.055Z", "2025-09-29T12:15:55.055Z"),
            ("2026-07-27T12:37:58Z", "2026-07-27T12:37:58Z"),
            ("2022-11-24T00:00:00.000+0000", "2022-11-24T00:00:00Z"),
            ("2022-11-24T01:00:00+01:00", "2022-11-24T00:00:00Z"),
            ("2022-11-24T01:02:03.999999Z", "2022-11-24T01:02:03.999Z"),
            ("2022-11-24T01:02:03", "2022-11-24T01:02:03Z"),
            ("2022-11-24", "2022-11-24T00:00:00Z"),
            ("1668895916", "2022-11-19T22:11:56Z"),
            ("1668895916000", "2022-11-19T22:11:56Z"),
            ("29.09.2025 13:21:16 UTC", "2025-09-29T13:21:16Z"),
            ("29.09.2025 13:21 UTC", "2025-09-29T13:21:00Z"),
            ("09/29/2025 13:21 UTC", "2025-09-29T13:21:00Z"),
            ("2024-02-29T00:00:00Z", "2024-02-29T00:00:00Z"),
            ("Tue, 01 Dec 2026 09:12:31 GMT", "2026-12-01T09:12:31Z"),
        ] {
            assert_eq!(parse(text), want.parse().ok(), "{text}");
        }
    }

    #[test]
    fn anything_else_is_none() {
        for text in [
            "",
            "yesterday",
            "2025-13-01T00:00:00Z",
            "2025-02-29T00:00:00Z",
            "-NA-",
            "2025-01-01T24:00:00Z",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn the_fast_path_agrees_with_the_library(milliseconds in -2_000_000_000_000_i64..4_000_000_000_000) {
            let timestamp = Timestamp::from_millisecond(milliseconds).unwrap();
            let text = format!("{timestamp:.3}");
            proptest::prop_assert_eq!(usual(text.as_bytes()), Some(timestamp));
        }

        #[test]
        fn nothing_panics(text in "\\PC{0,30}") {
            parse(&text);
        }
    }
}
