//! What BMW says of a container that it does not take, and what follows from it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// What BMW said against a container.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    pub cause: Cause,
    /// BMW's words.
    pub words: String,
    /// Descriptors that BMW names as the reason.
    #[serde(default)]
    pub named: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Cause {
    /// CU-402: at least one of the descriptors is no valid one.
    Descriptor,
    /// CU-403: the container as a whole, for its size or for one of the descriptors.
    Container,
    /// 5xx, where the account can be listed: for one of the descriptors, or because creations fail today.
    Server,
}

/// A descriptor that BMW does not take, alone or with those that it takes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refused {
    pub descriptor: String,
    /// BMW's words.
    pub words: String,
    pub at: Timestamp,
}

/// BMW takes no container that is larger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limit {
    pub descriptors: usize,
    /// BMW's words.
    pub words: String,
    pub at: Timestamp,
}

/// BMW lets the account create no container: CU-403 for a single descriptor, before anything was taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Denied {
    /// BMW's words.
    pub words: String,
    /// When it last said so.
    pub at: Timestamp,
    /// The descriptors that were asked alone, the last one last. Should one of them be the reason itself, the next one tells.
    alone: Vec<String>,
}

impl Denied {
    pub fn new(at: Timestamp) -> Self {
        Self {
            words: String::new(),
            at,
            alone: Vec::new(),
        }
    }

    /// BMW said so once more, of this descriptor alone.
    pub fn again(&mut self, descriptor: &str, words: &str, now: Timestamp) {
        self.alone.retain(|one| one != descriptor);
        self.alone.push(descriptor.to_owned());
        words.clone_into(&mut self.words);
        self.at = now;
    }

    /// When a descriptor was asked alone: the lower, the longer ago.
    pub fn asked(&self, descriptor: &str) -> Option<usize> {
        self.alone.iter().position(|one| one == descriptor)
    }
}
