//! Keeps the login of an account alive for its own sake, also where nothing is polled for a day, and tells its owner
//! in time when it is going to die.

#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use cardata_auth::{AuthError, SCOPES, TokenSet, Upkeep};
use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use crate::account::{Account, Chain};
use crate::journal::polls::ComponentState;
use crate::journal::told::Told;

/// Nothing is tried again sooner, whatever the authenticator says.
const SHORTEST: Duration = Duration::from_secs(15);
/// How often it is looked whether the clock was changed or tokens were stored by another process, in real time.
const LOOK: Duration = Duration::from_secs(60);
/// The same while a login is needed: a person is logging in.
const LOOK_FOR_LOGIN: Duration = Duration::from_secs(2);
/// The scope without which nothing can be polled.
const API: &str = SCOPES[3];

/// How long a login has, in the steps at which its owner is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Life {
    Dead,
    LastDay,
    ThreeDays,
    SevenDays,
    Alive,
}

impl Life {
    /// Of a login that BMW still accepts, by the days that are left without another refresh.
    pub fn of_days(days: f64) -> Self {
        match days {
            days if days <= 0.0 => Self::Dead,
            days if days <= 1.0 => Self::LastDay,
            days if days <= 3.0 => Self::ThreeDays,
            days if days <= 7.0 => Self::SevenDays,
            _ => Self::Alive,
        }
    }

    /// As it is published under the kind `login`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Dead => "needed",
            Self::LastDay => "ends within a day",
            Self::ThreeDays => "ends within 3 days",
            Self::SevenDays => "ends within 7 days",
            Self::Alive => "alive",
        }
    }

    /// The life that [`as_str`](Self::as_str) names.
    pub fn parse(word: &str) -> Option<Self> {
        let all = [
            Self::Dead,
            Self::LastDay,
            Self::ThreeDays,
            Self::SevenDays,
            Self::Alive,
        ];
        all.into_iter().find(|life| life.as_str() == word)
    }
}

/// What a look at the login found.
#[derive(Debug, PartialEq, Eq)]
struct Finding {
    life: Life,
    /// What happened and what to do, unless all is well.
    message: Option<String>,
    /// Scopes that BMW did not grant; none of a login that is dead.
    missing: Option<Vec<String>>,
}

/// Runs until cancelled. Never ends because of a failure.
pub async fn run(account: Arc<Account>, cancelled: CancellationToken) {
    let mut guardian = Guardian::new(account).await;
    while !cancelled.is_cancelled() {
        let wait = guardian.look().await;
        let look = if wait.is_some() { LOOK } else { LOOK_FOR_LOGIN };
        let due = async {
            match wait {
                Some(wait) => guardian.account.clock.sleep(wait).await,
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
    account: Arc<Account>,
    /// What the log was told about each topic, by this process or the one before.
    told: HashMap<String, Told>,
    /// What `cardata status` was told.
    published: HashMap<&'static str, (&'static str, Option<String>)>,
}

impl Guardian {
    async fn new(account: Arc<Account>) -> Self {
        Self {
            told: account.journal.told(&prefix(&account)).await.unwrap_or_default(),
            account,
            published: HashMap::new(),
        }
    }

    /// Does what is due; returns how long there is nothing to do, or `None` where a login is needed.
    async fn look(&mut self) -> Option<Duration> {
        let upkeep = self.account.authenticator.upkeep().await;
        let now = self.account.clock.now();
        let finding = find(&upkeep, now);
        // First for `status`: who reads the log may ask it.
        self.publish("login", finding.life.as_str(), finding.message.clone())
            .await;
        self.tell_life(&finding, now).await;
        self.tell_scopes(&finding, now).await;
        let wait = upkeep.next.map(|next| until(now, next).max(SHORTEST));
        wait.filter(|_| finding.life != Life::Dead)
    }

    async fn tell_life(&mut self, finding: &Finding, now: Timestamp) {
        let account = &self.account.name;
        let before = self.told.get("life").and_then(|told| Life::parse(&told.level));
        let message = finding.message.as_deref().unwrap_or_default();
        match finding.life {
            // Told again only when it gets worse: between two steps nothing new has happened.
            life if life == before.unwrap_or(Life::Alive) => return,
            Life::Alive => tracing::info!(%account, "the login is well again"),
            life if before.is_some_and(|before| before < life) => {
                tracing::info!(%account, "the login is accepted again; {message}");
            }
            Life::SevenDays | Life::ThreeDays => tracing::warn!(%account, "{message}"),
            Life::LastDay | Life::Dead => tracing::error!(%account, "{message}"),
        }
        let level = (finding.life != Life::Alive).then(|| finding.life.as_str().to_owned());
        self.remember("life", level, now).await;
    }

    async fn tell_scopes(&mut self, finding: &Finding, now: Timestamp) {
        let account = &self.account.name;
        let Some(missing) = &finding.missing else { return };
        let level = (!missing.is_empty()).then(|| missing.join(" "));
        let before = self.told.get("scopes").map(|told| &told.level);
        if level.as_ref() != before {
            match &level {
                None => tracing::info!(%account, "the login covers everything again"),
                Some(_) if missing.iter().any(|scope| scope == API) => {
                    tracing::error!(%account, "{}", scopes_message(missing));
                }
                Some(_) => tracing::warn!(%account, "{}", scopes_message(missing)),
            }
            self.remember("scopes", level, now).await;
        }
        let (state, message) = if missing.is_empty() {
            ("complete", None)
        } else if missing.iter().any(|scope| scope == API) {
            ("without API", Some(scopes_message(missing)))
        } else {
            ("incomplete", Some(scopes_message(missing)))
        };
        self.publish("scopes", state, message).await;
    }

    async fn remember(&mut self, topic: &str, level: Option<String>, at: Timestamp) {
        let told = level.map(|level| Told { level, at });
        match told.clone() {
            Some(told) => drop(self.told.insert(topic.to_owned(), told)),
            None => drop(self.told.remove(topic)),
        }
        let topic = prefix(&self.account) + topic;
        if let Err(error) = self.account.journal.remember_told(topic, told).await {
            tracing::debug!(account = %self.account.name, error = %Chain(&error), "could not note what was told");
        }
    }

    async fn publish(&mut self, kind: &'static str, state: &'static str, message: Option<String>) {
        let new = (state, message);
        if self.published.get(kind) == Some(&new) {
            return;
        }
        let component = ComponentState {
            kind,
            name: self.account.name.to_string(),
            state,
            message: new.1.clone(),
            since: self.account.clock.now(),
        };
        match self.account.journal.publish(component).await {
            Ok(()) => drop(self.published.insert(kind, new)),
            Err(error) => {
                tracing::debug!(account = %self.account.name, error = %Chain(&error), "could not publish a state");
            }
        }
    }
}

fn prefix(account: &Account) -> String {
    format!("guardian:{}:", account.name)
}

/// How long it is until `then`; nothing where that has passed.
fn until(now: Timestamp, then: Timestamp) -> Duration {
    Duration::try_from(then.duration_since(now)).unwrap_or_default()
}

/// What the state of a login means. Pure.
fn find(upkeep: &Upkeep, now: Timestamp) -> Finding {
    let dead = |message: String| Finding {
        life: Life::Dead,
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
            let life = Life::of_days(days);
            Finding {
                message: (life != Life::Alive).then(|| warning(life, tokens, error.as_ref())),
                missing: (life != Life::Dead).then(|| tokens.missing_scopes()),
                life,
            }
        }
    }
}

/// What the owner of a login is told that could not be refreshed for days. Without the days that are left, which
/// would make every look a new message.
fn warning(life: Life, tokens: &TokenSet, error: Option<&AuthError>) -> String {
    let ends = tokens.refresh_expires_at;
    let reason = error
        .map(|error| format!(" ({})", plain(error)))
        .unwrap_or_default();
    match life {
        Life::Dead => {
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

/// What to do about scopes that are missing.
pub fn scopes_message(missing: &[String]) -> String {
    format!(
        "the login does not cover {}; in the BMW portal, subscribe the client to CarData API and CarData Stream, wait \
         two minutes and run `cardata login`",
        missing.join(" ")
    )
}
