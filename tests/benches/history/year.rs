//! A year of history, made once by the program that is measured and copied for each measurement.

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use collector::state::OpenState;
use collector_core::{Name, Origin, RawReading, RawSnapshot, Vin};
use jiff::{SignedDuration, Timestamp};
use journal::Log;
use rusqlite::Connection;
use rustix::fs::{Advice, fadvise};
use serde_json::value::to_raw_value;
use tests::process::Cardata;
use tests::scene::{self, Scene};
use tests::stores;
use tests::stream::stage::{Stage, in_real_time, tokens_of};

use crate::car::{A_YEAR, Car, KEYS, moment};
use crate::meter;

pub const SQLITE: &str = "  - type: sqlite\n    path: cardata.db\n";
/// The databases, below the folder of the pipeline file.
pub const JOURNAL: &str = "state/journal.db";
pub const SINK: &str = "cardata.db";
/// What the page reads.
const PAGE: &str = "state/dashboard.db";
const ALL: [&str; 3] = [JOURNAL, SINK, PAGE];

/// Messages that are appended in one transaction.
const AT_ONCE: usize = 6_000;
const PATIENCE: Duration = Duration::from_secs(600);
const BETWEEN_LOOKS: Duration = Duration::from_millis(50);
/// After so many seconds without a write, nothing is being tidied up any more.
const QUIET: u32 = 20;

/// Whether the program serves its page.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Page {
    On,
    Off,
}

/// The databases of a journal, an SQLite sink and the page with a year in them.
pub struct Year {
    folder: PathBuf,
}

impl Year {
    /// Takes the one that was made before, else makes it; `None` without servers.
    pub async fn find() -> Option<Self> {
        let stage = real_time(Page::On).await?;
        let key = key(&stage).await;
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("year-{key:016x}"));
        let year = Self { folder };
        if !year.folder.is_dir() {
            year.make(&stage).await;
        }
        Some(year)
    }

    /// A stage with a real broker, and the year in journal and SQLite sink.
    pub async fn stage(&self, page: Page) -> Stage {
        let stage = real_time(page).await.unwrap();
        self.copy_to(&stage.scene);
        stage
    }

    /// Puts the year into a scene that is logged in and does not run.
    pub fn copy_to(&self, scene: &Scene) {
        remove(scene);
        for name in ALL {
            let copy = scene.path(name);
            fs::copy(self.path(name), &copy).unwrap();
            // On disk before anything is counted, and out of memory: what was copied lies there in folios of up to half a
            // megabyte, and Linux counts a folio as written for every page of it that is changed.
            let copy = fs::File::open(copy).unwrap();
            copy.sync_all().unwrap();
            fadvise(&copy, 0, None, Advice::DontNeed).unwrap();
        }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.join(Path::new(name).file_name().unwrap())
    }

    async fn make(&self, stage: &Stage) {
        let began = Instant::now();
        remove(&stage.scene);
        append(&stage.scene.path("state"), &stage.vin()).await;
        let appended = began.elapsed();
        let run = stage.run().await;
        delivered(&stage.scene, &run, A_YEAR as u64).await;
        meter::quiet(&run, QUIET).await;
        meter::end(run).await;
        a_day_later(&stage.scene.path("state")).await;
        // A folder that is there is whole.
        let part = self.folder.with_extension("part");
        let _ = fs::remove_dir_all(&part);
        fs::create_dir_all(&part).unwrap();
        for name in ALL {
            let to = part.join(Path::new(name).file_name().unwrap());
            fs::copy(stage.scene.path(name), to).unwrap();
        }
        fs::rename(part, &self.folder).unwrap();
        eprintln!(
            "made in {:.0} s ({:.0} appended a second), kept in {}",
            began.elapsed().as_secs_f64(),
            A_YEAR as f64 / appended.as_secs_f64(),
            self.folder.display()
        );
    }
}

async fn real_time(page: Page) -> Option<Stage> {
    let stage = Stage::set(tokens_of(7_200), &in_real_time(SQLITE)).await?;
    if page == Page::On {
        stage
            .scene
            .edit(|text| format!("{text}dashboard: {{ listen: \"127.0.0.1:0\" }}\n"));
    }
    Some(stage)
}

/// Of what the program makes of empty databases, and of what the car says: another format needs another year.
async fn key(stage: &Stage) -> u64 {
    let run = stage.run().await;
    scene::until(&run, "a database of the page", || stage.scene.path(PAGE).exists()).await;
    scene::stop(run).await;
    let mut hasher = DefaultHasher::new();
    let (mut car, at) = (Car::new(), moment(A_YEAR).0);
    (0..KEYS).for_each(|_| car.say(at).1.to_string().hash(&mut hasher));
    for name in ALL {
        let database = Connection::open(stage.scene.path(name)).unwrap();
        let version: i64 = database
            .query_row("pragma user_version", [], |row| row.get(0))
            .unwrap();
        version.hash(&mut hasher);
        let mut tables = database
            .prepare("select coalesce(sql, name) from sqlite_schema order by name")
            .unwrap();
        let tables = tables.query_map([], |row| row.get::<_, String>(0)).unwrap();
        tables.for_each(|table| table.unwrap().hash(&mut hasher));
    }
    hasher.finish()
}

fn remove(scene: &Scene) {
    for name in ALL {
        for end in ["", "-wal", "-shm"] {
            let _ = fs::remove_file(scene.path(&format!("{name}{end}")));
        }
    }
}

/// The messages of the year, each of one key, by the journal's own door. Nothing packs them.
pub async fn append(state: &Path, vin: &str) {
    let journal = OpenState::open(state).unwrap().journal;
    let (account, source): (Name, Name) = ("home".into(), "stream".into());
    let vin: Vin = vin.parse().unwrap();
    let mut car = Car::new();
    for first in (0..A_YEAR).step_by(AT_ONCE) {
        let numbers = first..A_YEAR.min(first + AT_ONCE);
        let messages: Arc<[RawSnapshot]> = numbers.map(|number| message(&vin, &mut car, number)).collect();
        let appended = journal.append(account.clone(), source.clone(), messages).await;
        assert!(
            appended.unwrap().iter().all(|one| one.repeats == 0),
            "each reading is new"
        );
    }
}

fn message(vin: &Vin, car: &mut Car, number: usize) -> RawSnapshot {
    let (at, received_at) = moment(number);
    let (descriptor, body) = car.say(at);
    RawSnapshot {
        vin: vin.clone(),
        origin: Origin::Stream,
        requested_at: None,
        sent_at: Some(format!("{received_at:.3}")),
        received_at,
        readings: vec![RawReading {
            descriptor: descriptor.to_owned(),
            body: to_raw_value(&body).unwrap(),
        }],
    }
}

/// Packs what was derived too, as it is done when it is a day old. The file is whole behind it: closing it, in a thread of
/// its own, writes what its log has and removes the log.
async fn a_day_later(state: &Path) {
    let journal = OpenState::open(state).unwrap().journal;
    let tomorrow = Timestamp::now() + SignedDuration::from_hours(25);
    journal.pack(tomorrow).await.unwrap();
    drop(journal);
    let began = Instant::now();
    while state.join("journal.db-wal").exists() {
        assert!(began.elapsed() < PATIENCE, "the journal does not close");
        tokio::time::sleep(BETWEEN_LOOKS).await;
    }
}

/// Waits until every sink has this entry.
pub async fn delivered(scene: &Scene, run: &Cardata, entry: u64) {
    let state = scene.path("state");
    let began = Instant::now();
    while stores::acknowledged(&state, &[]) < entry {
        assert!(
            began.elapsed() < PATIENCE,
            "it is not delivered:\n{}",
            run.transcript()
        );
        tokio::time::sleep(BETWEEN_LOOKS).await;
    }
}
