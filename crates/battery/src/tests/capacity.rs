//! B1 to B3: what one session shows, and what many show together.

use collector_core::Value;

use super::{DAY, NEW_YEAR, Session, set};
use crate::Below;
use crate::estimate::estimate;
use crate::sample::{LeftOut, Sample};

/// A source of chance that is the same everywhere.
struct Dice(u64);

impl Dice {
    fn below_one(&mut self) -> f64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.below_one()
    }

    /// Of a standard normal distribution.
    fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.below_one()).sum::<f64>() - 6.0
    }
}

#[test]
fn b1_capacity_is_energy_over_the_rise_with_the_deviation_of_its_steps() {
    let sample = |energy: f64, from: f64, to: f64| {
        let record = Session::on(0, from, to, energy).record();
        Sample::of(&record, NEW_YEAR + DAY).unwrap()
    };
    let whole = sample(37.0, 20.0, 70.0);
    assert_eq!((whole.capacity(), whole.seq), (74.0, 7));
    // Two ends of whole percents: 0.408 of 50; a whole kWh: 0.289 of 37; half a percent of mismatch.
    let expected = (0.408_f64 / 50.0).hypot(0.289 / 37.0).hypot(0.005 / 3_f64.sqrt());
    assert!((whole.deviation - expected).abs() < 1e-4, "{}", whole.deviation);
    assert!(sample(37.123, 20.0, 70.0).deviation < whole.deviation);
    assert!(sample(37.0, 20.5, 70.5).deviation < whole.deviation);
    assert!(sample(18.0, 20.0, 45.0).deviation > 1.8 * whole.deviation);
}

#[test]
fn b2_what_says_little_of_the_capacity_is_left_out() {
    let usual = || Session::on(0, 20.0, 70.0, 37.5);
    let marked = |column: &str, value: Value| {
        let mut record = usual().record();
        set(&mut record, column, value);
        record
    };
    let dc = |energy: f64| {
        let mut record = marked("current_type", Value::Text("DC".into()));
        set(&mut record, "energy_grid_kwh", Value::Number(energy));
        record
    };
    let cases = [
        (usual().record(), None),
        (
            Session {
                battery: None,
                ..usual()
            }
            .record(),
            Some(LeftOut::Estimated),
        ),
        (
            Session {
                battery: Some(0.0),
                ..usual()
            }
            .record(),
            Some(LeftOut::Estimated),
        ),
        (
            marked("energy_grid_kwh", Value::Number(37.5)),
            Some(LeftOut::Estimated),
        ),
        (dc(37.5), None),
        (marked("energy_grid_kwh", Value::Number(41.0)), None),
        (
            marked("energy_grid_kwh", Value::Number(54.0)),
            Some(LeftOut::Partial),
        ),
        (
            marked("energy_basis", Value::Text("power".into())),
            Some(LeftOut::Partial),
        ),
        (Session { to: 98.0, ..usual() }.record(), None),
        (Session { to: 99.0, ..usual() }.record(), Some(LeftOut::Full)),
        (Session { from: 5.0, ..usual() }.record(), None),
        (Session { from: 4.0, ..usual() }.record(), Some(LeftOut::Empty)),
        (
            Session {
                from: 50.0,
                ..usual()
            }
            .record(),
            None,
        ),
        (
            Session {
                from: 51.0,
                ..usual()
            }
            .record(),
            Some(LeftOut::Small),
        ),
        (
            Session {
                minutes: 62.0,
                ..usual()
            }
            .record(),
            Some(LeftOut::Jump),
        ),
        (
            Session {
                minutes: 63.0,
                ..usual()
            }
            .record(),
            None,
        ),
        (
            marked("energy_returned_kwh", Value::Number(0.1)),
            Some(LeftOut::Returned),
        ),
        (
            marked("mark", Value::Text("split,discharging".into())),
            Some(LeftOut::Returned),
        ),
    ];
    for (at, (record, expected)) in cases.iter().enumerate() {
        let found = Sample::of(record, NEW_YEAR + DAY / 12).err();
        assert_eq!(found, *expected, "case {at}");
    }
}

#[test]
fn b3_one_session_far_off_changes_nothing() {
    let of = |energies: &[f64]| {
        let records = energies
            .iter()
            .map(|energy| Session::on(0, 20.0, 70.0, *energy).record());
        let samples: Vec<Sample> = records
            .map(|record| Sample::of(&record, NEW_YEAR).unwrap())
            .collect();
        estimate(samples.iter()).unwrap()
    };
    let without = of(&[37.4, 37.5, 37.6, 37.7, 37.5]);
    let with = of(&[37.4, 37.5, 37.6, 37.7, 37.5, 61.0]);
    assert_eq!((without.rejected, with.rejected), (0, 1));
    assert!((with.capacity - without.capacity).abs() < 1e-9);
    let alone = of(&[37.5]);
    assert_eq!(alone.capacity, 75.0);
    assert!(of(&[37.4, 37.5, 37.6, 37.7]).half_width < alone.half_width);
}

/// How often, of a thousand months of `number` sessions, the interval holds the truth, and how wide it is in the mean.
fn coverage(number: usize, noise: f64, seed: u64) -> (f64, f64) {
    let mut dice = Dice(seed);
    let (mut held, mut width) = (0, 0.0);
    for _ in 0..1_000 {
        let truth = dice.between(18.0, 110.0);
        let samples: Vec<Sample> = std::iter::repeat_with(|| session(&mut dice, truth, noise))
            .filter_map(|session| Sample::of(&session.record(), NEW_YEAR + DAY / 12).ok())
            .take(number)
            .collect();
        let found = estimate(samples.iter()).unwrap();
        let (low, high) = found.interval();
        held += i32::from((low..=high).contains(&truth));
        width += found.half_width / 1_000.0;
    }
    (f64::from(held) / 1_000.0, width)
}

/// Any charge of a battery, as a car tells it: whole percents, whole kWh, and energy of a window a little beside.
fn session(dice: &mut Dice, truth: f64, noise: f64) -> Session {
    let from = dice.between(5.0, 60.0);
    let to = dice.between(from + 20.0, 98.0_f64.max(from + 21.0));
    let energy = truth * (to - from) / 100.0 * (1.0 + noise * dice.normal());
    Session {
        minutes: 400.0,
        from: from.round(),
        to: to.round(),
        ..Session::on(0, 0.0, 0.0, energy.round())
    }
}

#[test]
fn b3_the_interval_holds_the_truth_nine_times_in_ten() {
    for noise in [0.0, 0.01, 0.03] {
        for number in [1, 2, 3, 5, 8, 12, 30] {
            // What one session alone says of noise is nothing: then only rounding is told.
            if number == 1 && noise > 0.01 {
                continue;
            }
            let (held, width) = coverage(number, noise, 7 + number as u64);
            assert!(held >= 0.9, "{number} sessions, noise {noise}: {held} ± {width}");
            assert!(
                number < 12 || width < 0.04,
                "{number} sessions, noise {noise}: ± {width}"
            );
        }
    }
}

/// A battery of 20 kWh that takes 9 in 10 of what power says, charged from 90 % to the top with 6 kW, falling from 96 % on.
fn to_the_top(step: f64, lost: Option<f64>, silent_from: f64) -> Below {
    let (mut below, mut charge, mut at) = (Below::default(), 90.2, 0);
    let mut last = f64::NAN;
    while charge < 100.0 {
        let power = if charge < 96.0 { 6.0 } else { 6.0 - (charge - 96.0) };
        let shown = (charge / step).round() * step;
        if shown != last && Some(shown) != lost {
            below.soc(at, shown, step);
        }
        last = shown;
        if at % 180_000 == 0 && charge < silent_from {
            below.power(at, Some(power));
        }
        charge += power * 0.9 / 3_600.0 / 20.0 * 100.0;
        at += 1_000;
    }
    below.power(at, None);
    below
}

#[test]
fn b1_a_charge_to_the_top_is_known_up_to_the_last_step_below_it() {
    // (steps, a step that was lost, silent from, up to)
    let table = [
        (1.0, None, 101.0, Some(98.0)),
        (0.5, None, 101.0, Some(98.0)),
        // Nobody knows when 98 % began: 97 % was left, but not by a step.
        (1.0, Some(98.0), 101.0, Some(96.0)),
        (1.0, Some(97.0), 101.0, Some(95.0)),
        (1.0, None, 93.0, None),
        (10.0, None, 101.0, None),
    ];
    for (step, lost, silent_from, percent) in table {
        let found = to_the_top(step, lost, silent_from).of(16.0);
        assert_eq!(
            found.map(|found| found.0),
            percent,
            "{step} {lost:?} {silent_from}"
        );
        let Some((percent, (low, high))) = found else {
            continue;
        };
        let truth = 16.0 - (100.0 - percent) / 100.0 * 20.0;
        assert!((low..high).contains(&truth), "{low}..{high}, true {truth}");
        assert!(high - low < 0.6, "{low}..{high}");
    }
}

#[test]
fn b2_a_charge_to_the_top_counts_up_to_what_is_known_below_it() {
    let mut record = Session::on(0, 20.0, 100.0, 16.0).record();
    let of = |record: &collector_core::Record| Sample::of(record, NEW_YEAR + DAY);
    assert_eq!(of(&record).unwrap_err(), LeftOut::Full);
    set(&mut record, "soc_below_full", Value::Number(98.0));
    set(&mut record, "energy_below_full_kwh", Value::Number(15.6));
    let sample = of(&record).unwrap();
    assert_eq!(sample.capacity(), 20.0);
    let usual = of(&Session::on(0, 20.0, 98.0, 15.6).record()).unwrap();
    assert!(
        sample.common > 0.0 && usual.common == 0.0,
        "the rest is known by power alone"
    );
    let many = [sample; 400];
    let half_width = |samples: &[Sample]| estimate(samples.iter()).unwrap().half_width;
    assert!(half_width(&many[..1]) > half_width(&many) && half_width(&many) > sample.common);
    let before = serde_json::from_str::<Sample>("[1,15.6,78.0,0.01,7]").unwrap();
    assert_eq!(before.common, 0.0, "as it was stored before");
    let stored = serde_json::to_string(&sample).unwrap();
    assert_eq!(serde_json::from_str::<Sample>(&stored).unwrap(), sample);
    set(&mut record, "soc_below_full", Value::Number(39.0));
    assert_eq!(of(&record).unwrap_err(), LeftOut::Small);
}
