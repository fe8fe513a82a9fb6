//! Messages that are odd, and many good ones at once.

use jiff::Timestamp;

use super::message;
use super::record::Stray;
use super::session::Message;
use crate::car::{Car, View, keys};

/// How many keys the largest stray has.
const THOUSAND: usize = 1_000;

/// An odd message about a vehicle.
pub(super) fn stray(kind: Stray, gcid: &str, vin: &str, now: Timestamp) -> Message {
    let seconds = Timestamp::from_second(now.as_second()).unwrap_or(now);
    let field = |descriptor: &str, value: &str| {
        format!(r#""{descriptor}":{{"timestamp":"{seconds}","value":{value}}}"#)
    };
    let data = match kind {
        Stray::NotJson | Stray::WrongTopic => field("vehicle.drivetrain.batteryManagement.header", "50"),
        Stray::ObjectValue => field("vehicle.vehicle.travelledDistance", r#"{"km":18204}"#),
        Stray::ThousandKeys => {
            let fields = (0..THOUSAND)
                .map(|number| field(&format!("vehicle.unheardOf.key{number}"), &number.to_string()));
            fields.collect::<Vec<_>>().join(",")
        }
    };
    let mut payload = message::wrapped(gcid, vin, &data, now);
    if kind == Stray::NotJson {
        // Its end is missing.
        payload.truncate(payload.len() / 2);
    }
    let level = if kind == Stray::WrongTopic { "status" } else { vin };
    Message {
        stray: Some(kind),
        ..Message::new(gcid, level, payload)
    }
}

/// Good messages that all differ: every streamed key that the car tells by itself and has a value for, second by second
/// back from `before` (exclusive). They are about times at which the car said nothing, and what it would have said.
pub(super) struct Burst<'a> {
    view: View<'a>,
    vin: &'a str,
    gcid: &'a str,
    now: Timestamp,
    keys: Vec<&'static str>,
    before: i64,
}

impl<'a> Burst<'a> {
    pub fn new(car: &'a Car, gcid: &'a str, now: Timestamp, before: i64) -> Self {
        let view = car.view(now);
        let told = |key: &&str| {
            let told = view.measured(key, before - 1);
            told.is_some_and(|told| told.entry.value.is_some() && told.entry.timestamp.is_some())
        };
        let streamed = keys::all().iter().filter(|key| key.form.is_some());
        let keys = streamed.map(|key| key.descriptor).filter(told).collect();
        Self {
            view,
            vin: &car.vehicle.vin,
            gcid,
            now,
            keys,
            before,
        }
    }

    /// How many seconds so many messages reach back.
    pub fn seconds(&self, messages: usize) -> i64 {
        let seconds = messages.div_ceil(self.keys.len().max(1));
        i64::try_from(seconds).unwrap_or(i64::MAX)
    }

    pub fn message(&self, number: usize) -> Option<Message> {
        let key = self.keys.get(number % self.keys.len().max(1))?;
        let back = i64::try_from(number / self.keys.len()).unwrap_or(i64::MAX);
        let told = self.view.measured(key, self.before - 1 - back)?;
        let payload = message::payload(self.gcid, self.vin, key, &told.entry, self.now);
        Some(Message::new(self.gcid, self.vin, payload))
    }
}
