//! Logins that somebody begins on the page: one at a time for each account, stored as `cardata login` stores them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use cardata_auth::{AuthError, DeviceCode};
use collector::state::StateDirectory;
use dashboard::{Invitation, Login, LookError};
use pipeline::{Account, Pipeline};
use runtime::Clock;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::{Failure, context, login};

/// All that were begun.
pub struct Logins {
    pipeline: Arc<Pipeline>,
    clock: Arc<dyn Clock>,
    stop: CancellationToken,
    /// The last of each account.
    begun: Mutex<HashMap<String, watch::Receiver<Login>>>,
    running: Mutex<JoinSet<()>>,
}

impl Logins {
    pub fn new(pipeline: Arc<Pipeline>, clock: Arc<dyn Clock>) -> Self {
        Self {
            pipeline,
            clock,
            stop: CancellationToken::new(),
            begun: Mutex::default(),
            running: Mutex::default(),
        }
    }

    /// How the last one of an account fares.
    pub fn last(&self, account: &str) -> Option<Login> {
        let begun = self.begun.lock().unwrap_or_else(PoisonError::into_inner);
        begun.get(account).map(|login| login.borrow().clone())
    }

    /// Begins one, unless one is under way, and returns when there is something to be shown of it.
    ///
    /// # Errors
    /// Nobody can log in to this account.
    pub async fn begin(&self, account: &str) -> Result<(), LookError> {
        let mut login = self.begun(account)?;
        // Where nobody tells of it any more, the program ends.
        let _ = login.wait_for(|login| *login != Login::Asked).await;
        Ok(())
    }

    fn begun(&self, name: &str) -> Result<watch::Receiver<Login>, LookError> {
        let refused = |reason: &str| Err(LookError(reason.to_owned()));
        if self.pipeline.simulator.is_some() {
            return refused("this pipeline runs on a simulator and logs in by itself");
        }
        let all = &self.pipeline.accounts;
        let Some(index) = all.iter().position(|account| &*account.name == name) else {
            return refused("there is no account of that name");
        };
        let mut begun = self.begun.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(login) = begun.get(name)
            && login.has_changed().is_ok()
            && login.borrow().is_under_way()
        {
            return Ok(login.clone());
        }
        let (told, login) = watch::channel(Login::Asked);
        begun.insert(name.to_owned(), login.clone());
        let (pipeline, clock, stop) = (self.pipeline.clone(), self.clock.clone(), self.stop.clone());
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        // Of those that have ended nothing is kept.
        while running.try_join_next().is_some() {}
        running.spawn(async move { follow(&pipeline, &pipeline.accounts[index], clock, stop, told).await });
        Ok(login)
    }

    /// Ends those that wait for their owner; one that he approved is stored before this returns.
    pub async fn end(&self) {
        self.stop.cancel();
        let mut running = std::mem::take(&mut *self.running.lock().unwrap_or_else(PoisonError::into_inner));
        while running.join_next().await.is_some() {}
    }
}

/// Tells how a login of an account fares, from its code to its end.
async fn follow(
    pipeline: &Pipeline,
    account: &Account,
    clock: Arc<dyn Clock>,
    stop: CancellationToken,
    told: watch::Sender<Login>,
) {
    let end = match log_in(pipeline, account, &clock, &stop, &told).await {
        Ok(Some(end)) => end,
        Ok(None) => return,
        Err(failure) => Login::Failed(failure.message),
    };
    match &end {
        Login::Failed(reason) => {
            tracing::warn!(account = %account.name, reason, "nobody logged in by the page")
        }
        Login::Expired => {
            tracing::info!(account = %account.name, "nobody approved the login that was begun on the page")
        }
        _ => tracing::info!(account = %account.name, "somebody logged in by the page"),
    }
    told.send_replace(end);
}

/// `None` where the program ended before.
async fn log_in(
    pipeline: &Pipeline,
    account: &Account,
    clock: &Arc<dyn Clock>,
    stop: &CancellationToken,
    told: &watch::Sender<Login>,
) -> Result<Option<Login>, Failure> {
    let state = StateDirectory::at(&pipeline.state);
    state.probe()?;
    let store = login::place(account, &state).await?;
    let oauth = context::oauth(account, clock.clone())?;
    let approval = cardata_auth::login(&oauth, &account.client_id, |code| {
        told.send_replace(Login::Waiting(invitation(code)));
    });
    let tokens = match stop.run_until_cancelled(approval).await {
        None => return Ok(None),
        Some(Ok(tokens)) => tokens,
        Some(Err(AuthError::CodeExpired { trouble: None })) => return Ok(Some(Login::Expired)),
        Some(Err(error)) => return Err(login::failure(&account.name, &error)),
    };
    let advice = login::advice(&account.name, &tokens.missing_scopes());
    login::keep(tokens, store, account, pipeline, &state).await?;
    let at = clock.now();
    Ok(Some(Login::Done { at, advice }))
}

fn invitation(code: &DeviceCode) -> Invitation {
    let link = code.link();
    Invitation {
        qr: login::qr::drawn(&link),
        link,
        code: code.user_code.clone(),
        until: code.expires_at(),
    }
}
