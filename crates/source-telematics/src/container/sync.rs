//! What would bring the containers of an account in line with the pipeline.

use cardata_api::Container;
use ledger::CreatedContainer;
use source::{DescriptorSet, Handles};

use super::error::ContainerError;
use super::keeper::{self, Keeper};
use super::places::MOST;
use super::state::Action;
use super::{named, room};

/// What is there, and what is to be done, in this order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plan {
    /// Sets with their container, which exists.
    pub kept: Vec<(DescriptorSet, String)>,
    /// Sets with a container that exists and only has to be remembered.
    pub found: Vec<(DescriptorSet, String)>,
    /// Created by this installation, and no source uses them: to be deleted.
    pub obsolete: Vec<CreatedContainer>,
    /// Created by this installation, and gone already.
    pub gone: Vec<CreatedContainer>,
    /// Sets without a container, and how many descriptors the new one would have.
    pub missing: Vec<(DescriptorSet, usize)>,
    /// Sets of which BMW takes nothing.
    pub refused: Vec<DescriptorSet>,
    /// What else is there: of another installation of this program, or of another program. Left alone.
    pub others: Vec<Container>,
    /// Containers that are listed, deleted ones too: each takes a place.
    pub taken: usize,
}

impl Plan {
    /// How many calls it takes to carry it out, where BMW refuses nothing.
    pub fn calls(&self) -> usize {
        self.obsolete.len() + self.missing.len()
    }

    /// Whether BMW will allow what is missing, with those that are deleted counted.
    pub fn fits(&self) -> bool {
        self.taken + self.missing.len() <= MOST
    }
}

/// Holds what the sources want and what was created against what is listed. Spends no call, changes nothing.
pub async fn plan(account: &Handles, listed: &[Container]) -> Result<Plan, ContainerError> {
    let active: Vec<_> = listed
        .iter()
        .filter(|container| !container.state.is_gone())
        .collect();
    let exists = |id: &str| active.iter().any(|container| container.id.as_str() == id);
    let mut plan = Plan {
        taken: listed.len(),
        ..Plan::default()
    };
    for set in account.sets.all() {
        let mut state = Keeper::load(account, &set).await?.state;
        if let Some(held) = &state.container
            && exists(&held.id)
        {
            let id = held.id.clone();
            plan.kept.push((set, id));
            continue;
        }
        state.lost(account.clock.now());
        let named = named(&set, active.iter().copied(), |_| true);
        state.looked(&named, account.clock.now());
        match (state.container.take(), state.next()) {
            (Some(held), _) => plan.found.push((set, held.id)),
            (None, Some(Action::Create(descriptors))) => plan.missing.push((set, descriptors.len())),
            (None, _) => plan.refused.push(set),
        }
    }
    let used: Vec<&String> = plan.kept.iter().chain(&plan.found).map(|(_, id)| id).collect();
    let created = account.ledger.created_containers(&account.login.account).await?;
    let (there, gone): (Vec<_>, Vec<_>) = created.into_iter().partition(|created| exists(&created.id));
    let (obsolete, _) = there
        .into_iter()
        .partition::<Vec<_>, _>(|created| !used.contains(&&created.id));
    let ours = |id: &str| obsolete.iter().any(|created| created.id == id);
    let others = active.iter().filter(|container| {
        !ours(container.id.as_str()) && !used.iter().any(|id| *id == container.id.as_str())
    });
    plan.others = others.map(|container| (*container).clone()).collect();
    plan.obsolete = obsolete;
    plan.gone = gone;
    Ok(plan)
}

/// Carries a plan out that was made from `listed`. What BMW refuses of a set is left for `cardata run` to narrow
/// down further. Spends the calls of the plan, more where a set is refused.
pub async fn carry_out(account: &Handles, plan: Plan, listed: &[Container]) -> Result<(), ContainerError> {
    for gone in plan.gone {
        account
            .ledger
            .forget_container(&account.login.account, &gone.id)
            .await?;
    }
    let sets = plan.found.into_iter().map(|(set, _)| set);
    for set in sets.chain(plan.missing.into_iter().map(|(set, _)| set)) {
        keeper::lost(account, &set).await?;
        keeper::find_among(account, &set, listed).await?;
    }
    // Behind what is new: a deleted container keeps its place, so that to delete one first makes no room.
    for obsolete in plan.obsolete {
        room::delete(account, &obsolete.id).await?;
    }
    Ok(())
}
