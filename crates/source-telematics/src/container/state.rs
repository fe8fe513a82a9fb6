//! The containers of one set of descriptors: which one is polled, which one is to go, and which call comes
//! next. Pure; whoever drives it writes it down before a container is created and after every answer, so that
//! a crash or a lost answer at any moment leaks nothing.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::places::Places;
use super::search::{Search, Taken};
use super::verdict::{Cause, Refusal};
use source::{DescriptorSet, fingerprint};

/// A server that fails at a creation is believed to mean what is in it when it does so again this much later, and a list
/// was answered in between.
const CONFIRMED: SignedDuration = SignedDuration::from_mins(3);
/// After creations of every kind failed, what is in them is not asked again for so long.
const OUTAGE: SignedDuration = SignedDuration::from_hours(24);
/// Nor is anything created for so long after each failure in that time: the calls are needed when it is over.
const REST: SignedDuration = SignedDuration::from_mins(30);
/// As long nothing is created after BMW denied the account containers altogether.
const DENIED: SignedDuration = SignedDuration::from_hours(24);

/// As long as no further container is allowed: no pause is longer.
pub const LONG_PAUSE: SignedDuration = SignedDuration::from_hours(24);

/// A container that BMW lists and refuses to read (CU-105) for so long is found no more.
const UNREADABLE: SignedDuration = SignedDuration::from_hours(1);
/// Refusals that lie further apart have nothing to do with each other.
const UNRELATED: SignedDuration = SignedDuration::from_hours(8);

/// The call that brings the set further.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// List the account's containers.
    Look,
    /// Delete a container that this program created.
    Delete(String),
    /// Create a container of these descriptors.
    Create(Vec<String>),
}

/// A container of this set in the account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    pub id: String,
    /// Created by this installation, not found.
    pub created: bool,
}

/// What is remembered of a set, and the container to poll.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetState {
    pub search: Search,
    /// The container to poll; remembered beside this state.
    #[serde(skip)]
    pub container: Option<Held>,
    /// Replaced, or created to learn something; to be deleted.
    #[serde(default)]
    superseded: Option<String>,
    /// The fingerprint of a container whose creation was begun and not answered.
    #[serde(default)]
    pending: Option<String>,
    /// The account was looked through since there was no container to poll.
    #[serde(default)]
    looked: bool,
    /// Nothing more is tried before this.
    #[serde(default)]
    pub paused_until: Option<Timestamp>,
    /// What was done last without anybody asking for it, in words.
    #[serde(default)]
    pub notice: Option<String>,
    /// Why no further container can be made, in words.
    #[serde(default)]
    pub full: Option<String>,
    /// How many of BMW's ten places are taken.
    #[serde(default)]
    pub places: Places,
    /// Creations that were sent.
    #[serde(default)]
    pub tried: u32,
    /// Since when BMW's server fails at creations.
    #[serde(default)]
    failing_since: Option<Timestamp>,
    /// It failed whatever was in them.
    #[serde(default)]
    outage: Option<Outage>,
    /// Another container of this installation, which no other source uses: polled as long as this set has none.
    #[serde(default)]
    pub stand_in: Option<String>,
    /// The container that a poll was refused for last.
    #[serde(default)]
    unread: Option<Unread>,
}

/// A container that a poll was refused for: at first, and last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Unread {
    id: String,
    first: Timestamp,
    last: Timestamp,
}

/// Creations fail, whatever is in them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outage {
    /// Until when its failures say nothing of what is in a container.
    until: Timestamp,
    /// Nothing is created before this.
    again_at: Timestamp,
    /// BMW's words.
    pub words: String,
}

impl SetState {
    pub fn new(set: &DescriptorSet) -> Self {
        Self {
            search: Search::new(set.descriptors.to_vec()),
            ..Self::default()
        }
    }

    /// What to do next; `None` when everything is as it should be, or BMW takes nothing at all.
    pub fn next(&self) -> Option<Action> {
        let attempt = self.attempt();
        if self.pending.is_some() || (self.container.is_none() && !self.looked && attempt.is_some()) {
            return Some(Action::Look);
        }
        if let (Some(superseded), Some(_)) = (&self.superseded, &self.container) {
            return Some(Action::Delete(superseded.clone()));
        }
        attempt.map(Action::Create)
    }

    /// Whether there is a container to poll, and nothing to be done about it for now.
    pub fn is_settled(&self, now: Timestamp) -> bool {
        if self.container.is_none() || self.is_paused(now) {
            return self.container.is_some();
        }
        let mut later = self.clone();
        later.search.reopen(now);
        later.next().is_none()
    }

    /// Whether nothing is improved for now. A pause that ends later than the longest is of a clock that was set back.
    pub fn is_paused(&self, now: Timestamp) -> bool {
        self.paused_until
            .is_some_and(|until| now < until && until <= now + LONG_PAUSE)
    }

    /// A creation is about to be sent.
    pub fn begin(&mut self, descriptors: &[String]) {
        self.pending = Some(fingerprint(descriptors));
        self.tried = self.tried.saturating_add(1);
    }

    /// It was answered with a container.
    pub fn created(&mut self, id: String, now: Timestamp) {
        self.pending = None;
        self.failing_since = None;
        self.outage = None;
        self.full = None;
        self.paused_until = None;
        self.places.made();
        self.take(Held { id, created: true }, now);
    }

    /// It was refused for what is in it.
    pub fn refused(&mut self, refusal: Refusal, now: Timestamp) {
        self.pending = None;
        if self.is_restoring() {
            self.search.lost(refusal, now);
        } else {
            self.search.was_refused(refusal, now);
        }
    }

    /// BMW's server failed at it, in these words. Whether that is a refusal of what is in it; else it may have been carried
    /// out, and is looked for before it is tried again.
    pub fn failed(&mut self, words: String, now: Timestamp) -> bool {
        let since = self.failing_since.map_or(now, |since| since.min(now));
        self.failing_since = Some(since);
        if let Some(outage) = self.outage.as_mut().filter(|outage| now < outage.until) {
            outage.again_at = now + REST;
            return false;
        }
        if now.duration_since(since) < CONFIRMED {
            return false;
        }
        let refusal = Refusal {
            cause: Cause::Server,
            words: words.clone(),
            named: Vec::new(),
        };
        self.refused(refusal, now);
        if self.search.is_outage() {
            self.search.start_over();
            self.failing_since = None;
            self.outage = Some(Outage {
                until: now + OUTAGE,
                again_at: now + REST,
                words,
            });
        }
        true
    }

    /// The outage for whose end a creation waits.
    pub fn waits(&self, now: Timestamp) -> Option<&Outage> {
        let outage = self.outage.as_ref();
        outage.filter(|outage| now < outage.again_at && now + REST >= outage.again_at)
    }

    /// In which words BMW denied the account containers altogether, where it is too early to ask again.
    pub fn is_denied(&self, now: Timestamp) -> Option<&str> {
        let denied = self.search.denied()?;
        let is_early = denied.at <= now && now.duration_since(denied.at) < DENIED;
        is_early.then_some(denied.words.as_str())
    }

    /// The container to poll, its own or the one that stands in for it.
    pub fn polled(&self) -> Option<&str> {
        let own = self.container.as_ref().map(|held| held.id.as_str());
        own.or(self.stand_in.as_deref())
    }

    /// It certainly came to nothing.
    pub fn not_created(&mut self) {
        self.pending = None;
    }

    /// The account has these containers of the set's name: id, fingerprint, and whether this installation
    /// created it.
    pub fn looked(&mut self, listed: &[(String, String, bool)], now: Timestamp) {
        self.looked = true;
        let pending = self.pending.take();
        let wanted = self.attempt().map(|attempt| fingerprint(&attempt));
        let is_held = |id: &String| {
            self.superseded.as_ref() == Some(id) || self.container.as_ref().is_some_and(|held| held.id == *id)
        };
        let others: Vec<_> = listed
            .iter()
            .filter(|(id, ..)| !is_held(id) && !self.is_unreadable(id))
            .collect();
        // Overtaken by the loss of the container: it was created for a set that is not tried now.
        if self.superseded.is_none() && pending != wanted {
            let stray = others.iter().find(|(_, made, _)| Some(made) == pending.as_ref());
            self.superseded = stray.map(|(id, ..)| id.clone());
        }
        // What nobody waited for may be another installation's: good to poll, but not to delete.
        if let Some((id, fingerprint, created)) = others
            .iter()
            .find(|(_, fingerprint, _)| Some(fingerprint) == wanted.as_ref())
        {
            let created = *created || pending.as_ref() == Some(fingerprint);
            if created || self.container.is_none() {
                let id = id.clone();
                self.take(Held { id, created }, now);
            }
        }
    }

    /// The superseded container is gone.
    pub fn deleted(&mut self) {
        self.superseded = None;
    }

    /// The container to poll is gone, BMW says.
    pub fn lost(&mut self, now: Timestamp) {
        self.stand_in = None;
        self.looked = false;
        let Some(Held { id, .. }) = self.container.take() else {
            return;
        };
        let before = self.unread.take();
        let related = before.filter(|before| before.id == id && now.duration_since(before.last) <= UNRELATED);
        let first = related.map_or(now, |before| before.first.min(now));
        self.unread = Some(Unread { id, first, last: now });
    }

    /// Whether BMW lists what it does not let anybody read. One such container is remembered: should its successor share
    /// its fate, it is found again, so that no row of them fills the ten places.
    fn is_unreadable(&self, id: &str) -> bool {
        let unread = self.unread.as_ref().filter(|unread| unread.id == id);
        unread.is_some_and(|unread| unread.last.duration_since(unread.first) >= UNREADABLE)
    }

    /// The container that is to be deleted.
    pub fn superseded(&self) -> Option<&str> {
        self.superseded.as_deref()
    }

    fn attempt(&self) -> Option<Vec<String>> {
        if self.is_restoring() {
            return Some(self.search.accepted().to_vec());
        }
        self.search.attempt()
    }

    /// What BMW took before has to be created again.
    fn is_restoring(&self) -> bool {
        self.container.is_none() && !self.search.accepted().is_empty()
    }

    fn take(&mut self, taken: Held, now: Timestamp) {
        self.looked = false;
        self.stand_in = None;
        if self.is_restoring() {
            self.container = Some(taken);
            return;
        }
        let superseded = match self.search.took(now) {
            Taken::Use => self.container.replace(taken),
            Taken::Discard => Some(taken),
        };
        if let Some(held) = superseded.filter(|held| held.created) {
            self.superseded = Some(held.id);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_of_a_clock_that_was_set_back_is_none() {
        let now: Timestamp = "2026-03-01T12:00:00Z".parse().unwrap();
        for (hours, paused) in [(-1, false), (0, false), (1, true), (24, true), (25, false)] {
            let state = SetState {
                paused_until: Some(now + SignedDuration::from_hours(hours)),
                ..SetState::default()
            };
            assert_eq!(state.is_paused(now), paused, "{hours}");
        }
    }
}
