//! What a number can be: beyond that it is a fault, such as a counter that ran full.

use std::fmt;

/// The least and the greatest number that a vehicle can mean, in the canonical unit, and the numbers that mean "no value",
/// as BMW sends them. Not BMW's own ranges, beyond which true values lie.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Limits {
    pub least: f64,
    pub greatest: f64,
    pub sentinels: &'static [f64],
}

impl Limits {
    /// Any number, and none means nothing.
    pub const NONE: Self = Self::new(f64::NEG_INFINITY, f64::INFINITY, &[]);

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
