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
}

#[derive(serde::Deserialize)]
#[serde(rename_all = "camelCase")]
struct Body {
    telematic_data: TelematicData,
}

struct ReadingsVisitor;

pub(crate) fn read(answer: &Answer<'_>) -> Result<TelematicData, ApiError> {
    let body: Body = answer.json("no telematicData of at most 10,000 descriptors")?;
    Ok(body.telematic_data)
}

/// Neither a map type nor `Value` keeps order, repeated keys and the digits of numbers.
impl<'de> Deserialize<'de> for TelematicData {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ReadingsVisitor)
    }
}

impl<'de> Visitor<'de> for ReadingsVisitor {
    type Value = TelematicData;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with one member for each descriptor")
    }

    /// Null where nothing is known of the vehicle.
    fn visit_unit<E>(self) -> Result<TelematicData, E> {
        Ok(TelematicData { readings: Vec::new() })
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<TelematicData, A::Error> {
        let mut readings = Vec::new();
        while let Some((descriptor, body)) = map.next_entry()? {
            if readings.len() == MOST_DESCRIPTORS {
                return Err(A::Error::custom("too many descriptors"));
            }
            readings.push(RawReading { descriptor, body });
        }
        Ok(TelematicData { readings })
    }
}
