//! One capacity out of those of many sessions, with an interval: rule B3.

use super::sample::Sample;

/// In median absolute deviations: what lies further off is rejected.
const REJECTED_BEYOND: f64 = 3.5;
/// Of a normal distribution, the standard deviation in median absolute deviations.
const DEVIATION: f64 = 1.4826;
/// How much wider a median with uneven weights, after rejection, scatters than a mean: 1.25 of even ones, and what the test
/// of the interval shows for others.
const MEDIAN: f64 = 1.4;
/// In standard deviations; holds the truth 19 times in 20 where the deviations of the sessions are right.
const WIDTH: f64 = 2.0;
/// Student's t for 9 in 10, by the number of sessions less one, where the deviation is that of the sessions themselves.
const STUDENT: [f64; 10] = [
    6.314, 2.920, 2.353, 2.132, 2.015, 1.943, 1.895, 1.860, 1.833, 1.812,
];
const STUDENT_OF_MANY: f64 = 1.80;

/// A capacity in kWh.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Estimate {
    pub(super) capacity: f64,
    /// It lies between less and more by this share, nine times in ten.
    pub(super) half_width: f64,
    /// How many sessions were rejected.
    pub(super) rejected: usize,
}

impl Estimate {
    pub(super) fn interval(&self) -> (f64, f64) {
        let away = self.capacity * self.half_width;
        (self.capacity - away, self.capacity + away)
    }
}

/// The median weighted by the rise of the charge, after rejection. `None` without sessions.
pub(super) fn estimate<'s>(samples: impl Iterator<Item = &'s Sample>) -> Option<Estimate> {
    let mut samples: Vec<&Sample> = samples.collect();
    samples.sort_by(|a, b| a.capacity().total_cmp(&b.capacity()));
    let kept = without_outliers(&samples);
    let capacity = median(kept.iter().map(|sample| (sample.capacity(), sample.rise)))?;
    Some(Estimate {
        capacity,
        half_width: half_width(&kept, capacity),
        rejected: samples.len() - kept.len(),
    })
}

/// Those that are not far off. In steps of their own deviation, so that sessions that agree by chance reject nobody.
fn without_outliers<'s>(sorted: &[&'s Sample]) -> Vec<&'s Sample> {
    let Some(middle) = median(sorted.iter().map(|sample| (sample.capacity(), sample.rise))) else {
        return Vec::new();
    };
    let off = |sample: &Sample| (sample.capacity() / middle - 1.0).abs() / (sample.deviation + sample.common);
    let mut distances: Vec<f64> = sorted.iter().map(|sample| off(sample)).collect();
    distances.sort_by(f64::total_cmp);
    let spread = median(distances.into_iter().map(|distance| (distance, 1.0))).unwrap_or_default();
    let furthest = REJECTED_BEYOND * DEVIATION * (spread.max(1.0 / DEVIATION));
    let near = sorted.iter().filter(|sample| off(sample) <= furthest);
    near.copied().collect()
}

/// The wider of two: what rounding explains, and what the scatter of the sessions shows.
fn half_width(kept: &[&Sample], capacity: f64) -> f64 {
    let weight: f64 = kept.iter().map(|sample| sample.rise).sum();
    let parts = kept.iter().map(|sample| (sample.rise * sample.deviation).powi(2));
    let deviation = parts.sum::<f64>().sqrt() / weight;
    let common = kept.iter().map(|sample| sample.rise * sample.common).sum::<f64>() / weight;
    let factor = match kept.len() {
        0 | 1 => return WIDTH * deviation + common,
        2 => 1.0,
        _ => MEDIAN,
    };
    let off = |sample: &&Sample| (sample.rise * (sample.capacity() / capacity - 1.0)).powi(2);
    let free = kept.len() - 1;
    let again = kept.len() as f64 / free as f64;
    let scatter = (kept.iter().map(off).sum::<f64>() * again).sqrt() / weight;
    let student = STUDENT.get(free - 1).copied().unwrap_or(STUDENT_OF_MANY);
    factor * (WIDTH * deviation).max(student * scatter) + common
}

/// The weighted median of values in rising order: where half the weight is passed, between the two values around it.
pub(super) fn median(sorted: impl Iterator<Item = (f64, f64)> + Clone) -> Option<f64> {
    let whole: f64 = sorted.clone().map(|(_, weight)| weight).sum();
    let mut passed = 0.0;
    let mut before: Option<(f64, f64)> = None;
    for (value, weight) in sorted {
        let middle = passed + weight / 2.0;
        if middle >= whole / 2.0 {
            let Some((low, at)) = before else {
                return Some(value);
            };
            return Some(low + (value - low) * (whole / 2.0 - at) / (middle - at));
        }
        passed += weight;
        before = Some((value, middle));
    }
    before.map(|(value, _)| value)
}
