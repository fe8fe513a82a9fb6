//! Which of the wanted descriptors BMW takes: a search without calls, clock or disk.
//!
//! Whoever drives it tries the container of [`Search::attempt`] and tells what BMW said. Nothing is tried
//! twice: what follows from earlier answers is settled without a call. A refusal of a single descriptor that
//! may be one of the size is told apart by a probe: a container of the size that was taken, with that
//! descriptor in another's place.
//!
//! A container that BMW takes costs one of ten places for a month, one that it refuses costs nothing but a call. So when a
//! descriptor was found, or a small group that holds one, all others are tried together; the group waits. Where the server
//! fails at a descriptor, it is suspected first and refused when it fails again beside others that were taken: an outage is
//! no verdict. Nor is CU-403 before anything was taken: when even one descriptor alone gets it, the account is denied
//! containers altogether.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::likelihood;
use super::split::{split, waits};
use super::verdict::{Cause, Denied, Limit, Refusal, Refused};

/// What was refused is tried again after this: BMW changes.
pub const RETRY_AFTER: SignedDuration = SignedDuration::from_hours(30 * 24);
/// How many refused descriptors are tried again at a time.
const RETRIED: usize = 8;
/// So many are each set aside to try all others together; where more are found before anything was taken, whatever is
/// taken is welcome.
const SET_ASIDE: usize = 2;
/// Where so many fail alone and nothing was taken, creations fail today, whatever is in them.
const OUTAGE: usize = 5;

/// What becomes of a container that BMW took.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    /// It holds more than the one before: it is the one to poll.
    Use,
    /// It only answered a question.
    Discard,
}

/// How far BMW takes a wanted set of descriptors.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Search {
    accepted: Vec<String>,
    refused: Vec<Refused>,
    /// The last is the next.
    untried: Vec<Group>,
    limit: Option<Limit>,
    probe: Option<Probe>,
    /// BMW's server failed at these alone, once.
    #[serde(default)]
    suspected: Vec<String>,
    /// Small groups with something that BMW refuses beside what is accepted, tried when all others were.
    #[serde(default)]
    waiting: Vec<Waiting>,
    #[serde(default)]
    denied: Option<Denied>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Waiting {
    descriptors: Vec<String>,
    refusal: Refusal,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Group {
    descriptors: Vec<String>,
    /// What BMW said to these together with the first `accepted` ones.
    known: Option<Judged>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Judged {
    accepted: usize,
    refusal: Refusal,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Probe {
    descriptor: String,
    words: String,
}

impl Search {
    /// A search that begins with all of `wanted`.
    pub fn new(mut wanted: Vec<String>) -> Self {
        wanted.sort_by_cached_key(|descriptor| likelihood::class(descriptor));
        let mut search = Self::default();
        search.push(wanted, None);
        search
    }

    /// What BMW takes together, as far as is known.
    pub fn accepted(&self) -> &[String] {
        &self.accepted
    }

    pub fn refused(&self) -> &[Refused] {
        &self.refused
    }

    /// The largest container that BMW takes, where it left something out for its size.
    pub fn limit(&self) -> Option<&Limit> {
        self.limit.as_ref()
    }

    /// Set as long as BMW denies the account containers altogether.
    pub fn denied(&self) -> Option<&Denied> {
        self.denied.as_ref()
    }

    /// What is in neither list: still to be tried, or left out because of the [`limit`](Self::limit).
    pub fn remaining(&self) -> impl Iterator<Item = &str> {
        let probed = self.probe.iter().map(|probe| &probe.descriptor);
        let untried = self.untried.iter().rev().flat_map(|group| &group.descriptors);
        let waiting = self.waiting.iter().flat_map(|group| &group.descriptors);
        probed.chain(untried).chain(waiting).map(String::as_str)
    }

    /// The descriptors of the next container to try; `None` when there is nothing more to learn.
    pub fn attempt(&self) -> Option<Vec<String>> {
        if let Some(probe) = &self.probe {
            let kept = self.accepted.len().saturating_sub(1);
            let mut attempt = self.accepted[..kept].to_vec();
            attempt.push(probe.descriptor.clone());
            return Some(attempt);
        }
        if self.limit.is_some() {
            return None;
        }
        let group = self.untried.last()?;
        Some([self.accepted.as_slice(), &group.descriptors].concat())
    }

    /// BMW took the container of [`attempt`](Self::attempt).
    pub fn took(&mut self, now: Timestamp) -> Taken {
        self.denied = None;
        if let Some(probe) = self.probe.take() {
            self.limit = Some(Limit {
                descriptors: self.accepted.len(),
                words: probe.words,
                at: now,
            });
            self.push(vec![probe.descriptor], None);
            return Taken::Discard;
        }
        if let Some(group) = self.untried.pop() {
            self.suspected
                .retain(|suspect| !group.descriptors.contains(suspect));
            self.accepted.extend(group.descriptors);
        }
        self.settle(now);
        Taken::Use
    }

    /// BMW refused the container of [`attempt`](Self::attempt).
    pub fn was_refused(&mut self, refusal: Refusal, now: Timestamp) {
        if refusal.cause == Cause::Descriptor {
            self.denied = None;
        }
        if let Some(probe) = self.probe.take() {
            self.refuse(probe.descriptor, &probe.words, now);
            self.join();
        } else if let Some(group) = self.untried.pop() {
            self.narrow(group.descriptors, refusal, now);
        }
        self.settle(now);
    }

    /// BMW no longer takes what it took: everything accepted is in question again.
    pub fn lost(&mut self, refusal: Refusal, now: Timestamp) {
        if let Some(probe) = self.probe.take() {
            self.push(vec![probe.descriptor], None);
        }
        self.limit = None;
        self.untried.iter_mut().for_each(|group| group.known = None);
        for group in std::mem::take(&mut self.waiting) {
            self.push(group.descriptors, None);
        }
        let accepted = std::mem::take(&mut self.accepted);
        if !accepted.is_empty() {
            self.narrow(accepted, refusal, now);
        }
        self.settle(now);
    }

    /// Whether creations seem to fail whatever is in them.
    pub fn is_outage(&self) -> bool {
        let all = self
            .remaining()
            .all(|one| self.suspected.iter().any(|it| it == one));
        self.accepted.is_empty() && !self.suspected.is_empty() && (all || self.suspected.len() >= OUTAGE)
    }

    /// Forgets what an outage seemed to say.
    pub fn start_over(&mut self) {
        self.suspected.clear();
        self.join();
    }

    /// Opens a search that can go no further again when what was refused or left out has been so for a month.
    pub fn reopen(&mut self, now: Timestamp) {
        if self.attempt().is_some() && self.denied.is_none() {
            return;
        }
        let is_due = |at: Timestamp| now.duration_since(at) >= RETRY_AFTER;
        if let Some(limit) = &self.limit {
            if is_due(limit.at) {
                self.limit = None;
                // One is enough to learn whether more fit. What was known of the others is as old as the limit.
                let mut rest: Vec<_> = self.remaining().map(str::to_owned).collect();
                self.untried.clear();
                self.waiting.clear();
                let one = rest.drain(..1.min(rest.len())).collect();
                self.push(rest, None);
                self.push(one, None);
            }
            return;
        }
        self.refused.sort_by_key(|refused| refused.at);
        let due = self.refused.iter().filter(|refused| is_due(refused.at));
        let due = due.count().min(RETRIED);
        let again = self.refused.drain(..due).map(|refused| refused.descriptor);
        let again = again.collect();
        self.push(again, None);
    }

    /// Draws what follows from a refusal of `group` together with what is accepted.
    fn narrow(&mut self, group: Vec<String>, mut refusal: Refusal, now: Timestamp) {
        let (named, rest): (Vec<_>, Vec<_>) = group
            .iter()
            .cloned()
            .partition(|descriptor| refusal.named.contains(descriptor));
        // Who names everything names nothing.
        if !named.is_empty() && (!rest.is_empty() || group.len() == 1) {
            for descriptor in named {
                self.refuse(descriptor, &refusal.words, now);
            }
            self.push(rest, None);
            return;
        }
        if self.may_wait(&group, refusal.cause) {
            self.waiting.push(Waiting {
                descriptors: group,
                refusal,
            });
            self.join();
            return;
        }
        if group.len() > 1 {
            refusal.named.clear();
            let (first, second) = self.divide(group, refusal.cause);
            let known = Judged {
                accepted: self.accepted.len() + first.len(),
                refusal,
            };
            self.push(second, Some(known));
            self.push(first, None);
            return;
        }
        for descriptor in group {
            self.narrow_to_one(descriptor, &refusal, now);
        }
    }

    /// A group may be too large as a whole only where the cause is the container: that is found out at once.
    fn may_wait(&self, group: &[String], cause: Cause) -> bool {
        let untried = self.untried.iter().flat_map(|group| &group.descriptors);
        let untried = untried.filter(|one| !self.suspected.contains(one)).count();
        !self.accepted.is_empty() && cause != Cause::Container && waits(group.len(), untried)
    }

    /// What of a group is tried next, and what behind it. Where all may be denied, one descriptor alone tells.
    fn divide(&self, mut group: Vec<String>, cause: Cause) -> (Vec<String>, Vec<String>) {
        if cause == Cause::Container && self.accepted.is_empty() {
            let asked = |one: &String| self.denied.as_ref().and_then(|denied| denied.asked(one));
            let next = (0..group.len())
                .min_by_key(|index| asked(&group[*index]))
                .unwrap_or_default();
            return (vec![group.remove(next)], group);
        }
        split(group, self.accepted.len())
    }

    fn narrow_to_one(&mut self, descriptor: String, refusal: &Refusal, now: Timestamp) {
        let words = &refusal.words;
        match refusal.cause {
            Cause::Server if self.accepted.is_empty() || !self.suspected.contains(&descriptor) => {
                self.suspect(descriptor);
            }
            Cause::Container if self.accepted.is_empty() => {
                let denied = self.denied.get_or_insert_with(|| Denied::new(now));
                denied.again(&descriptor, words, now);
                self.push(vec![descriptor], None);
                self.join();
            }
            Cause::Container => {
                let words = words.clone();
                self.probe = Some(Probe { descriptor, words });
            }
            _ => {
                self.refuse(descriptor, words, now);
                if !self.accepted.is_empty() || self.refused.len() <= SET_ASIDE {
                    self.join();
                }
            }
        }
    }

    /// Sets a descriptor aside until the others were tried.
    fn suspect(&mut self, descriptor: String) {
        if !self.suspected.contains(&descriptor) {
            self.suspected.push(descriptor.clone());
        }
        if self.suspected.len() <= SET_ASIDE {
            self.join();
        }
        let alone = Group {
            descriptors: vec![descriptor],
            known: None,
        };
        self.untried.insert(0, alone);
    }

    /// All that is untried and not suspected is tried together next.
    fn join(&mut self) {
        let groups = std::mem::take(&mut self.untried);
        let (mut joined, mut alone) = (Vec::new(), Vec::new());
        for descriptor in groups.into_iter().flat_map(|group| group.descriptors) {
            match self.suspected.contains(&descriptor) {
                true => alone.push(vec![descriptor]),
                false => joined.push(descriptor),
            }
        }
        joined.sort_by_cached_key(|descriptor| likelihood::class(descriptor));
        for group in alone.into_iter().chain([joined]) {
            self.push(group, None);
        }
    }

    /// Settles groups whose refusal is known already: the other part of what was refused was taken. When nothing else is
    /// untried, the largest group that waits is next.
    fn settle(&mut self, now: Timestamp) {
        while self.probe.is_none() {
            let Some(top) = self.untried.last_mut() else {
                self.waiting.sort_by_key(|group| group.descriptors.len());
                let Some(group) = self.waiting.pop() else { return };
                self.narrow(group.descriptors, group.refusal, now);
                continue;
            };
            let Some(known) = top.known.take() else { return };
            if known.accepted != self.accepted.len() {
                return;
            }
            let Some(group) = self.untried.pop() else { return };
            self.narrow(group.descriptors, known.refusal, now);
        }
    }

    fn refuse(&mut self, descriptor: String, words: &str, now: Timestamp) {
        self.suspected.retain(|suspect| *suspect != descriptor);
        self.refused.push(Refused {
            descriptor,
            words: words.to_owned(),
            at: now,
        });
    }

    fn push(&mut self, descriptors: Vec<String>, known: Option<Judged>) {
        if !descriptors.is_empty() {
            self.untried.push(Group { descriptors, known });
        }
    }
}
