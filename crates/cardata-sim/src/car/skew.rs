//! Longitudes that were measured some time after the latitude of the same report, as in the field.

use super::keys::Group;
use super::kind::Manner;
use super::reports::{self, last_report};
use super::schedule::fraction;
use super::timeline::Segment;

/// Seconds between the two, seen during one drive.
const LAGS: [i64; 13] = [2, 4, 8, 13, 30, 78, 80, 84, 92, 105, 116, 181, 181];
/// The longest of them.
pub(super) const LONGEST: i64 = 181;

/// How often a report of the position is torn apart.
#[derive(Debug, Clone)]
pub(super) struct Skew {
    /// The share of the reports, 0 to 1.
    pub share: f64,
    pub seed: u64,
    pub manner: &'static dyn Manner,
}

impl Skew {
    /// Seconds from a report of the position to the measurement of its longitude, which comes before the next report.
    pub fn lag(&self, segments: &[Segment], report: i64) -> i64 {
        if let Some(always) = self.manner.lag() {
            return always;
        }
        if fraction(self.seed, report, 101) >= self.share {
            return 0;
        }
        let index = segments.partition_point(|segment| segment.start <= report);
        let Some(segment) = index.checked_sub(1).and_then(|index| segments.get(index)) else {
            return 0;
        };
        let cadence = self.manner.cadence(Group::Position, segment.activity);
        let until_next = cadence.map_or(i64::MAX, |seconds| (segment.end - report).min(seconds));
        let possible = LAGS.iter().take_while(|lag| **lag < until_next).count();
        let drawn = (fraction(self.seed, report, 102) * possible as f64) as usize;
        LAGS[..possible].get(drawn).copied().unwrap_or(0)
    }

    /// The second at which the last longitude that had reached the backend at `now` was measured.
    pub fn last_longitude(&self, segments: &[Segment], now: i64) -> i64 {
        let delay = reports::delay(Group::Position);
        let report = last_report(self.manner, segments, Group::Position, now);
        let measured = report + self.lag(segments, report);
        if measured + delay <= now {
            return measured;
        }
        let before = last_report(self.manner, segments, Group::Position, report - 1 + delay);
        before + self.lag(segments, before)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::car::kind::CarKind;
    use crate::car::timeline::Timeline;
    use crate::config::SimVehicle;

    const START: i64 = 1_795_000_000;

    #[test]
    fn longitudes_lag_in_order_and_only_as_often_as_asked() {
        let segments = Timeline::new(&SimVehicle::default(), START, 3).until(START + 8 * 86_400);
        let manner = CarKind::I4.manner();
        let reports = reports::between(manner, &segments, Group::Position, START, START + 8 * 86_400);
        let skew = Skew {
            share: 0.4,
            seed: 3,
            manner,
        };
        let lags: Vec<i64> = reports.iter().map(|at| skew.lag(&segments, *at)).collect();
        let torn = lags.iter().filter(|lag| **lag > 0).count() as f64 / lags.len() as f64;
        assert!((0.3..0.5).contains(&torn), "{torn}");
        assert!(lags.iter().all(|lag| *lag == 0 || LAGS.contains(lag)));
        let measured: Vec<i64> = reports.iter().zip(&lags).map(|(at, lag)| at + lag).collect();
        assert!(measured.is_sorted_by(|a, b| a < b));
        let mut last = i64::MIN;
        for now in (START..START + 3 * 86_400).step_by(61) {
            let told = skew.last_longitude(&segments, now);
            assert!(told < now && told >= last, "{told} at {now}");
            last = told;
        }
        let never = Skew {
            share: 0.0,
            seed: 3,
            manner,
        };
        assert!(reports.iter().all(|at| never.lag(&segments, *at) == 0));
    }
}
