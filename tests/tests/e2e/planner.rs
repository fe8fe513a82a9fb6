//! Two accounts with five vehicles for days on end: calls within the quota, spread by what the vehicles do, and no
//! hour without a call that the quota did not force.

use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use cardata_sim::{Approval, Control, RequestRecord, Sim, SimConfig, SimVehicle};
use jiff::tz::Offset;
use jiff::{SignedDuration, Timestamp};
use tempfile::TempDir;
use tests::process::Cardata;

use crate::scene::{CLIENT_ID, DEADLINE, end, stop};

const HOUR: SignedDuration = SignedDuration::from_hours(1);
const DAY: SignedDuration = SignedDuration::from_hours(24);
/// What polls may make of the fifty calls.
const FOR_POLLS: usize = 48;
/// Of these, so many are kept for a vehicle that begins to do something, or fall to the rounding of intervals.
const UNUSED: usize = 6;
/// A busy machine holds the program up for so long, in real time; virtual time goes on.
const HELD_UP: f64 = 0.5;

const CONTAINER: &str = "[vehicle.drivetrain.batteryManagement.header, \
    vehicle.drivetrain.electricEngine.charging.status, vehicle.isMoving, vehicle.vehicle.travelledDistance, \
    vehicle.cabin.infotainment.navigation.currentLocation.latitude]";
const STATUS: &str = "vehicle.drivetrain.electricEngine.charging.status";

/// Two BMW accounts, `home` with two vehicles and `work` with three, and a folder with a pipeline file.
struct Street {
    accounts: [(Control, Sim); 2],
    folder: TempDir,
    speed: f64,
    /// When time began to hurry; people log in at their own pace.
    hurried: Arc<OnceLock<Instant>>,
}

impl Street {
    async fn new(speed: f64) -> Self {
        let hurried = Arc::new(OnceLock::<Instant>::new());
        let since = hurried.clone();
        let began = Timestamp::now();
        let now: cardata_sim::Now = Arc::new(move || {
            let elapsed = since.get().map_or(0.0, |since| since.elapsed().as_secs_f64());
            began + SignedDuration::from_secs_f64(elapsed * speed)
        });
        let account = async |vins: &[&str]| {
            let config = SimConfig {
                speed,
                vehicles: vins.iter().map(|vin| SimVehicle::new(*vin)).collect(),
                approval: Approval::Auto {
                    after: Duration::ZERO,
                },
                poll_interval: Duration::from_secs(1),
                refresh_lifetime: Duration::from_secs(365 * 86_400),
                ..SimConfig::default()
            };
            let sim = Sim::start_with_now(config, now.clone()).await.unwrap();
            (sim.control(), sim)
        };
        let home = account(&["WBY71AW050FP10001", "WBY71AW050FP10002"]).await;
        let work = account(&["WBY71AW050FP10003", "WBY71AW050FP10004", "WBY71AW050FP10005"]).await;
        let street = Self {
            accounts: [home, work],
            folder: TempDir::new().unwrap(),
            speed,
            hurried,
        };
        std::fs::write(street.folder.path().join("pipeline.yaml"), street.pipeline()).unwrap();
        street
    }

    fn pipeline(&self) -> String {
        let account = |name: &str, sim: &Sim| {
            let url = sim.api_url();
            format!(
                "  - name: {name}\n    client_id: {CLIENT_ID}\n    endpoints: {{ auth: \"{url}\", api: \"{url}\" }}\n"
            )
        };
        format!(
            "clock: {{ speed: {} }}\ntimezone: Europe/Berlin\naccounts:\n{}{}sources:\n  - type: telematics\n    \
             container: {CONTAINER}\n    every: auto\nsinks:\n  - type: sqlite\n    path: cardata.db\n",
            self.speed,
            account("home", &self.accounts[0].1),
            account("work", &self.accounts[1].1),
        )
    }

    fn start(&self, arguments: &[&str]) -> Cardata {
        let arguments = arguments.iter().chain(&["--config", "pipeline.yaml"]);
        Cardata::start(arguments, |command| {
            command.current_dir(self.folder.path()).env_remove("CARDATA_LOG");
        })
    }

    async fn log_in(&self) {
        for account in ["home", "work"] {
            let said = end(self.start(&["login", "--account", account])).await;
            assert_eq!(said.code, Some(0), "{said:?}");
        }
    }

    fn now(&self) -> Timestamp {
        self.accounts[0].0.now()
    }

    async fn status(&self) -> serde_json::Value {
        let said = end(self.start(&["status", "--json"])).await;
        assert_eq!(said.code, Some(0), "{said:?}");
        serde_json::from_str(&said.out).unwrap()
    }
}

/// Runs for so many days of virtual time and holds what reached BMW against the promises.
async fn live(days: i32, speed: f64) {
    let street = Street::new(speed).await;
    street.log_in().await;
    street.hurried.get_or_init(Instant::now);
    let run = street.start(&["run"]);
    run.wait_for_line("running", DEADLINE).await;
    let begin = street.now();
    let patience = Duration::from_secs_f64(f64::from(days) * 86_400.0 / speed) + DEADLINE;
    let give_up = Instant::now() + patience;
    while street.now().duration_since(begin) < DAY * days {
        assert!(Instant::now() < give_up, "{}", run.transcript());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    told(&street.status().await);
    stop(run).await;
    for ((bmw, _), vehicles) in street.accounts.iter().zip([2, 3]) {
        assert_eq!(bmw.violations(), []);
        within_the_quota(&bmw.requests());
        nobody_waits_idly(bmw, vehicles, speed);
        charging_is_watched(bmw);
    }
}

fn within_the_quota(requests: &[RequestRecord]) {
    let calls: Vec<Timestamp> = requests
        .iter()
        .filter(|request| request.counted)
        .map(|request| request.at)
        .collect();
    let refused = requests.iter().filter(|request| request.status == 403).count();
    assert_eq!(refused, 0, "BMW never had to refuse a call");
    for call in &calls {
        let day = Offset::UTC.to_datetime(*call).date();
        let today = calls
            .iter()
            .filter(|other| Offset::UTC.to_datetime(**other).date() == day)
            .count();
        let window = calls
            .iter()
            .filter(|other| **other >= *call && **other < *call + DAY)
            .count();
        assert!(
            today <= 50 && window <= 50,
            "{today} calls on {day}, {window} in the 24 hours from {call}"
        );
    }
}

/// The times at which each vehicle was asked for.
fn polls(bmw: &Control) -> Vec<Vec<Timestamp>> {
    let mut polls = std::collections::BTreeMap::<String, Vec<Timestamp>>::new();
    for request in bmw
        .requests()
        .into_iter()
        .filter(|request| request.path.contains("telematicData"))
    {
        polls.entry(request.path).or_default().push(request.at);
    }
    polls.into_values().collect()
}

/// A vehicle waits for more than an hour, or for more than its equal share of the calls allows, only if some 24 hours
/// that contain the whole wait saw the calls that polls may make.
fn nobody_waits_idly(bmw: &Control, vehicles: usize, speed: f64) {
    let polls = polls(bmw);
    assert_eq!(polls.len(), vehicles, "every vehicle was polled");
    let mut all = polls.concat();
    all.sort_unstable();
    let held_up = SignedDuration::from_secs_f64(HELD_UP * speed);
    let share = HOUR.max(DAY * vehicles as i32 / FOR_POLLS as i32) + held_up;
    for pair in polls.iter().flat_map(|polls| polls.windows(2)) {
        let (from, to) = (pair[0], pair[1]);
        if to.duration_since(from) <= share {
            continue;
        }
        let begins = all.iter().filter(|at| **at <= from && to < **at + DAY);
        let used = begins.map(|begin| {
            all.iter()
                .filter(|at| **at >= *begin && **at < *begin + DAY)
                .count()
        });
        let used = used.max().unwrap_or(0);
        assert!(
            used + UNUSED >= FOR_POLLS,
            "a wait from {from} to {to}, and {used} calls were made"
        );
    }
    let most = polls.iter().map(Vec::len).max().unwrap_or(0);
    let least = polls.iter().map(Vec::len).min().unwrap_or(0);
    assert!(least * 2 > most, "no vehicle starves: {most} and {least} polls");
}

/// A vehicle that charges is asked for again sooner than one that is parked.
fn charging_is_watched(bmw: &Control) {
    let mut served = bmw.served();
    served.retain(|served| served.descriptor == STATUS);
    served.sort_by(|a, b| (&a.vin, a.at).cmp(&(&b.vin, b.at)));
    let mean = |charging: bool| {
        let pairs = served.windows(2).filter(|pair| pair[0].vin == pair[1].vin);
        let is_charging = |value: Option<&str>| value == Some("CHARGINGACTIVE");
        let waits = pairs.filter(|pair| is_charging(pair[0].value.as_deref()) == charging);
        let waits: Vec<f64> = waits
            .map(|pair| pair[1].at.duration_since(pair[0].at).as_secs_f64())
            .collect();
        waits.iter().sum::<f64>() / waits.len() as f64
    };
    assert!(
        mean(true) < 0.8 * mean(false),
        "{} and {} seconds",
        mean(true),
        mean(false)
    );
}

/// What `status` says while the program runs.
fn told(status: &serde_json::Value) {
    for account in status["accounts"].as_array().unwrap() {
        let calls = &account["calls"];
        assert_eq!(calls["reserved"], 2, "{status}");
        assert!(calls["used"].as_u64().unwrap() <= 50, "{status}");
        let planned = calls["used"].as_u64().unwrap() + calls["planned"].as_u64().unwrap();
        assert!(planned <= 50, "{status}");
    }
    let polls = status["polls"].as_array().unwrap();
    assert_eq!(polls.len(), 5, "{status}");
    for poll in polls {
        assert!(poll["next_at"].is_string(), "{status}");
        assert!(!poll["why"].as_str().unwrap().is_empty(), "{status}");
    }
}

#[tokio::test]
async fn two_accounts_with_five_vehicles_live_within_their_quota() {
    live(3, 8_000.0).await;
}
