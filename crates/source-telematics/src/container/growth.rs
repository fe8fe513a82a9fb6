//! Lets a container grow to what is wanted: a call at a time, with calls that nobody else needs, while there are places.

use cardata_api::ErrorKind;
use jiff::{SignedDuration, Timestamp};
use runtime::Chain;
use source::{DescriptorSet, Handles};

use super::error::ContainerError;
use super::keeper::Keeper;
use super::state::{Action, SetState};

/// After a failure, growth is tried again no sooner.
const PAUSE: SignedDuration = SignedDuration::from_hours(1);
/// After BMW's server failed: what it means is found out by asking again.
const SHORT_PAUSE: SignedDuration = SignedDuration::from_mins(10);
/// So many creations of a set may spend calls that polls would use: later ones only what can be spared.
const FIRST: u32 = 24;
/// As long as no further container is allowed.
const LONG_PAUSE: SignedDuration = SignedDuration::from_hours(24);

/// Brings the container closer to what is wanted, with at most one call, and only when it can be spared. A failure
/// harms nothing and is tried again later.
pub async fn grow(account: &Handles, set: &DescriptorSet, known: &mut Option<SetState>) {
    if known
        .as_ref()
        .is_some_and(|state| state.is_settled(account.clock.now()))
    {
        return;
    }
    // What is known may be old, and is written again here.
    *known = None;
    let Ok(mut keeper) = Keeper::load(account, set).await else {
        return;
    };
    grow_or_pause(&mut keeper).await;
    *known = Some(keeper.state);
}

async fn grow_or_pause(keeper: &mut Keeper<'_>) {
    let (account, set) = (keeper.account, keeper.set);
    let Err(error) = keeper.grow().await else { return };
    let pause = match &error {
        ContainerError::Full { .. } => LONG_PAUSE,
        ContainerError::Api(error) if error.kind() == Some(ErrorKind::Server) => SHORT_PAUSE,
        _ => PAUSE,
    };
    keeper.state.paused_until = Some(account.clock.now() + pause);
    let name = &account.login.account;
    tracing::warn!(account = %name, container = %set.name, error = %Chain(&error), "could not improve a container; it is tried again later");
    if let Err(error) = keeper.save(None).await {
        tracing::debug!(account = %name, error = %Chain(&error), "could not store the state of a container");
    }
}

impl Keeper<'_> {
    async fn grow(&mut self) -> Result<(), ContainerError> {
        let now = self.account.clock.now();
        let paused = self.state.paused_until.is_some_and(|until| now < until);
        if self.state.container.is_none() || paused {
            return Ok(());
        }
        self.state.search.reopen(now);
        let Some(action) = self.state.next() else {
            return Ok(());
        };
        let creates = matches!(action, Action::Create(_));
        if !self.may_spend(now).await? {
            return Ok(());
        }
        if !creates || self.state.places.has_one_to_spare() {
            self.carry_out(&action).await?;
            return Ok(());
        }
        // What was listed last may be a month old.
        self.carry_out(&Action::Look).await?;
        if !self.state.places.has_one_to_spare() {
            let waits = format!(
                "the rest of the descriptors waits for a place: {}",
                self.state.places.words()
            );
            self.state.full = Some(waits);
            self.state.paused_until = Some(now + LONG_PAUSE);
            self.save(None).await?;
        }
        Ok(())
    }

    /// The first creations of a set may cost polls: a set that is whole today is worth some.
    async fn may_spend(&self, now: Timestamp) -> Result<bool, ContainerError> {
        let budget = &self.account.budget;
        let is_first = self.state.tried < FIRST && budget.left_beside_reserve(now).await? > 0;
        Ok(is_first || budget.spare_calls(now).await > 0)
    }
}
