//! What BMW keeps of an account besides its login: the quota and the containers.

use jiff::civil::Date;
use jiff::tz::Offset;
use jiff::{SignedDuration, Timestamp};
use rand::Rng;
use rand::rngs::StdRng;

/// The calls of one UTC day.
#[derive(Debug)]
pub(crate) struct Quota {
    limit: u32,
    day: Date,
    spent: u32,
}

impl Quota {
    pub fn new(limit: u32) -> Self {
        Self {
            limit,
            day: Date::MIN,
            spent: 0,
        }
    }

    pub fn spent(&mut self, now: Timestamp) -> u32 {
        let day = Offset::UTC.to_datetime(now).date();
        if day != self.day {
            self.day = day;
            self.spent = 0;
        }
        self.spent
    }

    pub fn spend(&mut self, calls: u32, now: Timestamp) {
        self.spent = self.spent(now).saturating_add(calls).min(self.limit);
    }

    /// Takes one call; says whether there was one left.
    pub fn take(&mut self, now: Timestamp) -> bool {
        let left = self.spent(now) < self.limit;
        self.spend(1, now);
        left
    }
}

/// The most containers that an account may have.
pub(crate) const MAX_CONTAINERS: usize = 10;
/// How long a deleted container stays in the list.
const KEPT_DELETED: SignedDuration = SignedDuration::from_hours(29 * 24);

/// A container of the account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Container {
    /// 13 characters.
    pub id: String,
    pub name: String,
    pub purpose: String,
    pub created: Timestamp,
    pub deleted: Option<Timestamp>,
    pub descriptors: Vec<String>,
}

#[derive(Debug, Default)]
pub(crate) struct Containers(Vec<Container>);

impl Containers {
    pub fn find(&self, id: &str) -> Option<&Container> {
        self.0.iter().find(|container| container.id == id)
    }

    /// Active ones, and those deleted lately.
    pub fn listed(&self, now: Timestamp) -> impl Iterator<Item = &Container> {
        let kept = move |deleted| now.duration_since(deleted) < KEPT_DELETED;
        let containers = self.0.iter();
        containers.filter(move |container| container.deleted.is_none_or(kept))
    }

    /// Oldest first.
    pub fn active(&self) -> impl Iterator<Item = &Container> {
        self.0.iter().filter(|container| container.deleted.is_none())
    }

    pub fn create(
        &mut self,
        name: String,
        purpose: String,
        descriptors: Vec<String>,
        now: Timestamp,
        rng: &mut StdRng,
    ) -> Container {
        let mut id = String::from("S00I000M");
        while id.len() < 13 {
            let digit = char::from_digit(rng.random_range(0..36), 36).unwrap_or('0');
            id.push(digit.to_ascii_uppercase());
        }
        let container = Container {
            id,
            name,
            purpose,
            created: now,
            deleted: None,
            descriptors,
        };
        self.0.push(container.clone());
        container
    }

    pub fn delete(&mut self, which: impl Fn(&Container) -> bool, now: Timestamp) {
        for container in self.0.iter_mut().filter(|container| which(container)) {
            container.deleted.get_or_insert(now);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_quota_lasts_until_midnight_utc() {
        let mut quota = Quota::new(3);
        let evening: Timestamp = "2026-11-20T23:59:59Z".parse().unwrap();
        let midnight: Timestamp = "2026-11-21T00:00:00Z".parse().unwrap();
        let taken: Vec<bool> = (0..4).map(|_| quota.take(evening)).collect();
        assert_eq!(taken, [true, true, true, false]);
        assert_eq!(quota.spent(evening), 3);
        assert!(quota.take(midnight));
        assert_eq!(quota.spent(midnight), 1);
    }
}
