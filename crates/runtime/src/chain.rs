//! Errors with their sources, in one line.

use std::error::Error;
use std::fmt;

/// Shows an error and what led to it: `cannot read x: permission denied`.
pub struct Chain<'a, E: ?Sized>(pub &'a E);

impl<E: Error + ?Sized> fmt::Display for Chain<'_, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)?;
        let mut sources = std::iter::successors(self.0.source(), |&error| error.source());
        sources.try_for_each(|error| write!(f, ": {error}"))
    }
}
