//! What a file system error means to the owner, and what to do about it.

use std::io::{self, ErrorKind};
use std::path::Path;

use collector_core::SinkError;

/// A failed file operation, with what to do where a person can do something.
pub fn failed(operation: &str, path: &Path, error: &io::Error) -> SinkError {
    match SinkError::from_io(operation, path, error) {
        SinkError::Misconfigured { reason } => SinkError::misconfigured(format!(
            "{reason}; let this user write there, or choose another `dir`"
        )),
        SinkError::Transient { reason, .. } if is_full(error) => {
            SinkError::transient(format!("{reason}; free some space, and it goes on by itself"))
        }
        other => other,
    }
}

/// For use as `.map_err(failing("read", &path))`.
pub fn failing(operation: &'static str, path: &Path) -> impl FnOnce(io::Error) -> SinkError {
    move |error| failed(operation, path, &error)
}

fn is_full(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge
    )
}
