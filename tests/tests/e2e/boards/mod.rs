//! The boards for Grafana in `configs/grafana`: each question, asked of stores that the demo's cars have filled.

mod answer;
mod board;
mod shape;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use rusqlite::{Connection, OpenFlags};
use tempfile::TempDir;
use tests::process::Cardata;
use tests::servers::InfluxDb1;

use crate::scene::{DEADLINE, stop, until, until_within};
use crate::stores;
use answer::{Answer, Store};
use board::{BOARDS, Board, Choice, Panel, filled, question};

/// In which each car has parked without a plug and charged while it was listened to.
const LIFE: Duration = Duration::from_secs(240);
const CARS: [&str; 2] = ["vfp12345", "vfp12346"];
/// A car that charges often by little has no capacity that is known well enough.
const OF_CAPACITY: [&str; 3] = ["Capacity", "Health", "Capacity by month"];

/// What both stores hold, and nobody writes any more.
struct Filled {
    folder: TempDir,
    server: Option<(InfluxDb1, String)>,
}

impl Filled {
    /// The demo, twice as fast, and with a sink of InfluxDB where there is a server.
    async fn by_the_demo() -> Self {
        let server = match InfluxDb1::start().await {
            Some(server) => {
                let database = server.create_database().await;
                Some((server, database))
            }
            None => None,
        };
        let filled = Self {
            folder: TempDir::new().unwrap(),
            server,
        };
        let demo = Path::new(env!("CARGO_MANIFEST_DIR")).join("../configs/demo.yaml");
        let mut text = std::fs::read_to_string(demo).unwrap();
        assert!(text.contains("speed: 900") && text.contains("- type: stdout\n"));
        text = text.replace("speed: 900", "speed: 1800");
        // Another program may have the port of the page.
        text = text.replace("listen: 127.0.0.1:8720", "listen: 127.0.0.1:0");
        if let Some((server, database)) = &filled.server {
            let sink = format!(
                "- type: influxdb\n    url: {}\n    database: {database}\n",
                server.url()
            );
            text = text.replace("- type: stdout\n", &format!("{sink}  - type: stdout\n"));
        }
        std::fs::write(filled.folder.path().join("pipeline.yaml"), text).unwrap();
        filled.live().await;
        filled
    }

    async fn live(&self) {
        let run = Cardata::start(["run", "--config", "pipeline.yaml"], |command| {
            command.current_dir(self.folder.path()).env_remove("CARDATA_LOG");
        });
        run.wait_for_line("the stream is connected", DEADLINE).await;
        let lived = |condition: &str| {
            let Some(database) = self.database() else {
                return false;
            };
            let count = format!("SELECT count(DISTINCT vehicle) FROM {condition}");
            // While it is being made it has no views yet.
            database.query_row(&count, [], |row| row.get(0)).unwrap_or(0) == CARS.len()
        };
        until_within(&run, LIFE, "charge and rest of every car", || {
            lived("standstills WHERE drain_high IS NOT NULL AND plugged = 0")
                && lived("charging_sessions WHERE basis <> 'bmw' AND state = 'final'")
                && lived("charging_sessions WHERE basis = 'bmw' AND current_type = 'DC'")
                && lived("trips")
                && lived("consumption WHERE days = 30")
                && lived("battery_health WHERE bmw_health_percent IS NOT NULL")
        })
        .await;
        let state = self.folder.path().join("demo-data/state");
        let newest = stores::newest_entry(&state);
        until(&run, "delivery", || stores::acknowledged(&state, &[]) >= newest).await;
        stop(run).await;
    }

    fn database(&self) -> Option<Connection> {
        let path: PathBuf = self.folder.path().join("demo-data/cardata.db");
        Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY).ok()
    }

    fn stores(&self) -> Vec<Store> {
        let influxdb = self.server.as_ref().map(|_| Store::InfluxDb);
        [Store::Sqlite].into_iter().chain(influxdb).collect()
    }

    async fn ask(&self, store: Store, question: &str) -> Answer {
        match (store, &self.server) {
            (Store::InfluxDb, Some((server, database))) => {
                Answer::of_influxdb(server, database, question).await
            }
            _ => Answer::of_sqlite(&self.database().unwrap(), question),
        }
    }

    /// When the newest charge that was listened to the end began.
    fn session(&self, vehicle: &str) -> String {
        let newest =
            "SELECT start_at FROM charging_sessions WHERE vehicle = ?1 AND basis <> 'bmw' AND state = 'final'
                      ORDER BY start_at_ms DESC LIMIT 1";
        let database = self.database().unwrap();
        database.query_row(newest, [vehicle], |row| row.get(0)).unwrap()
    }

    fn has_capacity(&self, vehicle: &str) -> bool {
        let known = "SELECT count(*) FROM battery_health WHERE vehicle = ?1 AND capacity_kwh IS NOT NULL";
        let database = self.database().unwrap();
        database
            .query_row(known, [vehicle], |row| row.get(0))
            .unwrap_or(0)
            > 0
    }

    /// Chosen: these cars, the newest charge of the first, and all that the cars have lived.
    fn choice(&self, store: Store, vehicles: &[&str]) -> Choice {
        let first = vehicles[0];
        let began = if CARS.contains(&first) {
            self.session(first)
        } else {
            String::new()
        };
        let now = Timestamp::now();
        Choice {
            vehicles: vehicles.iter().map(|vehicle| (*vehicle).to_owned()).collect(),
            session: match store {
                Store::Sqlite => format!("{began} {first}"),
                Store::InfluxDb => began,
            },
            from: (now - SignedDuration::from_hours(60 * 24)).as_millisecond(),
            to: (now + SignedDuration::from_hours(30 * 24)).as_millisecond(),
        }
    }

    /// What a panel shows; of its questions those that hold nothing too.
    async fn show(&self, store: Store, panel: Panel<'_>, choice: &Choice) -> Vec<Answer> {
        let mut answers = Vec::new();
        for target in panel.targets() {
            let question = filled(question(target), choice);
            let answer = self.ask(store, &question).await;
            if store == Store::Sqlite {
                answer.assert_fits_plugin(target["queryType"] == "time series", &question);
            }
            answers.push(answer);
        }
        answers
    }
}

#[tokio::test]
async fn every_panel_of_every_board_shows_every_car() {
    let filled = Filled::by_the_demo().await;
    for store in filled.stores() {
        for name in BOARDS {
            let board = Board::read(store, name);
            assert_variables(&filled, &board).await;
            for panel in board.panels() {
                assert_shows(&filled, &board, panel).await;
            }
        }
    }
    if filled.server.is_some() {
        assert_figures_agree(&filled).await;
    }
}

/// For all cars each question holds something, for one the panel does; for another car, or at another time, nothing.
async fn assert_shows(filled: &Filled, board: &Board, panel: Panel<'_>) {
    let (store, whole) = (board.store, filled.choice(board.store, &CARS));
    let at = format!("{} {}: {}", store.key(), board.name, panel.title());
    let answers = filled.show(store, panel, &whole).await;
    assert!(answers.iter().all(Answer::shows), "{at}: {answers:?}");
    for name in panel.named_columns() {
        // Grafana calls the time of InfluxDB so.
        let name = if name == "Time" { "time" } else { name };
        let is_there = answers
            .iter()
            .any(|answer| answer.columns.iter().any(|column| column == name));
        assert!(is_there, "{at}: no column {name}: {:?}", answers[0].columns);
    }
    for car in CARS {
        let shown = filled.show(store, panel, &filled.choice(store, &[car])).await;
        let wanted = !OF_CAPACITY.contains(&panel.title()) || filled.has_capacity(car);
        assert_eq!(shown.iter().any(Answer::shows), wanted, "{at}: {car}: {shown:?}");
        let vehicles = shown.iter().filter_map(|answer| answer.column("vehicle"));
        let strangers = vehicles
            .flatten()
            .filter(|cell| **cell != answer::Cell::Text(car.to_owned()));
        assert_eq!(strangers.count(), 0, "{at}: {car}");
    }
    let nobody = filled
        .show(store, panel, &filled.choice(store, &["nobody"]))
        .await;
    assert!(!nobody.iter().any(Answer::shows), "{at}: {nobody:?}");
    let long_ago = Choice {
        from: 1_000_000_000_000,
        to: 1_000_086_400_000,
        ..whole
    };
    let asks_for_time = |target: &serde_json::Value| {
        let question = question(target);
        question.contains("$__from") || question.contains("$timeFilter")
    };
    if panel.targets().into_iter().all(asks_for_time) {
        let before = filled.show(store, panel, &long_ago).await;
        assert!(!before.iter().any(Answer::shows), "{at}: {before:?}");
    }
}

/// What can be chosen above a board is there.
async fn assert_variables(filled: &Filled, board: &Board) {
    let store = board.store;
    let ask = async |name: &str, cars: &[&str]| {
        let Some(question) = board.variable(name) else {
            return Vec::new();
        };
        let question = board::filled(question, &filled.choice(store, cars));
        filled.ask(store, &question).await.texts()
    };
    let vehicles = ask("vehicle", &CARS).await;
    assert!(
        CARS.iter().all(|car| vehicles.contains(&(*car).to_owned())),
        "{vehicles:?}"
    );
    if board.name != "charging" {
        return;
    }
    let mut currencies = ask("currency", &CARS).await;
    currencies.dedup();
    assert_eq!(currencies, ["EUR"]);
    for car in CARS {
        let sessions = ask("session", &[car]).await;
        let wanted = filled.choice(store, &[car]).session;
        assert!(sessions.contains(&wanted), "{wanted}: {sessions:?}");
    }
}

/// What both stores show as one number is one number.
async fn assert_figures_agree(filled: &Filled) {
    let mut compared = Vec::new();
    for name in BOARDS {
        let [ours, theirs] = [Store::Sqlite, Store::InfluxDb].map(|store| Board::read(store, name));
        let figures_of_ours = ours.panels().into_iter().filter(|panel| panel.kind() == "stat");
        for panel in figures_of_ours {
            let same = theirs.panels().into_iter().find(|other| {
                other.title() == panel.title() && other.kind() == "stat" && other.targets().len() == 1
            });
            let Some(other) = same else { continue };
            let ours = figures(filled, Store::Sqlite, panel).await;
            let theirs = figures(filled, Store::InfluxDb, other).await;
            assert!(
                !ours.is_empty() && ours.keys().eq(theirs.keys()),
                "{}: {ours:?} {theirs:?}",
                panel.title()
            );
            for (car, figure) in &ours {
                let other = theirs[car];
                assert!(
                    (figure - other).abs() <= 1e-9 * figure.abs().max(1.0),
                    "{}: {car}: {figure} {other}",
                    panel.title()
                );
            }
            assert_eq!(
                panel.0["fieldConfig"]["defaults"]["unit"],
                other.0["fieldConfig"]["defaults"]["unit"]
            );
            compared.push(panel.title().to_owned());
        }
    }
    assert!(compared.len() >= 9, "{compared:?}");
}

async fn figures(filled: &Filled, store: Store, panel: Panel<'_>) -> BTreeMap<String, f64> {
    let answers = filled.show(store, panel, &filled.choice(store, &CARS)).await;
    answers[0].figures()
}
