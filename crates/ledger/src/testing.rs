//! A ledger in memory: for tests of what stands on it, and the judge of the one in the database.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use collector_core::Vin;
use collector_core::state::Published;
use jiff::{SignedDuration, Timestamp};
use planner::GAP_WORTH_A_POLL;
use planner::quota::{Allowance, Denied, Spent};
use store::StoreError;

use crate::test_tables::{Call, Tables, key};
use crate::*;

pub(crate) const DAY: SignedDuration = SignedDuration::from_hours(24);

/// Forgets everything at its end. Fails never.
#[derive(Debug, Default)]
pub struct MemoryLedger {
    tables: Mutex<Tables>,
    told: AtomicU64,
    asked: AtomicU64,
}

impl MemoryLedger {
    fn lock(&self) -> MutexGuard<'_, Tables> {
        self.tables.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn being_told(&self) -> MutexGuard<'_, Tables> {
        self.told.fetch_add(1, Ordering::Relaxed);
        self.lock()
    }

    fn being_asked(&self) -> MutexGuard<'_, Tables> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        self.lock()
    }

    /// How often it was told something, and how often asked: each would be a transaction of the database.
    pub fn trips(&self) -> (u64, u64) {
        (
            self.told.load(Ordering::Relaxed),
            self.asked.load(Ordering::Relaxed),
        )
    }

    /// What every component last said.
    pub fn published(&self) -> Vec<Published> {
        self.lock().components.values().cloned().collect()
    }

    /// How each stream fares.
    pub fn streams(&self) -> Vec<StreamRecord> {
        self.lock().stream_records()
    }

    /// The gaps of all streams, the oldest first.
    pub fn gaps(&self) -> Vec<StreamGap> {
        let tables = self.lock();
        let gaps = tables.gaps.iter().map(|((account, source, _), gap)| StreamGap {
            account: account.clone(),
            source: source.clone(),
            gap: *gap,
        });
        gaps.collect()
    }

    /// When polls were last planned.
    pub fn planned(&self) -> Vec<PlannedPoll> {
        let tables = self.lock();
        tables
            .polls
            .values()
            .filter_map(|poll| poll.plan.clone())
            .collect()
    }

    /// What was spent by whom, and how it ended, in the order in which it left.
    pub fn calls(&self) -> Vec<(String, &'static str, Option<&'static str>)> {
        let tables = self.lock();
        let calls = tables.calls.iter();
        calls
            .map(|call| (call.account.clone(), call.call, call.outcome))
            .collect()
    }
}

#[async_trait]
impl Facts for MemoryLedger {
    async fn note(&self, facts: Vec<Fact>) -> Result<(), StoreError> {
        if !facts.is_empty() {
            let mut tables = self.being_told();
            facts.into_iter().for_each(|fact| tables.note(fact));
        }
        Ok(())
    }
}

#[async_trait]
impl Calls for MemoryLedger {
    async fn spend_call(
        &self,
        account: &str,
        call: &'static str,
        now: Timestamp,
        allowance: Allowance,
        facts: Vec<Fact>,
    ) -> Result<Result<Admitted, Denied>, StoreError> {
        let mut tables = self.being_told();
        tables.leave_no_call_in_the_future(account, now);
        if let Err(denied) = allowance.permits(&tables.spent(account, now), now) {
            return Ok(Err(denied));
        }
        tables.calls.push(Call {
            account: account.to_owned(),
            at: now,
            call,
            outcome: None,
        });
        facts.into_iter().for_each(|fact| tables.note(fact));
        Ok(Ok(Admitted {
            id: i64::try_from(tables.calls.len()).unwrap_or(i64::MAX),
            spent: tables.spent(account, now),
        }))
    }

    async fn block_calls(&self, account: &str, until: Timestamp) -> Result<(), StoreError> {
        self.being_told().blocks.insert(account.to_owned(), until);
        Ok(())
    }

    async fn spent_calls(&self, account: &str, now: Timestamp) -> Result<Spent, StoreError> {
        let mut tables = self.being_asked();
        tables.leave_no_call_in_the_future(account, now);
        Ok(tables.spent(account, now))
    }

    async fn move_with_the_clock(&self, account: &str, by: SignedDuration) -> Result<(), StoreError> {
        let mut tables = self.being_told();
        let calls = tables.calls.iter_mut();
        calls
            .filter(|call| call.account == account)
            .for_each(|call| call.at += by);
        let polls = tables.polls.iter_mut();
        polls
            .filter(|((own, ..), _)| own == account)
            .for_each(|(_, poll)| poll.record.last_at += by);
        Ok(())
    }
}

#[async_trait]
impl Polls for MemoryLedger {
    async fn poll_record(
        &self,
        account: &str,
        source: &str,
        vin: &Vin,
    ) -> Result<Option<PollRecord>, StoreError> {
        let key = (account.to_owned(), source.to_owned(), vin.clone());
        Ok(self.being_asked().polls.get(&key).map(|poll| poll.record.clone()))
    }
}

#[async_trait]
impl Containers for MemoryLedger {
    async fn container(&self, account: &str, fingerprint: &str) -> Result<Option<String>, StoreError> {
        Ok(self
            .being_asked()
            .containers
            .get(&key(account, fingerprint))
            .cloned())
    }

    async fn descriptor_set(
        &self,
        account: &str,
        fingerprint: &str,
    ) -> Result<(Option<StoredSet>, Option<String>), StoreError> {
        let (tables, key) = (self.being_asked(), key(account, fingerprint));
        Ok((
            tables.sets.get(&key).cloned(),
            tables.containers.get(&key).cloned(),
        ))
    }

    async fn remember_set(
        &self,
        account: &str,
        fingerprint: &str,
        update: SetUpdate,
    ) -> Result<(), StoreError> {
        let (mut tables, set) = (self.being_told(), key(account, fingerprint));
        tables.sets.insert(set.clone(), update.set);
        match update.container {
            Some(container) => tables.containers.insert(set, container),
            None => tables.containers.remove(&set),
        };
        for created in update.created {
            let id = key(account, &created.id);
            tables.created.entry(id).or_insert(created);
        }
        if let Some(deleted) = update.deleted {
            tables.forget(account, &deleted);
        }
        Ok(())
    }

    async fn created_containers(&self, account: &str) -> Result<Vec<CreatedContainer>, StoreError> {
        let tables = self.being_asked();
        let created = tables.created.iter().filter(|((own, _), _)| own == account);
        let mut created: Vec<_> = created.map(|(_, created)| created.clone()).collect();
        created.sort_by(|a, b| (a.created_at, &a.id).cmp(&(b.created_at, &b.id)));
        Ok(created)
    }

    async fn forget_container(&self, account: &str, id: &str) -> Result<(), StoreError> {
        self.being_told().forget(account, id);
        Ok(())
    }

    async fn note_source_set(
        &self,
        account: &str,
        source: &str,
        fingerprint: &str,
    ) -> Result<(), StoreError> {
        let set = fingerprint.to_owned();
        self.being_told().source_sets.insert(key(account, source), set);
        Ok(())
    }
}

#[async_trait]
impl Vehicles for MemoryLedger {
    async fn mapped_vehicles(
        &self,
        account: &str,
    ) -> Result<Option<(Timestamp, Vec<MappedVehicle>)>, StoreError> {
        let tables = self.being_asked();
        let Some(at) = tables.mappings.get(account) else {
            return Ok(None);
        };
        let vehicles = tables.vehicles.iter();
        let ours = vehicles.filter(|vehicle| vehicle.account.as_deref() == Some(account));
        let vehicles = ours.map(|vehicle| MappedVehicle {
            vin: vehicle.vin.clone(),
            primary: vehicle.primary == Some(true),
        });
        Ok(Some((*at, vehicles.collect())))
    }

    async fn remember_mapping(
        &self,
        account: &str,
        at: Timestamp,
        vehicles: Vec<MappedVehicle>,
    ) -> Result<(), StoreError> {
        let mut tables = self.being_told();
        let mut before = Vec::new();
        for vehicle in &mut tables.vehicles {
            if vehicle.account.as_deref() == Some(account) {
                vehicle.account = None;
                before.extend(
                    vehicle
                        .primary
                        .take()
                        .map(|primary| (vehicle.vin.clone(), primary)),
                );
            }
        }
        for MappedVehicle { vin, primary } in vehicles {
            if primary && !before.contains(&(vin.clone(), true)) {
                tables.refusals.remove(&(account.into(), vin.clone()));
            }
            let vehicle = tables.vehicle(&vin);
            vehicle.account = Some(account.into());
            vehicle.primary = Some(primary);
        }
        tables.mappings.insert(account.to_owned(), at);
        Ok(())
    }

    async fn remember_details(&self, vin: Vin, details: String) -> Result<(), StoreError> {
        self.being_told().vehicle(&vin).details = Some(details);
        Ok(())
    }

    async fn details(&self, vin: Vin) -> Result<Option<String>, StoreError> {
        let tables = self.being_asked();
        let mut vehicles = tables.vehicles.iter();
        let found = vehicles.find(|vehicle| vehicle.vin == vin);
        Ok(found.and_then(|vehicle| vehicle.details.clone()))
    }

    async fn known_vehicles(&self) -> Result<Vec<KnownVehicle>, StoreError> {
        let tables = self.being_asked();
        let mut known = tables.vehicles.clone();
        known.sort_by(|a, b| a.vin.as_str().cmp(b.vin.as_str()));
        Ok(known)
    }
}

#[async_trait]
impl Streams for MemoryLedger {
    async fn remember_stream(
        &self,
        account: &str,
        source: &str,
        facts: Vec<StreamFact>,
    ) -> Result<(), StoreError> {
        let mut tables = self.being_told();
        facts
            .into_iter()
            .for_each(|fact| tables.note_of_stream(account, source, fact));
        Ok(())
    }

    async fn recall_stream(
        &self,
        account: &str,
        source: &str,
        now: Timestamp,
    ) -> Result<StreamMemory, StoreError> {
        let tables = self.being_asked();
        let ours = tables
            .gaps
            .iter()
            .filter(|((own, by, _), _)| own == account && by == source);
        let gaps: Vec<_> = ours.map(|(_, gap)| gap).collect();
        let open = gaps.iter().filter(|gap| gap.to.is_none());
        let missed = gaps.iter().filter(|gap| gap.length(gap.from) >= GAP_WORTH_A_POLL);
        Ok(StreamMemory {
            breaker: tables
                .streams
                .get(&key(account, source))
                .and_then(|stream| stream.breaker.clone()),
            gap_since: open.map(|gap| gap.from).max(),
            missed: missed.filter_map(|gap| gap.to).filter(|to| *to <= now).max(),
        })
    }
}

#[async_trait]
impl States for MemoryLedger {
    async fn publish(&self, published: Published) -> Result<(), StoreError> {
        self.being_told().note(Fact::Published(published));
        Ok(())
    }
}

#[async_trait]
impl Notes for MemoryLedger {
    async fn told(&self, prefix: &str) -> Result<HashMap<String, Told>, StoreError> {
        let tables = self.being_asked();
        let told = tables.told.iter();
        Ok(told
            .filter_map(|(topic, told)| Some((topic.strip_prefix(prefix)?.to_owned(), told.clone())))
            .collect())
    }

    async fn remember_told(&self, topic: String, told: Option<Told>) -> Result<(), StoreError> {
        let mut tables = self.being_told();
        match told {
            Some(told) => tables.told.insert(topic, told),
            None => tables.told.remove(&topic),
        };
        Ok(())
    }

    async fn condition(&self) -> Result<Condition, StoreError> {
        let tables = self.being_asked();
        let blocked = tables.blocks.iter();
        Ok(Condition {
            components: tables.components.values().cloned().collect(),
            streams: tables.stream_records(),
            blocked: blocked
                .map(|(account, until)| (account.clone(), *until))
                .collect(),
        })
    }
}

#[async_trait]
impl Refusals for MemoryLedger {
    async fn refusals(&self) -> Result<Vec<Refusal>, StoreError> {
        Ok(self.being_asked().refusals.values().cloned().collect())
    }
}
