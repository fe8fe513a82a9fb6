//! Data: what is wrong, when nothing came and why, and what every key of a vehicle tells.

use axum::Router;
use axum::extract::{Path, Query, State};
use axum::routing::get;
use collector_core::mask::readable;
use dashboard_content::states::Asked as Asking;
use history::read::{KeyRow, Latest, VehicleRow};
use status::doctor::{Finding, Verdict};
use status::{Arrivals, Status};

use super::cells::Reading;
use super::files::with_tables;
use super::{Page, frame, gaps, keys, range};
use crate::app::{App, Shared};
use crate::position::Asked;
use crate::problem::Problem;
use crate::site::LookError;
use crate::view::data::{Answer, Data};
use crate::view::frame::Page as Which;
use crate::view::parts::{Fact, Level};
use crate::view::texts;

const ROOT: &str = "../../";

pub(super) fn routes() -> Router<Shared> {
    Router::new().route("/v/{name}/data", get(data))
}

async fn data(State(app): State<Shared>, Path(name): Path<String>, Query(wants): Query<Asked>) -> Page {
    let vehicle = app.vehicle(&name).await?;
    let vin = vehicle.vin.clone();
    let (_, range) = range::of(Some("month"), "month", app.now());
    let read = app.model.read(move |reader| {
        let silences = reader.silences(&vin, range)?;
        Ok((reader.keys(&vin)?, reader.latest(&vin)?, silences))
    });
    let (keys, latest, silences) = read.await?;
    let asked = app.ask(|look| Ok((look.status(), look.doctor()))).await;
    let (status, findings) = asked.unwrap_or_else(|error| (Err(error.clone()), Err(error)));
    let title = texts::t("nav.data");
    let frame = frame::around(&app, ROOT, Which::Data, "data", Some(&vehicle), title, &status).await?;
    // Nothing is known to be well where nothing is known.
    let findings = status.as_ref().map_err(Clone::clone).and(findings);
    let untold = status
        .as_ref()
        .map(|status| keys::untold(&latest, &Asking::of(status, &vehicle)))
        .unwrap_or_default();
    let status = status.unwrap_or_default();
    let reading = Reading {
        options: &app.options,
        now: app.now(),
    };
    with_tables(&Data {
        frame,
        answers: answers(findings, &others(&app, &vehicle, &status).await?),
        totals: totals(&keys, &latest, &vehicle, &status, reading),
        gaps: gaps::table(&status, &vehicle, reading, range, &silences),
        keys: keys::table(&keys, &latest, &vehicle, reading, wants.shows_position()),
        untold,
    })
}

/// The names of other vehicles, of which this page says nothing.
async fn others(app: &App, vehicle: &VehicleRow, status: &Status) -> Result<Vec<String>, Problem> {
    let others = app.vehicles().await?.into_iter();
    let others = others
        .filter(|other| other.vin != vehicle.vin)
        .map(|other| other.name);
    let is_account = |name: &String| status.accounts.iter().any(|account| account.name == *name);
    Ok(others.filter(|name| !is_account(name)).collect())
}

/// Problems first, then what is to be known; what is well stands together.
fn answers(findings: Result<Vec<Finding>, LookError>, others: &[String]) -> Vec<Answer> {
    let findings = match findings {
        Ok(findings) => findings,
        Err(error) => {
            return vec![Answer {
                level: Level::Bad,
                title: texts::t("data.not_told").to_owned(),
                text: readable(&error.0),
                ..Answer::default()
            }];
        }
    };
    let is_other = |finding: &Finding| finding.of.as_ref().is_some_and(|of| others.contains(of));
    let (well, told): (Vec<_>, Vec<_>) = findings
        .into_iter()
        .filter(|finding| !is_other(finding))
        .partition(|finding| finding.verdict == Verdict::Ok && finding.advice.is_none());
    let (problems, known): (Vec<_>, Vec<_>) = told
        .iter()
        .partition(|finding| finding.verdict == Verdict::Problem);
    let mut answers: Vec<_> = problems.into_iter().chain(known).map(answer).collect();
    if !well.is_empty() {
        let lines = well
            .iter()
            .map(|finding| format!("{}: {}.", title(finding), finding.said));
        answers.push(Answer {
            level: Level::Good,
            title: texts::count("data.in_order", well.len()),
            parts: lines.map(|line| readable(&line)).collect(),
            ..Answer::default()
        });
    }
    answers
}

fn answer(finding: &Finding) -> Answer {
    let level = match finding.verdict {
        Verdict::Problem => Level::Bad,
        _ => Level::Info,
    };
    let about = match finding.descriptors.as_slice() {
        [] => String::new(),
        all => format!(" ({})", all.join(", ")),
    };
    Answer {
        level,
        title: title(finding),
        text: readable(&format!("{}{about}", capital(&finding.said))),
        todo: readable(finding.advice.as_deref().unwrap_or_default()),
        ..Answer::default()
    }
}

fn title(finding: &Finding) -> String {
    let check = capital(&finding.check.as_str().replace('_', " "));
    match &finding.of {
        Some(of) => texts::t("data.of")
            .replace("{check}", &check)
            .replace("{of}", &readable(of)),
        None => check,
    }
}

fn capital(words: &str) -> String {
    let mut letters = words.chars();
    let first = letters.next().map(|letter| letter.to_uppercase().to_string());
    first.unwrap_or_default() + letters.as_str()
}

fn totals(
    keys: &[KeyRow],
    latest: &[Latest],
    vehicle: &VehicleRow,
    status: &Status,
    reading: Reading<'_>,
) -> Vec<Fact> {
    let vin = vehicle.vin.as_str();
    let ended = latest.iter().filter(|one| one.ended_at.is_some()).count();
    let readings: u64 = keys.iter().map(|key| key.readings).sum();
    let came: Vec<&Arrivals> = status.arrivals.iter().filter(|came| came.vin == vin).collect();
    let repeats: u64 = came.iter().map(|came| came.repeats).sum();
    let mut facts = vec![
        fact("data.known", latest.len()),
        fact("data.alive", latest.len() - ended),
        fact("data.ended", ended),
    ];
    let known = status.vehicles.iter().find(|known| known.vin == vin);
    facts.extend(known.map(|known| fact("data.silent", known.never_reported)));
    facts.extend([fact("data.readings", readings), fact("data.repeats", repeats)]);
    let sets = status.containers.iter();
    let mut refused: Vec<&str> = sets
        .filter(|set| came.iter().any(|came| set.is_of(&came.account)))
        .flat_map(|set| set.refused())
        .collect();
    refused.sort_unstable();
    refused.dedup();
    facts.push(Fact {
        interval: readable(&refused.join(", ")),
        ..fact("data.refused", refused.len())
    });
    let log = &status.log;
    facts.push(fact("data.implausible", log.impossible));
    facts.push(fact("data.misfits", log.rejected.saturating_sub(log.impossible)));
    facts.extend(came.into_iter().map(|came| {
        let label = texts::t("data.brought")
            .replace("{source}", &came.source)
            .replace("{origin}", &came.origin);
        Fact {
            label: readable(&label),
            at: Some(reading.moment(came.last_received_at)),
            ..fact("data.readings", came.readings)
        }
    }));
    facts
}

fn fact(label: &'static str, value: impl ToString) -> Fact {
    Fact {
        label: texts::t(label).to_owned(),
        value: value.to_string(),
        ..Fact::default()
    }
}
