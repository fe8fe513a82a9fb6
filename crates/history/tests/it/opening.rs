//! What is there to read, and what is not touched.

use collector_core::testkit::{entries, vehicle};
use history::read::{ReadError, Reader};

use crate::filled::{Filled, NOON, soc};

#[tokio::test]
async fn nothing_is_made_where_nothing_is() {
    let filled = Filled::new(true);
    assert!(Reader::open(&filled.path()).unwrap().is_none());
    assert!(!filled.path().exists());
    std::fs::write(filled.path(), "").unwrap();
    assert!(Reader::open(&filled.path()).unwrap().is_none());
    assert_eq!(std::fs::read(filled.path()).unwrap(), b"");
}

#[tokio::test]
async fn what_is_no_history_is_told() {
    let filled = Filled::new(true);
    std::fs::write(filled.path(), "no database, ".repeat(100)).unwrap();
    let told = Reader::open(&filled.path()).err().unwrap();
    assert!(matches!(told, ReadError::Refused(_)), "{told}");
}

#[tokio::test]
async fn a_reader_sees_what_comes_and_tells_when_it_has_to_be_opened_anew() {
    let mut filled = Filled::new(true);
    filled.told(vec![soc(60.0, NOON)]).await;
    let reader = filled.reader();
    let version = reader.version().unwrap();
    assert_eq!(reader.version().unwrap(), version);
    filled.told(vec![soc(61.0, NOON + 1)]).await;
    assert_ne!(reader.version().unwrap(), version);
    assert!(reader.is_current());

    // Records of a kind that was not there.
    filled
        .write(&[collector_core::Entry::record_of(
            3,
            collector_core::testkit::trip(1, 1, collector_core::RecordState::Final, 0),
        )])
        .await;
    assert!(!reader.is_current());
    assert_eq!(reader.columns("test_trips").unwrap().len(), 4);

    let reader = filled.reader();
    assert!(reader.is_current());
    std::fs::rename(filled.path(), filled.path().with_extension("old")).unwrap();
    assert!(!reader.is_current());
    filled.write(&entries(1, 1)).await;
    assert!(!reader.is_current());
}

#[tokio::test]
async fn vehicles_are_told_by_name_in_the_order_in_which_they_came() {
    let mut filled = Filled::new(true);
    filled.write(&entries(2, 2)).await;
    let rows = filled.reader().vehicles().unwrap();
    let known: Vec<_> = rows.into_iter().map(|row| (row.vin, row.name)).collect();
    let wanted = [true, false].map(|second| {
        let vehicle = vehicle(second);
        (vehicle.vin, vehicle.name.to_string())
    });
    assert_eq!(known, wanted);
}

#[tokio::test]
async fn a_database_at_rest_is_read_and_nothing_is_left_beside_it() {
    let mut filled = Filled::new(true);
    filled.told(vec![soc(60.0, NOON)]).await;
    filled.close().await;
    let reader = filled.reader();
    assert_eq!(reader.latest(&vehicle(false).vin).unwrap().len(), 1);
    let files = std::fs::read_dir(filled.path().parent().unwrap()).unwrap();
    assert_eq!(files.count(), 1);
    // Whoever writes goes on, and is seen.
    filled.told(vec![soc(61.0, NOON + 1)]).await;
    assert_eq!(reader.keys(&vehicle(false).vin).unwrap()[0].readings, 2);
}
