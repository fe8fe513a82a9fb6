//! Months of polling in moments: a clock that jumps, and sources that do as they are told.

mod demands;
mod ended;
mod failures;
mod gaps;
mod intake;
mod intervals;
mod login;
mod months;
mod quota;
mod seldom;
mod streams;
mod trips;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use collector_core::{Origin, RawReading, RawSnapshot, SourceError, Vehicle};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use runtime::Clock;
use serde_json::value::RawValue;
use tokio_util::sync::CancellationToken;

use super::*;
use ledger::{Calls, PollRecord};
use pipeline::VehicleSpec;
use planner::Activity;
use planner::quota::next_utc_midnight;
use source::testing::{self, TestAccount};

use crate::http;
use intake::MemoryIntake;

/// The name of a source that is asked seldom.
const SELDOM: &str = "seldom";
const VINS: [&str; 5] = [
    "WBY8P210X07A12345",
    "WBA11AA0001234567",
    "WBA22AA0001234568",
    "WBA33AA0001234569",
    "WBA44AA0001234570",
];

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn begin() -> Timestamp {
    at("2026-03-01T06:00:00Z")
}

fn minutes(minutes: u64) -> Duration {
    Duration::from_secs(minutes * 60)
}

/// True time moves with every sleep; what the clock shows can be set.
#[derive(Debug)]
struct JumpingClock {
    time: Mutex<Time>,
}

#[derive(Debug)]
struct Time {
    truth: Timestamp,
    offset: SignedDuration,
    /// When the clock is set, and by how much.
    jumps: Vec<(Timestamp, SignedDuration)>,
    /// What else happens on the way.
    script: streams::Script,
    /// When the poller is told to end.
    end: Timestamp,
    ended: CancellationToken,
    /// No sleep ends.
    stands: bool,
}

impl JumpingClock {
    fn truth(&self) -> Timestamp {
        self.time.lock().unwrap().truth
    }
}

#[async_trait]
impl Clock for JumpingClock {
    fn now(&self) -> Timestamp {
        let time = self.time.lock().unwrap();
        time.truth + time.offset
    }

    async fn sleep(&self, duration: Duration) {
        if self.time.lock().unwrap().stands {
            return std::future::pending().await;
        }
        {
            let mut time = self.time.lock().unwrap();
            time.truth += SignedDuration::try_from(duration).unwrap();
            let truth = time.truth;
            let due: Vec<_> = time.jumps.extract_if(.., |(when, _)| *when <= truth).collect();
            for (_, by) in due {
                time.offset += by;
            }
            let shown = truth + time.offset;
            time.script.play(truth, shown);
            if time.truth >= time.end {
                time.ended.cancel();
            }
        }
        tokio::task::yield_now().await;
    }

    fn uptime(&self) -> Option<Duration> {
        let since = self.truth().duration_since(Timestamp::UNIX_EPOCH);
        Duration::try_from(since).ok()
    }
}

/// Answers the `nth` question, counted from 0.
type Answers = Box<dyn FnMut(usize, &Vehicle) -> Result<(), SourceError> + Send>;

/// A source that notes when it was asked for which vehicle.
struct Fake {
    name: &'static str,
    rig: Arc<Rig>,
    /// Whether its calls go through the ledger, as those of the real source do.
    counted: bool,
    asked: usize,
    answers: Answers,
    /// What the ledger is to remember.
    remembers: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Asked {
    source: &'static str,
    vehicle: usize,
    /// True time.
    at: Timestamp,
}

#[async_trait]
impl Poll for Fake {
    async fn poll(&mut self, vehicle: &Vehicle) -> Result<RawSnapshot, SourceError> {
        let now = self.rig.clock.now();
        if self.counted {
            let budget = &self.rig.account.handles.budget;
            let (word, allowance) = budget.terms(cardata_api::Call::TelematicData);
            let spent = budget.spend(word, now, allowance).await;
            let Ok(call) = spent.unwrap() else {
                return Err(quota());
            };
            let answer = self.rig.ask_bmw(now).await;
            let outcome = if answer.is_ok() { "ok" } else { "quota" };
            budget.settle(call, outcome).await.unwrap();
            answer?;
        }
        let asked = Asked {
            source: self.name,
            vehicle: number(vehicle),
            at: self.rig.clock.truth(),
        };
        self.rig.asked.lock().unwrap().push(asked);
        self.asked += 1;
        (self.answers)(self.asked - 1, vehicle)?;
        let life = self.rig.life.lock().unwrap();
        let activity = life.as_ref().map(|life| life(asked.vehicle, asked.at));
        Ok(RawSnapshot {
            vin: vehicle.vin.clone(),
            origin: Origin::Poll,
            requested_at: Some(now),
            sent_at: None,
            received_at: now,
            readings: readings(self.asked, activity.unwrap_or_default(), asked.at),
        })
    }

    fn remembers(&self) -> Option<String> {
        self.remembers.clone()
    }
}

/// What a vehicle tells a minute after it was measured.
fn readings(asked: usize, activity: Activity, now: Timestamp) -> Vec<RawReading> {
    let charging = if activity == Activity::Charging {
        "CHARGINGACTIVE"
    } else {
        "NOCHARGING"
    };
    let moving = if activity == Activity::Driving {
        "ASN_isTrue"
    } else {
        "ASN_isFalse"
    };
    let reading = |descriptor: &str, value: &str| {
        let body = format!(
            r#"{{"value":"{value}","timestamp":"{:.3}"}}"#,
            now - SignedDuration::from_mins(1)
        );
        RawReading {
            descriptor: descriptor.to_owned(),
            body: RawValue::from_string(body).unwrap(),
        }
    };
    vec![
        reading(
            "vehicle.drivetrain.batteryManagement.header",
            &(asked % 100).to_string(),
        ),
        reading("vehicle.drivetrain.electricEngine.charging.status", charging),
        reading("vehicle.isMoving", moving),
    ]
}

fn number(vehicle: &Vehicle) -> usize {
    VINS.iter().position(|vin| *vin == vehicle.vin.as_str()).unwrap()
}

fn quota() -> SourceError {
    let reason = "the calls of the day are used up".to_owned();
    SourceError::Quota { reason }
}

fn transient(retry_after: Option<Duration>) -> SourceError {
    let reason = "the server answered 503".to_owned();
    SourceError::Transient { reason, retry_after }
}

/// An account with a journal, and what its sources were asked.
struct Rig {
    tokens: tempfile::TempDir,
    clock: Arc<JumpingClock>,
    account: TestAccount,
    intake: Arc<MemoryIntake>,
    asked: Mutex<Vec<Asked>>,
    /// What each vehicle does at a true time.
    life: Mutex<Option<Life>>,
    /// Calls that another program made on the account: true times, in order.
    foreign: Mutex<Vec<Timestamp>>,
    /// When BMW refused a call because the UTC day's fifty were used.
    refused: Mutex<Vec<Timestamp>>,
}

type Life = Box<dyn Fn(usize, Timestamp) -> Activity + Send>;

impl Rig {
    fn new() -> Arc<Self> {
        http::install_crypto();
        let time = Time {
            truth: begin(),
            offset: SignedDuration::ZERO,
            jumps: Vec::new(),
            script: streams::Script::default(),
            end: Timestamp::MAX,
            ended: CancellationToken::new(),
            stands: false,
        };
        let clock = Arc::new(JumpingClock {
            time: Mutex::new(time),
        });
        let shown: Arc<dyn Clock> = clock.clone();
        let tokens = tempfile::tempdir().unwrap();
        let nowhere = "http://127.0.0.1:9".parse().unwrap();
        let account = testing::account(&http::client().unwrap(), &nowhere, tokens.path(), &shown);
        let intake = Arc::new(MemoryIntake::default());
        intake.ledger.set(account.ledger.clone()).unwrap();
        Arc::new(Self {
            tokens,
            clock,
            account,
            intake,
            asked: Mutex::default(),
            life: Mutex::default(),
            foreign: Mutex::default(),
            refused: Mutex::default(),
        })
    }

    /// BMW counts the calls of everybody, in UTC days of true time.
    async fn ask_bmw(&self, now: Timestamp) -> Result<(), SourceError> {
        let truth = self.clock.truth();
        let midnight = next_utc_midnight(truth) - SignedDuration::from_hours(24);
        let today = |at: &Timestamp| *at >= midnight && *at <= truth;
        let foreign = self.foreign.lock().unwrap().iter().filter(|at| today(at)).count();
        let ours = self
            .asked
            .lock()
            .unwrap()
            .iter()
            .filter(|asked| today(&asked.at))
            .count();
        if foreign + ours < 50 {
            return Ok(());
        }
        self.refused.lock().unwrap().push(truth);
        let until = next_utc_midnight(now);
        self.account.handles.budget.block(until).await.unwrap();
        Err(quota())
    }

    fn source(self: &Arc<Self>, answers: Answers) -> Box<dyn Poll> {
        self.named("telematics", false, answers)
    }

    fn named(self: &Arc<Self>, name: &'static str, counted: bool, answers: Answers) -> Box<dyn Poll> {
        Box::new(Fake {
            name,
            rig: self.clone(),
            counted,
            asked: 0,
            answers,
            remembers: (name == SELDOM).then(|| "[1]".to_owned()),
        })
    }

    fn poller(&self, vehicles: usize, sources: &[(&'static str, Every)]) -> Poller {
        self.poller_in(TimeZone::UTC, vehicles, sources)
    }

    fn poller_in(&self, timezone: TimeZone, vehicles: usize, sources: &[(&'static str, Every)]) -> Poller {
        let spec = |vin: &&str| VehicleSpec {
            vin: vin.parse().unwrap(),
            name: None,
            account: None,
            units: None,
            capacity_kwh: None,
        };
        let source = |&(name, every): &(&'static str, Every)| PolledSource {
            name: name.into(),
            every,
            calls: 1,
            is_seldom: name == SELDOM,
            streamable: true,
            advice: None,
            vehicles: Patterns::default(),
        };
        let plan = PollPlan {
            vehicles: Vehicles::List(VINS[..vehicles].iter().map(spec).collect()),
            sources: sources.iter().map(source).collect(),
            timezone,
            cancelled: self.clock.time.lock().unwrap().ended.clone(),
        };
        Poller::new(&self.account.handles, self.intake.clone(), plan)
    }

    /// At this true time, somebody sets the clock forward, or back.
    fn set_clock(&self, when: Timestamp, by: SignedDuration) {
        self.clock.time.lock().unwrap().jumps.push((when, by));
    }

    /// Lets the time of one more run end this much later than now.
    fn end_after(&self, duration: Duration) {
        let mut time = self.clock.time.lock().unwrap();
        time.end = time.truth + SignedDuration::try_from(duration).unwrap();
        time.ended = CancellationToken::new();
    }

    /// Runs one source for so long, one moment more, so that a poll at the end is made.
    async fn run(self: &Arc<Self>, duration: Duration, vehicles: usize, every: Every, answers: Answers) {
        self.end_after(duration + Duration::from_secs(1));
        let poller = self.poller(vehicles, &[("telematics", every)]);
        poller.run(vec![self.source(answers)]).await;
    }

    /// Minutes after the beginning at which `vehicle` was asked for.
    fn minutes(&self, vehicle: usize) -> Vec<i64> {
        let asked = self.asked.lock().unwrap();
        let of_vehicle = asked.iter().filter(|asked| asked.vehicle == vehicle);
        of_vehicle
            .map(|asked| asked.at.duration_since(begin()).as_secs() / 60)
            .collect()
    }

    /// What the account says of itself: a state and a message.
    fn published(&self) -> (String, String) {
        let published = self.account.ledger.published().into_iter();
        let mut states = published.filter(|said| matches!(said.state, State::Polls(_)));
        states
            .next()
            .map(|said| (said.state.to_string(), said.message.unwrap_or_default()))
            .unwrap_or_default()
    }

    async fn last_poll(&self, vehicle: usize) -> PollRecord {
        let vin = VINS[vehicle].parse().unwrap();
        let record = self
            .account
            .handles
            .ledger
            .poll_record("home", "telematics", &vin);
        record.await.unwrap().unwrap()
    }
}

fn always() -> Answers {
    Box::new(|_, _| Ok(()))
}
