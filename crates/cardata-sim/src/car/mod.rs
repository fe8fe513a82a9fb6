//! A small electric car: a pure function of time, seed and configuration.
//!
//! [`schedule`] says what a day brings, [`timeline`] turns days into driving, charging and standing, [`reports`]
//! knows when the car last told each group of values, [`values`] what it told, [`keys`] everything that can be
//! told. Nothing is kept between two questions.

pub(crate) mod keys;
mod reports;
mod schedule;
pub(crate) mod timeline;
mod values;

use jiff::Timestamp;

use crate::config::SimVehicle;
use keys::{Group, Key};
use reports::last_report;
use timeline::{Segment, Timeline};
use values::{Moment, Reported};

/// One vehicle and its life from 60 days before the simulator's start.
pub(crate) struct Car {
    pub vehicle: SimVehicle,
    timeline: Timeline,
}

/// The car as the backend knows it at one time.
pub(crate) struct View<'a> {
    car: &'a Car,
    segments: Vec<Segment>,
    now: Timestamp,
}

/// What `telematicData` says of one descriptor.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Entry {
    pub value: Option<String>,
    pub unit: Option<&'static str>,
    pub timestamp: Option<String>,
}

impl Car {
    /// Cars with different VINs live differently.
    pub fn new(vehicle: &SimVehicle, start: Timestamp, seed: u64) -> Self {
        let seed = vehicle.vin.bytes().fold(seed, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
        });
        Self {
            vehicle: vehicle.clone(),
            timeline: Timeline::new(vehicle, start.as_second(), seed),
        }
    }

    pub fn view(&self, now: Timestamp) -> View<'_> {
        View {
            car: self,
            segments: self.timeline.until(now.as_second()),
            now,
        }
    }

    /// Everything the car has done so far, the present included.
    pub fn history(&self, now: Timestamp) -> Vec<Segment> {
        let now = now.as_second();
        let mut segments = self.timeline.until(now);
        segments.retain(|segment| segment.start <= now);
        segments
    }
}

impl View<'_> {
    /// The entry of a descriptor; `None` when the car's answer does not have it.
    pub fn entry(&self, descriptor: &str) -> Option<Entry> {
        let key = keys::find(descriptor)?;
        let now = self.now.as_second();
        let empty = Entry {
            value: None,
            unit: None,
            timestamp: None,
        };
        match key.group {
            Group::Never | Group::Absent => None,
            Group::Null => Some(empty),
            Group::Settings => Some(self.told(
                key,
                self.car.timeline.settings_changed(),
                self.car.timeline.settings_changed(),
            )),
            Group::Call => {
                let told = last_report(&self.segments, Group::Battery, now);
                let mut entry = self.told(key, told, now);
                entry.timestamp = Some(format!("{:.3}", self.now));
                Some(entry)
            }
            group => {
                let told = last_report(&self.segments, group, now);
                Some(self.told(key, told, now))
            }
        }
    }

    /// What the car said of `key` at the second `told`.
    fn told(&self, key: &Key, told: i64, now: i64) -> Entry {
        let reported = match key.value {
            Some(value) => Reported::Value(value.to_owned()),
            None => values::report(key, &Moment::new(&self.segments, &self.car.vehicle, told, now)),
        };
        let millisecond = if key.group == Group::Trip {
            reports::trip_millisecond(told)
        } else {
            0
        };
        let timestamp = Timestamp::from_millisecond(told * 1_000 + millisecond).ok();
        let timestamp = timestamp.map(|timestamp| format!("{timestamp:.3}"));
        match reported {
            Reported::Value(value) => Entry {
                value: Some(value),
                unit: key.unit,
                timestamp,
            },
            Reported::NoValue => Entry {
                value: None,
                unit: key.unit,
                timestamp,
            },
            Reported::UnitOnly => Entry {
                value: None,
                unit: key.unit,
                timestamp: None,
            },
            Reported::Nothing => Entry {
                value: None,
                unit: None,
                timestamp: None,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use cardata_api::catalogue::CATALOGUE;
    use jiff::SignedDuration;

    use super::*;

    /// Texts that stand for "no value" in live answers.
    const NO_VALUE: [&str; 2] = ["-NA-", "INVALID"];

    #[test]
    fn every_value_fits_the_type_of_its_key_all_week_long() {
        let start: Timestamp = "2026-11-20T12:00:00Z".parse().unwrap();
        let car = Car::new(&SimVehicle::default(), start, 1);
        for minutes in (0..8 * 24 * 60).step_by(23) {
            let view = car.view(start + SignedDuration::from_mins(minutes));
            for entry in CATALOGUE {
                let Some(value) = view.entry(entry.descriptor).and_then(|entry| entry.value) else {
                    continue;
                };
                let fits = match entry.value_type.as_str() {
                    "number" => value.parse::<f64>().is_ok_and(f64::is_finite),
                    "bool" => matches!(value.as_str(), "true" | "false" | "ASN_isTrue" | "ASN_isFalse"),
                    _ => !value.is_empty(),
                };
                assert!(
                    fits || NO_VALUE.contains(&value.as_str()),
                    "{}: {value}",
                    entry.descriptor
                );
            }
        }
    }

    #[test]
    fn every_computed_key_has_a_value_at_some_time_of_the_week() {
        let start: Timestamp = "2026-11-20T12:00:00Z".parse().unwrap();
        let car = Car::new(&SimVehicle::default(), start, 1);
        let views: Vec<View<'_>> = (0..8 * 24)
            .map(|hour| car.view(start + SignedDuration::from_hours(hour)))
            .collect();
        for key in keys::all().iter().filter(|key| key.value.is_none()) {
            if matches!(key.group, Group::Null | Group::Absent | Group::Never) {
                continue;
            }
            let told = views
                .iter()
                .filter_map(|view| view.entry(key.descriptor)?.value)
                .count();
            assert!(told > 0, "{}", key.descriptor);
        }
    }
}
