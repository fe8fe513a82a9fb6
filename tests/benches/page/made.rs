//! A year and two months of six cars that stream: ten million readings in a state directory, made once by the program that is
//! measured and copied for each measurement.

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use collector::state::OpenState;
use collector_core::Vin;
use jiff::{SignedDuration, Timestamp};
use journal::Log;
use rusqlite::Connection;
use tests::process::Cardata;
use tests::scene::{self, Plan, Scene};
use tests::stores;

use crate::car;

pub const CARS: usize = 6;
const DAYS: i64 = 417;
const AT_ONCE: usize = 6_000;
const DAYS_AT_ONCE: i64 = 14;
const JOURNAL: &str = "state/journal.db";
const PAGE: &str = "state/dashboard.db";
/// Of a page, more than a first run needs for ten million readings.
const PATIENCE: Duration = Duration::from_secs(1_800);
const BETWEEN_LOOKS: Duration = Duration::from_secs(1);
/// Nothing follows any more when nothing came for so many looks.
const QUIET: u32 = 10;

/// The databases of a journal and of the page.
pub struct Made {
    folder: PathBuf,
}

impl Made {
    /// Takes those that were made before, else makes them.
    pub async fn find() -> Self {
        let scene = scene().await;
        let key = key(&scene).await;
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("six-cars-{key:016x}"));
        let made = Self { folder };
        if !made.folder.is_dir() {
            made.make(&scene).await;
        }
        made
    }

    async fn make(&self, scene: &Scene) {
        let began = Instant::now();
        remove(scene);
        append(&scene.path("state")).await;
        let appended = began.elapsed();
        let run = scene.run().await;
        settled(scene, &run).await;
        scene::stop(run).await;
        // A folder that is there is whole.
        let part = self.folder.with_extension("part");
        let _ = fs::remove_dir_all(&part);
        fs::create_dir_all(&part).unwrap();
        for name in [JOURNAL, PAGE] {
            fs::copy(scene.path(name), part.join(file(name))).unwrap();
        }
        fs::rename(part, &self.folder).unwrap();
        eprintln!(
            "made in {:.0} s, of which {:.0} to append; kept in {}",
            began.elapsed().as_secs_f64(),
            appended.as_secs_f64(),
            self.folder.display()
        );
    }

    /// A scene that is logged in and has all of it.
    pub async fn scene(&self) -> Scene {
        let scene = scene().await;
        for name in [JOURNAL, PAGE] {
            fs::copy(self.folder.join(file(name)), scene.path(name)).unwrap();
        }
        scene
    }

    /// How many the page can read.
    pub fn readings(&self) -> u64 {
        self.number("SELECT count(*) FROM readings").try_into().unwrap()
    }

    /// The name of the first car, and when the newest of its charges began, as it stands in a URL.
    pub fn charge(&self) -> (String, String) {
        let database = self.database();
        let name = "SELECT vehicle FROM charging_sessions ORDER BY vehicle LIMIT 1";
        let name: String = database.query_row(name, [], |row| row.get(0)).unwrap();
        let start =
            "SELECT start_at_ms FROM charging_sessions WHERE vehicle = ?1 ORDER BY start_at_ms DESC LIMIT 1";
        let start: i64 = database.query_row(start, [&name], |row| row.get(0)).unwrap();
        let start = Timestamp::from_millisecond(start).unwrap();
        (name, start.to_string())
    }

    fn number(&self, sql: &str) -> i64 {
        self.database().query_row(sql, [], |row| row.get(0)).unwrap()
    }

    fn database(&self) -> Connection {
        Connection::open(self.folder.join(file(PAGE))).unwrap()
    }
}

async fn scene() -> Scene {
    let plan = Plan {
        speed: 1.0,
        every: "12h",
        sinks: "  - { type: stdout, start: latest }\n",
        ..Plan::default()
    };
    let scene = Scene::set(&plan).await;
    scene.edit(|text| format!("{text}dashboard: {{ listen: \"127.0.0.1:0\" }}\n"));
    scene.login().await;
    scene
}

pub async fn start(scene: &Scene) -> Cardata {
    scene.run().await
}

/// Where the page is.
pub fn link(run: &Cardata) -> String {
    let lines = run.lines();
    let link = lines.iter().find_map(|line| line.text.strip_prefix("See it: "));
    link.unwrap().to_owned()
}

fn file(name: &str) -> &std::ffi::OsStr {
    Path::new(name).file_name().unwrap()
}

fn remove(scene: &Scene) {
    for name in [JOURNAL, PAGE] {
        for end in ["", "-wal", "-shm"] {
            let _ = fs::remove_file(scene.path(&format!("{name}{end}")));
        }
    }
}

/// Of what the program makes of empty databases, and of what the cars say: another format needs another year.
async fn key(scene: &Scene) -> u64 {
    let run = scene.run().await;
    scene.more_answers(&run, 1).await;
    scene::until(&run, "a database of the page", || scene.path(PAGE).exists()).await;
    scene::stop(run).await;
    let mut hasher = DefaultHasher::new();
    (CARS, DAYS, DAYS_AT_ONCE, car::day(&vin(0), 0).len()).hash(&mut hasher);
    for name in [JOURNAL, PAGE] {
        let database = Connection::open(scene.path(name)).unwrap();
        let tables = "SELECT group_concat(sql ORDER BY name) FROM sqlite_master";
        let tables: String = database.query_row(tables, [], |row| row.get(0)).unwrap();
        tables.hash(&mut hasher);
    }
    hasher.finish()
}

fn vin(car: usize) -> Vin {
    format!("WBY0000000000{:04}", 100 + car).parse().unwrap()
}

async fn append(state: &Path) {
    let state = OpenState::open(state).unwrap();
    let far = Timestamp::now() + SignedDuration::from_hours(24);
    for day in 0..DAYS {
        for car in 0..CARS {
            for some in car::day(&vin(car), day).chunks(AT_ONCE) {
                let appended = state.journal.append("home".into(), "stream".into(), some.into());
                appended.await.unwrap();
            }
        }
        // As it is done all the time beside a run.
        if day % DAYS_AT_ONCE == 0 || day + 1 == DAYS {
            state.journal.flush().await.unwrap();
            state.journal.pack(far).await.unwrap();
        }
    }
}

/// Waits until everything is derived and the page has it.
async fn settled(scene: &Scene, run: &Cardata) {
    let state = scene.path("state");
    let (began, mut before, mut since) = (Instant::now(), 0, 0);
    while since < QUIET {
        assert!(
            began.elapsed() < PATIENCE,
            "it does not settle:\n{}",
            run.transcript()
        );
        tokio::time::sleep(BETWEEN_LOOKS).await;
        let newest = stores::newest_entry(&state);
        let is_done = newest == before && stores::acknowledged(&state, &[]) >= newest;
        since = if is_done { since + 1 } else { 0 };
        before = newest;
    }
}
