//! Keeps the login of an account alive for its own sake, also where nothing is polled for a day, and tells its owner
//! in time when it is going to die.

#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use cardata_auth::{API_SCOPE, AuthError, TokenSet, Upkeep, scopes_message};
use collector_core::state::{LoginState, ScopesState, State};
use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use ledger::{Ledger, Notes, Publisher, Told};
use runtime::clock::until;
use runtime::{Chain, Clock};
use source::Login;

/// Nothing is tried again sooner, whatever the authenticator says.
const SHORTEST: Duration = Duration::from_secs(15);
/// How often it is looked whether the clock was changed or tokens were stored by another process, in real time.
const LOOK: Duration = Duration::from_secs(60);
/// The same while a login is needed: a person is logging in.
const LOOK_FOR_LOGIN: Duration = Duration::from_secs(2);

/// What a look at the login found.
#[derive(Debug, PartialEq, Eq)]
struct Finding {
    life: LoginState,
    /// What happened and what to do, unless all is well.
    message: Option<String>,
    /// Scopes that BMW did not grant; none of a login that is dead.
    missing: Option<Vec<String>>,
}

/// Runs until cancelled. Never ends because of a failure.
pub async fn run(login: Login, ledger: Arc<dyn Ledger>, clock: Arc<dyn Clock>, cancelled: CancellationToken) {
    let mut guardian = Guardian::new(login, ledger, clock).await;
    while !cancelled.is_cancelled() {
        let wait = guardian.look().await;
        let look = if wait.is_some() { LOOK } else { LOOK_FOR_LOGIN };
        let due = async {
            match wait {
                Some(wait) => guardian.clock.sleep(wait).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = due => {}
            () = tokio::time::sleep(look) => {}
            () = cancelled.cancelled() => {}
        }
    }
}

struct Guardian {
    login: Login,
    clock: Arc<dyn Clock>,
    notes: Arc<dyn Notes>,
    /// What the log was told about each topic, by this process or the one before.
    told: HashMap<String, Told>,
    /// What `cardata status` is told.
    publisher: Publisher,
}

impl Guardian {
    async fn new(login: Login, ledger: Arc<dyn Ledger>, clock: Arc<dyn Clock>) -> Self {
        let publisher = Publisher::new(login.account.clone(), ledger.clone(), clock.clone());
        Self {
            told: ledger.told(&prefix(&login)).await.unwrap_or_default(),
            login,
            clock,
            notes: ledger,
            publisher,
        }
    }

    /// Does what is due; returns how long there is nothing to do, or `None` where a login is needed.
    async fn look(&mut self) -> Option<Duration> {
        let upkeep = self.login.authenticator.upkeep().await;
        let now = self.clock.now();
        let finding = find(&upkeep, now);
        // First for `status`: who reads the log may ask it.
        self.publisher
            .publish(State::Login(finding.life), finding.message.clone())
            .await;
        self.tell_life(&finding, now).await;
        self.tell_scopes(&finding, now).await;
        let wait = upkeep.next.map(|next| until(now, next).max(SHORTEST));
        wait.filter(|_| finding.life != LoginState::Needed)
    }

    async fn tell_life(&mut self, finding: &Finding, now: Timestamp) {
        let account = &self.login.account;
        let before = self
            .told
            .get("life")
            .and_then(|told| LoginState::parse(&told.stage));
        let message = finding.message.as_deref().unwrap_or_default();
        match finding.life {
            // Told again only when it gets worse: between two steps nothing new has happened.
            life if life == before.unwrap_or(LoginState::Alive) => return,
            LoginState::Alive => tracing::info!(%account, "the login is well again"),
            life if before.is_some_and(|before| before < life) => {
                tracing::info!(%account, "the login is accepted again; {message}");
            }
            LoginState::EndsWithin7Days | LoginState::EndsWithin3Days => {
                tracing::warn!(%account, "{message}")
            }
            LoginState::EndsWithinADay | LoginState::Needed => tracing::error!(%account, "{message}"),
        }
        let stage = (finding.life != LoginState::Alive).then(|| finding.life.as_str().to_owned());
        self.remember("life", stage, now).await;
    }

    async fn tell_scopes(&mut self, finding: &Finding, now: Timestamp) {
        let account = &self.login.account;
        let Some(missing) = &finding.missing else { return };
        let stage = (!missing.is_empty()).then(|| missing.join(" "));
        let before = self.told.get("scopes").map(|told| &told.stage);
        if stage.as_ref() != before {
            match &stage {
                None => tracing::info!(%account, "the login covers everything again"),
                Some(_) if missing.iter().any(|scope| scope == API_SCOPE) => {
                    tracing::error!(%account, "{}", scopes_message(missing));
                }
                Some(_) => tracing::warn!(%account, "{}", scopes_message(missing)),
            }
            self.remember("scopes", stage, now).await;
        }
        let (state, message) = if missing.is_empty() {
            (ScopesState::Complete, None)
        } else if missing.iter().any(|scope| scope == API_SCOPE) {
            (ScopesState::WithoutApi, Some(scopes_message(missing)))
        } else {
            (ScopesState::Incomplete, Some(scopes_message(missing)))
        };
        self.publisher.publish(State::Scopes(state), message).await;
    }

    async fn remember(&mut self, topic: &str, stage: Option<String>, at: Timestamp) {
        let told = stage.map(|stage| Told { stage, at });
        match told.clone() {
            Some(told) => drop(self.told.insert(topic.to_owned(), told)),
            None => drop(self.told.remove(topic)),
        }
        let topic = prefix(&self.login) + topic;
        if let Err(error) = self.notes.remember_told(topic, told).await {
            tracing::debug!(account = %self.login.account, error = %Chain(&error), "could not note what was told");
        }
    }
}

fn prefix(login: &Login) -> String {
    format!("guardian:{}:", login.account)
}

/// What the state of a login means. Pure.
fn find(upkeep: &Upkeep, now: Timestamp) -> Finding {
    let dead = |message: String| Finding {
        life: LoginState::Needed,
        message: Some(message),
        missing: None,
    };
    match (&upkeep.tokens, &upkeep.error) {
        (_, Some(error)) if error.needs_login() => dead(Chain(error).to_string()),
        (None, error) => dead(match error {
            Some(error) => format!("the login cannot be read: {}", Chain(error)),
            None => "there is no login: run `cardata login`".to_owned(),
        }),
        (Some(tokens), error) => {
            let days = tokens.refresh_days_left(now);
            let life = LoginState::of_days(days);
            Finding {
                message: (life != LoginState::Alive).then(|| warning(life, tokens, error.as_ref())),
                missing: (life != LoginState::Needed).then(|| tokens.missing_scopes()),
                life,
            }
        }
    }
}

/// What the owner of a login is told that could not be refreshed for days. Without the days that are left, which
/// would make every look a new message.
fn warning(life: LoginState, tokens: &TokenSet, error: Option<&AuthError>) -> String {
    let ends = tokens.refresh_expires_at;
    let reason = error
        .map(|error| format!(" ({})", plain(error)))
        .unwrap_or_default();
    match life {
        LoginState::Needed => {
            format!("the login ended at {ends:.0}, because it could not be refreshed; run `cardata login`")
        }
        _ => format!(
            "the login ends at {ends:.0}, because it cannot be refreshed{reason}; trying on. If BMW's own app works, \
             run `cardata login`"
        ),
    }
}

/// Without the time of the next try, which changes with every try.
fn plain(error: &AuthError) -> String {
    match error {
        AuthError::Transient {
            operation, reason, ..
        } => format!("{operation}: {reason}"),
        other => Chain(other).to_string(),
    }
}
