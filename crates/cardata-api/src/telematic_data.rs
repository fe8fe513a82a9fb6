//! The last known values of a vehicle.

use std::fmt;

use collector_core::RawReading;
use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};

use crate::answer::Answer;
use crate::error::ApiError;

/// Thirty times as many as BMW's catalogue has: each would be remembered for ever.
const MOST_DESCRIPTORS: usize = 10_000;

/// What one poll brought.
#[derive(Debug, Clone)]
pub struct TelematicData {
    /// In the order of the answer, each byte by byte as BMW sent it: usually
    /// `{"value": …, "unit": …, "timestamp": …}`, in which each may be null.
    pub readings: Vec<RawReading>,
    /// When BMW says that it answered, as it wrote that (`Tue, 01 Dec 2026 09:12:31 GMT`).
    pub sent_at: Option<String>,
}

#[derive(serde::Deserialize)]
#[serde(rename_all = "camelCase")]
struct Body {
    telematic_data: Readings,
}

/// Readings in the order in which they came.
pub(crate) struct Readings(pub Vec<RawReading>);

struct ReadingsVisitor;

pub(crate) fn read(answer: &Answer<'_>) -> Result<TelematicData, ApiError> {
    let body: Body = answer.json("no telematicData of at most 10,000 descriptors")?;
    Ok(TelematicData {
        readings: body.telematic_data.0,
        sent_at: answer.date.clone(),
    })
}

/// Neither a map type nor `Value` keeps order, repeated keys and the digits of numbers.
impl<'de> Deserialize<'de> for Readings {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ReadingsVisitor)
    }
}

impl<'de> Visitor<'de> for ReadingsVisitor {
    type Value = Readings;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with one member for each descriptor")
    }

    /// Null where nothing is known of the vehicle.
    fn visit_unit<E>(self) -> Result<Readings, E> {
        Ok(Readings(Vec::new()))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Readings, A::Error> {
        let mut readings = Vec::new();
        while let Some((descriptor, body)) = map.next_entry()? {
            if readings.len() == MOST_DESCRIPTORS {
                return Err(A::Error::custom("too many descriptors"));
            }
            readings.push(RawReading { descriptor, body });
        }
        Ok(Readings(readings))
    }
}
