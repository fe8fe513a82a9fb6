//! `cardata check`: what is wrong with a pipeline file, and with `--connect` with what it leads to.

mod answer;
mod streams;

use std::path::Path;
use std::time::Duration;

use cardata_auth::{AuthError, Upkeep, scopes_message};
use collector::http::Clients;
use collector::state::StateDirectory;
use collector::{account, drive};
use collector_core::{LogId, Name, SinkContext, SinkError, Trust, reads_as_number};
use jiff::Timestamp;
use pipeline::{Account, Pipeline, SinkSpec, Vehicles};
use pipeline_init::lookup;
use runtime::{Chain, Clock, SystemClock};

use crate::args::CheckArgs;
use crate::{CommandResult, Failure, context, terminal};
use answer::Answer;

/// How long each probe may take.
const PATIENCE: Duration = Duration::from_secs(20);
/// A login with less is not being refreshed.
const LEAST_DAYS: f64 = 7.0;

/// One thing that was tried.
struct Probe {
    what: String,
    problem: Option<String>,
    /// What is worth knowing beside.
    remarks: Vec<String>,
    needs_login: bool,
}

pub async fn run(options: CheckArgs) -> CommandResult {
    let file = lookup::find(options.pipeline.config.as_deref())?;
    let pipeline = match pipeline::load(&file) {
        Ok(pipeline) => pipeline,
        Err(error) => {
            if options.json {
                answer::mistakes(&file, error.mistakes())?;
            }
            return Err(context::mistaken(&error));
        }
    };
    StateDirectory::at(&pipeline.state).check_place()?;
    // Reads the certificates that the accounts name.
    let clients = Clients::new()?;
    for account in &pipeline.accounts {
        clients.of(account)?;
    }
    if options.show {
        terminal::document(pipeline::show(&pipeline).trim_end());
        if !options.connect {
            return Ok(());
        }
    }
    let mut answer = Answer::new(&options, &file, &pipeline);
    for name in doubtful_names(&pipeline.vehicles) {
        answer.remark(format!(
            "a spreadsheet may take `{name}`, the name of a vehicle, for a number: give it another with a letter in front"
        ));
    }
    drive::warn(&pipeline.state);
    for remark in pipeline.remarks() {
        answer.remark(remark);
    }
    let ended = match options.connect {
        true => connect(pipeline, &clients, &mut answer).await,
        false => look(pipeline, &clients, &mut answer).await,
    };
    answer.end()?;
    ended
}

/// What shows without a connection.
async fn look(pipeline: Pipeline, clients: &Clients, answer: &mut Answer<'_>) -> CommandResult {
    streams::logins(&pipeline, clients).await?;
    for spec in pipeline.sinks {
        let name = spec.name.clone();
        // Building opens nothing; what is wrong shows when the sink is tried.
        let context = place_of(&spec, &pipeline.base_dir, &clients.trust);
        let sink = (spec.builder)(context);
        for remark in sink.iter().flat_map(|sink| sink.remarks()) {
            answer.remark(format!("sink {name}: {remark}"));
        }
    }
    Ok(())
}

fn place_of(spec: &SinkSpec, base_dir: &Path, trust: &Trust) -> SinkContext {
    let mut context = SinkContext::new(spec.name.clone(), base_dir.to_owned(), LogId::new("check"));
    context.trust = trust.clone();
    context.network = spec.place.as_deref().and_then(drive::network);
    context
}

/// Names of vehicles that a spreadsheet may misread.
fn doubtful_names(vehicles: &Vehicles) -> Vec<Name> {
    match vehicles {
        Vehicles::Auto => Vec::new(),
        Vehicles::List(list) => {
            let names = list.iter().filter_map(|spec| spec.name.clone());
            names.filter(|name| reads_as_number(name)).collect()
        }
    }
}

/// Tries logins and sinks. Spends no call and writes nothing but refreshed tokens.
async fn connect(pipeline: Pipeline, clients: &Clients, answer: &mut Answer<'_>) -> CommandResult {
    let state = StateDirectory::at(&pipeline.state);
    let runs = state.running()?.is_some();
    let mut probes = Vec::new();
    // One that is not there yet is made by `login`.
    if state.path().is_dir() {
        probes.push(Probe {
            what: format!("state directory {}", state.path().display()),
            problem: state.probe().err().map(|error| error.to_string()),
            remarks: Vec::new(),
            needs_login: false,
        });
    }
    if pipeline.simulator.is_none() {
        account::check_logins(&pipeline.accounts, &state)?;
        for account in &pipeline.accounts {
            probes.push(login(account, &pipeline, clients).await?);
            probes.push(api(account).await);
        }
        probes.extend(streams::probes(&pipeline, clients).await?);
    }
    for spec in pipeline.sinks {
        probes.push(sink(spec, &pipeline.base_dir, &clients.trust, runs).await);
    }
    let probes = answer.tried(probes);
    let failed: Vec<_> = probes.iter().filter(|probe| probe.problem.is_some()).collect();
    if failed.is_empty() {
        return Ok(());
    }
    let only_logins = failed.iter().all(|probe| probe.needs_login);
    Err(Failure::new(
        if only_logins { 3 } else { 4 },
        format!("{} of {} checks failed", failed.len(), probes.len()),
    ))
}

async fn login(account: &Account, pipeline: &Pipeline, clients: &Clients) -> Result<Probe, Failure> {
    let problem = match context::upkeep(account, pipeline, clients).await? {
        None => Some(format!(
            "not logged in: run `cardata login` (no tokens in {})",
            StateDirectory::at(&pipeline.state).tokens().display()
        )),
        Some(upkeep) => hindrance(upkeep, SystemClock.now()),
    };
    Ok(Probe {
        what: format!("login of account {}", account.name),
        needs_login: problem.is_some(),
        problem,
        remarks: Vec::new(),
    })
}

/// Why a login is not accepted, does not last for a week, or does not cover everything.
fn hindrance(upkeep: Upkeep, now: Timestamp) -> Option<String> {
    let error = upkeep.error.as_ref().map(|error| Chain(error).to_string());
    let Some(tokens) = upkeep.tokens else {
        return Some(error.unwrap_or_else(|| "the stored login cannot be used".to_owned()));
    };
    let days = tokens.refresh_days_left(now);
    if days <= LEAST_DAYS {
        let reason = error.map(|error| format!(": {error}")).unwrap_or_default();
        return Some(format!(
            "the login ends in {days:.1} days unless it can be refreshed{reason}; run `cardata login`"
        ));
    }
    // As long as the access token is good for something, a refresh has time.
    let hinders = |error: &AuthError| error.needs_login() || !tokens.access_fresh(now);
    if upkeep.error.as_ref().is_some_and(hinders) {
        return error;
    }
    let missing = tokens.missing_scopes();
    (!missing.is_empty()).then(|| scopes_message(&missing))
}

/// Whether the API's address answers at all. No call of the API is made: each would count.
async fn api(options: &Account) -> Probe {
    let host = options.api.host_str().unwrap_or_default().to_owned();
    let port = options.api.port_or_known_default().unwrap_or(443);
    let what = format!("address of the API, {host}:{port}");
    let attempt = tokio::time::timeout(PATIENCE, tokio::net::TcpStream::connect((host.as_str(), port))).await;
    let problem = match attempt {
        Ok(Ok(_)) => None,
        Ok(Err(error)) => Some(error.to_string()),
        Err(_) => Some(format!("no answer within {} s", PATIENCE.as_secs())),
    };
    Probe {
        what,
        problem,
        remarks: Vec::new(),
        needs_login: false,
    }
}

async fn sink(spec: SinkSpec, base_dir: &Path, trust: &Trust, runs: bool) -> Probe {
    let what = format!("sink {}", spec.name);
    let bar = terminal::spinner(format!("trying {}", spec.name));
    let mut context = place_of(&spec, base_dir, trust);
    context.runs = runs;
    let mut remarks = Vec::new();
    let attempt = async {
        let mut sink = (spec.builder)(context)?;
        let checked = sink.check().await;
        remarks = sink.remarks();
        sink.close().await?;
        checked
    };
    let problem = match tokio::time::timeout(PATIENCE, attempt).await {
        Ok(Ok(())) => None,
        Ok(Err(SinkError::Transient { reason, .. } | SinkError::Misconfigured { reason })) => Some(reason),
        Ok(Err(error)) => Some(error.to_string()),
        Err(_) => Some(format!("no answer within {} s", PATIENCE.as_secs())),
    };
    bar.finish_and_clear();
    Probe {
        what,
        problem,
        remarks,
        needs_login: false,
    }
}

#[cfg(test)]
mod tests {
    use pipeline::VehicleSpec;

    use super::*;

    #[test]
    fn names_that_are_numbers_to_a_spreadsheet_are_told() {
        let spec = |name: Option<&str>| VehicleSpec {
            vin: "WBYZZZ00007E00123".parse().unwrap(),
            name: name.map(Name::from),
            account: None,
            units: None,
            capacity_kwh: None,
        };
        let list = [Some("7E00123"), Some("330e"), Some("12"), None].map(spec);
        let doubtful = doubtful_names(&Vehicles::List(list.into()));
        assert_eq!(doubtful, ["7E00123".into(), "12".into()]);
    }
}
