//! A scene with a broker: the simulated BMW for logins and polls, a real broker for the stream.

use cardata_sim::SimConfig;

use super::connections;
use super::message::Told;
use super::publisher::Publisher;
use crate::process::Cardata;
use crate::scene::{DEADLINE, Plan, Scene, until};
use crate::servers::Mosquitto;
use crate::stores;

/// What keeps mosquitto from dropping messages of a subscriber that is slower than the publisher for a while.
pub const NO_LIMITS: [&str; 3] = [
    "max_queued_messages 0",
    "max_inflight_messages 0",
    "max_queued_bytes 0",
];
/// What keeps a session over a kill of the broker.
pub const PERSISTENT: [&str; 2] = ["persistence true", "autosave_interval 1"];

/// The program streams from `broker` and polls `scene.bmw`.
pub struct Stage {
    pub scene: Scene,
    pub broker: Mosquitto,
    /// The BMW account, which is in every topic.
    pub gcid: String,
}

impl Stage {
    /// Logs in and adds the stream to the pipeline file; `None` when tests against servers are left out.
    pub async fn set(config: SimConfig, plan: &Plan<'_>) -> Option<Self> {
        let options = [&connections::LOG[..], &NO_LIMITS[..]].concat();
        Self::with_broker(config, plan, Mosquitto::with(&options).await?).await
    }

    pub async fn with_broker(config: SimConfig, plan: &Plan<'_>, broker: Mosquitto) -> Option<Self> {
        let scene = Scene::with(config, plan).await;
        let (url, ca) = (broker.url(), broker.ca());
        scene.edit(|text| {
            let stream = format!("stream: \"{url}\", ca: \"{}\" }}\n", ca.display());
            let text = text.replacen(" }\nsources:\n", &format!(", {stream}sources:\n"), 1);
            text.replacen("sinks:\n", "  - type: stream\nsinks:\n", 1)
        });
        scene.login().await;
        let gcid = gcid(&scene);
        Some(Self { scene, broker, gcid })
    }

    /// Runs the program and returns when it is subscribed.
    pub async fn run(&self) -> Cardata {
        let before = self.subscriptions();
        let run = self.scene.run().await;
        self.subscribed_since(&run, before).await;
        run
    }

    /// Waits for a subscription beyond so many.
    pub async fn subscribed_since(&self, run: &Cardata, before: usize) {
        until(run, "subscription", || self.subscriptions() > before).await;
    }

    /// How many subscriptions the broker has granted to the program.
    pub fn subscriptions(&self) -> usize {
        connections::subscriptions(&self.broker, &self.gcid)
    }

    /// Every login of the program at the broker.
    pub fn logins(&self) -> Vec<connections::Login> {
        connections::logins(&self.broker, &self.gcid)
    }

    pub fn publisher(&self) -> Publisher {
        Publisher::connect(&self.broker, &self.gcid)
    }

    /// The VIN of the account's car.
    pub fn vin(&self) -> String {
        SimConfig::default().vehicles[0].vin.clone()
    }

    /// Waits until a message is in the journal.
    pub async fn keeps(&self, run: &Cardata, told: &Told) {
        let state = self.scene.path("state");
        let reading = format!("\"{}\",{}", told.descriptor, told.body());
        let query = format!("select exists (select 1 from log where instr(payload, '{reading}'))");
        let is_there = || stores::journal(&state, &query) == 1;
        until(run, "a message in the journal", is_there).await;
    }

    /// Waits until this many new readings of messages are in the journal.
    pub async fn stored(&self, run: &Cardata, readings: usize) {
        let state = self.scene.path("state");
        let query = "select coalesce(sum(log.readings), 0) from log join feed on feed.id = feed_id
                     where origin = 'stream'";
        let wanted = readings as u64;
        let enough = || stores::journal(&state, query) >= wanted;
        until(run, "readings of the stream in the journal", enough).await;
    }
}

/// Waits until every sink has acknowledged what is in the journal now.
pub async fn delivered(scene: &Scene, run: &Cardata) {
    let state = scene.path("state");
    let newest = stores::newest_entry(&state);
    until(run, "delivery", || stores::acknowledged(&state, &[]) >= newest).await;
}

/// The account's id, which only the login brings.
pub fn gcid(scene: &Scene) -> String {
    let text = std::fs::read_to_string(scene.path("state/tokens/home.json")).expect("there is a login");
    let stored: serde_json::Value = serde_json::from_str(&text).expect("the token file is JSON");
    stored["gcid"].as_str().expect("the login has told it").to_owned()
}

/// A simulated BMW whose logins last through a test, with tokens of this many seconds.
pub fn tokens_of(seconds: u64) -> SimConfig {
    SimConfig {
        token_lifetime: std::time::Duration::from_secs(seconds),
        ..SimConfig::default()
    }
}

/// A pipeline that lives in real time and polls at its start alone.
pub fn in_real_time(sinks: &str) -> Plan<'_> {
    Plan {
        speed: 1.0,
        every: "1h",
        sinks,
        ..Plan::default()
    }
}

/// Waits until a publisher's broker is reached by the program again after `before` logins.
pub async fn back(stage: &Stage, before: usize) {
    let wanted = "login after the broker's return";
    connections::wait(&stage.broker, wanted, DEADLINE, |_| {
        stage.subscriptions() > before
    })
    .await;
}
