//! Clock, names, ports and certificates: whether this machine can speak to BMW at all.

use jiff::{SignedDuration, Timestamp};

use super::facts::{Fault, Hindrance, HostLook, Network};
use super::{Check, Finding};
use crate::table::{counted, span};

/// A clock that is off by less harms nothing; `Date` has whole seconds, and an answer takes some.
const TOLERATED: SignedDuration = SignedDuration::from_secs(60);

/// What there is to say of one server: nothing, that it is well, or what is wrong and what to do.
type Judged = Option<Result<(), (String, String)>>;

/// Stands in an advice for the names of those that it is about.
const HOSTS: &str = "{hosts}";

pub(super) fn findings(network: &Network) -> Vec<Finding> {
    let mut findings = vec![clock(network)];
    findings.extend(of_all(network, Check::Names, name, "found"));
    findings.extend(of_all(network, Check::Ports, port, "reached"));
    findings.extend(of_all(network, Check::Certificates, certificate, "trusted"));
    findings
}

fn clock(network: &Network) -> Finding {
    let advice = "Set it, and keep it right by NTP: `timedatectl set-ntp true`. A machine without a battery clock is \
                  wrong until it was told the time.";
    if let Some(look) = &network.clock {
        let off = span(Timestamp::UNIX_EPOCH, Timestamp::UNIX_EPOCH + look.ahead.abs());
        let side = if look.ahead.is_negative() {
            "behind"
        } else {
            "ahead of"
        };
        return match look.ahead.abs() > TOLERATED {
            true => Finding::problem(
                Check::Clock,
                None,
                format!(
                    "it says {:.0}, {off} {side} {}: tokens and certificates seem dead or unborn",
                    network.now, look.server
                ),
                advice,
            ),
            false => Finding::ok(
                Check::Clock,
                None,
                format!("differs by {off} from that of {}", look.server),
            ),
        };
    }
    // Where the certificate of another is valid, the server is at fault and not the time.
    let is_right = network.hosts.iter().any(|host| host.encrypted && host.is_well());
    let is_odd = |host: &&HostLook| {
        matches!(
            trouble(host),
            Some(Hindrance::Certificate {
                fault: Fault::NotOfNow,
                ..
            })
        )
    };
    match network.hosts.iter().find(is_odd).filter(|_| !is_right) {
        Some(host) => Finding::problem(
            Check::Clock,
            None,
            format!(
                "it says {:.0}, when the certificate of {} is not valid",
                network.now, host.host
            ),
            advice,
        ),
        None => Finding::unknown(Check::Clock, None, "no server told its time"),
    }
}

/// A problem for each server that has one, else one line for all.
fn of_all(network: &Network, check: Check, judge: fn(&HostLook, bool) -> Judged, well: &str) -> Vec<Finding> {
    let judged = |alone| {
        let hosts = network.hosts.iter();
        hosts.filter_map(move |host| Some((host, judge(host, alone)?)))
    };
    // What hinders all of them is the network itself.
    let alone = judged(true).any(|(_, judged)| judged.is_ok());
    // Servers with the same trouble share a line.
    let mut problems: Vec<Finding> = Vec::new();
    let mut troubled: Vec<Vec<&str>> = Vec::new();
    for (host, judged) in judged(alone) {
        let Err((said, advice)) = judged else { continue };
        match problems.iter().position(|known| known.said == said) {
            Some(known) => troubled[known].push(&host.host),
            None => {
                problems.push(Finding::problem(check, None, said, advice));
                troubled.push(vec![&host.host]);
            }
        }
    }
    for (problem, hosts) in problems.iter_mut().zip(&troubled) {
        problem.of = Some(match hosts[..] {
            [host] => host.to_owned(),
            _ => format!("{} servers", hosts.len()),
        });
        let names = hosts.join(", ");
        problem.advice = problem.advice.take().map(|advice| advice.replace(HOSTS, &names));
    }
    if !problems.is_empty() {
        return problems;
    }
    vec![match judged(true).count() {
        0 if network.hosts.iter().all(|host| !host.encrypted) => {
            Finding::ok(check, None, "no server speaks TLS here")
        }
        0 => Finding::unknown(check, None, "no server could be asked"),
        count => Finding::ok(check, None, format!("{} {well}", counted(count, "server"))),
    }]
}

/// Whether a name leads to its server. `alone`: others do.
fn name(host: &HostLook, alone: bool) -> Judged {
    let allow = format!(
        "allow {} in the filter of your network (Pi-hole, AdGuard, the router)",
        HOSTS
    );
    let addresses = match &host.addresses {
        Ok(addresses) => addresses,
        Err(reason) => {
            let advice = match alone {
                true => format!("The names of other servers lead somewhere: {allow}."),
                false => "Look whether this machine is on the network and knows a server of names (/etc/resolv.conf)."
                    .to_owned(),
            };
            return Some(Err((format!("the name leads nowhere: {reason}"), advice)));
        }
    };
    if host.leads_somewhere() {
        return Some(Ok(()));
    }
    let Some(wrong) = addresses.first() else {
        return Some(Err((
            "the name has no address".to_owned(),
            format!("A filter answers so: {allow}."),
        )));
    };
    let said = format!("the name leads to {wrong}, where BMW is not");
    Some(Err((
        said,
        format!("A filter answers so, or a line in /etc/hosts: {allow}."),
    )))
}

fn trouble(host: &HostLook) -> Option<&Hindrance> {
    host.reached.as_ref()?.as_ref().err()
}

fn port(host: &HostLook, alone: bool) -> Judged {
    let reached = host.reached.as_ref()?;
    let port = host.port;
    let said = match reached {
        Err(Hindrance::Refused) => format!("port {port} refuses connections"),
        Err(Hindrance::Silent(time)) => format!("port {port} does not answer within {} s", time.as_secs()),
        Err(Hindrance::Network(reason)) => format!("port {port}: {reason}"),
        Ok(()) | Err(Hindrance::Certificate { .. } | Hindrance::NoTls(_)) => return Some(Ok(())),
    };
    let advice = match alone {
        true => format!(
            "A firewall hinders it: allow outgoing TCP to port {port} of {}. Networks of companies, hotels and guests often \
             let nothing but 443 pass.",
            HOSTS
        ),
        false => "No server of BMW can be reached: look whether this machine is on the network, and what its firewall lets \
                  pass (TCP to 443 and 9000)."
            .to_owned(),
    };
    Some(Err((said, advice)))
}

fn certificate(host: &HostLook, _: bool) -> Judged {
    let (issuer, fault) = match host.reached.as_ref().filter(|_| host.encrypted)? {
        Ok(()) => return Some(Ok(())),
        Err(Hindrance::Certificate { issuer, fault }) => (issuer, fault),
        Err(Hindrance::NoTls(did)) => {
            return Some(Err((
                format!("port {} speaks no TLS: {did}", host.port),
                "Somebody else answers in its place: a network that wants a login of its own, or a proxy."
                    .to_owned(),
            )));
        }
        Err(_) => return None,
    };
    let issuer = issuer
        .as_ref()
        .map_or("an unnamed authority".to_owned(), |name| format!("`{name}`"));
    Some(Err(match fault {
        Fault::Untrusted => (
            format!("the certificate is signed by {issuer}, whom this machine does not trust"),
            format!(
                "A virus scanner or a proxy reads along in BMW's place: let it leave {} alone. If that is wanted, or the \
                 server is one of yours, name the file (PEM) of this authority in `endpoints: {{ ca: … }}` of the account.",
                HOSTS
            ),
        ),
        Fault::OtherName => (
            format!("the certificate, signed by {issuer}, is for another name"),
            "Somebody else answers in its place: a network that wants a login of its own, a proxy, or a wrong address in \
             `endpoints`."
                .to_owned(),
        ),
        Fault::NotOfNow => (
            format!("the certificate, signed by {issuer}, is not valid now"),
            "Set this machine's clock if it is wrong; else the server has to renew it.".to_owned(),
        ),
        Fault::Other(reason) => (
            format!("the certificate, signed by {issuer}, is not accepted: {reason}"),
            "Somebody else may answer in its place: a virus scanner or a proxy.".to_owned(),
        ),
    }))
}
