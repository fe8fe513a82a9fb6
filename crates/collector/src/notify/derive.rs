//! From what is published in the journal to what there is to tell. Pure.

use std::collections::HashMap;

use collector_core::{Name, mask};
use jiff::{SignedDuration, Timestamp};

use super::{Level, Manner, Notice, stream};
use crate::engine::guardian::Life;
use crate::journal::overview::Published;
use crate::journal::streams::StreamRecord;
use crate::journal::told::Condition;

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
    let mut notices = Vec::new();
    let has = |names: &[Name], name: &str| names.iter().any(|known| **known == *name);
    for component in &condition.components {
        let ours = match component.kind.as_str() {
            "sink" => has(scope.sinks, &component.name),
            "stream" => has(scope.streams, &component.name),
            _ => has(scope.accounts, &component.name),
        };
        if !ours {
            continue;
        }
        if component.kind == "stream" {
            let its = |record: &&StreamRecord| record.account == component.name;
            let records: Vec<_> = condition.streams.iter().filter(its).collect();
            notices.extend(stream::notices(memory, component, &records, now));
            continue;
        }
        notices.extend(match component.kind.as_str() {
            "login" => login(component, now),
            "scopes" => scopes(component, now),
            "account" => polls(memory, component, now),
            "sink" => sink(memory, component, now),
            _ => None,
        });
    }
    notices.extend(dead_letters(scope, condition, now));
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

fn login(said: &Published, now: Timestamp) -> Option<Notice> {
    let account = &said.name;
    let life = Life::parse(&said.state)?;
    let level = match life {
        Life::Alive => Level::Info,
        Life::SevenDays | Life::ThreeDays => Level::Warning,
        Life::LastDay | Life::Dead => Level::Error,
    };
    let title = match life {
        Life::Alive => format!("The login of {account} is well again"),
        Life::Dead => format!("The login of {account} is needed"),
        life => format!("The login of {account} {}", life.as_str()),
    };
    let stage = if life == Life::Alive { "" } else { &said.state };
    let message = said.message.as_deref().unwrap_or("BMW accepts it.");
    Some(notice(
        format!("login:{account}"),
        level,
        stage,
        title,
        message,
        now,
    ))
}

fn scopes(said: &Published, now: Timestamp) -> Option<Notice> {
    let account = &said.name;
    let topic = format!("scopes:{account}");
    let (level, stage, title) = match said.state.as_str() {
        "complete" => (
            Level::Info,
            "",
            format!("The login of {account} covers everything again"),
        ),
        "incomplete" => (
            Level::Warning,
            "incomplete",
            format!("The login of {account} lacks something"),
        ),
        "without API" => (
            Level::Error,
            "without API",
            format!("The login of {account} does not cover the API"),
        ),
        _ => return None,
    };
    let message = said.message.as_deref().unwrap_or("All scopes are granted.");
    Some(notice(topic, level, stage, title, message, now))
}

fn polls(memory: &mut Memory, said: &Published, now: Timestamp) -> Option<Notice> {
    let account = &said.name;
    let topic = format!("polls:{account}");
    match said.state.as_str() {
        "polling" => {
            memory.0.remove(&topic);
            let title = format!("Polling works again for {account}");
            Some(notice(topic, Level::Info, "", title, "New readings arrive.", now))
        }
        "failing" => {
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
        "login needed" => {
            memory.0.remove(&topic);
            None
        }
        _ => None,
    }
}

fn sink(memory: &mut Memory, said: &Published, now: Timestamp) -> Option<Notice> {
    let name = &said.name;
    let topic = format!("sink:{name}");
    let level = match said.state.as_str() {
        "delivering" => {
            memory.0.remove(&topic);
            let title = format!("The sink {name} accepts writes again");
            let message = "What it missed is delivered.";
            return Some(notice(topic, Level::Info, "", title, message, now));
        }
        "retrying" => Level::Warning,
        "paused" => Level::Error,
        _ => return None,
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

fn dead_letters(scope: &Scope<'_>, condition: &Condition, now: Timestamp) -> Vec<Notice> {
    let count = |sink: &str| {
        let found = condition.dead_letters.iter().find(|(name, _)| name == sink);
        found.map_or(0, |(_, count)| *count)
    };
    let sinks = scope.sinks.iter().map(|sink| &**sink).chain([""]);
    sinks
        .map(|sink| {
            let count = count(sink);
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
            Notice {
                manner: Manner::Growth,
                ..notice(
                    format!("dead-letters:{sink}"),
                    Level::Error,
                    &stage,
                    title,
                    &message,
                    now,
                )
            }
        })
        .collect()
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
