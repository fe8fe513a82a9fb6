//! Each cause, made of facts, and what is told of it. What needs a ledger is made in the tests of the program.

mod account;
mod login;
mod network;

use std::net::IpAddr;
use std::time::Duration;

use cardata_auth::AuthError;
use collector_core::state::{PollsState, Published, StreamState};
use jiff::{SignedDuration, Timestamp};
use ledger::StreamRecord;
use planner::Activity;

use super::*;
use crate::streams::{StreamStatus, StreamedVehicle};
use crate::{AccountStatus, plan};

const STREAM: &str = "customer.streaming-cardata.bmwgroup.com";

fn now() -> Timestamp {
    "2026-03-01T12:00:00Z".parse().unwrap()
}

fn hours(hours: i64) -> SignedDuration {
    SignedDuration::from_hours(hours)
}

fn host(name: &str, port: u16, addresses: &[&str], reached: Option<Result<(), Hindrance>>) -> HostLook {
    HostLook {
        host: name.to_owned(),
        port,
        encrypted: true,
        addresses: Ok(addresses
            .iter()
            .map(|one| one.parse::<IpAddr>().unwrap())
            .collect()),
        reached,
    }
}

fn well(name: &str, port: u16) -> HostLook {
    host(name, port, &["160.46.226.165"], Some(Ok(())))
}

/// Three servers, of which the stream's is this one.
fn network(stream: HostLook, ahead: Option<SignedDuration>) -> Network {
    Network {
        now: now(),
        clock: ahead.map(|ahead| ClockLook {
            server: "customer.bmwgroup.com".to_owned(),
            ahead,
        }),
        hosts: vec![
            well("customer.bmwgroup.com", 443),
            well("api-cardata.bmwgroup.com", 443),
            stream,
        ],
    }
}

fn look() -> AccountLook {
    AccountLook {
        login: Some(LoginLook::default()),
        vehicles: Asked::Not("it is known"),
        containers: Asked::Not("it is known"),
    }
}

fn account() -> AccountStatus {
    AccountStatus {
        name: "home".to_owned(),
        mapped: vec![("i3".to_owned(), true)],
        login_days: Some(13.5),
        login_problem: None,
        login_warnings: Vec::new(),
        calls_left: 38,
        calls_per_day: 50,
        calls: plan::Calls {
            used: 12,
            reserved: 2,
            planned: 20,
            left: 36,
        },
        blocked_until: None,
        is_polled: true,
        said: None,
    }
}

fn vehicle(spoke: Option<i64>, measured: Option<i64>) -> StreamedVehicle {
    StreamedVehicle {
        vin: "WBY8P210X07A12345".to_owned(),
        name: "v7a12345".to_owned(),
        last_message_at: spoke.map(|ago| now() - hours(ago)),
        measured_at: measured.map(|ago| now() - hours(ago)),
        activity: Some(Activity::Parked),
        ..StreamedVehicle::default()
    }
}

/// Connected for so many hours, or not.
fn stream(state: StreamState, connected: Option<i64>, vehicle: StreamedVehicle) -> StreamStatus {
    let since = connected.map(|ago| now() - hours(ago));
    StreamStatus {
        account: "home".to_owned(),
        source: "stream".to_owned(),
        record: Some(StreamRecord {
            account: "home".to_owned(),
            source: "stream".to_owned(),
            connected_since: since,
            last_message_at: vehicle.last_message_at,
            logins: 1,
            evictions: 0,
        }),
        said: Some(Published {
            name: "home".into(),
            state: State::Stream(state),
            message: connected.is_none().then(|| "so it says".to_owned()),
            since: now(),
        }),
        token_until: None,
        vehicles: vec![vehicle],
        strays: Vec::new(),
        unlisted: Vec::new(),
        gaps: Vec::new(),
        window: Duration::from_secs(1),
    }
}

fn status(account: AccountStatus, streams: Vec<StreamStatus>) -> Status {
    Status {
        now: now(),
        running: Some("process 1".to_owned()),
        accounts: vec![account],
        streams,
        ..Status::default()
    }
}

/// The findings of one check as verdict and words, and what to do about the first.
fn told(looked: Looked, status: &Status, check: Check) -> (Vec<(Verdict, String)>, String) {
    let findings = diagnose(&looked, status);
    let its: Vec<_> = findings
        .into_iter()
        .filter(|finding| finding.check == check)
        .collect();
    let advice = its.first().and_then(|finding| finding.advice.clone());
    (
        its.into_iter()
            .map(|finding| (finding.verdict, finding.said))
            .collect(),
        advice.unwrap_or_default(),
    )
}

fn seen(network: Network, look: AccountLook) -> Looked {
    Looked {
        network: Some(network),
        accounts: vec![look],
        ended: Vec::new(),
    }
}

/// What is told where the stream's server shows this, and this is the only thing that is wrong.
fn of_network(stream: HostLook, ahead: Option<i64>, check: Check) -> (String, String) {
    let network = network(stream, ahead.map(SignedDuration::from_secs));
    let looked = seen(network, look());
    let status = status(account(), Vec::new());
    let findings = diagnose(&looked, &status);
    let wrong: Vec<_> = report::problems(&findings)
        .iter()
        .map(|finding| finding.check)
        .collect();
    assert_eq!(wrong, [check]);
    let (said, advice) = told(looked, &status, check);
    (said[0].1.clone(), advice)
}

#[test]
fn the_first_in_order_is_explained_whosever_it_is() {
    let out = host(STREAM, 9000, &["160.46.226.165"], Some(Err(Hindrance::Refused)));
    let looked = seen(
        network(out, Some(hours(-3))),
        AccountLook {
            login: None,
            ..look()
        },
    );
    let mut status = status(account(), Vec::new());
    status.running = None;
    let findings = diagnose(&looked, &status);
    assert!(findings.is_sorted_by_key(|finding| finding.check));
    let order: Vec<_> = report::problems(&findings)
        .iter()
        .map(|finding| finding.check)
        .collect();
    assert_eq!(order, [Check::Clock, Check::Ports, Check::Login, Check::Program]);
    let text = report::text(&findings, false, 1);
    assert!(
        text.contains("\nThe first of 4 problems: clock\n  It says 2026-03-01T12:00:00Z, 3 h behind"),
        "{text}"
    );
    assert!(
        text.ends_with("\n1 call of the API was spent for this."),
        "{text}"
    );
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
    let json = report::json(&findings, false, 1);
    assert_eq!((&json["problems"], &json["calls_spent"]), (&4.into(), &1.into()));
}
