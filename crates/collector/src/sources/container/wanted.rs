//! The sets that the sources of an account ask for: what is in none of them is obsolete.

use std::sync::{Mutex, PoisonError};

use super::ContainerSet;

/// Filled when sources are built.
#[derive(Debug, Default)]
pub struct WantedSets(Mutex<Vec<ContainerSet>>);

impl WantedSets {
    pub fn add(&self, set: &ContainerSet) {
        let mut sets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !sets.iter().any(|known| known.fingerprint == set.fingerprint) {
            sets.push(set.clone());
        }
    }

    /// Each set once.
    pub fn all(&self) -> Vec<ContainerSet> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
