//! How things are now, whatever happened to the journal before.

use rusqlite::Connection;

use collector_core::Names;
use normalise::known::FixedTypes;

use super::*;
use crate::care::backup::backup;
use crate::care::restore::restore;
use crate::log::latest::Look;
use store::FILE;

/// Vehicle, descriptor, value and minutes after noon of the newest readings.
async fn present(journal: &Journal) -> Vec<(String, String, String, i64)> {
    let mut present = Vec::new();
    for snapshot in reader(journal).latest().await.unwrap() {
        for reading in &snapshot.readings {
            present.push((
                snapshot.vehicle.vin.short().to_owned(),
                reading.descriptor.name().to_owned(),
                reading.value.to_string(),
                (reading.measured_at.as_millisecond() - NOON) / 60_000,
            ));
        }
    }
    present.sort();
    present
}

fn socs(values: &[(usize, &str, i64)]) -> Vec<(String, String, String, i64)> {
    let soc = |&(vehicle, value, minute): &(usize, &str, i64)| {
        let name = catalogue::find(SOC).unwrap().to_descriptor().name().to_owned();
        (vin(vehicle).short().to_owned(), name, value.to_owned(), minute)
    };
    let mut socs: Vec<_> = values.iter().map(soc).collect();
    socs.sort();
    socs
}

fn of(vehicle: usize, snapshot: RawSnapshot) -> RawSnapshot {
    RawSnapshot {
        vin: vin(vehicle),
        ..snapshot
    }
}

/// Two vehicles, values out of order and two under one stamp.
async fn eventful(journal: &Journal) {
    append(journal, poll(0, vec![soc(70, 3), soc(69, 1)])).await;
    append(journal, of(1, poll(1, vec![soc(50, 2)]))).await;
    append(journal, poll(2, vec![soc(68, 0), soc(71, 3)])).await;
    append(journal, of(1, poll(3, vec![soc(49, 1)]))).await;
    append(journal, poll(4, vec![])).await;
}

const NOW: [(usize, &str, i64); 2] = [(0, "71", 3), (1, "50", 2)];

#[tokio::test]
async fn it_outlives_a_restart_a_move_and_a_restore() {
    let folders = [(); 3].map(|()| tempfile::tempdir().unwrap());
    let [one, two, three] = folders.each_ref().map(|folder| folder.path());
    let journal = open(one);
    eventful(&journal).await;
    assert_eq!(present(&journal).await, socs(&NOW));
    drop(journal);
    let journal = open(one);
    assert_eq!(present(&journal).await, socs(&NOW));

    let mut lines = Vec::new();
    let wanted = crate::care::export::Wanted::default();
    crate::care::export::export(one, &wanted, time(NOON), &mut lines, |_| panic!(), |_| ()).unwrap();
    let moved = open(two);
    append(&moved, poll(9, vec![soc(80, 9)])).await;
    let mut lines = &*lines;
    let import = moved.import(&mut lines, |_, error| panic!("{error}"), |_| ());
    assert_eq!(import.await.unwrap().entries, 5);
    assert_eq!(present(&moved).await, socs(&[(0, "80", 9), (1, "50", 2)]));
    let arrived = moved.overview().unwrap().arrivals().unwrap();
    assert_eq!(arrived.iter().map(|arrivals| arrivals.entries).sum::<u64>(), 6);

    let file = folders[2].path().join("backup");
    backup(one, &one.join("tokens"), &file, time(NOON), false).unwrap();
    append(&journal, poll(10, vec![soc(90, 10)])).await;
    std::fs::create_dir(three.join("state")).unwrap();
    let restored_to = three.join("state");
    restore(
        &file,
        &restored_to,
        &restored_to.join("tokens"),
        time(NOON),
        false,
        |_, _| Ok(()),
    )
    .unwrap();
    let restored = open(&restored_to);
    assert_eq!(present(&restored).await, socs(&NOW));
    append(&restored, poll(11, vec![soc(91, 11), soc(60, 2)])).await;
    assert_eq!(present(&restored).await, socs(&[(0, "91", 11), (1, "50", 2)]));
    // Behind the numbers that were left out, all is counted as before.
    let overview = restored.overview().unwrap();
    assert_eq!(overview.behind(5).unwrap().readings, 2);
    assert_eq!(
        (
            overview.log().unwrap().snapshots,
            overview.log().unwrap().readings
        ),
        (6, 8)
    );
}

#[tokio::test]
async fn what_was_forgotten_is_left_out_until_something_newer_comes() {
    let state = tempfile::tempdir().unwrap();
    let journal = open(state.path());
    eventful(&journal).await;
    let before = poll(2, vec![]).received_at;
    assert_eq!(journal.prune(before, vec![], u64::MAX).await.unwrap(), 2);
    assert_eq!(present(&journal).await, socs(&NOW[..1]));
    // Still older than what was forgotten.
    assert_eq!(
        append(&journal, of(1, poll(5, vec![soc(48, 1), soc(50, 2)])))
            .await
            .new,
        1
    );
    assert_eq!(present(&journal).await, socs(&NOW[..1]));
    append(&journal, of(1, poll(6, vec![soc(51, 6)]))).await;
    assert_eq!(present(&journal).await, socs(&[(0, "71", 3), (1, "51", 6)]));
    let overview = journal.overview().unwrap();
    let log = overview.log().unwrap();
    assert_eq!((log.snapshots, log.readings), (5, 5), "what is there");
    let arrived: u64 = overview
        .vehicles()
        .unwrap()
        .iter()
        .map(|totals| totals.readings)
        .sum();
    assert_eq!(arrived, 8, "what ever came");
}

#[tokio::test]
async fn a_damaged_entry_hides_its_own_values_alone_until_it_is_mended() {
    let state = tempfile::tempdir().unwrap();
    let journal = open(state.path());
    eventful(&journal).await;
    let mut lines = Vec::new();
    let wanted = crate::care::export::Wanted::default();
    crate::care::export::export(
        state.path(),
        &wanted,
        time(NOON),
        &mut lines,
        |_| panic!(),
        |_| (),
    )
    .unwrap();
    // What is damaged before it is in the tables was never the newest.
    journal.flush().await.unwrap();
    let tamper = Connection::open(state.path().join(FILE)).unwrap();
    tamper
        .execute("update log set repeats = 9 where seq = 3", [])
        .unwrap();
    assert_eq!(present(&journal).await, socs(&NOW[1..]));
    let mut lines = &*lines;
    let import = journal.import(&mut lines, |_, error| panic!("{error}"), |_| ());
    assert_eq!(import.await.unwrap().mended, 1);
    assert_eq!(present(&journal).await, socs(&NOW));
    let arrivals = journal.overview().unwrap().arrivals().unwrap();
    let sum = |count: fn(&crate::log::overview::Arrivals) -> u64| arrivals.iter().map(count).sum::<u64>();
    assert_eq!(
        (sum(|a| a.snapshots), sum(|a| a.entries), sum(|a| a.readings)),
        (5, 5, 6),
        "once"
    );
}

#[tokio::test]
async fn vehicles_belong_to_the_account_that_brought_them_last() {
    let state = tempfile::tempdir().unwrap();
    let journal = open(state.path());
    eventful(&journal).await;
    let late = [poll(9, vec![soc(90, 9)])];
    journal
        .append("other".into(), "telematics".into(), late.into())
        .await
        .unwrap();
    let names = std::collections::HashMap::from([(vin(0), named("i4"))]);
    let vehicles = journal.reader(names).unwrap().vehicles().await.unwrap();
    let told = vehicles
        .iter()
        .map(|(vehicle, account)| (&*vehicle.name, account.as_deref()));
    assert_eq!(
        told.collect::<Vec<_>>(),
        [(vin(1).key_name().as_str(), Some("home")), ("i4", Some("other"))]
    );
}

/// BMW says that there is no value: with a stamp of the vehicle, or with none.
fn none(stamp: Option<i64>) -> RawReading {
    let stamp = stamp.map_or("null".to_owned(), |minute| {
        format!(r#""{:.3}""#, time(NOON + minute * 60_000))
    });
    raw(SOC, &format!(r#"{{"value":null,"timestamp":{stamp}}}"#))
}

#[tokio::test]
async fn a_value_ends_when_the_vehicle_says_so_and_comes_again_with_a_newer_one() {
    let state = tempfile::tempdir().unwrap();
    let journal = open(state.path());
    let steps = [
        (soc(70, 3), true, Some("70")),
        (none(None), true, Some("70")),
        // Older than the value, or no news.
        (none(Some(2)), false, Some("70")),
        (none(Some(5)), true, None),
        (none(Some(6)), false, None),
        (soc(70, 3), false, None),
        (soc(71, 4), true, None),
        (none(Some(7)), true, None),
        (soc(72, 8), true, Some("72")),
        (none(Some(8)), true, Some("72")),
    ];
    for (minute, (sent, is_news, value)) in (20..).zip(steps) {
        let snapshot = RawSnapshot {
            origin: Origin::Stream,
            requested_at: None,
            ..poll(minute, vec![sent])
        };
        assert_eq!(
            append(&journal, snapshot).await.seq.is_some(),
            is_news,
            "{minute}"
        );
        for _ in 0..2 {
            let present = present(&journal).await;
            let value = value.map(str::to_owned);
            let found = present.first().map(|(_, _, value, _)| value.clone());
            assert_eq!(found, value, "{minute}");
            // What has no value any more has its end instead.
            assert_eq!(
                ends(&journal).await.len(),
                usize::from(found.is_none()),
                "{minute}"
            );
            journal.flush().await.unwrap();
        }
    }
}

/// Descriptor and minutes after noon of the ends of what has ended.
async fn ends(journal: &Journal) -> Vec<(String, i64)> {
    let latest = reader(journal).latest().await.unwrap();
    let ends = latest.iter().flat_map(|snapshot| &snapshot.ended);
    let ends = ends.map(|ended| (ended.descriptor.as_str().to_owned(), ended.at.as_millisecond()));
    ends.map(|(id, at)| (id, (at - NOON) / 60_000)).collect()
}

#[tokio::test]
async fn an_end_stands_where_the_last_reading_came_and_outlives_a_restart() {
    let state = tempfile::tempdir().unwrap();
    let journal = open(state.path());
    eventful(&journal).await;
    let end = RawSnapshot {
        origin: Origin::Stream,
        requested_at: None,
        ..of(1, poll(9, vec![none(Some(5))]))
    };
    append(&journal, end).await;
    drop(journal);
    let journal = open(state.path());
    assert_eq!(ends(&journal).await, [(SOC.to_owned(), 5)]);
    let latest = reader(&journal).latest().await.unwrap();
    let ended = latest.iter().find(|snapshot| !snapshot.ended.is_empty()).unwrap();
    assert_eq!((&ended.vehicle.vin, ended.origin), (&vin(1), Origin::Poll));
    assert_eq!(present(&journal).await, socs(&NOW[..1]));
}

/// Of a value that the call stamps only changes are news, also that from none.
#[tokio::test]
async fn a_value_that_is_there_again_after_its_end_is_news() {
    let state = tempfile::tempdir().unwrap();
    let journal = open(state.path());
    let bare = || raw(SOC, r#"{"value":"70","timestamp":null}"#);
    let end = none(Some(86_400 / 60 + 5));
    let mut new = Vec::new();
    for (minute, sent) in [(0, bare()), (3, bare()), (6, end), (9, bare()), (12, bare())] {
        new.push(append(&journal, poll(minute, vec![sent])).await.new);
    }
    assert_eq!(new, [1, 0, 0, 1, 0]);
    assert_eq!(present(&journal).await[0].2, "70");
}

#[tokio::test]
async fn who_looks_beside_sees_what_is_committed_and_is_told_once() {
    let state = tempfile::tempdir().unwrap();
    let look = || Look::open(state.path(), &Names::default(), FixedTypes::default()).unwrap();
    assert!(look().is_none());
    let journal = open(state.path());
    let mut look = look().unwrap();
    assert_eq!(look.latest().unwrap(), Some(Vec::new()));
    assert_eq!(look.latest().unwrap(), None, "nothing was written");
    append(&journal, poll(1, vec![soc(40, 1)])).await;
    let latest = look.latest().unwrap().unwrap();
    assert_eq!(
        latest[0].readings[0].value,
        Value::Number(40.0),
        "before it is folded"
    );
    assert_eq!(latest, reader(&journal).latest().await.unwrap());
    assert_eq!(look.latest().unwrap(), None);
}
