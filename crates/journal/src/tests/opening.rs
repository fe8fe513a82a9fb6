//! Journals that cannot be opened, and what is said about them.

use rusqlite::Connection;

use super::*;
use store::{Database, FILE, StoreError};

fn refused(state: &Path) -> StoreError {
    Store::open(state, &[SCHEMA]).unwrap_err()
}

#[test]
fn a_journal_of_a_later_version_is_left_alone() {
    let state = tempfile::tempdir().unwrap();
    drop(open(state.path()));
    let path = state.path().join(FILE);
    let connection = Connection::open(&path).unwrap();
    connection.pragma_update(None, "user_version", 99).unwrap();
    drop(connection);
    let error = refused(state.path());
    assert!(
        matches!(
            error,
            StoreError::Newer {
                found: 99,
                known: 8,
                ..
            }
        ),
        "{error:?}"
    );
    assert!(error.to_string().contains("upgrade"), "{error}");
    assert_eq!(inspect::<i64>(state.path(), "pragma user_version"), 99);
}

#[test]
fn a_database_of_somebody_else_is_left_alone() {
    let state = tempfile::tempdir().unwrap();
    let connection = Connection::open(state.path().join(FILE)).unwrap();
    connection.execute_batch("create table theirs (id)").unwrap();
    drop(connection);
    let error = refused(state.path());
    assert!(matches!(error, StoreError::Foreign { .. }), "{error:?}");
    assert!(error.to_string().contains(FILE), "{error}");
    assert_eq!(
        inspect::<u32>(state.path(), "select count(*) from sqlite_schema"),
        1
    );
    assert_eq!(inspect::<String>(state.path(), "pragma journal_mode"), "delete");
}

#[test]
fn a_file_that_is_no_database_is_left_alone() {
    let state = tempfile::tempdir().unwrap();
    let path = state.path().join(FILE);
    let text = "measured_at,vehicle,vin,descriptor\n".repeat(200);
    std::fs::write(&path, &text).unwrap();
    let error = refused(state.path());
    assert!(matches!(error, StoreError::Foreign { .. }), "{error:?}");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
}

#[test]
fn a_directory_that_is_not_there_is_named() {
    let state = tempfile::tempdir().unwrap();
    let error = refused(&state.path().join("none"));
    assert!(matches!(error, StoreError::Open { .. }), "{error:?}");
    assert!(error.to_string().contains("none"), "{error}");
    assert!(!Store::exists(&state.path().join("none")).unwrap());
}

#[test]
fn what_is_no_file_is_no_journal() {
    let state = tempfile::tempdir().unwrap();
    std::fs::create_dir(state.path().join(FILE)).unwrap();
    let error = refused(state.path());
    assert!(matches!(error, StoreError::Foreign { .. }), "{error:?}");
    assert!(matches!(
        Store::exists(state.path()),
        Err(StoreError::Foreign { .. })
    ));
}

#[test]
fn an_empty_file_becomes_a_journal() {
    let state = tempfile::tempdir().unwrap();
    std::fs::write(state.path().join(FILE), "").unwrap();
    drop(open(state.path()));
    assert!(Store::exists(state.path()).unwrap());
}

#[test]
fn each_journal_has_a_name_of_its_own_that_it_keeps() {
    let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let name = open(one.path()).log_id().clone();
    assert_eq!(open(one.path()).log_id(), &name);
    assert_ne!(open(two.path()).log_id(), &name);
}

#[test]
fn who_only_looks_knows_a_journal_from_what_is_none() {
    let state = tempfile::tempdir().unwrap();
    let path = state.path().join(FILE);
    let look = || Database::look(state.path());
    std::fs::write(&path, "").unwrap();
    assert!(look().unwrap().is_none(), "an empty file holds nothing yet");
    let connection = Connection::open(&path).unwrap();
    connection.execute_batch("create table theirs (id)").unwrap();
    assert!(matches!(look(), Err(StoreError::Foreign { .. })));
    drop(connection);
    std::fs::remove_file(&path).unwrap();
    drop(open(state.path()));
    assert!(look().unwrap().is_some());
    let connection = Connection::open(&path).unwrap();
    connection.pragma_update(None, "user_version", 99).unwrap();
    assert!(matches!(look(), Err(StoreError::Newer { found: 99, .. })));
    drop(connection);
}
