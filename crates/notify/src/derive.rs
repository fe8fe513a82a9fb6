//! From what is published to what there is to tell. Pure.

use std::collections::HashMap;

use collector_core::state::{LoginState, PollsState, Published, ScopesState, SinkState, State};
use collector_core::{Name, mask};
use jiff::{SignedDuration, Timestamp};

use super::{Level, Manner, Notice, stream};
use ledger::Condition;
use ledger::StreamRecord;

/// A sink that is away for a moment is no news.
const SINK_PATIENCE: SignedDuration = SignedDuration::from_mins(10);
/// Polls fail now and then.
const POLL_PATIENCE: SignedDuration = SignedDuration::from_hours(3);
/// Of a message, in characters: a telephone shows few, and ntfy takes 4,096 bytes.
const LONGEST: usize = 500;

/// What belongs to the pipeline.
pub struct Scope<'a> {
    pub accounts: &'a [Name],
    pub sinks: &'a [Name],
    /// The accounts that have a stream.
    pub streams: &'a [Name],
}

/// What is going on, since when, and how bad it was at its worst.
#[derive(Debug, Default)]
pub struct Memory(HashMap<String, (Timestamp, Level)>);

impl Memory {
    /// Since when something goes on: `since`, unless it was known before.
    pub(super) fn since(&mut self, topic: &str, since: Timestamp) -> Timestamp {
        let known = self.0.entry(topic.to_owned()).or_insert((since, Level::Warning));
        known.0
    }

    pub(super) fn forget(&mut self, topic: &str) {
        self.0.remove(topic);
    }
}

/// One notice for each topic of which it is known how it is.
pub fn notices(memory: &mut Memory, scope: &Scope<'_>, condition: &Condition, now: Timestamp) -> Vec<Notice> {
    let (mut notices, mut letters) = (Vec::new(), Vec::new());
    for said in &condition.components {
        let has = |names: &[Name]| names.contains(&said.name);
        match said.state {
            State::Sink(state) if has(scope.sinks) => notices.extend(sink(memory, said, state, now)),
            State::DeadLetters(count) if said.name.is_empty() || has(scope.sinks) => {
                letters.push(dead_letters(&said.name, count, now));
            }
            State::Stream(state) if has(scope.streams) => {
                let its = |record: &&StreamRecord| *record.account == *said.name;
                let records: Vec<_> = condition.streams.iter().filter(its).collect();
                notices.extend(stream::notices(memory, said, state, &records, now));
            }
            State::Login(state) if has(scope.accounts) => notices.push(login(said, state, now)),
            State::Scopes(state) if has(scope.accounts) => notices.push(scopes(said, state, now)),
            State::Polls(state) if has(scope.accounts) => {
                notices.extend(polls(memory, said, state, now));
            }
            _ => {}
        }
    }
    notices.append(&mut letters);
    notices.extend(
        scope
            .accounts
            .iter()
            .map(|account| quota(account, condition, now)),
    );
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

fn login(said: &Published, life: LoginState, now: Timestamp) -> Notice {
    let account = &said.name;
    let level = match life {
        LoginState::Alive => Level::Info,
        LoginState::EndsWithin7Days | LoginState::EndsWithin3Days => Level::Warning,
        LoginState::EndsWithinADay | LoginState::Needed => Level::Error,
    };
    let title = match life {
        LoginState::Alive => format!("The login of {account} is well again"),
        LoginState::Needed => format!("The login of {account} is needed"),
        life => format!("The login of {account} {}", life.as_str()),
    };
    let stage = if life == LoginState::Alive {
        ""
    } else {
        life.as_str()
    };
    let message = said.message.as_deref().unwrap_or("BMW accepts it.");
    notice(format!("login:{account}"), level, stage, title, message, now)
}

fn scopes(said: &Published, state: ScopesState, now: Timestamp) -> Notice {
    let account = &said.name;
    let topic = format!("scopes:{account}");
    let (level, title) = match state {
        ScopesState::Complete => (
            Level::Info,
            format!("The login of {account} covers everything again"),
        ),
        ScopesState::Incomplete => (Level::Warning, format!("The login of {account} lacks something")),
        ScopesState::WithoutApi => (
            Level::Error,
            format!("The login of {account} does not cover the API"),
        ),
    };
    let stage = if state == ScopesState::Complete {
        ""
    } else {
        state.as_str()
    };
    let message = said.message.as_deref().unwrap_or("All scopes are granted.");
    notice(topic, level, stage, title, message, now)
}

fn polls(memory: &mut Memory, said: &Published, state: PollsState, now: Timestamp) -> Option<Notice> {
    let account = &said.name;
    let topic = format!("polls:{account}");
    match state {
        PollsState::Polling => {
            memory.0.remove(&topic);
            let title = format!("Polling works again for {account}");
            Some(notice(topic, Level::Info, "", title, "New readings arrive.", now))
        }
        PollsState::Failing => {
            let (since, _) = *memory
                .0
                .entry(topic.clone())
                .or_insert((said.since, Level::Warning));
            if now.duration_since(since) < POLL_PATIENCE {
                return None;
            }
            let title = format!("Polling fails for {account}");
            let reason = said.message.as_deref().unwrap_or("no reason is known");
            let message = format!(
                "Since {since:.0}: {}. It is tried on.",
                reason.trim_end_matches('.')
            );
            Some(notice(topic, Level::Warning, "failing", title, &message, now))
        }
        // A dead login has a topic of its own.
        PollsState::LoginNeeded => {
            memory.0.remove(&topic);
            None
        }
        PollsState::Waiting | PollsState::Stopped => None,
    }
}

fn sink(memory: &mut Memory, said: &Published, state: SinkState, now: Timestamp) -> Option<Notice> {
    let name = &said.name;
    let topic = format!("sink:{name}");
    let level = match state {
        SinkState::Delivering => {
            memory.0.remove(&topic);
            let title = format!("The sink {name} accepts writes again");
            let message = "What it missed is delivered.";
            return Some(notice(topic, Level::Info, "", title, message, now));
        }
        SinkState::Retrying => Level::Warning,
        SinkState::Paused => Level::Error,
        SinkState::Waiting | SinkState::Stopped => return None,
    };
    // The reason may change from try to try, and with it the time that the sink itself publishes.
    let (since, worst) = memory.0.entry(topic.clone()).or_insert((said.since, level));
    *worst = level.max(*worst);
    if now.duration_since(*since) < SINK_PATIENCE {
        return None;
    }
    let title = match worst {
        Level::Error => format!("The sink {name} is paused"),
        _ => format!("The sink {name} does not accept writes"),
    };
    let reason = said.message.as_deref().unwrap_or("no reason is known");
    let reason = reason.trim_end_matches('.');
    let message = format!("Since {since:.0}: {reason}. Nothing is lost; it is tried on.");
    Some(notice(topic, *worst, worst.as_str(), title, &message, now))
}

fn dead_letters(sink: &Name, count: u64, now: Timestamp) -> Notice {
    let (title, message) = if sink.is_empty() {
        (
            "Readings do not fit their type".to_owned(),
            format!("{count} readings of BMW fit no sink; they are among the dead letters."),
        )
    } else {
        (
            format!("The sink {sink} refused readings"),
            format!("{count} readings are among its dead letters."),
        )
    };
    let stage = if count == 0 {
        String::new()
    } else {
        count.to_string()
    };
    let topic = format!("dead-letters:{sink}");
    Notice {
        manner: Manner::Growth,
        ..notice(topic, Level::Error, &stage, title, &message, now)
    }
}

fn quota(account: &Name, condition: &Condition, now: Timestamp) -> Notice {
    let mut blocks = condition.blocked.iter();
    let until = blocks.find(|(name, until)| *name == **account && *until > now);
    let (stage, message) = match until {
        Some((_, until)) => (
            "blocked",
            format!("BMW allows no call until {until:.0}; another program may use this account."),
        ),
        None => ("", String::new()),
    };
    Notice {
        manner: Manner::Beginning,
        ..notice(
            format!("quota:{account}"),
            Level::Warning,
            stage,
            format!("The calls of {account} are used up"),
            &message,
            now,
        )
    }
}
