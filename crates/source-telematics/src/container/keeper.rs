//! Keeps the container of a set alive: finds it, creates it, and narrows it down to what BMW takes.

use cardata_api::{ApiError, Container, ContainerId, ErrorKind};
use jiff::Timestamp;

use super::error::ContainerError;
use super::state::{Action, Held, SetState};
use super::verdict::{Cause, Refusal};
use super::{named, purpose, room};
use ledger::{CreatedContainer, SetUpdate, StoredSet};
use runtime::Chain;
use source::{DescriptorSet, Handles, fingerprint};

/// The calls that one poll may spend until there is a container to poll.
const STEPS: usize = 16;
/// Single descriptors that are refused before anything was taken: more of them would tell nothing new today.
const SINGLES: usize = 3;
/// The container to poll: the one that is remembered, else one that is found in the account (one call), else a new
/// one (one more). Where BMW refuses the set, the largest part of it that it takes at once, found with calls that polls
/// would have used. `known` is what the last look found, where nobody has told otherwise since: it spares the ledger a
/// question.
pub async fn find(
    account: &Handles,
    set: &DescriptorSet,
    known: &mut Option<SetState>,
) -> Result<ContainerId, ContainerError> {
    if let Some(id) = known.as_ref().and_then(container_of) {
        return Ok(id);
    }
    let mut keeper = Keeper::load(account, set).await?;
    let found = keeper.provide_or_stand_in().await;
    *known = Some(keeper.state);
    found
}

/// The set's own container, when a person asks for it and the account's containers were listed just now: nothing waits for
/// another day, nothing stands in.
pub async fn find_among(
    account: &Handles,
    set: &DescriptorSet,
    listed: &[Container],
) -> Result<ContainerId, ContainerError> {
    let mut keeper = Keeper::load(account, set).await?;
    keeper.is_asked = true;
    if keeper.state.container.is_none() {
        keeper.look(listed).await?;
    }
    keeper.provide().await
}

/// Makes the next [`find`] look for the container again: it is gone. Who created it stays known: it may still be
/// listed. One that is listed and refused for an hour is not found again.
pub async fn lost(account: &Handles, set: &DescriptorSet) -> Result<(), ContainerError> {
    let mut keeper = Keeper::load(account, set).await?;
    keeper.state.lost(account.clock.now());
    keeper.save(None).await
}

/// One set of an account, as it is remembered, in the hands of one caller.
pub(super) struct Keeper<'a> {
    pub(super) account: &'a Handles,
    pub(super) set: &'a DescriptorSet,
    pub(super) state: SetState,
    since: Timestamp,
    /// The containers that this installation created, oldest first.
    pub(super) created: Vec<String>,
    is_asked: bool,
    /// What BMW's server said when it failed at a creation last.
    failed: Option<String>,
}

impl<'a> Keeper<'a> {
    pub(super) async fn load(account: &'a Handles, set: &'a DescriptorSet) -> Result<Self, ContainerError> {
        let (stored, container) = account
            .ledger
            .descriptor_set(&account.login.account, &set.fingerprint)
            .await?;
        let created = account.ledger.created_containers(&account.login.account).await?;
        let created: Vec<_> = created.into_iter().map(|created| created.id).collect();
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
            is_asked: false,
            failed: None,
        })
    }

    pub(super) async fn provide(&mut self) -> Result<ContainerId, ContainerError> {
        let mut singles = 0;
        if self.state.container.is_none() {
            self.state.search.reopen(self.account.clock.now());
        }
        for _ in 0..STEPS {
            if let Some(id) = self.held() {
                return Ok(id);
            }
            let Some(action) = self.state.next() else { break };
            if let Some(outage) = self.state.waits(self.account.clock.now()) {
                self.failed = Some(outage.words.clone());
                break;
            }
            if !self.is_asked
                && let Some(words) = self.state.is_denied(self.account.clock.now())
            {
                return Err(ContainerError::Denied(words.to_owned()));
            }
            if self.is_search(&action) {
                // While there is nothing to poll, the calls of polls are for the search; the reserve is not.
                let now = self.account.clock.now();
                if self.account.budget.left_beside_reserve(now).await? == 0 {
                    return Err(ContainerError::NoCalls);
                }
            }
            let refused = self.carry_out(&action).await?;
            if refused == Some(1)
                && let Some(denied) = self.state.search.denied()
            {
                return Err(ContainerError::Denied(denied.words.clone()));
            }
            singles += usize::from(refused == Some(1));
            if singles >= SINGLES {
                break;
            }
        }
        let name = self.set.name.clone();
        self.held().ok_or_else(|| match self.failed.take() {
            Some(words) => ContainerError::Outage { name, words },
            None => ContainerError::Refused {
                name,
                words: self.last_refusal(),
            },
        })
    }

    fn last_refusal(&self) -> String {
        let last = self.state.search.refused().last();
        last.map_or("it gave no reason", |last| last.words.as_str())
            .to_owned()
    }

    /// Returns how many descriptors a container was refused with, if one was refused.
    pub(super) async fn carry_out(&mut self, action: &Action) -> Result<Option<usize>, ContainerError> {
        match action {
            Action::Look => {
                let listed = self.account.client.containers().await?;
                self.look(&listed).await?;
            }
            Action::Delete(id) => self.delete(id).await?,
            Action::Create(descriptors) => match self.create(descriptors).await {
                Ok(true) => {}
                Ok(false) => return Ok(Some(descriptors.len())),
                Err(ContainerError::Api(error)) if error.is_container_limit() => self.make_room().await?,
                Err(error) => return Err(error),
            },
        }
        Ok(None)
    }

    async fn make_room(&mut self) -> Result<(), ContainerError> {
        let listed = self.account.client.containers().await?;
        self.note_listed(&listed).await?;
        self.save(None).await?;
        let made = room::make(self.account, &mut self.state.places, &listed).await;
        if let Err(error @ ContainerError::Full { .. }) = &made {
            self.state.full = Some(error.to_string());
            self.save(None).await?;
        }
        self.state.notice = Some(made?);
        self.save(None).await
    }

    fn is_ours(&self, id: &str) -> bool {
        self.created.iter().any(|created| created == id)
    }

    fn held(&self) -> Option<ContainerId> {
        container_of(&self.state)
    }

    /// To look, and to create what is wanted or was there before, are necessities; to find out what BMW takes is
    /// not.
    fn is_search(&self, action: &Action) -> bool {
        let Action::Create(descriptors) = action else {
            return false;
        };
        self.state.search.accepted().is_empty() && descriptors.len() < self.set.descriptors.len()
    }

    async fn look(&mut self, listed: &[Container]) -> Result<(), ContainerError> {
        let named = named(self.set, listed, |id| self.is_ours(id));
        let before = self.state.search.accepted().len();
        self.state.looked(&named, self.account.clock.now());
        self.note_listed(listed).await?;
        self.note_growth(before);
        self.save(None).await
    }

    /// Whether BMW took the container. A refusal of what is in it is no error.
    async fn create(&mut self, descriptors: &[String]) -> Result<bool, ContainerError> {
        self.state.begin(descriptors);
        self.save(None).await?;
        let refused = self.state.search.refused().len();
        let made = self
            .account
            .client
            .create_container(&self.set.name, &purpose(descriptors), descriptors)
            .await;
        let now = self.account.clock.now();
        match made {
            Ok(made) => {
                let before = self.state.search.accepted().len();
                tracing::info!(account = %self.account.login.account, container = %made.id, descriptors = descriptors.len(), "created a container");
                self.state.created(made.id.to_string(), now);
                self.note_growth(before);
                self.tell_refused(refused);
                self.save(None).await?;
                Ok(true)
            }
            Err(error) if error.refuses_descriptors() => {
                self.state.refused(refusal(&error), now);
                tracing::debug!(account = %self.account.login.account, descriptors = descriptors.len(), error = %Chain(&error), "a container was refused");
                self.tell_refused(refused);
                self.save(None).await?;
                Ok(false)
            }
            Err(error) if error.kind() == Some(ErrorKind::Server) => {
                let words = refusal(&error).words;
                let is_refusal = self.state.failed(words.clone(), now);
                self.failed = Some(words);
                tracing::debug!(account = %self.account.login.account, descriptors = descriptors.len(), error = %Chain(&error), "BMW's server failed at a container");
                self.tell_refused(refused);
                self.save(None).await?;
                if is_refusal { Ok(false) } else { Err(error.into()) }
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
        if !self.is_ours(id) || room::in_use(self.account).await?.contains(id) {
            self.state.deleted();
            return self.save(None).await;
        }
        room::delete(self.account, id).await?;
        self.state.deleted();
        self.state.places.deleted(id, self.account.clock.now());
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
            tracing::info!(account = %self.account.login.account, container = %self.set.name, descriptors, wanted, "BMW takes a part of the descriptors");
        }
    }

    /// What was found out by what BMW took, too.
    fn tell_refused(&self, before: usize) {
        for refused in self.state.search.refused().iter().skip(before) {
            tracing::warn!(account = %self.account.login.account, descriptor = refused.descriptor, said = refused.words, "BMW refuses a descriptor; the others are collected");
        }
    }

    pub(super) async fn save(&mut self, deleted: Option<String>) -> Result<(), ContainerError> {
        let now = self.account.clock.now();
        let held = self.state.container.as_ref().filter(|held| held.created);
        let ours = held
            .map(|held| held.id.as_str())
            .into_iter()
            .chain(self.state.superseded());
        let new: Vec<_> = ours
            .filter(|id| !self.is_ours(id))
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
            .remember_set(&self.account.login.account, &self.set.fingerprint, update)
            .await?;
        self.created.extend(ids);
        Ok(())
    }
}

fn container_of(state: &SetState) -> Option<ContainerId> {
    state.container.as_ref()?.id.parse().ok()
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
    Refusal {
        cause: match answer.id.as_deref() {
            Some("CU-403") => Cause::Container,
            _ => Cause::Descriptor,
        },
        words: words.collect::<Vec<_>>().join(" "),
        named: answer.descriptors.clone(),
    }
}
