//! Times as BMW writes them, between text and number: most of what changes from one message to the next.

/// The two forms that are taken out of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// `2026-07-27T12:37:58Z`; counted in seconds.
    Second,
    /// `2026-07-27T12:37:58.991Z`; counted in milliseconds.
    Millisecond,
}

impl Kind {
    const ALL: [Self; 2] = [Self::Second, Self::Millisecond];

    const fn length(self) -> usize {
        match self {
            Self::Second => 20,
            Self::Millisecond => 24,
        }
    }

    /// How many of its units a second has.
    pub const fn per_second(self) -> i64 {
        match self {
            Self::Second => 1,
            Self::Millisecond => 1_000,
        }
    }
}

/// The seconds from the year 0 up to and with the year 9999: what four digits name.
const YEARS: std::ops::Range<i64> = -62_167_219_200..253_402_300_800;
const DAY: i64 = 86_400;

/// The time that stands at the beginning of `text` up to a quotation mark; none that [`write`] would write otherwise.
pub(super) fn read(text: &[u8]) -> Option<(Kind, i64)> {
    let kind = Kind::ALL
        .into_iter()
        .find(|kind| text.get(kind.length()) == Some(&b'"') && text[kind.length() - 1] == b'Z')?;
    let number = |from: usize, count: usize| {
        text[from..from + count].iter().try_fold(0, |number, byte| {
            byte.is_ascii_digit()
                .then(|| number * 10 + i64::from(byte - b'0'))
        })
    };
    let days = days(number(0, 4)?, number(5, 2)?, number(8, 2)?);
    let seconds = days * DAY + number(11, 2)? * 3_600 + number(14, 2)? * 60 + number(17, 2)?;
    let at = match kind {
        Kind::Second => seconds,
        Kind::Millisecond => seconds * 1_000 + number(20, 3)?,
    };
    let mut again = Vec::with_capacity(kind.length());
    write(&mut again, kind, at)?;
    (again == text[..kind.length()]).then_some((kind, at))
}

/// `None` where four digits do not name the year.
pub(super) fn write(to: &mut Vec<u8>, kind: Kind, at: i64) -> Option<()> {
    let seconds = at.div_euclid(kind.per_second());
    if !YEARS.contains(&seconds) {
        return None;
    }
    let (year, month, day) = date(seconds.div_euclid(DAY));
    let of_day = u32::try_from(seconds.rem_euclid(DAY)).ok()?;
    let mut text = *b"0000-00-00T00:00:00.000Z";
    let mut put = |at: usize, number: u32| {
        for (place, digit) in [(0, number / 10), (1, number % 10)] {
            text[at + place] += u8::try_from(digit).unwrap_or(0);
        }
    };
    put(0, year / 100);
    put(2, year % 100);
    put(5, month);
    put(8, day);
    put(11, of_day / 3_600);
    put(14, of_day / 60 % 60);
    put(17, of_day % 60);
    match kind {
        Kind::Second => text[19] = b'Z',
        Kind::Millisecond => {
            let part = u32::try_from(at.rem_euclid(1_000)).ok()?;
            put(20, part / 10);
            text[22] += u8::try_from(part % 10).unwrap_or(0);
        }
    }
    to.extend_from_slice(&text[..kind.length()]);
    Some(())
}

/// The days from the epoch to a date of the Gregorian calendar, after Howard Hinnant's `days_from_civil`: years begin in
/// March, so that the leap day is the last.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = year - i64::from(month <= 2);
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// The way back.
fn date(days: i64) -> (u32, u32, u32) {
    let days = days + 719_468;
    let (era, of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * of_year + 2) / 153;
    let month = (from_march + 2) % 12 + 1;
    let year = era * 400 + year_of_era + i64::from(month <= 2);
    let day = of_year - (153 * from_march + 2) / 5 + 1;
    [year, month, day]
        .map(|part| u32::try_from(part).unwrap_or(0))
        .into()
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;

    fn quoted(text: &str) -> Option<(Kind, i64)> {
        read(format!("{text}\"").as_bytes())
    }

    proptest::proptest! {
        #[test]
        fn a_time_is_the_text_that_the_library_writes(at in -62_135_596_800_000_i64..253_402_200_000_000) {
            let text = format!("{:.3}", Timestamp::from_millisecond(at).unwrap());
            proptest::prop_assert_eq!(quoted(&text), Some((Kind::Millisecond, at)));
            let second = at.div_euclid(1_000);
            let text = format!("{:.0}", Timestamp::from_second(second).unwrap());
            proptest::prop_assert_eq!(quoted(&text), Some((Kind::Second, second)));
        }

        #[test]
        fn whatever_is_read_is_written_as_it_was(text in "[0-9]{4}-[0-3][0-9]-[0-3][0-9]T[0-9:]{8}(\\.[0-9]{3})?Z") {
            if let Some((kind, at)) = quoted(&text) {
                let mut again = Vec::new();
                write(&mut again, kind, at).unwrap();
                proptest::prop_assert_eq!(again, text.as_bytes());
            }
        }
    }

    #[test]
    fn anything_else_stays_a_text() {
        for text in [
            "2026-02-29T12:00:00Z",
            "2026-07-27T24:00:00Z",
            "2026-07-27T12:37:60Z",
            "2026-07-27t12:37:58Z",
            "2026-07-27T12:37:58+",
            "2026-07-27T12:37:58,991Z",
            "",
        ] {
            assert_eq!(quoted(text), None, "{text}");
        }
        let mut to = Vec::new();
        for at in [i64::MIN, i64::MAX, YEARS.end, YEARS.start - 1] {
            assert_eq!(write(&mut to, Kind::Second, at), None);
        }
        assert!(to.is_empty());
    }
}
