//! A damaged block that sinks passed, and that came back.

use super::dead_letters::{append_unknowns, letters, upgraded};
use super::*;
use journal::care::export::{Wanted, export};
use store::FILE;

fn exported(rig: &Rig) -> Vec<u8> {
    let mut lines = Vec::new();
    let (state, wanted) = (rig._state.path(), Wanted::default());
    export(state, &wanted, noon(), &mut lines, |_| panic!(), |_| ()).unwrap();
    lines
}

async fn pack(rig: &Rig) {
    let packed = rig.journal.pack(noon() + SignedDuration::from_hours(240)).await;
    assert_eq!(packed.unwrap().blocks, 1);
    let database = rusqlite::Connection::open(rig._state.path().join(FILE)).unwrap();
    let hurt = database.execute("update packed set content = zeroblob(99)", []);
    assert_eq!(hurt.unwrap(), 1);
}

/// These lines of the export, counted from the first entry.
async fn import(rig: &Rig, lines: &[u8], which: std::ops::Range<usize>) -> u64 {
    let mut all = lines.split_inclusive(|byte| *byte == b'\n');
    let mut some = all.next().unwrap().to_vec();
    some.extend(all.skip(which.start).take(which.len()).flatten());
    let mut some = &*some;
    let summary = rig
        .journal
        .import(&mut some, |_, error| panic!("{error}"), |_| ());
    summary.await.unwrap().mended
}

/// What a retry of all letters brings a sink.
async fn retried(rig: &Rig, worker: Worker) -> Vec<u64> {
    let ids = letters(rig).iter().map(|letter| letter.id).collect();
    rig.journal.retry_dead_letters(ids).await.unwrap();
    let (sink, mut store) = scripted([]);
    let draining = rig.draining.clone();
    Worker { draining, ..worker }.redeliver(sink).await;
    store.seqs().concat()
}

fn select(json: &str) -> Select {
    serde_json::from_str(json).unwrap()
}

#[tokio::test]
async fn what_comes_back_of_a_damaged_block_reaches_the_sinks_that_lack_it() {
    let rig = Rig::new();
    rig.polls(20).await;
    let lines = exported(&rig);
    let before = rig.worker("before").await;
    rig.drain(before, scripted([]).0).await;
    let halfway = Acknowledgement {
        last: 10,
        ..Acknowledgement::default()
    };
    rig.worker("half").await;
    rig.journal.acknowledge("half", noon(), halfway).await.unwrap();
    pack(&rig).await;
    for name in ["all", "half", "none"] {
        let (sink, mut store) = scripted([]);
        rig.drain(rig.worker(name).await, sink).await;
        assert_eq!(store.seqs(), Vec::<Vec<u64>>::new());
    }
    let told: Vec<_> = letters(&rig).iter().map(|letter| letter.seq).collect();
    assert_eq!(told, [1, 1, 11]);

    // The lines come in parts, the last first, and one of them again.
    for (which, mended) in [(14..20, 6), (0..12, 12), (4..16, 2)] {
        assert_eq!(import(&rig, &lines, which).await, mended);
    }
    assert_eq!(letters(&rig).len(), 20 + 10 + 20);
    assert_eq!(
        retried(&rig, rig.worker("all").await).await,
        Vec::from_iter(1..=20)
    );
    assert_eq!(
        retried(&rig, rig.worker("half").await).await,
        Vec::from_iter(11..=20)
    );
    let none = Worker {
        select: select(r#"{"vehicles":["other"]}"#),
        ..rig.worker("none").await
    };
    assert_eq!(retried(&rig, none).await, Vec::<u64>::new());
    assert_eq!(letters(&rig), []);
    assert_eq!(rig.totals("half").await.delivered_readings, 20);
}

/// The letter of the part that is still damaged stays, and tells for all of that part.
#[tokio::test]
async fn what_is_still_damaged_keeps_its_letter() {
    let rig = Rig::new();
    rig.polls(20).await;
    let lines = exported(&rig);
    pack(&rig).await;
    rig.drain(rig.worker("only").await, scripted([]).0).await;
    assert_eq!(import(&rig, &lines, 0..5).await, 5);
    assert_eq!(retried(&rig, rig.worker("only").await).await, [1, 2, 3, 4, 5]);
    assert!(matches!(&letters(&rig)[..], [letter] if letter.seq == 6));
    assert_eq!(import(&rig, &lines, 0..20).await, 15);
    assert_eq!(
        retried(&rig, rig.worker("only").await).await,
        Vec::from_iter(6..=20)
    );
    assert_eq!(letters(&rig), []);
}

#[tokio::test]
async fn a_letter_that_its_owner_dropped_is_not_written_again() {
    let rig = Rig::new();
    rig.polls(20).await;
    let lines = exported(&rig);
    pack(&rig).await;
    rig.drain(rig.worker("only").await, scripted([]).0).await;
    let ids = letters(&rig).iter().map(|letter| letter.id).collect();
    rig.journal.drop_dead_letters(ids).await.unwrap();
    assert_eq!(import(&rig, &lines, 0..20).await, 20);
    assert_eq!(letters(&rig), []);
}

#[tokio::test]
async fn whole_entries_are_tried_again_in_batches() {
    let rig = Rig::new();
    rig.polls(20).await;
    let lines = exported(&rig);
    pack(&rig).await;
    rig.drain(rig.worker("only").await, scripted([]).0).await;
    import(&rig, &lines, 0..20).await;
    let ids = letters(&rig).iter().map(|letter| letter.id).collect();
    rig.journal.retry_dead_letters(ids).await.unwrap();
    let mut worker = rig.worker("only").await;
    (worker.batch.readings, worker.draining) = (16, CancellationToken::new());
    let (sink, mut store) = scripted([]);
    worker.redeliver(sink).await;
    let batches = [1..=8, 9..=16, 17..=20].map(Vec::from_iter);
    assert_eq!(store.seqs(), batches, "two readings an entry");
    assert_eq!(letters(&rig), []);
}

/// What of an entry is no reading by the rules of today has a letter of its own.
#[tokio::test]
async fn what_came_back_and_is_no_reading_is_told() {
    let rig = Rig::new();
    append_unknowns(&rig, &[("some", 3), ("5", 5)]).await;
    rig.polls(20).await;
    let lines = exported(&rig);
    pack(&rig).await;
    rig.drain(rig.worker("only").await, scripted([]).0).await;
    assert_eq!(import(&rig, &lines, 0..2).await, 2);
    let rig = upgraded(rig, "number");
    assert_eq!(retried(&rig, rig.worker("only").await).await, [1, 2]);
    let left: Vec<_> = letters(&rig)
        .into_iter()
        .map(|letter| (letter.seq, letter.descriptor))
        .collect();
    assert_eq!(
        left,
        [(1, super::dead_letters::UNKNOWN.to_owned()), (3, String::new())]
    );
}
