//! The owner's night.

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// From 23 to 6 o'clock where the owner lives, whatever the season does to the clocks there.
pub fn is_night(timezone: &TimeZone, now: Timestamp) -> bool {
    let hour = timezone.to_datetime(now).hour();
    !(6..23).contains(&hour)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn night_follows_the_clocks_of_the_place() {
        let berlin = TimeZone::get("Europe/Berlin").unwrap();
        // Winter time until 2026-03-29, summer time from then until 2026-10-25.
        for (night, moment) in [
            (true, "2026-03-28T22:00:00Z"),
            (true, "2026-03-29T03:59:59Z"),
            (false, "2026-03-29T04:00:00Z"),
            (false, "2026-03-29T20:59:59Z"),
            (true, "2026-03-29T21:00:00Z"),
            (true, "2026-10-24T21:00:00Z"),
            (true, "2026-10-25T04:59:59Z"),
            (false, "2026-10-25T05:00:00Z"),
            (false, "2026-10-25T21:59:59Z"),
        ] {
            assert_eq!(is_night(&berlin, at(moment)), night, "{moment}");
        }
    }
}
