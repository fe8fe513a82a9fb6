//! Client id, services, login and scopes: whether BMW lets this program in.

use cardata_auth::{API_SCOPE, AuthError, STREAM_SCOPE};
use collector_core::state::{State, StreamState};

use super::facts::{AccountLook, Failed, LoginLook, Trouble};
use super::{Check, Finding};
use crate::{AccountStatus, Status, plan};

/// A login with less is not being refreshed.
const LEAST_DAYS: f64 = 7.0;
const PORTAL: &str = "In the CarData section of BMW's portal";

pub(super) fn findings(look: &AccountLook, account: &AccountStatus, status: &Status) -> Vec<Finding> {
    let of = Some(account.name.as_str());
    let Some(login) = &look.login else {
        return vec![
            Finding::unknown(Check::ClientId, of, "shows when somebody logs in"),
            Finding::unknown(Check::Services, of, "shows when somebody logs in"),
            Finding::problem(
                Check::Login,
                of,
                "nobody has logged in yet",
                format!(
                    "Run `cardata login --account {}` and approve it in a browser.",
                    account.name
                ),
            ),
            Finding::unknown(Check::Scopes, of, "shows when somebody logs in"),
        ];
    };
    let mut streams = status
        .streams
        .iter()
        .filter(|stream| stream.account == account.name);
    let stream = streams.next();
    let is_unsubscribed = stream
        .and_then(|stream| stream.said.as_ref())
        .is_some_and(|said| {
            said.state == State::Stream(StreamState::NotSubscribed) && status.running.is_some()
        });
    vec![
        client_id(login, of),
        services(login, of, account.is_polled, stream.is_some(), is_unsubscribed),
        tokens(login, look, account, status),
        scopes(login, look, of, stream.is_some()),
    ]
}

fn client_id(login: &LoginLook, of: Option<&str>) -> Finding {
    match &login.error {
        Some(AuthError::InvalidClient { reason, .. }) => Finding::problem(
            Check::ClientId,
            of,
            format!("BMW does not accept it ({reason})"),
            format!(
                "{PORTAL}, compare it with `client_id` of the pipeline file. If it is gone there, make a new one, subscribe \
                 it to CarData API and CarData Stream, wait two minutes and run `cardata login`."
            ),
        ),
        Some(error) if !error.needs_login() => {
            Finding::unknown(Check::ClientId, of, "BMW could not be asked")
        }
        _ => Finding::ok(Check::ClientId, of, "BMW has accepted it"),
    }
}

/// What the client is subscribed to, as its login shows it.
fn services(
    login: &LoginLook,
    of: Option<&str>,
    polls: bool,
    streams: bool,
    is_unsubscribed: bool,
) -> Finding {
    let lacks = |scope: &str| login.missing.iter().any(|missing| missing == scope);
    let wanted = [
        (polls, API_SCOPE, "CarData API"),
        (streams, STREAM_SCOPE, "CarData Stream"),
    ];
    let missing: Vec<_> = wanted
        .iter()
        .filter(|(wanted, scope, _)| *wanted && lacks(scope))
        .map(|(_, _, service)| *service)
        .collect();
    if !missing.is_empty() {
        let services = missing.join(" and ");
        return Finding::problem(
            Check::Services,
            of,
            format!("the client was not subscribed to {services} when somebody logged in"),
            format!(
                "{PORTAL}, subscribe the client to {services}, do not click \"Authenticate device\", wait two minutes and \
                 run `cardata login`."
            ),
        );
    }
    if is_unsubscribed {
        return Finding::problem(
            Check::Services,
            of,
            "BMW takes the login for the stream and refuses the subscription",
            format!(
                "{PORTAL}, set the stream up: subscribe the client to CarData Stream and select data for it."
            ),
        );
    }
    Finding::ok(Check::Services, of, "subscribed to what is used")
}

fn tokens(login: &LoginLook, look: &AccountLook, account: &AccountStatus, status: &Status) -> Finding {
    let of = Some(account.name.as_str());
    let again = format!("Run `cardata login --account {}`.", account.name);
    match &login.error {
        Some(AuthError::InvalidClient { .. }) => {
            return Finding::unknown(
                Check::Login,
                of,
                "nobody is logged in with a client id that BMW refuses",
            );
        }
        Some(AuthError::LoginExpired { reason }) => {
            return Finding::problem(
                Check::Login,
                of,
                format!("BMW does not accept it any more ({reason})"),
                format!(
                    "{again} It ends 14 days after the last refresh, when another program uses the same login, and when the \
                     client is unsubscribed or deleted in BMW's portal."
                ),
            );
        }
        Some(error) if error.needs_login() => {
            return Finding::problem(Check::Login, of, error.to_string(), again);
        }
        _ => {}
    }
    if let Some(failed) = refused(look, Trouble::Token) {
        return Finding::problem(
            Check::Login,
            of,
            format!("the API refuses it: {}", failed.words),
            format!("{PORTAL}, look whether the client is still subscribed. {again}"),
        );
    }
    let is_of_scopes = refused(look, Trouble::Scope).is_some();
    if status.running.is_some() && plan::needs_login(account) && !is_of_scopes {
        let why = account.said.as_ref().and_then(|said| said.message.clone());
        return Finding::problem(
            Check::Login,
            of,
            why.unwrap_or_else(|| "a login is needed".to_owned()),
            again,
        );
    }
    let days = account.login_days.unwrap_or_default();
    match &login.error {
        // Of tokens that cannot be read nothing is known.
        Some(error) if account.login_days.is_none() => {
            Finding::problem(Check::Login, of, error.to_string(), again)
        }
        // Of what the server's answer does not tell, the login is not at fault.
        Some(error @ (AuthError::Transient { .. } | AuthError::Unexpected { .. })) if login.is_over => {
            Finding::problem(
                Check::Login,
                of,
                format!("BMW's login server gives no fresh token, and the last one is over: {error}"),
                "It is tried again by itself, and a new login meets the same server. If another network or a proxy answers \
                 in BMW's place, log in there first.",
            )
            .passing()
        }
        Some(error) if days <= LEAST_DAYS => Finding::problem(
            Check::Login,
            of,
            format!("it ends in {days:.1} days unless it can be refreshed: {error}"),
            again,
        ),
        Some(error) => Finding::unknown(Check::Login, of, format!("it cannot be refreshed now: {error}")),
        None => Finding::ok(
            Check::Login,
            of,
            format!("good for {days:.1} days, and refreshed before"),
        ),
    }
}

/// The first call that brought this trouble.
fn refused(look: &AccountLook, trouble: Trouble) -> Option<&Failed> {
    let mut failed = [look.vehicles.failed(), look.containers.failed()]
        .into_iter()
        .flatten();
    failed.find(|failed| failed.trouble == trouble)
}

/// What else a login covers, and what the API says of it.
fn scopes(login: &LoginLook, look: &AccountLook, of: Option<&str>, streams: bool) -> Finding {
    let again = "Run `cardata login`; it asks for all that is needed.";
    let is_service = |scope: &&String| [API_SCOPE, STREAM_SCOPE].contains(&scope.as_str());
    let missing: Vec<&str> = login
        .missing
        .iter()
        .filter(|scope| !is_service(scope))
        .map(String::as_str)
        .collect();
    if !missing.is_empty() {
        let said = format!("the login does not cover {}", missing.join(" "));
        return Finding::problem(Check::Scopes, of, said, again);
    }
    if let Some(failed) = refused(look, Trouble::Scope) {
        return Finding::problem(Check::Scopes, of, failed.words.clone(), again);
    }
    let is_covered = !login.missing.iter().any(|scope| scope == STREAM_SCOPE);
    match login.stream_lacks {
        Some(lacks) if streams && is_covered => Finding::problem(
            Check::Scopes,
            of,
            format!("the login has no {lacks}, with which a stream logs in"),
            again,
        ),
        _ if login.error.as_ref().is_some_and(AuthError::needs_login) => {
            Finding::unknown(Check::Scopes, of, "shows when somebody logs in")
        }
        _ => Finding::ok(Check::Scopes, of, "the login covers what it is used for"),
    }
}
