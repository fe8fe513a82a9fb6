//! Dead letters that are tried again.

use super::*;
use journal::log::dead_letters::DeadLetter;
use journal::log::redelivery::Judgement;

/// A sink has refused both readings of the first entry and took the second entry.
async fn refused() -> Rig {
    let rig = Rig::new();
    rig.polls(2).await;
    let (sink, _store) = scripted([Reply::Reject(vec![0, 1])]);
    rig.drain(rig.worker("only").await, sink).await;
    Rig {
        draining: CancellationToken::new(),
        ..rig
    }
}

pub(super) fn letters(rig: &Rig) -> Vec<DeadLetter> {
    rig.journal.overview().unwrap().dead_letters().unwrap()
}

async fn retry(rig: &Rig, letters: &[DeadLetter]) {
    let ids = letters.iter().map(|letter| letter.id).collect();
    rig.journal.retry_dead_letters(ids).await.unwrap();
}

/// The descriptors of each entry of each write.
fn written(store: &mut Store) -> Vec<Vec<String>> {
    let batches = std::iter::from_fn(|| store.writes.try_recv().ok());
    let entries = batches.flatten();
    entries
        .map(|entry| {
            let readings = entry.readings().iter();
            readings
                .map(|reading| format!("{} {}", entry.seq, reading.descriptor))
                .collect()
        })
        .collect()
}

#[tokio::test]
async fn a_letter_that_is_delivered_is_gone_and_counts() {
    let rig = refused().await;
    retry(&rig, &letters(&rig)[1..]).await;
    let (sink, mut store) = scripted([]);
    rig.worker("only").await.redeliver(sink).await;
    assert_eq!(written(&mut store), [[format!("1 {MILEAGE}")]]);
    assert_eq!(letters(&rig).len(), 1, "the other was not asked for");
    let totals = rig.totals("only").await;
    assert_eq!((totals.delivered_readings, totals.dead_letters), (3, 1));
}

#[tokio::test]
async fn a_letter_that_is_refused_again_stays_with_the_new_reason() {
    let rig = refused().await;
    retry(&rig, &letters(&rig)).await;
    let (sink, mut store) = scripted([Reply::Reject(vec![1])]);
    rig.worker("only").await.redeliver(sink).await;
    assert_eq!(store.seqs().len(), 1, "it is tried once");
    let left = letters(&rig);
    assert_eq!(left.len(), 1);
    assert_eq!((left[0].attempts, left[0].retry), (1, false));
    assert_eq!(
        (left[0].descriptor.as_str(), left[0].reason.as_str()),
        (MILEAGE, "field type conflict")
    );
    assert_eq!(rig.totals("only").await.delivered_readings, 3);
}

#[tokio::test]
async fn a_running_worker_finds_them_behind_its_live_entries() {
    let rig = refused().await;
    rig.polls(1).await;
    retry(&rig, &letters(&rig)).await;
    let (sink, mut store) = scripted([]);
    let running = tokio::spawn(rig.worker("only").await.run(sink));
    for seq in [3, 1] {
        let batch = store.writes.recv().await.unwrap();
        assert_eq!(batch.iter().map(|entry| entry.seq).collect::<Vec<_>>(), [seq]);
    }
    rig.draining.cancel();
    running.await.unwrap();
    assert_eq!(letters(&rig), []);
}

#[tokio::test]
async fn a_letter_about_a_whole_entry_brings_all_of_it() {
    let rig = Rig::new();
    rig.polls(1).await;
    let (sink, _store) = scripted([Reply::Reject(vec![9])]);
    rig.drain(rig.worker("only").await, sink).await;
    assert!(letters(&rig)[0].is_about_the_entry());
    retry(&rig, &letters(&rig)).await;
    let rig = Rig {
        draining: CancellationToken::new(),
        ..rig
    };
    let (sink, mut store) = scripted([Reply::Reject(vec![9])]);
    rig.worker("only").await.redeliver(sink).await;
    assert_eq!(written(&mut store)[0].len(), 2);
    assert_eq!(letters(&rig)[0].attempts, 1, "the sink still says nonsense");
    retry(&rig, &letters(&rig)).await;
    let (sink, _store) = scripted([]);
    rig.worker("only").await.redeliver(sink).await;
    assert_eq!(letters(&rig), []);
}

#[tokio::test]
async fn what_cannot_be_tried_says_why() {
    let rig = refused().await;
    retry(&rig, &letters(&rig)).await;
    let connection = rusqlite::Connection::open(rig.journal.path()).unwrap();
    connection
        .execute("update dead_letter set seq = 77 where descriptor = ?1", [MILEAGE])
        .unwrap();
    let worker = Worker {
        select: serde_json::from_str(r#"{"descriptors":["mileage"]}"#).unwrap(),
        ..rig.worker("only").await
    };
    let (sink, mut store) = scripted([]);
    worker.redeliver(sink).await;
    assert_eq!(store.seqs(), Vec::<Vec<u64>>::new(), "the sink is not asked");
    let reasons: Vec<_> = letters(&rig)
        .into_iter()
        .map(|letter| {
            assert_eq!((letter.attempts, letter.retry), (1, false));
            letter.reason
        })
        .collect();
    assert!(reasons[0].contains("`select`"), "{reasons:?}");
    assert!(reasons[1].contains("no readings"), "{reasons:?}");
    assert_eq!(
        rig.journal
            .prune(
                noon() + SignedDuration::from_hours(1),
                vec!["only".to_owned()],
                u64::MAX
            )
            .await
            .unwrap(),
        1,
        "an entry with a dead letter stays"
    );
}

/// Not in the catalogue: its first value gives it its type.
pub(super) const UNKNOWN: &str = "vehicle.unknown.to.everybody";

pub(super) async fn append_unknown(rig: &Rig, value: &str, at: u64) -> journal::Appended {
    append_unknowns(rig, &[(value, at)]).await
}

/// Values of one descriptor in one entry.
pub(super) async fn append_unknowns(rig: &Rig, values: &[(&str, u64)]) -> journal::Appended {
    let reading = |(value, at): &(&str, u64)| {
        let body = format!(r#"{{"value":"{value}","timestamp":{at}}}"#);
        RawReading {
            descriptor: UNKNOWN.to_owned(),
            body: RawValue::from_string(body).unwrap(),
        }
    };
    let snapshot = RawSnapshot {
        vin: VINS[0].parse().unwrap(),
        origin: Origin::Poll,
        requested_at: Some(noon()),
        sent_at: None,
        received_at: noon(),
        readings: values.iter().map(reading).collect(),
    };
    let appended = rig
        .journal
        .append("home".into(), "telematics".into(), [snapshot].into());
    appended.await.unwrap().remove(0)
}

/// Another version of the program on the same journal, which takes the descriptor for another type.
pub(super) fn upgraded(rig: Rig, value_type: &str) -> Rig {
    let Rig {
        _state,
        journal,
        ledger,
        reader,
        ..
    } = rig;
    drop((journal, reader));
    let journal = super::journal(_state.path());
    let connection = rusqlite::Connection::open(journal.path()).unwrap();
    connection
        .execute("update descriptor_type set type = ?1", [value_type])
        .unwrap();
    Rig {
        reader: journal.reader(std::collections::HashMap::new()).unwrap(),
        journal,
        ledger,
        clock: Arc::new(ManualClock::jumping(noon())),
        draining: CancellationToken::new(),
        aborted: CancellationToken::new(),
        _state,
    }
}

/// The second entry has a text, and an earlier version of the program took the descriptor for a number and kept it so.
async fn misfit() -> (Rig, DeadLetter) {
    let rig = Rig::new();
    assert_eq!(append_unknown(&rig, "1", 1).await.new, 1);
    assert_eq!(append_unknown(&rig, "many", 2).await.new, 1);
    let rig = upgraded(rig, "number");
    let (seq, reason) = (2, "a text that does not fit the type number".to_owned());
    let kept = rusqlite::Connection::open(rig.journal.path()).unwrap();
    kept.execute(
        "insert into dead_letter (at, sink, seq, descriptor, position, reason) values (0, '', ?1, ?2, 0, ?3)",
        rusqlite::params![seq, UNKNOWN, reason],
    )
    .unwrap();
    let letter = letters(&rig).remove(0);
    (rig, letter)
}

#[tokio::test]
async fn what_fits_no_type_is_judged_by_what_is_known_today() {
    let (rig, letter) = misfit().await;
    assert_eq!(letter.sink, "");
    let Judgement::Refused(reason) = rig.reader.judge(letter.clone()).await.unwrap() else {
        panic!("many is no number");
    };
    assert!(reason.contains("does not fit the type number"), "{reason}");
    rig.journal.fail_dead_letter(letter.id, reason).await.unwrap();
    assert_eq!(letters(&rig)[0].attempts, 1);
    let (sink, _store) = scripted([]);
    rig.drain(rig.worker("only").await, sink).await;

    let rig = upgraded(rig, "text");
    let Judgement::Fits(entry) = rig.reader.judge(letter.clone()).await.unwrap() else {
        panic!("many is a text");
    };
    assert_eq!(entry.readings().len(), 1);
    rig.journal
        .readdress_dead_letter(letter, entry, vec!["only".into()])
        .await
        .unwrap();
    let addressed = letters(&rig);
    assert_eq!(addressed.len(), 1);
    assert!(addressed[0].retry && addressed[0].sink == "only");
    let (sink, mut store) = scripted([]);
    rig.worker("only").await.redeliver(sink).await;
    assert_eq!(written(&mut store), [[format!("2 {UNKNOWN}")]]);
    assert_eq!(letters(&rig), []);
    let repeat = append_unknown(&rig, "many", 2).await;
    assert_eq!(
        (repeat.repeats, repeat.rejected),
        (1, 0),
        "what was delivered is known"
    );
}

#[tokio::test]
async fn what_bmw_sent_is_shown_byte_by_byte() {
    let (rig, letter) = misfit().await;
    let sent = rig.journal.overview().unwrap().sent(&letter).unwrap().unwrap();
    assert_eq!(
        sent.readings,
        [(UNKNOWN.to_owned(), r#"{"value":"many","timestamp":2}"#.to_owned())]
    );
    assert_eq!((&*sent.account, &*sent.source), ("home", "telematics"));
    assert_eq!(letter.vin.unwrap().as_str(), VINS[0]);
}

#[tokio::test]
async fn a_dropped_letter_is_gone() {
    let rig = refused().await;
    let ids = vec![letters(&rig)[0].id];
    rig.journal.drop_dead_letters(ids).await.unwrap();
    assert_eq!(letters(&rig).len(), 1);
}

#[tokio::test]
async fn what_is_no_reading_any_more_does_not_vanish() {
    let rig = Rig::new();
    append_unknown(&rig, "some", 1).await;
    append_unknown(&rig, "2", 2).await;
    let rig = upgraded(rig, "number");
    let (sink, mut store) = scripted([]);
    rig.drain(rig.worker("only").await, sink).await;
    assert_eq!(store.seqs(), [[2]]);
    let (sink, _store) = scripted([]);
    let worker = Worker {
        select: serde_json::from_str(r#"{"descriptors":["soc"]}"#).unwrap(),
        ..rig.worker("other").await
    };
    rig.drain(worker, sink).await;
    let left = letters(&rig);
    assert_eq!(left.len(), 1, "one for the sink that selects it");
    assert_eq!(
        (&*left[0].sink, &*left[0].descriptor, left[0].seq),
        ("only", UNKNOWN, 1)
    );
    assert!(left[0].reason.contains("does not fit"), "{}", left[0].reason);

    retry(&rig, &left).await;
    let rig = upgraded(rig, "number");
    let (sink, mut store) = scripted([]);
    rig.worker("only").await.redeliver(sink).await;
    assert_eq!(store.seqs(), Vec::<Vec<u64>>::new());
    assert_eq!(letters(&rig)[0].attempts, 1);
    retry(&rig, &left).await;
    let rig = upgraded(rig, "text");
    let (sink, mut store) = scripted([]);
    rig.worker("only").await.redeliver(sink).await;
    assert_eq!(written(&mut store), [[format!("1 {UNKNOWN}")]]);
    assert_eq!(letters(&rig), []);
}

/// It stays beyond what is forgotten because of the letter.
#[tokio::test]
async fn a_damaged_entry_in_a_gap_settles_no_letter_with_another() {
    let rig = Rig::new();
    rig.polls(2).await;
    let (sink, _store) = scripted([Reply::Reject(vec![9])]);
    rig.drain(rig.worker("only").await, sink).await;
    retry(&rig, &letters(&rig)).await;
    let connection = rusqlite::Connection::open(rig.journal.path()).unwrap();
    let damage = "insert into gap values (1, 1); update log set checksum = null where seq = 1";
    connection.execute_batch(damage).unwrap();
    let rig = Rig {
        draining: CancellationToken::new(),
        ..rig
    };
    let (sink, mut store) = scripted([]);
    rig.worker("only").await.redeliver(sink).await;
    assert_eq!(store.seqs(), Vec::<Vec<u64>>::new());
    let left = letters(&rig);
    assert_eq!((left.len(), left[0].seq, left[0].attempts), (1, 1, 1));
    assert!(left[0].reason.contains("checksum"), "{}", left[0].reason);
}
