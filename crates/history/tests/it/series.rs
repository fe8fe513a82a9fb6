//! One descriptor over time: what is drawn is what was told, in whatever table it lies.

use collector_core::testkit::{ended, reading};
use collector_core::{Scope, Value};
use history::read::{Change, Part, Reader, Told};

use crate::filled::{DAY, Filled, HOUR, MINUTE, NOON, SOC, at, push_down, range, soc, vin, word};

fn told(reader: &Reader, from: i64, to: i64, points: usize) -> Told {
    reader
        .series(&vin(), SOC, range(from, to), points)
        .unwrap()
        .unwrap()
        .told
}

#[tokio::test]
async fn few_numbers_are_told_one_by_one_with_their_ends() {
    let mut filled = Filled::new(true);
    filled
        .told(vec![
            soc(60.0, NOON),
            soc(61.0, NOON + MINUTE),
            soc(62.5, NOON + 2 * MINUTE),
        ])
        .await;
    filled
        .write(&[ended(3, &soc(0.0, NOON).descriptor, NOON + 3 * MINUTE)])
        .await;
    let reader = filled.reader();
    let asked = |from, to| reader.series(&vin(), SOC, range(from, to), 10).unwrap().unwrap();
    let series = asked(NOON + 1, NOON + DAY);
    assert_eq!((series.name.as_str(), series.unit.as_deref()), ("soc", Some("%")));
    assert_eq!(series.before.unwrap().value, Value::Number(60.0));
    let points = vec![(NOON + MINUTE, 61.0), (NOON + 2 * MINUTE, 62.5)];
    assert_eq!(
        series.told,
        Told::Readings {
            points,
            ends: vec![NOON + 3 * MINUTE]
        }
    );
    assert_eq!(
        asked(NOON, NOON + 1).before,
        None,
        "the end of a range is left out"
    );
    assert_eq!(asked(NOON + HOUR, NOON + DAY).before, None, "the value has ended");
    assert_eq!(reader.series(&vin(), "a.b", range(0, NOON), 10).unwrap(), None);
}

/// What was told, the same for the same number.
fn numbers(count: i64, step: i64) -> Vec<(i64, f64)> {
    let value = |number: i64| ((number * 7_919) % 1_009) as f64 / 4.0;
    (0..count)
        .map(|number| (NOON + number * step, value(number)))
        .collect()
}

/// The spans as they follow from all that was told.
fn parts(told: &[(i64, f64)], width: i64) -> Vec<Part> {
    let mut parts: Vec<Part> = Vec::new();
    for (at, value) in told {
        let at_ms = at.div_euclid(width) * width;
        match parts.last_mut().filter(|last| last.at_ms == at_ms) {
            Some(last) => {
                (last.min, last.max, last.last) = (last.min.min(*value), last.max.max(*value), *value);
            }
            None => parts.push(Part {
                at_ms,
                min: *value,
                max: *value,
                last: *value,
                is_ended: false,
            }),
        }
    }
    parts
}

#[track_caller]
fn is_told(reader: &Reader, all: &[(i64, f64)], from: i64, to: i64, points: usize) -> i64 {
    let Told::Parts {
        width_ms,
        points: shown,
    } = told(reader, from, to, points)
    else {
        panic!("more than {points}");
    };
    let begin = from.div_euclid(width_ms) * width_ms;
    let end = (to - 1).div_euclid(width_ms) * width_ms + width_ms;
    let within: Vec<_> = all
        .iter()
        .filter(|told| (begin..end).contains(&told.0))
        .copied()
        .collect();
    assert_eq!(shown, parts(&within, width_ms));
    assert!(shown.len() <= points, "{} of {points}", shown.len());
    width_ms
}

#[tokio::test]
async fn many_numbers_are_told_by_spans_that_keep_the_smallest_and_the_largest() {
    for rollups in [true, false] {
        let mut filled = Filled::new(rollups);
        let mut all = numbers(6_000, 37 * MINUTE);
        filled
            .told(all.iter().map(|(at, value)| soc(*value, *at)).collect())
            .await;
        let end = all.last().unwrap().0 + 1;
        push_down(&mut filled, end).await;
        // Behind all borders, and before them.
        let late = [(NOON + 100 * DAY + 1, 999.0), (NOON + 100 * DAY + 2, -999.0)];
        let new = (0..300).map(|number| (end + 3 * DAY + number * MINUTE, number as f64));
        let told = late.into_iter().chain(new);
        let told: Vec<_> = told.inspect(|told| all.push(*told)).collect();
        filled
            .told(told.iter().map(|(at, value)| soc(*value, *at)).collect())
            .await;
        all.sort_by_key(|told| told.0);
        let end = all.last().unwrap().0 + 1;
        let reader = filled.reader();
        let width = |from, to, points| is_told(&reader, &all, from, to, points);
        assert_eq!(width(NOON, end, 2), 158 * DAY);
        assert_eq!(width(NOON, end, 100) % DAY, 0);
        assert_eq!(width(NOON, end, 2_000), 2 * HOUR);
        let day = NOON + 20 * DAY;
        assert!(width(day - 5, day + 9 * DAY + 17, 300) < HOUR);
        assert_eq!(width(day, day + 9 * DAY, 10), DAY);
        // What is left after some of it was removed.
        let gone = NOON + 30 * DAY..NOON + 90 * DAY;
        filled
            .erase(&Scope::new(
                Vec::new(),
                Some(at(gone.start)),
                Some(at(gone.end - 1)),
            ))
            .await;
        all.retain(|told| !gone.contains(&told.0));
        let reader = filled.reader();
        is_told(&reader, &all, NOON, end, 100);
        is_told(&reader, &all, NOON, end, 2_000);
    }
}

#[tokio::test]
async fn an_end_is_kept_by_the_part_before_it() {
    let mut filled = Filled::new(true);
    filled
        .told(
            numbers(100, MINUTE)
                .into_iter()
                .map(|(at, value)| soc(value, at))
                .collect(),
        )
        .await;
    let end = |at| ended(3, &soc(0.0, NOON).descriptor, at);
    // One within a part, one behind the last of a part.
    filled
        .write(&[end(NOON + 5 * MINUTE + 1), end(NOON + 5 * HOUR)])
        .await;
    let reader = filled.reader();
    let Told::Parts { points, .. } = told(&reader, NOON, NOON + 10 * HOUR, 50) else {
        panic!("more than 50");
    };
    let ended: Vec<_> = points.iter().map(|part| part.is_ended).collect();
    assert_eq!(ended[..ended.len() - 1], vec![false; ended.len() - 1]);
    assert!(ended[ended.len() - 1]);
}

#[tokio::test]
async fn texts_are_told_where_they_change() {
    let mut filled = Filled::new(true);
    let words = ["A", "A", "B", "B", "A"];
    let words = words
        .iter()
        .zip(0..)
        .map(|(text, number)| word(text, NOON + number * MINUTE));
    filled.told(words.collect()).await;
    push_down(&mut filled, NOON + DAY).await;
    let last = NOON + 5 * DAY;
    filled.told(vec![word("A", last), word("C", last + 1)]).await;
    filled
        .write(&[ended(3, &word("C", 0).descriptor, last + 2)])
        .await;
    let reader = filled.reader();
    let asked = |from, points| {
        reader
            .series(&vin(), "vehicle.status", range(from, last + DAY), points)
            .unwrap()
            .unwrap()
    };
    let change = |at_ms, text: Option<&str>| Change {
        at_ms,
        value: text.map(|text| Value::Text(text.into())),
    };
    let series = asked(NOON + 1, 100);
    assert_eq!(series.before.unwrap().value, Value::Text("A".into()));
    let all = vec![
        change(NOON + MINUTE, Some("A")),
        change(NOON + 2 * MINUTE, Some("B")),
        change(NOON + 4 * MINUTE, Some("A")),
        change(last + 1, Some("C")),
        change(last + 2, None),
    ];
    assert_eq!(
        series.told,
        Told::Changes {
            changes: all,
            is_thinned: false
        }
    );
    // Two spans: of the first the last change stands for all.
    let two = vec![change(NOON + 4 * MINUTE, Some("A")), change(last + 2, None)];
    assert_eq!(
        asked(NOON, 2).told,
        Told::Changes {
            changes: two,
            is_thinned: true
        }
    );
}

#[tokio::test]
async fn of_very_many_changes_the_last_of_each_span_is_searched_for() {
    let mut filled = Filled::new(true);
    push_down(&mut filled, NOON).await;
    push_down(&mut filled, NOON + 3 * DAY).await;
    let reader = filled.reader();
    // The key alternates each second for 55,000 seconds of each day.
    let series = reader
        .series(&vin(), "vehicle.other", range(NOON, NOON + 3 * DAY), 1_000)
        .unwrap()
        .unwrap();
    let Told::Changes { changes, is_thinned } = series.told else {
        panic!("no numbers");
    };
    assert!(is_thinned && changes.len() <= 1_000, "{}", changes.len());
    let width = 3 * DAY / 1_000;
    let last = |at: i64| {
        reading(
            "vehicle.other",
            "other",
            Value::Bool((at - NOON) / 1_000 % 2 == 0),
            None,
            at,
        )
    };
    // Of a span that ends within the first day, the last second before its end.
    let within = (1..200).map(|span| NOON + (span * width - 1) / 1_000 * 1_000);
    let mut wanted: Vec<Change> = Vec::new();
    for at_ms in within {
        let value = Some(last(at_ms).value);
        if wanted.last().is_none_or(|change| change.value != value) {
            wanted.push(Change { at_ms, value });
        }
    }
    assert_eq!(changes[..wanted.len()], wanted);
}

#[tokio::test]
async fn at_the_end_of_each_span_thinned_changes_tell_the_truth() {
    let mut filled = Filled::new(true);
    let told: Vec<_> = (0..2_000_i64)
        .map(|number| {
            (
                NOON + number * MINUTE,
                ["A", "B", "C"][(number * number % 7 % 3) as usize],
            )
        })
        .collect();
    filled
        .told(told.iter().map(|(at, text)| word(text, *at)).collect())
        .await;
    let reader = filled.reader();
    let range = range(NOON, NOON + 2_000 * MINUTE);
    let series = reader
        .series(&vin(), "vehicle.status", range, 100)
        .unwrap()
        .unwrap();
    let Told::Changes { changes, is_thinned } = series.told else {
        panic!("no numbers");
    };
    assert!(is_thinned && changes.len() > 30, "{}", changes.len());
    for span in 1..=100 {
        let end = NOON + span * 20 * MINUTE;
        let shown = changes.iter().rfind(|change| change.at_ms < end).unwrap();
        let (_, truth) = told.iter().rfind(|told| told.0 < end).unwrap();
        assert_eq!(shown.value, Some(Value::Text((*truth).into())), "span {span}");
    }
}

#[tokio::test]
async fn of_very_many_numbers_hours_are_shown() {
    let mut filled = Filled::new(true);
    let all = numbers(250_000, 1_000);
    for batch in all.chunks(50_000) {
        filled
            .told(batch.iter().map(|(at, value)| soc(*value, *at)).collect())
            .await;
    }
    push_down(&mut filled, all.last().unwrap().0 + 1).await;
    let reader = filled.reader();
    let end = all.last().unwrap().0 + 1;
    assert_eq!(is_told(&reader, &all, NOON, end, 2_000), HOUR);
    assert!(is_told(&reader, &all, NOON, NOON + DAY, 2_000) < MINUTE);
}
