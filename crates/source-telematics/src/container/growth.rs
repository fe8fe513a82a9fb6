//! Lets a container grow to what is wanted: a call at a time, with calls that nobody else needs, while there are places.

use jiff::Timestamp;
use runtime::Chain;
use source::{DescriptorSet, Handles};

use super::error::ContainerError;
use super::keeper::Keeper;
use super::state::{Action, LONG_PAUSE, SetState};

/// So many creations of a set may spend calls that polls would use: later ones only what can be spared.
const FIRST: u32 = 24;
/// So many calls one poll may spend for a container that holds less than half.
const STEPS: usize = 8;

/// Brings the container closer to what is wanted, only with calls that can be spared: one, or a few while it holds less than
/// half. A failure harms nothing and is tried again later.
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
    let mut grown = keeper.grow().await;
    for _ in 1..STEPS {
        if !matches!(grown, Ok(true)) || !keeper.is_worth_polls() {
            break;
        }
        grown = keeper.grow().await;
    }
    let Err(error) = grown else { return };
    keeper.state.paused_until = Some(account.clock.now() + error.pause());
    let name = &account.login.account;
    tracing::warn!(account = %name, container = %set.name, error = %Chain(&error), "could not improve a container; it is tried again later");
    if let Err(error) = keeper.save(None).await {
        tracing::debug!(account = %name, error = %Chain(&error), "could not store the state of a container");
    }
}

impl Keeper<'_> {
    /// Whether a call brought it further.
    async fn grow(&mut self) -> Result<bool, ContainerError> {
        let now = self.account.clock.now();
        if self.state.container.is_none() || self.state.is_paused(now) {
            return Ok(false);
        }
        self.state.search.reopen(now);
        let Some(action) = self.state.next() else {
            return Ok(false);
        };
        let creates = matches!(action, Action::Create(_));
        if !self.may_spend(now).await? {
            return Ok(false);
        }
        if !creates || self.state.places.has_one_to_spare() {
            self.carry_out(&action).await?;
            return Ok(true);
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
        Ok(false)
    }

    /// Whether the set is new and holds little of what is wanted.
    fn is_worth_polls(&self) -> bool {
        self.state.tried < FIRST && self.state.search.accepted().len() * 2 < self.set.descriptors.len()
    }

    /// The first creations of a set may cost polls: a set that is whole today is worth some.
    async fn may_spend(&self, now: Timestamp) -> Result<bool, ContainerError> {
        let budget = &self.account.budget;
        let is_first = self.state.tried < FIRST && budget.left_beside_reserve(now).await? > 0;
        Ok(is_first || budget.spare_calls(now).await > 0)
    }
}
