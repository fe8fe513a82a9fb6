//! What a sink says of what it was given: how far it has got, and what it refused.

pub use entry_form::letter::{ReadingKey, Rejected};

/// What a sink's acknowledgement says.
#[derive(Debug, Clone, Default)]
pub struct Acknowledgement {
    /// Everything up to this number is stored, or is not for this sink, or is in `rejected`.
    pub last: u64,
    /// Readings stored with it.
    pub readings: usize,
    pub rejected: Vec<Rejected>,
}
