//! Logging in at BMW: a link, a code for phones, and waiting for who confirms it there.

use axum::Router;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use collector_core::mask::readable;
use collector_core::state::{PollsState, State as Fares};
use jiff::Timestamp;
use status::{AccountStatus, Status};

use super::cells::{Reading, decimal};
use super::{Page, frame, shown};
use crate::app::{App, Shared};
use crate::login::{Invitation, Login};
use crate::problem::Problem;
use crate::site::LookError;
use crate::view::alone::{Login as Shown, LoginStep};
use crate::view::frame::{Page as Which, segment};
use crate::view::parts::{Level, Link};
use crate::view::texts;

pub(super) fn routes() -> Router<Shared> {
    Router::new().route("/login/{account}", get(page).post(begin))
}

/// Whether the account is not asked for anything until somebody logs in.
pub(super) fn is_needed(account: &AccountStatus) -> bool {
    !is_held(account) || refused_since(account).is_some()
}

/// The first account, where nobody is logged in to any.
pub(super) fn nobody(status: &Status) -> Option<&AccountStatus> {
    let all = &status.accounts;
    all.first().filter(|_| all.iter().all(is_needed))
}

/// What its owner must know of the login.
pub(super) fn trouble(account: &AccountStatus) -> Option<(Level, &str)> {
    if let Some(problem) = &account.login_problem {
        return Some((Level::Bad, problem));
    }
    if is_needed(account) {
        let said = account.said.as_ref().filter(|_| refused_since(account).is_some());
        let said = said.and_then(|said| said.message.as_deref());
        return Some((Level::Bad, said.unwrap_or(texts::t("login.needed"))));
    }
    Some((Level::Warn, account.login_warnings.first()?))
}

/// To the page of a login, from the one with that `root`.
pub(super) fn way(root: &str, account: &AccountStatus) -> Link {
    let label = match is_needed(account) {
        true => texts::t("login.go_to"),
        false => texts::t("login.anew"),
    };
    Link {
        label: label.to_owned(),
        href: format!("{root}login/{}", segment(&account.name)),
    }
}

/// Whether what is stored is a login that has not ended.
fn is_held(account: &AccountStatus) -> bool {
    account.login_problem.is_none() && account.login_days.is_some_and(|days| days > 0.0)
}

/// Since when BMW does not take the login, as far as the program said.
fn refused_since(account: &AccountStatus) -> Option<Timestamp> {
    let said = account.said.as_ref()?;
    (said.state == Fares::Polls(PollsState::LoginNeeded)).then_some(said.since)
}

async fn page(State(app): State<Shared>, Path(name): Path<String>) -> Page {
    // Before the status: what is stored by a login that is done is told there.
    let login = app.look.login(&name);
    let status = fares(&app).await?;
    let step = step(&app, account(&status, &name)?, login);
    let title = texts::t("login.title");
    let mut frame = frame::of_program(&app, "../", Which::Other, title, &Ok(status)).await;
    let own = format!("../login/{}", segment(&name));
    frame
        .notices
        .retain(|notice| notice.link.as_ref().is_none_or(|link| link.href != own));
    shown(&Shown {
        frame,
        account: readable(&name),
        step,
    })
}

/// Back to the page, which may be loaded again as often as anybody likes.
async fn begin(State(app): State<Shared>, Path(name): Path<String>) -> Page {
    account(&fares(&app).await?, &name)?;
    let begun = app.look.begin_login(&name).await;
    begun.map_err(|error| Problem::mistake(error.0))?;
    let to = segment(&name);
    Ok((StatusCode::SEE_OTHER, [(header::LOCATION, to)]).into_response())
}

async fn fares(app: &App) -> Result<Status, Problem> {
    let status = app.ask(|look| look.status()).await;
    status.map_err(|LookError(error)| Problem::broken(error))
}

fn account<'a>(status: &'a Status, name: &str) -> Result<&'a AccountStatus, Problem> {
    let found = status.accounts.iter().find(|account| account.name == name);
    found.ok_or_else(|| Problem::not_found("there is no account of that name"))
}

fn step(app: &App, account: &AccountStatus, login: Option<Login>) -> LoginStep {
    let action = segment(&account.name);
    match login {
        Some(Login::Waiting(invitation)) => waiting(app, invitation),
        Some(Login::Done { at, advice })
            if is_held(account) && refused_since(account).is_none_or(|since| since < at) =>
        {
            done(account, advice)
        }
        Some(Login::Expired) => LoginStep::Expired { action },
        Some(Login::Failed(reason)) => LoginStep::Failed {
            reason: readable(&reason),
            action,
        },
        Some(Login::Asked | Login::Done { .. }) | None => LoginStep::Begin {
            note: held(account),
            action,
        },
    }
}

fn waiting(app: &App, invitation: Invitation) -> LoginStep {
    let reading = Reading {
        options: &app.options,
        now: app.now(),
    };
    LoginStep::Waiting {
        href: invitation.link,
        code: readable(&invitation.code),
        qr: invitation.qr,
        until: reading.moment(invitation.until),
    }
}

fn done(account: &AccountStatus, advice: Option<String>) -> LoginStep {
    LoginStep::Done {
        advice: readable(&advice.unwrap_or_default()),
        vehicles: account.mapped.iter().map(|(name, _)| readable(name)).collect(),
    }
}

fn held(account: &AccountStatus) -> String {
    let days = account.login_days.filter(|_| !is_needed(account));
    let days = days.map(|days| texts::t("login.held").replace("{days}", &decimal(days, 0)));
    days.unwrap_or_default()
}
