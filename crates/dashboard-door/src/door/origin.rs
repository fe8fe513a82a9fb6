//! Hosts, origins and URLs as requests name them.

use axum::http::Uri;
use url::form_urlencoded;

const TOKEN: &str = "token";

/// A host in its name and its port, where it names one.
pub(super) fn parted(host: &str) -> (&str, Option<u16>) {
    match host.rsplit_once(':') {
        Some((name, port)) if !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit()) => {
            // A port that is none is no port of ours.
            (name, Some(port.parse().unwrap_or(0)))
        }
        _ => (host, None),
    }
}

/// Whether a page of this origin stands at this host.
pub(super) fn is_of(origin: &str, host: &str) -> bool {
    let (authority, usual) = match origin.split_once("://") {
        Some(("http", authority)) => (authority, 80),
        Some(("https", authority)) => (authority, 443),
        _ => return false,
    };
    let ((name, port), (own, own_port)) = (parted(authority), parted(host));
    name.eq_ignore_ascii_case(own) && port.unwrap_or(usual) == own_port.unwrap_or(usual)
}

/// The token of a URL, and where the same page is without it, relative to itself; `None` where there is no token in it.
pub(super) fn without_token(uri: &Uri) -> Option<(String, String)> {
    let pairs = || form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes());
    let (_, token) = pairs().find(|(key, _)| key == TOKEN)?;
    let mut rest = form_urlencoded::Serializer::new(String::new());
    rest.extend_pairs(pairs().filter(|(key, _)| key != TOKEN));
    let page = uri.path().rsplit('/').next().unwrap_or_default();
    let query = rest.finish();
    let mark = if query.is_empty() { "" } else { "?" };
    Some((token.into_owned(), format!("./{page}{mark}{query}")))
}
