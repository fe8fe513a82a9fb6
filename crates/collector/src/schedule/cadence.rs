//! Intervals between polls: what the pipeline file asks for, held against what the quota allows.

use jiff::SignedDuration;

use crate::config::Every;

const DAY_SECONDS: f64 = 86_400.0;

/// The first wait after a failure, doubled with each further one, where calls can be spared for it.
const FIRST_RETRY: SignedDuration = SignedDuration::from_mins(5);

/// What one source wants for each vehicle.
#[derive(Debug, Clone, Copy)]
pub struct Demand {
    pub every: Every,
    /// Calls that one poll costs.
    pub calls: u32,
    /// How many vehicles it polls.
    pub vehicles: usize,
}

/// How often each source polls each vehicle.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// By source, in the order of the demands.
    pub every: Vec<SignedDuration>,
    /// The fixed intervals need more calls than there are and were stretched.
    pub stretched: bool,
    /// Calls of a whole day that no poll needs.
    pub spare: u32,
}

impl Demand {
    /// Calls to poll each of its vehicles once.
    fn calls_a_round(&self) -> f64 {
        f64::from(self.calls) * self.vehicles as f64
    }
}

impl Plan {
    /// Shares `limit` calls a day: fixed intervals get what they ask for as far as it goes, `auto` shares the
    /// rest equally among its vehicles.
    pub fn new(demands: &[Demand], limit: u32) -> Self {
        let limit = f64::from(limit.max(1));
        let a_day = |demand: &Demand| match demand.every {
            Every::Fixed(every) => DAY_SECONDS / every.as_secs_f64().max(0.001) * demand.calls_a_round(),
            Every::Auto => 0.0,
        };
        let fixed: f64 = demands.iter().map(a_day).sum();
        let stretch = (fixed / limit).max(1.0);
        let auto: f64 = demands
            .iter()
            .filter(|demand| matches!(demand.every, Every::Auto))
            .map(Demand::calls_a_round)
            .sum();
        // Even beside greedy fixed intervals every vehicle is looked at once a day.
        let share = (limit - fixed).max(auto);
        let every = demands.iter().map(|demand| match demand.every {
            Every::Fixed(every) => SignedDuration::from_secs_f64(every.as_secs_f64() * stretch),
            Every::Auto => {
                SignedDuration::from_secs_f64((DAY_SECONDS * auto.max(1.0) / share.max(1.0)).max(1.0))
            }
        });
        let every = every.collect();
        let spare = if auto > 0.0 {
            0
        } else {
            (limit - fixed).max(0.0) as u32
        };
        Self {
            every,
            stretched: fixed > limit * 1.000_001,
            spare,
        }
    }
}

/// How long to wait after this many failures in a row: sooner than the regular interval where calls can be
/// spared, else as if it had succeeded.
pub fn after_failures(failures: u32, every: SignedDuration, spare: u32) -> SignedDuration {
    if failures == 0 || spare == 0 {
        return every;
    }
    let doubled =
        FIRST_RETRY.as_secs_f64() * 2_f64.powi(i32::try_from(failures - 1).unwrap_or(i32::MAX).min(30));
    SignedDuration::from_secs_f64(doubled.min(every.as_secs_f64()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::time::Duration;

    fn fixed(minutes: u64, vehicles: usize) -> Demand {
        Demand {
            every: Every::Fixed(Duration::from_secs(minutes * 60)),
            calls: 1,
            vehicles,
        }
    }

    fn auto(vehicles: usize) -> Demand {
        Demand {
            every: Every::Auto,
            calls: 1,
            vehicles,
        }
    }

    #[test]
    fn one_vehicle_on_auto_is_polled_every_half_hour() {
        assert_eq!(Plan::new(&[auto(1)], 48).every, [SignedDuration::from_mins(30)]);
        assert_eq!(Plan::new(&[auto(4)], 48).every, [SignedDuration::from_hours(2)]);
    }

    #[test]
    fn auto_takes_what_fixed_leaves() {
        let plan = Plan::new(&[fixed(60, 1), auto(1)], 48);
        assert_eq!(
            plan.every,
            [SignedDuration::from_hours(1), SignedDuration::from_hours(1)]
        );
    }

    #[test]
    fn too_many_vehicles_stretch_fixed_intervals() {
        let plan = Plan::new(&[fixed(30, 2)], 48);
        assert!(plan.stretched);
        assert_eq!(plan.every, [SignedDuration::from_hours(1)]);
        assert!(!Plan::new(&[fixed(30, 1)], 48).stretched);
    }

    #[test]
    fn a_retry_is_soon_only_where_calls_can_be_spared() {
        let every = SignedDuration::from_hours(2);
        assert_eq!(after_failures(1, every, 3), SignedDuration::from_mins(5));
        assert_eq!(after_failures(3, every, 3), SignedDuration::from_mins(20));
        assert_eq!(after_failures(99, every, 3), every);
        assert_eq!(after_failures(1, every, 0), every);
    }

    proptest! {
        #[test]
        fn a_plan_never_needs_more_than_the_limit(
            minutes in prop::collection::vec(prop::option::of(1_u64..3_000), 1..4),
            vehicles in 1_usize..6,
            limit in 24_u32..200,
        ) {
            let demands: Vec<_> = minutes.iter().map(|m| m.map_or(auto(vehicles), |m| fixed(m, vehicles))).collect();
            let plan = Plan::new(&demands, limit);
            let a_day: f64 = plan.every.iter().map(|every| 86_400.0 / every.as_secs_f64() * vehicles as f64).sum();
            let once_a_day = demands.len() * vehicles;
            prop_assert!(a_day <= f64::from(limit) + once_a_day as f64 + 0.01, "{a_day} of {limit}");
        }
    }
}
