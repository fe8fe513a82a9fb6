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

const MILEAGE: &str = "vehicle.vehicle.travelledDistance";

/// A message with the odometer, with a unit or without.
fn odometer(minute: i64, value: &str, label: Option<&str>) -> RawSnapshot {
    message(minute, vec![distance(MILEAGE, minute, value, label)])
}

fn distance(descriptor: &str, minute: i64, value: &str, label: Option<&str>) -> RawReading {
    let stamp = time(NOON + minute * 60_000);
    let body = serde_json::json!({ "value": value, "unit": label, "timestamp": stamp.to_string() });
    raw(descriptor, &body.to_string())
}

/// The odometer of each entry that has one, in kilometres.
async fn kilometres(journal: &Journal, owner: Option<UnitSystem>) -> Vec<f64> {
    distances(journal, MILEAGE, owner).await
}

async fn distances(journal: &Journal, of: &str, owner: Option<UnitSystem>) -> Vec<f64> {
    let settings = VehicleSettings {
        name: None,
        units: owner,
    };
    let reader = journal.reader([(vin(0), settings)].into()).unwrap();
    let batch = reader.read(&"test".into(), 0, 100).await.unwrap().unwrap();
    let readings = batch.entries.iter().flat_map(Entry::readings);
    let odometer = readings.filter(|reading| reading.descriptor.as_str() == of);
    odometer
        .map(|reading| match (&reading.value, &reading.unit) {
            (Value::Number(number), Some(unit)) if unit.as_str() == "km" => number.round(),
            other => panic!("{other:?}"),
        })
        .collect()
}

#[tokio::test]
async fn a_car_set_to_miles_tells_miles_without_saying_so() {
    let state = tempfile::tempdir().unwrap();
    let journal = open(state.path());
    // The display unit stands behind the number, in the same answer.
    let mut first = odometer(0, "18204", None);
    first.readings.push(unit(DISTANCE, r#""miles""#, 0));
    append(&journal, first).await;
    append(&journal, odometer(1, "18205", None)).await;
    append(&journal, odometer(2, "29300", Some("km"))).await;
    assert_eq!(kilometres(&journal, None).await, [29_296.0, 29_298.0, 29_300.0]);
    let imperial = kilometres(&journal, Some(UnitSystem::Imperial)).await;
    assert_eq!(imperial, [29_296.0, 29_298.0, 29_300.0]);
    let metric = kilometres(&journal, Some(UnitSystem::Metric)).await;
    assert_eq!(metric, [18_204.0, 18_205.0, 29_300.0]);
}

/// It neither goes back nor jumps by a conversion, whatever ends in between and wherever a replay starts.
/// The stream brings one key a message, and what a car shows may come after what it shows.
#[tokio::test]
async fn a_car_that_says_later_that_it_shows_miles_is_believed_from_then_on() {
    let state = tempfile::tempdir().unwrap();
    let journal = open(state.path());
    append(&journal, odometer(0, "18204", None)).await;
    journal.flush().await.unwrap();
    let copied = super::model::copied(state.path());
    for journal in [journal, open(copied.path())] {
        append(&journal, message(1, vec![unit(DISTANCE, r#""miles""#, 1)])).await;
        append(&journal, odometer(2, "18205", None)).await;
        append(&journal, odometer(3, "18206", None)).await;
        assert_eq!(kilometres(&journal, None).await, [18_204.0, 29_298.0, 29_300.0]);
    }
}

#[tokio::test]
async fn an_odometer_whose_unit_comes_and_goes_goes_on_where_it_stood() {
    let state = tempfile::tempdir().unwrap();
    let journal = open(state.path());
    append(&journal, odometer(0, "57771", Some("km"))).await;
    append(&journal, odometer(1, "35898", None)).await;
    append(&journal, odometer(2, "57773", None)).await;
    append(&journal, odometer(3, "35899", Some("miles"))).await;
    append(&journal, odometer(4, "57775", None)).await;
    let other = super::model::copied(state.path());
    let reopened = open(other.path());
    append(&reopened, odometer(5, "35900", None)).await;
    append(&reopened, odometer(6, "57777", Some("km"))).await;
    append(&reopened, odometer(7, "57778", None)).await;
    let want = [
        57_771.0, 57_772.0, 57_773.0, 57_774.0, 57_775.0, 57_775.0, 57_777.0, 57_778.0,
    ];
    assert_eq!(kilometres(&reopened, None).await, want);
    reopened.flush().await.unwrap();
    let again = super::model::copied(other.path());
    assert_eq!(kilometres(&open(again.path()), None).await, want);
}

/// Two odometers of one car, told before anybody knew what it shows.
#[tokio::test]
async fn odometers_of_one_car_agree_also_after_a_restart() {
    const DRIVE: &str = "vehicle.trip.segment.end.travelledDistance";
    let state = tempfile::tempdir().unwrap();
    let journal = open(state.path());
    let both = vec![
        distance(DRIVE, 0, "18204", None),
        distance(MILEAGE, 0, "29300", Some("km")),
    ];
    append(&journal, message(0, both)).await;
    let copied = super::model::copied(state.path());
    for journal in [journal, open(copied.path())] {
        append(&journal, message(1, vec![distance(DRIVE, 1, "18206", None)])).await;
        append(&journal, message(2, vec![distance(DRIVE, 2, "18207", None)])).await;
        assert_eq!(
            distances(&journal, DRIVE, None).await,
            [29_296.0, 29_300.0, 29_301.0]
        );
    }
    // Only the one that said its unit was told before.
    let state = tempfile::tempdir().unwrap();
    let journal = open(state.path());
    append(&journal, odometer(0, "29300", Some("km"))).await;
    let copied = super::model::copied(state.path());
    let again = open(copied.path());
    append(&again, message(1, vec![distance(DRIVE, 1, "18204", None)])).await;
    assert_eq!(distances(&again, DRIVE, None).await, [29_296.0]);
}
