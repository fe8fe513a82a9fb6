//! In which steps a car shows its charge, learnt from what it shows.

use serde::{Deserialize, Serialize};

/// Coarser steps than a percent are believed behind so many changes that all fit.
const SURE: u8 = 16;
/// In tenths of a percent: what cars show of which little is known.
const PERCENT: u16 = 10;

/// What all that was shown are multiples of, in tenths of a percent; 0 before anything was.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Steps {
    tenths: u16,
    last: u16,
    changes: u8,
}

impl Steps {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "at most 1,000 tenths"
    )]
    pub fn take(&mut self, percent: f64) {
        let shown = percent.clamp(0.0, 100.0) * 10.0;
        let tenths = shown.round() as u16;
        let fits = (shown - f64::from(tenths)).abs() < 1e-6;
        self.tenths = common(self.tenths, if fits { tenths } else { 1 });
        if tenths != self.last {
            (self.last, self.changes) = (tenths, self.changes.saturating_add(1));
        }
    }

    /// In percent.
    pub fn size(self) -> f64 {
        let is_known = (1..=PERCENT).contains(&self.tenths) || self.changes >= SURE;
        f64::from(if is_known { self.tenths } else { PERCENT }) / f64::from(PERCENT)
    }

    /// How far the true charge may be from what is shown, in percent.
    pub fn half(self) -> f64 {
        self.size() / 2.0
    }
}

/// The greatest common divisor.
fn common(a: u16, b: u16) -> u16 {
    if b == 0 { a } else { common(b, a % b) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_is_what_all_that_was_shown_fits() {
        let of = |shown: &[f64]| {
            let mut steps = Steps::default();
            shown.iter().for_each(|percent| steps.take(*percent));
            steps.size()
        };
        let even: Vec<f64> = (0..40).map(|half| f64::from(half) * 2.0).collect();
        let table: [(&[f64], f64); 8] = [
            (&[], 1.0),
            (&[80.0, 60.0, 40.0], 1.0),
            (&[80.0, 79.5], 0.5),
            (&[80.0, 79.6, 79.2, 78.0], 0.4),
            (&[80.1, 64.3], 0.1),
            (&[80.043], 0.1),
            (&even, 2.0),
            (&[0.0, 0.0], 1.0),
        ];
        for (shown, right) in table {
            assert_eq!(of(shown), right, "{shown:?}");
        }
    }
}
