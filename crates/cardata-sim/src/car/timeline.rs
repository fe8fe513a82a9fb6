//! The car's life as a row of segments: standing, driving, plugged in, charging.

use super::kind::Manner;
use super::schedule::{self, What};
use crate::config::SimVehicle;

const DAY: i64 = 86_400;
/// How many days of history the car has when the simulator starts.
const HISTORY_DAYS: i64 = 60;
/// Seconds between plugging in and the first energy.
const INITIALIZATION: i64 = 180;
const FIRST_ODOMETER_KM: f64 = 18_204.0;

/// Where the car stands between two drives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Location {
    Home,
    Work,
    Lake,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Supply {
    /// Three phases of 16 A.
    Ac,
    Dc,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Activity {
    Parked,
    Driving,
    /// Plugged in, before the first energy.
    Initializing(Supply),
    Charging(Supply),
    /// Plugged in, between two charges: the charger waits for its hour.
    Paused(Supply),
    /// Plugged in, after the last energy.
    Finished(Supply),
}

/// What the car does from `start` until `end`, in seconds since 1970.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Segment {
    pub start: i64,
    pub end: i64,
    pub activity: Activity,
    /// State of charge in percent at start and end; between them it follows [`share`](Segment::share).
    pub soc: (f64, f64),
    /// Kilometres at start and end.
    pub odometer: (f64, f64),
    pub from: Location,
    pub to: Location,
    /// How often the car has been plugged in so far.
    pub plug_events: u32,
}

#[derive(Debug, Clone)]
pub(crate) struct Timeline {
    /// Midnight of day 0 on the driver's clock.
    midnight: i64,
    seed: u64,
    battery_kwh: f64,
    target_percent: f64,
    manner: &'static dyn Manner,
}

impl Location {
    /// Latitude and longitude in degrees.
    pub fn coordinates(self) -> (f64, f64) {
        match self {
            Self::Home => (48.137_154, 11.576_124),
            Self::Work => (48.262_503, 11.667_498),
            Self::Lake => (47.866_412, 12.010_973),
        }
    }
}

impl Supply {
    /// Power from the grid in kW, the battery's average over a charge.
    pub fn grid_kw(self) -> f64 {
        match self {
            Self::Ac => 11.0,
            Self::Dc => 96.0,
        }
    }

    /// The part of the grid's energy that reaches the battery.
    pub fn efficiency(self) -> f64 {
        match self {
            Self::Ac => 0.9,
            Self::Dc => 0.95,
        }
    }
}

impl Activity {
    pub fn supply(self) -> Option<Supply> {
        match self {
            Self::Parked | Self::Driving => None,
            Self::Initializing(supply)
            | Self::Charging(supply)
            | Self::Paused(supply)
            | Self::Finished(supply) => Some(supply),
        }
    }
}

impl Segment {
    /// How much of the segment has passed, 0 to 1.
    pub fn fraction(&self, at: i64) -> f64 {
        let length = (self.end - self.start).max(1) as f64;
        ((at - self.start) as f64 / length).clamp(0.0, 1.0)
    }

    pub fn soc_at(&self, at: i64) -> f64 {
        self.soc.0 + (self.soc.1 - self.soc.0) * self.share(at)
    }

    pub fn odometer_at(&self, at: i64) -> f64 {
        self.odometer.0 + (self.odometer.1 - self.odometer.0) * self.fraction(at)
    }
}

impl Timeline {
    /// `start` is the simulator's, in seconds since 1970.
    pub fn new(vehicle: &SimVehicle, start: i64, seed: u64) -> Self {
        Self {
            midnight: start - schedule::START,
            seed,
            battery_kwh: vehicle.battery_kwh.max(1.0),
            target_percent: vehicle.target_percent.clamp(0.0, 100.0),
            manner: vehicle.kind.manner(),
        }
    }

    /// When the owner last changed a setting, in seconds since 1970.
    pub fn settings_changed(&self) -> i64 {
        self.midnight - (HISTORY_DAYS - 3) * DAY + 19 * 3_600 + 754
    }

    /// All segments from 60 days before the start until at least the end of the day of `time`, without gaps.
    pub fn until(&self, time: i64) -> Vec<Segment> {
        let last = (time - self.midnight).div_euclid(DAY).max(0);
        let mut life = Life {
            timeline: self,
            segments: Vec::new(),
            time: self.midnight - HISTORY_DAYS * DAY,
            soc: self.target_percent,
            odometer: FIRST_ODOMETER_KM,
            location: Location::Home,
            plugged: None,
            is_paused: false,
            plug_events: 1_000,
        };
        for day in -HISTORY_DAYS..=last {
            for step in schedule::day(self.seed, day) {
                life.stand_until(self.midnight + day * DAY + step.at);
                life.take(step.what);
            }
        }
        life.stand_until(self.midnight + (last + 1) * DAY);
        life.segments
    }

    /// Seconds to charge from one state to another.
    pub fn seconds_to_charge(&self, from: f64, to: f64, supply: Supply) -> i64 {
        let kwh = (to - from).max(0.0) / 100.0 * self.battery_kwh;
        (kwh / (supply.grid_kw() * supply.efficiency()) * 3_600.0).ceil() as i64
    }
}

/// The car while its segments are made.
struct Life<'a> {
    timeline: &'a Timeline,
    segments: Vec<Segment>,
    time: i64,
    soc: f64,
    odometer: f64,
    location: Location,
    plugged: Option<Supply>,
    is_paused: bool,
    plug_events: u32,
}

impl Life<'_> {
    fn take(&mut self, what: What) {
        match what {
            What::Plug(supply) if !self.timeline.manner.takes(supply) => {}
            What::Plug(supply) => {
                self.plugged = Some(supply);
                self.plug_events += 1;
            }
            What::Unplug => (self.plugged, self.is_paused) = (None, false),
            What::Pause => {
                let last = self.segments.last().map(|segment| segment.activity);
                self.is_paused = matches!(last, Some(Activity::Charging(_)));
            }
            What::Resume => self.is_paused = false,
            What::Drive {
                to,
                seconds,
                km,
                kwh_per_100km,
            } => {
                let used = km * kwh_per_100km / self.timeline.battery_kwh;
                let soc = (self.soc - used).max(0.0);
                self.push(self.time + seconds, Activity::Driving, soc, km, to);
            }
        }
    }

    /// Lets the time pass; a car that is plugged in charges up to its target.
    fn stand_until(&mut self, until: i64) {
        let Some(supply) = self.plugged else {
            return self.push(until, Activity::Parked, self.soc, 0.0, self.location);
        };
        if self.is_paused {
            return self.push(until, Activity::Paused(supply), self.soc, 0.0, self.location);
        }
        let target = self.timeline.target_percent;
        let last = self.segments.last().map(|segment| segment.activity);
        if last != Some(Activity::Finished(supply)) && self.soc < target {
            let ready = (self.time + INITIALIZATION).min(until);
            self.push(
                ready,
                Activity::Initializing(supply),
                self.soc,
                0.0,
                self.location,
            );
            let needed = self.timeline.seconds_to_charge(self.soc, target, supply);
            let end = (self.time + needed).min(until);
            let part = (end - self.time) as f64 / needed as f64;
            let soc = self.soc + (target - self.soc) * part;
            self.push(end, Activity::Charging(supply), soc, 0.0, self.location);
        }
        self.push(until, Activity::Finished(supply), self.soc, 0.0, self.location);
    }

    fn push(&mut self, end: i64, activity: Activity, soc: f64, km: f64, to: Location) {
        if end <= self.time {
            return;
        }
        self.segments.push(Segment {
            start: self.time,
            end,
            activity,
            soc: (self.soc, soc),
            odometer: (self.odometer, self.odometer + km),
            from: self.location,
            to,
            plug_events: self.plug_events,
        });
        self.time = end;
        self.soc = soc;
        self.odometer += km;
        self.location = to;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: i64 = 1_795_000_000;

    fn segments(vehicle: &SimVehicle) -> Vec<Segment> {
        Timeline::new(vehicle, START, 3).until(START + 90 * DAY)
    }

    #[test]
    fn a_life_has_no_gaps_and_obeys_physics() {
        let small = SimVehicle {
            battery_kwh: 27.2,
            ..SimVehicle::default()
        };
        for vehicle in [SimVehicle::default(), small] {
            let segments = segments(&vehicle);
            for pair in segments.windows(2) {
                assert_eq!(pair[0].end, pair[1].start);
                assert_eq!(pair[0].soc.1, pair[1].soc.0);
                assert_eq!(pair[0].odometer.1, pair[1].odometer.0);
                assert_eq!(pair[0].to, pair[1].from);
            }
            for segment in &segments {
                assert!((0.0..=100.0).contains(&segment.soc.1), "{segment:?}");
                let rises = segment.soc.1 > segment.soc.0;
                assert_eq!(
                    rises,
                    matches!(segment.activity, Activity::Charging(_)),
                    "{segment:?}"
                );
                let moves = segment.odometer.1 > segment.odometer.0;
                assert_eq!(moves, segment.activity == Activity::Driving, "{segment:?}");
            }
            let supplies = |supply| {
                segments
                    .iter()
                    .filter(|s| s.activity == Activity::Charging(supply))
                    .count()
            };
            assert!(supplies(Supply::Ac) > 100 && supplies(Supply::Dc) > 10);
        }
    }

    #[test]
    fn driving_and_charging_follow_soon_after_the_start() {
        let segments = segments(&SimVehicle::default());
        let next = |wanted: fn(&Segment) -> bool| {
            let segment = segments
                .iter()
                .find(|segment| segment.start >= START && wanted(segment));
            segment.map(|segment| segment.start - START).unwrap()
        };
        assert_eq!(next(|segment| segment.activity == Activity::Driving), 20 * 60);
        assert!(next(|segment| matches!(segment.activity, Activity::Charging(_))) < 2 * 3_600);
    }

    #[test]
    fn the_future_does_not_change_the_past() {
        let timeline = Timeline::new(&SimVehicle::default(), START, 3);
        let near = timeline.until(START);
        let far = timeline.until(START + 30 * DAY);
        let settled = near.iter().filter(|segment| segment.end < START).count();
        assert_eq!(near[..settled], far[..settled]);
    }
}
