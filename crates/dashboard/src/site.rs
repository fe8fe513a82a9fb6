//! What a page shows and how, and what it asks of the running program.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use collector_core::{PollRefused, Polled, Vin};
use dashboard_content::Options;
use pipeline::{DashboardAuth, Pipeline};
use runtime::Clock;
use status::Status;
use status::doctor::Finding;
use status::values::Values;

use crate::door::Auth;
use crate::events::Events;
use crate::files::Asset;
use crate::login::Login;
use crate::token::{self, TokenError};

/// Everything that is served.
pub struct Site {
    pub settings: Settings,
    /// The database of the page: the tables of crate `history`, with roll-ups. It may come later, and be replaced.
    pub database: PathBuf,
    pub look: Arc<dyn Look>,
    /// Where the program tells what changed; keep a clone.
    pub events: Events,
    /// What is served below `assets/`.
    pub assets: &'static [Asset],
    pub clock: Arc<dyn Clock>,
}

/// How it is shown, and to whom.
#[derive(Debug, Clone)]
pub struct Settings {
    pub auth: Auth,
    /// Names beside those of this machine by which browsers may ask, in small letters, with or without a port.
    pub hosts: Vec<String>,
    pub options: Options,
}

impl Settings {
    /// What the pipeline file says, where it says that there is a page. A token that it leaves out is read from the state
    /// directory, or made there.
    ///
    /// # Errors
    /// That token can be neither read nor made.
    pub fn of(pipeline: &Pipeline) -> Result<Option<Self>, TokenError> {
        let Some(page) = &pipeline.dashboard else {
            return Ok(None);
        };
        Ok(Some(Self {
            auth: auth(&page.auth, &pipeline.state)?,
            hosts: page.hosts.clone(),
            options: Options {
                units: pipeline.units,
                timezone: pipeline.timezone.clone(),
            },
        }))
    }
}

fn auth(told: &DashboardAuth, state: &Path) -> Result<Auth, TokenError> {
    Ok(match told {
        DashboardAuth::Loopback => Auth::Loopback,
        DashboardAuth::Token(Some(token)) => Auth::Token(token.clone()),
        DashboardAuth::Token(None) => Auth::Token(token::kept(state)?),
        DashboardAuth::Ingress => Auth::Ingress,
    })
}

/// What the page cannot read in its database.
///
/// What is not `async` may block, and is called on a thread that may.
#[async_trait]
pub trait Look: Send + Sync + 'static {
    /// How everything fares, as `cardata status` tells it.
    fn status(&self) -> Result<Status, LookError>;

    /// What the cars say now, as `cardata values` tells it; `None` where nothing came yet.
    fn values(&self) -> Result<Option<Values>, LookError>;

    /// What `cardata doctor` finds without a look at the network and without a call.
    fn doctor(&self) -> Result<Vec<Finding>, LookError>;

    /// The record of a kind (`charging_session`, `trip`, …) of a vehicle with the evidence of its values, as `cardata why --json`
    /// tells it; `start` as in its document: `2026-03-01T17:05:00Z`. `None` where there is none. It stands in the journal's
    /// `entry`; where that is unknown, all of the journal is read, which takes minutes when it is long.
    fn why(
        &self,
        kind: &str,
        vin: &Vin,
        start: &str,
        entry: Option<u64>,
    ) -> Result<Option<serde_json::Value>, LookError>;

    /// The files in which the picture of a vehicle may lie, of which one at most is there. What is in them is not trusted.
    fn picture_files(&self, vin: &Vin) -> Vec<PathBuf>;

    /// The newest lines of the log, the oldest first; without secrets, whole VINs and positions.
    fn log_tail(&self) -> Vec<String>;

    /// Asks BMW for a vehicle at once, within the budget. Returns when what that brought is in the journal; open pages are
    /// told of it by [`Events`].
    ///
    /// # Errors
    /// Why it was not asked for, or that the poll failed.
    async fn poll(&self, vin: &Vin) -> Result<Polled, PollRefused>;

    /// How the login of an account fares that was begun here last; `None` where none was.
    fn login(&self, account: &str) -> Option<Login>;

    /// Begins a login of an account, unless one is under way. Returns when its owner can be invited, or it has failed;
    /// [`login`](Self::login) tells.
    ///
    /// # Errors
    /// Nobody can log in to this account.
    async fn begin_login(&self, account: &str) -> Result<(), LookError>;
}

/// Something cannot be told: what happened and what to do, in a sentence without secrets.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct LookError(pub String);
