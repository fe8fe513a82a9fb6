//! `accounts`: BMW logins.

use std::path::{Path, PathBuf};

use cardata_auth::ClientId;
use collector_core::scalar::Wrong;
use collector_core::table::{Node, suggest};
use collector_core::{BrokerAddress, InvalidAddress, Name, Secret, written_as_text};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use url::Url;

use super::names::{GivenName, Taken};
use super::problems::Problems;
use super::section::{self, Placed, Section, absolute};
use super::show;

/// Calls of every day that are never planned: for paging, for repairing a container, for the user's own commands.
pub(super) const RESERVED_CALLS: u32 = planner::quota::RESERVED;

const AUTH: &str = cardata_auth::Endpoint::BMW;
/// BMW's broker (integration guide, streaming).
const STREAM: &str = "mqtts://customer.streaming-cardata.bmwgroup.com:9000";
const API: &str = "https://api-cardata.bmwgroup.com";
/// Stands where the client id belongs in a file that was made without one.
pub const NO_CLIENT_ID: &str = "PUT-YOUR-CLIENT-ID-HERE";
const HOW_TO_GET_ONE: &str = "in BMW's portal (or MINI's) open BMW CarData, create a client, subscribe it to CarData API and \
                              CarData Stream, and copy its id to this place";
const EXAMPLE: &str = "accounts:\n  - name: home\n    client_id: 0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0 # yours, from BMW's portal";

/// A BMW login (GCID) with the client id that its owner made in BMW's portal.
#[derive(Debug, Clone)]
pub struct Account {
    pub name: Name,
    pub client_id: ClientId,
    /// Base URL of the OAuth server.
    pub auth: Url,
    /// Base URL of the API.
    pub api: Url,
    /// Where its stream is.
    pub stream: BrokerAddress,
    /// Certificates (PEM) that vouch for the three servers beside the system's. Absolute.
    pub ca: Option<PathBuf>,
    /// The quota that is planned for, in calls a UTC day and a rolling 24 hours.
    pub calls_per_day: u32,
    /// Encrypts the tokens: `passphrase` of `tokens`.
    pub passphrase: Option<Secret>,
}

impl Account {
    /// What is left of the quota when the reserve is taken away.
    pub fn plannable_calls(&self) -> u32 {
        self.calls_per_day.saturating_sub(RESERVED_CALLS)
    }

    /// Whether a server that it uses is BMW's own, where time cannot run faster: the broker's only if it `streams`.
    pub(super) fn is_at_bmw(&self, streams: bool) -> bool {
        let broker = streams.then(|| self.stream.host());
        let hosts = [self.auth.host_str(), self.api.host_str(), broker];
        let mut hosts = hosts.iter().flatten();
        hosts.any(|host| host.ends_with("bmwgroup.com"))
    }
}

/// A BMW login. `cardata login` asks its owner to approve it once.
#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "account")]
pub(super) struct AccountTable {
    /// A name of your choice; tokens are stored under it.
    name: GivenName,
    /// The client id from the CarData section of BMW's portal: a UUID.
    client_id: ClientIdText,
    /// Another backend than BMW's: a simulator, a proxy, a test.
    endpoints: Option<EndpointsTable>,
    /// The quota to plan for. BMW allows 50 calls a day; two of them stay reserved.
    #[serde(default = "fifty")]
    #[schemars(range(min = 3, max = 1_000_000))]
    calls_per_day: u32,
}

/// Where the backend is.
#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(inline)]
struct EndpointsTable {
    /// Base URL of the OAuth server.
    auth: HttpUrl,
    /// Base URL of the API.
    api: HttpUrl,
    /// The broker of the stream: `mqtts://host:port`, or `mqtt://` without TLS.
    stream: StreamUrl,
    /// A file of certificates (PEM) that vouch for these servers, beside the system's.
    #[serde(skip_serializing_if = "Option::is_none")]
    ca: Option<PathBuf>,
}

struct ClientIdText(ClientId);

written_as_text!(ClientIdText, client_id, |id| id.0.to_string(), { "type": "string" });

#[derive(Clone)]
struct HttpUrl(Url);

written_as_text!(HttpUrl, http_url, |url| url.0.to_string(), { "type": "string" });

#[derive(Clone)]
struct StreamUrl(BrokerAddress);

written_as_text!(StreamUrl, stream_url, |url| url.0.to_string(), {
    "type": "string", "pattern": "^mqtts?://"
});

fn stream_url(text: &str) -> Result<StreamUrl, Wrong> {
    let wrong = |error: InvalidAddress| {
        Wrong::new(error.to_string()).help("write for example `mqtts://localhost:8883`")
    };
    text.parse().map(StreamUrl).map_err(wrong)
}

fn fifty() -> u32 {
    50
}

impl Default for EndpointsTable {
    #[expect(clippy::expect_used, reason = "the constants are addresses; a test proves it")]
    fn default() -> Self {
        let server = |url: &str| HttpUrl(url.parse().expect("a constant URL"));
        Self {
            auth: server(AUTH),
            api: server(API),
            stream: StreamUrl(STREAM.parse().expect("a constant address")),
            ca: None,
        }
    }
}

fn client_id(text: &str) -> Result<ClientIdText, Wrong> {
    if text == NO_CLIENT_ID {
        return Err(Wrong::new("the client id is not filled in yet").help(HOW_TO_GET_ONE));
    }
    let advice = "copy it from the CarData section of BMW's portal; it looks like 0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0";
    // The text may be a token that was pasted by mistake: it is not repeated, and `secrets` covers it in the drawing.
    let wrong = Wrong::new("this is not a client id, which is a UUID of 36 characters").help(advice);
    text.parse().map(ClientIdText).map_err(|_| wrong)
}

fn http_url(text: &str) -> Result<HttpUrl, Wrong> {
    let help = "write for example `http://localhost:8080`";
    let url = server(text, help)?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(Wrong::new("user and password cannot stand in this URL").help(help));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(Wrong::new("a base URL has no `?` and no `#`").help(help));
    }
    Ok(HttpUrl(url))
}

/// A URL of a server that speaks HTTP, whatever else is in it.
pub(super) fn server(text: &str, help: &str) -> Result<Url, Wrong> {
    let parsed = text.parse::<Url>();
    let url = parsed.map_err(|error| Wrong::new(format!("this is not a URL: {error}")).help(help))?;
    if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
        return Err(Wrong::new("a URL of a server begins with `http://` or `https://`").help(help));
    }
    Ok(url)
}

/// The account of the built-in simulator, for pipelines without one.
#[expect(clippy::expect_used, reason = "the constant is a UUID; a test proves it")]
fn demo() -> AccountTable {
    let client_id = "00000000-0000-4000-8000-000000000900".parse();
    AccountTable {
        name: GivenName("demo".into()),
        client_id: ClientIdText(client_id.expect("a constant UUID")),
        endpoints: None,
        calls_per_day: fifty(),
    }
}

/// What the file says of its accounts, or what the simulator brings.
pub(super) fn shown(root: &Node) -> Value {
    match root.get("accounts") {
        Some(list) => show::typed::<Vec<AccountTable>>(Some(list)),
        None => json!([demo()]),
    }
}

pub(super) fn read(
    root: &Node,
    base_dir: &Path,
    passphrase: Option<&Secret>,
    problems: &mut Problems,
) -> Section<Account> {
    let simulated = root.get("simulator").is_some();
    if simulated && root.get("accounts").is_none() {
        let node = Node::scalar("", root.span.clone());
        let value = demo().account(base_dir, passphrase);
        return Section {
            items: vec![Placed { value, node }],
            complete: true,
        };
    }
    let items = section::items(root, "accounts", EXAMPLE, problems);
    Taken::given(items, "accounts", problems);
    let section = Section::of(items, |item| {
        let value = account(item, base_dir, simulated, passphrase, problems)?;
        let node = item.clone();
        Some(Placed { value, node })
    });
    check_client_ids(&section.items, problems);
    section
}

/// A client id belongs to one BMW account: two accounts with one would each spend its calls of the day, and take each
/// other's stream. What is written may be a reference: what it stands for is compared.
fn check_client_ids(accounts: &[Placed<Account>], problems: &mut Problems) {
    for (index, second) in accounts.iter().enumerate() {
        let (account, place) = (&second.value, second.node.locate("client_id"));
        let is_same = |other: &&Placed<Account>| {
            other.value.client_id == account.client_id && other.value.auth == account.auth
        };
        let Some(first) = accounts[..index].iter().find(is_same) else {
            continue;
        };
        let message = format!("this is the client id of the account `{}`", first.value.name);
        problems
            .add(&place, message)
            .help("an account has one client id, and BMW counts its calls together: write each BMW account once, with its own")
            .also(&first.node.locate("client_id"), "the same client id");
    }
}

fn account(
    item: &Node,
    base_dir: &Path,
    simulated: bool,
    passphrase: Option<&Secret>,
    problems: &mut Problems,
) -> Option<Account> {
    if !section::is_table(item, "an account", problems) {
        return None;
    }
    let mut item = item.clone();
    let table: AccountTable = problems.read(&mut item)?;
    if table.calls_per_day <= RESERVED_CALLS || table.calls_per_day > 1_000_000 {
        let message = format!("`calls_per_day` is at least {}", RESERVED_CALLS + 1);
        let help = format!("BMW allows 50 calls a day; {RESERVED_CALLS} of them stay reserved");
        problems.add(&item.locate("calls_per_day"), message).help(help);
    }
    if let (true, Some((key, _))) = (simulated, item.entry("endpoints")) {
        let help = "the simulator is the backend: remove one of the two";
        let message = "`endpoints` and `simulator` exclude each other";
        problems.add(&key.span, message).help(help);
    }
    Some(table.account(base_dir, passphrase))
}

impl AccountTable {
    fn account(self, base_dir: &Path, passphrase: Option<&Secret>) -> Account {
        let endpoints = self.endpoints.unwrap_or_default();
        Account {
            name: self.name.0,
            client_id: self.client_id.0,
            auth: endpoints.auth.0,
            api: endpoints.api.0,
            stream: endpoints.stream.0,
            ca: endpoints.ca.map(|path| absolute(base_dir, &path)),
            calls_per_day: self.calls_per_day,
            passphrase: passphrase.cloned(),
        }
    }
}

/// The account that a name in the file refers to; the mistake where there is none.
pub(super) fn check_reference(
    name: &Name,
    place: &Node,
    accounts: &Section<Account>,
    problems: &mut Problems,
) {
    if !accounts.complete || accounts.values().any(|account| account.name == *name) {
        return;
    }
    let known: Vec<_> = accounts.values().map(|one| &one.name).collect();
    let message = format!("there is no account `{name}`");
    problems.add(&place.span, message).help(suggest(name, &known));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_constants_are_what_they_seem() {
        let demo = demo().account(Path::new("/"), None);
        assert!(demo.is_at_bmw(false));
        assert_eq!(demo.plannable_calls(), 48);
    }

    #[test]
    fn a_client_id_that_is_to_be_filled_in_says_where_it_is_had() {
        let wrong = client_id(NO_CLIENT_ID).err().unwrap();
        assert_eq!(wrong.help.as_deref(), Some(HOW_TO_GET_ONE));
    }

    #[test]
    fn endpoints_are_plain_http_urls() {
        assert!(http_url("http://localhost:8080/bmw").is_ok());
        for text in [
            "localhost:8080",
            "ftp://x",
            "http://",
            "http://a:b@c",
            "http://a?b",
            "http://a#b",
            "x y",
        ] {
            assert!(http_url(text).is_err(), "{text}");
        }
    }
}
