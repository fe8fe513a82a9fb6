//! What there is to say of streams, for people and for programs.

use std::time::Duration;

use collector_core::duration;
use jiff::{SignedDuration, Timestamp};
use ledger::Gap;
use planner::Activity;
use planner::silence::{ADVICE, Silence};
use serde_json::{Value, json};

use super::{StreamStatus, StreamedVehicle};
use crate::table::{ago, counted, notes, or, span, table};

/// How many reasons for messages that cannot be read a line of text names.
const SHOWN: usize = 3;

/// For people; `None` where the pipeline has no stream.
pub fn text(streams: &[StreamStatus], running: bool, now: Timestamp) -> Option<String> {
    if streams.is_empty() {
        return None;
    }
    let parts = streams.iter().map(|stream| {
        let mut part = format!(
            "  {} of {}: {}",
            stream.source,
            stream.account,
            sentence(stream, running, now)
        );
        part += &counts(stream);
        part += &losses(stream, now);
        if !stream.vehicles.is_empty() {
            part += &format!("\n{}", vehicles(stream, now));
        }
        let said = stream_notes(stream, running, now).into_iter();
        part + &notes(said.map(|note| format!("{}: {note}", stream.source)))
    });
    Some(format!("\nStreams\n{}", parts.collect::<Vec<_>>().join("\n")))
}

/// How the stream is doing.
fn sentence(stream: &StreamStatus, running: bool, now: Timestamp) -> String {
    let record = stream.record.as_ref();
    let last = stream.last_message_at();
    let last_words = last.map_or("no message yet".to_owned(), |at| {
        format!("last message {}", ago(now, at))
    });
    if !running {
        return format!("not running; {last_words}");
    }
    let Some(since) = record.and_then(|record| record.connected_since) else {
        let said = stream.said.as_ref();
        let why = said.map(|said| said.message.clone().unwrap_or_else(|| said.state.to_string()));
        let why = why.map(|why| format!(": {}", why.trim_end_matches('.')));
        return format!("not connected{}; {last_words}", why.unwrap_or_default());
    };
    let connected = format!("connected for {}", span(since, now));
    let nothing = span(last.unwrap_or(since), now);
    match stream.silence(now) {
        Silence::None => format!("{connected}, {last_words}"),
        Silence::Parked => format!("{connected}, {last_words}: a parked car says nothing"),
        Silence::Long => format!(
            "{connected}, but nothing came for {nothing}: a parked car says nothing; if one was driven or charged \
             since, {ADVICE}"
        ),
        Silence::Contradicted { at } => format!(
            "{connected}, but nothing came for {nothing}, though a poll brought what was measured {}: {ADVICE}",
            ago(now, at)
        ),
    }
}

/// The figures of the connection.
fn counts(stream: &StreamStatus) -> String {
    let Some(record) = &stream.record else {
        return String::new();
    };
    let token = stream
        .token_until
        .map(|until| format!(", token until {until:.0}"))
        .unwrap_or_default();
    let taken = match record.evictions {
        0 => String::new(),
        evictions => format!(", taken {} by another program so far", times(evictions)),
    };
    format!("\n  {}{taken}{token}", counted(record.logins, "login"))
}

/// What may be lost, and what was.
fn losses(stream: &StreamStatus, now: Timestamp) -> String {
    if stream.record.is_none() {
        return String::new();
    }
    let held = match stream.window {
        Duration::ZERO => "what was not stored".to_owned(),
        window => format!("what came within {}", duration::format(window)),
    };
    let mut lines = format!("\n  BMW sends once: a kill costs {held}, a gap what was sent in it");
    let gaps: Vec<&Gap> = stream.gaps_of_the_day(now).collect();
    if let Some(last) = gaps.last() {
        let when = last.to.map_or("and it lasts".to_owned(), |to| ago(now, to));
        lines += &format!(
            "\n  {} in a day ({}); the last of {}, {when}: {}",
            counted(gaps.len(), "gap"),
            span(Timestamp::UNIX_EPOCH, Timestamp::UNIX_EPOCH + length(&gaps, now)),
            span(last.from, last.to.unwrap_or(now)),
            last.cause.as_str()
        );
    }
    lines
}

/// How long gaps lasted together.
fn length(gaps: &[&Gap], now: Timestamp) -> SignedDuration {
    gaps.iter().map(|gap| gap.length(now)).sum()
}

fn vehicles(stream: &StreamStatus, now: Timestamp) -> String {
    let header = "vehicle | last message | messages | new readings | repeats | expected";
    let rows = stream.vehicles.iter().map(|vehicle| {
        vec![
            vehicle.name.clone(),
            or(vehicle.last_message_at.map(|at| ago(now, at)), "never"),
            vehicle.messages.to_string(),
            vehicle.readings.to_string(),
            vehicle.repeats.to_string(),
            expected(vehicle).to_owned(),
        ]
    });
    table(header, rows)
}

/// How often messages of a vehicle come, by what it does.
fn expected(vehicle: &StreamedVehicle) -> &'static str {
    match vehicle.activity {
        Some(Activity::Driving) => "every 3 min: drives",
        Some(Activity::Charging) => "every 5 min: charges",
        Some(Activity::Parked | Activity::Ended) => "nothing: is parked",
        None => "nothing while parked",
    }
}

fn stream_notes(stream: &StreamStatus, running: bool, now: Timestamp) -> Vec<String> {
    let mut notes = Vec::new();
    let is_connected = stream
        .record
        .as_ref()
        .is_some_and(|record| record.connected_since.is_some());
    let whole_is_told = matches!(stream.silence(now), Silence::Contradicted { .. } | Silence::Long);
    if running && is_connected {
        notes.extend(stream.said.as_ref().and_then(|said| said.message.clone()));
    }
    for vehicle in stream.vehicles.iter().filter(|_| running && !whole_is_told) {
        if let Silence::Contradicted { at } = stream.silence_of(vehicle, now) {
            notes.push(format!(
                "nothing came of {}, though a poll brought what was measured {}: {ADVICE}",
                vehicle.name,
                ago(now, at)
            ));
        }
    }
    notes.extend(strays(stream));
    notes.extend(stream.unlisted.iter().map(|(name, one)| {
        format!(
            "messages come for {name}, which `vehicles:` does not name ({}, the last {}): they are not stored",
            times(one.messages),
            ago(now, one.last_at)
        )
    }));
    notes
}

fn strays(stream: &StreamStatus) -> Option<String> {
    let all: u64 = stream.strays.iter().map(|one| one.times).sum();
    if all == 0 {
        return None;
    }
    let shown = stream.strays.iter().take(SHOWN);
    let mut reasons: Vec<_> = shown
        .map(|one| format!("{}: {}", times(one.times), one.reason))
        .collect();
    if stream.strays.len() > SHOWN {
        reasons.push("…".to_owned());
    }
    Some(format!(
        "{} could not be read ({}): `cardata journal strays` shows them",
        counted(all, "message"),
        reasons.join("; ")
    ))
}

fn times(number: u64) -> String {
    match number {
        1 => "once".to_owned(),
        2 => "twice".to_owned(),
        number => format!("{number} times"),
    }
}

/// For programs.
pub fn json(streams: &[StreamStatus], running: bool, now: Timestamp) -> Value {
    let streams = streams.iter().map(|stream| {
        let record = stream.record.as_ref();
        let connected = record
            .and_then(|record| record.connected_since)
            .filter(|_| running);
        let vehicles = stream.vehicles.iter().map(|vehicle| {
            json!({
                "vehicle": vehicle.name,
                "last_message_at": vehicle.last_message_at,
                "messages": vehicle.messages,
                "readings": vehicle.readings,
                "repeats": vehicle.repeats,
                "activity": vehicle.activity.map(activity),
            })
        });
        let strays = stream.strays.iter();
        let strays =
            strays.map(|one| json!({ "reason": one.reason, "times": one.times, "last_at": one.last_at }));
        json!({
            "account": stream.account,
            "source": stream.source,
            "state": state(stream, running),
            "message": stream.said.as_ref().and_then(|said| said.message.as_ref()),
            "connected_since": connected,
            "last_message_at": stream.last_message_at(),
            "window_seconds": stream.window.as_secs_f64(),
            "gaps": gaps(stream, now),
            "silence": connected.map(|_| silence(stream.silence(now))),
            "logins": record.map_or(0, |record| record.logins),
            "evictions": record.map_or(0, |record| record.evictions),
            "token_until": stream.token_until,
            "vehicles": vehicles.collect::<Value>(),
            "unreadable": strays.collect::<Value>(),
            "unlisted": stream.unlisted.iter().map(|(name, one)| json!({
                "vehicle": name,
                "messages": one.messages,
                "last_at": one.last_at,
            })).collect::<Value>(),
        })
    });
    streams.collect()
}

/// The gaps of a day, and the last one whenever it was.
fn gaps(stream: &StreamStatus, now: Timestamp) -> Value {
    let day: Vec<&Gap> = stream.gaps_of_the_day(now).collect();
    json!({
        "last_day": day.iter().copied().map(gap).collect::<Value>(),
        "last_day_seconds": length(&day, now).as_secs(),
        "last": stream.gaps.last().map(gap),
    })
}

fn gap(gap: &Gap) -> Value {
    json!({ "from": gap.from, "to": gap.to, "cause": gap.cause.as_str() })
}

fn state(stream: &StreamStatus, running: bool) -> String {
    match &stream.said {
        _ if !running => "stopped".to_owned(),
        Some(said) => said.state.to_string(),
        None => "new".to_owned(),
    }
}

fn silence(silence: Silence) -> &'static str {
    match silence {
        Silence::None => "none",
        Silence::Parked => "parked",
        Silence::Long => "long",
        Silence::Contradicted { .. } => "contradicted",
    }
}

fn activity(activity: Activity) -> &'static str {
    match activity {
        Activity::Driving => "driving",
        Activity::Charging => "charging",
        Activity::Parked | Activity::Ended => "parked",
    }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
