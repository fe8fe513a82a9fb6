//! What there is to tell of streams: taken by another program, refused, away for hours, or silent for days. Pure.

use jiff::{SignedDuration, Timestamp};

use collector_core::state::{Published, StreamState};
use ledger::StreamRecord;
use planner::silence::ADVICE;

use super::derive::{Memory, notice, reason, well};
use super::{Level, Notice};

/// A token that has expired is refused until it is renewed.
const REFUSAL_PATIENCE: SignedDuration = SignedDuration::from_mins(10);
/// Brokers and networks are away now and then.
const OUTAGE_PATIENCE: SignedDuration = SignedDuration::from_hours(6);
/// Cars stand still for days.
const SILENCE_PATIENCE: SignedDuration = SignedDuration::from_hours(7 * 24);

/// The notice about the connection of one account.
pub(super) fn connection(
    memory: &mut Memory,
    said: &Published,
    state: StreamState,
    now: Timestamp,
) -> Option<Notice> {
    let account = &said.name;
    let topic = format!("stream:{account}");
    let reason = reason(said);
    let title = match state {
        // With words, another program still takes it now and then.
        StreamState::Streaming if said.message.is_none() => {
            memory.forget(&topic);
            let title = format!("The stream of {account} is well again");
            return Some(well(topic, title, "It is connected, and nobody takes it.", now));
        }
        // A dead login has a topic of its own.
        StreamState::LoginNeeded => {
            memory.forget(&topic);
            return None;
        }
        StreamState::Evicted => format!("Another program takes the stream of {account}"),
        StreamState::NotSubscribed => format!("BMW refuses the stream's subscription of {account}"),
        StreamState::Refused if now.duration_since(said.since) >= REFUSAL_PATIENCE => {
            format!("BMW refuses the stream's login of {account}")
        }
        StreamState::Refused | StreamState::Waiting | StreamState::Connecting => {
            let since = memory.since(&topic, said.since);
            if now.duration_since(since) < OUTAGE_PATIENCE {
                return None;
            }
            let title = format!("The stream of {account} is interrupted");
            let message = format!("Since {since:.0}: {reason}. It is tried on.");
            return Some(notice(topic, Level::Warning, "interrupted", title, &message, now));
        }
        StreamState::Streaming | StreamState::Stopped => return None,
    };
    let message = format!("{reason}.");
    Some(notice(topic, Level::Error, state.as_str(), title, &message, now))
}

/// The notice about its silence, by the `records` of its connections. Of a stream that is connected alone: of one that
/// is not, it cannot be told.
pub(super) fn silence(
    memory: &mut Memory,
    said: &Published,
    state: StreamState,
    records: &[&StreamRecord],
    now: Timestamp,
) -> Option<Notice> {
    if state != StreamState::Streaming {
        return None;
    }
    let account = &said.name;
    let topic = format!("silence:{account}");
    let heard = records.iter().filter_map(|record| record.last_message_at).max();
    // Where nothing ever came, since it was first seen to be connected: it may have been connected anew since.
    let last = heard.unwrap_or_else(|| {
        let connected = records.iter().filter_map(|record| record.connected_since).min();
        memory.since(&topic, connected.unwrap_or(said.since))
    });
    let quiet = now.duration_since(last);
    if quiet >= SILENCE_PATIENCE {
        let days = quiet.as_hours() / 24;
        let title = format!("Nothing comes on the stream of {account}");
        let message = format!(
            "It is connected, but no vehicle has sent anything for {days} days. If one was driven or charged since, \
             {ADVICE}."
        );
        return Some(notice(topic, Level::Warning, "silent", title, &message, now));
    }
    let title = format!("Messages come on the stream of {account} again");
    heard.map(|_| well(topic, title, "Its vehicles are heard again.", now))
}
