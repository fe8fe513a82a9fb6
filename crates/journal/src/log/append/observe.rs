//! One descriptor's JSON, parsed once: what it says by today's rules, and what makes it itself by no rule at all.

use collector_core::Stamp;
use entry_form::canonical;
use normalise::body::Body;
use normalise::known::KnownDescriptor;
use normalise::{Meaning, Window, interpret, time};

use super::repeats::MeasuredAt;

/// What one descriptor's JSON says.
#[derive(Debug)]
pub(crate) struct Observed {
    pub what: What,
    pub measured: MeasuredAt,
    pub stamp: Stamp,
    /// Of the value's canonical form.
    pub hash: i64,
    /// That form; `None` where there is no value.
    pub form: Option<String>,
    pub received_at: i64,
}

#[derive(Debug)]
pub(crate) enum What {
    Value,
    /// It fits no type: why.
    Misfit(String),
    Absent,
}

impl Observed {
    /// Reads the JSON of one descriptor, which is `body` where it is an object. What nobody knows the type of is none.
    pub fn of(json: &str, body: Option<&Body<'_>>, known: Option<&KnownDescriptor>, window: Window) -> Self {
        let meaning = match (body, known) {
            (None, _) => Meaning::Rejected("not a JSON object".to_owned()),
            (Some(_), None) => Meaning::Absent,
            (Some(body), Some(known)) => interpret(body, known, window),
        };
        let form = canonical::of(json, body);
        let what = match &meaning {
            Meaning::Reading { .. } => What::Value,
            Meaning::Rejected(reason) => What::Misfit(reason.clone()),
            Meaning::Absent => What::Absent,
        };
        let (at, stamp) = match meaning {
            Meaning::Reading {
                measured_at, stamp, ..
            } => (measured_at.as_millisecond(), stamp),
            Meaning::Rejected(_) | Meaning::Absent => stamped(body, known, window),
        };
        Self {
            what,
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
        }
    }

    /// When the vehicle stamped it; `None` where that is when it was asked for, or came.
    pub fn own_stamp(&self) -> Option<i64> {
        (self.stamp == Stamp::Measured).then_some(self.measured.at)
    }
}

/// The time and the kind of the stamp of what is no reading, as [`interpret`] has them of a reading.
fn stamped(body: Option<&Body<'_>>, known: Option<&KnownDescriptor>, window: Window) -> (i64, Stamp) {
    let sent = body.and_then(Body::timestamp).and_then(|text| time::parse(&text));
    let is_of_the_call = window.requested_at.is_some() && known.is_some_and(|known| known.request_stamped);
    match sent {
        None => (window.received_at.as_millisecond(), Stamp::Requested),
        Some(at) if is_of_the_call => (at.as_millisecond(), Stamp::Requested),
        Some(at) => (at.as_millisecond(), Stamp::Measured),
    }
}
