//! Backups, restores, migrations, and the space that a journal takes.

use rusqlite::Connection;

use super::*;
use crate::care::backup::{Backup, BackupError, backup};
use crate::care::restore::{RestoreError, Restored, finish, restore};
use crate::care::verify::verify;
use crate::log::deliver::Acknowledgement;
use crate::log::overview::Overview;
use store::FILE;

struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Self {
        let place = Self(tempfile::tempdir().unwrap());
        std::fs::create_dir(place.state()).unwrap();
        place
    }

    fn state(&self) -> std::path::PathBuf {
        self.0.path().join("state")
    }

    fn tokens(&self) -> std::path::PathBuf {
        self.state().join("tokens")
    }

    fn log_in(&self, content: &str) {
        std::fs::create_dir_all(self.tokens()).unwrap();
        std::fs::write(self.tokens().join("home.json"), content).unwrap();
        std::fs::write(self.tokens().join("home.json.lock"), "").unwrap();
    }

    fn token(&self) -> Option<String> {
        std::fs::read_to_string(self.tokens().join("home.json")).ok()
    }

    fn back_up(&self, file: &Path) -> Result<Backup, BackupError> {
        backup(&self.state(), &self.tokens(), file, time(NOON), false)
    }

    fn restore(&self, file: &Path, replace: bool) -> Result<Restored, RestoreError> {
        restore(
            file,
            &self.state(),
            &self.tokens(),
            time(NOON + 1_000),
            replace,
            |_, _| Ok(()),
        )
    }
}

async fn polls(journal: &Journal, minutes: std::ops::Range<i64>) {
    for minute in minutes {
        append(journal, poll(minute, vec![soc(70, minute)])).await;
    }
}

async fn acknowledge(journal: &Journal, last: u64) {
    journal.cursor("sink", 0).await.unwrap();
    let acknowledgement = Acknowledgement {
        last,
        ..Acknowledgement::default()
    };
    journal
        .acknowledge("sink", time(NOON), acknowledgement)
        .await
        .unwrap();
}

#[tokio::test]
async fn a_backup_beside_a_writer_goes_on_where_it_was_made_on_an_empty_machine() {
    let (one, two) = (Place::new(), Place::new());
    let file = one.0.path().join("backup.db");
    let journal = open(&one.state());
    polls(&journal, 0..3).await;
    acknowledge(&journal, 2).await;
    journal.flush().await.unwrap();
    one.log_in("secret");
    let made = one.back_up(&file).unwrap();
    assert_eq!((made.entries, made.token_files, made.damaged.len()), (3, 1, 0));
    polls(&journal, 3..5).await;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(&file).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    assert!(matches!(one.back_up(&file), Err(BackupError::Exists(_))));
    assert!(
        Store::open(file.parent().unwrap(), &[SCHEMA]).is_ok(),
        "a backup is not in the way of a journal"
    );

    let restored = two.restore(&file, false).unwrap();
    assert_eq!(
        (restored.entries, restored.token_files, restored.aside),
        (3, 1, None)
    );
    assert_eq!(two.token().as_deref(), Some("secret"));
    let moved = open(&two.state());
    assert_eq!(moved.log_id(), journal.log_id());
    assert_eq!(moved.cursor("sink", 0).await.unwrap(), 2);
    // What was there is known, what is new has a number that nobody else used.
    let next = append(&moved, poll(9, vec![soc(70, 0), soc(71, 9)])).await;
    assert_eq!((next.new, next.repeats), (1, 1));
    assert!(next.seq.unwrap() > *journal.newest().borrow());
    let seqs: Vec<_> = read_all(&moved, 2, 1)
        .await
        .iter()
        .map(|entry| entry.seq)
        .collect();
    assert_eq!(seqs, [3, next.seq.unwrap()]);
    assert!(
        verify(&two.state(), |_| ()).unwrap().is_sound(),
        "numbers that were left out are no damage"
    );
    assert_eq!(
        std::fs::read_dir(two.state())
            .unwrap()
            .filter(|entry| {
                entry
                    .as_ref()
                    .unwrap()
                    .file_name()
                    .to_string_lossy()
                    .starts_with(".restore")
            })
            .count(),
        0
    );
}

#[tokio::test]
async fn a_restore_over_a_state_keeps_it_aside_and_never_gives_a_number_again() {
    let place = Place::new();
    let file = place.0.path().join("backup.db");
    let journal = open(&place.state());
    polls(&journal, 0..3).await;
    place.log_in("old");
    place.back_up(&file).unwrap();
    polls(&journal, 3..6).await;
    place.log_in("newer");
    std::fs::write(place.tokens().join("other.json"), "another account").unwrap();
    drop(journal);
    assert!(matches!(
        place.restore(&file, false),
        Err(RestoreError::NotEmpty(_))
    ));
    assert_eq!(place.token().as_deref(), Some("newer"));

    let mut used = std::collections::HashSet::from([4, 5, 6]);
    for round in 0..2 {
        let restored = place.restore(&file, true).unwrap();
        let aside = restored.aside.unwrap();
        let name = aside.file_name().unwrap().to_string_lossy().into_owned();
        assert!(name.starts_with("state.before-restore-") && aside.parent() == place.state().parent());
        if round == 0 {
            assert_eq!(inspect::<u64>(&aside, "select count(*) from log"), 6);
            let kept = std::fs::read_to_string(aside.join("tokens/home.json")).unwrap();
            assert_eq!(kept, "newer");
            std::fs::rename(&aside, aside.with_extension("first")).unwrap();
        }
        assert_eq!(place.token().as_deref(), Some("old"));
        assert!(!place.tokens().join("other.json").exists());
        let journal = open(&place.state());
        assert_eq!(inspect::<u64>(&place.state(), "select count(*) from log"), 3);
        for minute in 10..12 {
            let next = append(&journal, poll(minute, vec![soc(70, minute)])).await;
            assert!(used.insert(next.seq.unwrap()), "{:?} again", next.seq);
        }
    }
}

#[tokio::test]
async fn a_restore_that_was_interrupted_is_finished_by_the_next_who_comes() {
    let (one, two) = (Place::new(), Place::new());
    let file = one.0.path().join("backup.db");
    polls(&open(&one.state()), 0..1).await;
    one.log_in("secret");
    one.back_up(&file).unwrap();
    two.restore(&file, false).unwrap();
    // As it is between the rename and the token files.
    std::fs::remove_file(two.tokens().join("home.json")).unwrap();
    let connection = Connection::open(two.state().join(FILE)).unwrap();
    connection
        .execute_batch(
            "create table restored_file (name text primary key, content blob, checksum integer);
             insert into restored_file values ('home.json', cast('secret' as blob), 0)",
        )
        .unwrap();
    drop(connection);
    assert_eq!(finish(&two.state(), &two.tokens()).unwrap(), 1);
    assert_eq!(two.token().as_deref(), Some("secret"));
    std::fs::write(two.tokens().join("home.json"), "refreshed").unwrap();
    assert_eq!(finish(&two.state(), &two.tokens()).unwrap(), 0, "once");
    assert_eq!(two.token().as_deref(), Some("refreshed"));
}

#[tokio::test]
async fn what_is_no_sound_backup_changes_nothing() {
    let (one, two) = (Place::new(), Place::new());
    let file = one.0.path().join("backup.db");
    polls(&open(&one.state()), 0..200).await;
    one.log_in("secret");
    one.back_up(&file).unwrap();
    let sound = std::fs::read(&file).unwrap();
    let before = std::fs::read_dir(two.state()).unwrap().count();
    let mut short = sound.clone();
    short.truncate(sound.len() / 2);
    let mut torn = sound.clone();
    torn[sound.len() / 3 / 4096 * 4096..][..4096].fill(0);
    for (bytes, wanted) in [
        (b"no database".repeat(500), "not a backup"),
        (std::fs::read(one.state().join(FILE)).unwrap(), "not a backup"),
        (Vec::new(), "not a backup"),
        (short, "damaged"),
        (torn, "damaged"),
    ] {
        std::fs::write(&file, &bytes).unwrap();
        let error = two.restore(&file, false).unwrap_err();
        assert!(error.to_string().contains(wanted), "{wanted}: {error}");
        assert_eq!(std::fs::read_dir(two.state()).unwrap().count(), before);
    }
}

#[tokio::test]
async fn an_entry_that_was_damaged_before_is_told_and_a_damaged_login_left_out() {
    let (one, two) = (Place::new(), Place::new());
    let file = one.0.path().join("backup.db");
    polls(&open(&one.state()), 0..3).await;
    one.log_in("secret");
    let alter =
        |path: &Path, sql: &str| assert_eq!(Connection::open(path).unwrap().execute(sql, []).unwrap(), 1);
    alter(
        &one.state().join(FILE),
        "update log set repeats = 7 where seq = 2",
    );
    assert_eq!(one.back_up(&file).unwrap().damaged[0].first, 2);
    alter(&file, "update backup_file set content = cast('wrong!' as blob)");
    let restored = two.restore(&file, false).unwrap();
    assert_eq!(
        (restored.damaged.len(), restored.damaged_files),
        (1, vec!["home.json".to_owned()])
    );
    assert_eq!(two.token(), None);
}

/// Somebody had it in his hands: what would run by itself, and names that lead elsewhere.
#[tokio::test]
async fn a_backup_that_was_meddled_with_moves_nothing() {
    let (one, two) = (Place::new(), Place::new());
    let file = one.0.path().join("backup.db");
    polls(&open(&one.state()), 0..3).await;
    one.log_in("secret");
    one.back_up(&file).unwrap();
    let names = [
        "",
        ".",
        "..",
        "../home.json",
        "a\\b",
        "a\0b",
        "a\nb",
        &"x".repeat(300),
    ];
    for name in names {
        let connection = Connection::open(&file).unwrap();
        let add =
            "insert into backup_file select ?1, content, checksum from backup_file where name = 'home.json'";
        connection.execute(add, [name]).unwrap();
    }
    let mut left_out = two.restore(&file, false).unwrap().damaged_files;
    left_out.sort();
    let mut expected = names.map(str::to_owned);
    expected.sort();
    assert_eq!(left_out, expected);
    assert_eq!(two.token().as_deref(), Some("secret"));

    let trigger = "create trigger t after update on cursor begin delete from log; end";
    Connection::open(&file).unwrap().execute_batch(trigger).unwrap();
    let before = std::fs::read_dir(two.state()).unwrap().count();
    let error = two.restore(&file, true).unwrap_err();
    assert!(
        matches!(&error, RestoreError::Damaged { reason, .. } if reason.contains("triggers")),
        "{error}"
    );
    assert_eq!(std::fs::read_dir(two.state()).unwrap().count(), before);
}

#[tokio::test]
async fn space_of_forgotten_entries_is_given_back_and_nothing_else() {
    let state = tempfile::tempdir().unwrap();
    let journal = open(state.path());
    let text = "x".repeat(4_000);
    for minute in 0..200 {
        let large = raw("vehicle.new", &format!(r#"{{"value":"{text}{minute}"}}"#));
        append(&journal, poll(minute, vec![large])).await;
    }
    let letter = crate::log::deliver::Rejected {
        seq: 9,
        descriptor: "vehicle.new".into(),
        reading: None,
        reason: "no".into(),
    };
    journal.cursor("sink", 0).await.unwrap();
    let acknowledgement = Acknowledgement {
        last: 200,
        readings: 199,
        rejected: vec![letter],
    };
    journal
        .acknowledge("sink", time(NOON), acknowledgement)
        .await
        .unwrap();
    let removed = journal
        .prune(poll(190, vec![]).received_at, vec!["sink".into()], u64::MAX)
        .await
        .unwrap();
    assert_eq!(removed, 189, "all but one that has a dead letter");
    drop(journal);
    let look = || {
        let overview = Overview::open(state.path()).unwrap().unwrap();
        let letters = overview.dead_letters().unwrap().len();
        (
            overview.free_bytes().unwrap(),
            overview.log().unwrap(),
            letters,
            overview.arrivals().unwrap(),
        )
    };
    let before = look();
    let compacted = store::compact(state.path(), &[SCHEMA]).unwrap();
    let after = look();
    assert!(compacted.after * 2 < compacted.before, "{compacted:?}");
    assert!(before.0 > 500_000 && after.0 == 0, "{before:?}");
    assert_eq!((after.1.entries, after.1.readings, after.2), (11, 11, 1));
    assert_eq!(after.3, before.3);
    let verified = verify(state.path(), |_| ()).unwrap();
    assert!(verified.is_sound() && verified.entries == 11, "{verified:?}");
}

#[test]
fn a_backup_fills_its_own_disk_and_not_that_of_the_state() {
    let full = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_FULL);
    let text = BackupError::from(rusqlite::Error::SqliteFailure(full, None)).to_string();
    assert!(text.contains("disk of the backup"), "{text}");
}
