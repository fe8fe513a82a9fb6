//! One descriptor's JSON, parsed once: what it says by today's rules, and what makes it itself by no rule at all.

use std::borrow::Cow;

use collector_core::{RawReading, RawSnapshot, Stamp};
use jiff::Timestamp;
use normalise::body::Body;
use normalise::known::{KnownDescriptor, KnownDescriptors};
use normalise::unlabelled;
use normalise::{Meaning, Window, interpret, stamp, time, unit};

use crate::canonical;

/// What one descriptor's JSON says.
#[derive(Debug)]
pub struct Observed {
    /// Whether it is a value.
    pub what: What,
    /// When; of what has no stamp, when it was received.
    pub measured: MeasuredAt,
    /// Whose time that is.
    pub stamp: Stamp,
    /// Of the value's [`canonical`] form; 0 where there is no value.
    pub hash: i64,
    /// That form.
    pub form: Option<String>,
    /// The unit that came with it, as it was sent, of what may come without one.
    pub label: Option<String>,
    /// Milliseconds since the epoch.
    pub received_at: i64,
    /// Of what is absent, when the value ended, in milliseconds since the epoch, where its stamp says so.
    pub ended_at: Option<i64>,
}

/// What a descriptor's JSON is by today's rules.
#[derive(Debug)]
pub enum What {
    /// A reading.
    Value,
    /// It fits no type: why.
    Misfit(String),
    /// There is no value, or nobody knows its type.
    Absent,
}

impl Observed {
    /// Reads the JSON of one descriptor, which is `body` where it is an object. What nobody knows the type of is none.
    pub fn of(json: &str, body: Option<&Body<'_>>, known: Option<&KnownDescriptor>, window: Window) -> Self {
        let meaning = match (body, known) {
            (None, _) if json.trim() == "null" => Meaning::Absent,
            (None, _) => Meaning::Rejected("not a JSON object".to_owned()),
            (Some(_), None) => Meaning::Absent,
            (Some(body), Some(known)) => interpret(body, known, window),
        };
        let form = canonical::of(json, body, known.map(|known| known.descriptor.as_str()));
        let ended_at = match (&meaning, body) {
            (Meaning::Absent, Some(body)) => stamp::of_end(body, known, window),
            _ => None,
        };
        let what = match &meaning {
            Meaning::Reading { .. } => What::Value,
            Meaning::Rejected(reason) => What::Misfit(reason.clone()),
            Meaning::Absent => What::Absent,
        };
        let (at, stamp) = match meaning {
            Meaning::Reading {
                measured_at, stamp, ..
            } => (measured_at, stamp),
            Meaning::Rejected(_) | Meaning::Absent => match body {
                Some(body) => stamp::of(body, known, window),
                None => (window.received_at, Stamp::Requested),
            },
        };
        let at = at.as_millisecond();
        let label = match (body, known) {
            (Some(body), Some(known)) if unlabelled::may_be(&known.descriptor) => {
                let readable = |unit: &Cow<'_, str>| unit::of_kind(unit, &known.descriptor).is_some();
                body.unit().filter(readable)
            }
            _ => None,
        };
        Self {
            what,
            label: label.map(Cow::into_owned),
            measured: match body {
                Some(body) => MeasuredAt::of(body, at),
                None => MeasuredAt {
                    at,
                    whole_second: false,
                },
            },
            stamp,
            hash: form.as_deref().map_or(0, canonical::hash),
            form,
            received_at: window.received_at.as_millisecond(),
            ended_at: ended_at.map(Timestamp::as_millisecond),
        }
    }

    /// The number that was sent, if it is a value and one.
    pub fn number(&self) -> Option<f64> {
        let digits = self.form.as_ref()?.strip_prefix('n')?;
        match self.what {
            What::Value => digits.parse().ok(),
            What::Misfit(_) | What::Absent => None,
        }
    }
}

/// A value that fits no type: it is stored, and no sink is given it.
#[derive(Debug)]
pub struct Misfit {
    pub descriptor: String,
    /// Among the readings of the payload.
    pub position: usize,
    pub reason: String,
}

/// What of a snapshot fits no type.
pub fn misfits(snapshot: &RawSnapshot, known: &KnownDescriptors) -> Vec<Misfit> {
    let window = Window::of(snapshot);
    let misfit = |(position, reading): (usize, &RawReading)| {
        let (json, known) = (reading.body.get(), known.get(&reading.descriptor));
        match Observed::of(json, Body::parse(json).as_ref(), known, window).what {
            What::Misfit(reason) => Some(Misfit {
                descriptor: reading.descriptor.clone(),
                position,
                reason,
            }),
            What::Value | What::Absent => None,
        }
    };
    let readings = snapshot.readings.iter().enumerate();
    readings.filter_map(misfit).collect()
}

/// When a value was measured, as exactly as it was said.
#[derive(Debug, Clone, Copy)]
pub struct MeasuredAt {
    /// Milliseconds since the epoch.
    pub at: i64,
    /// It was given in whole seconds.
    pub whole_second: bool,
}

impl MeasuredAt {
    /// The moment of a value that was read at `at` out of `body`.
    pub fn of(body: &Body<'_>, at: i64) -> Self {
        // Where the stamp cannot be read, the moment is that of the arrival.
        let in_whole_seconds = |text: &str| time::is_in_whole_seconds(text) && time::parse(text).is_some();
        let whole_second = at % 1_000 == 0 && body.timestamp().is_some_and(|text| in_whole_seconds(&text));
        Self { at, whole_second }
    }

    /// The second that it lies in, in milliseconds since the epoch.
    pub fn second(self) -> i64 {
        self.at - self.at.rem_euclid(1_000)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measured(stamp: &str, at: i64) -> MeasuredAt {
        let json = format!(r#"{{"value":1,"timestamp":"{stamp}"}}"#);
        MeasuredAt::of(&Body::parse(&json).unwrap(), at)
    }

    #[test]
    fn a_stamp_names_a_whole_second_where_it_was_sent_so() {
        assert!(measured("2026-03-01T12:00:00Z", 1_772_366_400_000).whole_second);
        assert!(!measured("2026-03-01T12:00:00.000Z", 1_772_366_400_000).whole_second);
        // The moment of the arrival, since the stamp cannot be read.
        assert!(!measured("yesterday", 1_772_366_400_000).whole_second);
        assert!(!measured("2026-03-01T12:00:00Z", 1_772_366_400_250).whole_second);
    }

    #[test]
    fn a_second_begins_before_its_moments_also_before_the_epoch() {
        let second = |at| measured("", at).second();
        assert_eq!(
            [1_999, 2_000, -1, -1_000].map(second),
            [1_000, 2_000, -1_000, -1_000]
        );
    }

    #[test]
    fn what_nobody_knows_is_absent_and_what_is_no_object_a_misfit() {
        let received_at = "2026-03-01T12:00:01.5Z".parse().unwrap();
        let window = Window {
            requested_at: None,
            sent_at: None,
            received_at,
        };
        let json = r#"{"value":"74","timestamp":"2026-03-01T12:00:00Z"}"#;
        let unknown = Observed::of(json, Body::parse(json).as_ref(), None, window);
        assert!(matches!(unknown.what, What::Absent));
        assert_eq!(unknown.ended_at, Some(1_772_366_400_000));
        assert_eq!(unknown.form.as_deref(), Some("n74e0"));

        let null = Observed::of("null", None, None, window);
        assert!(matches!(null.what, What::Absent) && null.ended_at.is_none());
        let bare = Observed::of("74", None, None, window);
        assert!(matches!(bare.what, What::Misfit(_)));
        assert_eq!((bare.measured.at, bare.ended_at), (1_772_366_401_500, None));
        assert_eq!(bare.form.as_deref(), Some("j74"));
    }
}
