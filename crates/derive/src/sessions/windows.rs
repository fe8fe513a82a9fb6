//! Windows of charging inside a plug-in, and the energy that their power says: rules S1 and S3.

use serde::{Deserialize, Serialize};

use super::anchor::PAUSE;
use super::signals::Sign;
use super::{HOUR, MINUTE};

/// Pauses up to this are part of a window.
const FLICKER: i64 = 2 * MINUTE;
/// The time between two powers at which a car is taken to tell it before it was heard, and the bounds of what is learnt.
const CADENCE: i64 = 5 * MINUTE;
const CADENCE_BOUNDS: (i64, i64) = (10_000, 15 * MINUTE);

/// A stretch of charging. Times in milliseconds since the epoch.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Window {
    pub start: Sign,
    /// What ended it; while it runs, the last sign that energy flows.
    pub end: Sign,
    pub runs: bool,
    /// How many signs there were.
    signs: u32,
    /// Pauses that were too short to be one.
    pub paused: i64,
    /// Known from a rise of the charge alone: it may have begun later and ended earlier.
    pub loose: bool,
    pub soc_start: Option<Sign>,
    pub soc_end: Option<Sign>,
    pub power: Integral,
}

/// Energy from power: the trapezoid. A silence of more than twice the cadence gives what it can have been, from nothing to
/// the higher of the powers around it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Integral {
    last: Option<(i64, f64)>,
    /// When energy began to flow, before its power was told.
    began: Option<i64>,
    pub first: Option<Sign>,
    pub peak: Option<Sign>,
    /// In kWh.
    pub low: f64,
    pub high: f64,
    cadence: i64,
}

impl Default for Integral {
    fn default() -> Self {
        Self {
            last: None,
            began: None,
            first: None,
            peak: None,
            low: 0.0,
            high: 0.0,
            cadence: CADENCE,
        }
    }
}

impl Integral {
    /// Takes in a power in kW: what is told first was so from the beginning.
    fn add(&mut self, sign: Sign) {
        if let Some(began) = self.began.take() {
            self.last = Some((began, sign.value));
        }
        self.reach(sign.at, sign.value);
        self.learn(sign.at);
        self.last = Some((sign.at, sign.value));
        self.first = self.first.or(Some(sign));
        if self.peak.is_none_or(|peak| sign.value > peak.value) {
            self.peak = Some(sign);
        }
    }

    /// The end of the window: the last power lasted until then, or there was a silence.
    fn end(&mut self, at: i64) {
        if let Some((_, power)) = self.last {
            self.reach(at, power);
        }
        self.last = None;
    }

    fn reach(&mut self, at: i64, power: f64) {
        let Some((since, before)) = self.last else { return };
        let hours = hours(at - since);
        if at - since > 2 * self.cadence {
            self.high += hours * power.max(before);
            return;
        }
        let energy = hours * f64::midpoint(power, before);
        self.low += energy;
        self.high += energy;
    }

    fn learn(&mut self, at: i64) {
        let Some((since, _)) = self.last else { return };
        let gap = at - since;
        if gap <= 0 || gap > 2 * self.cadence {
            return;
        }
        let (least, most) = CADENCE_BOUNDS;
        self.cadence = ((3 * self.cadence + gap) / 4).clamp(least, most);
    }

    /// In kWh: the middle of what it can have been; `None` where no power was told.
    pub fn kwh(&self) -> Option<f64> {
        self.first.map(|_| f64::midpoint(self.low, self.high))
    }
}

impl Window {
    pub fn begun(start: Sign, soc: Option<Sign>) -> Self {
        Self {
            start,
            end: start,
            runs: true,
            signs: 0,
            paused: 0,
            loose: false,
            soc_start: soc,
            soc_end: None,
            power: Integral {
                began: Some(start.at),
                ..Integral::default()
            },
        }
    }

    /// Goes on where the pause was but a flicker, or the window ended with the sign that this one begins with.
    pub fn resume(&mut self, start: Sign) -> bool {
        let pause = start.at - self.end.at;
        if self.runs || pause > FLICKER {
            return self.runs;
        }
        self.paused += pause.max(0);
        self.runs = true;
        self.power.began = Some(start.at);
        true
    }

    /// It ends with the sign that says so, or with the last sign of energy where that is long ago.
    pub fn finish(&mut self, end: Sign) {
        if end.at > self.end.at && !self.is_over(end.at) {
            self.end = end;
        }
        self.power.end(self.end.at);
        self.runs = false;
    }

    /// Whether it has been silent for so long that its end was lost: half an hour and three times the usual time between
    /// its signs.
    pub fn is_over(&self, at: i64) -> bool {
        let usual = (self.end.at - self.start.at) / i64::from(self.signs.max(1));
        self.signs >= 3 && at - self.end.at > PAUSE.max(3 * usual)
    }

    /// Whether it was said to charge for more than half an hour, and neither power nor charge showed it.
    pub fn is_idle(&self) -> bool {
        let late = self.soc_end.is_some_and(|sign| sign.at - self.start.at > PAUSE);
        self.signs == 0 && late && self.rise().is_some_and(|rise| rise <= 0.0)
    }

    /// Energy flows at this time.
    pub fn sign(&mut self, sign: Sign) {
        if sign.at > self.end.at {
            self.end = sign;
            self.signs += 1;
        }
    }

    pub fn power(&mut self, sign: Sign) {
        self.power.add(sign);
        self.sign(sign);
    }

    /// A state of charge while it runs; a rise shows that energy flows. Behind a long silence it does not where it rose far
    /// less than before.
    pub fn soc(&mut self, sign: Sign) {
        let before = self.soc_end.or(self.soc_start);
        let rise = before.map_or(0.0, |before| sign.value - before.value);
        if rise > 0.0 && !(self.is_over(sign.at) && self.slowed(sign.at, rise)) {
            self.sign(sign);
        }
        if self.soc_start.is_none() {
            self.soc_start = Some(sign);
        }
        self.soc_end = Some(sign);
    }

    fn slowed(&self, at: i64, rise: f64) -> bool {
        let pace = self.rise().unwrap_or(0.0) / hours(self.charging().max(1));
        rise / hours(at - self.end.at) < pace / 4.0
    }

    /// In milliseconds.
    pub fn charging(&self) -> i64 {
        (self.end.at - self.start.at - self.paused).max(0)
    }

    /// In percent; `None` where the car told too little.
    pub fn rise(&self) -> Option<f64> {
        Some((self.soc_end?.value - self.soc_start?.value).max(0.0))
    }
}

#[expect(clippy::cast_precision_loss, reason = "milliseconds of a session are exact")]
pub fn hours(ms: i64) -> f64 {
    ms as f64 / HOUR as f64
}
