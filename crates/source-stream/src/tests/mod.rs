//! The stream against a broker and a login that do as they are told, with a clock that stands still or jumps.

mod gaps;
mod rotation;
mod storing;
mod trouble;
mod window;
mod world;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use collector_core::Stream;
use runtime::Clock;
use runtime::testing::ManualClock;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::driver::Driver;
use collector_core::state::State;
use ledger::StreamRecord;
use source::testing::{self, TestAccount};
use world::{Broker, Login, Output, credential, read};

/// A driver that runs, and the world around it.
struct Rig {
    clock: Arc<ManualClock>,
    broker: Arc<Broker>,
    login: Arc<Login>,
    output: Arc<Output>,
    account: TestAccount,
    stop: CancellationToken,
}

impl Rig {
    fn new(jumping: bool) -> Self {
        // It fails only when there is one already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let noon = "2026-03-01T12:00:00Z".parse().unwrap();
        let clock = Arc::new(if jumping {
            ManualClock::jumping(noon)
        } else {
            ManualClock::new(noon)
        });
        let shown: Arc<dyn Clock> = clock.clone();
        let nowhere = "http://127.0.0.1:9".parse().unwrap();
        let mut account = testing::account(
            &cardata_api::http_client(&collector_core::Trust::default()).unwrap(),
            &nowhere,
            Path::new(""),
            &shown,
        );
        account.handles.window = Duration::ZERO;
        let stop = CancellationToken::new();
        Self {
            broker: Arc::new(Broker::new(clock.clone(), stop.clone())),
            login: Arc::new(Login::new(credential(1, clock.now(), 3_600))),
            output: Arc::default(),
            account,
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
            &self.account.handles,
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

    async fn pass_in_steps(&self, step: Duration, what: &str, is_so: impl Fn() -> bool) {
        let passing = async {
            while !is_so() {
                self.clock.advance(step);
                for _ in 0..4 {
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
        self.account.ledger.streams().remove(0)
    }

    fn state(&self) -> (String, Option<String>) {
        let published = self.account.ledger.published().into_iter();
        let mut states = published.filter(|said| matches!(said.state, State::Stream(_)));
        states
            .next()
            .map_or_else(Default::default, |said| (said.state.to_string(), said.message))
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
