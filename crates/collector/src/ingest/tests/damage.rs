//! A page of the table of what was seen that cannot be read, met by what a stream brings.

use super::*;

fn snapshots(seconds: std::ops::Range<i64>) -> Arc<[RawSnapshot]> {
    let messages = seconds.map(|second| match message(0, second) {
        Received::Snapshot(snapshot) => snapshot,
        Received::Stray(_) => unreachable!("a message is a snapshot"),
    });
    messages.collect()
}

async fn store(state: &OpenState, seconds: std::ops::Range<i64>) -> Appended {
    let (account, source) = ("home".into(), "stream".into());
    let stored = state.append(&account, &source, snapshots(seconds), Arc::default());
    stored
        .await
        .unwrap()
        .appended
        .iter()
        .fold(Appended::default(), together)
}

/// Zeroes the head of the last page of a table.
fn behead(file: &std::path::Path, table: &str) {
    let database = store::Database::read_only(file).unwrap();
    let root = format!("select rootpage from sqlite_schema where name = '{table}'");
    let root: usize = database.one(&root, [], |row| row.get(0)).unwrap();
    let size: usize = database.one("pragma page_size", [], |row| row.get(0)).unwrap();
    drop(database);
    let mut bytes = std::fs::read(file).unwrap();
    let page = &bytes[(root - 1) * size..root * size];
    assert_eq!(page[0], 2, "it is the page above others");
    let last = u32::from_be_bytes(page[8..12].try_into().unwrap()) as usize;
    bytes[(last - 1) * size..][..8].fill(0);
    std::fs::write(file, bytes).unwrap();
}

#[tokio::test]
async fn what_comes_is_stored_and_what_came_is_known() {
    let (first, second) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let state = OpenState::open(first.path()).unwrap();
    store(&state, 0..500).await;
    state.journal.flush().await.unwrap();
    state.store.checkpoint().await;
    let file = second.path().join(store::FILE);
    std::fs::copy(first.path().join(store::FILE), &file).unwrap();
    behead(&file, "seen");
    let state = OpenState::open(second.path()).unwrap();
    let appended = store(&state, 490..510).await;
    assert_eq!((appended.new, appended.repeats), (10, 10));
    assert!(state.journal.flush().await.unwrap());
    assert_eq!(store(&state, 0..510).await.repeats, 510);
}
