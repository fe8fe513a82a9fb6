//! Where a vehicle is: latitude and longitude of one moment, and of that moment only.

use std::collections::BTreeMap;

use collector_core::{Reading, Value};
use jiff::Timestamp;

/// Halves that wait for the other one. BMW sends a third of them without one.
const WAITING: usize = 256;
pub const LOCATION: &str = "vehicle.cabin.infotainment.navigation.currentLocation.";

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

impl Track {
    pub fn newest(&self) -> Option<&Position> {
        self.newest.as_ref()
    }

    /// Takes one reading. `Some` when it completes a position that is not older than the one before.
    pub fn take(&mut self, reading: &Reading) -> Option<Position> {
        let name = reading.descriptor.as_str().strip_prefix(LOCATION)?;
        let Value::Number(value) = reading.value else {
            return None;
        };
        let at = reading.measured_at;
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
        match &position {
            Some(position) => self.advance(position.clone()),
            None if self.fixes.len() > WAITING => drop(self.fixes.pop_first()),
            None => {}
        }
        position
    }

    /// Goes on from a position that was known before, unless a newer one is.
    pub fn adopt(&mut self, position: Position) {
        if self.newest.as_ref().is_none_or(|newest| newest.at < position.at) {
            self.advance(position);
        }
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
