//! What is polled while a set has no container of its own: another one of this installation that still works, until BMW
//! makes the set's. So a working container is never given up before its successor stands.

use cardata_api::{Container, ContainerId};
use runtime::Chain;

use super::error::ContainerError;
use super::keeper::Keeper;
use super::room;

impl Keeper<'_> {
    /// The set's container, else the one that stands in for it. How often the set's is tried meanwhile depends on why there
    /// is none.
    pub(super) async fn provide_or_stand_in(&mut self) -> Result<ContainerId, ContainerError> {
        let now = self.account.clock.now();
        let is_paused = self.state.is_paused(now);
        if let Some(id) = self.stand_in().filter(|_| is_paused) {
            return Ok(id);
        }
        let error = match self.provide().await {
            Ok(id) => return Ok(id),
            Err(error) => error,
        };
        let Some(id) = self.stand_in().filter(|_| !error.needs_login()) else {
            return Err(error);
        };
        tracing::warn!(account = %self.account.login.account, wanted = %self.set.name, polled = %id, error = %Chain(&error), "another container is polled until there is one for what is wanted");
        self.state.paused_until = Some(now + error.pause());
        self.save(None).await?;
        Ok(id)
    }

    fn stand_in(&self) -> Option<ContainerId> {
        self.state.stand_in.as_ref()?.parse().ok()
    }

    /// The account has these containers: how many places they take, and the newest that can stand in where there is none.
    pub(super) async fn note_listed(&mut self, listed: &[Container]) -> Result<(), ContainerError> {
        self.state.places.listed(listed, self.account.clock.now());
        let mut others = self.account.sets.all();
        others.retain(|set| set.fingerprint != self.set.fingerprint);
        let used = room::polled(self.account, &others).await?;
        let exists = |id: &str| {
            let mut active = listed.iter().filter(|container| !container.state.is_gone());
            active.any(|container| container.id.as_str() == id)
        };
        let mut newest_first = self.created.iter().rev();
        let free = newest_first.find(|id| exists(id) && !used.contains(*id));
        self.state.stand_in = free.filter(|_| self.state.container.is_none()).cloned();
        Ok(())
    }
}
