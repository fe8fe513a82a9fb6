//! One history out of messages and polls.

use collector_core::Stamp;

use super::*;
use crate::log::overview::Arrivals;

/// An object as a message or a poll has it.
fn object(value: &str, unit: &str, stamp: &str) -> String {
    format!(r#"{{"value":{value},"unit":{unit},"timestamp":"2026-03-01T{stamp}Z"}}"#)
}

/// A message that came a day and `minute` after noon.
fn message(minute: i64, readings: Vec<RawReading>) -> RawSnapshot {
    RawSnapshot {
        origin: Origin::Stream,
        requested_at: None,
        sent_at: Some("2026-03-01T12:00:03.991Z".to_owned()),
        ..poll(minute, readings)
    }
}

async fn hear(journal: &Journal, minute: i64, readings: Vec<RawReading>) -> Appended {
    let messages = vec![message(minute, readings)];
    let mut appended = journal
        .append("home".into(), "stream".into(), messages.into())
        .await
        .unwrap();
    assert_eq!(appended.len(), 1);
    appended.remove(0)
}

/// The newest reading of the only series: value, milliseconds after noon, origin.
async fn newest(journal: &Journal) -> (String, i64, Origin) {
    let latest = reader(journal).latest().await.unwrap();
    assert_eq!((latest.len(), latest[0].readings.len()), (1, 1), "{latest:?}");
    let reading = &latest[0].readings[0];
    let after_noon = reading.measured_at.as_millisecond() - NOON;
    (reading.value.to_string(), after_noon, latest[0].origin)
}

#[tokio::test]
async fn one_observation_is_one_reading_whichever_way_it_comes_first() {
    for (descriptor, polled, heard) in [
        (SOC, (r#""74""#, r#""%""#), ("74", r#""percent""#)),
        (SOC, (r#""0.0""#, r#""%""#), ("0", r#""%""#)),
        (SOC, (r#""0""#, r#""%""#), (r#""-0.0""#, "null")),
        ("vehicle.isMoving", (r#""true""#, "null"), ("true", "null")),
        (
            "vehicle.isMoving",
            (r#""ASN_isFalse""#, "null"),
            ("false", "null"),
        ),
        (HV_STATUS, (r#""CHARGING""#, "null"), (r#""CHARGING""#, r#""""#)),
        (
            "vehicle.vehicle.travelledDistance",
            (r#""1609""#, r#""km""#),
            ("1609", r#""mi""#),
        ),
        ("vehicle.new", (r#""7.50""#, "null"), ("7.5", "null")),
    ] {
        for stamp in ["12:00:55.000", "12:00:55.055", "12:00:55.999"] {
            let poll_reading = || vec![raw(descriptor, &object(polled.0, polled.1, stamp))];
            let message_reading = || vec![raw(descriptor, &object(heard.0, heard.1, "12:00:55"))];
            for message_first in [true, false] {
                let state = tempfile::tempdir().unwrap();
                let journal = open(state.path());
                let (first, second) = if message_first {
                    let first = hear(&journal, 0, message_reading()).await;
                    (first, append(&journal, poll(1, poll_reading())).await)
                } else {
                    let first = append(&journal, poll(1, poll_reading())).await;
                    (first, hear(&journal, 2, message_reading()).await)
                };
                let what = format!("{descriptor} {polled:?} {heard:?} {stamp} {message_first}");
                assert_eq!((first.new, first.repeats), (1, 0), "{what}");
                assert_eq!((second.new, second.repeats), (0, 1), "{what}");
                assert_eq!(second.seq.is_some(), message_first, "{what}");
                let (_, at, origin) = newest(&journal).await;
                assert_eq!(origin == Origin::Stream, message_first);
                assert_eq!(
                    at % 1_000 == 0,
                    message_first || stamp.ends_with("000"),
                    "as the first said it: {what}"
                );
            }
        }
    }
}

#[tokio::test]
async fn what_differs_in_value_or_second_or_exact_stamp_stays() {
    let state = tempfile::tempdir().unwrap();
    let journal = open(state.path());
    let reading = |value: &str, stamp: &str| vec![raw(SOC, &object(value, r#""%""#, stamp))];
    for (value, stamp, new) in [
        ("70", "12:00:55", 1),
        ("71", "12:00:55", 1),
        ("72", "12:00:55.055", 1),
        ("70", "12:00:54.999", 1),
        ("70", "12:00:56", 1),
        ("71", "12:00:55.500", 0),
        ("72", "12:00:55", 0),
        ("73", "12:00:57.100", 1),
        ("73", "12:00:57.200", 1),
        ("73", "12:00:57", 0),
    ] {
        assert_eq!(
            hear(&journal, 0, reading(value, stamp)).await.new,
            new,
            "{value} {stamp}"
        );
    }
    let entries = read_all(&journal, 0, 100).await;
    let readings = entries.iter().flat_map(Entry::readings);
    let kept: Vec<_> = readings
        .map(|reading| {
            (
                reading.measured_at.as_millisecond() - NOON,
                reading.occurrence,
                reading.value.to_string(),
            )
        })
        .collect();
    let want = [
        (55_000, 0, "70"),
        (55_000, 1, "71"),
        (55_055, 0, "72"),
        (54_999, 0, "70"),
        (56_000, 0, "70"),
        (57_100, 0, "73"),
        (57_200, 0, "73"),
    ];
    assert_eq!(
        kept,
        want.map(|(at, occurrence, value)| (at, occurrence, value.to_owned()))
    );
    assert_eq!(newest(&journal).await, ("73".to_owned(), 57_200, Origin::Stream));
}

/// It arrived in whole seconds, by chance; it says nothing of the moments within.
#[tokio::test]
async fn a_stamp_that_cannot_be_read_names_no_whole_second() {
    let state = tempfile::tempdir().unwrap();
    let journal = open(state.path());
    for stamp in ["null", r#""yesterday""#] {
        let unread = raw(SOC, &format!(r#"{{"value":70,"timestamp":{stamp}}}"#));
        hear(&journal, 0, vec![unread]).await;
    }
    let at = time(poll(0, vec![]).received_at.as_millisecond() + 55);
    let measured = raw(SOC, &format!(r#"{{"value":70,"timestamp":"{at:.3}"}}"#));
    assert_eq!(hear(&journal, 1, vec![measured]).await.new, 1);
}

#[tokio::test]
async fn a_late_value_takes_its_place_and_does_not_become_the_newest() {
    let state = tempfile::tempdir().unwrap();
    let journal = open(state.path());
    append(&journal, poll(0, vec![soc(71, 5)])).await;
    assert_eq!(hear(&journal, 1, vec![soc(70, 0)]).await.new, 1);
    assert_eq!(newest(&journal).await, ("71".to_owned(), 300_000, Origin::Poll));
    assert_eq!(hear(&journal, 2, vec![soc(72, 6), soc(69, 1)]).await.new, 2);
    drop(journal);
    let journal = open(state.path());
    assert_eq!(newest(&journal).await, ("72".to_owned(), 360_000, Origin::Stream));
    assert_eq!(
        numbers(&read_all(&journal, 0, 10).await),
        [71.0, 70.0, 72.0, 69.0]
    );
}

#[tokio::test]
async fn a_late_message_does_not_make_an_unchanged_value_news() {
    let state = tempfile::tempdir().unwrap();
    let journal = open(state.path());
    let call = |value: &str, minute: i64| {
        let stamp = time(NOON + 86_400_000 + minute * 60_000 + 400);
        raw(
            HV_STATUS,
            &format!(r#"{{"value":"{value}","timestamp":"{stamp:.3}"}}"#),
        )
    };
    assert_eq!(append(&journal, poll(0, vec![call("CHARGING", 0)])).await.new, 1);
    let late = raw(HV_STATUS, &object(r#""FINISHED_NOT_FULL""#, "null", "11:00:00"));
    assert_eq!(hear(&journal, 1, vec![late]).await.new, 1);
    let next = append(&journal, poll(2, vec![call("CHARGING", 2)])).await;
    assert_eq!((next.new, next.repeats), (0, 1), "it still charges");
    let next = append(&journal, poll(3, vec![call("FINISHED_NOT_FULL", 3)])).await;
    assert_eq!(next.new, 1);
    let entries = read_all(&journal, 0, 10).await;
    let stamps = entries.iter().map(|entry| {
        let snapshot = entry.snapshot().unwrap();
        (
            snapshot.origin,
            snapshot.readings.first().map(|reading| reading.stamp),
        )
    });
    // Nobody asked for a message: what it says of its time is true.
    let want = [
        (Origin::Poll, Some(Stamp::Requested)),
        (Origin::Stream, Some(Stamp::Measured)),
        (Origin::Poll, None),
        (Origin::Poll, Some(Stamp::Requested)),
    ];
    assert_eq!(stamps.collect::<Vec<_>>(), want);
}

#[tokio::test]
async fn a_message_without_news_leaves_nothing_but_its_count() {
    let state = tempfile::tempdir().unwrap();
    let journal = open(state.path());
    append(&journal, poll(0, vec![soc(70, 0)])).await;
    assert_eq!(hear(&journal, 1, vec![soc(71, 1)]).await.seq, Some(2));
    for minute in 2..5 {
        let again = hear(&journal, minute, vec![soc(71, 1)]).await;
        assert_eq!((again.seq, again.repeats), (None, 1));
    }
    assert_eq!(*journal.newest().borrow(), 2);
    let arrivals = |source: &str, origin: Origin, snapshots, repeats, minute| Arrivals {
        vin: VINS[0].to_owned(),
        account: "home".to_owned(),
        source: source.to_owned(),
        origin: origin.to_string(),
        snapshots,
        entries: 1,
        readings: 1,
        repeats,
        last_received_at: poll(minute, vec![]).received_at,
    };
    journal.flush().await.unwrap();
    let overview = journal.overview().unwrap();
    let want = [
        arrivals("telematics", Origin::Poll, 1, 0, 0),
        arrivals("stream", Origin::Stream, 4, 3, 4),
    ];
    assert_eq!(overview.arrivals().unwrap(), want);
    let log = overview.log().unwrap();
    assert_eq!((log.snapshots, log.readings, log.repeats), (2, 2, 3));
    let vehicle = overview.vehicles().unwrap().remove(0);
    assert_eq!((vehicle.snapshots, vehicle.readings), (2, 2));
    assert_eq!(vehicle.last_snapshot_at, Some(poll(4, vec![]).received_at));
}

#[tokio::test]
async fn messages_that_share_a_transaction_see_each_other_and_fail_alone() {
    let state = tempfile::tempdir().unwrap();
    let journal = open(state.path());
    let messages = (0..300).map(|number| message(number, vec![soc(70, number / 3)]));
    let appended = journal
        .append("home".into(), "stream".into(), messages.collect())
        .await
        .unwrap();
    let seqs: Vec<_> = appended.iter().filter_map(|appended| appended.seq).collect();
    assert_eq!(seqs, (1..=100).collect::<Vec<u64>>());
    let broken = journal.transact(|connection, memory| {
        let from = entry_form::Provenance {
            account: "home",
            source: "stream",
        };
        let message = message(400, vec![soc(99, 400)]);
        crate::log::append::append(connection, memory, from, &message)?;
        Err::<(), _>(store::StoreError::Stopped.into())
    });
    assert!(broken.await.is_err());
    assert_eq!(hear(&journal, 401, vec![soc(98, 300)]).await.seq, Some(101));
    assert_eq!(newest(&journal).await.0, "98");
    journal.flush().await.unwrap();
    let arrivals = journal.overview().unwrap().arrivals().unwrap();
    assert_eq!((arrivals[0].snapshots, arrivals[0].entries), (301, 101));
}

#[tokio::test]
async fn when_bmw_sent_a_message_is_kept_as_it_wrote_it() {
    let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let from = open(one.path());
    let odd = "2026-03-01T12:00:03.991+00:00 \"Ä\"";
    let sent = RawSnapshot {
        sent_at: Some(odd.to_owned()),
        ..message(0, vec![soc(70, 0)])
    };
    append(&from, sent).await;
    append(&from, poll(1, vec![soc(71, 1)])).await;
    let payload: String = inspect(one.path(), "select payload from log where seq = 1");
    let text = serde_json::to_string(odd).unwrap();
    assert!(
        payload.starts_with(&format!(r#"{{"v":1,"sent":{text},"readings":["#)),
        "{payload}"
    );
    let payload: String = inspect(one.path(), "select payload from log where seq = 2");
    assert!(payload.starts_with(r#"{"v":1,"readings":["#), "{payload}");
    let mut lines = Vec::new();
    let wanted = crate::care::export::Wanted::default();
    crate::care::export::export(one.path(), &wanted, time(NOON), &mut lines, |_| panic!(), |_| ()).unwrap();
    let to = open(two.path());
    let mut lines = &*lines;
    let summary = to.import(&mut lines, |_, error| panic!("{error}"), |_| ());
    assert_eq!(summary.await.unwrap().entries, 2);
    assert_eq!(numbers(&read_all(&to, 0, 10).await), [70.0, 71.0]);
    let payloads = "select group_concat(payload) from log";
    assert_eq!(
        inspect::<String>(two.path(), payloads),
        inspect::<String>(one.path(), payloads)
    );
}
