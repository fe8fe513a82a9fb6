//! What stands where a page cannot: what went wrong and what to do, or the field for the token.

use askama::Template;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::{Html, IntoResponse, Response};
use collector_core::mask::readable;
use url::form_urlencoded;

use super::frame;
use crate::app::Shared;
use crate::problem::Said;
use crate::view::alone::{Problem, Token};
use crate::view::frame::{Frame, Page};
use crate::view::texts;

/// What is longer was not written for people.
const LONGEST: usize = 4_096;

/// Whether people look at what is there, rather than programs, scripts and spreadsheets.
pub(crate) fn is_page(path: &str) -> bool {
    let is_below = |root: &str| path.starts_with(root);
    let is_other = ["/api/", "/assets/"].into_iter().any(is_below)
        || ["/events", "/health", "/ready", "/metrics"].contains(&path)
        || path.ends_with(".json")
        || path.ends_with(".csv")
        || path.ends_with("/picture");
    !is_other
}

/// Shows a request for a page why it fails; all others are answered as they were.
pub(crate) async fn show_failures(State(app): State<Shared>, request: Request, next: Next) -> Response {
    let uri = request.uri().clone();
    let answer = next.run(request).await;
    let status = answer.status();
    if !(status.is_client_error() || status.is_server_error()) || !is_page(uri.path()) {
        return answer;
    }
    let (parts, body) = answer.into_parts();
    let text = match parts.extensions.get::<Said>() {
        Some(Said(said)) => said.clone(),
        None => text_of(body, status).await,
    };
    let title = title(status);
    let frame = frame::of(&app, &root(uri.path()), Page::Other, "now", None, title).await;
    let mut shown = failed(frame.ok(), &uri, status, &text);
    for name in [header::ALLOW, header::RETRY_AFTER] {
        if let Some(value) = parts.headers.get(&name) {
            shown.headers_mut().insert(name, value.clone());
        }
    }
    shown
}

/// Says why, in a frame that tells of no vehicle where none is given.
pub(crate) fn failed(frame: Option<Frame>, uri: &Uri, status: StatusCode, text: &str) -> Response {
    let title = title(status);
    let page = Problem {
        frame: frame.unwrap_or_else(|| frame::bare(&root(uri.path()), Page::Other, title)),
        status: status.as_u16(),
        title: title.to_owned(),
        text: readable(&sentence(text)),
    };
    answer(status, &page, text)
}

/// Asks for the token of the page, and tells of nothing else.
pub(crate) fn locked(uri: &Uri, text: &str) -> Response {
    let query = uri.query().unwrap_or_default();
    let page = Token {
        frame: frame::bare(&root(uri.path()), Page::Other, texts::t("token.title")),
        action: format!("./{}", uri.path().rsplit('/').next().unwrap_or_default()),
        is_wrong: form_urlencoded::parse(query.as_bytes()).any(|(key, _)| key == "token"),
    };
    answer(StatusCode::UNAUTHORIZED, &page, text)
}

fn answer(status: StatusCode, page: &impl Template, text: &str) -> Response {
    match page.render() {
        Ok(html) => (status, Html(html)).into_response(),
        Err(error) => {
            tracing::error!(%error, "a page that says what went wrong could not be made");
            (status, format!("{text}\n")).into_response()
        }
    }
}

/// From a page to the root.
fn root(path: &str) -> String {
    "../".repeat(path.matches('/').count().saturating_sub(1))
}

fn title(status: StatusCode) -> &'static str {
    match status {
        StatusCode::NOT_FOUND => texts::t("error.not_found"),
        StatusCode::FORBIDDEN | StatusCode::MISDIRECTED_REQUEST => texts::t("error.refused"),
        status if status.is_client_error() => texts::t("error.mistake"),
        _ => texts::t("error.broken"),
    }
}

/// The words of an answer that is not of this program's making.
async fn text_of(body: Body, status: StatusCode) -> String {
    let body = to_bytes(body, LONGEST).await.unwrap_or_default();
    let words = String::from_utf8_lossy(&body).trim().to_owned();
    match words.is_empty() {
        true => status.canonical_reason().unwrap_or_default().to_owned(),
        false => words,
    }
}

fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|letter| letter.to_uppercase().to_string());
    let end = if text.ends_with('.') { "" } else { "." };
    format!("{}{}{end}", first.unwrap_or_default(), letters.as_str())
}
