//! What is odd in what BMW sends, told once in the log: a unit that nobody can read, a word that says neither yes nor no, a
//! number that no vehicle can mean. Nothing is lost of it; but somebody should know, and no line a message.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use collector_core::{RawReading, RawSnapshot, ValueType, mask};
use normalise::body::{Body, Scalar};
use normalise::known::{KnownDescriptor, KnownDescriptors};
use normalise::{Meaning, Window, interpret, unit, value};

/// So many are remembered; behind that they are told anew.
const MOST: usize = 10_000;
/// As much of a word is shown.
const SHOWN: usize = 40;

/// What was told since the program was started.
#[derive(Debug, Default)]
pub(super) struct Oddities {
    told: Mutex<HashSet<(String, String)>>,
}

impl Oddities {
    /// Looks at what was stored; `rejected` is whether something of it fits no type.
    pub fn look(&self, snapshots: &[RawSnapshot], rejected: bool) {
        let known = KnownDescriptors::default();
        for snapshot in snapshots {
            for reading in &snapshot.readings {
                let may_be_odd = |it: &&KnownDescriptor| rejected || it.descriptor.unit().is_some();
                let Some(known) = known.get(&reading.descriptor).filter(may_be_odd) else {
                    continue;
                };
                let Some(body) = Body::parse(reading.body.get()) else {
                    continue;
                };
                self.look_at_unit(snapshot, known, &body);
                if rejected {
                    self.look_at_value(snapshot, reading, known, &body);
                }
            }
        }
    }

    fn look_at_unit(&self, snapshot: &RawSnapshot, known: &KnownDescriptor, body: &Body<'_>) {
        let (Some(canonical), Some(label)) = (known.descriptor.unit(), body.unit()) else {
            return;
        };
        let is_usual = label == canonical.as_str() || value::is_nothing(&label);
        if is_usual || unit::of_kind(&label, &known.descriptor).is_some() {
            return;
        }
        let descriptor = known.descriptor.as_str();
        if self.is_new(descriptor, &label) {
            let unit = mask::quoted::<&str>(&label, &[], SHOWN);
            tracing::warn!(vehicle = %snapshot.vin.key_name(), descriptor, unit, "a unit that cannot be read, or not for this descriptor: its numbers are kept and delivered as they came, without a unit; said once");
        }
    }

    fn look_at_value(
        &self,
        snapshot: &RawSnapshot,
        reading: &RawReading,
        known: &KnownDescriptor,
        body: &Body<'_>,
    ) {
        let Meaning::Rejected(reason) = interpret(body, known, Window::of(snapshot)) else {
            return;
        };
        // Numbers differ each time, and texts of other types may be personal.
        let word = match (known.descriptor.value_type(), body.value()) {
            (ValueType::Bool, Scalar::Text(word)) => mask::quoted::<&str>(&word, &[], SHOWN),
            _ => String::new(),
        };
        if self.is_new(&reading.descriptor, &word) {
            let descriptor = &*reading.descriptor;
            tracing::warn!(vehicle = %snapshot.vin.key_name(), descriptor, word, reason, "a value means nothing to anybody: it is kept and not delivered, `cardata dead-letters list` shows it; said once");
        }
    }

    fn is_new(&self, descriptor: &str, what: &str) -> bool {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if told.len() >= MOST {
            told.clear();
        }
        told.insert((descriptor.to_owned(), what.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ingest::tests::{SOC, snapshot};

    fn told(oddities: &Oddities) -> Vec<(String, String)> {
        let mut told: Vec<_> = oddities.told.lock().unwrap().iter().cloned().collect();
        told.sort();
        told
    }

    #[test]
    fn what_is_odd_is_told_once_and_nothing_else_is() {
        let oddities = Oddities::default();
        let open = "vehicle.body.trunk.isOpen";
        for (descriptor, json, rejected) in [
            (SOC, r#"{"value":"50","unit":"percent"}"#, false),
            (SOC, r#"{"value":"50","unit":"-NA-"}"#, false),
            (SOC, r#"{"value":"50","unit":"zorkmid"}"#, false),
            (SOC, r#"{"value":"51","unit":"zorkmid"}"#, false),
            (SOC, r#"{"value":"52","unit":"bar"}"#, false),
            (SOC, r#"{"value":"4095","unit":"%"}"#, true),
            (SOC, r#"{"value":"4096","unit":"%"}"#, true),
            (open, r#"{"value":"PERHAPS"}"#, true),
            (open, r#"{"value":"PERHAPS"}"#, true),
            (open, r#"{"value":"true"}"#, true),
            ("vehicle.tomorrow", r#"{"value":"1","unit":"zorkmid"}"#, false),
        ] {
            oddities.look(&[snapshot(descriptor, json)], rejected);
        }
        let all = [(open, "PERHAPS"), (SOC, ""), (SOC, "bar"), (SOC, "zorkmid")];
        assert_eq!(
            told(&oddities),
            all.map(|(one, what)| (one.to_owned(), what.to_owned()))
        );
    }
}
