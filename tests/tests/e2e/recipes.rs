//! The files in `configs/` by which an owner gets the cars into a program that there is already: each does what it
//! promises, against the real program at its end, with simulated cars in place of BMW's.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;
use tests::home_assistant::{Schema, check_state};
use tests::process::{Cardata, Signal};
use tests::servers::{Mosquitto, Series, VictoriaMetrics};
use tests::subscriber::{Heard, Subscriber};

use crate::oracle::{Row, assert_exactly};
use crate::scene::{DEADLINE, stop, until, until_within};
use crate::stores;

/// A day takes less than a minute. The cars live the same life, and tell of it by different keys.
const CARS: &str =
    "\nsimulator:\n  speed: 1800\n  vehicles: [{ kind: i4 }, { kind: neue_klasse }, { kind: phev }]\n";
const VEHICLES: [&str; 3] = ["vfp12345", "vfp12346", PHEV];
const PHEV: &str = "vfp12347";
/// In which each car has driven and charged, whatever time of its day it is at first: some days of the cars' lives.
const LIFE: Duration = Duration::from_secs(180);

/// A recipe as its owner has changed it, in a folder of its own.
struct Kitchen(TempDir);

impl Kitchen {
    /// Each change is made in one place, which must be there.
    fn with(recipe: &str, changes: &[(&str, &str)]) -> Self {
        let configs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../configs");
        let mut text = std::fs::read_to_string(configs.join(recipe)).unwrap();
        for (from, to) in changes {
            assert_eq!(text.matches(from).count(), 1, "{recipe}: {from}");
            text = text.replace(from, to);
        }
        let kitchen = Self(TempDir::new().unwrap());
        std::fs::write(kitchen.path("pipeline.yaml"), text + CARS).unwrap();
        kitchen
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    async fn run(&self) -> Cardata {
        let run = Cardata::start(["run", "--config", "pipeline.yaml"], |command| {
            command.current_dir(self.0.path()).env_remove("CARDATA_LOG");
        });
        run.wait_for_line("the stream is connected", DEADLINE).await;
        run
    }

    /// Returns when all that is in the journal now has reached every sink.
    async fn delivered(&self, run: &Cardata) {
        let state = self.path("state");
        let newest = stores::newest_entry(&state);
        until(run, "delivery", || stores::acknowledged(&state, &[]) >= newest).await;
    }
}

/// Of how many cars the SQLite file has a row of `readings` for which this holds.
fn cars(database: &Path, condition: &str) -> u32 {
    let query = format!("select count(distinct vin) from readings where {condition}");
    let Ok(open) =
        rusqlite::Connection::open_with_flags(database, rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY)
    else {
        return 0;
    };
    // While it is being made it has no views yet.
    open.query_row(&query, [], |row| row.get(0)).unwrap_or(0)
}

#[tokio::test]
async fn every_panel_of_the_dashboard_shows_every_car() {
    let Some(server) = VictoriaMetrics::start().await else {
        return;
    };
    let beside = "  - type: sqlite\n    path: beside.db\n  - type: influxdb\n";
    let kitchen = Kitchen::with(
        "grafana.yaml",
        &[
            ("url: http://localhost:8428", &format!("url: {}", server.url())),
            ("  - type: influxdb\n", beside),
        ],
    );
    let run = kitchen.run().await;
    let lived = |condition| cars(&kitchen.path("beside.db"), condition) == 3;
    until_within(&run, LIFE, "day of every car", || {
        lived("name = 'charging_power' and value > 0") && lived("name = 'moving' and value = 1")
    })
    .await;
    kitchen.delivered(&run).await;
    stop(run).await;

    let board: Value = serde_json::from_str(include_str!("../../../configs/grafana/dashboard.json")).unwrap();
    assert_eq!(board["schemaVersion"], 39, "of Grafana 11");
    let vehicles = board["templating"]["list"][1]["query"]["query"].as_str().unwrap();
    let selector = vehicles.strip_prefix("label_values(").unwrap();
    let selector = selector.strip_suffix(", vehicle)").unwrap();
    assert_eq!(
        vehicles_of(server.ask(selector).await),
        VEHICLES.map(str::to_owned).into()
    );
    let mut asked = 0;
    for panel in board["panels"].as_array().unwrap() {
        for target in panel["targets"].as_array().unwrap() {
            let query = target["expr"].as_str().unwrap().replace("$vehicle", ".+");
            let has_tank = query.contains("fuel_level") || query.contains("coolant");
            let wanted = VEHICLES.iter().filter(|car| !has_tank || **car == PHEV);
            let shown = vehicles_of(server.ask(&query).await);
            assert_eq!(
                shown,
                wanted.map(|car| (*car).to_owned()).collect(),
                "{}: {query}",
                panel["title"]
            );
            asked += 1;
        }
    }
    assert!(asked >= 10, "{asked} questions");
}

/// The cars of which there is a value above zero.
fn vehicles_of(series: Vec<Series>) -> BTreeSet<String> {
    let told = series
        .into_iter()
        .filter(|series| series.samples.iter().any(|(_, value)| *value > 0.0));
    told.map(|mut series| series.labels.remove("vehicle").unwrap())
        .collect()
}

#[tokio::test]
async fn a_sheet_has_a_row_a_minute_and_a_column_for_each_thing() {
    let kitchen = Kitchen::with("spreadsheet.yaml", &[]);
    let run = kitchen.run().await;
    let sheets = kitchen.path("data/sheets");
    let told = |name: &str| {
        let rows = stores::csv_wide(&sheets);
        let vins = rows
            .into_iter()
            .filter(|row| row.descriptor == name)
            .map(|row| row.vin);
        vins.collect::<BTreeSet<_>>().len()
    };
    until(&run, "odometers and charges", || {
        told("mileage") == 3 && told("soc") == 2
    })
    .await;
    stop(run).await;
    for file in sheet_files(&sheets) {
        let text = std::fs::read_to_string(&file).unwrap();
        // A kind of records has a sheet of its own.
        let is_of_records = text
            .lines()
            .next()
            .is_some_and(|head| head.contains(",revision,state"));
        assert!(
            is_of_records || text.starts_with("minute [UTC],vehicle,vin,source,"),
            "{text}"
        );
    }
}

#[tokio::test]
async fn a_german_excel_gets_semicolons_and_decimal_commas() {
    let changes =
        ["delimiter:", "decimal:", "bom:"].map(|key| (format!("    # {key}"), format!("    {key}")));
    let changes = changes.each_ref().map(|(from, to)| (&**from, &**to));
    let kitchen = Kitchen::with("spreadsheet.yaml", &changes);
    let run = kitchen.run().await;
    let sheets = kitchen.path("data/sheets");
    let latitudes = || {
        let files = sheet_files(&sheets).into_iter();
        let texts = files.map(|file| std::fs::read_to_string(file).unwrap());
        texts
            .filter(|text| text.starts_with("\u{feff}minute [UTC];") && text.contains(";48,"))
            .count()
    };
    until(&run, "latitude with a comma", || latitudes() > 0).await;
    stop(run).await;
}

fn sheet_files(folder: &Path) -> Vec<PathBuf> {
    let Ok(files) = std::fs::read_dir(folder) else {
        return Vec::new();
    };
    let files = files.map(|file| file.unwrap().path());
    files
        .filter(|file| file.extension().is_some_and(|end| end == "csv"))
        .collect()
}

#[tokio::test]
async fn home_assistant_finds_every_car_with_its_charge_and_place() {
    let Some(broker) = Mosquitto::with(&["max_queued_messages 0"]).await else {
        return;
    };
    let mut assistant = Subscriber::start(&broker, "#").await;
    let url = format!("{}\n    ca: {}", broker.url(), broker.ca().display());
    let kitchen = Kitchen::with(
        "home-assistant.yaml",
        &[
            ("mqtt://localhost:1883", &url),
            ("    # user:", "    user:"),
            ("    # password:", "    password:"),
        ],
    );
    std::fs::write(kitchen.path("mqtt-password"), "a-secret\n").unwrap();
    let run = kitchen.run().await;
    let schema = Schema::default();
    let entity = |heard: &[Heard], vehicle: &str, object: &str| {
        let end = format!("/WBY71AW050FP{}_{object}/config", &vehicle[3..]);
        let config = heard
            .iter()
            .find(|it| it.topic.starts_with("homeassistant/") && it.topic.ends_with(&end))?;
        let (topic, config) = (&config.topic, config.json());
        assert_eq!(
            schema.check("homeassistant", topic, &config).err(),
            None,
            "{topic}"
        );
        let state = config["state_topic"]
            .as_str()
            .or(config["json_attributes_topic"].as_str())?;
        let state = heard.iter().find(|it| it.topic == state)?.json();
        Some((config, state))
    };
    let found = |heard: &[Heard]| {
        VEHICLES.iter().all(|vehicle| {
            entity(heard, vehicle, "state_of_charge").is_some()
                && entity(heard, vehicle, "position").is_some()
        })
    };
    let heard = assistant.until(|heard| found(heard)).await;
    for vehicle in VEHICLES {
        let (config, state) = entity(&heard, vehicle, "state_of_charge").unwrap();
        assert_eq!(check_state(&config, &state), Ok(()));
        assert!(
            state["value"].as_f64().is_some_and(|charge| charge > 0.0),
            "{state}"
        );
        assert_eq!(config["device"]["name"], vehicle);
    }
    let heard = assistant
        .until(|heard| heard.iter().any(|it| it.topic.starts_with("bmw/")))
        .await;
    let theirs = heard.iter().find(|it| it.topic.starts_with("bmw/")).unwrap();
    assert!(
        theirs.json()["data"].is_object() && !theirs.retained,
        "{theirs:?}"
    );
    stop(run).await;
}

#[tokio::test]
async fn a_program_gets_each_reading_as_a_line_and_finds_it_in_the_database() {
    let kitchen = Kitchen::with("own-program.yaml", &[]);
    let run = kitchen.run().await;
    let database = kitchen.path("data/cardata.db");
    until_within(&run, LIFE, "drive of a car", || {
        cars(&database, "name = 'moving' and value = 1") > 0
    })
    .await;
    kitchen.delivered(&run).await;
    run.signal(Signal::Terminate).await;
    let mut run = run;
    assert_eq!(
        run.wait_exit(DEADLINE).await.code(),
        Some(0),
        "{}",
        run.transcript()
    );
    // Those that are numbers look alike in both.
    let numbers = |mut rows: Vec<Row>| {
        rows.retain(|row| {
            [
                "vehicle.vehicle.travelledDistance",
                "vehicle.drivetrain.batteryManagement.header",
            ]
            .contains(&&*row.descriptor)
        });
        rows
    };
    let told = numbers(stores::json_lines(&run.lines()));
    assert!(told.len() > 4, "{told:?}");
    assert_exactly(
        "stdout",
        told,
        numbers(stores::sqlite(&database)).into_iter().collect(),
    );
}
