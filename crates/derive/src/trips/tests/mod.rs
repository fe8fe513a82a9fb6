//! Scenes of single cars, as they are seen in the field.

mod enemies;
mod rules;
pub(crate) mod scenes;
