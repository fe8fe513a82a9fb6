//! Whether it is alive, whether it does its work, and its numbers.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use status::Status;
use tokio::sync::Mutex;

use crate::app::Shared;
use crate::metrics;
use crate::site::LookError;

struct Telemetry {
    app: Shared,
    /// One look at a time, whoever asks: `/ready` needs no token.
    turn: Mutex<()>,
}

pub(crate) fn routes(app: Shared) -> Router {
    let telemetry = Telemetry {
        app,
        turn: Mutex::new(()),
    };
    Router::new()
        .route("/health", get(async || "alive\n"))
        .route("/ready", get(ready))
        .route("/metrics", get(numbers))
        .with_state(Arc::new(telemetry))
}

impl Telemetry {
    async fn status(&self) -> Result<Status, LookError> {
        let _turn = self.turn.lock().await;
        self.app.ask(|look| look.status()).await
    }
}

/// Tells nothing of any car: everybody may ask.
async fn ready(State(telemetry): State<Arc<Telemetry>>) -> Response {
    match telemetry.status().await.map(|status| hindrance(&status)) {
        Ok(None) => "ready\n".into_response(),
        Ok(Some(hindrance)) => (StatusCode::SERVICE_UNAVAILABLE, format!("{hindrance}\n")).into_response(),
        Err(error) => {
            tracing::warn!(%error, "whether the program is ready cannot be told");
            (
                StatusCode::SERVICE_UNAVAILABLE,
                "the state directory cannot be read\n",
            )
                .into_response()
        }
    }
}

/// Why nothing can be collected.
fn hindrance(status: &Status) -> Option<&'static str> {
    if status.journal_problem.is_some() {
        return Some("the journal cannot be written");
    }
    let mut accounts = status.accounts.iter();
    let is_logged_in = accounts
        .any(|account| account.login_problem.is_none() && account.login_days.is_some_and(|days| days > 0.0));
    (!is_logged_in).then_some("nobody is logged in")
}

async fn numbers(State(telemetry): State<Arc<Telemetry>>) -> Response {
    let failed = |error: String| (StatusCode::INTERNAL_SERVER_ERROR, format!("{error}\n")).into_response();
    let status = match telemetry.status().await {
        Ok(status) => status,
        Err(error) => return failed(error.to_string()),
    };
    match metrics::text(&status, telemetry.app.events.listeners()) {
        Ok(text) => ([(header::CONTENT_TYPE, metrics::CONTENT_TYPE)], text).into_response(),
        Err(error) => failed(error.to_string()),
    }
}
