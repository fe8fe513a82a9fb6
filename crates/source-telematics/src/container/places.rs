//! How many of BMW's ten places for containers are taken. One that was deleted keeps its place, and is listed, for 29 days; the
//! list does not tell since when. Pure.

use std::collections::BTreeMap;

use cardata_api::Container;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// BMW's limit for an account.
pub const MOST: usize = 10;
/// How long a deleted container counts.
const KEPT: SignedDuration = SignedDuration::from_hours(29 * 24);
/// What is only to be improved leaves so many places free.
const SPARED: usize = 1;

/// What the account's list said last, and what was made since.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Places {
    taken: usize,
    /// Those listed as deleted, with the time when this was first seen.
    deleted: BTreeMap<String, Timestamp>,
}

impl Places {
    /// The account has these containers.
    pub fn listed(&mut self, listed: &[Container], now: Timestamp) {
        self.taken = listed.len();
        let known = std::mem::take(&mut self.deleted);
        let gone = listed.iter().filter(|container| container.state.is_gone());
        let ids = gone.map(|container| container.id.to_string());
        self.deleted = ids
            .map(|id| {
                let since = known.get(&id).map_or(now, |since| *since.min(&now));
                (id, since)
            })
            .collect();
    }

    /// One more container was made.
    pub fn made(&mut self) {
        self.taken += 1;
    }

    /// One was deleted, and keeps its place.
    pub fn deleted(&mut self, id: &str, now: Timestamp) {
        self.deleted.insert(id.to_owned(), now);
    }

    /// Whether a container may be made that only improves another.
    pub fn has_one_to_spare(&self) -> bool {
        self.taken + SPARED < MOST
    }

    /// When the first place becomes free by itself, at the latest.
    pub fn free_by(&self) -> Option<Timestamp> {
        let first = self.deleted.values().min()?;
        first.checked_add(KEPT).ok()
    }

    /// Why there is none, for people.
    pub fn words(&self) -> String {
        let deleted = self.deleted.len();
        match self.free_by() {
            Some(free_by) => format!(
                "{} of BMW's {MOST} places for containers are taken, {deleted} of them by deleted ones, which count for 29 days; \
                 the first of these is free by {} at the latest",
                self.taken,
                free_by.strftime("%Y-%m-%d")
            ),
            None => format!("{} of BMW's {MOST} places for containers are taken", self.taken),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn container(id: &str, state: cardata_api::ContainerState) -> Container {
        Container {
            id: id.parse().unwrap(),
            name: None,
            purpose: None,
            state,
        }
    }

    #[test]
    fn a_deleted_container_keeps_its_place_for_29_days_from_when_it_was_first_seen() {
        use cardata_api::ContainerState::{Active, Deleted, Inactive};
        let day = |day: i64| Timestamp::UNIX_EPOCH + SignedDuration::from_hours(24 * day);
        let mut places = Places::default();
        places.listed(&[container("a", Deleted), container("b", Active)], day(10));
        assert_eq!(places.free_by(), Some(day(39)));
        places.deleted("b", day(5));
        assert_eq!(
            places.free_by(),
            Some(day(34)),
            "what was deleted here is known better"
        );
        places.listed(&[container("a", Deleted), container("c", Inactive)], day(20));
        assert_eq!(places.free_by(), Some(day(39)), "seen before");
        places.listed(&[container("c", Inactive)], day(40));
        assert_eq!(places.free_by(), Some(day(49)));
        assert!(places.words().contains("1970-02-19"), "{}", places.words());
    }

    #[test]
    fn what_improves_another_leaves_a_place_free() {
        let mut places = Places::default();
        for _ in 0..8 {
            places.made();
        }
        assert!(places.has_one_to_spare());
        places.made();
        assert!(!places.has_one_to_spare());
    }
}
