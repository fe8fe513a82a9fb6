//! A history that is packed is the same history.

use super::moving::{exported, import};
use super::*;
use crate::care::backup::backup;
use crate::care::restore::restore;
use crate::care::verify::verify;
use crate::log::deliver::{Acknowledgement, Rejected};
use crate::log::missing::Missing;
use crate::log::overview::Behind;
use crate::log::packed::pack::{PATIENCE, Packed, REST};
use crate::log::redelivery::{Redelivered, ReplayStep};
use crate::log::replay::ReplayRequest;

const POWER: &str = "vehicle.powertrain.electric.battery.charging.power";
/// More than two blocks.
pub(super) const MANY: i64 = 2_500;

/// A message of this minute after noon; every seventh has a misfit too, and every hundredth is a poll without anything.
pub(super) fn told(minute: i64) -> RawSnapshot {
    let mut readings = vec![soc(u32::try_from(minute % 100).unwrap(), minute)];
    if minute % 7 == 0 {
        readings.push(raw(POWER, &format!(r#"{{"value":"odd {minute}"}}"#)));
    }
    if minute % 100 == 50 {
        return poll(minute, Vec::new());
    }
    RawSnapshot {
        origin: Origin::Stream,
        requested_at: None,
        vin: vin(usize::from(minute % 3 == 0)),
        sent_at: Some(format!("{:.3}", time(NOON + minute * 60_000 + 250))),
        ..poll(minute, readings)
    }
}

/// Entries 1 to `count`, a minute apart.
pub(super) async fn many(state: &Path, count: i64) -> Journal {
    let journal = open(state);
    let told: Vec<RawSnapshot> = (0..count).map(told).collect();
    let appended = journal.append("home".into(), "stream".into(), told.into()).await;
    assert_eq!(appended.unwrap().last().unwrap().seq, u64::try_from(count).ok());
    journal
}

/// Behind entry `seq`.
pub(super) fn behind(seq: i64) -> Timestamp {
    poll(seq, vec![]).received_at
}

fn rows(state: &Path) -> (u64, u64) {
    let rows = inspect(state, "select count(*) from log");
    (rows, inspect(state, "select count(*) from packed"))
}

#[tokio::test]
async fn nothing_that_reads_sees_a_difference() {
    let state = tempfile::tempdir().unwrap();
    let journal = many(state.path(), MANY).await;
    journal.cursor("sink", 0).await.unwrap();
    let looks = async || {
        let overview = journal.overview().unwrap();
        let behind: Vec<Behind> = (0..2_600)
            .step_by(97)
            .map(|seq| overview.behind(seq).unwrap())
            .collect();
        let letters = overview.dead_letters().unwrap();
        let sent: Vec<_> = letters
            .iter()
            .map(|letter| overview.sent(letter).unwrap().unwrap())
            .collect();
        assert!(letters.iter().all(|letter| letter.vin.is_some()));
        (
            (exported(state.path()), behind, letters, sent),
            (
                read_all(&journal, 0, 300).await,
                read_all(&journal, 1_500, 7).await,
            ),
            reader(&journal).latest().await.unwrap(),
            (overview.newest_arrival().unwrap(), overview.log().unwrap()),
            overview.first_received_at().unwrap(),
            reader(&journal).entry(1_777).await.unwrap().unwrap().entries,
        )
    };
    let before = looks().await;
    assert_eq!(rows(state.path()), (2_500, 0));
    let packed = journal.pack(behind(MANY)).await.unwrap();
    // The last waits for more.
    assert_eq!(
        packed,
        Packed {
            blocks: 2,
            entries: 2_047
        }
    );
    assert_eq!(rows(state.path()), (453, 2));
    assert_eq!(looks().await, before);
    assert_eq!(journal.pack(behind(MANY)).await.unwrap(), Packed::default());
    let packed = journal.pack(behind(MANY) + PATIENCE).await.unwrap();
    assert_eq!(
        packed,
        Packed {
            blocks: 1,
            entries: 453
        }
    );
    assert_eq!(looks().await, before);
    let verified = verify(state.path(), |_| ()).unwrap();
    assert_eq!((verified.entries, verified.is_sound()), (2_500, true));
}

#[tokio::test]
async fn numbers_and_repeats_go_on() {
    let state = tempfile::tempdir().unwrap();
    let journal = many(state.path(), MANY).await;
    journal.pack(behind(MANY) + PATIENCE).await.unwrap();
    assert_eq!(rows(state.path()).0, 0);
    drop(journal);
    let journal = open(state.path());
    assert_eq!(*journal.newest().borrow(), 2_500);
    let again = journal
        .append("home".into(), "stream".into(), [told(1)].into())
        .await
        .unwrap();
    assert_eq!((again[0].seq, again[0].repeats), (None, 1));
    let next = append(&journal, poll(MANY, vec![soc(3, MANY)])).await;
    assert_eq!(next.seq, Some(2_501));
    let entries = read_all(&journal, 2_400, 50).await;
    assert_eq!(entries.last().unwrap().seq, 2_501);
}

#[tokio::test]
async fn what_is_young_waits_and_hides_nothing() {
    let state = tempfile::tempdir().unwrap();
    let journal = many(state.path(), 1_100).await;
    // Our own clock was wrong once.
    let late = RawSnapshot {
        received_at: behind(9_000_000),
        ..told(1_101)
    };
    let mut told: Vec<_> = (1_102..2_200).map(told).collect();
    told.insert(0, late);
    journal
        .append("home".into(), "stream".into(), told.into())
        .await
        .unwrap();
    let packed = journal.pack(behind(2_148)).await.unwrap();
    // 1 to 1,023 and 1,102 to 2,047; those that wait are behind the wrong clock and before the young ones.
    assert_eq!(
        packed,
        Packed {
            blocks: 2,
            entries: 1_023 + 946
        }
    );
    assert_eq!(
        inspect::<u64>(state.path(), "select max(first_seq) from packed"),
        1_102
    );
    assert!(REST.as_hours() >= 24);
}

#[tokio::test]
async fn what_is_damaged_stays_where_it_is() {
    let state = tempfile::tempdir().unwrap();
    let journal = many(state.path(), 1_200).await;
    let tampered = rusqlite::Connection::open(state.path().join(store::FILE)).unwrap();
    tampered
        .execute(
            "update log set payload = payload || ' ' where seq in (500, 700)",
            [],
        )
        .unwrap();
    tampered.execute("delete from log where seq = 705", []).unwrap();
    let packed = journal.pack(behind(1_200)).await.unwrap();
    // Four numbers between two damages are not worth a block.
    assert_eq!(
        packed,
        Packed {
            blocks: 3,
            entries: 499 + 199 + 318
        }
    );
    assert_eq!(rows(state.path()), (1_199 - 1_016, 3));
    let verified = verify(state.path(), |_| ()).unwrap();
    let places: Vec<_> = verified
        .damaged
        .iter()
        .map(|damage| (damage.first, damage.last))
        .collect();
    assert_eq!(places, [(500, 500), (700, 700), (705, 705)]);
    assert_eq!(read_all(&journal, 0, 100).await.len(), 1_197);
}

#[tokio::test]
async fn a_replay_counts_what_is_packed() {
    let state = tempfile::tempdir().unwrap();
    let journal = many(state.path(), MANY).await;
    journal.cursor("sink", 0).await.unwrap();
    let request = || ReplayRequest {
        sink: "sink".to_owned(),
        rewrite: true,
        ..ReplayRequest::default()
    };
    assert_eq!(journal.request_replay(request(), time(NOON)).await.unwrap(), None);
    journal.pack(behind(MANY)).await.unwrap();
    let acknowledge = async |last| {
        let acknowledgement = Acknowledgement {
            last,
            ..Acknowledgement::default()
        };
        journal
            .acknowledge("sink", time(NOON), acknowledgement)
            .await
            .unwrap();
    };
    acknowledge(1_500).await;
    let replay = journal
        .request_replay(request(), time(NOON))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        (replay.entries, replay.position, replay.last_seq),
        (1_500, 0, 1_500)
    );
    assert!(replay.request.rewrite && replay.erased_at.is_none());
    // Something is delivered live before the sink has erased what it holds.
    acknowledge(2_100).await;
    let replay = journal
        .note_erased(replay.id, time(NOON + 5))
        .await
        .unwrap()
        .unwrap();
    assert_eq!((replay.entries, replay.last_seq), (2_100, 2_100));
    assert_eq!(replay.erased_at, Some(time(NOON + 5)));
    for (position, done) in [(700, 700), (1_600, 1_600), (2_100, 2_100)] {
        let redelivered = Redelivered {
            replay: Some(ReplayStep {
                id: replay.id,
                position,
                readings: 1,
                rejected: 0,
            }),
            ..Redelivered::default()
        };
        journal
            .redelivered("sink", time(NOON + 9), redelivered)
            .await
            .unwrap();
        let replay = journal.overview().unwrap().replay(replay.id).unwrap().unwrap();
        assert_eq!((replay.done, replay.finished_at.is_some()), (done, done == 2_100));
    }
    assert_eq!(journal.note_erased(replay.id, time(NOON)).await.unwrap(), None);
}

#[tokio::test]
async fn a_block_is_forgotten_when_all_of_it_may_go() {
    let state = tempfile::tempdir().unwrap();
    let journal = many(state.path(), MANY).await;
    journal.pack(behind(MANY)).await.unwrap();
    let left = async || read_all(&journal, 0, 500).await.first().unwrap().seq;
    // Letters of the misfits keep every entry of the blocks.
    assert_eq!(journal.prune(behind(2_000), vec![], u64::MAX).await.unwrap(), 0);
    let letters = journal.overview().unwrap().dead_letters().unwrap();
    journal
        .drop_dead_letters(letters.iter().map(|letter| letter.id).collect())
        .await
        .unwrap();
    assert_eq!(journal.prune(behind(1_022), vec![], u64::MAX).await.unwrap(), 0);
    assert_eq!(
        journal.prune(behind(1_024), vec![], u64::MAX).await.unwrap(),
        1_023
    );
    assert_eq!(left().await, 1_024);
    journal.cursor("sink", 0).await.unwrap();
    assert_eq!(
        journal
            .prune(behind(2_300), vec!["sink".to_owned()], u64::MAX)
            .await
            .unwrap(),
        0
    );
    assert_eq!(
        journal.prune(behind(2_300), vec![], u64::MAX).await.unwrap(),
        1_024 + 253
    );
    let overview = journal.overview().unwrap();
    assert_eq!((left().await, overview.log().unwrap().snapshots), (2_301, 200));
    assert_eq!(overview.behind(0).unwrap().entries, 200);
    assert!(verify(state.path(), |_| ()).unwrap().is_sound());
    let missing = journal.missing(2_500).await.unwrap();
    let forgotten = missing.forgotten.unwrap();
    assert_eq!((forgotten.last, missing.damaged.len()), (2_300, 0));
    assert_eq!(forgotten.received_until, Some(told(2_299).received_at));
}

#[tokio::test]
async fn a_damaged_block_is_told_and_comes_back_from_lines() {
    let state = tempfile::tempdir().unwrap();
    let journal = many(state.path(), MANY).await;
    let lines = exported(state.path());
    journal.pack(behind(MANY)).await.unwrap();
    assert_eq!(journal.missing(2_500).await.unwrap(), Missing::default());
    let mut content: Vec<u8> = inspect(state.path(), "select content from packed where first_seq = 1024");
    content[900] ^= 4;
    let tampered = rusqlite::Connection::open(state.path().join(store::FILE)).unwrap();
    let tamper = "update packed set content = ?1 where first_seq = 1024";
    assert_eq!(tampered.execute(tamper, [content]).unwrap(), 1);
    let missing = journal.missing(1_500).await.unwrap();
    let places: Vec<_> = missing
        .damaged
        .iter()
        .map(|damage| (damage.first, damage.last))
        .collect();
    assert_eq!(places, [(1_024, 2_047)]);
    assert!(
        missing.damaged[0].to_string().contains("until 2026-03-03"),
        "{}",
        missing.damaged[0]
    );
    let batch = reader(&journal)
        .read(&"sink".into(), 900, 5_000)
        .await
        .unwrap()
        .unwrap();
    let letters: Vec<Rejected> = batch.dead_letters();
    assert!(
        matches!(&letters[..], [letter] if letter.seq == 1_024),
        "{letters:?}"
    );
    assert_eq!((batch.entries[0].seq, batch.last), (901, 2_500));
    let (summary, bad) = import(&journal, lines.as_bytes()).await.unwrap();
    assert_eq!(
        (summary.mended, summary.entries, summary.known, bad.len()),
        (1_024, 1_024, 1_476, 0)
    );
    assert_eq!(exported(state.path()), lines);
    assert_eq!(rows(state.path()).1, 1, "what was damaged is gone");
    assert_eq!(journal.pack(behind(MANY)).await.unwrap().entries, 1_024);
    assert_eq!(exported(state.path()), lines);
    assert_eq!(journal.overview().unwrap().log().unwrap().snapshots, 2_500);
}

#[tokio::test]
async fn a_backup_holds_the_blocks() {
    let [one, two] = [(); 2].map(|()| tempfile::tempdir().unwrap());
    let journal = many(one.path(), MANY).await;
    journal.pack(behind(MANY) + PATIENCE).await.unwrap();
    let lines = exported(one.path());
    let (file, tokens) = (two.path().join("backup"), one.path().join("tokens"));
    let made = backup(one.path(), &tokens, &file, time(NOON), false).unwrap();
    assert_eq!((made.entries, made.damaged.len()), (2_500, 0));
    let (state, now) = (two.path().join("state"), behind(MANY));
    std::fs::create_dir(&state).unwrap();
    restore(&file, &state, &state.join("tokens"), now, false, |_, _| Ok(())).unwrap();
    assert_eq!(exported(&state), lines);
    let restored = open(&state);
    let next = append(&restored, poll(MANY, vec![soc(3, MANY)]))
        .await
        .seq
        .unwrap();
    assert_eq!(next, u64::try_from(now.as_microsecond()).unwrap() + 1);
    let missing = restored.missing(next).await.unwrap();
    assert_eq!(
        (missing.left_out.len(), missing.left_out[0].clone()),
        (1, 2_501..=next - 1)
    );
    // The rows of one that was lost between backup and restore come back by its number, and stand beside the blocks.
    let late = append(&journal, poll(MANY + 1, vec![soc(4, MANY + 1)])).await;
    assert_eq!(late.seq, Some(2_501));
    let (summary, _) = import(&restored, exported(one.path()).as_bytes()).await.unwrap();
    assert_eq!((summary.mended, summary.known), (1, 2_500));
    assert_eq!(read_all(&restored, 2_499, 10).await.len(), 3);
}
