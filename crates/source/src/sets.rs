//! The sets of descriptors that the sources of an account ask for: a container that holds none of them is obsolete.

use std::sync::{Mutex, PoisonError};

use sha2::{Digest, Sha256};

/// A wanted set of descriptors. Containers for it carry its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DescriptorSet {
    pub name: String,
    /// Sorted, each once.
    pub descriptors: Vec<String>,
    /// Of all that is wanted; a container that holds less carries another.
    pub fingerprint: String,
}

impl DescriptorSet {
    /// `label` is the preset's name, or `custom`.
    pub fn new(label: &str, mut descriptors: Vec<String>) -> Self {
        descriptors.sort();
        descriptors.dedup();
        Self {
            name: format!("cardata {label}"),
            fingerprint: fingerprint(&descriptors),
            descriptors,
        }
    }
}

/// What tells one set of descriptors from another, whatever their order.
pub fn fingerprint(descriptors: &[String]) -> String {
    let mut sorted: Vec<&str> = descriptors.iter().map(String::as_str).collect();
    sorted.sort_unstable();
    sorted.dedup();
    let digest = Sha256::digest(sorted.join("\n").as_bytes());
    digest[..8].iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Filled when sources are built.
#[derive(Debug, Default)]
pub struct WantedSets(Mutex<Vec<DescriptorSet>>);

impl WantedSets {
    pub fn add(&self, set: &DescriptorSet) {
        let mut sets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !sets.iter().any(|known| known.fingerprint == set.fingerprint) {
            sets.push(set.clone());
        }
    }

    /// Each set once.
    pub fn all(&self) -> Vec<DescriptorSet> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
