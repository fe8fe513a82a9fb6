//! What the cars really did, whatever they said of it: against this a test holds what a client makes of their words.

use jiff::Timestamp;

use crate::car::Car;
use crate::car::timeline::{Activity, Segment};
use crate::control::Control;

/// A drive that is over.
#[derive(Debug, Clone, PartialEq)]
pub struct Drive {
    pub start: Timestamp,
    pub end: Timestamp,
    pub km: f64,
    /// State of charge in percent at start and end.
    pub soc: (f64, f64),
}

/// A time at the plug, with what was charged in it.
#[derive(Debug, Clone, PartialEq)]
pub struct PlugIn {
    pub start: Timestamp,
    /// `None` as long as the plug is in.
    pub end: Option<Timestamp>,
    /// In order; each is a session of BMW's.
    pub charges: Vec<Charge>,
}

/// Charging without a pause, so far.
#[derive(Debug, Clone, PartialEq)]
pub struct Charge {
    pub start: Timestamp,
    pub end: Timestamp,
    /// From the grid, and what of it reached the battery.
    pub grid_kwh: f64,
    pub battery_kwh: f64,
    /// State of charge in percent at start and end.
    pub soc: (f64, f64),
}

impl Control {
    /// The drives of a vehicle that are over, from 60 days before the simulator's start on; none of one that there is not.
    pub fn drives(&self, vin: &str) -> Vec<Drive> {
        let now = self.now().as_second();
        let segments = self.lived(vin);
        let driven = |segment: &&Segment| segment.activity == Activity::Driving && segment.end <= now;
        let drive = |segment: &Segment| Drive {
            start: second(segment.start),
            end: second(segment.end),
            km: segment.odometer.1 - segment.odometer.0,
            soc: segment.soc,
        };
        segments.iter().filter(driven).map(drive).collect()
    }

    /// The times of a vehicle at the plug, as [`drives`](Self::drives); the last may go on.
    pub fn plug_ins(&self, vin: &str) -> Vec<PlugIn> {
        let now = self.now().as_second();
        let segments = self.lived(vin);
        let plug = |segment: &Segment| segment.activity.supply().map(|_| segment.plug_events);
        let times = segments.chunk_by(|one, other| plug(one) == plug(other));
        let times = times.filter(|time| plug(&time[0]).is_some());
        times.map(|time| plug_in(time, now)).collect()
    }

    fn lived(&self, vin: &str) -> Vec<Segment> {
        let now = self.now();
        let world = self.shared.world();
        let car = world.cars.iter().find(|car| car.vehicle.vin == vin);
        car.map(|car: &Car| car.history(now)).unwrap_or_default()
    }
}

fn plug_in(time: &[Segment], now: i64) -> PlugIn {
    let charges = time.iter().filter_map(|segment| {
        let supply = segment
            .activity
            .supply()
            .filter(|_| !segment.blocks().is_empty())?;
        let end = segment.end.min(now);
        let grid_kwh = segment.grid_kwh(end);
        Some(Charge {
            start: second(segment.start),
            end: second(end),
            grid_kwh,
            battery_kwh: grid_kwh * supply.efficiency(),
            soc: (segment.soc.0, segment.soc_at(end)),
        })
    });
    let end = time[time.len() - 1].end;
    PlugIn {
        start: second(time[0].start),
        end: (end <= now).then(|| second(end)),
        charges: charges.collect(),
    }
}

fn second(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap_or(Timestamp::UNIX_EPOCH)
}
