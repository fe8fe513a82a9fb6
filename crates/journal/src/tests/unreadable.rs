//! Pages that cannot be read and numbers that cannot be believed: what comes is stored all the same, or it is told what to do.

use std::sync::Arc;

use store::FILE;

use super::folding::{damaged, message};
use super::model::copied;
use super::*;
use crate::JournalError;
use crate::log::deliver::{Acknowledgement, Rejected};
use crate::log::redelivery::{Redelivered, ReplayStep};
use crate::log::replay::ReplayRequest;

/// What a kill leaves of so many messages, a minute apart with their number as value, of which the first is folded. All of
/// it is in the file, nothing in the log beside it.
async fn killed(messages: u32) -> tempfile::TempDir {
    let state = tempfile::tempdir().unwrap();
    let journal = open(state.path());
    append(&journal, told(1)).await;
    journal.flush().await.unwrap();
    let snapshots: Vec<_> = (2..=messages).map(told).collect();
    let appended = journal.append("home".into(), "telematics".into(), snapshots.into());
    assert_eq!(appended.await.unwrap().len() as u32, messages - 1);
    let killed = copied(state.path());
    let connection = rusqlite::Connection::open(killed.path().join(FILE)).unwrap();
    let written = "pragma wal_checkpoint(truncate)";
    connection.query_row(written, [], |_| Ok(())).unwrap();
    killed
}

fn told(number: u32) -> RawSnapshot {
    message(number.into(), vec![soc(number % 100, number.into())])
}

/// What is written over pages.
const GARBAGE: [u8; 4] = [0xff, 0x00, 0x0d, 0x05];

/// Fills a page of the file.
pub fn overwrite(state: &Path, page: usize, garbage: u8) {
    let file = state.join(FILE);
    let mut bytes = std::fs::read(&file).unwrap();
    let size = page_size(&bytes);
    bytes[(page - 1) * size..page * size].fill(garbage);
    std::fs::write(&file, bytes).unwrap();
}

fn page_size(file: &[u8]) -> usize {
    usize::from(u16::from_be_bytes([file[16], file[17]]))
}

/// The number of the first page that holds this text.
pub fn page_of(state: &Path, text: &[u8]) -> usize {
    let bytes = std::fs::read(state.join(FILE)).unwrap();
    let place = bytes.windows(text.len()).position(|found| found == text);
    place.unwrap() / page_size(&bytes) + 1
}

/// The page that a table or an index begins with.
pub fn root_of(state: &Path, table: &str) -> usize {
    let query = format!("select rootpage from sqlite_schema where name = '{table}'");
    inspect(state, &query)
}

/// The first page below the one that the log begins with.
fn first_below(state: &Path) -> usize {
    let bytes = std::fs::read(state.join(FILE)).unwrap();
    let page = |number: usize| &bytes[(number - 1) * 1_024..number * 1_024];
    let root = page(root_of(state, "log"));
    let cell = usize::from(u16::from_be_bytes([root[12], root[13]]));
    let child = u32::from_be_bytes(root[cell..cell + 4].try_into().unwrap());
    let child = usize::try_from(child).unwrap();
    assert_eq!((root[0], page(child)[0]), (5, 5), "two levels above the leaves");
    child
}

/// All sound entries are known, those on the page are told, and the journal goes on, also behind another kill.
async fn goes_on_without(state: &Path, messages: u32) {
    let [(first, last)] = damaged(state)[..] else {
        panic!("{:?}", damaged(state));
    };
    let sound = u64::from(messages) - (last - first + 1);
    let journal = open(state);
    let mut next = u64::from(messages);
    for number in [1, messages] {
        assert_eq!(append(&journal, told(number)).await.repeats, 1, "{number}");
    }
    for number in [last, u64::from(messages) + 1] {
        next += 1;
        let appended = append(&journal, told(u32::try_from(number).unwrap())).await;
        assert_eq!((appended.seq, appended.new), (Some(next), 1), "{number}");
    }
    for _ in 0..2 {
        journal.flush().await.unwrap();
        let folded: String = inspect(state, "select value from meta where key = 'folded'");
        assert_eq!(folded, next.to_string());
        next += 1;
        append(&journal, told(u32::try_from(next).unwrap())).await;
    }
    let entries = read_all(&journal, 0, 10_000).await;
    assert_eq!(entries.len() as u64, sound + 4);
    let readings: u64 = inspect(state, "select readings from counted");
    assert_eq!(readings, sound + 4);
    let batch = reader(&journal).read(&"test".into(), 0, 10_000).await;
    let batch = batch.unwrap().unwrap();
    assert_eq!((batch.damaged[0].first, batch.damaged[0].last), (first, last));
    let again = copied(state);
    assert_eq!(append(&open(again.path()), told(messages)).await.repeats, 1);
    let verified = crate::care::verify::verify(state, |_| ()).unwrap();
    let first_damage = &verified.damaged[0];
    assert_eq!((first_damage.first, first_damage.last), (first, last));
}

#[tokio::test]
async fn behind_a_kill_a_page_of_the_log_is_passed_over() {
    for garbage in GARBAGE {
        let state = killed(40).await;
        overwrite(state.path(), page_of(state.path(), b"T12:20:00.000Z"), garbage);
        goes_on_without(state.path(), 40).await;
    }
}

#[tokio::test]
async fn so_are_all_that_one_page_leads_to() {
    for garbage in GARBAGE {
        let state = killed(900).await;
        overwrite(state.path(), first_below(state.path()), garbage);
        let journal = open(state.path());
        let [(1, last)] = damaged(state.path())[..] else {
            panic!("{:?}", damaged(state.path()));
        };
        assert!((300..700).contains(&last), "{last}");
        assert_eq!(append(&journal, told(900)).await.repeats, 1);
        let lost = append(&journal, told(u32::try_from(last).unwrap())).await;
        assert_eq!((lost.seq, lost.new), (Some(901), 1));
        journal.flush().await.unwrap();
        journal.flush().await.unwrap();
        assert_eq!(read_all(&journal, 0, 10_000).await.len() as u64, 901 - last);
    }
}

/// What a journal tells of pages that it cannot do without.
async fn refused(state: &Path) -> Vec<JournalError> {
    let opened = Store::open(state, &[SCHEMA]).map_err(JournalError::from);
    let journal = match opened.and_then(|store| Journal::new(&store)) {
        Ok(journal) => journal,
        Err(error) => return vec![error],
    };
    let mut errors = Vec::new();
    for number in [20, 41] {
        let snapshots: Arc<[_]> = [told(number)].into();
        let appended = journal.append("home".into(), "telematics".into(), snapshots);
        errors.extend(appended.await.err());
        errors.extend(journal.flush().await.err());
    }
    errors
}

#[tokio::test]
async fn where_it_cannot_go_on_it_says_what_to_do() {
    let tables = ["log", "series", "total", "tally", "vehicle", "feed", "meta"];
    for place in tables.into_iter().chain(["the last"]) {
        let state = killed(40).await;
        let page = match place {
            "the last" => page_of(state.path(), b"T12:40:00.000Z"),
            table => root_of(state.path(), table),
        };
        overwrite(state.path(), page, 0xff);
        let errors = refused(state.path()).await;
        assert!(!errors.is_empty(), "{place}");
        for error in errors {
            let told = error.to_string();
            assert!(
                told.contains("cardata journal verify") && told.contains("RECOVERY.md"),
                "{place}: {told}"
            );
        }
    }
}

#[tokio::test]
async fn sums_that_cannot_be_read_keep_nothing_out() {
    for (table, can_be_flushed) in [
        ("total", false),
        ("tally", false),
        ("gap", true),
        ("packed", true),
    ] {
        let state = killed(40).await;
        overwrite(state.path(), root_of(state.path(), table), 0xff);
        let journal = open(state.path());
        for number in 41..44 {
            let appended = append(&journal, told(number)).await;
            assert_eq!(appended.seq, Some(number.into()), "{table}");
            assert_eq!(journal.flush().await.is_ok(), can_be_flushed, "{table}");
        }
    }
}

#[tokio::test]
async fn what_is_before_such_a_page_is_packed_and_nothing_else_suffers() {
    let state = killed(1_500).await;
    let page = page_of(state.path(), b"2026-03-02T09:40:00.000Z");
    overwrite(state.path(), page, 0xff);
    let lost = damaged(state.path());
    let journal = open(state.path());
    let later = time(NOON + 100 * 86_400_000);
    for blocks in [1, 0] {
        let message = told(2_000 + blocks);
        let (packed, appended) = tokio::join!(journal.pack(later), append(&journal, message));
        assert_eq!((packed.unwrap().blocks, appended.new), (blocks.into(), 1));
    }
    assert_eq!(damaged(state.path()), lost);
}

/// Changes the file behind the journal's back.
fn tamper(state: &Path, sql: &str) {
    let connection = rusqlite::Connection::open(state.join(FILE)).unwrap();
    assert!(connection.execute(sql, []).unwrap() > 0, "{sql}");
}

#[tokio::test]
async fn a_number_that_a_flipped_bit_made_leads_nowhere() {
    for number in [i64::MAX, 1 << 62, 1 << 40, -5, 0] {
        let state = killed(40).await;
        tamper(
            state.path(),
            &format!("update log set seq = {number} where seq = 20"),
        );
        let journal = open(state.path());
        assert_eq!(*journal.newest().borrow(), 40, "{number}");
        assert_eq!(append(&journal, told(41)).await.seq, Some(41), "{number}");
        assert_eq!(append(&journal, told(30)).await.repeats, 1, "{number}");
        journal.flush().await.unwrap();
        assert_eq!(damaged(state.path()), [(20, 20)], "{number}");
        assert_eq!(read_all(&journal, 0, 7).await.len(), 40, "{number}");
        drop(journal);
        assert_eq!(
            append(&open(state.path()), told(42)).await.seq,
            Some(42),
            "{number}"
        );
    }
}

#[tokio::test]
async fn a_number_is_not_given_again_because_its_entry_is_damaged() {
    let state = killed(40).await;
    tamper(state.path(), "update log set checksum = null where seq > 20");
    let journal = open(state.path());
    assert_eq!(append(&journal, told(40)).await.seq, Some(41));
    journal.flush().await.unwrap();
    assert_eq!(read_all(&journal, 0, 100).await.len(), 21);
}

#[tokio::test]
async fn a_gap_whose_end_was_changed_leads_nowhere() {
    let state = killed(40).await;
    let gap = format!("insert into gap values (30, {})", 1_i64 << 62);
    tamper(state.path(), &gap);
    assert_eq!(append(&open(state.path()), told(41)).await.seq, Some(41));
}

#[tokio::test]
async fn an_entry_beside_such_a_page_can_be_read_alone() {
    let state = killed(40).await;
    overwrite(state.path(), page_of(state.path(), b"T12:20:00.000Z"), 0xff);
    let [(first, last)] = damaged(state.path())[..] else {
        panic!("{:?}", damaged(state.path()));
    };
    let reader = reader(&open(state.path()));
    for seq in [first - 1, last + 1] {
        let batch = reader.entry(seq).await.unwrap().unwrap();
        assert_eq!((batch.entries.len(), batch.entries[0].seq), (1, seq));
    }
    for seq in [first, last] {
        let error = reader.entry(seq).await.unwrap_err();
        assert!(matches!(error, JournalError::DamagedEntry(_)), "{error}");
    }
}

#[tokio::test]
async fn the_letters_of_such_a_page_are_listed_with_the_others() {
    let state = killed(40).await;
    let journal = open(state.path());
    journal.cursor("sink", 0).await.unwrap();
    let rejected = [1, 10, 11, 12, 13, 20, 40].map(|seq| Rejected::entry(seq, "refused".to_owned()));
    let acknowledgement = Acknowledgement {
        last: 40,
        rejected: rejected.into(),
        ..Acknowledgement::default()
    };
    journal
        .acknowledge("sink", time(NOON), acknowledgement)
        .await
        .unwrap();
    journal.flush().await.unwrap();
    drop(journal);
    let connection = rusqlite::Connection::open(state.path().join(FILE)).unwrap();
    connection
        .query_row("pragma wal_checkpoint(truncate)", [], |_| Ok(()))
        .unwrap();
    drop(connection);
    overwrite(state.path(), page_of(state.path(), b"T12:20:00.000Z"), 0xff);
    let overview = open(state.path()).overview().unwrap();
    let letters = overview.dead_letters().unwrap();
    assert_eq!(letters.len(), 7);
    let lost = damaged(state.path());
    for letter in &letters {
        let is_lost = lost
            .iter()
            .any(|(first, last)| (*first..=*last).contains(&letter.seq));
        assert_eq!(
            (letter.is_damaged, letter.vin.is_none()),
            (is_lost, is_lost),
            "{letter:?}"
        );
        let is_damaged = matches!(overview.sent(letter), Err(JournalError::DamagedEntry(_)));
        assert_eq!(is_damaged, is_lost, "{letter:?}");
        assert_eq!(overview.dead_letter(letter.id).unwrap().as_ref(), Some(letter));
    }
    assert!(
        letters.iter().any(|letter| letter.is_damaged) && letters.iter().any(|letter| !letter.is_damaged)
    );
}

#[tokio::test]
async fn a_replay_goes_over_such_a_page() {
    for text in [b"T12:01:00.000Z", b"T12:20:00.000Z"] {
        let state = killed(40).await;
        overwrite(state.path(), page_of(state.path(), text), 0xff);
        let journal = open(state.path());
        let request = |sink: &str| ReplayRequest {
            sink: sink.to_owned(),
            ..ReplayRequest::default()
        };
        journal.cursor("only", 0).await.unwrap();
        assert_eq!(
            journal.request_replay(request("only"), time(NOON)).await.unwrap(),
            None
        );
        let acknowledgement = Acknowledgement {
            last: 40,
            ..Acknowledgement::default()
        };
        journal
            .acknowledge("only", time(NOON), acknowledgement)
            .await
            .unwrap();
        let asked = journal
            .request_replay(request("only"), time(NOON))
            .await
            .unwrap()
            .unwrap();
        assert_eq!((asked.position, asked.last_seq), (0, 40));
        journal.note_begun(asked.id).await.unwrap();
        for position in [30, 40] {
            let replay = Some(ReplayStep {
                id: asked.id,
                position,
                readings: 9,
                rejected: 0,
            });
            let step = Redelivered {
                replay,
                ..Redelivered::default()
            };
            journal.redelivered("only", time(NOON), step).await.unwrap();
        }
        let done = journal.overview().unwrap().replay(asked.id).unwrap().unwrap();
        assert_eq!((done.position, done.readings), (40, 18));
        assert_eq!(done.finished_at, Some(time(NOON)));
    }
}
