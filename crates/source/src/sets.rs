//! The sets of descriptors that the sources of an account ask for: a container that holds none of them is obsolete.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError, Weak};

use sha2::{Digest, Sha256};

/// A wanted set of descriptors. Containers for it carry its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DescriptorSet {
    pub name: String,
    /// Sorted, each once. Equal sets share them, whatever account they are for.
    pub descriptors: Arc<[String]>,
    /// Of all that is wanted; a container that holds less carries another.
    pub fingerprint: String,
}

impl DescriptorSet {
    /// `label` is the preset's name, or `custom`.
    pub fn new(label: &str, mut descriptors: Vec<String>) -> Self {
        descriptors.sort();
        descriptors.dedup();
        let fingerprint = fingerprint(&descriptors);
        Self {
            name: format!("cardata {label}"),
            descriptors: shared(&fingerprint, descriptors),
            fingerprint,
        }
    }
}

/// One copy of what every account asks for.
fn shared(fingerprint: &str, descriptors: Vec<String>) -> Arc<[String]> {
    static KNOWN: LazyLock<Mutex<HashMap<String, Weak<[String]>>>> = LazyLock::new(Mutex::default);
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    let found = known.get(fingerprint).and_then(Weak::upgrade);
    if let Some(found) = found.filter(|found| **found == *descriptors) {
        return found;
    }
    let made: Arc<[String]> = descriptors.into();
    known.insert(fingerprint.to_owned(), Arc::downgrade(&made));
    made
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_sets_share_their_descriptors() {
        let set = |label, all: [&str; 2]| DescriptorSet::new(label, all.map(str::to_owned).to_vec());
        let (one, same, other) = (
            set("custom", ["b", "a"]),
            set("preset", ["a", "b"]),
            set("custom", ["a", "c"]),
        );
        assert!(Arc::ptr_eq(&one.descriptors, &same.descriptors));
        assert_eq!(*one.descriptors, ["a", "b"]);
        assert_eq!(*other.descriptors, ["a", "c"]);
    }
}
