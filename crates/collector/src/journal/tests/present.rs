//! How things are now, whatever happened to the journal before.

use rusqlite::Connection;

use super::*;
use crate::journal::FILE;
use crate::journal::backup::backup;
use crate::journal::restore::restore;
use crate::journal::verify::verify;

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
        let name = cardata_api::catalogue::CATALOGUE
            .iter()
            .find(|entry| entry.descriptor == SOC)
            .unwrap();
        let name = name.to_descriptor().name().to_owned();
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
    let wanted = crate::journal::export::Wanted::default();
    crate::journal::export::export(one, &wanted, time(NOON), &mut lines, |_| panic!(), |_| ()).unwrap();
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
    assert_eq!(journal.prune(before, vec![]).await.unwrap(), 2);
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
    let wanted = crate::journal::export::Wanted::default();
    crate::journal::export::export(
        state.path(),
        &wanted,
        time(NOON),
        &mut lines,
        |_| panic!(),
        |_| (),
    )
    .unwrap();
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
    let sum = |count: fn(&crate::journal::overview::Arrivals) -> u64| arrivals.iter().map(count).sum::<u64>();
    assert_eq!(
        (sum(|a| a.snapshots), sum(|a| a.entries), sum(|a| a.readings)),
        (5, 5, 6),
        "once"
    );
}

#[tokio::test]
async fn vehicles_have_what_is_known_of_them() {
    let state = tempfile::tempdir().unwrap();
    let journal = open(state.path());
    eventful(&journal).await;
    let mapped = crate::journal::registry::MappedVehicle {
        vin: vin(0),
        primary: true,
    };
    journal
        .remember_mapping("other", time(NOON), vec![mapped])
        .await
        .unwrap();
    let details = r#"{"brand":"BMW","modelName":"i4 eDrive40","constructionDate":null}"#;
    journal
        .remember_details(vin(0), details.to_owned())
        .await
        .unwrap();
    let names = std::collections::HashMap::from([(vin(0), "i4".into())]);
    let facts = journal.reader(names).unwrap().vehicles().await.unwrap();
    let told: Vec<_> = facts
        .iter()
        .map(|facts| {
            (
                &*facts.vehicle.name,
                facts.account.as_deref(),
                facts.brand.as_deref(),
                facts.model.as_deref(),
            )
        })
        .collect();
    let want = [
        (vin(1).production_number(), Some("home"), None, None),
        ("i4", Some("other"), Some("BMW"), Some("i4 eDrive40")),
    ]
    .map(|(name, account, brand, model)| (name.to_owned(), account, brand, model));
    let told: Vec<_> = told
        .into_iter()
        .map(|(name, account, brand, model)| (name.to_owned(), account, brand, model))
        .collect();
    assert_eq!(told, want);
}

/// The tables as the second version had them.
const BACK_TO_2: &str = "
    drop table total; drop table tally; drop table stream; drop table stray;
    alter table series drop column latest_at;
    alter table series drop column latest_occurrence;
    alter table series drop column latest_seq;
    alter table series add column last_seq integer;
    alter table seen drop column whole_second;
    pragma user_version = 2;";

#[tokio::test]
async fn a_journal_of_the_second_version_is_filled_with_what_it_never_kept() {
    for forget in [false, true] {
        let state = tempfile::tempdir().unwrap();
        let journal = open(state.path());
        eventful(&journal).await;
        append(
            &journal,
            poll(
                5,
                vec![raw(
                    "vehicle.new",
                    r#"{"value":"7","timestamp":"2026-03-01T12:00:00Z"}"#,
                )],
            ),
        )
        .await;
        if forget {
            assert_eq!(
                journal.prune(poll(2, vec![]).received_at, vec![]).await.unwrap(),
                2
            );
        }
        let before = present(&journal).await;
        let log = journal.overview().unwrap().log().unwrap();
        drop(journal);
        let kept = "select group_concat(concat_ws(' ', id, latest_at, latest_occurrence, latest_seq, last_hash), ', ')
             from (select * from series order by id)";
        let tallies = "select group_concat(concat_ws(' ', block, entries, filled, readings)) from tally";
        let series: String = inspect(state.path(), kept);
        let tally: String = inspect(state.path(), tallies);
        let connection = Connection::open(state.path().join(FILE)).unwrap();
        connection.execute_batch(BACK_TO_2).unwrap();
        // It had the value that came last.
        connection
            .execute(
                "update series set last_hash = (select min(hash) from seen where series_id = id)",
                [],
            )
            .unwrap();
        drop(connection);
        let refused = crate::journal::overview::Overview::open(state.path()).unwrap_err();
        assert!(refused.to_string().contains("earlier cardata"), "{refused}");
        let journal = open(state.path());
        assert_eq!(inspect::<i64>(state.path(), "pragma user_version"), 3);
        assert_eq!(present(&journal).await, before);
        assert_eq!(inspect::<String>(state.path(), kept), series);
        assert_eq!(inspect::<String>(state.path(), tallies), tally);
        let after = journal.overview().unwrap();
        let now = after.log().unwrap();
        assert_eq!((now.snapshots, now.readings), (log.snapshots, log.readings));
        let arrived: u64 = after
            .arrivals()
            .unwrap()
            .iter()
            .map(|arrivals| arrivals.readings)
            .sum();
        assert_eq!(arrived, log.readings, "what was forgotten before is not known");
        assert_eq!(
            append(&journal, poll(9, vec![soc(71, 3), soc(68, 0)])).await.new,
            0
        );
        assert!(verify(state.path(), |_| ()).unwrap().is_sound());
    }
}

/// A damaged journal opens all the same.
#[tokio::test]
async fn what_is_damaged_does_not_hold_up_a_migration() {
    let state = tempfile::tempdir().unwrap();
    let journal = open(state.path());
    eventful(&journal).await;
    drop(journal);
    let connection = Connection::open(state.path().join(FILE)).unwrap();
    connection.execute_batch(BACK_TO_2).unwrap();
    connection
        .execute("update log set payload = 'x' where seq = 2", [])
        .unwrap();
    drop(connection);
    assert_eq!(present(&open(state.path())).await, socs(&NOW[..1]));
}
