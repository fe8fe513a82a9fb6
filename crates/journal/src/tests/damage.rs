//! A journal that is not what was written: told with its place, and everything else is read.

use entry_form::Stored;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use rusqlite::Connection;

use super::*;
use crate::care::export::{Wanted, export};
use crate::care::verify::verify;
use crate::log::scan::{Damage, Scan};
use store::FILE;

/// Changes the file behind the journal's back.
fn tamper(state: &Path, sql: &str) {
    let changed = Connection::open(state.join(FILE))
        .unwrap()
        .execute(sql, [])
        .unwrap();
    assert!(changed > 0, "{sql}");
}

fn tamper_all(state: &Path, sql: &str) {
    Connection::open(state.join(FILE))
        .unwrap()
        .execute_batch(sql)
        .unwrap();
}

/// Everything that can be read and everything that is told as damaged.
fn read_through(state: &Path) -> Result<(Vec<Stored>, Vec<Damage>), crate::JournalError> {
    read_by(state, 7)
}

fn read_by(state: &Path, at_once: usize) -> Result<(Vec<Stored>, Vec<Damage>), crate::JournalError> {
    let mut scan = Scan::open(&state.join(FILE))?;
    let (mut entries, mut damaged, mut after) = (Vec::new(), Vec::new(), 0);
    while let Some(stretch) = scan.stretch(after, at_once)? {
        assert!(stretch.last > after, "every stretch leads on");
        after = stretch.last;
        entries.extend(stretch.entries);
        damaged.extend(stretch.damaged);
    }
    damaged.extend(scan.beyond(after));
    Ok((entries, damaged))
}

async fn filled(state: &Path, entries: i64) -> Journal {
    let journal = open(state);
    for minute in 0..entries {
        append(&journal, poll(minute, vec![soc(70, minute)])).await;
    }
    journal
}

#[tokio::test]
async fn a_damaged_entry_is_passed_over_and_leaves_a_dead_letter() {
    let state = tempfile::tempdir().unwrap();
    let journal = filled(state.path(), 5).await;
    tamper(
        state.path(),
        "update log set payload = replace(payload, '70', '71') where seq = 2",
    );
    tamper(
        state.path(),
        "update log set received_at = received_at + 1 where seq = 4",
    );
    tamper(state.path(), "update log set checksum = null where seq = 5");
    let batch = reader(&journal)
        .read(&"test".into(), 0, 100)
        .await
        .unwrap()
        .unwrap();
    let seqs: Vec<_> = batch.entries.iter().map(|entry| entry.seq).collect();
    assert_eq!((seqs, batch.last), (vec![1, 3], 5));
    let letters = batch.dead_letters();
    let places: Vec<_> = letters
        .iter()
        .map(|letter| (letter.seq, &*letter.descriptor))
        .collect();
    assert_eq!(places, [(2, ""), (4, ""), (5, "")]);
    assert!(
        letters[0]
            .reason
            .contains("entry 2 (v7a12345, 2026-03-02T12:01:01Z)"),
        "{}",
        letters[0].reason
    );
}

#[tokio::test]
async fn a_payload_that_nobody_can_read_is_damage_also_with_a_right_checksum() {
    let state = tempfile::tempdir().unwrap();
    let journal = filled(state.path(), 3).await;
    let (entries, _) = read_through(state.path()).unwrap();
    let payload = r#"{"v":2,"readings":[]}"#;
    let second = &entries[1];
    let content = entry_form::Content {
        seq: 2,
        vin: second.vin.as_str(),
        account: "home",
        source: "telematics",
        origin: "poll",
        requested_at: second.requested_at.map(|at| at.as_millisecond()),
        received_at: second.received_at.as_millisecond(),
        readings: 1,
        repeats: 0,
        payload,
        context: None,
    };
    let sql = format!(
        "update log set payload = '{payload}', checksum = {} where seq = 2",
        content.checksum()
    );
    tamper(state.path(), &sql);
    let batch = reader(&journal)
        .read(&"test".into(), 0, 100)
        .await
        .unwrap()
        .unwrap();
    assert_eq!((batch.entries.len(), batch.damaged.len()), (2, 1));
    assert!(
        batch.damaged[0].reason.contains("version 2"),
        "{}",
        batch.damaged[0]
    );
}

#[tokio::test]
async fn an_entry_that_is_not_there_is_missed_but_not_one_that_was_forgotten() {
    let state = tempfile::tempdir().unwrap();
    let journal = filled(state.path(), 9).await;
    let forgotten = journal
        .prune(poll(2, vec![]).received_at, vec![], u64::MAX)
        .await
        .unwrap();
    assert_eq!(forgotten, 2);
    tamper(state.path(), "delete from log where seq in (5, 6, 9)");
    let (entries, damaged) = read_through(state.path()).unwrap();
    let seqs: Vec<_> = entries.iter().map(|entry| entry.seq).collect();
    assert_eq!(seqs, [3, 4, 7, 8]);
    let places: Vec<_> = damaged.iter().map(|damage| (damage.first, damage.last)).collect();
    assert_eq!(places, [(5, 6), (9, 9)]);
    // The next entry has a number of its own all the same.
    assert_eq!(append(&journal, poll(20, vec![soc(1, 20)])).await.seq, Some(10));
}

#[tokio::test]
async fn a_number_that_was_changed_hides_no_other() {
    let state = tempfile::tempdir().unwrap();
    let journal = filled(state.path(), 9).await;
    drop(journal);
    tamper(state.path(), "update log set seq = 1000000 where seq = 4");
    let (entries, damaged) = read_through(state.path()).unwrap();
    let seqs: Vec<_> = entries.iter().map(|entry| entry.seq).collect();
    assert_eq!(seqs, [1, 2, 3, 5, 6, 7, 8, 9]);
    assert_eq!((damaged[0].first, damaged[0].last), (4, 4));
}

#[tokio::test]
async fn nor_does_the_changed_number_of_a_block() {
    let state = tempfile::tempdir().unwrap();
    let journal = packing::many(state.path(), 14_000).await;
    journal.pack(poll(13_400, vec![]).received_at).await.unwrap();
    journal.store.checkpoint().await;
    drop(journal);
    // Without the pages in which the packed entries were rows.
    tamper_all(state.path(), "vacuum; pragma wal_checkpoint(truncate)");
    let sound = std::fs::read(state.path().join(FILE)).unwrap();
    let size = usize::from(u16::from_be_bytes([sound[16], sound[17]]));
    let number = |page: &[u8], at: usize| usize::from(u16::from_be_bytes([page[at], page[at + 1]]));
    // The leaf with the block of 4,096 among others: cells of two bytes for the size of the row, and two for its number.
    let is_it = |page: &[u8], at: usize| page[0] == 0x0d && page[at + 2..at + 4] == [0xa0, 0x00];
    let place = sound.chunks(size).enumerate().find_map(|(index, page)| {
        let cells = 0..number(page, 3).min(size / 4);
        let at = |cell: usize| number(page, 8 + 2 * cell);
        let cell = cells
            .clone()
            .find(|cell| at(*cell) + 4 < size && is_it(page, at(*cell)))?;
        (cells.len() > 2).then(|| index * size + at(cell) + 2)
    });
    let place = place.expect("a block among others on its page");
    // A number greater than all others, one in their midst and one smaller than all.
    for changed in [[0xff, 0x7f], [0xc8, 0x01], [0x80, 0x02]] {
        let mut bytes = sound.clone();
        bytes[place..place + 2].copy_from_slice(&changed);
        std::fs::write(state.path().join(FILE), &bytes).unwrap();
        for at_once in [7, 1_500, 50_000] {
            let (entries, damaged) = read_by(state.path(), at_once).unwrap();
            let told: Vec<_> = damaged.iter().map(|damage| (damage.first, damage.last)).collect();
            assert_eq!(told, [(4_096, 5_119)], "{changed:x?}, {at_once} at once");
            assert_eq!(entries.len(), 14_000 - 1_024);
        }
    }
}

#[tokio::test]
async fn bytes_flipped_anywhere_alter_nothing_in_silence() {
    let state = tempfile::tempdir().unwrap();
    let journal = filled(state.path(), 1_500).await;
    let large = format!(r#"{{"value":"{}"}}"#, "x".repeat(20_000));
    append(&journal, poll(2_000, vec![raw("vehicle.new", &large)])).await;
    append(&journal, poll(2_001, vec![soc(71, 2_001)])).await;
    journal.store.checkpoint().await;
    drop(journal);
    let (hurt, refused) = flipped(state.path(), 1_502, 150);
    assert!(hurt > 100 && refused < 80, "{hurt} hurt, {refused} refused");
}

#[tokio::test]
async fn nor_do_they_in_packed_blocks() {
    let state = tempfile::tempdir().unwrap();
    let journal = packing::many(state.path(), 2_500).await;
    journal.pack(poll(2_200, vec![]).received_at).await.unwrap();
    journal.store.checkpoint().await;
    drop(journal);
    // Without the pages in which the packed entries were rows.
    tamper_all(state.path(), "vacuum; pragma wal_checkpoint(truncate)");
    let (hurt, refused) = flipped(state.path(), 2_500, 150);
    assert!(hurt > 100 && refused < 80, "{hurt} hurt, {refused} refused");
}

/// The whole file is fair game. Each time every entry is either as it was or told as damaged; a journal whose
/// very beginning is hit may be refused as a whole. Returns how often it was hurt and how often refused.
fn flipped(state: &Path, entries: usize, rounds: usize) -> (usize, usize) {
    let (truth, damaged) = read_through(state).unwrap();
    assert_eq!((truth.len(), damaged.len()), (entries, 0));
    let sound = std::fs::read(state.join(FILE)).unwrap();
    let mut random = StdRng::seed_from_u64(20_260_301);
    let (mut refused, mut hurt) = (0, 0);
    for round in 0..rounds {
        let copy = tempfile::tempdir().unwrap();
        let mut bytes = sound.clone();
        for _ in 0..random.random_range(1..=4) {
            let at = random.random_range(0..bytes.len());
            if round % 3 == 0 {
                // A sector that was never written.
                let sector = at / 512 * 512;
                bytes[sector..(sector + 512).min(sound.len())].fill(0);
            } else {
                bytes[at] ^= 1 << random.random_range(0..8);
            }
        }
        std::fs::write(copy.path().join(FILE), &bytes).unwrap();
        // One look after the other meets damage at other places than a long one.
        for at_once in [7, 5_000] {
            let Ok((entries, damaged)) = read_by(copy.path(), at_once) else {
                refused += 1;
                continue;
            };
            hurt += usize::from(!damaged.is_empty());
            let lost = lost_in_silence(&truth, &entries, &damaged);
            assert_eq!(lost, None, "round {round}, {at_once} at once: {damaged:?}");
        }
        let _ = verify(copy.path(), |_| ());
    }
    (hurt, refused)
}

/// The number of an entry that is neither told nor read as it was, or is both.
fn lost_in_silence(truth: &[Stored], entries: &[Stored], damaged: &[Damage]) -> Option<u64> {
    let mut left = entries.iter().peekable();
    for wanted in truth {
        let told = damaged.iter().any(|damage| tells(damage, wanted.seq));
        if told == (left.next_if(|found| *found == wanted).is_some()) {
            return Some(wanted.seq);
        }
    }
    left.next().map(|entry| entry.seq)
}

fn tells(damage: &Damage, seq: u64) -> bool {
    let is_open = damage.reason.contains("does not tell how many");
    damage.first <= seq && (is_open || seq <= damage.last)
}

#[tokio::test]
async fn an_export_that_cannot_know_the_end_says_so() {
    let state = tempfile::tempdir().unwrap();
    let journal = filled(state.path(), 300).await;
    journal.store.checkpoint().await;
    // The page from which all others of the log are found.
    let root: usize = inspect(
        state.path(),
        "select rootpage from sqlite_schema where name = 'log'",
    );
    let mut bytes = std::fs::read(state.path().join(FILE)).unwrap();
    let page = usize::from(bytes[16]) * 256;
    bytes[(root - 1) * page..root * page].fill(0);
    let copy = tempfile::tempdir().unwrap();
    std::fs::write(copy.path().join(FILE), &bytes).unwrap();
    let (wanted, now) = (Wanted::default(), Timestamp::UNIX_EPOCH);
    let mut damaged = Vec::new();
    let exported = export(
        copy.path(),
        &wanted,
        now,
        &mut Vec::new(),
        |damage| damaged.push(damage.to_string()),
        |_| (),
    );
    assert_eq!(exported.unwrap().entries, 0);
    assert!(
        matches!(&damaged[..], [told] if told.contains("does not tell how many")),
        "{damaged:?}"
    );
}
