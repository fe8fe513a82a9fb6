//! When a vehicle told nothing.

use collector_core::Value;
use collector_core::testkit::{entry_with, reading};
use history::read::Range;

use crate::filled::{DAY, Filled, HOUR, MINUTE, NOON, at, push_down, range, soc, vin, word};

/// In hours around noon.
fn told(filled: &Filled, range: Range) -> Vec<(f64, f64)> {
    let hour = |at: jiff::Timestamp| (at.as_millisecond() - NOON) as f64 / HOUR as f64;
    let silences = filled.reader().silences(&vin(), range).unwrap();
    silences
        .into_iter()
        .map(|silence| (hour(silence.from), hour(silence.to)))
        .collect()
}

#[tokio::test]
async fn an_hour_without_a_reading_is_silent_and_none_before_the_first() {
    let mut filled = Filled::new(true);
    filled.told(vec![soc(60.0, NOON + MINUTE)]).await;
    filled
        .told(vec![word("PARKED", NOON + 3 * HOUR + 59 * MINUTE)])
        .await;
    // Another vehicle's.
    let other = reading("vehicle.x", "x", Value::Bool(true), None, NOON + 2 * HOUR);
    filled.write(&[entry_with(2, vec![other])]).await;
    let before = range(NOON - 5 * HOUR, NOON + 5 * HOUR + 30 * MINUTE);
    assert_eq!(told(&filled, before), [(1.0, 3.0), (4.0, 5.5)]);
    let behind = range(NOON + HOUR + 30 * MINUTE, NOON + 3 * HOUR);
    assert_eq!(told(&filled, behind), [(1.5, 3.0)]);
    assert_eq!(told(&filled, range(NOON - DAY, NOON)), []);
}

#[tokio::test]
async fn every_table_and_every_type_counts() {
    for rollups in [true, false] {
        let mut filled = Filled::new(rollups);
        // In `history`: a number, and later a text of which no roll-up tells.
        filled
            .told(vec![
                soc(60.0, NOON - 2 * DAY),
                word("PARKED", NOON - 2 * DAY + 5 * HOUR),
            ])
            .await;
        push_down(&mut filled, NOON).await;
        filled.told(vec![soc(60.0, NOON + 4 * DAY)]).await;
        let found = told(&filled, range(NOON - 2 * DAY, NOON + 4 * DAY + HOUR));
        // 55,000 seconds of each of three days are told.
        let all = [
            (-47.0, -43.0),
            (-42.0, 0.0),
            (16.0, 24.0),
            (40.0, 48.0),
            (64.0, 96.0),
        ];
        assert_eq!(found, all, "{rollups}");
        let days = told(&filled, range(at_midnight(-40), at_midnight(10)));
        assert_eq!(days, [(-36.0, -12.0), (108.0, 228.0)], "{rollups}");
    }
}

/// So many days around the noon's.
fn at_midnight(days: i64) -> i64 {
    at(NOON - 12 * HOUR + days * DAY).as_millisecond()
}
