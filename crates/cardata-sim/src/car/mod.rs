//! A small electric car: a pure function of time, seed and configuration.
//!
//! [`schedule`] says what a day brings, [`timeline`] turns days into driving, charging and standing, [`power`] says what
//! flows during a charge, [`reports`]
//! knows when the car last told each group of values, [`skew`] which of them were measured later than the rest,
//! [`values`] what it told, [`keys`] everything that can be told; [`kind`] is where one kind of car differs from another in
//! all of that. Nothing is kept between two questions.

pub(crate) mod keys;
pub(crate) mod kind;
pub(crate) mod power;
mod reports;
mod schedule;
mod skew;
pub(crate) mod timeline;
mod values;

use jiff::Timestamp;

use crate::config::SimVehicle;
use keys::{Group, Key};
use kind::Manner;
use reports::last_report;
use skew::Skew;
use timeline::{Activity, Segment, Timeline};
use values::Telemetry;

/// One vehicle and its life from 60 days before the simulator's start.
pub(crate) struct Car {
    pub vehicle: SimVehicle,
    timeline: Timeline,
    skew: Skew,
}

/// The car as the backend knows it at one time.
pub(crate) struct View<'a> {
    car: &'a Car,
    segments: Vec<Segment>,
    now: Timestamp,
}

/// One value that the car told of its own accord.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Told {
    pub descriptor: &'static str,
    /// When it was measured, in seconds since 1970.
    pub at: i64,
    pub entry: Entry,
}

pub(crate) const HEADER: &str = "vehicle.drivetrain.batteryManagement.header";
pub(crate) const LATITUDE: &str = "vehicle.cabin.infotainment.navigation.currentLocation.latitude";
pub(crate) const LONGITUDE: &str = "vehicle.cabin.infotainment.navigation.currentLocation.longitude";

/// The groups that the car tells by itself.
const TOLD: [Group; 9] = [
    Group::Battery,
    Group::Call,
    Group::Charging,
    Group::Position,
    Group::Odometer,
    Group::Body,
    Group::Tyres,
    Group::Trip,
    Group::Stale,
];

/// What `telematicData` says of one descriptor.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Entry {
    pub value: Option<String>,
    pub unit: Option<&'static str>,
    pub timestamp: Option<String>,
}

impl Car {
    /// Cars with different VINs, or different `life`, live differently. `skew` is the share of positions whose longitude was measured later
    /// than the latitude.
    pub fn new(vehicle: &SimVehicle, start: Timestamp, seed: u64, skew: f64) -> Self {
        let own = vehicle.life.map(u64::to_le_bytes);
        let own = own
            .as_ref()
            .map_or(vehicle.vin.as_bytes(), |life| life.as_slice());
        let seed = own.iter().fold(seed, |hash, byte| {
            (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
        });
        let manner = vehicle.kind.manner();
        Self {
            vehicle: vehicle.clone(),
            timeline: Timeline::new(vehicle, start.as_second(), seed),
            skew: Skew {
                share: skew,
                seed,
                manner,
            },
        }
    }

    fn manner(&self) -> &'static dyn Manner {
        self.vehicle.kind.manner()
    }

    /// Whether the car counts in miles.
    pub fn is_in_miles(&self) -> bool {
        self.manner().is_in_miles()
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
        let manner = self.car.manner();
        let group = manner.group(key);
        let told = match group {
            Group::Never | Group::Absent => return None,
            Group::Null => return Some(Entry::default()),
            Group::Settings => self.car.timeline.settings_changed(),
            _ if descriptor == LONGITUDE => self.car.skew.last_longitude(&self.segments, now),
            group => last_report(manner, &self.segments, group, now),
        };
        let mut entry = self.told(key, told, now);
        if group == Group::Call {
            entry.timestamp = Some(format!("{:.3}", self.now));
        }
        Some(entry)
    }

    /// What was measured in `from..to`, in seconds since 1970, of every key that the car tells by itself, in the order
    /// of keys and times. The view must be of a time not before `to`.
    pub fn told_between(&self, from: i64, to: i64) -> Vec<Told> {
        let manner = self.car.manner();
        let mut told = Vec::new();
        for group in TOLD {
            let reports = reports::between(manner, &self.segments, group, from - skew::LONGEST, to);
            for key in keys::all().iter().filter(|key| manner.group(key) == group) {
                let measured = reports.iter().map(|report| report + self.lag(key, *report));
                let measured = measured.filter(|at| (from..to).contains(at));
                told.extend(measured.map(|at| self.told_at(key, at)));
            }
        }
        told
    }

    /// What the car would have told of a key at a second that the view covers. `None` for a key that it does not tell by
    /// itself.
    pub fn measured(&self, descriptor: &str, at: i64) -> Option<Told> {
        let key = keys::find(descriptor).filter(|key| TOLD.contains(&self.car.manner().group(key)))?;
        Some(self.told_at(key, at))
    }

    /// Whether the car was on its way all the time.
    pub fn drove(&self, from: i64, to: i64) -> bool {
        let during = |segment: &Segment| segment.start <= from && to < segment.end;
        let mut segments = self.segments.iter();
        segments.any(|segment| segment.activity == Activity::Driving && during(segment))
    }

    fn told_at(&self, key: &'static Key, at: i64) -> Told {
        Told {
            descriptor: key.descriptor,
            at,
            entry: self.told(key, at, at),
        }
    }

    fn lag(&self, key: &Key, report: i64) -> i64 {
        if key.descriptor == LONGITUDE {
            self.car.skew.lag(&self.segments, report)
        } else {
            0
        }
    }

    /// What the car said of `key` at the second `told`.
    fn told(&self, key: &'static Key, told: i64, now: i64) -> Entry {
        let manner = self.car.manner();
        let telemetry = Telemetry::new(&self.segments, &self.car.vehicle, told, now);
        let said = manner.say(key, &telemetry, values::report(key, &telemetry));
        let millisecond = match manner.group(key) {
            Group::Trip => reports::trip_millisecond(told),
            _ => 0,
        };
        let timestamp = Timestamp::from_millisecond(told * 1_000 + millisecond).ok();
        Entry {
            value: said.value,
            unit: said.unit,
            timestamp: timestamp.filter(|_| said.timed).map(|it| format!("{it:.3}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use catalogue::CATALOGUE;
    use jiff::SignedDuration;

    use super::kind::CarKind;
    use super::*;

    /// Texts that stand for "no value" in live answers.
    const NO_VALUE: [&str; 3] = ["-NA-", "INVALID", "NOT AVAILABLE"];
    /// A third state of what is open or closed.
    const LID: [&str; 2] = ["INTERMEDIATE", "CLOSED"];

    fn car(kind: CarKind) -> Car {
        let start = start();
        Car::new(&SimVehicle::of(kind, "WBY71AW050FP12345"), start, 1, 0.4)
    }

    fn start() -> Timestamp {
        "2026-11-20T12:00:00Z".parse().unwrap()
    }

    #[test]
    fn every_value_fits_the_type_of_its_key_all_week_long() {
        for kind in CarKind::ALL {
            let car = car(kind);
            for minutes in (0..8 * 24 * 60).step_by(23) {
                fits(&car.view(start() + SignedDuration::from_mins(minutes)));
            }
        }
    }

    fn fits(view: &View<'_>) {
        for entry in CATALOGUE {
            let Some(value) = view.entry(entry.descriptor).and_then(|entry| entry.value) else {
                continue;
            };
            let value = value.as_str();
            let fits = match entry.value_type.as_str() {
                "number" => value.parse::<f64>().is_ok_and(f64::is_finite),
                "bool" => {
                    matches!(value, "true" | "false" | "ASN_isTrue" | "ASN_isFalse") || LID.contains(&value)
                }
                _ => !value.is_empty(),
            };
            assert!(fits || NO_VALUE.contains(&value), "{}: {value}", entry.descriptor);
        }
    }

    #[test]
    fn every_computed_key_has_a_value_at_some_time_of_the_week() {
        let car = car(CarKind::I4);
        let views: Vec<View<'_>> = (0..8 * 24)
            .map(|hour| car.view(start() + SignedDuration::from_hours(hour)))
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
