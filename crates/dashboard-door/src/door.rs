//! Who is let in: the host that was asked for, who sent a request that changes something, and the token.

mod cookie;
mod origin;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use axum::http::header::{AUTHORIZATION, HOST};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, Method, StatusCode};
use collector_core::Secret;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use cookie::Cookie;

/// From where Home Assistant's ingress asks; nobody else has this address in its network.
pub const INGRESS: IpAddr = IpAddr::V4(Ipv4Addr::new(172, 30, 32, 2));
/// The path under which Home Assistant serves the page to this browser.
const INGRESS_PATH: HeaderName = HeaderName::from_static("x-ingress-path");
const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
/// What tells nothing of any car, and is asked for by what has no token: containers, load balancers, and the page that asks
/// for the token.
const OPEN: [&str; 8] = [
    "/health",
    "/ready",
    "/assets/favicon.svg",
    "/assets/icons.svg",
    "/assets/live.js",
    "/assets/style.css",
    "/assets/table.js",
    "/assets/theme.js",
];

/// Who may see the page.
#[derive(Debug, Clone)]
pub enum Auth {
    /// Whoever reaches the address, which is of this machine alone.
    Loopback,
    /// Who has the token.
    Token(Secret),
    /// Whom Home Assistant lets through.
    Ingress,
}

/// The rules of one address.
#[derive(Debug)]
pub struct Door {
    address: SocketAddr,
    auth: Auth,
    /// In small letters, with or without a port.
    hosts: Vec<String>,
}

/// What becomes of a request that is not refused.
#[derive(Debug, PartialEq, Eq)]
pub enum Way {
    In,
    /// It brought the token in its URL: the browser keeps it in a cookie, and comes again without it.
    Again {
        location: String,
        cookie: String,
    },
}

/// Why a request is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error(
        "This page is not served by that name. Name the host in `dashboard.hosts` of the pipeline file, \
         or open the address that `cardata run` told."
    )]
    Host,
    #[error("This page is served through Home Assistant alone: open it there.")]
    NotHomeAssistant,
    #[error(
        "Another page sent this request. A program sends `Origin` with the address of this page, \
         or `Authorization: Bearer`."
    )]
    OtherPage,
    #[error(
        "This page needs its token. Open its address with `?token=…` once; a program sends \
         `Authorization: Bearer …`. The token stands in `dashboard.token` of the pipeline file, or in \
         `page-token` in its state directory."
    )]
    Token {
        /// The cookie is not sent with a click on another site's link: the same request from this page may be let in.
        is_from_elsewhere: bool,
    },
}

impl Refusal {
    pub fn status(self) -> StatusCode {
        match self {
            Self::Host => StatusCode::MISDIRECTED_REQUEST,
            Self::NotHomeAssistant | Self::OtherPage => StatusCode::FORBIDDEN,
            Self::Token { .. } => StatusCode::UNAUTHORIZED,
        }
    }
}

impl Door {
    /// `address` is the one that is listened at; `hosts` are names beside those of this machine, with or without a port.
    pub fn new(address: SocketAddr, auth: Auth, hosts: Vec<String>) -> Self {
        Self { address, auth, hosts }
    }

    /// Whether the page is shown in a frame of Home Assistant.
    pub fn is_framed(&self) -> bool {
        matches!(self.auth, Auth::Ingress)
    }

    /// # Errors
    /// Why the request is refused.
    pub fn judge(&self, request: &Parts, peer: IpAddr) -> Result<Way, Refusal> {
        let host = host(request).ok_or(Refusal::Host)?;
        let is_open = OPEN.contains(&request.uri.path());
        match self.auth {
            Auth::Ingress => self.check_ingress(request, peer, is_open)?,
            _ if !self.knows(host) => return Err(Refusal::Host),
            _ => {}
        }
        if !matches!(request.method, Method::GET | Method::HEAD) && !is_from_here(&request.headers, host) {
            return Err(Refusal::OtherPage);
        }
        match &self.auth {
            Auth::Token(token) if !is_open => self.check_token(request, token),
            _ => Ok(Way::In),
        }
    }

    /// The address of the sender is proof enough: no browser has it, so no name leads one here.
    fn check_ingress(&self, request: &Parts, peer: IpAddr, is_open: bool) -> Result<(), Refusal> {
        let peer = peer.to_canonical();
        let is_let_in = peer == INGRESS && request.headers.contains_key(INGRESS_PATH);
        match is_let_in || (is_open && (peer == INGRESS || peer.is_loopback())) {
            true => Ok(()),
            false => Err(Refusal::NotHomeAssistant),
        }
    }

    /// A page of somebody else could lead its own name here, and read what its browser may (DNS rebinding). An address is
    /// no such name; but where nothing else is asked for, it must be the one of the page.
    fn knows(&self, host: &str) -> bool {
        let host = host.to_ascii_lowercase();
        let (name, port) = origin::parted(&host);
        let named = |known: &String| *known == host || *known == name;
        if self.hosts.iter().any(named) {
            return true;
        }
        let address = name.trim_matches(['[', ']']).parse::<IpAddr>().ok();
        if address.is_some() && matches!(self.auth, Auth::Token(_)) {
            return true;
        }
        let is_own = address.is_some_and(|address| address.is_loopback() || address == self.address.ip());
        (is_own || name == "localhost") && port.unwrap_or(80) == self.address.port()
    }

    fn check_token(&self, request: &Parts, token: &Secret) -> Result<Way, Refusal> {
        let cookie = Cookie::of(self.address.port(), token);
        let refused = Refusal::Token {
            is_from_elsewhere: site(&request.headers).is_some_and(|site| site == "cross-site"),
        };
        if let Some(told) = bearer(&request.headers) {
            return if same(told, token.expose()) {
                Ok(Way::In)
            } else {
                Err(refused)
            };
        }
        let in_url = origin::without_token(&request.uri).filter(|_| request.method == Method::GET);
        if let Some((told, location)) = in_url {
            let again = || Way::Again {
                location,
                cookie: cookie.to_set(),
            };
            return if same(&told, token.expose()) {
                Ok(again())
            } else {
                Err(refused)
            };
        }
        match cookie.is_in(&request.headers) {
            true => Ok(Way::In),
            false => Err(refused),
        }
    }
}

/// The host that a request names; `None` where it names none, or two.
fn host(request: &Parts) -> Option<&str> {
    let mut named = request.headers.get_all(HOST).iter();
    let host = named.next()?.to_str().ok()?;
    let is_one = named.next().is_none();
    let authority = request
        .uri
        .authority()
        .map_or(host, |authority| authority.as_str());
    (is_one && authority.eq_ignore_ascii_case(host)).then_some(host)
}

/// Whether what changes something was sent by this page, or by a program: a page of somebody else can send neither
/// `Authorization` nor another `Origin` than its own.
fn is_from_here(headers: &HeaderMap, host: &str) -> bool {
    if site(headers).is_some_and(|site| !matches!(site, "same-origin" | "none")) {
        return false;
    }
    match headers.get(axum::http::header::ORIGIN) {
        Some(origin) => origin.to_str().is_ok_and(|origin| origin::is_of(origin, host)),
        None => bearer(headers).is_some(),
    }
}

/// From where the browser says that a request came. What is no text is from nowhere good.
fn site(headers: &HeaderMap) -> Option<&str> {
    let site = headers.get(FETCH_SITE)?;
    Some(site.to_str().unwrap_or("cross-site"))
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// Takes as long whatever differs: what is compared are digests.
fn same(told: &str, token: &str) -> bool {
    Sha256::digest(told).ct_eq(&Sha256::digest(token)).into()
}

#[cfg(test)]
mod tests;
