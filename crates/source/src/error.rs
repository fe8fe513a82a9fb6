//! What an error of the API means for a source.

use cardata_api::{ApiError, ErrorKind};
use collector_core::SourceError;

use runtime::Chain;

/// What an error of the API means for a source.
pub fn source_error(error: &ApiError) -> SourceError {
    let reason = Chain(error).to_string();
    if error.needs_login() {
        return SourceError::Login { reason };
    }
    // A ledger that cannot be written is no used-up quota: it is mended here, at any time of the day.
    if matches!(error, ApiError::Refused { refusal, .. } if refusal.retry_at.is_none()) {
        return SourceError::Transient {
            reason,
            retry_after: None,
        };
    }
    if error.is_quota() {
        return SourceError::Quota { reason };
    }
    if error.reported() == Some(ErrorKind::Vin) {
        return SourceError::Vehicle { reason };
    }
    if error.is_transient() {
        return SourceError::Transient {
            reason,
            retry_after: error.retry_after(),
        };
    }
    SourceError::Misconfigured { reason }
}
