//! What a vehicle says now, and how often it says it.

use std::sync::Arc;

use collector_core::testkit::{ended, entry_with, reading};
use collector_core::{Entry, Origin, Snapshot, Stamp, Value, ValueType};

use crate::filled::{DAY, Filled, MINUTE, NOON, SOC, at, push_down, soc, vin, word};

/// By the stream, as its account and source say.
fn streamed(readings: Vec<collector_core::Reading>) -> Entry {
    let entry = entry_with(3, readings);
    let mut snapshot = Snapshot::clone(entry.snapshot().unwrap());
    (snapshot.source, snapshot.origin) = ("stream".into(), Origin::Stream);
    Entry::snapshot_of(3, Arc::new(snapshot))
}

#[tokio::test]
async fn the_latest_say_where_they_come_from() {
    let mut filled = Filled::new(true);
    let mut asked = word("PARKED", NOON);
    asked.stamp = Stamp::Requested;
    filled.told(vec![soc(60.0, NOON), asked]).await;
    filled.write(&[streamed(vec![soc(61.0, NOON + MINUTE)])]).await;
    let latest = filled.reader().latest(&vin()).unwrap();
    assert_eq!(latest.len(), 2);
    let charge = &latest[0];
    assert_eq!((charge.descriptor.as_str(), charge.name.as_str()), (SOC, "soc"));
    assert_eq!(charge.reading.value, Value::Number(61.0));
    assert_eq!(charge.reading.unit.as_deref(), Some("%"));
    assert_eq!(charge.reading.measured_at, at(NOON + MINUTE));
    assert_eq!(charge.reading.received_at, at(NOON + 3 * MINUTE + 1_000));
    assert_eq!(
        (charge.reading.origin, charge.reading.stamp),
        (Origin::Stream, Stamp::Measured)
    );
    assert_eq!(
        (&*charge.reading.source, &*charge.reading.account),
        ("stream", "home")
    );
    assert_eq!(charge.ended_at, None);
    let status = &latest[1];
    assert_eq!(status.value_type, ValueType::Text);
    assert_eq!(status.reading.value, Value::Text("PARKED".into()));
    assert_eq!(
        (status.reading.origin, status.reading.stamp),
        (Origin::Poll, Stamp::Requested)
    );
}

#[tokio::test]
async fn a_value_that_ended_is_told_with_its_end_until_it_is_measured_again() {
    let mut filled = Filled::new(true);
    let end = |at| ended(5, &soc(0.0, NOON).descriptor, at);
    let shown = |filled: &Filled| {
        let latest = filled.reader().latest(&vin()).unwrap();
        let told = latest.into_iter().filter(|one| one.descriptor == SOC);
        told.map(|one| (one.reading.value, one.ended_at))
            .collect::<Vec<_>>()
    };
    filled.write(&[end(NOON - MINUTE)]).await;
    assert_eq!(shown(&filled), [], "an end of nothing");
    filled.told(vec![soc(60.0, NOON)]).await;
    assert_eq!(shown(&filled), [(Value::Number(60.0), None)]);
    // The reading lies in one table, its end in another.
    push_down(&mut filled, NOON).await;
    filled.write(&[end(NOON + 5 * DAY), end(NOON + 6 * DAY)]).await;
    assert_eq!(shown(&filled), [(Value::Number(60.0), Some(at(NOON + 6 * DAY)))]);
    filled.told(vec![soc(50.0, NOON + 6 * DAY)]).await;
    assert_eq!(shown(&filled), [(Value::Number(50.0), None)]);
}

#[tokio::test]
async fn keys_are_counted_over_all_tables() {
    for rollups in [true, false] {
        let mut filled = Filled::new(rollups);
        let early = (0..20).map(|number| soc(60.0, NOON - DAY + number * 5 * MINUTE));
        filled.told(early.collect()).await;
        push_down(&mut filled, NOON).await;
        let late = (0..3).map(|number| soc(60.0, NOON + 5 * DAY + number * MINUTE));
        filled.told(late.collect()).await;
        filled
            .write(&[ended(5, &soc(0.0, NOON).descriptor, NOON + 6 * DAY)])
            .await;
        let keys = filled.reader().keys(&vin()).unwrap();
        let told: Vec<_> = keys.iter().map(|key| (key.name.as_str(), key.readings)).collect();
        assert_eq!(told, [("soc", 23), ("other", 165_000)]);
        assert_eq!(keys[0].first, at(NOON - DAY));
        assert_eq!(keys[0].last, at(NOON + 5 * DAY + 2 * MINUTE));
        assert_eq!(keys[0].gap_ms, Some(5 * MINUTE));
        assert_eq!(keys[1].gap_ms, Some(1_000));
    }
}

#[tokio::test]
async fn a_descriptor_that_was_told_once_has_no_gap() {
    let mut filled = Filled::new(true);
    filled
        .told(vec![reading("a.b", "b", Value::Bool(true), None, NOON)])
        .await;
    let keys = filled.reader().keys(&vin()).unwrap();
    assert_eq!((keys[0].readings, keys[0].gap_ms), (1, None));
}
