//! Where a vehicle is: latitude and longitude of one moment, and of that moment only. Where it has no fix, it says
//! coordinates all the same: some of long ago, or 0 and 0, which is in the Atlantic.

use std::collections::BTreeMap;

use collector_core::{Reading, Value};
use jiff::{SignedDuration, Timestamp};

/// Halves that wait for the other one. BMW sends a third of them without one.
const WAITING: usize = 256;
/// So long after it was told, "no fix" speaks of a position that came without a status of its own.
const WITHOUT_FIX: SignedDuration = SignedDuration::from_mins(5);
/// Nearer to 0 and 0 than this, in degrees, is no place but a value that is missing.
const NULL_ISLAND: f64 = 0.001;
pub const LOCATION: &str = "vehicle.cabin.infotainment.navigation.currentLocation.";
pub const LATITUDE: &str = "vehicle.cabin.infotainment.navigation.currentLocation.latitude";
pub const LONGITUDE: &str = "vehicle.cabin.infotainment.navigation.currentLocation.longitude";
const FIX_STATUS: &str = "vehicle.cabin.infotainment.navigation.currentLocation.fixStatus";

/// Where a vehicle is at a moment.
#[derive(Debug, Clone, PartialEq)]
pub struct Position {
    pub latitude: f64,
    pub longitude: f64,
    pub heading: Option<f64>,
    pub at: Timestamp,
}

/// Puts positions together.
#[derive(Debug, Default)]
pub struct Track {
    fixes: BTreeMap<Timestamp, Fix>,
    newest: Option<Position>,
    /// The newest status, and when it was measured.
    status: Option<(Timestamp, HasFix)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum HasFix {
    Yes,
    No,
}

/// What is known of one moment.
#[derive(Debug, Default)]
struct Fix {
    latitude: Option<Part>,
    longitude: Option<Part>,
    heading: Option<Part>,
}

#[derive(Debug, Clone, Copy)]
struct Part {
    value: f64,
    occurrence: u32,
}

impl Position {
    fn is_a_place(&self) -> bool {
        self.latitude.abs() >= NULL_ISLAND || self.longitude.abs() >= NULL_ISLAND
    }
}

impl Track {
    pub fn newest(&self) -> Option<&Position> {
        self.newest.as_ref()
    }

    /// Looks for the status of the fix among readings that are about to be taken: it may stand behind its position.
    pub fn look_ahead(&mut self, readings: &[Reading]) {
        for reading in readings.iter().filter(|it| it.descriptor.as_str() == FIX_STATUS) {
            if let Value::Text(status) = &reading.value {
                self.note_status(status, reading.measured_at);
            }
        }
    }

    /// Takes one reading. `Some` when it completes a position that is not older than the one before.
    pub fn take(&mut self, reading: &Reading) -> Option<Position> {
        let name = reading.descriptor.as_str().strip_prefix(LOCATION)?;
        let at = reading.measured_at;
        let Value::Number(value) = reading.value else {
            return None;
        };
        if self.newest.as_ref().is_some_and(|newest| at < newest.at) {
            return None;
        }
        let fix = self.fixes.entry(at).or_default();
        let part = match name {
            "latitude" => &mut fix.latitude,
            "longitude" => &mut fix.longitude,
            "heading" => &mut fix.heading,
            _ => return None,
        };
        let occurrence = reading.occurrence;
        if part.is_none_or(|part| part.occurrence <= occurrence) {
            *part = Some(Part { value, occurrence });
        }
        let complete = fix.latitude.zip(fix.longitude);
        let position = complete.map(|(latitude, longitude)| Position {
            latitude: latitude.value,
            longitude: longitude.value,
            heading: fix.heading.map(|heading| heading.value),
            at,
        });
        let position = position.filter(|position| position.is_a_place() && !self.is_without_fix(at));
        match &position {
            Some(position) => self.advance(position.clone()),
            None if self.fixes.len() > WAITING => drop(self.fixes.pop_first()),
            None => {}
        }
        position
    }

    /// Goes on from a position that was known before, unless a newer one is.
    pub fn adopt(&mut self, position: Position) {
        if position.is_a_place() && self.newest.as_ref().is_none_or(|newest| newest.at < position.at) {
            self.advance(position);
        }
    }

    /// `NO_FIX` and `NO FIX` have been seen, beside `GPS_FIX_3D` and the like.
    fn note_status(&mut self, status: &str, at: Timestamp) {
        if self.status.is_some_and(|(newest, _)| at < newest) {
            return;
        }
        let plain: String = status.chars().filter(char::is_ascii_alphanumeric).collect();
        let has_fix = match plain.to_ascii_uppercase().starts_with("NOFIX") {
            true => HasFix::No,
            false => HasFix::Yes,
        };
        self.status = Some((at, has_fix));
    }

    fn is_without_fix(&self, at: Timestamp) -> bool {
        self.status.is_some_and(|(since, status)| {
            let after = at.duration_since(since);
            status == HasFix::No && !after.is_negative() && after <= WITHOUT_FIX
        })
    }

    fn advance(&mut self, position: Position) {
        self.fixes = self.fixes.split_off(&position.at);
        self.newest = Some(position);
    }
}

#[cfg(test)]
mod tests {
    use collector_core::testkit::reading;

    use super::*;

    fn part(name: &str, value: f64, at: i64) -> Reading {
        reading(&format!("{LOCATION}{name}"), name, Value::Number(value), None, at)
    }

    fn shown(position: Option<Position>) -> Option<(f64, f64, Option<f64>, i64)> {
        position.map(|it| (it.latitude, it.longitude, it.heading, it.at.as_millisecond()))
    }

    #[test]
    fn only_equal_moments_make_a_position() {
        let mut track = Track::default();
        assert_eq!(track.take(&part("latitude", 1.0, 10)), None);
        assert_eq!(track.take(&part("longitude", 2.0, 11)), None);
        assert_eq!(
            shown(track.take(&part("latitude", 3.0, 11))),
            Some((3.0, 2.0, None, 11))
        );
        // The other half of an older moment comes too late.
        assert_eq!(track.take(&part("longitude", 4.0, 10)), None);
        assert_eq!(
            shown(track.take(&part("heading", 90.0, 11))),
            Some((3.0, 2.0, Some(90.0), 11))
        );
        assert_eq!(track.take(&part("heading", 90.0, 12)), None);
        assert_eq!(track.take(&part("altitude", 90.0, 12)), None);
    }

    #[test]
    fn the_middle_of_the_atlantic_is_no_position() {
        let mut track = Track::default();
        track.take(&part("latitude", 0.0, 10));
        assert_eq!(track.take(&part("longitude", 0.0, 10)), None);
        track.adopt(Position {
            latitude: 0.0,
            longitude: -0.0,
            heading: None,
            at: Timestamp::UNIX_EPOCH,
        });
        assert_eq!(track.newest(), None);
        track.take(&part("latitude", 0.0, 11));
        assert!(track.take(&part("longitude", 32.5, 11)).is_some(), "in Uganda");
    }

    #[test]
    fn a_position_without_a_fix_is_none() {
        let mut track = Track::default();
        let mut place = |at, status: Option<&str>| {
            if let Some(status) = status {
                let status = Value::Text(status.into());
                track.look_ahead(&[reading(FIX_STATUS, "gps_fix", status, None, at)]);
            }
            track.take(&part("latitude", 1.0, at));
            track.take(&part("longitude", 2.0, at)).is_some()
        };
        let minutes = |minutes: i64| minutes * 60_000;
        assert!(place(minutes(0), None));
        assert!(!place(minutes(1), Some("NO_FIX")));
        assert!(!place(minutes(6), None));
        assert!(place(minutes(7), None), "nobody knows any more");
        assert!(!place(minutes(8), Some("NO FIX")));
        assert!(place(minutes(9), Some("3D_GPS_FIX")));
    }

    #[test]
    fn halves_wait_for_each_other_but_not_for_ever() {
        let mut track = Track::default();
        for at in 0..1_000 {
            assert_eq!(track.take(&part("latitude", 1.0, at)), None);
        }
        assert_eq!(track.fixes.len(), WAITING);
        assert!(track.take(&part("longitude", 1.0, 900)).is_some());
        assert_eq!(track.fixes.len(), 100);
    }

    #[test]
    fn a_known_position_is_never_replaced_by_an_older_one() {
        let mut track = Track::default();
        track.take(&part("latitude", 1.0, 10));
        let known = Position {
            latitude: 5.0,
            longitude: 5.0,
            heading: None,
            at: Timestamp::from_millisecond(20).unwrap(),
        };
        track.adopt(known.clone());
        assert_eq!(track.take(&part("longitude", 1.0, 10)), None);
        assert_eq!(track.newest(), Some(&known));
    }
}
