//! What an error of SQLite means to the engine: will it pass, or does a person have to act?

use std::path::Path;

use collector_core::SinkError;
use rusqlite::{Error, ErrorCode};

/// `operation` is a fragment such as `cannot write to`.
pub fn sink_error(operation: &str, path: &Path, error: &Error) -> SinkError {
    let what = format!("{operation} {}: {error}", path.display());
    let advice = match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            return SinkError::transient(format!("{what} (another program is writing to it)"));
        }
        Some(
            ErrorCode::DiskFull
            | ErrorCode::SystemIoFailure
            | ErrorCode::OutOfMemory
            | ErrorCode::OperationInterrupted
            | ErrorCode::FileLockingProtocolFailed
            | ErrorCode::SchemaChanged,
        ) => return SinkError::transient(what),
        Some(ErrorCode::CannotOpen) if is_out_of_files() => {
            return SinkError::transient(format!(
                "{what} (too many files are open: `ulimit -n`, `LimitNOFILE`)"
            ));
        }
        Some(ErrorCode::CannotOpen) => {
            "check that the path names a file in a folder that this user may write to"
        }
        Some(
            ErrorCode::ReadOnly | ErrorCode::PermissionDenied | ErrorCode::AuthorizationForStatementDenied,
        ) => "give this user the right to write to the file and to its folder",
        Some(ErrorCode::NotADatabase) => {
            "the file was made by another program: give this sink a path of its own"
        }
        Some(ErrorCode::DatabaseCorrupt) => {
            "the file is damaged: put back a copy of it, or rescue what can be read with `sqlite3 … .recover`, or \
             move it away, and a new one is made"
        }
        _ => "its tables are not as this sink made them: move the file away, and a new one is made",
    };
    SinkError::misconfigured(format!("{what}; {advice}"))
}

/// Whether no file can be opened at all, which SQLite does not tell: EMFILE, ENFILE.
fn is_out_of_files() -> bool {
    let error = std::fs::File::open("/").err();
    cfg!(unix) && matches!(error.and_then(|error| error.raw_os_error()), Some(23 | 24))
}

#[cfg(test)]
mod tests {
    use rusqlite::ffi;

    use super::*;

    fn of(code: i32) -> SinkError {
        let error = Error::SqliteFailure(ffi::Error::new(code), None);
        sink_error("cannot write to", Path::new("data/cardata.db"), &error)
    }

    #[test]
    fn what_passes_by_itself_is_transient() {
        for code in [
            ffi::SQLITE_BUSY,
            ffi::SQLITE_LOCKED,
            ffi::SQLITE_FULL,
            ffi::SQLITE_IOERR,
            ffi::SQLITE_IOERR_FSYNC,
            ffi::SQLITE_NOMEM,
        ] {
            assert!(matches!(of(code), SinkError::Transient { .. }), "{code}");
        }
    }

    #[test]
    fn what_needs_a_person_says_what_to_do() {
        for (code, advice) in [
            (ffi::SQLITE_CANTOPEN, "may write to"),
            (ffi::SQLITE_READONLY, "the right to write"),
            (ffi::SQLITE_PERM, "the right to write"),
            (ffi::SQLITE_NOTADB, "a path of its own"),
            (ffi::SQLITE_CORRUPT, "put back a copy"),
            (ffi::SQLITE_ERROR, "move the file away"),
        ] {
            let error = of(code);
            assert!(matches!(error, SinkError::Misconfigured { .. }), "{code}");
            let reason = error.to_string();
            assert!(
                reason.starts_with("cannot write to data/cardata.db: "),
                "{reason}"
            );
            assert!(reason.contains(advice), "{reason}");
        }
    }
}
