//! The state of charge, and charging that only its rise tells: rule S1.

use super::Sessions;
use super::anchor::{PAUSE, PlugIn};
use super::signals::{Of, Sign};
use crate::fact::{Fact, SocKey};

/// By how many percent the charge must rise to be a charge where nothing else tells of one: plugged in, plugged in with a
/// car that tells when it charges, without plug data, and although the car said that it is not plugged in.
const RISE_PLUGGED: f64 = 1.0;
const RISE_TOLD: f64 = 3.0;
const RISE_UNKNOWN: f64 = 2.0;
const RISE_UNPLUGGED: f64 = 5.0;

impl Sessions {
    pub(super) fn soc(&mut self, fact: &Fact, percent: f64, key: SocKey) {
        let sign = Sign::new(fact, percent, Of::Soc(key));
        let counts = self.signals.counts(key, fact.at);
        self.signals.soc[key as usize] = Some(sign);
        self.signals.steps[key as usize].take(percent);
        let steps = self.signals.steps[key as usize];
        if !counts {
            return;
        }
        let preconditioning = self.signals.preconditioning;
        if let Some(open) = self.change(fact.at) {
            open.steps = steps;
            open.soc(fact.at, percent, preconditioning);
            if open.is_charging() {
                open.measure(sign);
                return;
            }
        }
        self.rise(sign);
        self.settle_soc(sign);
    }

    /// A charge that only its result tells.
    fn rise(&mut self, sign: Sign) {
        let Some(low) = self
            .signals
            .low
            .filter(|low| low.of == sign.of && low.value < sign.value)
        else {
            self.signals.low = Some(sign);
            return;
        };
        let needed = match (self.signals.plugged, self.signals.charging) {
            (Some(true), None) => RISE_PLUGGED,
            (Some(true), Some(_)) => RISE_TOLD,
            (None, _) => RISE_UNKNOWN,
            (Some(false), _) => RISE_UNPLUGGED,
        };
        if sign.value - low.value < needed || self.signals.moves(sign.at) {
            return;
        }
        let plugged = self.open.as_ref().and_then(|open| open.plugged);
        let start = plugged
            .filter(|plug| plug.at > low.at)
            .map_or(low, |plug| Sign { at: plug.at, ..low });
        self.begin(start, Some(low));
        if let Some(window) = self.change(sign.at).and_then(PlugIn::running) {
            window.loose = true;
            window.soc(sign);
        }
        self.finish(sign);
        self.signals.low = Some(sign);
    }

    /// What the charge was at the end is often told a little later.
    fn settle_soc(&mut self, sign: Sign) {
        let Some(last) = self.open.as_ref().and_then(|open| open.windows.last()) else {
            return;
        };
        let same = last
            .soc_end
            .or(last.soc_start)
            .is_none_or(|end| end.of == sign.of && sign.value >= end.value);
        if sign.at - last.end.at > PAUSE || !same {
            return;
        }
        if let Some(last) = self.change(sign.at).and_then(|open| open.windows.last_mut()) {
            last.soc_start = last.soc_start.or(Some(sign));
            last.soc_end = Some(sign);
        }
    }
}
