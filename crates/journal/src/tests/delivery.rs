//! Cursors, dead letters and batches.

use std::sync::Arc;

use collector_core::{Record, RecordKind, Rejection};

use super::*;
use crate::log::deliver::{Acknowledgement, Rejected};
use crate::log::replay::ReplayRequest;

#[tokio::test]
async fn a_new_sink_begins_where_it_is_told_and_an_old_one_where_it_was() {
    let state = tempfile::tempdir().unwrap();
    let journal = open(state.path());
    assert_eq!(journal.cursor("archive", 0).await.unwrap(), 0);
    assert_eq!(journal.cursor("newcomer", 17).await.unwrap(), 17);
    let acknowledgement = Acknowledgement {
        last: 5,
        readings: 3,
        rejected: vec![],
    };
    journal
        .acknowledge("archive", time(NOON), acknowledgement)
        .await
        .unwrap();
    assert_eq!(journal.cursor("archive", 99).await.unwrap(), 5);
    drop(journal);
    let journal = open(state.path());
    assert_eq!(journal.cursor("archive", 99).await.unwrap(), 5);
    assert_eq!(journal.cursor("newcomer", 0).await.unwrap(), 17);
}

#[tokio::test]
async fn a_cursor_never_goes_back() {
    let state = tempfile::tempdir().unwrap();
    let journal = open(state.path());
    journal.cursor("archive", 0).await.unwrap();
    for last in [5, 3] {
        let acknowledgement = Acknowledgement {
            last,
            ..Acknowledgement::default()
        };
        journal
            .acknowledge("archive", time(NOON), acknowledgement)
            .await
            .unwrap();
    }
    assert_eq!(journal.cursor("archive", 0).await.unwrap(), 5);
}

#[tokio::test]
async fn a_sink_that_starts_over_is_as_one_that_never_was() {
    let state = tempfile::tempdir().unwrap();
    let journal = open(state.path());
    append(&journal, poll(0, vec![soc(70, 0)])).await;
    let batch = reader(&journal)
        .read(&"page".into(), 0, 10)
        .await
        .unwrap()
        .unwrap();
    let rejected = Rejected::all(vec![Rejection::reading(1, 0, "no")], &batch.entries);
    for sink in ["page", "archive"] {
        journal.cursor(sink, 0).await.unwrap();
        let acknowledgement = Acknowledgement {
            last: 1,
            readings: 1,
            rejected: rejected.clone(),
        };
        journal
            .acknowledge(sink, time(NOON), acknowledgement)
            .await
            .unwrap();
        let request = ReplayRequest {
            sink: sink.to_owned(),
            ..ReplayRequest::default()
        };
        journal.request_replay(request, time(NOON)).await.unwrap();
    }
    journal.start_over("page").await.unwrap();
    journal.start_over("nobody").await.unwrap();
    assert_eq!(journal.cursor("page", 0).await.unwrap(), 0);
    assert_eq!(journal.cursor("archive", 0).await.unwrap(), 1);
    let overview = journal.overview().unwrap();
    let letters = overview.dead_letters().unwrap();
    assert_eq!(letters.len(), 1);
    assert_eq!(letters[0].sink, "archive");
    let replays = overview.replays().unwrap();
    assert_eq!(replays.len(), 1);
    assert_eq!(replays[0].request.sink, "archive");
}

#[tokio::test]
async fn a_refused_reading_is_named_among_the_dead_letters() {
    let state = tempfile::tempdir().unwrap();
    let journal = open(state.path());
    journal.cursor("strict", 0).await.unwrap();
    let power = raw(
        "vehicle.powertrain.electric.battery.charging.power",
        r#"{"value":"11","unit":"kW"}"#,
    );
    append(&journal, poll(0, vec![soc(70, 0), power])).await;
    let batch = reader(&journal)
        .read(&"test".into(), 0, 10)
        .await
        .unwrap()
        .unwrap();
    let refuse = |seq, reading| Rejection::reading(seq, reading, "field type conflict");
    let rejections = vec![refuse(1, 1), refuse(1, 1), refuse(1, 7), refuse(9, 0)];
    let rejected = Rejected::all(rejections, &batch.entries);
    let named: Vec<_> = rejected
        .iter()
        .map(|rejected| (rejected.seq, rejected.reading.is_some()))
        .collect();
    assert_eq!(
        named,
        [(1, true), (1, false), (9, false)],
        "one letter a reading, and one for the entry where nobody knows which"
    );
    let rejected = rejected[..1].to_vec();
    let acknowledgement = Acknowledgement {
        last: 1,
        readings: 1,
        rejected,
    };
    journal
        .acknowledge("strict", time(NOON), acknowledgement)
        .await
        .unwrap();
    let letter: String = inspect(
        state.path(),
        "select sink || ' ' || seq || ' ' || descriptor || ' ' || reason from dead_letter",
    );
    assert_eq!(
        letter,
        "strict 1 vehicle.powertrain.electric.battery.charging.power field type conflict"
    );
    let sinks = journal.overview().unwrap().sinks().unwrap();
    assert_eq!((sinks[0].dead_letters, sinks[0].delivered_readings), (1, 1));
}

/// A record that a sink refuses has no reading that could be named.
#[test]
fn a_refused_record_is_named_by_its_entry() {
    static KIND: RecordKind = RecordKind {
        name: "session",
        plural: "sessions",
        short: "session",
        version: 1,
        title: "Session",
        key: &[],
        columns: &[],
        children: &[],
    };
    let vehicle = collector_core::Vehicle::named(vin(0), None);
    let record = Record::new(&KIND, vehicle, time(NOON), [], []);
    let batch = [Entry::record_of(4, record)];
    let refused = Rejected::all(vec![Rejection::record(4, "no such table")], &batch);
    assert_eq!(refused, [Rejected::entry(4, "no such table".to_owned())]);
}

#[tokio::test]
async fn a_value_ends_when_the_vehicle_says_so() {
    let state = tempfile::tempdir().unwrap();
    let journal = open(state.path());
    append(&journal, poll(0, vec![soc(70, 0)])).await;
    let gone = |descriptor, stamp: &str| raw(descriptor, &format!(r#"{{"value":null{stamp}}}"#));
    let at = r#","timestamp":"2026-03-01T13:00:00.250Z""#;
    append(&journal, poll(1, vec![gone(SOC, at)])).await;
    // The time of the call, none, and none that can be read.
    let call = r#","timestamp":"2026-03-02T12:02:00.400Z""#;
    append(&journal, poll(2, vec![soc(71, 70), gone(HV_STATUS, call)])).await;
    append(&journal, poll(3, vec![gone(SOC, "")])).await;
    append(
        &journal,
        poll(4, vec![soc(72, 71), gone(HV_STATUS, r#","timestamp":"odd""#)]),
    )
    .await;
    let message = RawSnapshot {
        origin: Origin::Stream,
        requested_at: None,
        ..poll(
            5,
            vec![raw(
                HV_STATUS,
                r#"{"value":"CHARGING","timestamp":"2026-03-01T13:00:00Z"}"#,
            )],
        )
    };
    append(&journal, message.clone()).await;
    let readings = vec![gone(HV_STATUS, r#","timestamp":"2026-03-01T14:00:00Z""#)];
    append(
        &journal,
        RawSnapshot {
            readings,
            ..message.clone()
        },
    )
    .await;
    // Long before the call, which did not make that stamp.
    let again = raw(
        HV_STATUS,
        r#"{"value":"CHARGING","timestamp":"2026-03-01T15:00:00Z"}"#,
    );
    append(
        &journal,
        RawSnapshot {
            readings: vec![again],
            ..message
        },
    )
    .await;
    let before = r#","timestamp":"2026-03-01T16:00:00.500Z""#;
    append(&journal, poll(6, vec![gone(HV_STATUS, before)])).await;
    let entries = read_all(&journal, 0, 3).await;
    let ended = entries.iter().map(|entry| {
        let ended = entry.snapshot().unwrap().ended.iter();
        let ended: Vec<_> = ended
            .map(|ended| (ended.descriptor.as_str(), ended.at.as_millisecond() - NOON))
            .collect();
        (entry.seq, entry.readings().len(), ended)
    });
    let expected = [
        (1, 1, vec![]),
        (2, 0, vec![(SOC, 3_600_250)]),
        (3, 1, vec![]),
        (4, 0, vec![]),
        (5, 1, vec![]),
        (6, 1, vec![]),
        (7, 0, vec![(HV_STATUS, 7_200_000)]),
        (8, 1, vec![]),
        (9, 0, vec![(HV_STATUS, 14_400_500)]),
    ];
    assert_eq!(ended.collect::<Vec<_>>(), expected);
}

#[tokio::test]
async fn a_batch_holds_about_what_was_asked_for_and_a_snapshot_is_never_divided() {
    let state = tempfile::tempdir().unwrap();
    let journal = open(state.path());
    for minute in 0..4 {
        let readings = (0..3).map(|second| soc(70 + second, minute)).collect();
        append(&journal, poll(minute, readings)).await;
    }
    let reader = reader(&journal);
    for (size, seqs) in [(1, 1), (3, 1), (4, 2), (6, 2), (7, 3), (1_000, 4)] {
        let batch = reader.read(&"test".into(), 0, size).await.unwrap().unwrap();
        assert_eq!(batch.entries.len(), seqs, "{size} readings");
        assert_eq!(batch.readings, seqs * 3);
        assert_eq!(batch.last, seqs as u64);
    }
    assert!(reader.read(&"test".into(), 4, 10).await.unwrap().is_none());
}

#[tokio::test]
async fn readers_at_the_same_place_are_given_the_same_entries() {
    let state = tempfile::tempdir().unwrap();
    let journal = open(state.path());
    for minute in 0..8 {
        append(&journal, poll(minute, vec![soc(70, minute)])).await;
    }
    let reader = reader(&journal);
    let follower = reader.clone();
    let before = follower.read(&"other".into(), 0, 2).await.unwrap().unwrap();
    assert_eq!(before.last, 2);
    let first = reader.read(&"test".into(), 2, 3).await.unwrap().unwrap();
    let second = follower.read(&"other".into(), 2, 3).await.unwrap().unwrap();
    assert!(Arc::ptr_eq(&first.entries, &second.entries));
    let third = follower.read(&"other".into(), 2, 3).await.unwrap().unwrap();
    assert!(
        !Arc::ptr_eq(&first.entries, &third.entries),
        "everybody has passed it"
    );
    // What was not full is read again: more may have come.
    let tail = reader.read(&"test".into(), 6, 3).await.unwrap().unwrap();
    append(&journal, poll(9, vec![soc(71, 9)])).await;
    let longer = reader.read(&"test".into(), 6, 3).await.unwrap().unwrap();
    assert_eq!((tail.entries.len(), longer.entries.len()), (2, 3));
}

#[tokio::test]
async fn the_last_entries_are_decoded_once_until_there_are_more() {
    let state = tempfile::tempdir().unwrap();
    let journal = open(state.path());
    for minute in 0..3 {
        append(&journal, poll(minute, vec![soc(70, minute)])).await;
    }
    let reader = reader(&journal);
    let read = async |sink: &str, after, most| reader.read(&sink.into(), after, most).await.unwrap();
    assert_eq!(read("b", 0, 1).await.unwrap().last, 1);
    let first = read("a", 1, 10).await.unwrap();
    // Also for one that would take more or fewer at a time.
    let second = read("b", 1, 5).await.unwrap();
    assert!(Arc::ptr_eq(&first.entries, &second.entries));
    append(&journal, poll(3, vec![soc(72, 3)])).await;
    assert_eq!(read("c", 1, 10).await.unwrap().last, 4);
}

#[tokio::test]
async fn vehicles_have_the_names_of_the_pipeline_file() {
    let state = tempfile::tempdir().unwrap();
    let journal = open(state.path());
    append(&journal, poll(0, vec![soc(70, 0)])).await;
    let other = RawSnapshot {
        vin: vin(1),
        ..poll(0, vec![soc(70, 0)])
    };
    append(&journal, other).await;
    let reader = journal.reader([(vin(0), named("i3"))].into()).unwrap();
    let batch = reader.read(&"test".into(), 0, 10).await.unwrap().unwrap();
    let names: Vec<_> = batch
        .entries
        .iter()
        .map(|entry| entry.snapshot().unwrap().vehicle.name.to_string())
        .collect();
    assert_eq!(names, ["i3", "v1234567"]);
    let first = batch.entries[0].snapshot().unwrap();
    assert_eq!(
        (&*first.account, &*first.source, first.origin),
        ("home", "telematics", Origin::Poll)
    );
    assert_eq!(first.received_at, time(NOON + 86_400_000 + 1_000));
}

#[tokio::test]
async fn an_appended_entry_wakes_who_waits_for_it() {
    let state = tempfile::tempdir().unwrap();
    let journal = open(state.path());
    let mut newest = journal.newest();
    let (appended, changed) = tokio::join!(append(&journal, poll(0, vec![soc(70, 0)])), newest.changed());
    changed.unwrap();
    assert_eq!(Some(*newest.borrow()), appended.seq);
}
