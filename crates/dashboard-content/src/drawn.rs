//! A series as `chart.js` draws it: moments in milliseconds since 1970, numbers in the owner's units.

use collector_core::{UnitSystem, Value};
use history::read::{Change, Part, Series, Told};
use serde::Serialize;

use crate::shown;

/// `[begin, lowest, highest, last]`; without numbers from where there was no value on.
type DrawnPart = (i64, Option<f64>, Option<f64>, Option<f64>);

/// Either `points` or `parts`, as `assets/README.md` describes them.
#[derive(Debug, PartialEq, Serialize)]
pub struct Drawn {
    /// Empty where it has none.
    pub unit: String,
    /// `[moment, number]`, without a number from where there was no value on. A truth is 0 or 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub points: Option<Vec<(i64, Option<f64>)>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parts: Option<Vec<DrawnPart>>,
}

/// Texts are not drawn.
pub fn drawn(series: &Series, units: UnitSystem) -> Drawn {
    let read = reads(series, units);
    let (points, parts) = match &series.told {
        Told::Readings { points, ends } => (Some(joined(series, points, ends)), None),
        Told::Changes { changes, .. } => (Some(changes.iter().map(changed).collect()), None),
        Told::Parts { width_ms, points } => (None, Some(parted(points, *width_ms))),
    };
    let points = points.map(|points| {
        points
            .into_iter()
            .map(|(at, number)| (at, number.map(&read)))
            .collect()
    });
    let of_part = |(at, min, max, last): DrawnPart| (at, min.map(&read), max.map(&read), last.map(&read));
    let unit = |unit| customary(0.0, unit, units).1.to_owned();
    Drawn {
        unit: series.unit.as_deref().map_or_else(String::new, unit),
        points,
        parts: parts.map(|parts| parts.into_iter().map(of_part).collect()),
    }
}

/// A number of a series in the units of its reader.
pub fn reads(series: &Series, units: UnitSystem) -> impl Fn(f64) -> f64 {
    let own = series.unit.as_deref();
    move |number| own.map_or(number, |unit| customary(number, unit, units).0)
}

fn customary(number: f64, unit: &str, units: UnitSystem) -> (f64, &str) {
    let (number, unit) = units.read_as(number, unit);
    shown::customary(number, unit)
}

/// What held before comes first, so that the line enters from there. An end at the moment of a number is over with it.
fn joined(series: &Series, points: &[(i64, f64)], ends: &[i64]) -> Vec<(i64, Option<f64>)> {
    let before = series.before.as_ref().and_then(|before| match before.value {
        Value::Number(number) => Some((before.measured_at.as_millisecond(), Some(number))),
        _ => None,
    });
    let numbers = points.iter().map(|(at, number)| (*at, Some(*number)));
    let ends = ends.iter().map(|at| (*at, None));
    let mut all: Vec<_> = before.into_iter().chain(numbers).chain(ends).collect();
    all.sort_by_key(|(at, number)| (*at, number.is_none()));
    // Of several numbers of one moment the last one counts.
    all.reverse();
    all.dedup_by(|later, kept| later.0 == kept.0 && later.1.is_some() == kept.1.is_some());
    all.reverse();
    all.dedup_by_key(|(at, _)| *at);
    all
}

fn changed(change: &Change) -> (i64, Option<f64>) {
    let number = match change.value {
        Some(Value::Bool(truth)) => Some(f64::from(u8::from(truth))),
        _ => None,
    };
    (change.at_ms, number)
}

/// Behind a part whose value ended nothing is drawn until the next one.
fn parted(parts: &[Part], width: i64) -> Vec<DrawnPart> {
    let mut all = Vec::new();
    for (place, part) in parts.iter().enumerate() {
        all.push((part.at_ms, Some(part.min), Some(part.max), Some(part.last)));
        let end = part.at_ms + width;
        let follows = parts.get(place + 1).is_some_and(|next| next.at_ms <= end);
        if part.is_ended && !follows {
            all.push((end, None, None, None));
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use collector_core::ValueType;

    use super::*;

    fn series(unit: &str, told: Told) -> Series {
        Series {
            descriptor: "a".to_owned(),
            name: "a".to_owned(),
            value_type: ValueType::Number,
            unit: Some(unit.to_owned()),
            before: None,
            told,
        }
    }

    #[test]
    fn a_line_breaks_where_the_value_ended() {
        let told = Told::Readings {
            points: vec![(1, 5.0), (2, 6.0), (2, 7.0), (9, 8.0)],
            ends: vec![4, 9],
        };
        let drawn = drawn(&series("%", told), UnitSystem::Metric);
        let points = vec![(1, Some(5.0)), (2, Some(7.0)), (4, None), (9, Some(8.0))];
        assert_eq!(
            (drawn.unit.as_str(), drawn.points, drawn.parts),
            ("%", Some(points), None)
        );
    }

    #[test]
    fn parts_break_and_are_read_in_the_units_of_the_owner() {
        let part = |at_ms, is_ended| Part {
            at_ms,
            min: 0.0,
            max: 100.0,
            last: 50.0,
            is_ended,
        };
        let told = Told::Parts {
            width_ms: 10,
            points: vec![part(0, true), part(10, true), part(40, false)],
        };
        let drawn = drawn(&series("km", told), UnitSystem::Imperial);
        assert_eq!(drawn.unit, "mi");
        let parts = drawn.parts.unwrap();
        let moments: Vec<_> = parts.iter().map(|part| (part.0, part.3.is_some())).collect();
        assert_eq!(moments, [(0, true), (10, true), (20, false), (40, true)]);
        assert_eq!(parts[0].2, Some(62.14));
    }

    #[test]
    fn truths_are_drawn_and_texts_are_not() {
        let change = |at_ms, value| Change { at_ms, value };
        let told = Told::Changes {
            changes: vec![
                change(1, Some(Value::Bool(true))),
                change(2, Some(Value::Text("x".into()))),
                change(3, None),
            ],
            is_thinned: false,
        };
        let drawn = drawn(&series("", told), UnitSystem::Metric);
        assert_eq!(drawn.points, Some(vec![(1, Some(1.0)), (2, None), (3, None)]));
    }
}
