//! Keeps the container of a set alive: finds it, creates it, narrows it down to what BMW takes, and lets it
//! grow again with calls that nobody else needs.

use std::collections::HashSet;

use cardata_api::{ApiError, Container, ContainerId};
use jiff::{SignedDuration, Timestamp};

use super::error::ContainerError;
use super::search::{Cause, Refusal};
use super::state::{Action, Held, SetState};
use super::{marked, purpose, room};
use runtime::Chain;

use super::Access;
use ledger::{CreatedContainer, SetUpdate, StoredSet};
use source::{DescriptorSet, fingerprint};

/// The calls that one poll may spend until there is a container to poll.
const STEPS: usize = 16;
/// Single descriptors that are refused before anything was taken: more of them would tell nothing new today.
const SINGLES: usize = 3;
/// After a failure, growth is tried again no sooner.
const PAUSE: SignedDuration = SignedDuration::from_hours(1);
/// As long as no further container is allowed.
const LONG_PAUSE: SignedDuration = SignedDuration::from_hours(24);

/// What keeps the containers of a set.
impl Access {
    /// The container to poll: the one that is remembered, else one that is found in the account (one call), else
    /// a new one (one more). Where BMW refuses the set, the largest part of it that it takes at once, found with
    /// calls that polls would have used.
    pub async fn container(&self, set: &DescriptorSet) -> Result<ContainerId, ContainerError> {
        Keeper::load(self, set).await?.provide().await
    }

    /// The same when the account's containers were listed just now.
    pub async fn container_among(
        &self,
        set: &DescriptorSet,
        listed: &[Container],
    ) -> Result<ContainerId, ContainerError> {
        let mut keeper = Keeper::load(self, set).await?;
        if keeper.state.container.is_none() {
            keeper.look(listed).await?;
        }
        keeper.provide().await
    }

    /// Makes the next [`container`](Self::container) look for it again: it is gone. Who created it stays known: it
    /// may still be listed.
    pub async fn lost(&self, set: &DescriptorSet) -> Result<(), ContainerError> {
        let mut keeper = Keeper::load(self, set).await?;
        keeper.state.lost();
        keeper.save(None).await
    }

    /// Brings the container closer to what is wanted, with at most one call, and only when it can be spared. A
    /// failure harms nothing and is tried again later.
    pub async fn grow(&self, set: &DescriptorSet) {
        let Ok(mut keeper) = Keeper::load(self, set).await else {
            return;
        };
        let Err(error) = keeper.grow().await else { return };
        let limit = matches!(error, ContainerError::Full { .. });
        let pause = if limit { LONG_PAUSE } else { PAUSE };
        keeper.state.paused_until = Some(self.clock.now() + pause);
        if limit {
            keeper.state.notice = Some(error.to_string());
        }
        tracing::warn!(account = %self.name, container = %set.name, error = %Chain(&error), "could not improve a container; it is tried again later");
        if let Err(error) = keeper.save(None).await {
            tracing::debug!(account = %self.name, error = %Chain(&error), "could not store the state of a container");
        }
    }
}

/// One set of an account, as it is remembered, in the hands of one caller.
pub(super) struct Keeper<'a> {
    account: &'a Access,
    set: &'a DescriptorSet,
    pub(super) state: SetState,
    since: Timestamp,
    created: HashSet<String>,
}

impl<'a> Keeper<'a> {
    pub(super) async fn load(account: &'a Access, set: &'a DescriptorSet) -> Result<Self, ContainerError> {
        let (stored, container) = account
            .ledger
            .descriptor_set(&account.name, &set.fingerprint)
            .await?;
        let created = account.ledger.created_containers(&account.name).await?;
        let created: HashSet<_> = created.into_iter().map(|created| created.id).collect();
        let now = account.clock.now();
        let since = stored.as_ref().map_or(now, |stored| stored.since);
        let known = stored.and_then(|stored| serde_json::from_str(&stored.state).ok());
        let mut state: SetState = known.unwrap_or_else(|| SetState::new(set));
        let usable = container.filter(|id| id.parse::<ContainerId>().is_ok());
        state.container = usable.map(|id| Held {
            created: created.contains(&id),
            id,
        });
        Ok(Self {
            account,
            set,
            state,
            since,
            created,
        })
    }

    async fn provide(mut self) -> Result<ContainerId, ContainerError> {
        let mut singles = 0;
        let mut made_room = false;
        if self.state.container.is_none() {
            self.state.search.reopen(self.account.clock.now());
        }
        for _ in 0..STEPS {
            if let Some(id) = self.held() {
                return Ok(id);
            }
            let Some(action) = self.state.next() else { break };
            if self.is_search(&action) && !self.may_search().await? {
                return Err(ContainerError::NoCalls);
            }
            match action {
                Action::Look => {
                    let listed = self.account.client.containers().await?;
                    self.look(&listed).await?;
                }
                Action::Delete(id) => self.delete(&id).await?,
                Action::Create(descriptors) => match self.create(&descriptors).await {
                    Ok(true) => {}
                    Ok(false) => singles += usize::from(descriptors.len() == 1),
                    Err(ContainerError::Api(error)) if error.is_container_limit() && !made_room => {
                        made_room = true;
                        self.state.notice = Some(room::make(self.account).await?);
                    }
                    Err(error) => return Err(error),
                },
            }
            if singles >= SINGLES {
                break;
            }
        }
        self.held().ok_or_else(|| ContainerError::Refused {
            name: self.set.name.clone(),
            words: self.last_words(),
        })
    }

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
        let spare = self.account.budget.spare_calls(now).await;
        if spare == 0 {
            return Ok(());
        }
        match action {
            Action::Look => {
                let listed = self.account.client.containers().await?;
                self.look(&listed).await
            }
            Action::Delete(id) => self.delete(&id).await,
            Action::Create(descriptors) => match self.create(&descriptors).await {
                Ok(_) => Ok(()),
                // Once a day at most: two calls more than a step has.
                Err(ContainerError::Api(error)) if error.is_container_limit() => {
                    self.state.notice = Some(room::make(self.account).await?);
                    self.save(None).await
                }
                Err(error) => Err(error),
            },
        }
    }

    fn held(&self) -> Option<ContainerId> {
        self.state.container.as_ref()?.id.parse().ok()
    }

    /// To look, and to create what is wanted or was there before, are necessities; to find out what BMW takes is
    /// not.
    fn is_search(&self, action: &Action) -> bool {
        let Action::Create(descriptors) = action else {
            return false;
        };
        self.state.search.accepted().is_empty() && descriptors.len() < self.set.descriptors.len()
    }

    /// While there is nothing to poll, the calls of polls are for the search; the reserve is not.
    async fn may_search(&self) -> Result<bool, ContainerError> {
        let now = self.account.clock.now();
        Ok(self.account.budget.left_for_polls(now).await? > 0)
    }

    async fn look(&mut self, listed: &[Container]) -> Result<(), ContainerError> {
        let named = listed.iter().filter(|container| {
            !container.state.is_gone() && container.name.as_ref() == Some(&self.set.name)
        });
        let named: Vec<_> = named
            .filter_map(|container| {
                let id = container.id.to_string();
                let created = self.created.contains(&id);
                Some((id, marked(container.purpose.as_deref())?.to_owned(), created))
            })
            .collect();
        let before = self.state.search.accepted().len();
        self.state.looked(&named, self.account.clock.now());
        self.note_growth(before);
        self.save(None).await
    }

    /// Whether BMW took the container. A refusal of what is in it is no error.
    async fn create(&mut self, descriptors: &[String]) -> Result<bool, ContainerError> {
        self.state.begin(descriptors);
        self.save(None).await?;
        let made = self
            .account
            .client
            .create_container(&self.set.name, &purpose(descriptors), descriptors)
            .await;
        let now = self.account.clock.now();
        match made {
            Ok(made) => {
                let before = self.state.search.accepted().len();
                let id = made.container.id;
                tracing::info!(account = %self.account.name, container = %id, descriptors = descriptors.len(), "created a container");
                self.state.created(id.to_string(), now);
                self.note_growth(before);
                self.save(None).await?;
                Ok(true)
            }
            Err(error) if error.refuses_descriptors() => {
                let before = self.state.search.refused().len();
                self.state.refused(refusal(&error), now);
                tracing::debug!(account = %self.account.name, descriptors = descriptors.len(), error = %Chain(&error), "a container was refused");
                self.tell_refused(before);
                self.save(None).await?;
                Ok(false)
            }
            Err(error) => {
                if !error.leaves_doubt() {
                    self.state.not_created();
                    self.save(None).await?;
                }
                Err(error.into())
            }
        }
    }

    /// Deletes a superseded container of ours, unless another set uses it.
    async fn delete(&mut self, id: &str) -> Result<(), ContainerError> {
        if !self.created.contains(id) || room::in_use(self.account).await?.contains(id) {
            self.state.deleted();
            return self.save(None).await;
        }
        room::delete(self.account, id).await?;
        self.state.deleted();
        self.save(Some(id.to_owned())).await
    }

    fn note_growth(&mut self, before: usize) {
        let descriptors = self.state.search.accepted().len();
        if descriptors == before {
            return;
        }
        self.since = self.account.clock.now();
        let wanted = self.set.descriptors.len();
        if descriptors < wanted {
            tracing::info!(account = %self.account.name, container = %self.set.name, descriptors, wanted, "BMW takes a part of the descriptors");
        }
    }

    fn tell_refused(&self, before: usize) {
        for refused in self.state.search.refused().iter().skip(before) {
            tracing::warn!(account = %self.account.name, descriptor = refused.descriptor, said = refused.words, "BMW refuses a descriptor; the others are collected");
        }
    }

    fn last_words(&self) -> String {
        let last = self.state.search.refused().last();
        last.map_or_else(|| "it gave no reason".to_owned(), |last| last.words.clone())
    }

    async fn save(&mut self, deleted: Option<String>) -> Result<(), ContainerError> {
        let now = self.account.clock.now();
        let held = self.state.container.as_ref().filter(|held| held.created);
        let ours = held
            .map(|held| held.id.as_str())
            .into_iter()
            .chain(self.state.superseded());
        let new: Vec<_> = ours
            .filter(|id| !self.created.contains(*id))
            .map(|id| CreatedContainer {
                id: id.to_owned(),
                fingerprint: fingerprint(self.state.search.accepted()),
                name: self.set.name.clone(),
                created_at: now,
            })
            .collect();
        let ids: Vec<_> = new.iter().map(|created| created.id.clone()).collect();
        let update = SetUpdate {
            set: StoredSet {
                // Strings, numbers and lists, which always have a JSON form.
                state: serde_json::to_string(&self.state).unwrap_or_default(),
                since: self.since,
            },
            container: self.state.container.as_ref().map(|held| held.id.clone()),
            created: new,
            deleted,
        };
        self.account
            .ledger
            .remember_set(&self.account.name, &self.set.fingerprint, update)
            .await?;
        self.created.extend(ids);
        Ok(())
    }
}

fn refusal(error: &ApiError) -> Refusal {
    let Some(answer) = error.answer() else {
        return Refusal {
            cause: Cause::Container,
            words: error.to_string(),
            named: Vec::new(),
        };
    };
    let texts = [&answer.message, &answer.note].into_iter().flatten();
    let words = answer
        .id
        .iter()
        .cloned()
        .chain(texts.map(|text| format!("\"{text}\"")));
    let container = answer.id.as_deref() == Some("CU-403");
    Refusal {
        cause: if container {
            Cause::Container
        } else {
            Cause::Descriptor
        },
        words: words.collect::<Vec<_>>().join(" "),
        named: answer.descriptors.clone(),
    }
}
