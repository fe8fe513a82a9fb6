//! From facts to plug-ins and their windows: rule S1.

use std::sync::Arc;

use super::MINUTE;
use super::Sessions;
use super::anchor::{ARRIVAL, PAUSE, PlugIn};
use super::signals::{DRIVE_KM, Of, Sign};
use crate::fact::{Charging, Fact, What};

/// Below this no energy flows, in kW.
const NOTHING: f64 = 0.05;
/// Unplugged and plugged in again within this is a plug that rattles.
const RATTLE: i64 = 2 * MINUTE;
const AT_ONCE: i64 = 2 * MINUTE;

impl Sessions {
    pub(super) fn observe(&mut self, fact: &Fact) {
        self.close_quiet(fact.at);
        match fact.what {
            What::Plugged(true) => self.plugged(fact),
            What::Plugged(false) => self.unplugged(fact),
            What::PlugEvent(id) => self.plug_event(fact, id),
            What::Charging(state) => self.charging(fact, state),
            What::Power(kw) => self.power(fact, kw),
            What::Voltage(volts) => self.signals.volts = Some(volts),
            What::Current(amperes) => {
                self.signals.amperes = Some(amperes);
                self.charger_power(fact);
            }
            What::CurrentType(kind) => self.current_type(Sign::new(fact, 0.0, Of::CurrentType(kind))),
            What::Phases(phases) => self.signals.phases = Some(phases),
            What::Soc(percent, key) => self.soc(fact, percent, key),
            What::Odometer(km) => self.odometer(fact, km),
            What::Moving(moving) => self.moving(fact, moving),
            What::Latitude(degrees) => {
                let paired = self.signals.latitude(degrees, fact);
                self.stands(fact, paired);
            }
            What::Longitude(degrees) => {
                let paired = self.signals.longitude(degrees, fact);
                self.stands(fact, paired);
            }
            What::Preconditioning(on) => self.preconditioning(on),
            What::MaxEnergy(kwh) => self.max_energy(Sign::new(fact, kwh, Of::MaxEnergy)),
            _ => {}
        }
        self.heard(fact);
    }

    /// What arrives within two minutes was streamed.
    fn heard(&mut self, fact: &Fact) {
        let at_once = !fact.requested && fact.received_at - fact.at <= AT_ONCE;
        if let Some(open) = self.open.as_mut().filter(|open| at_once && !open.streamed) {
            Arc::make_mut(open).streamed = true;
        }
    }

    pub(super) fn change(&mut self, at: i64) -> Option<&mut PlugIn> {
        let open = Arc::make_mut(self.open.as_mut()?);
        open.changed_at = open.changed_at.max(at);
        Some(open)
    }

    /// Whether pauses of any length belong to the open plug-in: the car tells that it is plugged in.
    pub(super) fn is_anchored(&self) -> bool {
        let plugged = self.open.as_ref().is_some_and(|open| open.plugged.is_some());
        plugged || self.signals.charging == Some(Charging::Waiting)
    }

    fn close(&mut self, at: i64, unplugged: Option<Sign>) {
        let Some(mut open) = self.open.take() else { return };
        // What rises from here on is none of it.
        self.signals.low = self.signals.standing_soc(at);
        Arc::make_mut(&mut open).close(at, unplugged);
        self.keep(open);
    }

    /// Without plug data a session is over half an hour behind its last window.
    fn close_quiet(&mut self, at: i64) {
        let Some(open) = &self.open else { return };
        let quiet = open.charged().map_or(open.began, |(_, end)| end);
        if open.is_charging() || self.is_anchored() || at - quiet < PAUSE {
            return;
        }
        self.close(at, None);
    }

    fn plugged(&mut self, fact: &Fact) {
        if fact.requested && self.signals.plug_is_stale {
            return;
        }
        let sign = Sign::new(fact, 1.0, Of::Plug);
        let free_at = self.signals.free_at();
        self.signals.plugged(fact.at);
        self.reopen(fact.at);
        if self.open.is_none() {
            self.open = Some(Arc::new(PlugIn::new(fact.at, &self.signals)));
        }
        let Some(open) = self.change(fact.at) else { return };
        if open.plugged.is_none() {
            open.earliest = free_at.unwrap_or(open.earliest).min(open.earliest);
        }
        if open.plugged.is_some() {
            open.plugged_again = Some(sign).filter(|_| !fact.requested);
        }
        open.plugged = open.plugged.or(Some(sign));
    }

    /// A plug that was told out for a moment only.
    fn reopen(&mut self, at: i64) {
        let Some(last) = self.ended.last().filter(|_| self.open.is_none()) else {
            return;
        };
        let rattled = last.unplugged.is_some_and(|out| at - out.at <= RATTLE);
        if !rattled
            || self
                .signals
                .driven_at
                .is_some_and(|driven| driven >= last.changed_at)
        {
            return;
        }
        let Some(mut last) = Arc::make_mut(&mut self.ended).pop() else {
            return;
        };
        let open = Arc::make_mut(&mut last);
        open.reopen();
        self.open = Some(last);
    }

    fn unplugged(&mut self, fact: &Fact) {
        self.signals.unplugged(fact.at);
        self.close(fact.at, Some(Sign::new(fact, 0.0, Of::Plug)));
    }

    /// Another number: what came in between was lost.
    fn plug_event(&mut self, fact: &Fact, id: f64) {
        let changed = self.signals.plug_event.replace(id).is_some_and(|old| old != id);
        let old = self
            .open
            .as_ref()
            .is_some_and(|open| fact.at - open.began > ARRIVAL);
        if !changed || !old {
            return;
        }
        self.close(fact.at, None);
        if self.signals.plugged == Some(true) {
            let mut next = PlugIn::new(fact.at, &self.signals);
            next.plugged = Some(Sign::new(fact, id, Of::PlugEvent));
            self.open = Some(Arc::new(next));
        }
    }

    fn charging(&mut self, fact: &Fact, state: Charging) {
        let sign = Sign::new(fact, 0.0, Of::Charging(state));
        self.signals.charging = Some(state);
        if state == Charging::Active {
            self.flows(sign);
            return;
        }
        self.finish(sign);
        if state == Charging::Waiting && self.open.is_none() && self.signals.plugged.is_none() {
            self.open = Some(Arc::new(PlugIn::new(fact.at, &self.signals)));
        }
        if state == Charging::Failed
            && let Some(open) = self.change(fact.at)
        {
            open.failed = Some(sign);
        }
    }

    /// Energy flows from now on.
    fn flows(&mut self, sign: Sign) {
        if self.signals.moves(sign.at) {
            return;
        }
        let soc = self.signals.standing_soc(sign.at);
        self.begin(sign, soc);
        if let Some(power) = self.signals.power.filter(|power| power.at == sign.at) {
            self.measure(power);
        }
    }

    pub(super) fn begin(&mut self, sign: Sign, soc: Option<Sign>) {
        let anchored = self.is_anchored();
        let other = self
            .open
            .as_ref()
            .is_some_and(|open| !open.takes(sign, soc, anchored));
        if other {
            self.close(sign.at, None);
        }
        if self.open.is_none() {
            self.open = Some(Arc::new(PlugIn::new(sign.at, &self.signals)));
        }
        if let Some(open) = self.change(sign.at) {
            open.began = open.began.min(sign.at);
            match open.running() {
                Some(window) if !window.is_over(sign.at) => window.sign(sign),
                Some(window) => {
                    window.finish(window.end);
                    open.begin(sign, soc);
                }
                None => open.begin(sign, soc),
            }
        }
    }

    pub(super) fn finish(&mut self, sign: Sign) {
        let running = self.open.as_ref().is_some_and(|open| open.is_charging());
        let Some(open) = self.change(sign.at).filter(|_| running) else {
            return;
        };
        open.finish(sign);
        self.signals.low = self.signals.standing_soc(sign.at);
    }

    fn power(&mut self, fact: &Fact, kw: f64) {
        let sign = Sign::new(fact, kw, Of::Power);
        if kw <= NOTHING {
            self.no_power(sign);
            return;
        }
        let running = self.open.as_ref().is_some_and(|open| open.is_charging());
        if !running && self.begins_by_power(sign) {
            self.flows(sign);
        }
        self.signals.power = Some(sign);
        self.measure(sign);
    }

    fn no_power(&mut self, sign: Sign) {
        self.finish(sign);
        if sign.value < -NOTHING
            && let Some(open) = self.change(sign.at)
        {
            open.discharging = true;
        }
    }

    /// Cars repeat the last power for hours behind the end, and behind a drive.
    fn begins_by_power(&self, sign: Sign) -> bool {
        let off = self
            .signals
            .charging
            .is_some_and(|state| state != Charging::Active);
        let repeated = self.signals.power.is_some_and(|last| last.value == sign.value);
        let drove = self.signals.driven_at > self.signals.power.map(|last| last.at);
        self.signals.plugged != Some(false) && !(repeated && (off || drove))
    }

    fn measure(&mut self, sign: Sign) {
        if let Some(open) = self.change(sign.at) {
            open.measure(sign);
        }
    }

    fn charger_power(&mut self, fact: &Fact) {
        let told =
            |window: &super::windows::Window| window.power.first.is_some_and(|sign| sign.of == Of::Power);
        let Some(open) = &self.open else { return };
        if !open.is_charging() || open.windows.iter().any(told) {
            return;
        }
        if let Some(kw) = self.signals.charger_power() {
            self.measure(Sign::new(fact, kw, Of::Current));
        }
    }

    /// Nobody drives plugged in.
    fn odometer(&mut self, fact: &Fact, km: f64) {
        let sign = Sign::new(fact, km, Of::Odometer);
        let before = self.signals.odometer.replace(sign);
        let left = self
            .open
            .as_mut()
            .is_some_and(|open| Arc::make_mut(open).is_left(sign, before));
        if before.is_none_or(|before| km > before.value) {
            self.signals.rose(fact.at, self.open.is_some() && !left);
        }
        if left {
            self.leave(sign, before);
            return;
        }
        if self.open.is_none() && before.is_some_and(|before| km - before.value >= DRIVE_KM) {
            self.signals.drove(fact.at);
        }
    }

    fn moving(&mut self, fact: &Fact, moving: bool) {
        if fact.requested {
            return;
        }
        self.signals.moving(moving, fact.at);
        if moving {
            self.leave(Sign::new(fact, 1.0, Of::Moving), None);
        }
    }

    /// `before`: what the odometer told before the drive.
    fn leave(&mut self, drive: Sign, before: Option<Sign>) {
        let next = match &mut self.open {
            Some(open) if drive.of == Of::Odometer => {
                Arc::make_mut(open).split_behind(drive, before, &self.signals)
            }
            _ => None,
        };
        self.close(drive.at, None);
        let plugged = self.signals.plugged;
        self.signals
            .drove(next.as_ref().map_or(drive.at, |next| next.began));
        if let Some(next) = next {
            self.signals.plugged = plugged.filter(|_| next.plugged.is_some());
            self.signals.plug_is_stale = false;
            self.open = Some(Arc::new(next));
        }
    }

    /// A position: of the open plug-in, or of the one before where the car has not driven since.
    fn stands(&mut self, fact: &Fact, paired: bool) {
        let Some(position) = self.signals.standing_position().filter(|_| paired) else {
            return;
        };
        if let Some(open) = &mut self.open {
            Arc::make_mut(open).position = Some(position);
            return;
        }
        let stays = |last: &Arc<PlugIn>| last.is_nowhere() && !self.signals.drove_since(last.changed_at);
        if !self.ended.last().is_some_and(stays) {
            return;
        }
        if let Some(last) = Arc::make_mut(&mut self.ended).last_mut() {
            let last = Arc::make_mut(last);
            last.left_from = Some(position);
            last.changed_at = last.changed_at.max(fact.at);
        }
    }

    fn preconditioning(&mut self, on: bool) {
        self.signals.preconditioning = on;
        if let Some(open) = &mut self.open {
            let before = open.preconditioning.unwrap_or(false);
            Arc::make_mut(open).preconditioning = Some(before || on);
        }
    }

    fn current_type(&mut self, sign: Sign) {
        if let Some(open) = self.change(sign.at) {
            open.current = Some(sign);
        }
    }

    fn max_energy(&mut self, sign: Sign) {
        self.signals.max_energy = Some(sign);
        if let Some(open) = &mut self.open {
            Arc::make_mut(open).max_energy = Some(sign);
        }
    }
}
