//! The program with its page on what a month of the demo's two cars has left.

use std::fs;
use std::path::{Path, PathBuf};

use jiff::{SignedDuration, Timestamp};
use tempfile::TempDir;
use tests::browser::Browser;
use tests::process::Cardata;
use tests::scene::{DEADLINE, stop, until_within};
use tests::servers::client;
use tests::stores;
use tokio::sync::OnceCell;

const PIPELINE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../configs/demo.yaml");
/// How fast the demo's time runs, as its file has it.
pub const DEMO_SPEED: &str = "speed: 900";
/// The first car.
const CAR: &str = "v/vfp12345/";
/// Of keys: a number, a text, and one that says where the car is.
const ODOMETER: &str = "key/vehicle.vehicle.travelledDistance?range=year";
const STATUS: &str = "key/vehicle.drivetrain.electricEngine.charging.status";
const NORTH: &str = "key/vehicle.cabin.infotainment.navigation.currentLocation.latitude";
/// A month in less than a minute.
const HURRY: &str = "speed: 50000";
const MONTH: SignedDuration = SignedDuration::from_hours(30 * 24);

/// The month is lived once, and each test goes on from there with a program of its own.
static LIVED: OnceCell<PathBuf> = OnceCell::const_new();

pub struct Demo {
    pub run: Cardata,
    folder: TempDir,
    root: String,
}

/// A page of the demo.
#[derive(Debug, Clone)]
pub struct Page {
    /// For pictures.
    pub name: &'static str,
    /// Behind the root.
    pub path: String,
}

impl Demo {
    /// At the demo's own speed, a month later, at a port that is free.
    pub async fn open() -> Self {
        Self::with(|text| text).await
    }

    /// The same with another pipeline file.
    pub async fn with(change: impl FnOnce(String) -> String) -> Self {
        let lived = LIVED.get_or_init(live).await;
        let folder = TempDir::new().unwrap();
        copy(lived, folder.path());
        write(folder.path(), change);
        let run = start(folder.path());
        let link = run.wait_for_line("See it: ", DEADLINE).await;
        let link = link.text.trim_start_matches("See it: ");
        let root = link.split(['?', ' ']).next().unwrap().to_owned();
        run.wait_for_line("the stream is connected", DEADLINE).await;
        Self { run, folder, root }
    }

    /// Where a page is, by its path behind the root.
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.root)
    }

    pub fn car(&self, page: &str) -> String {
        self.url(&format!("{CAR}{page}"))
    }

    pub fn state(&self) -> PathBuf {
        self.folder.path().join("demo-data/state")
    }

    /// How often somebody has had BMW asked for a car.
    pub fn demands(&self) -> u64 {
        let query = "select count(*) from quota where call = 'demanded_telematic_data'";
        stores::journal(&self.state(), query)
    }

    /// Every page that a run without a token has.
    pub async fn pages(&self) -> Vec<Page> {
        let charge = self.linked("charging", "charging/20").await;
        let trip = self.linked("trips", "trips/20").await;
        let led_to = [
            ("why-charge", charge.clone(), "why/session/"),
            ("why-trip", trip.clone(), "why/trip/"),
            ("why-battery", "battery".to_owned(), "why/battery_health/"),
            ("why-sum", "charging".to_owned(), "why/page/"),
            ("login", "../../system".to_owned(), "login/"),
        ];
        let mut pages = Vec::new();
        for (name, at, word) in led_to {
            let path = self.linked(&at, word).await;
            let path = path
                .trim_start_matches("../")
                .split('#')
                .next()
                .unwrap()
                .to_owned();
            pages.push(Page { name, path });
        }
        let standstill = self.standstill().await;
        pages.push(Page {
            name: "why-standstill",
            path: format!("why/standstill/vfp12345/{standstill}"),
        });
        let of_car = [
            ("now", "now"),
            ("position", "now?position=shown"),
            ("battery", "battery"),
            ("battery-day", "battery?range=day"),
            ("charging", "charging"),
            ("charge", &charge),
            ("trips", "trips"),
            ("trip", &trip),
            ("track", &format!("{trip}?position=shown")),
            ("data", "data"),
            ("key", ODOMETER),
            ("key-text", STATUS),
            ("key-hidden", NORTH),
            ("missing", "nothing"),
        ];
        let of_car = of_car.map(|(name, path)| Page {
            name,
            path: format!("{CAR}{path}"),
        });
        pages.extend(of_car);
        pages.push(Page {
            name: "system",
            path: "system".to_owned(),
        });
        pages
    }

    /// When a standstill began.
    async fn standstill(&self) -> String {
        let all = client().get(self.car("standstills.csv")).send().await.unwrap();
        let all = all.error_for_status().unwrap().text().await.unwrap();
        let mut rows = csv::Reader::from_reader(all.as_bytes());
        let at = rows
            .headers()
            .unwrap()
            .iter()
            .position(|column| column == "start_at")
            .unwrap();
        rows.records().last().unwrap().unwrap()[at].replace(".000Z", "Z")
    }

    /// The first link of a page of the car that has this in it.
    async fn linked(&self, page: &str, part: &str) -> String {
        let text = client().get(self.car(page)).send().await.unwrap();
        let text = text.error_for_status().unwrap().text().await.unwrap();
        let mut links = text
            .split("href=\"")
            .skip(1)
            .map(|rest| rest.split('"').next().unwrap());
        let link = links.find(|link| link.contains(part));
        let link = link.unwrap_or_else(|| panic!("{page} has no link with {part}"));
        link.replace("&#38;", "&")
    }
}

impl Page {
    /// Opens it and waits until its scripts have run.
    pub async fn show(&self, demo: &Demo, browser: &Browser) {
        browser.goto(&demo.url(&self.path)).await;
        if browser.look().has_scripts {
            browser.until("page", READY).await;
        }
    }
}

/// All charts are drawn, all tables can be sorted.
pub const READY: &str = "document.readyState === 'complete' && \
     [...document.querySelectorAll('figure[data-chart]')].every(figure => figure.querySelector('.uplot')) && \
     [...document.querySelectorAll('table[data-sortable] th[scope=col]')].every(head => head.querySelector('.sort') || !head.textContent.trim())";

/// A month of the two cars: its folder.
async fn live() -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("month");
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    let state = folder.join("demo-data/state");
    let lived = || stores::journal(&state, "select coalesce(max(received_at), 0) from log");
    write(&folder, |text| text.replace(DEMO_SPEED, HURRY));
    let end = u64::try_from((Timestamp::now() + MONTH).as_millisecond()).unwrap();
    let run = start(&folder);
    run.wait_for_line("the stream is connected", DEADLINE).await;
    until_within(&run, 3 * DEADLINE, "month", || lived() >= end).await;
    stop(run).await;
    folder
}

fn write(folder: &Path, change: impl FnOnce(String) -> String) {
    let text = fs::read_to_string(PIPELINE).unwrap();
    let text = change(text.replace("listen: 127.0.0.1:8720", "listen: 127.0.0.1:0"));
    fs::write(folder.join("pipeline.yaml"), text).unwrap();
}

fn start(folder: &Path) -> Cardata {
    Cardata::start(["run"], |command| {
        command
            .current_dir(folder)
            .env_remove("CARDATA_LOG")
            .env_remove("COLUMNS");
    })
}

fn copy(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            fs::create_dir(&to).unwrap();
            fs::set_permissions(&to, entry.metadata().unwrap().permissions()).unwrap();
            copy(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), &to).unwrap();
        }
    }
}
