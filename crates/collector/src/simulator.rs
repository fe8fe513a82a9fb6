//! The built-in backend of a pipeline with `simulator:`: started inside the process, logged in to by itself.

use std::io::{Read, Seek, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use cardata_auth::{OAuthClient, login};
use cardata_sim::{CarKind, Documents, Sim, SimConfig, SimVehicle, StreamConfig};
use collector_core::BrokerAddress;
use jiff::Timestamp;
use runtime::{Clock, private};

use pipeline::{Pipeline, SimulatedKind, SimulatedVehicle, SimulatorOptions};

use crate::RunError;
use crate::account::token_store;
use crate::state::StateDirectory;

/// How long the login may take, in real time; as BMW's codes live.
const CODE_LIFETIME: Duration = Duration::from_secs(300);
/// The least life of a login, in real time: the program that renews it does not get faster with the clock.
const LOGIN_LIFETIME: Duration = Duration::from_secs(4);
/// The certificate that vouches for its stream, in the state directory. Another one at every start.
const CA: &str = "simulator-ca.pem";

/// When the lives of its cars began, in the state directory: what is started again goes on with them.
const BORN: &str = "simulator-start";

/// A running simulated BMW.
pub struct Simulator {
    sim: Sim,
    url: url::Url,
    stream: BrokerAddress,
    ca: PathBuf,
}

impl Simulator {
    /// Starts one where the pipeline runs on it, and points its accounts there.
    pub(crate) async fn for_pipeline(
        pipeline: &mut Pipeline,
        state: &StateDirectory,
        clock: &Arc<dyn Clock>,
    ) -> Result<Option<Self>, RunError> {
        let Some(options) = &pipeline.simulator else {
            return Ok(None);
        };
        let simulator = Self::start(options, state, clock.clone())
            .await
            .map_err(RunError::Simulator)?;
        let accounts = pipeline.accounts.iter_mut();
        accounts.for_each(|account| simulator.redirect(account));
        Ok(Some(simulator))
    }

    async fn start(
        options: &SimulatorOptions,
        state: &StateDirectory,
        clock: Arc<dyn Clock>,
    ) -> std::io::Result<Self> {
        let defaults = SimConfig::default();
        let config = SimConfig {
            born: Some(born(state, clock.now())?),
            seed: options.seed,
            speed: options.speed,
            vehicles: (0..).zip(&options.vehicles).map(vehicle).collect(),
            // The login is made by this process, which does not get faster with the clock.
            device_code_lifetime: CODE_LIFETIME.mul_f64(options.speed.max(1.0)),
            token_lifetime: defaults
                .token_lifetime
                .max(LOGIN_LIFETIME.mul_f64(options.speed.max(1.0))),
            // Nobody asks what was sent, and a demo may run for days.
            stream: StreamConfig {
                log: false,
                ..StreamConfig::default()
            },
            documents: Documents {
                log: false,
                ..Documents::default()
            },
            ..defaults
        };
        let sim = Sim::start_with_now(config, Arc::new(move || clock.now())).await?;
        let url = sim.api_url().parse().map_err(std::io::Error::other)?;
        let stream = sim.stream_url().parse().map_err(std::io::Error::other)?;
        // An account takes its authorities from a file.
        let ca = std::path::absolute(state.path().join(CA))?;
        let mut file = private::open(&ca)?;
        file.set_len(0)?;
        file.write_all(sim.stream_ca().as_bytes())?;
        Ok(Self { sim, url, stream, ca })
    }

    /// Where it listens.
    pub fn url(&self) -> &url::Url {
        &self.url
    }

    /// Points an account at it.
    fn redirect(&self, account: &mut pipeline::Account) {
        account.auth = self.url.clone();
        account.api = self.url.clone();
        account.stream = self.stream.clone();
        account.ca = Some(self.ca.clone());
    }

    /// Logs every account in. The simulated owner approves by itself.
    pub(crate) async fn log_in(
        &self,
        accounts: &[pipeline::Account],
        http: &reqwest::Client,
        state: &StateDirectory,
        clock: &Arc<dyn Clock>,
    ) -> Result<(), RunError> {
        for account in accounts {
            let oauth = OAuthClient::new(http.clone(), account.auth.clone(), clock.clone());
            let tokens = login(&oauth, &account.client_id, |_| {})
                .await
                .map_err(RunError::SimulatorLogin)?;
            let store = token_store(account, state);
            let saved = tokio::task::spawn_blocking(move || store.save(&tokens)).await;
            if let Ok(Err(error)) = saved {
                return Err(RunError::SimulatorLogin(error.into()));
            }
        }
        Ok(())
    }

    pub(crate) async fn stop(self) {
        self.sim.stop().await;
    }
}

/// When the cars' lives began: now, where nothing is kept that can be read.
fn born(state: &StateDirectory, now: Timestamp) -> std::io::Result<Timestamp> {
    let mut file = private::open(&state.path().join(BORN))?;
    let mut kept = String::new();
    // What is no text is nothing that can be read.
    let read = file.read_to_string(&mut kept);
    let born = read.ok().and_then(|_| kept.trim().parse().ok());
    if let Some(born) = born.filter(|born| *born <= now) {
        return Ok(born);
    }
    file.set_len(0)?;
    file.rewind()?;
    writeln!(file, "{now}")?;
    Ok(now)
}

fn vehicle((number, spec): (u32, &SimulatedVehicle)) -> SimVehicle {
    let kind = match spec.kind {
        SimulatedKind::I4 => CarKind::I4,
        SimulatedKind::I5 => CarKind::I5,
        SimulatedKind::NeueKlasse => CarKind::NeueKlasse,
        SimulatedKind::Phev => CarKind::Phev,
        SimulatedKind::British => CarKind::British,
        SimulatedKind::BritishBare => CarKind::BritishBare,
        SimulatedKind::OldIdrive => CarKind::OldIdrive,
        SimulatedKind::Undecided => CarKind::Undecided,
    };
    SimVehicle {
        life: spec.life,
        ..SimVehicle::numbered(kind, number)
    }
}
