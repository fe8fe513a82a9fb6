//! Why a program does not get what it asked for.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use collector_core::PollRefused;
use dashboard_content::position::SHOWN;
use dashboard_content::span::NoSpan;
use jiff::Timestamp;
use serde_json::json;

use crate::model::NotRead;

/// As a text: the sentence. As JSON: `error`, a sentence, and `retry_at` where it is known when to ask again.
#[derive(Debug, thiserror::Error)]
#[error("{error}")]
pub(crate) struct Problem {
    status: StatusCode,
    error: String,
    /// When to ask again, and in how many seconds that is.
    retry: Option<(Timestamp, i64)>,
}

impl Problem {
    fn new(status: StatusCode, error: String) -> Self {
        Self {
            status,
            error,
            retry: None,
        }
    }

    pub fn not_found(error: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, error.into())
    }

    pub fn mistake(error: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, error.into())
    }

    /// Who does not ask where a car was is told how to.
    pub fn hidden() -> Self {
        Self::mistake(format!(
            "where the car was is told to who asks for it with `{SHOWN}`"
        ))
    }

    /// A fault of the program's own.
    pub fn broken(error: impl Into<String>) -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, error.into())
    }

    pub fn refused(refused: &PollRefused, now: Timestamp) -> Self {
        let (status, retry_at) = match refused {
            PollRefused::BudgetSpent { free_at } => (StatusCode::TOO_MANY_REQUESTS, Some(*free_at)),
            PollRefused::Failed { .. } => (StatusCode::BAD_GATEWAY, None),
            _ => (StatusCode::CONFLICT, None),
        };
        Self {
            retry: retry_at.map(|at| (at, at.duration_since(now).as_secs().max(1))),
            ..Self::new(status, refused.to_string())
        }
    }
}

impl From<NotRead> for Problem {
    fn from(not_read: NotRead) -> Self {
        let status = match not_read {
            NotRead::Empty => StatusCode::NOT_FOUND,
            _ => StatusCode::INTERNAL_SERVER_ERROR,
        };
        Self::new(status, not_read.to_string())
    }
}

impl From<NoSpan> for Problem {
    fn from(no_span: NoSpan) -> Self {
        Self::mistake(no_span.to_string())
    }
}

/// What a problem says, beside its answer, for the page that shows it.
#[derive(Debug, Clone)]
pub(crate) struct Said(pub String);

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let retry_at = self.retry.map(|(at, _)| format!("{at:.0}"));
        let body = Json(json!({ "error": self.error, "retry_at": retry_at }));
        let mut answer = (self.status, body).into_response();
        let after = self
            .retry
            .map(|(_, seconds)| (header::RETRY_AFTER, HeaderValue::from(seconds)));
        answer.headers_mut().extend(after);
        answer.extensions_mut().insert(Said(self.error));
        answer
    }
}
