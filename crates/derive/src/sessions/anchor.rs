//! A plug-in: what charging windows belong together by. Rule S1.

use serde::{Deserialize, Serialize};

use super::MINUTE;
use super::signals::{DRIVE_KM, Of, Position, Sign, Signals};
use super::windows::{Window, hours};
use crate::steps::Steps;
use battery::Below;

/// Without plug data: how long a pause may be, and how far the charge may fall in it, in percent.
pub const PAUSE: i64 = 30 * MINUTE;
const PAUSE_FALL: f64 = 1.0;
/// A car tells its odometer late: what it says so soon after plugging in was driven before.
pub const ARRIVAL: i64 = 15 * MINUTE;
/// The last of the way is often lost: so much, in km, may be missing of it when the odometer is told again.
const ARRIVAL_KM: f64 = 5.0;
/// Falls of the charge below this are no energy given back, in percent.
const RETURNED: f64 = 3.0;
/// What falls more slowly than this is what a car uses while it stands, in percent an hour.
const STANDING: f64 = 0.25;
/// Less than this is no charging.
const NO_WINDOW: i64 = MINUTE / 2;
/// Of what ended days ago so many windows are kept.
const FEW_WINDOWS: usize = 3;
/// More windows than these become one: a week of sun, every few minutes.
const MOST_WINDOWS: usize = 400;

/// One plug-in, from the plug or from the charging itself.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct PlugIn {
    pub plugged: Option<Sign>,
    /// The newest word that it is plugged in.
    pub plugged_again: Option<Sign>,
    pub unplugged: Option<Sign>,
    pub ended: bool,
    /// When it was known to be over.
    closed_at: i64,
    pub windows: Vec<Window>,
    /// Of the last one.
    #[serde(default)]
    pub below: Below,
    odometer: Option<Sign>,
    /// What it said before that, where it told less of the way.
    arrived: Option<Sign>,
    /// Where the car said that it stands.
    pub position: Option<Position>,
    /// What it said first behind the end, where it told none before and its odometer had not moved.
    pub left_from: Option<Position>,
    pub max_energy: Option<Sign>,
    pub failed: Option<Sign>,
    /// For which current the plug is.
    pub current: Option<Sign>,
    pub preconditioning: Option<bool>,
    pub discharging: bool,
    /// Something of it came while it was so, and not only by a poll.
    pub streamed: bool,
    /// In which steps the car shows the charge, as far as was known by then.
    #[serde(default)]
    pub steps: Steps,
    /// Falls of the charge that are over, in percent, and how many; the one that may go on, from and to.
    fallen: f64,
    falls: u32,
    fall: Option<Fall>,
    /// Those of them that were charged again.
    pub refilled: (f64, u32),
    /// When the last fact changed it.
    pub changed_at: i64,
    /// When the first fact of it was, for what comes soon after it.
    pub began: i64,
    /// It was plugged in no earlier: a car that is rarely heard may tell of it hours later.
    pub earliest: i64,
}

/// The charge falls: from where, to where, in percent, and when that was last told.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
struct Fall {
    top: f64,
    dip: f64,
    at: i64,
}

impl PlugIn {
    pub fn new(at: i64, signals: &Signals) -> Self {
        Self {
            began: at,
            earliest: at,
            changed_at: at,
            position: signals.standing_position(),
            max_energy: signals.max_energy,
            preconditioning: signals.preconditioning.then_some(true),
            ..Self::default()
        }
    }

    /// The first and the last moment of charging.
    pub fn charged(&self) -> Option<(i64, i64)> {
        Some((self.windows.first()?.start.at, self.windows.last()?.end.at))
    }

    /// The first and the last moment of it: with plug data, until it was over.
    pub fn span(&self) -> (i64, i64) {
        let (start, end) = self.charged().unwrap_or((self.began, self.began));
        let over = if self.plugged.is_some() {
            self.closed_at
        } else {
            end
        };
        (start.min(self.began), end.max(over))
    }

    /// Charging that BMW lists from here on may be of it.
    pub fn earliest(&self) -> i64 {
        self.span().0.min(self.earliest)
    }

    pub fn running(&mut self) -> Option<&mut Window> {
        self.windows.last_mut().filter(|window| window.runs)
    }

    pub fn is_charging(&self) -> bool {
        self.windows.last().is_some_and(|window| window.runs)
    }

    /// Whether charging that begins now belongs to it.
    pub fn takes(&self, start: Sign, soc: Option<Sign>, anchored: bool) -> bool {
        let Some(last) = self.windows.last() else {
            return true;
        };
        if anchored || last.runs {
            return true;
        }
        let fell = soc.zip(last.soc_end).is_some_and(|(now, then)| {
            now.of == then.of && now.at > then.at && then.value - now.value > PAUSE_FALL
        });
        start.at - last.end.at < PAUSE && !fell
    }

    pub fn begin(&mut self, start: Sign, soc: Option<Sign>) {
        self.below = Below::default();
        if let Some(last) = self.windows.last_mut()
            && last.resume(start)
        {
            return;
        }
        if self.windows.len() >= MOST_WINDOWS {
            self.join_closest();
        }
        if !self.windows.is_empty() {
            self.refilled = self.fallen();
        }
        self.windows.push(Window::begun(start, soc));
    }

    /// The end of a window. One in which nothing can have happened is none.
    pub fn finish(&mut self, end: Sign) {
        let Some(window) = self.running() else { return };
        window.finish(end);
        let end = window.end.at;
        if window.charging() < NO_WINDOW || window.is_idle() {
            self.windows.pop();
        }
        self.below.power(end, None);
    }

    /// Of a charge or a power while energy flows.
    pub fn measure(&mut self, sign: Sign) {
        let step = self.steps.size();
        let Some(window) = self.windows.last_mut().filter(|window| window.runs) else {
            return;
        };
        if let Of::Soc(_) = sign.of {
            self.below.soc(sign.at, sign.value, step);
            window.soc(sign);
        } else {
            self.below.power(sign.at, Some(sign.value));
            window.power(sign);
        }
    }

    /// Whether [`Self::compact`] makes it smaller.
    pub fn is_long(&self) -> bool {
        self.windows.len() > FEW_WINDOWS
    }

    /// Keeps what is needed when BMW lists it late.
    pub fn compact(&mut self) {
        while self.is_long() {
            self.join_closest();
        }
    }

    /// Two neighbours with the shortest pause between them become one.
    fn join_closest(&mut self) {
        let pauses = self.windows.windows(2).map(|two| two[1].start.at - two[0].end.at);
        let Some((at, _)) = pauses.enumerate().min_by_key(|(_, pause)| *pause) else {
            return;
        };
        let later = self.windows.remove(at + 1);
        let first = &mut self.windows[at];
        first.paused += (later.start.at - first.end.at).max(0) + later.paused;
        first.end = later.end;
        first.loose |= later.loose;
        first.soc_start = first.soc_start.or(later.soc_start);
        first.soc_end = later.soc_end.or(first.soc_end);
        first.power.low += later.power.low;
        first.power.high += later.power.high;
        first.power.first = first.power.first.or(later.power.first);
        if let Some(peak) = later.power.peak
            && first.power.peak.is_none_or(|own| peak.value > own.value)
        {
            first.power.peak = Some(peak);
        }
    }

    /// Unplugged, driven off, or nothing for long. The last window ends with the last sign that energy flowed, or with
    /// the plug where that came soon after it.
    pub fn close(&mut self, at: i64, unplugged: Option<Sign>) {
        if let Some(window) = self.running() {
            let end = unplugged.filter(|sign| sign.at - window.end.at <= PAUSE);
            let end = end.unwrap_or(window.end);
            self.finish(end);
        }
        self.unplugged = unplugged;
        self.ended = true;
        self.closed_at = at;
        self.changed_at = self.changed_at.max(at);
    }

    pub fn reopen(&mut self) {
        self.ended = false;
        self.unplugged = None;
        self.closed_at = 0;
    }

    /// Where an odometer says that the car drove on: whether it did while this was open. What the car says of the way to
    /// the plug is no drive with it.
    pub fn is_left(&mut self, odometer: Sign, before: Option<Sign>) -> bool {
        let least = if self.odometer.is_some() {
            DRIVE_KM
        } else {
            ARRIVAL_KM
        };
        let known = self.odometer.or(before);
        let drove = known.is_some_and(|known| odometer.value - known.value >= least);
        if drove && odometer.at - self.began > ARRIVAL {
            return true;
        }
        if self.odometer.is_none() {
            self.arrived = before.filter(|_| drove_at_all(before, odometer));
        }
        if self.odometer.is_none_or(|own| own.value != odometer.value) {
            self.odometer = Some(odometer);
        }
        false
    }

    /// Where it stood: what is told first behind the last window may be of the next drive already.
    pub fn odometer(&self) -> Option<Sign> {
        let end = self.charged().map_or(self.began, |(_, end)| end);
        let late = self.odometer.is_some_and(|own| own.at > end);
        self.arrived.filter(|_| late).or(self.odometer)
    }

    /// Whether what BMW says in km can be where it stood.
    pub fn stood_at(&self, km: f64, slack: f64) -> bool {
        let Some(own) = self.odometer else { return true };
        let from = self.arrived.unwrap_or(own);
        (from.value - slack..=own.value + slack).contains(&km)
    }

    /// What was plugged in anew shortly before a drive was told: unplugging was lost, and what followed the drive is
    /// another plug-in. What the car said while its odometer was as before is of the place before.
    pub fn split_behind(&mut self, drive: Sign, before: Option<Sign>, signals: &Signals) -> Option<Self> {
        let stood = before.map_or(self.began, |before| before.at.max(self.began));
        let recent = |at: i64| at > stood && drive.at - at <= ARRIVAL;
        let plug = self.plugged_again.filter(|sign| recent(sign.at));
        let window = self
            .windows
            .last()
            .filter(|window| window.runs && recent(window.start.at));
        let from = match (plug, window) {
            (Some(plug), Some(window)) => plug.at.min(window.start.at),
            (Some(plug), None) => plug.at,
            (None, Some(window)) => window.start.at,
            (None, None) => return None,
        };
        let cut = self.windows.partition_point(|window| window.start.at < from);
        if self
            .windows
            .get(cut.wrapping_sub(1))
            .is_some_and(|before| before.end.at > from)
        {
            return None;
        }
        let mut next = Self::new(from, signals);
        next.windows = self.windows.split_off(cut);
        next.plugged = plug;
        next.odometer = Some(drive);
        next.changed_at = drive.at;
        Some(next)
    }

    /// A state of charge while plugged in: falls of three percent and more are energy given back.
    pub fn soc(&mut self, at: i64, value: f64, preconditioning: bool) {
        let anew = Fall {
            top: value,
            dip: value,
            at,
        };
        let Some(fall) = self.fall.filter(|_| !preconditioning) else {
            self.fall = Some(anew);
            return;
        };
        let fell = fall.dip - value;
        let slowly = fell > 0.0 && fell < STANDING * hours(at - fall.at);
        if slowly || value > fall.dip + 1.0 || value > fall.top {
            self.settle();
            self.fall = Some(anew);
            return;
        }
        self.fall = Some(Fall {
            dip: fall.dip.min(value),
            at,
            ..fall
        });
    }

    fn settle(&mut self) {
        (self.fallen, self.falls) = self.fallen();
    }

    /// Whether no position of it is known yet.
    pub fn is_nowhere(&self) -> bool {
        self.position.is_none() && self.left_from.is_none()
    }

    /// In percent, and in how many falls: what the battery gave back while the car was plugged in.
    pub fn fallen(&self) -> (f64, u32) {
        match self.fall.map(|fall| fall.top - fall.dip) {
            Some(percent) if percent >= RETURNED => (self.fallen + percent, self.falls + 1),
            _ => (self.fallen, self.falls),
        }
    }

    /// Whether it is worth telling: it charged, or was plugged in for two minutes and more until it was unplugged. A
    /// plug without both is one that a car repeated.
    pub fn counts(&self) -> bool {
        let held = self.plugged.zip(self.unplugged);
        let held = held.is_some_and(|(plugged, out)| out.at - plugged.at >= 2 * MINUTE);
        !self.windows.is_empty() || held
    }

    /// The first and the last one while it charged, by the key that told the first.
    pub fn state_of_charge(&self) -> (Option<Sign>, Option<Sign>) {
        let first = self.windows.iter().find_map(|window| window.soc_start);
        let same = |sign: &Sign| first.is_none_or(|first| first.of == sign.of);
        let ends = self.windows.iter().rev().filter_map(|window| window.soc_end);
        (
            first,
            ends.filter(|sign| matches!(sign.of, Of::Soc(_))).find(same),
        )
    }
}

fn drove_at_all(before: Option<Sign>, now: Sign) -> bool {
    before.is_some_and(|before| now.value - before.value >= DRIVE_KM)
}
