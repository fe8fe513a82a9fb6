//! Why there is no data: what was looked at, in the order in which it goes wrong, and what to do.
//!
//! Pure: from what the network showed ([`Looked`]) and from what [`Status`] knows already to [`Finding`]s. Whoever looks
//! is elsewhere: the command line, and whatever shows findings too.
//!
//! A vehicle that sleeps is no fault, and is told all the same. What cannot be told is `unknown` and never `ok`. Only the
//! first problem is explained at length: those behind it may go with it.
//!
//! * `facts`: what there was to see. `network`, `login`, `account`, `vehicles`: what it means. [`report`]: in words.

mod account;
mod facts;
mod login;
mod network;
pub mod report;
#[cfg(test)]
mod tests;
mod vehicles;

use crate::Status;
use collector_core::state::{SinkState, State};

pub use facts::{
    AccountLook, Asked, ClockLook, Failed, Fault, Hindrance, HostLook, LoginLook, Looked, Network, Trouble,
};

/// What is looked at, in the order in which it goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Check {
    /// This machine's clock beside BMW's.
    Clock,
    /// Whether the names of BMW's servers lead to addresses that can be theirs.
    Names,
    /// Whether their ports can be reached.
    Ports,
    /// Whether it is they who answer.
    Certificates,
    ClientId,
    /// What the client is subscribed to in BMW's portal.
    Services,
    Login,
    /// What the login covers beside the services.
    Scopes,
    /// Whether anything runs that collects.
    Program,
    /// The vehicles that BMW maps to the account.
    Mapping,
    Quota,
    Container,
    Polls,
    /// The connection of the stream.
    Stream,
    /// What is selected for the stream in BMW's portal.
    Selection,
    /// Whether vehicles are awake.
    Vehicle,
    /// Which descriptors vehicles have.
    Descriptors,
    /// Whether sinks take what came.
    Sinks,
}

impl Check {
    /// Its name for programs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Clock => "clock",
            Self::Names => "names",
            Self::Ports => "ports",
            Self::Certificates => "certificates",
            Self::ClientId => "client_id",
            Self::Services => "services",
            Self::Login => "login",
            Self::Scopes => "scopes",
            Self::Program => "program",
            Self::Mapping => "mapping",
            Self::Quota => "quota",
            Self::Container => "container",
            Self::Polls => "polls",
            Self::Stream => "stream",
            Self::Selection => "selection",
            Self::Vehicle => "vehicle",
            Self::Descriptors => "descriptors",
            Self::Sinks => "sinks",
        }
    }

    /// Whether a login mends what is wrong here.
    fn is_of_the_login(self) -> bool {
        matches!(self, Self::ClientId | Self::Services | Self::Login | Self::Scopes)
    }
}

/// What a look told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    Ok,
    Problem,
    /// It cannot be told; the words say why.
    Unknown,
}

impl Verdict {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Problem => "problem",
            Self::Unknown => "unknown",
        }
    }
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    pub check: Check,
    /// The account, vehicle, server or sink that it is about; `None` where it is about all.
    pub of: Option<String>,
    pub verdict: Verdict,
    /// What was found, or why it cannot be told.
    pub said: String,
    /// What to do about it.
    pub advice: Option<String>,
    /// Descriptors that it is about.
    pub descriptors: Vec<String>,
    /// Whether it passes by itself, and no login mends it.
    passes: bool,
}

impl Finding {
    /// Whether it is a problem that a login mends.
    pub fn needs_login(&self) -> bool {
        self.verdict == Verdict::Problem && self.check.is_of_the_login() && !self.passes
    }

    fn new(check: Check, of: Option<&str>, verdict: Verdict, said: String) -> Self {
        Self {
            check,
            of: of.map(str::to_owned),
            verdict,
            said,
            advice: None,
            descriptors: Vec::new(),
            passes: false,
        }
    }

    fn ok(check: Check, of: Option<&str>, said: impl Into<String>) -> Self {
        Self::new(check, of, Verdict::Ok, said.into())
    }

    fn unknown(check: Check, of: Option<&str>, said: impl Into<String>) -> Self {
        Self::new(check, of, Verdict::Unknown, said.into())
    }

    fn problem(check: Check, of: Option<&str>, said: impl Into<String>, advice: impl Into<String>) -> Self {
        Self::new(check, of, Verdict::Problem, said.into()).advising(advice)
    }

    fn advising(self, advice: impl Into<String>) -> Self {
        Self {
            advice: Some(advice.into()),
            ..self
        }
    }

    fn passing(self) -> Self {
        Self { passes: true, ..self }
    }
}

/// What `looked` and `status` mean together, in the order in which it goes wrong.
pub fn diagnose(looked: &Looked, status: &Status) -> Vec<Finding> {
    let mut findings = Vec::new();
    if let Some(network) = &looked.network {
        findings.extend(network::findings(network));
        for (look, account) in looked.accounts.iter().zip(&status.accounts) {
            findings.extend(login::findings(look, account, status));
        }
    }
    findings.push(program(status));
    for (look, account) in looked.accounts.iter().zip(&status.accounts) {
        findings.extend(account::findings(look, account, status));
    }
    findings.extend(vehicles::findings(looked, status));
    findings.extend(sinks(status));
    // What is of one kind stands together, whoever's it is.
    findings.sort_by_key(|finding| finding.check);
    findings
}

fn program(status: &Status) -> Finding {
    match (&status.running, &status.journal_problem) {
        (_, Some(problem)) => Finding::problem(
            Check::Program,
            None,
            format!("the journal cannot be written: {problem}"),
            "Make room on the disk of the state directory, or let the program write there.",
        ),
        (Some(_), None) => Finding::ok(Check::Program, None, "it runs"),
        (None, None) => Finding::problem(
            Check::Program,
            None,
            "it does not run, so nothing is collected",
            "Start `cardata run`, or its service: `sudo systemctl enable --now cardata`. If it ended by itself, its log tells \
             why: `sudo journalctl -u cardata`.",
        ),
    }
}

fn sinks(status: &Status) -> Vec<Finding> {
    let mut findings = Vec::new();
    for sink in &status.sinks {
        let Some(said) = &sink.said else { continue };
        let State::Sink(state) = said.state else { continue };
        let hinders = match state {
            SinkState::Paused => true,
            SinkState::Retrying => status.running.is_some(),
            _ => false,
        };
        if !hinders {
            continue;
        }
        let why = said.message.clone().unwrap_or_else(|| state.to_string());
        let advice = "Data comes and this sink does not take it; nothing is lost meanwhile. `cardata check --connect` tries it.";
        findings.push(Finding::problem(Check::Sinks, Some(&sink.name), why, advice));
    }
    if findings.is_empty() && !status.sinks.is_empty() {
        let words = match status.log.readings {
            0 => "nothing to deliver yet",
            _ => "none of them is held up",
        };
        findings.push(Finding::ok(Check::Sinks, None, words));
    }
    findings
}
