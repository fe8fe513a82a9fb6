//! What every request passes and every answer carries: the door, and what a browser may do with the page.

use std::sync::Arc;

use axum::extract::{Extension, Request, State};
use axum::http::header::{self, HeaderName, HeaderValue};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::middleware::Next;
use axum::response::{Html, IntoResponse, Response};

use crate::door::{Door, Refusal, Way};
use crate::pages;
use crate::server::Peer;

/// Everything comes from here, nothing is written in the pages themselves, and nobody shows them in a frame of theirs.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
                      manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";
const FRAMED_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
                             connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; \
                             frame-ancestors 'self'";
const FIXED: [(HeaderName, HeaderValue); 4] = [
    (
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    ),
    // Nothing to anybody else. Without any, a browser would send the page's own forms with `Origin: null`.
    (header::REFERRER_POLICY, HeaderValue::from_static("same-origin")),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        HeaderValue::from_static("same-origin"),
    ),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        HeaderValue::from_static("same-origin"),
    ),
];
/// Asks once more from this page itself, and then the cookie comes along.
const ONCE_MORE: &str = "<!doctype html><meta charset=\"utf-8\"><meta http-equiv=\"refresh\" content=\"0\"><title>cardata</title>";

pub(crate) async fn guard(
    State(door): State<Arc<Door>>,
    Extension(Peer(peer)): Extension<Peer>,
    request: Request,
    next: Next,
) -> Response {
    let (parts, body) = request.into_parts();
    let mut answer = match door.judge(&parts, peer) {
        Ok(Way::In) => next.run(Request::from_parts(parts, body)).await,
        Ok(Way::Again { location, cookie }) => {
            let headers = [(header::LOCATION, location), (header::SET_COOKIE, cookie)];
            (StatusCode::SEE_OTHER, headers).into_response()
        }
        Err(refusal) => refused(refusal, &parts.uri),
    };
    protect(answer.headers_mut(), door.is_framed());
    answer
}

fn refused(refusal: Refusal, uri: &Uri) -> Response {
    let status = refusal.status();
    let is_page = pages::is_page(uri.path());
    let text = || (status, format!("{refusal}\n")).into_response();
    match refusal {
        Refusal::Token {
            is_from_elsewhere: true,
        } => (status, Html(ONCE_MORE)).into_response(),
        Refusal::Token { .. } => {
            let page = match is_page {
                true => pages::locked(uri, &refusal.to_string()),
                false => text(),
            };
            ([(header::WWW_AUTHENTICATE, "Bearer")], page).into_response()
        }
        _ if is_page => pages::failed(None, uri, status, &refusal.to_string()),
        _ => text(),
    }
}

fn protect(headers: &mut HeaderMap, is_framed: bool) {
    headers.extend(FIXED);
    let policy = if is_framed { FRAMED_POLICY } else { POLICY };
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
    // What may be kept says so itself.
    headers
        .entry(header::CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_framed_by_home_assistant_alone() {
        let policy = |is_framed| {
            let mut headers = HeaderMap::new();
            protect(&mut headers, is_framed);
            headers[header::CONTENT_SECURITY_POLICY]
                .to_str()
                .unwrap()
                .to_owned()
        };
        let (own, framed) = (policy(false), policy(true));
        assert!(own.ends_with("frame-ancestors 'none'") && framed.ends_with("frame-ancestors 'self'"));
        let beside = |policy: &str| policy.rsplit_once("; ").unwrap().0.to_owned();
        assert_eq!(beside(&own), beside(&framed));
    }
}
