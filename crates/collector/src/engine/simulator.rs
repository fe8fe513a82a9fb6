//! The built-in backend of a pipeline with `simulator:`: started inside the process, logged in to by itself.

use std::sync::Arc;
use std::time::Duration;

use cardata_auth::{Clock, OAuthClient, login};
use cardata_sim::{Sim, SimConfig};

use super::RunError;
use crate::account::token_store;
use crate::config::{self, SimulatorOptions};
use crate::state::StateDirectory;

/// How long the login may take, in real time; as BMW's codes live.
const CODE_LIFETIME: Duration = Duration::from_secs(300);

/// A running simulated BMW.
pub struct Simulator {
    sim: Sim,
    url: url::Url,
}

impl Simulator {
    pub(super) async fn start(options: &SimulatorOptions, clock: Arc<dyn Clock>) -> std::io::Result<Self> {
        let config = SimConfig {
            seed: options.seed,
            speed: options.speed,
            // The login is made by this process, which does not get faster with the clock.
            device_code_lifetime: CODE_LIFETIME.mul_f64(options.speed.max(1.0)),
            ..SimConfig::default()
        };
        let sim = Sim::start_with_now(config, Arc::new(move || clock.now())).await?;
        let url = sim.api_url().parse().map_err(std::io::Error::other)?;
        Ok(Self { sim, url })
    }

    /// Where it listens.
    pub fn url(&self) -> &url::Url {
        &self.url
    }

    /// Points an account at it.
    pub(super) fn redirect(&self, account: &mut config::Account) {
        account.auth = self.url.clone();
        account.api = self.url.clone();
    }

    /// Logs every account in. The simulated owner approves by itself.
    pub(super) async fn log_in(
        &self,
        accounts: &[config::Account],
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

    pub(super) async fn stop(self) {
        self.sim.stop().await;
    }
}
