//! The test's hand on a running simulator: faults, the owner's clicks, and what was asked and served.

use std::sync::Arc;

use jiff::Timestamp;

use crate::account::Container;
use crate::documents::{Picture, ServedDocument};
use crate::fault::Fault;
use crate::server::Shared;

/// A handle to a running simulator. Clones act on the same one.
#[derive(Clone)]
pub struct Control {
    pub(crate) shared: Arc<Shared>,
}

/// One entry of a `telematicData` answer that left the simulator whole, as it was written there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Served {
    /// The simulator's time of the answer.
    pub at: Timestamp,
    pub vin: String,
    pub descriptor: String,
    pub timestamp: Option<String>,
    pub unit: Option<String>,
    pub value: Option<String>,
}

/// One request that reached the simulator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestRecord {
    /// The simulator's time.
    pub at: Timestamp,
    pub method: String,
    /// Without the query.
    pub path: String,
    /// The status of the answer; 0 when the connection was reset without one.
    pub status: u16,
    /// Whether the request cost one of the day's calls.
    pub counted: bool,
}

/// A request or a packet that BMW would not accept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// The simulator's time.
    pub at: Timestamp,
    /// Of a request, or a packet's name as MQTT has it.
    pub method: String,
    /// `stream` for a packet.
    pub path: String,
    /// Which rule it breaks.
    pub reason: String,
}

/// Everything that was asked and served since the simulator started.
#[derive(Debug, Default)]
pub(crate) struct Log {
    pub requests: Vec<RequestRecord>,
    pub served: Vec<Served>,
    /// How many answers these were.
    pub answers: usize,
    pub violations: Vec<Violation>,
    pub documents: Vec<ServedDocument>,
}

impl Log {
    pub fn violation(&mut self, at: Timestamp, method: &str, path: &str, reason: impl Into<String>) {
        self.violations.push(Violation {
            at,
            method: method.to_owned(),
            path: path.to_owned(),
            reason: reason.into(),
        });
    }
}

impl Control {
    /// The next request suffers this fault.
    pub fn inject(&self, fault: Fault) {
        self.inject_on("", 1, fault);
    }

    /// The next `times` requests whose method and path, as in `GET /customers/containers`, contain `path` suffer
    /// this fault, after those ordered before.
    pub fn inject_on(&self, path: &str, times: u32, fault: Fault) {
        let path = Some(path.to_owned());
        self.shared.world().faults.order(fault, times, path);
    }

    /// Forgets all faults that were ordered and have not struck yet.
    pub fn clear_faults(&self) {
        self.shared.world().faults.clear();
    }

    /// The simulator's time.
    pub fn now(&self) -> Timestamp {
        self.shared.now()
    }

    /// The user codes that wait for the owner, oldest first.
    pub fn waiting_user_codes(&self) -> Vec<String> {
        self.shared.world().login.waiting_user_codes(self.now())
    }

    /// The owner approves the code. Says whether it was waiting.
    pub fn approve(&self, user_code: &str) -> bool {
        self.shared.world().login.decide(user_code, true, self.now())
    }

    /// The owner declines the code. Says whether it was waiting.
    pub fn deny(&self, user_code: &str) -> bool {
        self.shared.world().login.decide(user_code, false, self.now())
    }

    /// Another program creates a container. Returns its id.
    pub fn create_container(&self, name: &str, purpose: &str, descriptors: &[&str]) -> String {
        let now = self.now();
        let descriptors = descriptors.iter().map(|&one| one.to_owned()).collect();
        let world = &mut *self.shared.world();
        let rng = &mut world.rng;
        let made = world
            .containers
            .create(name.into(), purpose.into(), descriptors, now, rng);
        made.id
    }

    /// Somebody deletes a container.
    pub fn delete_container(&self, id: &str) {
        let now = self.now();
        self.shared.world().containers.delete(|one| one.id == id, now);
    }

    /// The containers that were not deleted, oldest first.
    pub fn containers(&self) -> Vec<Container> {
        self.shared.world().containers.active().cloned().collect()
    }

    /// From now on BMW refuses these descriptors, and containers of more than `max_descriptors`.
    pub fn refuse(&self, descriptors: &[&str], max_descriptors: Option<usize>) {
        let config = &mut self.shared.world().config;
        config.refused_descriptors = descriptors.iter().map(|&one| one.to_owned()).collect();
        config.max_descriptors = max_descriptors;
    }

    /// From now on this is served as the picture of the vehicles.
    pub fn show(&self, picture: Picture) {
        self.shared.world().config.documents.picture = picture;
    }

    /// Every answer of a documents' endpoint with status 200, in the order in which they were asked for.
    pub fn documents(&self) -> Vec<ServedDocument> {
        self.shared.world().log.documents.clone()
    }

    /// Spends calls of today's quota, as another client of the account would.
    pub fn spend(&self, calls: u32) {
        self.shared.world().quota.spend(calls, self.now());
    }

    /// How many calls of today's quota are spent.
    pub fn spent_today(&self) -> u32 {
        self.shared.world().quota.spent(self.now())
    }

    /// Every request, in the order of arrival.
    pub fn requests(&self) -> Vec<RequestRecord> {
        self.shared.world().log.requests.clone()
    }

    /// Every entry of every `telematicData` answer that left whole.
    pub fn served(&self) -> Vec<Served> {
        self.shared.world().log.served.clone()
    }

    /// How many answers those entries are from.
    pub fn answers(&self) -> usize {
        self.shared.world().log.answers
    }

    /// Every request that the specification does not allow.
    pub fn violations(&self) -> Vec<Violation> {
        self.shared.world().log.violations.clone()
    }
}
