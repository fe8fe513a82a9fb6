//! Whether a stream brings what it could: its owner chooses in BMW's portal what is streamed, nothing at first, and
//! the choice is known to be lost at times. Nothing tells, but polls show it.
//!
//! Where the value of a descriptor that can be streamed differs from one poll to the next, was measured in between, and
//! the stream carried all the time without a word about it, the stream leaves it out; until it tells of it again.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use collector_core::RawSnapshot;
use jiff::{SignedDuration, Timestamp};

use normalise::body::{Body, Scalar};
use normalise::time;

/// Without one of these nothing can be told of drives and charges.
const ESSENTIAL: [&str; 3] = [
    "vehicle.drivetrain.batteryManagement.header",
    "vehicle.drivetrain.electricEngine.charging.status",
    "vehicle.vehicle.travelledDistance",
];
/// What was measured just before a poll may still be on its way.
const ON_ITS_WAY: SignedDuration = SignedDuration::from_mins(5);

/// What polls and the stream told of one vehicle's descriptors. Only what polls bring is remembered.
#[derive(Debug, Default)]
pub(super) struct Coverage {
    traces: HashMap<&'static str, Trace>,
    polled_at: Option<Timestamp>,
}

#[derive(Debug)]
struct Trace {
    /// Of the value that the last poll brought.
    hash: u64,
    heard: Option<Timestamp>,
    left_out: bool,
}

/// How much of what a poll brings comes by the stream too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Brings {
    All,
    Most,
    /// Not even drives and charges.
    Little,
}

impl Coverage {
    /// Takes in what the stream brought.
    pub(super) fn heard(&mut self, snapshot: &RawSnapshot) {
        if self.traces.is_empty() {
            return;
        }
        for reading in &snapshot.readings {
            if let Some(trace) = self.traces.get_mut(reading.descriptor.as_str()) {
                trace.heard = trace.heard.max(Some(snapshot.received_at));
                trace.left_out = false;
            }
        }
    }

    /// Takes in what a poll brought. `carries_since`: since when the stream has missed nothing.
    pub(super) fn polled(&mut self, snapshot: &RawSnapshot, carries_since: Option<Timestamp>) {
        let now = snapshot.received_at;
        let before = self.polled_at.replace(now);
        let watched = before.filter(|before| carries_since.is_some_and(|since| since <= *before));
        for reading in &snapshot.readings {
            let entry = catalogue::find(&reading.descriptor);
            let Some(entry) = entry.filter(|entry| entry.streamable && !entry.request_stamped) else {
                continue;
            };
            let Some((hash, at)) = Body::parse(reading.body.get()).and_then(|body| measured(&body)) else {
                continue;
            };
            let trace = self.traces.entry(entry.descriptor).or_insert(Trace {
                hash,
                heard: None,
                left_out: false,
            });
            let changed = std::mem::replace(&mut trace.hash, hash) != hash;
            let unheard = watched.is_some_and(|before| {
                at > before && now.duration_since(at) > ON_ITS_WAY && trace.heard.is_none_or(|at| at < before)
            });
            trace.left_out |= changed && unheard;
        }
    }

    pub(super) fn brings(&self) -> Brings {
        let left_out = |id: &str| self.traces.get(id).is_some_and(|trace| trace.left_out);
        if ESSENTIAL.into_iter().any(left_out) {
            return Brings::Little;
        }
        if self.traces.values().any(|trace| trace.left_out) {
            return Brings::Most;
        }
        Brings::All
    }
}

/// A value, and when it was measured.
fn measured(body: &Body<'_>) -> Option<(u64, Timestamp)> {
    let mut hasher = DefaultHasher::new();
    match body.value() {
        Scalar::Null => return None,
        Scalar::Bool(value) => value.hash(&mut hasher),
        Scalar::Number(text) | Scalar::Nested(text) => text.hash(&mut hasher),
        Scalar::Text(text) => text.hash(&mut hasher),
    }
    Some((hasher.finish(), time::parse(&body.timestamp()?)?))
}

#[cfg(test)]
mod tests {
    use collector_core::{Origin, RawReading};
    use serde_json::value::RawValue;

    use super::*;

    const TARGET: &str = "vehicle.powertrain.electric.battery.stateOfCharge.target";
    const LEVEL: &str = "vehicle.drivetrain.electricEngine.charging.level";

    fn minute(minute: i64) -> Timestamp {
        "2026-03-01T12:00:00Z".parse::<Timestamp>().unwrap() + SignedDuration::from_mins(minute)
    }

    fn snapshot(origin: Origin, at: i64, descriptor: &str, value: u32, measured: i64) -> RawSnapshot {
        let body = format!(r#"{{"value":"{value}","timestamp":"{}"}}"#, minute(measured));
        RawSnapshot {
            vin: "WBY8P210X07A12345".parse().unwrap(),
            origin,
            requested_at: None,
            sent_at: None,
            received_at: minute(at),
            readings: vec![RawReading {
                descriptor: descriptor.to_owned(),
                body: RawValue::from_string(body).unwrap(),
            }],
        }
    }

    /// Polls of one descriptor at minutes 0 and 120, the second with another value, measured at minute `measured`.
    fn between(descriptor: &str, measured: i64, carries_since: Option<i64>, heard: &[i64]) -> Coverage {
        let mut coverage = Coverage::default();
        let since = carries_since.map(minute);
        coverage.polled(&snapshot(Origin::Poll, 0, descriptor, 1, -30), since);
        for at in heard {
            coverage.heard(&snapshot(Origin::Stream, *at, descriptor, 2, *at));
        }
        coverage.polled(&snapshot(Origin::Poll, 120, descriptor, 2, measured), since);
        coverage
    }

    #[test]
    fn what_changes_without_a_word_is_left_out() {
        assert_eq!(between(TARGET, 60, Some(-10), &[]).brings(), Brings::Most);
        assert_eq!(between(ESSENTIAL[0], 60, Some(-10), &[]).brings(), Brings::Little);
    }

    #[test]
    fn what_the_stream_could_not_know_is_not_held_against_it() {
        for (why, coverage) in [
            ("it told", between(TARGET, 60, Some(-10), &[61])),
            ("it was not connected", between(TARGET, 60, None, &[])),
            ("it was connected later", between(TARGET, 60, Some(30), &[])),
            ("it is on its way", between(TARGET, 118, Some(-10), &[])),
            (
                "it is older than the poll before",
                between(TARGET, -40, Some(-10), &[]),
            ),
            ("it cannot be streamed", between(LEVEL, 60, Some(-10), &[])),
        ] {
            assert_eq!(coverage.brings(), Brings::All, "{why}");
        }
        let mut same = between(TARGET, 60, Some(-10), &[61]);
        same.polled(&snapshot(Origin::Poll, 240, TARGET, 2, 200), Some(minute(-10)));
        assert_eq!(
            same.brings(),
            Brings::All,
            "it was measured again and is the same"
        );
    }

    #[test]
    fn a_word_is_enough() {
        let mut coverage = between(ESSENTIAL[0], 60, Some(-10), &[]);
        coverage.heard(&snapshot(Origin::Stream, 130, ESSENTIAL[0], 3, 129));
        assert_eq!(coverage.brings(), Brings::All);
    }
}
