//! Entries as they lie.

use super::packing::{MANY, behind, many};
use crate::care::through;

#[tokio::test]
async fn one_entry_is_found_by_its_number_wherever_it_lies() {
    let state = tempfile::tempdir().unwrap();
    let journal = many(state.path(), MANY).await;
    let path = state.path().join(store::FILE);
    let seen = || {
        let entry = |seq| through::entry(&path, seq).unwrap();
        (
            [1, 1_024, 1_025, 2_400].map(|seq| entry(seq).unwrap()),
            entry(2_501),
        )
    };
    let rows = seen();
    assert_eq!(rows.0.each_ref().map(|entry| entry.seq), [1, 1_024, 1_025, 2_400]);
    assert_eq!(rows.1, None);
    journal.pack(behind(MANY)).await.unwrap();
    assert_eq!(seen(), rows);
    let damaged = rusqlite::Connection::open(&path).unwrap();
    let flip = "update packed set checksum = checksum + 1 where first_seq = 1";
    damaged.execute(flip, []).unwrap();
    assert_eq!(
        through::entry(&path, 1).unwrap(),
        None,
        "what is damaged is passed over"
    );
    assert_eq!(through::entry(&path, 1_025).unwrap().as_ref(), Some(&rows.0[2]));
}
