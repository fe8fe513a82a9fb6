//! A file of format 4 that is damaged, or has no room, on its way to format 5.

use rusqlite::Connection;
use store::{Database, FILE, StoreError};

use super::converting::{entry, format_4};
use super::unreadable::{overwrite, page_of, root_of};
use super::*;
use crate::care::verify::verify;

const READINGS: u64 = 150;

/// Entries 10 to 159 on top, on several pages: values 10 to 159, measured one minute after the other.
fn long_format_4(state: &Path) {
    format_4(state);
    let connection = Connection::open(state.join(FILE)).unwrap();
    for seq in 10..10 + READINGS {
        let stamp = format!("{:02}:{:02}:00", 13 + seq / 60, seq % 60);
        entry(
            &connection,
            seq,
            false,
            &[(SOC, &(seq % 100).to_string(), &stamp)],
        );
    }
}

fn told(state: &Path) -> Vec<(u64, u64)> {
    let found = verify(state, |_| ()).unwrap();
    let damaged = found.damaged.iter();
    damaged.map(|damage| (damage.first, damage.last)).collect()
}

/// A message that tells again what entry `seq` told.
fn again(seq: i64) -> RawSnapshot {
    let stamp = format!("2026-03-01T{:02}:{:02}:00Z", 13 + seq / 60, seq % 60);
    let value = seq % 100;
    let body = format!(r#"{{"value":"{value}","unit":"%","timestamp":"{stamp}"}}"#);
    folding::message(600 + seq, vec![raw(SOC, &body)])
}

#[tokio::test]
async fn a_page_of_the_log_that_cannot_be_read_keeps_no_entry_of_others_back() {
    for garbage in [0xff, 0x00, 0x0d, 0x05] {
        let state = tempfile::tempdir().unwrap();
        long_format_4(state.path());
        overwrite(state.path(), page_of(state.path(), b"T14:30:00Z"), garbage);
        let lost = told(state.path());
        assert!(matches!(lost[..], [(11..=90, 90..=158)]), "{lost:?}");
        let journal = open(state.path());
        let read = read_all(&journal, 0, 100).await;
        assert_eq!(read.len() as u64, 3 + READINGS - (lost[0].1 - lost[0].0 + 1));
        for (seq, new) in [(10, 0), (90, 1), (159, 0)] {
            assert_eq!(append(&journal, again(seq)).await.new, new, "{garbage:x} {seq}");
        }
        journal.flush().await.unwrap();
        assert_eq!(told(state.path()), lost, "{garbage:x}");
        assert_eq!(inspect::<u32>(state.path(), "pragma user_version"), 8);
    }
}

#[tokio::test]
async fn the_numbers_of_the_last_page_are_missing_and_not_given_again() {
    let state = tempfile::tempdir().unwrap();
    long_format_4(state.path());
    overwrite(state.path(), page_of(state.path(), b"T15:39:00Z"), 0xff);
    let journal = open(state.path());
    let lost = told(state.path());
    assert!(matches!(lost[..], [(100.., 159)]), "{lost:?}");
    assert_eq!(append(&journal, again(159)).await.seq, Some(160));
}

#[tokio::test]
async fn a_page_of_another_table_keeps_no_entry_back() {
    for table in ["seen", "series", "sqlite_autoindex_series_1", "gap"] {
        let state = tempfile::tempdir().unwrap();
        long_format_4(state.path());
        overwrite(state.path(), root_of(state.path(), table), 0xff);
        let journal = open(state.path());
        assert_eq!(read_all(&journal, 0, 100).await.len() as u64, 3 + READINGS);
        for seq in [10, 90, 159] {
            assert_eq!(append(&journal, again(seq)).await.repeats, 1, "{table} {seq}");
        }
        assert_eq!(
            append(&journal, poll(900, vec![soc(73, 900)])).await.seq,
            Some(160)
        );
        journal.flush().await.unwrap();
        // Without the gaps, what was forgotten is told as missing.
        let forgotten: &[_] = if table == "gap" { &[(1, 2), (6, 9)] } else { &[] };
        assert_eq!(told(state.path()), forgotten, "{table}");
    }
}

/// Gives the entry in this place of a page of the log another number, as a flipped bit would.
fn renumber(state: &Path, place: usize, to: u8) {
    let page = (root_of(state, "log") - 1) * 4_096;
    let file = state.join(FILE);
    let mut bytes = std::fs::read(&file).unwrap();
    let pointer = page + 8 + 2 * place;
    let cell = page + usize::from(u16::from_be_bytes([bytes[pointer], bytes[pointer + 1]]));
    assert!(bytes[cell] >= 0x80, "a length of two bytes");
    bytes[cell + 2] = to;
    std::fs::write(&file, bytes).unwrap();
}

#[tokio::test]
async fn a_damaged_row_takes_no_number_of_a_sound_one() {
    for (place, to, lost) in [(0, 4, 3), (1, 5, 4), (2, 4, 5)] {
        let state = tempfile::tempdir().unwrap();
        format_4(state.path());
        renumber(state.path(), place, to);
        let journal = open(state.path());
        let read = read_all(&journal, 0, 10).await;
        let seqs: Vec<_> = read.iter().map(|entry| entry.seq).collect();
        let sound: Vec<_> = (3..6).filter(|seq| *seq != lost).collect();
        assert_eq!(seqs, sound);
        assert_eq!(told(state.path()), [(lost, lost)]);
        let strays = journal.overview().unwrap().stray_entries().unwrap();
        assert_eq!(strays.len(), 1, "{strays:?}");
    }
}

#[tokio::test]
async fn without_room_the_old_file_stays_as_it_was_and_it_is_told_how_much_it_takes() {
    let state = tempfile::tempdir().unwrap();
    long_format_4(state.path());
    let file = state.path().join(FILE);
    let pages = inspect::<i64>(state.path(), "pragma page_count");
    for room in 0..5 {
        let database = Database::writable(&file).unwrap();
        let connection = store::sql::Access::connection(&database);
        let limit = format!("pragma max_page_count = {}", pages + room);
        connection.query_row(&limit, [], |_| Ok(())).unwrap();
        let error = database.migrate(&file, &[SCHEMA]).unwrap_err();
        assert!(
            matches!(&error, StoreError::NoRoom { needed, .. } if *needed > 4_096),
            "{error:?}"
        );
        assert!(error.to_string().contains("about 1 MiB"), "{error}");
        drop(database);
        assert_eq!(inspect::<u32>(state.path(), "pragma user_version"), 4);
        let tables = "select count(*) from sqlite_schema where name like '%_4' or name = 'packed'";
        assert_eq!(inspect::<u32>(state.path(), tables), 0);
        assert!(verify(state.path(), |_| ()).unwrap().is_sound());
    }
    let journal = open(state.path());
    assert_eq!(read_all(&journal, 0, 100).await.len() as u64, 3 + READINGS);
}

#[tokio::test]
async fn what_a_lost_series_had_is_no_other_ones() {
    let state = tempfile::tempdir().unwrap();
    format_4(state.path());
    let connection = Connection::open(state.path().join(FILE)).unwrap();
    connection
        .execute_batch("pragma foreign_keys = off; delete from series where id <> 2;")
        .unwrap();
    drop(connection);
    let journal = open(state.path());
    journal.flush().await.unwrap();
    let series = format!("select id from series where descriptor = '{SOC}'");
    assert_eq!(inspect::<u32>(state.path(), &series), 3, "that of a lost one");
    let seen = "select count(*) from seen where series_id = 3";
    assert_eq!(inspect::<u32>(state.path(), seen), 2, "71 and 72");
}
