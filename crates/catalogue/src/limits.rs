//! What a number or a time can be: beyond that it is a fault, such as a counter that ran full.

use std::fmt;

/// The least and the greatest number that a vehicle can mean, in the canonical unit, and the numbers that mean "no value",
/// as BMW sends them; a time is the seconds since the epoch. Not BMW's own ranges, beyond which true values lie.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Limits {
    pub least: f64,
    pub greatest: f64,
    pub sentinels: &'static [f64],
}

impl Limits {
    /// Any number, and none means nothing.
    pub const NONE: Self = Self::new(f64::NEG_INFINITY, f64::INFINITY, &[]);

    /// Of a moment in the life of a vehicle: from 2000 to 2100. Clocks that were never set tell the beginning of their count, or
    /// its end: of 32 bits with a sign and without.
    pub const TIME: Self = Self::new(
        946_684_800.0,
        4_102_444_800.0,
        &[-1.0, 0.0, 2_147_483_647.0, 4_294_967_295.0],
    );

    pub const fn new(least: f64, greatest: f64, sentinels: &'static [f64]) -> Self {
        Self {
            least,
            greatest,
            sentinels,
        }
    }

    pub fn allow(&self, number: f64) -> bool {
        (self.least..=self.greatest).contains(&number)
    }
}

impl fmt::Display for Limits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "from {} to {}", self.least, self.greatest)
    }
}
