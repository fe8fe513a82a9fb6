//! What live messages cost: bytes written and processor time. The broker delivers them as BMW's does, at QoS 0.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Map, Value, json};
use tests::process::Cardata;
use tests::stores;
use tests::stream::publisher::Publisher;
use tests::stream::stage::Stage;

use crate::car::{Car, KEYS};
use crate::meter::{self, Processor};
use crate::year::{Page, Year};
use crate::{kibibytes, line, raw};

const SECOND: Duration = Duration::from_secs(1);
const BETWEEN_BURSTS: Duration = Duration::from_secs(3);
/// What the start has left to do is over when nothing was written for so many seconds: longer than a sink waits for more.
const QUIET: u32 = 70;
/// Longer than a sink waits for more, and writes it.
const PATIENCE: Duration = Duration::from_secs(120);
const IDLE: u32 = 60;
/// What comes first finds no page in memory.
const WARM: usize = 5;

/// A program that runs on the year, and a car that speaks to it.
struct Drive {
    stage: Stage,
    run: Cardata,
    publisher: Publisher,
    car: Car,
    /// That get each reading.
    stores: u64,
    /// How many readings the stores have when all has arrived that was said.
    wanted: u64,
}

impl Drive {
    async fn begin(year: &Year, page: Page) -> Self {
        let stage = year.stage(page).await;
        let run = stage.run().await;
        meter::quiet(&run, QUIET).await;
        Self {
            publisher: stage.publisher(),
            car: Car::new(),
            stores: if page == Page::On { 2 } else { 1 },
            wanted: delivered(&stage),
            stage,
            run,
        }
    }

    /// Says a message of so many keys.
    async fn say(&mut self, keys: usize) {
        self.wanted += keys as u64 * self.stores;
        let now = Timestamp::now();
        let vin = self.stage.vin();
        let told = (0..keys).map(|_| self.car.say(now));
        let data: Map<String, Value> = told.map(|(key, body)| (key.to_owned(), body)).collect();
        let message = json!({
            "vin": vin,
            "entityId": self.stage.gcid,
            "topic": vin,
            "timestamp": format!("{now:.3}"),
            "data": data,
        });
        self.publisher.publish_as_bmw(&vin, message.to_string()).await;
    }

    /// A burst of messages of one key.
    async fn burst(&mut self) {
        for _ in 0..KEYS {
            self.say(1).await;
        }
    }

    /// Waits until the stores have all.
    async fn arrived(&self) {
        let enough = || delivered(&self.stage) >= self.wanted;
        tests::scene::until_within(&self.run, PATIENCE, "all readings in the stores", enough).await;
    }

    /// Ends; tells the bytes that were written since `before`.
    async fn end(self, before: u64) -> u64 {
        self.arrived().await;
        meter::end(self.run).await - before
    }
}

fn delivered(stage: &Stage) -> u64 {
    let query = "select coalesce(sum(delivered_readings), 0) from cursor";
    stores::journal(&stage.scene.path("state"), query)
}

fn stores(page: Page) -> &'static str {
    match page {
        Page::On => "journal, sqlite and page",
        Page::Off => "journal and sqlite",
    }
}

/// A message of two keys every second, after a while of nothing.
pub async fn one_a_second(year: &Year, page: Page, minutes: u32) {
    let mut drive = Drive::begin(year, page).await;
    let with = stores(page);
    let mut processor = Processor::of(&drive.run);
    let (written, reads) = (meter::written(&drive.run), meter::reads(&drive.run));
    let spent = processor.over(IDLE).await;
    let written = meter::written(&drive.run) - written;
    let reads = meter::reads(&drive.run) - reads;
    eprintln!("\nnothing comes, with {with}");
    line(
        "processor time",
        &format!("{spent:.4} s a minute"),
        "goal: next to nothing",
    );
    line("bytes written", &format!("{written} a minute"), "goal: 0");
    line(
        "reads from files and sockets",
        &format!("{reads} a minute"),
        "goal: next to none",
    );

    let mut pace = tokio::time::interval(SECOND);
    for _ in 0..WARM {
        pace.tick().await;
        drive.say(2).await;
    }
    drive.arrived().await;
    pace.reset();
    let seconds = minutes * 60;
    let readings = seconds as usize * 2;
    let (before, spent) = (meter::written(&drive.run), processor.look());
    for _ in 0..seconds {
        pace.tick().await;
        drive.say(2).await;
        processor.look();
    }
    pace.tick().await;
    let spent = (processor.look() - spent) / f64::from(minutes);
    let written = drive.end(before).await;
    eprintln!("\na message of two keys every second over {minutes} minutes, with {with}");
    let bare = raw::written(seconds as usize, 2);
    let beside = format!(
        "goal 6 KiB; two bare SQLite tables, appended to: {}",
        kibibytes(bare, readings)
    );
    line(
        "bytes written, the clean end included",
        &kibibytes(written, readings),
        &beside,
    );
    line("processor time", &format!("{spent:.3} s a minute"), "goal 0.05 s");
}

/// Bursts of sixty messages of one key.
pub async fn bursts(year: &Year, page: Page, minutes: u32) {
    let mut drive = Drive::begin(year, page).await;
    let with = stores(page);
    let mut processor = Processor::of(&drive.run);
    // A third of the time is enough: one burst has as many readings as half a minute of the other.
    let bursts = (minutes as usize * 20).div_ceil(3);
    let mut pace = tokio::time::interval(BETWEEN_BURSTS);
    pace.tick().await;
    drive.burst().await;
    drive.arrived().await;
    pace.reset();
    let (before, spent) = (meter::written(&drive.run), processor.look());
    for _ in 0..bursts {
        pace.tick().await;
        drive.burst().await;
        processor.look();
    }
    pace.tick().await;
    let spent = processor.look() - spent;
    let readings = bursts * KEYS;
    let written = drive.end(before).await;
    eprintln!("\n{bursts} bursts of {KEYS} messages of one key every three seconds, with {with}");
    let bare = raw::written(bursts, KEYS);
    let beside = format!(
        "goal 1.5 KiB; two bare SQLite tables, appended to: {}",
        kibibytes(bare, readings)
    );
    line(
        "bytes written, the clean end included",
        &kibibytes(written, readings),
        &beside,
    );
    let each = spent * 1e6 / readings as f64;
    line("processor time", &format!("{each:.0} µs a reading"), "");
}
