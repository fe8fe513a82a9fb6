//! When a stop is the end of a drive (T1).

use serde::{Deserialize, Serialize};

use super::gaps::{Cause, HOLD_MS, Sign};

/// A shorter stop is a part of the drive: a light, a gate, a pump.
const SHORT_MS: i64 = 5 * 60_000;

/// The signs of standing behind the last sign of driving.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Stop {
    pub first: Sign,
    /// Nobody gives this sign in a jam.
    pub is_strong: bool,
    door: bool,
    off: bool,
    locked: bool,
    plugged: bool,
    /// A reading behind it shows that it was one.
    pub is_shown: bool,
}

impl Stop {
    pub fn new(first: Sign, is_strong: bool) -> Self {
        let mut stop = Self {
            first,
            is_strong: false,
            door: false,
            off: false,
            locked: false,
            plugged: false,
            is_shown: false,
        };
        stop.take(first, is_strong);
        stop
    }

    /// A further sign.
    pub fn take(&mut self, sign: Sign, is_strong: bool) {
        self.is_strong |= is_strong;
        match sign.cause {
            Cause::Door(true) => self.door = true,
            Cause::Ignition(off) => self.off = !off,
            Cause::Locked(locked) => self.locked |= locked,
            Cause::Plugged(plugged) => self.plugged |= plugged,
            _ => {}
        }
        self.is_strong |= self.has_left();
    }

    /// The driver has left the car.
    fn has_left(&self) -> bool {
        self.plugged || self.is_shown || self.locked && (self.door || self.off)
    }

    /// Whether it is more than a pause when the car drives again at `at`, or does not until then.
    pub fn is_end(&self, at: i64) -> bool {
        at >= self.ends_at()
    }

    /// From when on that is so.
    pub fn ends_at(&self) -> i64 {
        match (self.has_left(), self.is_strong) {
            (true, _) => i64::MIN,
            (false, true) => self.first.at + SHORT_MS,
            (false, false) => self.first.at + HOLD_MS,
        }
    }
}
