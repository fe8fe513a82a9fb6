//! What flows from the grid during a charge: evenly, or in steps, as where a charger follows the sun.

use super::timeline::{Activity, Segment, Supply};

const DAY: i64 = 86_400;
/// Seconds for which the sun lasts, and for which a cloud does.
const STEP: i64 = 600;
/// By how much of the mean the power of a step is above it or below it.
const SWING: f64 = 0.4;

/// A stretch of a charge with one power.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Block {
    pub start: i64,
    pub end: i64,
    /// From the grid.
    pub kw: f64,
}

impl Block {
    pub fn kwh_until(&self, at: i64) -> f64 {
        self.kw * (at.clamp(self.start, self.end) - self.start) as f64 / 3_600.0
    }
}

impl Segment {
    /// The blocks of a charge; none of what is no charge. Every second day has a sun, whose steps come in pairs: what is
    /// charged in the end is the same.
    pub fn blocks(&self) -> Vec<Block> {
        let Activity::Charging(supply) = self.activity else {
            return Vec::new();
        };
        let length = self.end - self.start;
        let is_sunny = supply == Supply::Ac && self.start.div_euclid(DAY) % 2 == 0;
        let steps = match is_sunny {
            true => 2 * (length / (2 * STEP)).max(1),
            false => 1,
        };
        let border = |step: i64| self.start + length * step / steps;
        let block = |step: i64| Block {
            start: border(step),
            end: border(step + 1),
            kw: match (is_sunny, step % 2) {
                (false, _) => supply.grid_kw(),
                (true, 0) => supply.grid_kw() * (1.0 - SWING),
                (true, _) => supply.grid_kw() * (1.0 + SWING),
            },
        };
        (0..steps).map(block).collect()
    }

    /// Energy from the grid until a second of the charge.
    pub fn grid_kwh(&self, until: i64) -> f64 {
        self.blocks().iter().map(|block| block.kwh_until(until)).sum()
    }

    /// Power from the grid at a second; none where nothing is charged.
    pub fn grid_kw(&self, at: i64) -> Option<f64> {
        let blocks = self.blocks();
        let now = blocks.iter().rfind(|block| block.start <= at).or(blocks.first());
        now.map(|block| block.kw)
    }

    /// How much of what the segment brings has come, 0 to 1.
    pub fn share(&self, at: i64) -> f64 {
        let whole = self.grid_kwh(self.end);
        match whole > 0.0 {
            true => self.grid_kwh(at) / whole,
            false => self.fraction(at),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::car::timeline::Timeline;
    use crate::config::SimVehicle;

    #[test]
    fn steps_bring_what_an_even_charge_would() {
        let start = 1_795_000_000;
        let segments = Timeline::new(&SimVehicle::default(), start, 3).until(start);
        let charges = segments.iter().filter(|segment| !segment.blocks().is_empty());
        let (mut even, mut stepped) = (0, 0);
        for charge in charges {
            let blocks = charge.blocks();
            match blocks.len() {
                1 => even += 1,
                _ => stepped += 1,
            }
            assert_eq!(
                (blocks[0].start, blocks[blocks.len() - 1].end),
                (charge.start, charge.end)
            );
            assert!(blocks.windows(2).all(|pair| pair[0].end == pair[1].start));
            let supply = charge.activity.supply().unwrap();
            let mean = charge.grid_kwh(charge.end) * 3_600.0 / (charge.end - charge.start) as f64;
            assert!((mean - supply.grid_kw()).abs() < 0.05, "{mean} of {charge:?}");
            assert_eq!(charge.share(charge.end), 1.0);
            assert_eq!(charge.soc_at(charge.end), charge.soc.1);
        }
        assert!(even > 10 && stepped > 10, "{even} {stepped}");
    }
}
