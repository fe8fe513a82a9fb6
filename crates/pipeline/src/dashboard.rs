//! `dashboard`: where the page is served, and to whom.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use collector_core::scalar::Wrong;
use collector_core::table::Node;
use collector_core::{Secret, written_as_text};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::problems::Problems;
use super::section::written;

const LISTEN: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8720);
/// Guessing one takes longer than anybody lives.
const SHORTEST: usize = 16;
/// Beyond that, a cookie is refused by browsers.
const LONGEST: usize = 512;

/// The page of this pipeline.
#[derive(Debug, Clone)]
pub struct DashboardOptions {
    pub listen: SocketAddr,
    pub auth: DashboardAuth,
    /// Names beside those of this machine by which browsers may ask, in small letters, with or without a port.
    pub hosts: Vec<String>,
}

/// Who may see the page.
#[derive(Debug, Clone)]
pub enum DashboardAuth {
    /// Whoever is on this machine: it listens on a loopback address.
    Loopback,
    /// Who has the token: this one, or one that is made at the first start and kept in the state directory.
    Token(Option<Secret>),
    /// Whom Home Assistant lets through.
    Ingress,
}

/// A page that shows the cars, live.
#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "dashboard")]
pub(super) struct DashboardTable {
    /// The address and the port of the page. Another address than one of this machine needs `auth`.
    #[serde(default = "listen")]
    listen: Address,
    /// Who may see it: `token` for whoever has the token, `ingress` for whom Home Assistant lets through. If left out,
    /// whoever is on this machine.
    #[serde(skip_serializing_if = "Option::is_none")]
    auth: Option<Word>,
    /// What is asked for with `auth: token`: 16 to 512 letters, digits and signs. If left out, one is made at the first
    /// start and kept in the state directory.
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<TokenText>,
    /// Names by which browsers may ask beside the address, such as that of a reverse proxy: `cars.example.org`.
    #[serde(default)]
    hosts: Vec<HostName>,
}

struct Address(SocketAddr);
struct TokenText(Secret);
struct HostName(String);

#[derive(Clone, Copy, PartialEq)]
enum Word {
    Token,
    Ingress,
}

written_as_text!(Address, address, |address| address.0.to_string(), { "type": "string" });
written_as_text!(TokenText, token, |_| "*".repeat(SHORTEST), { "type": "string", "writeOnly": true });
written_as_text!(HostName, host, |host| host.0.clone(), { "type": "string" });
written_as_text!(Word, word, |word| word.name().to_owned(), { "enum": ["token", "ingress"] });

impl Word {
    fn name(self) -> &'static str {
        match self {
            Self::Token => "token",
            Self::Ingress => "ingress",
        }
    }
}

fn listen() -> Address {
    Address(LISTEN)
}

fn address(text: &str) -> Result<Address, Wrong> {
    let named = text.trim().strip_prefix("localhost:");
    let parsed = match named {
        Some(port) => format!("{}:{port}", LISTEN.ip()).parse(),
        None => text.trim().parse(),
    };
    parsed.map(Address).map_err(|_| {
        Wrong::new(format!("`{text}` is no address with a port")).help(format!(
            "write `{LISTEN}`, or `0.0.0.0:8720` for every network, with `auth: token`"
        ))
    })
}

fn token(text: &str) -> Result<TokenText, Wrong> {
    let text = text.trim();
    // It stands in a URL and in a cookie.
    let is_plain = text
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b"-._~*".contains(&byte));
    if is_plain && (SHORTEST..=LONGEST).contains(&text.len()) {
        return Ok(TokenText(Secret::new(text)));
    }
    let message = format!("a token has {SHORTEST} to {LONGEST} letters, digits and `-._~*`, nothing else");
    let help = "leave it out, and one is made; or let the machine make one, `openssl rand -hex 24`";
    Err(Wrong::new(message).help(help))
}

fn host(text: &str) -> Result<HostName, Wrong> {
    let name = text.trim().to_ascii_lowercase();
    let bare = match name.rsplit_once(':') {
        Some((bare, port)) if port.parse::<u16>().is_ok() => bare,
        _ => &name,
    };
    let is_address = bare.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    let is_host = match is_address {
        Some(address) => address.parse::<std::net::Ipv6Addr>().is_ok(),
        None => {
            !bare.is_empty()
                && bare
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte))
        }
    };
    if is_host {
        return Ok(HostName(name));
    }
    Err(Wrong::new(format!("`{text}` is no name of a host"))
        .help("write it without `https://` and what follows: `cars.example.org`, or with a port"))
}

fn word(text: &str) -> Result<Word, Wrong> {
    let found = [Word::Token, Word::Ingress]
        .into_iter()
        .find(|word| word.name() == text.trim());
    found.ok_or_else(|| {
        Wrong::new(format!("there is no `auth: {text}`")).help("write `token` or `ingress`, or leave it out")
    })
}

/// `None` where there is no page.
pub(super) fn read(root: &Node, problems: &mut Problems) -> Option<DashboardOptions> {
    let (_, node) = root.entry("dashboard").filter(|(_, node)| !node.is_null())?;
    let table: DashboardTable = problems.read(&mut node.clone())?;
    let place = |key: &str| node.entry(key).map_or(&node.span, written);
    if node.get("token").is_some_and(Node::is_null) {
        let help = "write one, or remove the key: then one is made";
        problems.add(place("token"), "`token` is empty").help(help);
    }
    if table.token.is_some() && table.auth != Some(Word::Token) {
        let message = "a `token` is asked for with `auth: token` alone";
        problems
            .add(place("token"), message)
            .help("add `auth: token`, or remove `token`");
    }
    let listen = table.listen.0;
    // A mistake in `auth` itself has been told.
    if table.auth.is_none() && node.get("auth").is_none() && !listen.ip().is_loopback() {
        let message = format!("at {listen} everybody in the network could see where your cars are");
        let help =
            format!("add `auth: token`, or `auth: ingress` behind Home Assistant, or listen on `{LISTEN}`");
        problems.add(place("listen"), message).help(help);
    }
    let auth = match table.auth {
        None => DashboardAuth::Loopback,
        Some(Word::Token) => DashboardAuth::Token(table.token.map(|token| token.0)),
        Some(Word::Ingress) => DashboardAuth::Ingress,
    };
    let hosts = table.hosts.into_iter().map(|host| host.0).collect();
    Some(DashboardOptions { listen, auth, hosts })
}
