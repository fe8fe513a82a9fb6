//! What is new and what is a repeat.

use collector_core::Stamp;

use super::*;

fn hv_status(value: &str, minute: i64) -> RawReading {
    let stamp = time(NOON + 86_400_000 + minute * 60_000 + 400);
    raw(
        HV_STATUS,
        &format!(r#"{{"value":"{value}","timestamp":"{stamp:.3}"}}"#),
    )
}

#[tokio::test]
async fn a_measured_value_is_new_once_whenever_it_comes_again() {
    let state = tempfile::tempdir().unwrap();
    let journal = open(state.path());
    assert_eq!(append(&journal, poll(0, vec![soc(70, 0)])).await.new, 1);
    assert_eq!(append(&journal, poll(1, vec![soc(71, 5)])).await.new, 1);
    // The older value again, behind a newer one: BMW's groups advance independently.
    let again = append(&journal, poll(2, vec![soc(70, 0), soc(71, 5)])).await;
    assert_eq!((again.new, again.repeats), (0, 2));
    assert_eq!(numbers(&read_all(&journal, 0, 100).await), [70.0, 71.0]);
}

#[tokio::test]
async fn the_same_value_at_another_time_is_new() {
    let state = tempfile::tempdir().unwrap();
    let journal = open(state.path());
    append(&journal, poll(0, vec![soc(70, 0), soc(70, 1)])).await;
    assert_eq!(numbers(&read_all(&journal, 0, 100).await), [70.0, 70.0]);
}

#[tokio::test]
async fn two_values_under_one_stamp_are_both_kept_and_told_apart() {
    let state = tempfile::tempdir().unwrap();
    let journal = open(state.path());
    append(&journal, poll(0, vec![soc(70, 0)])).await;
    append(&journal, poll(1, vec![soc(71, 0), soc(70, 0)])).await;
    drop(journal);
    let journal = open(state.path());
    append(&journal, poll(2, vec![soc(72, 0), soc(71, 0)])).await;
    for size in [1, 2, 100] {
        let entries = read_all(&journal, 0, size).await;
        let readings = entries.iter().flat_map(Entry::readings);
        let occurrences: Vec<_> = readings.map(|reading| reading.occurrence).collect();
        assert_eq!(occurrences, [0, 1, 2]);
        assert_eq!(numbers(&entries), [70.0, 71.0, 72.0]);
    }
}

#[tokio::test]
async fn a_value_stamped_by_the_call_is_new_only_when_it_changes() {
    let state = tempfile::tempdir().unwrap();
    let journal = open(state.path());
    let mut new = Vec::new();
    for (minute, value) in ["CHARGING", "CHARGING", "FINISHED_NOT_FULL", "CHARGING"]
        .iter()
        .enumerate()
    {
        let minute = i64::try_from(minute).unwrap();
        new.push(
            append(&journal, poll(minute, vec![hv_status(value, minute)]))
                .await
                .new,
        );
    }
    assert_eq!(new, [1, 0, 1, 1]);
    let entries = read_all(&journal, 0, 1).await;
    let stamps = entries
        .iter()
        .map(|entry| entry.readings().first().map(|reading| reading.stamp));
    let new = Some(Stamp::Requested);
    assert_eq!(stamps.collect::<Vec<_>>(), [new, None, new, new]);
}

/// What polls say of such a key lags behind what the vehicle sends.
#[tokio::test]
async fn a_poll_that_says_what_the_last_poll_said_is_no_news_whatever_was_measured_in_between() {
    let state = tempfile::tempdir().unwrap();
    let polled = |value, minute| poll(minute, vec![hv_status(value, minute)]);
    let measured = |value, minute| RawSnapshot {
        origin: Origin::Stream,
        requested_at: None,
        ..polled(value, minute)
    };
    let said = [
        (polled("CHARGING", 0), 1),
        (measured("FINISHED_FULLY_CHARGED", 1), 1),
        (polled("CHARGING", 2), 0),
        (polled("FINISHED_FULLY_CHARGED", 3), 1),
        (polled("CHARGING", 4), 1),
    ];
    for (snapshot, new) in said {
        // Opened anew, so that it is known by the tables.
        let journal = open(state.path());
        assert_eq!(append(&journal, snapshot).await.new, new);
    }
}

#[tokio::test]
async fn a_file_of_format_6_takes_the_newest_value_for_the_last_that_a_call_stamped() {
    let state = tempfile::tempdir().unwrap();
    append(&open(state.path()), poll(0, vec![hv_status("CHARGING", 0)])).await;
    let connection = rusqlite::Connection::open(state.path().join(store::FILE)).unwrap();
    let before = "alter table series drop column called_at; alter table series drop column called_hash;
         pragma user_version = 6;";
    connection.execute_batch(before).unwrap();
    drop(connection);
    let journal = open(state.path());
    let mut new = Vec::new();
    for (minute, value) in [(1, "CHARGING"), (2, "FINISHED_NOT_FULL")] {
        new.push(
            append(&journal, poll(minute, vec![hv_status(value, minute)]))
                .await
                .new,
        );
    }
    assert_eq!(new, [0, 1]);
}

#[tokio::test]
async fn a_value_without_a_stamp_is_new_only_when_it_changes() {
    let state = tempfile::tempdir().unwrap();
    let journal = open(state.path());
    let bare = |value: &str| {
        raw(
            SOC,
            &format!(r#"{{"value":"{value}","unit":"%","timestamp":null}}"#),
        )
    };
    let mut new = Vec::new();
    for (minute, value) in [(0, "70"), (1, "70"), (2, "71"), (3, "70")] {
        new.push(append(&journal, poll(minute, vec![bare(value)])).await.new);
    }
    assert_eq!(new, [1, 0, 1, 1]);
}

#[tokio::test]
async fn a_poll_and_a_message_that_say_the_same_are_one() {
    let state = tempfile::tempdir().unwrap();
    let journal = open(state.path());
    append(&journal, poll(0, vec![soc(70, 0)])).await;
    let message = raw(
        SOC,
        r#"{"value":70,"unit":"percent","timestamp":"2026-03-01T12:00:00Z"}"#,
    );
    let snapshot = RawSnapshot {
        origin: Origin::Stream,
        requested_at: None,
        ..poll(1, vec![message])
    };
    let appended = append(&journal, snapshot).await;
    assert_eq!((appended.seq, appended.new, appended.repeats), (None, 0, 1));
}

/// Labels differ between polls and messages. Where BMW really converts one, it sends another number.
#[tokio::test]
async fn a_unit_makes_no_other_observation_and_another_number_does() {
    let state = tempfile::tempdir().unwrap();
    let journal = open(state.path());
    let mileage = |value: &str, unit: &str| {
        let body = format!(r#"{{"value":"{value}","unit":"{unit}","timestamp":"2026-03-01T12:00:00Z"}}"#);
        raw("vehicle.vehicle.travelledDistance", &body)
    };
    append(&journal, poll(0, vec![mileage("1609.344", "km")])).await;
    let same = append(&journal, poll(1, vec![mileage("1609.3440", "KM")])).await;
    assert_eq!((same.new, same.repeats), (0, 1));
    let other = append(&journal, poll(2, vec![mileage("1000", "mi")])).await;
    assert_eq!((other.new, other.repeats), (1, 0));
}

#[tokio::test]
async fn vehicles_do_not_repeat_each_other() {
    let state = tempfile::tempdir().unwrap();
    let journal = open(state.path());
    append(&journal, poll(0, vec![soc(70, 0)])).await;
    let other = RawSnapshot {
        vin: vin(1),
        ..poll(0, vec![soc(70, 0)])
    };
    assert_eq!(append(&journal, other).await.new, 1);
}

#[tokio::test]
async fn a_poll_that_brings_nothing_leaves_an_entry_that_says_when_it_came() {
    let state = tempfile::tempdir().unwrap();
    let journal = open(state.path());
    assert_eq!(append(&journal, poll(0, vec![])).await.seq, Some(1));
    let batch = reader(&journal)
        .read(&"test".into(), 0, 10)
        .await
        .unwrap()
        .unwrap();
    assert_eq!((batch.entries.len(), batch.readings, batch.last), (1, 0, 1));
    let snapshot = batch.entries[0].snapshot().unwrap();
    assert_eq!(
        (snapshot.is_empty(), snapshot.received_at),
        (true, poll(0, vec![]).received_at)
    );
}

#[tokio::test]
async fn what_went_away_and_what_does_not_fit_is_kept_as_sent_and_told_once() {
    let state = tempfile::tempdir().unwrap();
    let journal = open(state.path());
    let odd = raw(SOC, r#"{"value":"full","timestamp":"2026-03-01T12:00:00Z"}"#);
    let first = append(
        &journal,
        poll(0, vec![odd.clone(), raw("vehicle.new", r#"{"value":"-NA-"}"#)]),
    )
    .await;
    assert_eq!((first.new, first.rejected, first.absent), (0, 1, 1));
    let again = append(&journal, poll(1, vec![odd])).await;
    assert_eq!((again.rejected, again.repeats), (0, 1));
    let payload: String = inspect(state.path(), "select payload from log where seq = 1");
    assert!(
        payload.contains(r#""full""#) && payload.contains("-NA-"),
        "{payload}"
    );
    let entries = read_all(&journal, 0, 10).await;
    let held = entries
        .iter()
        .map(|entry| (entry.seq, entry.snapshot().unwrap().is_empty()));
    assert_eq!(held.collect::<Vec<_>>(), [(1, true), (2, true)]);
    assert_eq!(
        inspect::<u32>(state.path(), "select count(*) from dead_letter where sink = ''"),
        1
    );
    let reason: String = inspect(state.path(), "select reason from dead_letter");
    assert!(reason.contains("number"), "{reason}");
    let full = raw(SOC, r#"{"value":"4095","timestamp":"2026-03-01T12:01:00Z"}"#);
    append(&journal, poll(2, vec![full])).await;
    let log = journal.overview().unwrap().log().unwrap();
    assert_eq!((log.snapshots, log.rejected, log.impossible), (3, 2, 1));
}

#[tokio::test]
async fn a_new_descriptor_has_the_type_of_its_first_value_until_a_text_widens_it() {
    let state = tempfile::tempdir().unwrap();
    let journal = open(state.path());
    let reading = |value: &str, minute: i64| {
        let stamp = time(NOON + minute * 60_000);
        raw(
            "vehicle.new",
            &format!(r#"{{"value":"{value}","unit":"parsec","timestamp":"{stamp}"}}"#),
        )
    };
    append(&journal, poll(0, vec![reading("INVALID", 0)])).await;
    append(&journal, poll(1, vec![reading("7.50", 1)])).await;
    drop(journal);
    let journal = open(state.path());
    append(&journal, poll(2, vec![reading("8", 2)])).await;
    let entries = read_all(&journal, 0, 1).await;
    assert_eq!(numbers(&entries), [7.5, 8.0]);
    let unit = entries[1].readings()[0].unit.as_ref().map(ToString::to_string);
    assert_eq!(unit.as_deref(), Some("parsec"));

    let batches = reader(&journal);
    batches.read(&"test".into(), 0, 10).await.unwrap();
    let mixed = append(&journal, poll(3, vec![reading("seven", 3), reading("9", 4)])).await;
    assert_eq!((mixed.new, mixed.rejected), (2, 0));
    let texts = ["7.50", "8", "seven", "9"].map(|text| (Value::Text(text.into()), None));
    let (old, fresh) = (batches, reader(&open(state.path())));
    // The old one knew a number until it met the word.
    for (batches, known) in [(&old, 2), (&fresh, 4)] {
        let batch = batches.read(&"test".into(), 0, 10).await.unwrap().unwrap();
        let readings = batch.entries.iter().flat_map(Entry::readings);
        let read: Vec<_> = readings
            .map(|reading| (reading.value.clone(), reading.unit.clone()))
            .collect();
        assert_eq!(read[read.len() - known..], texts[texts.len() - known..]);
    }
}

#[tokio::test]
async fn a_reader_learns_what_was_learned_after_it_was_opened() {
    let state = tempfile::tempdir().unwrap();
    let journal = open(state.path());
    let reader = reader(&journal);
    append(&journal, poll(0, vec![soc(70, 0)])).await;
    assert_eq!(
        reader
            .read(&"test".into(), 0, 10)
            .await
            .unwrap()
            .unwrap()
            .readings,
        1
    );
    append(
        &journal,
        poll(1, vec![raw("vehicle.new", r#"{"value":"7"}"#), soc(71, 1)]),
    )
    .await;
    assert_eq!(
        reader
            .read(&"test".into(), 1, 10)
            .await
            .unwrap()
            .unwrap()
            .readings,
        2
    );
}

/// A later catalogue may lack a descriptor that an earlier one had.
#[tokio::test]
async fn a_descriptor_that_nobody_knows_any_more_takes_no_other_with_it() {
    let state = tempfile::tempdir().unwrap();
    let journal = open(state.path());
    append(
        &journal,
        poll(0, vec![raw("vehicle.new", r#"{"value":"7"}"#), soc(70, 0)]),
    )
    .await;
    let forget = journal.transact(|connection, _| Ok(connection.execute("delete from descriptor_type", [])?));
    assert_eq!(forget.await.unwrap(), 1);
    assert_eq!(numbers(&read_all(&journal, 0, 10).await), [70.0]);
}

/// Another version of the program, or another catalogue, reads another value out of the same bytes.
#[tokio::test]
async fn what_was_sent_is_a_repeat_whatever_the_rules_make_of_it() {
    let state = tempfile::tempdir().unwrap();
    let journal = open(state.path());
    let odd = |value: &str, minute: i64| {
        let stamp = time(NOON + minute * 60_000);
        raw(
            "vehicle.new",
            &format!(r#"{{"value":"{value}","timestamp":"{stamp:.3}"}}"#),
        )
    };
    append(&journal, poll(0, vec![odd("7", 0)])).await;
    let widened = append(&journal, poll(1, vec![odd("seven", 1), odd("seven", 2)])).await;
    assert_eq!((widened.new, widened.rejected), (2, 0));
    let number = "update descriptor_type set type = 'number'";
    let rule = journal.transact(move |connection, _| Ok(connection.execute(number, [])?));
    assert_eq!(rule.await.unwrap(), 1);
    drop(journal);
    let journal = open(state.path());
    let again = vec![odd("7", 0), odd("seven", 1), odd("seven", 2)];
    let again = append(&journal, poll(2, again)).await;
    assert_eq!((again.new, again.rejected, again.repeats), (0, 0, 3));
    // Each keeps its place beside another value of its moment.
    append(&journal, poll(3, vec![odd("8", 1)])).await;
    let entries = read_all(&journal, 0, 100).await;
    let readings = entries.iter().flat_map(Entry::readings);
    let places: Vec<_> = readings
        .map(|reading| (reading.value.to_string(), reading.occurrence))
        .collect();
    let want = [("7", 0), ("seven", 0), ("seven", 0), ("8", 1)];
    assert_eq!(
        places,
        want.map(|(value, occurrence)| (value.to_owned(), occurrence))
    );
}
