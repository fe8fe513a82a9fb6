//! Looks at the servers of the accounts, for the doctor: their names, their ports, who answers there, and what time they have.

mod tls;

use std::io::ErrorKind;
use std::net::IpAddr;
use std::time::Duration;

use collector_core::Trust;
use jiff::fmt::rfc2822;
use pipeline::{Account, Pipeline};
use reqwest::Url;
use reqwest::header::DATE;
use runtime::{Clock, SystemClock};
use status::doctor::{ClockLook, Hindrance, HostLook, Network};
use tokio::net::{TcpStream, lookup_host};
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::http::{ClientError, Clients};

/// How long a name, a connection and an answer may each take.
const PATIENCE: Duration = Duration::from_secs(10);

/// By which variables the HTTP client finds a proxy for encrypted requests, in small letters too.
const PROXIES: [&str; 2] = ["HTTPS_PROXY", "ALL_PROXY"];
/// How the library begins what the system says of a name.
const PREFIX: &str = "failed to lookup address information: ";

/// A server as the pipeline file names it.
#[derive(Clone, PartialEq, Eq)]
struct Server {
    host: String,
    port: u16,
    encrypted: bool,
}

/// Looks at each server once, at all of them at a time. The stream's connection is not taken: nothing is said on it.
pub async fn look(pipeline: &Pipeline, clients: &Clients) -> Result<Network, ClientError> {
    let mut servers: Vec<(Server, Trust)> = Vec::new();
    for account in &pipeline.accounts {
        let (_, trust) = clients.of(account)?;
        for server in servers_of(account, pipeline) {
            if !servers.iter().any(|(known, _)| *known == server) {
                servers.push((server, trust.clone()));
            }
        }
    }
    let mut looks = JoinSet::new();
    for (place, (server, trust)) in servers.into_iter().enumerate() {
        looks.spawn(async move { (place, host(server, &trust).await) });
    }
    let mut hosts = looks.join_all().await;
    hosts.sort_by_key(|(place, _)| *place);
    let hosts: Vec<_> = hosts.into_iter().map(|(_, host)| host).collect();
    Ok(Network {
        clock: clock(pipeline, clients, &hosts).await?,
        now: SystemClock.now(),
        hosts,
    })
}

/// Whether this is the server of the address.
pub fn is_at(host: &HostLook, url: &Url) -> bool {
    let server = web(url);
    host.host == server.host && host.port == server.port
}

fn web(url: &Url) -> Server {
    Server {
        host: url
            .host_str()
            .unwrap_or_default()
            .trim_matches(['[', ']'])
            .to_owned(),
        port: url.port_or_known_default().unwrap_or(443),
        encrypted: url.scheme() == "https",
    }
}

fn servers_of(account: &Account, pipeline: &Pipeline) -> Vec<Server> {
    let web = [&account.auth, &account.api].map(web);
    let streams = pipeline
        .streams()
        .into_iter()
        .any(|stream| stream.account == account.name);
    let broker = streams.then(|| Server {
        host: account.stream.host().to_owned(),
        port: account.stream.port(),
        encrypted: account.stream.is_encrypted(),
    });
    // What goes through a proxy needs no way of its own; the stream never does.
    let proxied = is_proxied();
    let web = web.into_iter().filter(|server| !(server.encrypted && proxied));
    web.chain(broker).collect()
}

fn is_proxied() -> bool {
    let is_set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    PROXIES
        .iter()
        .any(|name| is_set(name) || is_set(&name.to_ascii_lowercase()))
}

async fn host(server: Server, trust: &Trust) -> HostLook {
    let Server {
        host,
        port,
        encrypted,
    } = server;
    let name = (host.as_str(), port);
    let addresses = match timeout(PATIENCE, lookup_host(name)).await {
        Ok(Ok(found)) => Ok(found.map(|address| address.ip()).collect()),
        Ok(Err(error)) => Err(error.to_string().trim_start_matches(PREFIX).to_owned()),
        Err(_) => Err(format!("nobody told it within {} s", PATIENCE.as_secs())),
    };
    let mut look = HostLook {
        host,
        port,
        encrypted,
        addresses,
        reached: None,
    };
    if look.leads_somewhere() {
        look.reached = Some(reach(&look, trust).await);
    }
    look
}

async fn reach(look: &HostLook, trust: &Trust) -> Result<(), Hindrance> {
    let addresses = look.addresses.as_deref().unwrap_or_default();
    let socket = tcp(addresses, look.port).await?;
    if !look.encrypted {
        return Ok(());
    }
    match timeout(PATIENCE, tls::greet(&look.host, socket, trust)).await {
        Ok(greeted) => greeted,
        Err(_) => Err(Hindrance::NoTls(format!(
            "no answer within {} s",
            PATIENCE.as_secs()
        ))),
    }
}

/// Connects to the first of the addresses that answers.
async fn tcp(addresses: &[IpAddr], port: u16) -> Result<TcpStream, Hindrance> {
    // All of them together get the time of one.
    let share = PATIENCE / u32::try_from(addresses.len().max(1)).unwrap_or(u32::MAX);
    let mut hindrance = Hindrance::Silent(PATIENCE);
    for address in addresses {
        hindrance = match timeout(share, TcpStream::connect((*address, port))).await {
            Ok(Ok(socket)) => return Ok(socket),
            Ok(Err(error)) if error.kind() == ErrorKind::ConnectionRefused => Hindrance::Refused,
            Ok(Err(error)) if error.kind() == ErrorKind::TimedOut => Hindrance::Silent(PATIENCE),
            Ok(Err(error)) => Hindrance::Network(error.to_string()),
            Err(_) => Hindrance::Silent(PATIENCE),
        };
    }
    Err(hindrance)
}

/// The page on which codes of logins are typed in: looking at it begins no login.
fn page(auth: &Url) -> Url {
    let mut page = auth.clone();
    page.set_path(&format!("{}/oneid/link", auth.path().trim_end_matches('/')));
    page
}

/// The time of the first login server that tells it. No call of the API is made for it.
async fn clock(
    pipeline: &Pipeline,
    clients: &Clients,
    hosts: &[HostLook],
) -> Result<Option<ClockLook>, ClientError> {
    for account in &pipeline.accounts {
        let server = account.auth.host_str().unwrap_or_default();
        if hosts
            .iter()
            .any(|host| is_at(host, &account.auth) && !host.is_well())
        {
            continue;
        }
        let (http, _) = clients.of(account)?;
        let answer = http.get(page(&account.auth)).timeout(PATIENCE).send().await;
        let now = SystemClock.now();
        let date = answer
            .as_ref()
            .ok()
            .and_then(|answer| answer.headers().get(DATE)?.to_str().ok());
        if let Some(time) = date.and_then(|date| rfc2822::parse(date).ok()) {
            return Ok(Some(ClockLook {
                server: server.to_owned(),
                ahead: now.duration_since(time.timestamp()),
            }));
        }
    }
    Ok(None)
}
