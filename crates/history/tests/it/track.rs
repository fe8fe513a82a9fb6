//! Where a vehicle was.

use collector_core::testkit::reading;
use collector_core::{Reading, Stamp, Value};
use history::read::{Track, TrackPoint};

use crate::filled::{DAY, Filled, MINUTE, NOON, push_down, range, vin};

fn half(part: &str, value: f64, at: i64) -> Reading {
    let id = format!("vehicle.cabin.infotainment.navigation.currentLocation.{part}");
    reading(&id, part, Value::Number(value), None, at)
}

fn place(number: i64) -> TrackPoint {
    TrackPoint {
        at_ms: NOON + number * MINUTE,
        latitude: 48.0 + number as f64 / 1_000.0,
        longitude: 11.0 - number as f64 / 1_000.0,
    }
}

fn halves(numbers: std::ops::Range<i64>) -> Vec<Reading> {
    let both = |number| {
        let TrackPoint {
            at_ms,
            latitude,
            longitude,
        } = place(number);
        [
            half("latitude", latitude, at_ms),
            half("longitude", longitude, at_ms),
        ]
    };
    numbers.flat_map(both).collect()
}

#[tokio::test]
async fn places_are_whole_in_order_and_from_all_tables() {
    let mut filled = Filled::new(true);
    filled.told(halves(0..20)).await;
    push_down(&mut filled, NOON + DAY).await;
    filled.told(halves(7_000..7_010)).await;
    // A half alone, and what has the time of a call.
    let mut asked = halves(7_020..7_021);
    asked
        .iter_mut()
        .for_each(|reading| reading.stamp = Stamp::Requested);
    asked.push(half("latitude", 1.0, NOON + 7_030 * MINUTE));
    // The second value of a moment counts.
    let mut second = half("latitude", 50.0, NOON + 7_009 * MINUTE);
    second.occurrence = 1;
    asked.push(second);
    filled.told(asked).await;
    let mut wanted: Vec<_> = (0..20).chain(7_000..7_010).map(place).collect();
    wanted.last_mut().unwrap().latitude = 50.0;
    let reader = filled.reader();
    let all = reader.track(&vin(), range(0, 2 * NOON), 100).unwrap();
    assert_eq!(
        all,
        Track {
            places: wanted.clone(),
            is_thinned: false
        }
    );
    let some = reader
        .track(&vin(), range(NOON + 5 * MINUTE, NOON + 7_005 * MINUTE), 100)
        .unwrap();
    assert_eq!(some.places, wanted[5..25]);
}

#[tokio::test]
async fn of_more_places_than_points_the_last_of_each_span_is_shown() {
    let mut filled = Filled::new(true);
    filled.told(halves(0..1_000)).await;
    push_down(&mut filled, NOON + DAY).await;
    let reader = filled.reader();
    let track = reader
        .track(&vin(), range(NOON, NOON + 1_000 * MINUTE), 10)
        .unwrap();
    assert!(track.is_thinned);
    let last = (0..10).map(|span| place(span * 100 + 99));
    assert_eq!(track.places, last.collect::<Vec<_>>());
}

#[tokio::test]
async fn a_vehicle_that_tells_no_place_has_no_track() {
    let mut filled = Filled::new(true);
    filled.told(vec![half("latitude", 48.0, NOON)]).await;
    let track = filled.reader().track(&vin(), range(0, 2 * NOON), 9).unwrap();
    assert_eq!(track, Track::default());
}
