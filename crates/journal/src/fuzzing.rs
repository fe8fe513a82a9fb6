//! The reader and the writer of payloads, open to the fuzz targets, which stand outside of this package. No part
//! of the interface: they change with the payload.

use collector_core::Reading;
use entry_form::payload;
use serde_json::value::RawValue;

use crate::log::typed;
use normalise::Window;
use normalise::known::KnownDescriptors;

/// Writes a payload of descriptors, their objects, and the occurrences of these.
pub fn encode<'a>(readings: impl IntoIterator<Item = (&'a str, &'a RawValue, u32)>) -> String {
    let mut builder = payload::Builder::new(None);
    for (descriptor, body, occurrence) in readings {
        builder.push(descriptor, body, occurrence);
    }
    builder.finish()
}

/// Every descriptor with an object in a payload, and its occurrence.
pub fn descriptors(payload: &str) -> Result<Vec<(String, u32)>, serde_json::Error> {
    let mut found = Vec::new();
    payload::for_each(payload, |descriptor, _, occurrence| {
        found.push((descriptor.to_owned(), occurrence));
    })?;
    Ok(found)
}

/// What a sink is given of a payload, where `known` are the descriptors that have a type.
pub fn readings(
    payload: &str,
    window: Window,
    known: &KnownDescriptors,
) -> Result<Vec<Reading>, serde_json::Error> {
    Ok(typed::readings(payload, 0, window, known)?.readings)
}
