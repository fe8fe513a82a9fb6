//! From what is published to what there is to tell. Pure.

use std::collections::HashMap;

use collector_core::state::{JournalState, LoginState, PollsState, Published, ScopesState, SinkState, State};
use collector_core::{Name, mask};
use jiff::{SignedDuration, Timestamp};
use ledger::{Condition, StreamRecord};

use super::{Level, Manner, Notice, stream};

/// A sink that is away for a moment is no news.
const SINK_PATIENCE: SignedDuration = SignedDuration::from_mins(10);
/// A flush that fails is tried again every few seconds.
const JOURNAL_PATIENCE: SignedDuration = SignedDuration::from_mins(10);
/// Polls fail now and then.
const POLL_PATIENCE: SignedDuration = SignedDuration::from_hours(3);
/// Of a message, in characters: a telephone shows few, and ntfy takes 4,096 bytes.
const LONGEST: usize = 500;

/// What belongs to the pipeline; the ledger may remember others.
#[derive(Debug, Default)]
pub struct Scope {
    pub accounts: Vec<Name>,
    pub sinks: Vec<Name>,
    /// The accounts that have a stream.
    pub streams: Vec<Name>,
}

/// What is going on, since when, and how bad it was at its worst.
#[derive(Debug, Default)]
pub struct Memory(HashMap<String, (Timestamp, Level)>);

impl Memory {
    /// Since when something goes on: `since`, unless it was known before.
    pub(super) fn since(&mut self, topic: &str, since: Timestamp) -> Timestamp {
        self.worst(topic, since, Level::Warning).0
    }

    /// The same, and how bad it was at its worst.
    fn worst(&mut self, topic: &str, since: Timestamp, level: Level) -> (Timestamp, Level) {
        let known = self.0.entry(topic.to_owned()).or_insert((since, level));
        known.1 = level.max(known.1);
        *known
    }

    pub(super) fn forget(&mut self, topic: &str) {
        self.0.remove(topic);
    }
}

/// One notice for each topic of which it is known how it is.
pub fn notices(memory: &mut Memory, scope: &Scope, condition: &Condition, now: Timestamp) -> Vec<Notice> {
    let (mut notices, mut letters) = (Vec::new(), Vec::new());
    for said in &condition.components {
        let has = |names: &[Name]| names.contains(&said.name);
        match said.state {
            State::Sink(state) if has(&scope.sinks) => notices.extend(sink(memory, said, state, now)),
            State::DeadLetters(count) if said.name.is_empty() || has(&scope.sinks) => {
                letters.push(dead_letters(&said.name, count, now));
            }
            State::Stream(state) if has(&scope.streams) => {
                let its = |record: &&StreamRecord| *record.account == *said.name;
                let records: Vec<_> = condition.streams.iter().filter(its).collect();
                notices.extend(stream::connection(memory, said, state, now));
                notices.extend(stream::silence(memory, said, state, &records, now));
            }
            State::Login(state) if has(&scope.accounts) => notices.push(login(said, state, now)),
            State::Scopes(state) if has(&scope.accounts) => notices.push(scopes(said, state, now)),
            State::Journal(state) => notices.extend(journal(memory, said, state, now)),
            State::Polls(state) if has(&scope.accounts) => {
                notices.extend(polls(memory, said, state, now));
            }
            _ => {}
        }
    }
    notices.append(&mut letters);
    let accounts = scope.accounts.iter();
    notices.extend(accounts.map(|account| quota(account, condition, now)));
    notices
}

pub(super) fn notice(
    topic: String,
    level: Level,
    stage: &str,
    title: String,
    message: &str,
    at: Timestamp,
) -> Notice {
    Notice {
        topic,
        level,
        stage: stage.to_owned(),
        title,
        // Stores quote what they refuse.
        message: mask::cut(&mask::personal(message), LONGEST),
        at,
        manner: Manner::Change,
    }
}

/// The notice that all is well again.
pub(super) fn well(topic: String, title: String, message: &str, at: Timestamp) -> Notice {
    notice(topic, Level::Info, "", title, message, at)
}

/// Why something does not work, without the full stop.
pub(super) fn reason(said: &Published) -> &str {
    let reason = said.message.as_deref().unwrap_or("no reason is known");
    reason.trim_end_matches('.')
}

fn login(said: &Published, life: LoginState, now: Timestamp) -> Notice {
    let account = &said.name;
    let (level, stage, what) = match life {
        LoginState::Alive => (Level::Info, "", "is well again"),
        LoginState::EndsWithin7Days | LoginState::EndsWithin3Days => {
            (Level::Warning, life.as_str(), life.as_str())
        }
        LoginState::EndsWithinADay => (Level::Error, life.as_str(), life.as_str()),
        LoginState::Needed => (Level::Error, life.as_str(), "is needed"),
    };
    let title = format!("The login of {account} {what}");
    let message = said.message.as_deref().unwrap_or("BMW accepts it.");
    notice(format!("login:{account}"), level, stage, title, message, now)
}

fn scopes(said: &Published, state: ScopesState, now: Timestamp) -> Notice {
    let account = &said.name;
    let (level, stage, what) = match state {
        ScopesState::Complete => (Level::Info, "", "covers everything again"),
        ScopesState::Incomplete => (Level::Warning, state.as_str(), "lacks something"),
        ScopesState::WithoutApi => (Level::Error, state.as_str(), "does not cover the API"),
    };
    let title = format!("The login of {account} {what}");
    let message = said.message.as_deref().unwrap_or("All scopes are granted.");
    notice(format!("scopes:{account}"), level, stage, title, message, now)
}

fn polls(memory: &mut Memory, said: &Published, state: PollsState, now: Timestamp) -> Option<Notice> {
    let account = &said.name;
    let topic = format!("polls:{account}");
    match state {
        PollsState::Polling => {
            memory.forget(&topic);
            let title = format!("Polling works again for {account}");
            Some(well(topic, title, "New readings arrive.", now))
        }
        PollsState::Failing => {
            let since = memory.since(&topic, said.since);
            if now.duration_since(since) < POLL_PATIENCE {
                return None;
            }
            let title = format!("Polling fails for {account}");
            let message = format!("Since {since:.0}: {}. It is tried on.", reason(said));
            Some(notice(topic, Level::Warning, "failing", title, &message, now))
        }
        // A dead login has a topic of its own.
        PollsState::LoginNeeded => {
            memory.forget(&topic);
            None
        }
        PollsState::Waiting | PollsState::Stopped => None,
    }
}

fn journal(memory: &mut Memory, said: &Published, state: JournalState, now: Timestamp) -> Option<Notice> {
    let topic = "journal".to_owned();
    if state == JournalState::Writing {
        memory.forget(&topic);
        let title = "The journal can be written again".to_owned();
        return Some(well(topic, title, "Nothing waits in memory.", now));
    }
    let since = memory.since(&topic, said.since);
    if now.duration_since(since) < JOURNAL_PATIENCE {
        return None;
    }
    let message = format!("Since {since:.0}: {}. It is tried on.", reason(said));
    let title = "The journal cannot be written".to_owned();
    Some(notice(
        topic,
        Level::Warning,
        state.as_str(),
        title,
        &message,
        now,
    ))
}

fn sink(memory: &mut Memory, said: &Published, state: SinkState, now: Timestamp) -> Option<Notice> {
    let name = &said.name;
    let topic = format!("sink:{name}");
    let level = match state {
        SinkState::Delivering => {
            memory.forget(&topic);
            let title = format!("The sink {name} accepts writes again");
            return Some(well(topic, title, "What it missed is delivered.", now));
        }
        SinkState::Retrying => Level::Warning,
        SinkState::Paused => Level::Error,
        SinkState::Waiting | SinkState::Stopped => return None,
    };
    // The reason may change from try to try, and with it the time that the sink itself publishes.
    let (since, worst) = memory.worst(&topic, said.since, level);
    if now.duration_since(since) < SINK_PATIENCE {
        return None;
    }
    let title = match worst {
        Level::Error => format!("The sink {name} is paused"),
        _ => format!("The sink {name} does not accept writes"),
    };
    let message = format!(
        "Since {since:.0}: {}. Nothing is lost; it is tried on.",
        reason(said)
    );
    Some(notice(topic, worst, worst.as_str(), title, &message, now))
}

fn dead_letters(sink: &Name, count: u64, now: Timestamp) -> Notice {
    let (title, message) = match &**sink {
        "" => (
            "Readings do not fit their type".to_owned(),
            format!("{count} readings of BMW fit no sink; they are among the dead letters."),
        ),
        sink => (
            format!("The sink {sink} refused readings"),
            format!("{count} readings are among its dead letters."),
        ),
    };
    let stage = match count {
        0 => String::new(),
        count => count.to_string(),
    };
    let topic = format!("dead-letters:{sink}");
    Notice {
        manner: Manner::Growth,
        ..notice(topic, Level::Error, &stage, title, &message, now)
    }
}

/// A block that ends so soon is a pause that was asked for, or the last of a day.
const SHORT_BLOCK: SignedDuration = SignedDuration::from_hours(1);

fn quota(account: &Name, condition: &Condition, now: Timestamp) -> Notice {
    let mut blocks = condition.blocked.iter();
    let until = blocks.find(|(name, until)| *name == **account && *until > now + SHORT_BLOCK);
    let (stage, message) = match until {
        Some((_, until)) => (
            "blocked",
            format!("BMW allows no call until {until:.0}; another program may use this account."),
        ),
        None => ("", String::new()),
    };
    let topic = format!("quota:{account}");
    let title = format!("The calls of {account} are used up");
    Notice {
        manner: Manner::Beginning,
        ..notice(topic, Level::Warning, stage, title, &message, now)
    }
}
