//! Charging sessions and trips of two days, in every store, against what the car really did.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use cardata_sim::{Drive, PlugIn, SimConfig};
use jiff::{SignedDuration, Timestamp};
use rusqlite::{Connection, OpenFlags};
use tests::process::Cardata;
use tests::servers::{FieldValue, InfluxDb1, Mosquitto};
use tests::stream::stage::tokens_of;
use tests::subscriber::{Heard, kept};

use crate::scene::{FILES, Plan, Scene, stop, until_within};

/// Half an hour of the car's life a second.
const SPEED: f64 = 1_800.0;
const PATIENCE: Duration = Duration::from_secs(180);
/// By how much a time may be off: what a car tells comes every few minutes, and some of it is late.
const TIMES: SignedDuration = SignedDuration::from_mins(12);
/// At the longest, BMW's history goes back so far.
const LISTED: SignedDuration = SignedDuration::from_hours(44 * 24);
const PRICE: f64 = 0.25;

/// A session or a trip as the database shows it.
#[derive(Debug, Clone, PartialEq)]
struct Shown {
    start: Timestamp,
    end: Option<Timestamp>,
    /// In kWh, or in km.
    amount: Option<f64>,
    cost: Option<f64>,
    soc: (Option<f64>, Option<f64>),
    revision: u32,
    is_final: bool,
}

#[tokio::test]
async fn what_the_car_did_stands_in_every_store() {
    let (Some(broker), Some(influxdb)) = (Mosquitto::start().await, InfluxDb1::start().await) else {
        return;
    };
    let database = influxdb.create_database().await;
    let sinks = format!(
        "{FILES}  - type: influxdb\n    url: {}\n    database: {database}\n  - type: mqtt\n    url: {}\n    ca: {}\n",
        influxdb.url(),
        broker.url(),
        broker.ca().display()
    );
    let scene = set(&sinks).await;
    let vin = SimConfig::default().vehicles[0].vin.clone();
    let begin = scene.bmw.now();
    let run = scene.run().await;
    lived(&run, &scene, begin).await;
    stop(run).await;

    let store = scene.path("cardata.db");
    let (sessions, trips) = (sessions(&store), trips(&store));
    let since = |shown: &[Shown]| -> Vec<Shown> {
        shown
            .iter()
            .filter(|one| one.start >= begin && one.is_final)
            .cloned()
            .collect()
    };
    assert_trips(&scene.bmw.drives(&vin), &since(&trips), begin);
    assert_sessions(&scene.bmw.plug_ins(&vin), &since(&sessions), begin);
    assert_listed(&scene.bmw.plug_ins(&vin), &sessions, begin);
    for session in sessions.iter().filter(|session| session.amount.is_some()) {
        let cost = session.amount.unwrap_or_default() * PRICE;
        assert!(
            session.cost.is_some_and(|told| (told - cost).abs() < 0.01),
            "{session:?}"
        );
    }

    for (kind, shown) in [("charging_session", &sessions), ("trip", &trips)] {
        let wanted: BTreeMap<Timestamp, u32> = shown.iter().map(|one| (one.start, one.revision)).collect();
        assert_eq!(in_csv(&scene.path("csv"), kind), wanted, "csv: {kind}");
        assert_eq!(
            in_influxdb(&influxdb, &database, kind).await,
            wanted,
            "influxdb: {kind}"
        );
    }
    let kept = kept(&broker, "cardata/#").await;
    let stands = |topic: &str| -> &Heard {
        kept.iter()
            .find(|(known, _)| known.ends_with(topic))
            .expect(topic)
            .1
    };
    for (topic, shown) in [("/charging_session/last", &sessions), ("/trip/last", &trips)] {
        let newest = shown.iter().max_by_key(|one| one.start).expect("there is one");
        let told = stands(topic).json();
        assert_eq!(
            (told["at"].as_str(), told["revision"].as_u64()),
            (
                Some(&*format!("{:.3}", newest.start)),
                Some(newest.revision.into())
            )
        );
    }
    let charged = since(&sessions)
        .iter()
        .filter_map(|session| session.amount)
        .sum::<f64>();
    let meter = stands("/charging_session/total").json()["value"]
        .as_f64()
        .expect("a number");
    assert!(meter >= charged - 0.01, "{meter} of {charged}");
    scene.assert_lawful();
}

/// A car that is polled, streams and has its history read, with a price for each kWh.
async fn set(sinks: &str) -> Scene {
    let plan = Plan {
        speed: SPEED,
        every: "1h",
        sinks,
        ..Plan::default()
    };
    let scene = Scene::with(tokens_of(60 * 86_400), &plan).await;
    std::fs::write(scene.path("bmw.pem"), scene.stream_ca()).unwrap();
    let url = scene.stream_url();
    scene.edit(|text| {
        let text = text.replacen(
            " }\nsources:\n",
            &format!(", stream: \"{url}\", ca: bmw.pem }}\nsources:\n"),
            1,
        );
        let text = text.replacen(
            "sinks:\n",
            "  - type: stream\n  - type: charging_history\nsinks:\n",
            1,
        );
        format!("{text}tariffs:\n  - {{ name: all, currency: EUR, per_kwh: {PRICE} }}\n")
    });
    scene.login().await;
    scene
}

/// Waits until two days' drives to and from work and the charge between them are over and stored, and the history is.
async fn lived(run: &Cardata, scene: &Scene, begin: Timestamp) {
    let store = scene.path("cardata.db");
    let ended = |shown: Vec<Shown>| {
        shown
            .iter()
            .filter(|one| one.start >= begin && one.is_final)
            .count()
    };
    until_within(run, PATIENCE, "two days of records", || {
        ended(trips(&store)) >= 3
            && ended(sessions(&store)) >= 1
            && sessions(&store).iter().any(|one| one.start < begin)
    })
    .await;
}

fn is_near(one: Timestamp, other: Timestamp) -> bool {
    one.duration_since(other).abs() <= TIMES
}

fn assert_trips(drives: &[Drive], trips: &[Shown], begin: Timestamp) {
    let drives: Vec<&Drive> = drives.iter().filter(|drive| drive.start >= begin).collect();
    for trip in trips {
        let drive = drives.iter().find(|drive| is_near(drive.start, trip.start));
        let drive = drive.unwrap_or_else(|| panic!("no drive is {trip:?} of {drives:#?}"));
        assert!(
            trip.end.is_some_and(|end| is_near(end, drive.end)),
            "{trip:?} {drive:?}"
        );
        assert!(
            trip.amount.is_some_and(|km| (km - drive.km).abs() <= 1.5),
            "{trip:?} {drive:?}"
        );
        assert!(
            trip.soc.0.is_some_and(|soc| (soc - drive.soc.0).abs() <= 1.5),
            "{trip:?} {drive:?}"
        );
        assert!(
            trip.soc.1.is_some_and(|soc| (soc - drive.soc.1).abs() <= 1.5),
            "{trip:?} {drive:?}"
        );
    }
    // The last may not have been told to its end.
    assert!(trips.len() + 1 >= drives.len(), "{trips:#?} {drives:#?}");
}

fn assert_sessions(plug_ins: &[PlugIn], sessions: &[Shown], begin: Timestamp) {
    let since = plug_ins.iter().filter(|it| it.start >= begin && it.end.is_some());
    let plug_ins: Vec<&PlugIn> = since.filter(|it| !it.charges.is_empty()).collect();
    for session in sessions {
        let plug_in = plug_ins
            .iter()
            .find(|it| is_near(it.charges[0].start, session.start));
        let plug_in = plug_in.unwrap_or_else(|| panic!("no plug-in is {session:?} of {plug_ins:#?}"));
        let last = &plug_in.charges[plug_in.charges.len() - 1];
        assert!(
            session.end.is_some_and(|end| is_near(end, last.end)),
            "{session:?} {plug_in:?}"
        );
        let grid: f64 = plug_in.charges.iter().map(|charge| charge.grid_kwh).sum();
        let battery: f64 = plug_in.charges.iter().map(|charge| charge.battery_kwh).sum();
        let between = battery * 0.95..=grid * 1.05;
        assert!(
            session.amount.is_some_and(|kwh| between.contains(&kwh)),
            "{session:?} {plug_in:?}"
        );
        assert!(
            session
                .soc
                .0
                .is_some_and(|soc| (soc - plug_in.charges[0].soc.0).abs() <= 1.5),
            "{session:?} {plug_in:?}"
        );
        assert!(
            session.soc.1.is_some_and(|soc| (soc - last.soc.1).abs() <= 1.5),
            "{session:?} {plug_in:?}"
        );
    }
    assert!(
        sessions.len() + 1 >= plug_ins.len(),
        "{sessions:#?} {plug_ins:#?}"
    );
}

/// What BMW lists of the time before the program is there, each kWh once.
fn assert_listed(plug_ins: &[PlugIn], sessions: &[Shown], begin: Timestamp) {
    let is_listed = |start: Timestamp| start < begin && start > begin - LISTED;
    let charges = plug_ins.iter().flat_map(|plug_in| &plug_in.charges);
    let charged: f64 = charges
        .filter(|charge| is_listed(charge.start))
        .map(|charge| charge.grid_kwh)
        .sum();
    let listed = sessions.iter().filter(|session| is_listed(session.start));
    let listed: f64 = listed.filter_map(|session| session.amount).sum();
    assert!((charged - listed).abs() < 0.5, "{listed} kWh of {charged}");
}

fn sessions(store: &Path) -> Vec<Shown> {
    shown(store, "charging_sessions", "energy_kwh, cost")
}

/// Without manoeuvres.
fn trips(store: &Path) -> Vec<Shown> {
    shown(store, "trips", "distance_km, NULL")
}

/// The rows of a view; none where it is not there yet.
fn shown(store: &Path, view: &str, amounts: &str) -> Vec<Shown> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let Ok(connection) = Connection::open_with_flags(store, flags) else {
        return Vec::new();
    };
    let query = format!(
        "SELECT start_at_ms, end_at_ms, {amounts}, soc_start, soc_end, revision, state FROM {view} ORDER BY 1"
    );
    let Ok(mut query) = connection.prepare(&query) else {
        return Vec::new();
    };
    let time = |ms: i64| Timestamp::from_millisecond(ms).unwrap();
    let rows = query.query_map([], |row| {
        Ok(Shown {
            start: time(row.get(0)?),
            end: row.get::<_, Option<i64>>(1)?.map(time),
            amount: row.get(2)?,
            cost: row.get(3)?,
            soc: (row.get(4)?, row.get(5)?),
            revision: row.get(6)?,
            is_final: row.get::<_, String>(7)? == "final",
        })
    });
    rows.unwrap().collect::<Result<_, _>>().unwrap()
}

/// The newest revision of each record that is not withdrawn, by its start.
fn in_csv(folder: &Path, kind: &str) -> BTreeMap<Timestamp, u32> {
    let mut newest: BTreeMap<Timestamp, (u32, String)> = BTreeMap::new();
    for file in std::fs::read_dir(folder)
        .unwrap()
        .map(|file| file.unwrap().path())
    {
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        if !name.starts_with(&format!("{kind}-")) {
            continue;
        }
        let mut reader = csv::Reader::from_path(file).unwrap();
        let columns = reader.headers().unwrap().clone();
        let at = |name: &str| {
            columns
                .iter()
                .position(|column| column == name)
                .expect("a known header")
        };
        let (start, revision, state) = (at("start_at"), at("revision"), at("state"));
        for row in reader.records().map(Result::unwrap) {
            let told = (row[revision].parse().unwrap(), row[state].to_owned());
            let known = newest
                .entry(row[start].parse().unwrap())
                .or_insert_with(|| told.clone());
            *known = told.max(known.clone());
        }
    }
    newest.retain(|_, (_, state)| state != "withdrawn");
    newest
        .into_iter()
        .map(|(start, (revision, _))| (start, revision))
        .collect()
}

async fn in_influxdb(server: &InfluxDb1, database: &str, kind: &str) -> BTreeMap<Timestamp, u32> {
    let points = server.points(database).await.into_iter();
    let measurement = format!("cardata_{kind}");
    let revisions = points.filter(|point| point.measurement == measurement && point.field == "revision");
    let told = revisions.map(|point| {
        let start = Timestamp::from_millisecond(point.timestamp.div_euclid(1_000_000)).unwrap();
        match point.value {
            FieldValue::Number(revision) => (start, revision as u32),
            other => panic!("a revision is {other}"),
        }
    });
    told.collect()
}
