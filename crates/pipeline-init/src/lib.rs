//! Where the pipeline file is looked for, and how a first one is made: the questions of `cardata init`, their answers, the text
//! that is written from them.
//!
//! * [`lookup`]: which file a command means. [`target`]: where a new one goes.
//! * [`questions`], [`ask`], [`hidden`]: the dialogue. [`answers`]: what came of it.
//! * [`text`]: the file, out of the answers. [`write`]: on the disk.

#![cfg_attr(not(test), warn(unused_crate_dependencies))]

pub mod answers;
pub mod ask;
pub mod hidden;
pub mod lookup;
pub mod questions;
pub mod target;
pub mod text;
pub mod write;

#[cfg(test)]
mod tests;

/// Why no file is found, or none is made: what happened, where, and what to do. The configuration has to change.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unmade(pub String);

impl Unmade {
    fn new(reason: impl Into<String>) -> Self {
        Self(reason.into())
    }
}
