//! How much of a charge went in below the top, where the charge says little of the energy: rule B1.

use serde::{Deserialize, Serialize};

use super::sample::{FULL, LIKELY_SHARE};

/// The highest charge that says something, in percent: rule B2 leaves out what ends above it.
const HIGHEST: f64 = FULL - 1.0;
/// Power between two that are further apart is not known, in milliseconds.
const SILENCE: i64 = 600_000;

/// Of a stretch of charging. A car shows a charge from half a step below it until half a step above it: when half of what
/// goes in meanwhile was in, it was so, whatever the car does with halves. Times in milliseconds since the epoch.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Below {
    /// What power says, since it was first told; nothing before and behind a silence.
    flow: Option<Flow>,
    /// The charge as it is shown, the energy when it was first, and whether it had risen to it by a step.
    shown: Option<(f64, f64, bool)>,
    /// The highest charge that was left by a step, in percent, and the energy in the middle of it.
    left: Option<(f64, f64)>,
}

/// Energy by power, in kW and kWh.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
struct Flow {
    told_at: i64,
    at: i64,
    kw: f64,
    kwh: f64,
}

impl Below {
    /// A charge while energy flows, and its steps, in percent.
    pub fn soc(&mut self, at: i64, percent: f64, step: f64) {
        self.power(at, None);
        let Some(kwh) = self.flow.map(|flow| flow.kwh) else {
            return;
        };
        let Some((shown, since, rose)) = self.shown else {
            self.shown = Some((percent, kwh, false));
            return;
        };
        if percent == shown {
            return;
        }
        let is_step = (percent - shown - step).abs() < 1e-6;
        if is_step && rose && shown <= HIGHEST {
            self.left = Some((shown, f64::midpoint(since, kwh)));
        }
        self.left.take_if(|_| percent < shown);
        self.shown = Some((percent, kwh, is_step));
    }

    /// A power in kW, or a moment until which the last one lasts.
    pub fn power(&mut self, at: i64, told: Option<f64>) {
        let Some(flow) = self.flow.filter(|flow| at - flow.told_at <= SILENCE) else {
            let flow = told.map(|kw| Flow {
                told_at: at,
                at,
                kw,
                kwh: 0.0,
            });
            *self = Self {
                flow,
                ..Self::default()
            };
            return;
        };
        let kw = told.unwrap_or(flow.kw);
        let hours = (at - flow.at) as f64 / 3_600_000.0;
        self.flow = Some(Flow {
            told_at: told.map_or(flow.told_at, |_| at),
            at,
            kw,
            kwh: flow.kwh + f64::midpoint(kw, flow.kw) * hours,
        });
    }

    /// Up to which charge below the top, in percent, the battery took how many kWh, at least and at most, of all that it
    /// took.
    pub fn of(&self, all: f64) -> Option<(f64, (f64, f64))> {
        let (percent, middle) = self.left?;
        let rest = self.flow?.kwh - middle;
        Some((
            percent,
            (all - LIKELY_SHARE.end() * rest, all - LIKELY_SHARE.start() * rest),
        ))
    }
}
