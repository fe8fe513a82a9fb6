//! Scenes of single cars, as they are seen in the field.

mod rules;
pub(crate) mod scenes;
