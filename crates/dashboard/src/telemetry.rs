//! Whether it is alive, whether it does its work, and its numbers.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use status::Status;
use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::app::Shared;
use crate::metrics;

/// So long an answer of `/ready` holds: everybody may ask, and a look costs something.
const HOLDS: Duration = Duration::from_secs(1);

struct Telemetry {
    app: Shared,
    /// When `/ready` was last looked at, and why nothing could be collected then.
    last: Mutex<Option<(Instant, Option<&'static str>)>>,
}

pub(crate) fn routes(app: Shared) -> Router {
    let telemetry = Telemetry {
        app,
        last: Mutex::new(None),
    };
    Router::new()
        .route("/health", get(async || "alive\n"))
        .route("/ready", get(ready))
        .route("/metrics", get(numbers))
        .with_state(Arc::new(telemetry))
}

impl Telemetry {
    /// One look at a time.
    async fn hindrance(&self) -> Option<&'static str> {
        let mut last = self.last.lock().await;
        if let Some((at, hindrance)) = *last
            && at.elapsed() < HOLDS
        {
            return hindrance;
        }
        let hindrance = match self.app.ask(|look| look.status()).await {
            Ok(status) => hindrance(&status),
            Err(error) => {
                tracing::warn!(%error, "whether the program is ready cannot be told");
                Some("the state directory cannot be read")
            }
        };
        *last = Some((Instant::now(), hindrance));
        hindrance
    }
}

/// Tells nothing of any car.
async fn ready(State(telemetry): State<Arc<Telemetry>>) -> Response {
    match telemetry.hindrance().await {
        None => "ready\n".into_response(),
        Some(hindrance) => (StatusCode::SERVICE_UNAVAILABLE, format!("{hindrance}\n")).into_response(),
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
    let app = &telemetry.app;
    let failed = |error: String| (StatusCode::INTERNAL_SERVER_ERROR, format!("{error}\n")).into_response();
    let status = match app.ask(|look| look.status()).await {
        Ok(status) => status,
        Err(error) => return failed(error.to_string()),
    };
    match metrics::text(&status, app.events.listeners()) {
        Ok(text) => ([(header::CONTENT_TYPE, metrics::CONTENT_TYPE)], text).into_response(),
        Err(error) => failed(error.to_string()),
    }
}
