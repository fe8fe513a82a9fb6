//! The JSON object that BMW sends for one descriptor: `{"value": …, "unit": …, "timestamp": …}`.
//!
//! Over REST every value is a text; over the stream values are numbers, booleans or texts. Every part may be
//! `null` or missing.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

/// One descriptor's object, its parts untouched.
#[derive(Debug, Default)]
pub struct Body<'a> {
    value: Option<&'a RawValue>,
    unit: Option<&'a RawValue>,
    timestamp: Option<&'a RawValue>,
}

/// A JSON value as far as readings need it.
#[derive(Debug, Clone, PartialEq)]
pub enum Scalar<'a> {
    Null,
    Bool(bool),
    /// The digits as they were sent.
    Number(&'a str),
    Text(Cow<'a, str>),
    /// An object or a list, as JSON text.
    Nested(&'a str),
}

impl<'a> Body<'a> {
    /// Takes apart the text of a JSON object; `None` for JSON that is no object.
    pub fn parse(json: &'a str) -> Option<Self> {
        serde_json::from_str::<MaybeBody<'a>>(json).ok()?.0
    }

    pub fn value(&self) -> Scalar<'a> {
        self.value.map_or(Scalar::Null, scalar)
    }

    /// The unit as sent; `None` where none was.
    pub fn unit(&self) -> Option<Cow<'a, str>> {
        match scalar(self.unit?) {
            Scalar::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The timestamp as sent, be it a text or a number.
    pub fn timestamp(&self) -> Option<Cow<'a, str>> {
        match scalar(self.timestamp?) {
            Scalar::Text(text) => Some(text),
            Scalar::Number(text) => Some(text.into()),
            _ => None,
        }
    }
}

/// Any JSON value, taken apart where it is an object: a payload is read in one pass, and what is no object
/// must not end it.
#[derive(Debug, Default)]
pub struct MaybeBody<'a>(pub Option<Body<'a>>);

impl<'de> Deserialize<'de> for MaybeBody<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyValue)
    }
}

struct AnyValue;

impl<'de> Visitor<'de> for AnyValue {
    type Value = MaybeBody<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut body = Body::default();
        while let Some(key) = map.next_key::<Key>()? {
            match key {
                Key::Value => body.value = map.next_value()?,
                Key::Unit => body.unit = map.next_value()?,
                Key::Timestamp => body.timestamp = map.next_value()?,
                Key::Other => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(MaybeBody(Some(body)))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(MaybeBody(None))
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
        Ok(MaybeBody(None))
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
        Ok(MaybeBody(None))
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
        Ok(MaybeBody(None))
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
        Ok(MaybeBody(None))
    }

    fn visit_str<E>(self, _: &str) -> Result<Self::Value, E> {
        Ok(MaybeBody(None))
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(MaybeBody(None))
    }
}

/// The keys that matter.
#[derive(serde::Deserialize)]
#[serde(rename_all = "lowercase")]
enum Key {
    Value,
    Unit,
    Timestamp,
    #[serde(other)]
    Other,
}

fn scalar(raw: &RawValue) -> Scalar<'_> {
    let json = raw.get();
    match json.as_bytes().first() {
        Some(b'"') => Scalar::Text(text(json)),
        Some(b't') => Scalar::Bool(true),
        Some(b'f') => Scalar::Bool(false),
        Some(b'{' | b'[') => Scalar::Nested(json),
        Some(b'-' | b'0'..=b'9') => Scalar::Number(json),
        _ => Scalar::Null,
    }
}

/// The text of a JSON string; borrowed where nothing is escaped.
fn text(json: &str) -> Cow<'_, str> {
    if json.contains('\\') {
        // serde_json has already accepted it, but for lone surrogates, which no text can hold.
        return serde_json::from_str::<String>(json).map_or_else(|_| Cow::Borrowed(json), Cow::Owned);
    }
    Cow::Borrowed(json.get(1..json.len().saturating_sub(1)).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_may_be_null_or_missing() {
        let body = Body::parse(r#"{"timestamp":null,"unit":"min","value":null}"#).unwrap();
        assert_eq!(body.value(), Scalar::Null);
        assert_eq!(body.unit().as_deref(), Some("min"));
        assert_eq!(body.timestamp(), None);
        assert_eq!(Body::parse("{}").unwrap().value(), Scalar::Null);
        assert!(Body::parse("17").is_none());
    }

    #[test]
    fn digits_and_escapes_are_kept() {
        let body = Body::parse(r#"{"value":22.979991912841797,"timestamp":1668895916}"#).unwrap();
        assert_eq!(body.value(), Scalar::Number("22.979991912841797"));
        assert_eq!(body.timestamp().as_deref(), Some("1668895916"));
        let body = Body::parse(r#"{"value":"a\"b\u00e4"}"#).unwrap();
        assert_eq!(body.value(), Scalar::Text("a\"bä".into()));
        let body = Body::parse(r#"{"value":{"k":[1]}}"#).unwrap();
        assert_eq!(body.value(), Scalar::Nested(r#"{"k":[1]}"#));
    }
}
