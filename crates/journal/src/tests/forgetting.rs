//! A vehicle that was forgotten: as if it had never been there, and the others as they were.

use std::fs;

use collector_core::Stray;
use entry_form::Stored;
use proptest::prelude::*;
use rusqlite::Connection;
use store::FILE;

use super::moving::{exported, import};
use super::packing::{many, told};
use super::*;
use crate::care::forget::Forgotten;
use crate::care::verify::verify;
use crate::log::packed::pack::PATIENCE;
use crate::log::replay::ReplayRequest;
use crate::log::scan::Scan;

/// Of `told`: every third message.
const SOLD: usize = 1;

async fn forget(journal: &Journal, sold: usize) -> crate::Result<Forgotten> {
    let (store, journal) = (journal.store.clone(), journal.clone());
    store
        .transact(move |tx| journal.forget_within(tx, &vin(sold)))
        .await
}

/// What stands in the log, its entries as they were written.
fn entries(state: &Path) -> Vec<Stored> {
    let mut scan = Scan::open(&state.join(FILE)).unwrap();
    let (mut entries, mut after) = (Vec::new(), 0);
    while let Some(stretch) = scan.stretch(after, 500).unwrap() {
        after = stretch.last;
        entries.extend(stretch.entries);
    }
    entries
}

/// The lines of one vehicle.
fn lines_of(text: &str, of: usize) -> Vec<String> {
    let lines = text.lines().skip(1).filter(|line| line.contains(VINS[of]));
    lines.map(str::to_owned).collect()
}

/// Whether a text stands anywhere in the database's files.
fn holds(state: &Path, text: &str) -> bool {
    let files = [FILE.to_owned(), format!("{FILE}-wal")];
    let mut read = files.iter().filter_map(|file| fs::read(state.join(file)).ok());
    read.any(|bytes| bytes.windows(text.len()).any(|window| window == text.as_bytes()))
}

/// A day of both vehicles, most of it packed, of which `sink` has read some.
async fn packed(state: &Path) -> Journal {
    let journal = many(state, 2_500).await;
    journal.cursor("sink", 1_234).await.unwrap();
    journal
        .pack(poll(2_400, vec![]).received_at + PATIENCE)
        .await
        .unwrap();
    let rows = (0..50).map(|minute| told(3_000 + minute)).collect::<Vec<_>>();
    journal
        .append("home".into(), "stream".into(), rows.into())
        .await
        .unwrap();
    let blocks: u64 = inspect(state, "select count(*) from packed");
    assert!(blocks > 2 && inspect::<u64>(state, "select count(*) from log") >= 50);
    journal
}

#[tokio::test]
async fn nothing_of_it_is_left_and_the_others_are_as_they_were() {
    let state = tempfile::tempdir().unwrap();
    let journal = packed(state.path()).await;
    let stray = |topic: String, payload: String| Stray {
        received_at: time(NOON),
        topic,
        payload: payload.into_bytes(),
        reason: "no JSON".to_owned(),
    };
    let strays = vec![
        stray(format!("gcid/{}", VINS[SOLD]), "{".to_owned()),
        stray("gcid".to_owned(), format!("{{{}", VINS[SOLD])),
        stray(format!("gcid/{}", VINS[0]), "{".to_owned()),
    ];
    journal.keep_strays("home", "stream", strays).await.unwrap();
    let replay = |selection| ReplayRequest {
        sink: "sink".to_owned(),
        since: None,
        until: None,
        selection: Some(selection),
        rewrite: false,
    };
    for of in VINS {
        let wanted = replay(format!(r#"{{"vehicles":["{of}"]}}"#));
        journal.request_replay(wanted, time(NOON)).await.unwrap().unwrap();
    }
    journal.flush().await.unwrap();
    let (before, whole) = (exported(state.path()), entries(state.path()));
    let log_id = journal.log_id().clone();
    let letters = |journal: &Journal| journal.overview().unwrap().dead_letters().unwrap();
    let (letters_before, seen): (_, u64) = (
        letters(&journal),
        inspect(state.path(), "select count(*) from seen"),
    );

    let forgotten = forget(&journal, SOLD).await.unwrap();

    let its: Vec<&Stored> = whole.iter().filter(|entry| entry.vin == vin(SOLD)).collect();
    assert_eq!(forgotten.entries, its.len() as u64);
    assert_eq!(
        forgotten.readings,
        its.iter().map(|entry| entry.readings as u64).sum::<u64>()
    );
    let others: Vec<_> = letters_before
        .iter()
        .filter(|letter| letter.vin != Some(vin(SOLD)))
        .collect();
    assert_eq!(
        forgotten.dead_letters,
        (letters_before.len() - others.len()) as u64
    );
    assert!(forgotten.dead_letters > 0 && forgotten.unreadable.is_empty());
    let after = exported(state.path());
    assert_eq!(lines_of(&after, 0), lines_of(&before, 0));
    assert_eq!(
        after.lines().count() - 1,
        lines_of(&before, 0).len(),
        "nothing else is exported"
    );
    assert_eq!(letters(&journal).iter().collect::<Vec<_>>(), others);

    // Numbers stay, and every one is there.
    let kept = entries(state.path());
    assert_eq!(kept.len(), whole.len());
    for (kept, was) in kept.iter().zip(&whole) {
        match was.vin == vin(SOLD) {
            true => assert_eq!(*kept, was.emptied()),
            false => assert_eq!(kept, was),
        }
    }
    let verified = verify(state.path(), |_| ()).unwrap();
    assert!(verified.is_sound(), "{verified:?}");
    assert_eq!(
        journal.missing(u64::MAX >> 1).await.unwrap(),
        crate::log::missing::Missing::default()
    );

    let overview = journal.overview().unwrap();
    let vehicles: Vec<_> = overview
        .vehicles()
        .unwrap()
        .into_iter()
        .map(|totals| totals.vin)
        .collect();
    assert_eq!(vehicles, [VINS[0]]);
    let known: Vec<_> = reader(&journal).vehicles().await.unwrap();
    assert_eq!(
        known
            .into_iter()
            .map(|(vehicle, _)| vehicle.vin)
            .collect::<Vec<_>>(),
        [vin(0)]
    );
    assert!(overview.arrivals().unwrap().iter().all(|one| one.vin == VINS[0]));
    assert_eq!(
        (
            overview.stray_entries().unwrap().len(),
            overview.replays().unwrap().len()
        ),
        (1, 1)
    );
    assert!(inspect::<u64>(state.path(), "select count(*) from seen") < seen);
    let sinks = overview.sinks().unwrap();
    let behind = kept.iter().filter(|entry| entry.seq > 1_234);
    let waiting: u64 = behind.map(|entry| entry.readings as u64).sum();
    assert_eq!((sinks[0].cursor, sinks[0].waiting_readings), (1_234, waiting));
    assert_eq!(open(state.path()).log_id(), &log_id);

    // A sink that begins now is given the others alone.
    let read = read_all(&journal, 0, 300).await;
    let snapshots = read.iter().map(|entry| entry.snapshot().unwrap());
    let (its, emptied): (Vec<_>, Vec<_>) = snapshots.partition(|snapshot| snapshot.vehicle.vin == vin(0));
    assert!(!its.is_empty());
    assert_eq!(emptied.len() as u64, forgotten.entries);
    assert!(emptied.iter().all(|snapshot| snapshot.is_empty()));

    // The log goes on, and knows nothing of the vehicle any more.
    let newest = whole.last().unwrap().seq;
    let again = append(
        &journal,
        RawSnapshot {
            vin: vin(SOLD),
            ..poll(3, vec![soc(3, 3)])
        },
    )
    .await;
    assert_eq!((again.seq, again.new, again.repeats), (Some(newest + 1), 1, 0));
    let repeat = append(&journal, told(1)).await;
    assert_eq!((repeat.seq, repeat.new), (None, 0));
}

#[tokio::test]
async fn its_vin_is_nowhere_in_the_file() {
    let state = tempfile::tempdir().unwrap();
    let journal = packed(state.path()).await;
    assert!(holds(state.path(), VINS[SOLD]));
    forget(&journal, SOLD).await.unwrap();
    journal.store.checkpoint().await;
    drop(journal);
    store::compact(state.path(), &[SCHEMA]).unwrap();
    assert!(holds(state.path(), VINS[0]) && !holds(state.path(), VINS[SOLD]));
}

#[tokio::test]
async fn what_its_lines_bring_back_is_new() {
    let state = tempfile::tempdir().unwrap();
    let journal = packed(state.path()).await;
    let before = exported(state.path());
    let forgotten = forget(&journal, SOLD).await.unwrap();
    let (summary, bad) = import(&journal, before.as_bytes()).await.unwrap();
    assert_eq!(
        (summary.entries, summary.readings, bad.len()),
        (forgotten.entries, forgotten.readings, 0)
    );
    assert_eq!(
        lines_of(&exported(state.path()), SOLD).len() as u64,
        forgotten.entries
    );
}

#[tokio::test]
async fn of_a_damaged_block_it_is_told_and_the_rest_goes() {
    let state = tempfile::tempdir().unwrap();
    let journal = packed(state.path()).await;
    let whole = entries(state.path());
    let damage = |sql| {
        assert_eq!(
            Connection::open(state.path().join(FILE))
                .unwrap()
                .execute(sql, [])
                .unwrap(),
            1
        )
    };
    damage("update packed set readings = readings + 1 where first_seq = (select min(first_seq) from packed)");
    let row = whole.iter().rfind(|entry| entry.vin == vin(SOLD)).unwrap().seq;
    damage(&format!("update log set repeats = repeats + 1 where seq = {row}"));
    let forgotten = forget(&journal, SOLD).await.unwrap();
    let [block] = &forgotten.unreadable[..] else {
        panic!("{forgotten:?}");
    };
    let is_lost = |seq: u64| (block.first..=block.last).contains(&seq) || seq == row;
    let kept = entries(state.path());
    let expected = whole.iter().filter(|entry| !is_lost(entry.seq));
    let expected = expected.map(|entry| match entry.vin == vin(SOLD) {
        true => entry.emptied(),
        false => entry.clone(),
    });
    assert_eq!(kept, expected.collect::<Vec<_>>());
    let verified = verify(state.path(), |_| ()).unwrap();
    let told: Vec<_> = verified
        .damaged
        .iter()
        .map(|damage| (damage.first, damage.last))
        .collect();
    assert_eq!(told, [(block.first, block.last), (row, row)]);
    assert_eq!(
        inspect::<u64>(
            state.path(),
            "select count(*) from vehicle where vin like 'WBA11%'"
        ),
        0
    );
}

#[tokio::test]
async fn what_fails_at_its_end_has_changed_nothing_and_is_done_the_next_time() {
    let state = tempfile::tempdir().unwrap();
    let journal = packed(state.path()).await;
    journal.flush().await.unwrap();
    let whole = entries(state.path());
    let fail = "create trigger fail before delete on vehicle begin select raise(abort, 'the disk'); end";
    let meddle = |sql| {
        Connection::open(state.path().join(FILE))
            .unwrap()
            .execute_batch(sql)
            .unwrap()
    };
    meddle(fail);
    forget(&journal, SOLD).await.unwrap_err();
    assert_eq!(entries(state.path()), whole);
    assert_eq!(append(&journal, told(1)).await.new, 0, "it is known as before");
    // Killed: another process finds it so.
    assert_eq!(journal.overview().unwrap().vehicles().unwrap().len(), 2);
    meddle("drop trigger fail");
    assert!(forget(&open(state.path()), SOLD).await.unwrap().entries > 0);
    assert_eq!(journal.overview().unwrap().vehicles().unwrap().len(), 1);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Whatever came in whatever order, packed or not.
    #[test]
    fn what_remains_of_the_others_is_what_was(
        cars in prop::collection::vec(0..2_usize, 1..120),
        pack in prop::option::of(0..120_i64),
        sold in 0..2_usize,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let state = tempfile::tempdir().unwrap();
            let journal = open(state.path());
            for (minute, car) in (0..).zip(&cars) {
                let readings = vec![soc(u32::try_from(minute % 7).unwrap(), minute - minute % 3)];
                append(&journal, RawSnapshot { vin: vin(*car), ..poll(minute, readings) }).await;
            }
            if let Some(minute) = pack {
                journal.pack(poll(minute, vec![]).received_at + PATIENCE).await.unwrap();
            }
            let (before, latest) = (exported(state.path()), reader(&journal).latest().await.unwrap());
            let numbers: Vec<u64> = entries(state.path()).iter().map(|entry| entry.seq).collect();
            forget(&journal, sold).await.unwrap();
            let after = exported(state.path());
            assert_eq!(lines_of(&after, 1 - sold), lines_of(&before, 1 - sold));
            assert_eq!(lines_of(&after, sold), [""; 0]);
            let is_other = |snapshot: &collector_core::Snapshot| snapshot.vehicle.vin != vin(sold);
            let others: Vec<_> = latest.into_iter().filter(is_other).collect();
            assert_eq!(reader(&journal).latest().await.unwrap(), others);
            let kept: Vec<u64> = entries(state.path()).iter().map(|entry| entry.seq).collect();
            assert_eq!(kept, numbers);
            assert!(verify(state.path(), |_| ()).unwrap().is_sound());
            // The sums are those that are counted.
            let sums = "select (select coalesce(sum(readings), 0) from tally)
                - (select coalesce(sum(readings), 0) from log) - (select coalesce(sum(readings), 0) from packed)";
            assert_eq!(inspect::<i64>(state.path(), sums), 0);
        });
    }
}
