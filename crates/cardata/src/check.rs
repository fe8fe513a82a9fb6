//! `cardata check`.

mod streams;

use std::sync::Arc;
use std::time::Duration;

use cardata_auth::Authenticator;
use cardata_auth::scopes_message;
use collector::account;
use collector::http::Clients;
use collector::state::StateDirectory;
use collector_core::{LogId, SinkContext, SinkError, Trust};
use jiff::Timestamp;
use pipeline::{Pipeline, SinkSpec};
use runtime::{Clock, SystemClock};

use crate::args::CheckArgs;
use crate::terminal;
use crate::{CommandResult, Failure, context};
use status::table::counted;

/// How long each probe may take.
const PATIENCE: Duration = Duration::from_secs(20);
/// A login with less is not being refreshed.
const LEAST_DAYS: f64 = 7.0;

/// One thing that was tried.
struct Probe {
    what: String,
    problem: Option<String>,
    needs_login: bool,
}

pub async fn run(options: CheckArgs) -> CommandResult {
    let pipeline = context::load(&options.pipeline)?;
    // Reads the certificates that the accounts name.
    let clients = Clients::new()?;
    for account in &pipeline.accounts {
        clients.of(account)?;
    }
    if options.show {
        terminal::say(pipeline::show(&pipeline).trim_end());
        if !options.connect {
            return Ok(());
        }
    }
    terminal::say(&format!(
        "{}: sound; {}, {}, {}",
        options.pipeline.config.display(),
        counted(pipeline.accounts.len(), "account"),
        counted(pipeline.sources.len(), "source"),
        counted(pipeline.sinks.len(), "sink"),
    ));
    if options.connect {
        connect(pipeline, &clients).await
    } else {
        streams::logins(&pipeline).await
    }
}

/// Tries logins and sinks. Spends no call and writes nothing but refreshed tokens.
async fn connect(pipeline: Pipeline, clients: &Clients) -> CommandResult {
    let state = StateDirectory::at(&pipeline.state);
    let mut probes = Vec::new();
    if pipeline.simulator.is_none() {
        for account in &pipeline.accounts {
            probes.push(login(account, &state, clients).await?);
            probes.push(api(account).await?);
        }
        probes.extend(streams::probes(&pipeline, clients).await?);
    }
    for spec in pipeline.sinks {
        probes.push(sink(spec, &pipeline.base_dir, &clients.trust).await);
    }
    let lines = probes.iter().map(|probe| match &probe.problem {
        None => format!("  ok      {}", probe.what),
        Some(problem) => format!("  failed  {}: {problem}", probe.what),
    });
    terminal::say(&lines.collect::<Vec<_>>().join("\n"));
    let failed: Vec<_> = probes.iter().filter(|probe| probe.problem.is_some()).collect();
    if failed.is_empty() {
        return Ok(());
    }
    let code = if failed.iter().all(|probe| probe.needs_login) {
        3
    } else {
        4
    };
    Err(Failure::new(
        code,
        format!("{} of {} checks failed", failed.len(), probes.len()),
    ))
}

async fn login(
    options: &pipeline::Account,
    state: &StateDirectory,
    clients: &Clients,
) -> Result<Probe, Failure> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let (http, _) = clients.of(options)?;
    let authenticator = account::authenticator(options, &http, state, &clock);
    let what = format!("login of account {}", options.name);
    // Creating the lock file of a login that is not there would write.
    let stored = authenticator.tokens().await;
    let result = match stored {
        Ok(None) => Err(format!(
            "not logged in: run `cardata login` (no tokens in {})",
            state.tokens().display()
        )),
        Ok(Some(_)) => alive(&authenticator, clock.now()).await,
        Err(error) => Err(context::chain(&error)),
    };
    let needs_login = result.is_err();
    Ok(Probe {
        what,
        problem: result.err(),
        needs_login,
    })
}

/// Whether the login is accepted, lasts for a week, and covers everything.
async fn alive(authenticator: &Authenticator, now: Timestamp) -> Result<(), String> {
    let upkeep = authenticator.upkeep().await;
    // As long as the access token is good for something, a refresh has time.
    let fresh = upkeep
        .tokens
        .as_ref()
        .is_some_and(|tokens| tokens.access_fresh(now));
    let hinders = upkeep
        .error
        .as_ref()
        .is_some_and(|error| error.needs_login() || !fresh);
    let error = upkeep.error.map(|error| context::chain(&error));
    let Some(tokens) = upkeep.tokens else {
        return Err(error.unwrap_or_else(|| "the stored login cannot be used".to_owned()));
    };
    let missing = tokens.missing_scopes();
    let days = tokens.refresh_days_left(now);
    let problem = if days <= LEAST_DAYS {
        let reason = error.map(|error| format!(": {error}")).unwrap_or_default();
        format!("the login ends in {days:.1} days unless it can be refreshed{reason}; run `cardata login`")
    } else if let Some(error) = error.filter(|_| hinders) {
        error
    } else if !missing.is_empty() {
        scopes_message(&missing)
    } else {
        return Ok(());
    };
    Err(problem)
}

/// Whether the API's address answers at all. No call of the API is made: each would count.
async fn api(options: &pipeline::Account) -> Result<Probe, Failure> {
    let host = options.api.host_str().unwrap_or_default().to_owned();
    let port = options.api.port_or_known_default().unwrap_or(443);
    let what = format!("address of the API, {host}:{port}");
    let attempt = tokio::time::timeout(PATIENCE, tokio::net::TcpStream::connect((host.as_str(), port))).await;
    let problem = match attempt {
        Ok(Ok(_)) => None,
        Ok(Err(error)) => Some(error.to_string()),
        Err(_) => Some(format!("no answer within {} s", PATIENCE.as_secs())),
    };
    Ok(Probe {
        what,
        problem,
        needs_login: false,
    })
}

async fn sink(spec: SinkSpec, base_dir: &std::path::Path, trust: &Trust) -> Probe {
    let what = format!("sink {}", spec.name);
    let bar = terminal::spinner(format!("trying {}", spec.name));
    let context = SinkContext {
        name: spec.name,
        base_dir: base_dir.to_owned(),
        log_id: LogId::new("check"),
        present: std::sync::Arc::new(collector_core::Unknown),
        trust: trust.clone(),
    };
    let attempt = async {
        let mut sink = (spec.builder)(context)?;
        let checked = sink.check().await;
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
        needs_login: false,
    }
}
