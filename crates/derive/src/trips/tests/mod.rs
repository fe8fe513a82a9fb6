//! Scenes of single cars, as they are seen in the field.

pub(crate) mod scenes;
