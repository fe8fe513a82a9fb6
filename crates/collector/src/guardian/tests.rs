//! Weeks of a login's life in moments, against the simulated BMW.

use std::sync::Mutex;

use cardata_auth::{OAuthClient, Scopes, TokenStore, login};
use cardata_sim::{Approval, Control, Fault, Sim, SimConfig};
use runtime::Clock;
use runtime::testing::ManualClock;

use super::*;
use source::testing::{self, TestAccount};

use crate::http;

const HOUR: Duration = Duration::from_secs(3_600);

/// Collects log lines.
struct Log(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// An account that is logged in, and what its guardian says.
struct Rig {
    _folder: tempfile::TempDir,
    _sim: Sim,
    bmw: Control,
    url: url::Url,
    clock: Arc<ManualClock>,
    account: TestAccount,
    store: TokenStore,
    log: Arc<Mutex<Vec<u8>>>,
    _logging: tracing::subscriber::DefaultGuard,
}

impl Rig {
    async fn new(config: SimConfig) -> Self {
        http::install_crypto();
        let log = Arc::new(Mutex::new(Vec::new()));
        let subscriber = tracing_subscriber::fmt()
            .with_writer({
                let log = log.clone();
                move || Log(log.clone())
            })
            .with_ansi(false)
            .finish();
        let logging = tracing::subscriber::set_default(subscriber);
        let clock = Arc::new(ManualClock::new("2026-03-01T12:00:00Z".parse().unwrap()));
        let now = clock.clone();
        let config = SimConfig {
            approval: Approval::Auto {
                after: Duration::ZERO,
            },
            poll_interval: Duration::ZERO,
            ..config
        };
        let sim = Sim::start_with_now(config, Arc::new(move || now.now()))
            .await
            .unwrap();
        let folder = tempfile::tempdir().unwrap();
        let url = sim.auth_url().parse().unwrap();
        let shown: Arc<dyn Clock> = clock.clone();
        let account = testing::account(&http::client().unwrap(), &url, folder.path(), &shown);
        let rig = Self {
            bmw: sim.control(),
            _sim: sim,
            store: TokenStore::new(folder.path().to_owned(), "home"),
            url,
            _folder: folder,
            clock,
            account,
            log,
            _logging: logging,
        };
        rig.log_in().await;
        rig
    }

    async fn log_in(&self) {
        let jumping = Arc::new(ManualClock::jumping(self.clock.now()));
        let oauth = OAuthClient::new(http::client().unwrap(), self.url.clone(), jumping);
        let client_id = "4f9a1c52-8d0e-4b6c-9c2b-1a2b3c4d5e6f".parse().unwrap();
        let tokens = login(&oauth, &client_id, |_| {}).await.unwrap();
        self.store.save(&tokens).unwrap();
    }

    async fn guardian(&self) -> Guardian {
        let handles = &self.account.handles;
        Guardian::new(
            handles.login.clone(),
            handles.ledger.clone(),
            handles.clock.clone(),
        )
        .await
    }

    /// What the log was told since this was asked last, from WARN on.
    fn told(&self) -> Vec<String> {
        let text = String::from_utf8(std::mem::take(&mut *self.log.lock().unwrap())).unwrap();
        let lines = text.lines().filter(|line| line.contains("guardian"));
        lines.map(str::to_owned).collect()
    }

    fn published(&self, kind: &str) -> (String, Option<String>) {
        let mut published = self.account.ledger.published().into_iter();
        let found = published.find(|said| said.state.stored().0 == kind).unwrap();
        (found.state.to_string(), found.message)
    }

    fn refreshes(&self) -> usize {
        let requests = self.bmw.requests();
        requests
            .iter()
            .filter(|request| request.path.ends_with("/token"))
            .count()
    }

    fn days_left(&self) -> f64 {
        let tokens = self.store.load().unwrap().unwrap();
        tokens.refresh_days_left(self.clock.now())
    }

    fn down(&self) {
        let fault = Fault::Status {
            status: 503,
            body: "down".to_owned(),
        };
        self.bmw.inject_on("/gcdm/oauth/token", u32::MAX, fault);
    }
}

#[tokio::test]
async fn a_login_is_kept_alive_where_nothing_is_polled() {
    let rig = Rig::new(SimConfig::default()).await;
    let mut guardian = rig.guardian().await;
    let before = rig.refreshes();
    let end = rig.clock.now() + jiff::SignedDuration::from_hours(24);
    while rig.clock.now() < end {
        rig.clock.advance(guardian.look().await.unwrap());
    }
    let refreshes = rig.refreshes() - before;
    assert!((34..=37).contains(&refreshes), "every forty minutes: {refreshes}");
    assert!(rig.days_left() > 13.9);
    assert_eq!(rig.published("login"), ("alive".to_owned(), None));
    assert_eq!(rig.published("scopes"), ("complete".to_owned(), None));
    assert_eq!(rig.told(), Vec::<String>::new());
    assert_eq!(rig.bmw.violations(), []);
}

#[tokio::test]
async fn its_owner_is_told_at_seven_three_and_one_days_once_and_when_it_is_over() {
    let rig = Rig::new(SimConfig::default()).await;
    rig.down();
    let end = rig.clock.now() + jiff::SignedDuration::from_hours(14 * 24 - 2);
    let mut told = Vec::new();
    let mut states = Vec::new();
    while rig.clock.now() < end {
        // As if the program were started anew every hour.
        let mut guardian = rig.guardian().await;
        for _ in 0..2 {
            let wait = guardian.look().await.unwrap();
            assert!(wait <= 2 * HOUR, "{wait:?}");
        }
        for line in rig.told() {
            told.push((rig.days_left().ceil() as i64, line));
        }
        let (state, _) = rig.published("login");
        if states.last() != Some(&state) {
            states.push(state);
        }
        rig.clock.advance(HOUR);
    }
    let days: Vec<_> = told.iter().map(|(days, _)| *days).collect();
    assert_eq!(days, [7, 3, 1], "{told:?}");
    for ((_, line), level) in told.iter().zip([" WARN ", " WARN ", "ERROR "]) {
        assert!(line.contains(level), "{line}");
        assert!(line.contains("the login ends at 2026-03-15T12:00:"), "{line}");
        assert!(
            line.contains("HTTP 503") && line.contains("`cardata login`"),
            "{line}"
        );
    }
    assert_eq!(
        states,
        [
            "alive",
            "ends within 7 days",
            "ends within 3 days",
            "ends within a day"
        ]
    );

    rig.bmw.clear_faults();
    let mut guardian = rig.guardian().await;
    rig.clock.advance(guardian.look().await.unwrap());
    guardian.look().await.unwrap();
    assert!(
        rig.days_left() > 13.9,
        "renewed at the first try after the outage"
    );
    let told = rig.told();
    assert!(
        told.len() == 1 && told[0].contains("the login is well again"),
        "{told:?}"
    );
    assert_eq!(rig.published("login").0, "alive");
    assert!(
        rig.account.ledger.told("").await.unwrap().is_empty(),
        "all is forgotten"
    );
}

#[tokio::test]
async fn a_dead_login_is_told_at_once_and_only_once_until_somebody_logs_in() {
    let rig = Rig::new(SimConfig::default()).await;
    let mut guardian = rig.guardian().await;
    guardian.look().await.unwrap();
    rig.bmw.inject_on("/gcdm/oauth/token", 1, Fault::DropRefreshToken);
    rig.clock.advance(HOUR);
    for _ in 0..3 {
        assert_eq!(guardian.look().await, None, "somebody may log in any moment");
    }
    guardian = rig.guardian().await;
    assert_eq!(guardian.look().await, None);
    let told = rig.told();
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(
        told[0].contains("ERROR") && told[0].contains("`cardata login`"),
        "{told:?}"
    );
    let (state, message) = rig.published("login");
    assert_eq!(state, "needed");
    assert!(message.unwrap().contains("no longer accepted"));

    rig.log_in().await;
    assert!(guardian.look().await.is_some());
    let told = rig.told();
    assert!(
        told.len() == 1 && told[0].contains("the login is well again"),
        "{told:?}"
    );
}

#[tokio::test]
async fn a_scope_that_is_gone_is_told_after_the_refresh_that_showed_it() {
    let scopes = ["authenticate_user", "openid", "cardata:streaming:read"];
    let unsubscribed = SimConfig {
        subscribed_scopes: scopes.map(String::from).to_vec(),
        ..SimConfig::default()
    };
    let rig = Rig::new(unsubscribed).await;
    // As the login was before its owner took the API away from the client in the portal.
    let mut tokens = rig.store.load().unwrap().unwrap();
    tokens.scope = Scopes::wanted();
    rig.store.save(&tokens).unwrap();
    let mut guardian = rig.guardian().await;
    guardian.look().await.unwrap();
    assert_eq!(rig.published("scopes"), ("complete".to_owned(), None));
    for _ in 0..3 {
        rig.clock.advance(HOUR);
        guardian.look().await.unwrap();
        guardian = rig.guardian().await;
    }
    let told = rig.told();
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(
        told[0].contains("ERROR") && told[0].contains("does not cover cardata:api:read"),
        "{told:?}"
    );
    assert_eq!(rig.published("scopes").0, "without API");
    assert_eq!(rig.published("login").0, "alive");
}

#[tokio::test]
async fn it_ends_when_it_is_told_to() {
    let rig = Rig::new(SimConfig::default()).await;
    let cancelled = CancellationToken::new();
    let running = tokio::spawn(run(
        rig.account.handles.login.clone(),
        rig.account.handles.ledger.clone(),
        rig.account.handles.clock.clone(),
        cancelled.clone(),
    ));
    while rig.account.ledger.published().is_empty() {
        tokio::task::yield_now().await;
    }
    cancelled.cancel();
    running.await.unwrap();
}
