//! The stream against a broker and a login that do as they are told, with a clock that stands still or jumps.

mod rotation;
mod storing;
mod trouble;
mod world;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use cardata_auth::Clock;
use cardata_auth::testing::ManualClock;
use collector_core::Stream;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::driver::Driver;
use crate::account::Account;
use crate::journal::Journal;
use crate::journal::streams::StreamRecord;
use crate::state::StateDirectory;
use crate::{config, http};
use world::{Broker, Login, Output, credential, read};

/// A driver that runs, and the world around it.
struct Rig {
    _folder: tempfile::TempDir,
    clock: Arc<ManualClock>,
    broker: Arc<Broker>,
    login: Arc<Login>,
    output: Arc<Output>,
    account: Arc<Account>,
    stop: CancellationToken,
}

impl Rig {
    fn new(jumping: bool) -> Self {
        http::install_crypto();
        let noon = "2026-03-01T12:00:00Z".parse().unwrap();
        let clock = Arc::new(if jumping {
            ManualClock::jumping(noon)
        } else {
            ManualClock::new(noon)
        });
        let folder = tempfile::tempdir().unwrap();
        let state = StateDirectory::create(folder.path()).unwrap();
        let options = config::Account {
            name: "home".into(),
            client_id: "4f9a1c52-8d0e-4b6c-9c2b-1a2b3c4d5e6f".parse().unwrap(),
            auth: "http://127.0.0.1:9".parse().unwrap(),
            api: "http://127.0.0.1:9".parse().unwrap(),
            stream: "mqtt://127.0.0.1:9".parse().unwrap(),
            ca: None,
            calls_per_day: 50,
            passphrase: None,
        };
        let journal = Journal::open(folder.path()).unwrap();
        let shown: Arc<dyn Clock> = clock.clone();
        let account = Account::new(&options, &http::client().unwrap(), &state, &journal, &shown);
        let stop = CancellationToken::new();
        Self {
            _folder: folder,
            broker: Arc::new(Broker::new(clock.clone(), stop.clone())),
            login: Arc::new(Login::new(credential(1, clock.now(), 3_600))),
            output: Arc::default(),
            account: Arc::new(account),
            clock,
            stop,
        }
    }

    /// The program once more in the same world.
    fn again(self) -> Self {
        let stop = CancellationToken::new();
        self.broker.stop_by(stop.clone());
        Self { stop, ..self }
    }

    fn start(&self) -> JoinHandle<()> {
        let mut driver = Driver::new(
            "stream".into(),
            self.account.clone(),
            self.login.clone(),
            self.broker.clone(),
            read,
        );
        let (output, stop) = (self.output.clone(), self.stop.clone());
        tokio::spawn(async move { driver.run(output.as_ref(), &stop).await })
    }

    /// Lets everybody work until this is so.
    async fn until(&self, what: &str, is_so: impl Fn() -> bool) {
        let waiting = async {
            while !is_so() {
                tokio::task::yield_now().await;
            }
        };
        let ended = tokio::time::timeout(Duration::from_secs(60), waiting).await;
        assert!(ended.is_ok(), "never: {what}");
    }

    /// Lets time pass in small steps until this is so.
    async fn pass_until(&self, what: &str, is_so: impl Fn() -> bool) {
        self.pass_in_steps(Duration::from_millis(100), what, is_so).await;
    }

    /// No time passes while the driver waits for the journal.
    async fn pass_in_steps(&self, step: Duration, what: &str, is_so: impl Fn() -> bool) {
        let passing = async {
            while !is_so() {
                self.clock.advance(step);
                for _ in 0..4 {
                    // It answers in order.
                    self.account.journal.stream_breaker("", "").await.unwrap();
                    tokio::task::yield_now().await;
                }
            }
        };
        let ended = tokio::time::timeout(Duration::from_secs(60), passing).await;
        assert!(ended.is_ok(), "never: {what}");
    }

    async fn stopped(&self, running: JoinHandle<()>) {
        self.stop.cancel();
        running.await.unwrap();
    }

    fn record(&self) -> StreamRecord {
        let overview = self.account.journal.overview().unwrap();
        overview.streams().unwrap().remove(0)
    }

    fn state(&self) -> (String, Option<String>) {
        let components = self.account.journal.overview().unwrap().components().unwrap();
        let found = components
            .into_iter()
            .find(|component| component.kind == "stream");
        found.map_or_else(Default::default, |found| (found.state, found.message))
    }

    async fn until_state(&self, state: &str) {
        self.pass_until(state, || self.state().0 == state).await;
    }

    fn logins(&self) -> usize {
        self.broker.logins().len()
    }

    fn replaced(&self) -> u32 {
        self.login.replaced.load(Ordering::Relaxed)
    }
}
