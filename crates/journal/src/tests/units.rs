//! The display units that an entry came with.

use super::folding::message;
use super::*;
use crate::care::export::{Wanted, export};

const DISTANCE: &str = "vehicle.cabin.infotainment.displayUnit.distance";
const HMI: &str = "vehicle.cabin.infotainment.hmi.distanceUnit";

fn unit(descriptor: &str, value: &str, minute: i64) -> RawReading {
    let stamp = time(NOON + minute * 60_000);
    raw(
        descriptor,
        &format!(r#"{{"value":{value},"timestamp":"{stamp}"}}"#),
    )
}

/// The context of each entry, by number.
fn contexts(state: &Path) -> Vec<Option<String>> {
    let connection = rusqlite::Connection::open(state.join(store::FILE)).unwrap();
    let query = "select context from log left join context on context.id = context_id order by seq";
    let mut statement = connection.prepare(query).unwrap();
    let rows = statement.query_map([], |row| row.get(0)).unwrap();
    rows.map(Result::unwrap).collect()
}

fn exported(state: &Path) -> String {
    let mut lines = Vec::new();
    let now = time(NOON);
    export(
        state,
        &Wanted::default(),
        now,
        &mut lines,
        |damage| panic!("{damage}"),
        |_| (),
    )
    .unwrap();
    String::from_utf8(lines).unwrap()
}

async fn drive(journal: &Journal) {
    append(journal, message(0, vec![soc(70, 0)])).await;
    append(
        journal,
        message(1, vec![soc(71, 1), unit(DISTANCE, r#""MI""#, 1)]),
    )
    .await;
    append(journal, message(2, vec![soc(72, 2)])).await;
    append(
        journal,
        message(3, vec![unit(HMI, r#""KM""#, 3), unit(DISTANCE, "null", 3)]),
    )
    .await;
    // Older than what is known, or said before.
    append(
        journal,
        poll(4, vec![unit(DISTANCE, r#""KM""#, 0), unit(HMI, r#""KM""#, 3)]),
    )
    .await;
    let other = RawSnapshot {
        vin: vin(1),
        ..message(5, vec![soc(50, 5)])
    };
    append(journal, other).await;
}

const MILES: &str = r#"{"vehicle.cabin.infotainment.displayUnit.distance":"MI"}"#;
const BOTH: &str = r#"{"vehicle.cabin.infotainment.displayUnit.distance":"MI","vehicle.cabin.infotainment.hmi.distanceUnit":"KM"}"#;
const WANT: [Option<&str>; 6] = [None, Some(MILES), Some(MILES), Some(BOTH), Some(BOTH), None];

#[tokio::test]
async fn an_entry_has_the_units_that_its_vehicle_showed_then() {
    let state = tempfile::tempdir().unwrap();
    let journal = open(state.path());
    drive(&journal).await;
    assert_eq!(
        contexts(state.path()),
        WANT.map(|context| context.map(str::to_owned))
    );
    assert_eq!(
        read_all(&journal, 0, 10).await.len(),
        6,
        "their checksums are right"
    );
    // Whatever ends in between.
    let killed = super::model::copied(state.path());
    let killed = (open(killed.path()), killed);
    append(&killed.0, message(9, vec![soc(79, 9)])).await;
    assert_eq!(contexts(killed.1.path())[6].as_deref(), Some(BOTH));
}

#[tokio::test]
async fn units_go_with_the_entries_to_another_journal() {
    let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    drive(&open(one.path())).await;
    let text = exported(one.path());
    assert!(text.contains(&format!(r#""context":{BOTH},"#)), "{text}");
    let to = open(two.path());
    let mut lines = text.as_bytes();
    let import = to.import(&mut lines, |_, error| panic!("{error}"), |_| ());
    assert_eq!(import.await.unwrap().entries, 6);
    assert_eq!(contexts(two.path()), contexts(one.path()));
    assert_eq!(exported(two.path()).lines().nth(4), text.lines().nth(4));
    append(&to, message(9, vec![soc(79, 9)])).await;
    assert_eq!(
        contexts(two.path())[6].as_deref(),
        Some(BOTH),
        "and on from there"
    );
}
