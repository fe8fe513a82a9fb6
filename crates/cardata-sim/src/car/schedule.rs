//! What a day brings: five days to work and back, a trip to the lake, a day of rest.

use super::timeline::{Location, Supply};

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;

/// One thing that the driver does, in seconds of the day on the driver's clock.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Step {
    pub at: i64,
    pub what: What,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum What {
    Drive {
        to: Location,
        seconds: i64,
        km: f64,
        kwh_per_100km: f64,
    },
    Plug(Supply),
    Unplug,
    /// The charger stops for a while, and goes on.
    Pause,
    Resume,
}

/// The day and the time of day on the driver's clock when the simulator starts: he leaves work 20 minutes
/// later and plugs in at home within the hour after that. Day 0 is a Monday.
pub(super) const START: i64 = 16 * HOUR + 40 * MINUTE;

/// On this day of the week the charger takes so many minutes at home, and the rest by night.
const BY_NIGHT: i64 = 1;
const BEFORE_NIGHT: i64 = 40 * MINUTE;
const NIGHT_BEGINS: i64 = 2 * HOUR + 10 * MINUTE;

/// The steps of a day, in order. The same seed and day give the same steps.
pub(super) fn day(seed: u64, day: i64) -> Vec<Step> {
    // Between -1 and 1; the day on which the simulator starts is an average one.
    let vary = |salt: u64| {
        if day == 0 {
            0.0
        } else {
            2.0 * fraction(seed, day, salt) - 1.0
        }
    };
    let minutes = |base: i64, vary: f64, spread: f64| base + (vary * spread * 60.0).round() as i64;
    let seconds = |base: i64, salt: u64| minutes(base * MINUTE, vary(salt), 4.0);
    let drive = |to: Location, base: i64, km: f64, salt: u64| What::Drive {
        to,
        seconds: seconds(base, salt),
        km: km + vary(salt + 10) * 0.6,
        kwh_per_100km: 17.8 + vary(salt + 20) * 1.6,
    };
    // There and back, each a drive of so many minutes and kilometres with a salt of its own.
    let outing = |to: Location, base: i64, km: f64, leave: i64, back: i64, salts: [u64; 2]| {
        let (arrived, home) = (leave + seconds(base, salts[0]), back + seconds(base, salts[1]));
        let mut steps = vec![
            (leave - 10 * MINUTE, What::Unplug),
            (leave, drive(to, base, km, salts[0])),
        ];
        if to == Location::Lake {
            steps.push((arrived + 6 * MINUTE, What::Plug(Supply::Dc)));
            steps.push((arrived + 50 * MINUTE, What::Unplug));
        }
        steps.push((back, drive(Location::Home, base, km, salts[1])));
        steps.push((home + 12 * MINUTE, What::Plug(Supply::Ac)));
        match day.rem_euclid(7) {
            BY_NIGHT => steps.push((home + 12 * MINUTE + BEFORE_NIGHT, What::Pause)),
            next if next == BY_NIGHT + 1 => steps.insert(0, (NIGHT_BEGINS, What::Resume)),
            _ => {}
        }
        steps.into_iter().map(|(at, what)| Step { at, what }).collect()
    };
    match day.rem_euclid(7) {
        0..=4 => {
            let leave = minutes(7 * HOUR + 20 * MINUTE, vary(1), 10.0);
            let back = minutes(START + 20 * MINUTE, vary(2), 15.0);
            outing(Location::Work, 35, 31.4, leave, back, [3, 4])
        }
        5 => {
            let leave = minutes(10 * HOUR, vary(1), 20.0);
            let back = minutes(15 * HOUR + 30 * MINUTE, vary(2), 20.0);
            outing(Location::Lake, 75, 96.2, leave, back, [5, 6])
        }
        _ => Vec::new(),
    }
}

/// A number in 0..1 that depends on nothing but its arguments (SplitMix64).
pub(super) fn fraction(seed: u64, day: i64, salt: u64) -> f64 {
    let mut z = seed ^ day.cast_unsigned().wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ salt.rotate_left(40);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_in_order_and_within_the_day() {
        for number in -60..400 {
            let steps = day(9, number);
            assert!(steps.is_sorted_by_key(|step| step.at), "{steps:?}");
            assert!(
                steps.iter().all(|step| (0..24 * HOUR).contains(&step.at)),
                "{steps:?}"
            );
        }
    }

    #[test]
    fn the_first_drive_begins_twenty_minutes_after_the_start() {
        let drives: Vec<i64> = day(5, 0)
            .iter()
            .filter(|step| step.at > START && matches!(step.what, What::Drive { .. }))
            .map(|step| step.at - START)
            .collect();
        assert_eq!(drives, [20 * MINUTE]);
    }
}
