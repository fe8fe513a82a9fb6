//! The containers that sources poll: found again by name and fingerprint, created when missing, and without
//! what BMW refuses.
//!
//! The API lists containers without their descriptors, so the fingerprint of what is in one stands in its
//! `purpose`. Containers that do not carry our mark belong to somebody else and are never touched.
//!
//! * [`search`]: which descriptors BMW takes. [`state`]: which container comes and goes. Both are pure.
//! * [`keeper`]: carries it out within the quota. [`room`]: when ten containers exist.
//! * [`sync`]: what `cardata containers sync` would do.

mod error;
mod keeper;
mod room;
pub mod search;
pub mod state;
pub mod sync;
#[cfg(test)]
mod tests;
mod trust;
mod wanted;

pub use error::ContainerError;
pub use wanted::WantedSets;

use sha2::{Digest, Sha256};

/// The beginning of every purpose that we write; the number is the version of the mark.
const MARK: &str = "cardata/1 ";

/// A wanted set of descriptors. Containers for it carry its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContainerSet {
    pub name: String,
    /// Sorted, each once.
    pub descriptors: Vec<String>,
    /// Of all that is wanted; a container that holds less carries another.
    pub fingerprint: String,
}

/// Whether a container with this purpose was made by this program.
pub fn is_ours(purpose: Option<&str>) -> bool {
    marked(purpose).is_some()
}

/// The fingerprint in a purpose that carries our mark.
fn marked(purpose: Option<&str>) -> Option<&str> {
    purpose?.strip_prefix(MARK)
}

/// What tells one set of descriptors from another, whatever their order.
fn fingerprint(descriptors: &[String]) -> String {
    let mut sorted: Vec<&str> = descriptors.iter().map(String::as_str).collect();
    sorted.sort_unstable();
    sorted.dedup();
    let digest = Sha256::digest(sorted.join("\n").as_bytes());
    digest[..8].iter().map(|byte| format!("{byte:02x}")).collect()
}

fn purpose(descriptors: &[String]) -> String {
    format!("{MARK}{}", fingerprint(descriptors))
}

impl ContainerSet {
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
