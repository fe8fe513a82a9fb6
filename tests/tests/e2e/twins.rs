//! Twins: cars of every kind that live one life. What they tell in other words, units and keys is one history in the store.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use cardata_sim::{CarKind, SimConfig, SimVehicle, StreamConfig};
use jiff::SignedDuration;
use rusqlite::Connection;
use rusqlite::types::Value;

use crate::scene::{Plan, Scene, stop, until};

/// Twenty minutes of the cars' life a second.
const SPEED: f64 = 1_200.0;
/// A drive and a charge to its end.
const LIFE: SignedDuration = SignedDuration::from_hours(3);
const SQLITE: &str = "  - type: sqlite\n    path: cardata.db\n";

/// What a car set to miles tells in other units, and streams.
const CONVERTED: [&str; 13] = [
    "vehicle.cabin.infotainment.navigation.remainingRange",
    "vehicle.chassis.axle.row1.wheel.left.tire.pressure",
    "vehicle.chassis.axle.row1.wheel.left.tire.temperature",
    "vehicle.chassis.axle.row2.wheel.right.tire.pressureTarget",
    "vehicle.drivetrain.electricEngine.kombiRemainingElectricRange",
    "vehicle.drivetrain.lastRemainingRange",
    "vehicle.drivetrain.totalRemainingRange",
    "vehicle.powertrain.electric.range.target",
    "vehicle.status.serviceDistance.next",
    "vehicle.trip.segment.end.travelledDistance",
    "vehicle.vehicle.avgSpeed",
    "vehicle.vehicle.speedRange.upperBound",
    "vehicle.vehicle.travelledDistance",
];

/// A descriptor and when it was measured, in seconds since 1970, for the stream has no milliseconds: its values and their
/// units.
type History = BTreeMap<(String, i64), Vec<(Value, Option<String>)>>;

#[tokio::test]
async fn cars_that_live_one_life_have_one_history_whatever_they_speak() {
    let scene = Scene::with(twins(), &plan()).await;
    listen(&scene);
    scene.login().await;
    // What each car shows is known before it drives.
    let run = scene.start(&["run"]);
    until(&run, "a poll of each", || scene.answers() >= CarKind::ALL.len()).await;
    let born = scene.bmw.now();
    scene.hurry_up();
    until(&run, "life", || scene.bmw.now() > born + LIFE).await;
    // What was told until then is polled and heard, too.
    scene.more_answers(&run, 3 * CarKind::ALL.len()).await;
    stop(run).await;
    let span = born.as_second()..(born + LIFE).as_second();

    let store = scene.path("cardata.db");
    assert_twins(
        &CarKind::ALL.map(|kind| history(&store, kind, &["measured"])),
        &span,
    );
    let all = || CarKind::ALL.map(|kind| history(&store, kind, &["measured", "requested"]));
    let live = all();
    assert_charge(&store);
    let said = scene
        .call(&["replay", "--sink", "sqlite", "--rewrite", "--yes"])
        .await;
    assert_eq!(said.code, Some(0), "{said:?}");
    let again = all();
    for (kind, (live, again)) in CarKind::ALL.into_iter().zip(live.iter().zip(&again)) {
        assert!(
            live == again,
            "{kind}, written again: {:?}",
            differences(live, again)
        );
    }
    assert_charge(&store);
    scene.assert_lawful();
}

/// A car of each kind, with the battery of the first.
fn twins() -> SimConfig {
    let twin = |kind| SimVehicle {
        life: Some(1),
        battery_kwh: 77.0,
        target_percent: 80.0,
        ..SimVehicle::of(kind, vin(kind))
    };
    SimConfig {
        vehicles: CarKind::ALL.map(twin).to_vec(),
        token_lifetime: Duration::from_secs(86_400),
        // Which of them it strikes depends on the VIN.
        stream: StreamConfig {
            late: 0.0,
            position_jumps: 0.0,
            ..StreamConfig::default()
        },
        ..SimConfig::default()
    }
}

fn vin(kind: CarKind) -> String {
    format!("WBY71AW050FP0000{}", kind as usize)
}

fn plan() -> Plan<'static> {
    Plan {
        speed: SPEED,
        every: "10m",
        container: "everything",
        sinks: SQLITE,
        ..Plan::default()
    }
}

/// Adds the stream to the pipeline file.
fn listen(scene: &Scene) {
    std::fs::write(scene.path("bmw.pem"), scene.stream_ca()).unwrap();
    let stream = format!(", stream: \"{}\", ca: bmw.pem }}\nsources:\n", scene.stream_url());
    scene.edit(|text| {
        let text = text.replacen(" }\nsources:\n", &stream, 1);
        text.replacen("sinks:\n", "  - type: stream\nsinks:\n", 1)
    });
}

/// Of these stamps. When a car is polled differs from car to car, and may be the second of one of its messages.
fn history(store: &Path, kind: CarKind, stamps: &[&str]) -> History {
    let store = Connection::open(store).unwrap();
    let stamps = stamps.join("', '");
    let mut query = store
        .prepare(&format!(
            "select descriptor, measured_ms / 1000, value, unit from readings
             where vin = ?1 and stamp in ('{stamps}') order by measured_ms, occurrence"
        ))
        .unwrap();
    let rows = query.query_map([vin(kind)], |row| {
        Ok(((row.get(0)?, row.get(1)?), (row.get(2)?, row.get(3)?)))
    });
    let mut history = History::new();
    for (key, told) in rows.unwrap().map(Result::unwrap) {
        history.entry(key).or_default().push(told);
    }
    history
}

/// Every kind against the first, the i4.
fn assert_twins(histories: &[History; 8], span: &std::ops::Range<i64>) {
    let i4 = &histories[0];
    for (kind, history) in CarKind::ALL.into_iter().zip(histories).skip(1) {
        let mut ours = history.clone();
        ours.retain(|(descriptor, _), _| !is_of_its_own(kind, descriptor));
        let common = ours.keys().filter(|key| i4.contains_key(*key)).count();
        assert!(common > 300, "{kind}: {common} of {}", ours.len());
        assert_eq!(differences(i4, &ours), Vec::<String>::new(), "{kind}");
    }
    for kind in [CarKind::British, CarKind::BritishBare, CarKind::Undecided] {
        for descriptor in CONVERTED {
            let times = |history: &History| -> Vec<i64> {
                let told = history
                    .keys()
                    .filter(|(one, at)| one == descriptor && span.contains(at));
                told.map(|(_, at)| *at).collect()
            };
            let (wanted, found) = (times(i4), times(&histories[kind as usize]));
            assert!(!wanted.is_empty(), "{descriptor}");
            assert_eq!(found, wanted, "{kind}: {descriptor}");
        }
    }
}

/// What one kind tells otherwise than the others.
fn is_of_its_own(kind: CarKind, descriptor: &str) -> bool {
    let is_range = descriptor.ends_with("emainingRange");
    match kind {
        CarKind::I4 | CarKind::NeueKlasse | CarKind::OldIdrive | CarKind::Undecided => false,
        CarKind::I5 => descriptor.starts_with("vehicle.trip.") || descriptor == "vehicle.body.trunk.isOpen",
        // It was not charged at the lake.
        CarKind::Phev => is_range || descriptor.ends_with("Electric") || descriptor.ends_with("plugEventId"),
        CarKind::British | CarKind::BritishBare => {
            descriptor.contains(".displayUnit.") || descriptor.ends_with(".distanceUnit")
        }
    }
}

/// What two cars say otherwise of one descriptor at one time.
fn differences(one: &History, other: &History) -> Vec<String> {
    let both = one
        .iter()
        .filter_map(|(key, ours)| Some((key, ours, other.get(key)?)));
    let apart = both.filter(|(_, ours, theirs)| {
        ours.len() != theirs.len()
            || !ours
                .iter()
                .zip(*theirs)
                .all(|(ours, theirs)| is_same(ours, theirs))
    });
    let said =
        apart.map(|((descriptor, at), ours, theirs)| format!("{descriptor} {at}: {ours:?} {theirs:?}"));
    said.collect()
}

/// Within the rounding of what the cars show: whole miles, whole pounds per square inch, tenths of a degree.
fn is_same(ours: &(Value, Option<String>), theirs: &(Value, Option<String>)) -> bool {
    let step = match ours.1.as_deref() {
        Some("km" | "km/h") => 0.81,
        Some("kPa") => 3.45,
        Some("°C") => 0.03,
        Some("kWh/100 km") => 0.05,
        Some("months") => 0.1,
        _ => 1e-9,
    };
    let number = |value: &Value| match value {
        Value::Integer(number) => Some(*number as f64),
        Value::Real(number) => Some(*number),
        _ => None,
    };
    let close = match (number(&ours.0), number(&theirs.0)) {
        (Some(ours), Some(theirs)) => (ours - theirs).abs() <= step,
        _ => ours.0 == theirs.0,
    };
    close && ours.1 == theirs.1
}

/// The view `battery` has one state of charge, wherever the car has it.
fn assert_charge(store: &Path) {
    let charge = |kind| -> BTreeMap<i64, f64> {
        let store = Connection::open(store).unwrap();
        let mut query = store
            .prepare(
                "select measured_ms, soc from battery where vin = ?1 and measured_ms in (
                     select measured_ms from readings where vin = ?1 and (descriptor like '%batteryManagement.header'
                         or descriptor like '%stateOfCharge.displayed'))",
            )
            .unwrap();
        let rows = query.query_map([vin(kind)], |row| Ok((row.get(0)?, row.get(1)?)));
        rows.unwrap().collect::<Result<_, _>>().unwrap()
    };
    let (i4, other) = (charge(CarKind::I4), charge(CarKind::NeueKlasse));
    let common: Vec<(f64, f64)> = i4
        .iter()
        .filter_map(|(at, soc)| Some((*soc, *other.get(at)?)))
        .collect();
    assert!(common.len() > 10, "{} of {}", common.len(), i4.len());
    // Whole per cent against tenths.
    assert!(
        common.iter().all(|(i4, other)| (i4 - other).abs() <= 0.55),
        "{common:?}"
    );
    let range = common
        .iter()
        .map(|(soc, _)| *soc)
        .fold((100.0_f64, 0.0_f64), |(least, most), soc| {
            (least.min(soc), most.max(soc))
        });
    assert!(range.1 - range.0 > 5.0, "a drive and a charge: {range:?}");
}
