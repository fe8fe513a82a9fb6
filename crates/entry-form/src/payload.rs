//! The payload of a journal entry: versioned JSON that holds what BMW sent, byte by byte.
//!
//! ```json
//! {"v":1,"readings":[["vehicle.x",{"value":"74","unit":"%","timestamp":"…"}],["vehicle.y",{…},1]]}
//! ```
//!
//! A third element is the occurrence of a value that shares its timestamp with an earlier, different one. Between
//! version and readings stands when BMW says that it sent the message, where it does: `"sent":"2026-07-27T12:37:58.991Z"`.

use std::borrow::Cow;
use std::fmt;

use jiff::Timestamp;
use serde::Deserialize;
use serde::de::{self, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use normalise::body::{Body, MaybeBody};
use normalise::time;

const VERSION: u64 = 1;

/// Builds a payload from its readings.
#[derive(Debug)]
pub struct Builder {
    json: String,
    readings: usize,
}

impl Builder {
    /// `sent` is when BMW says that it sent all of it, as it wrote that.
    pub fn new(sent: Option<&str>) -> Self {
        let mut json = format!(r#"{{"v":{VERSION},"#);
        if let Some(sent) = sent {
            json.push_str(r#""sent":"#);
            push_text(&mut json, sent);
            json.push(',');
        }
        json.push_str(r#""readings":["#);
        Self { json, readings: 0 }
    }

    /// Adds a reading, its JSON as it is.
    pub fn push(&mut self, descriptor: &str, body: &RawValue, occurrence: u32) {
        if self.readings > 0 {
            self.json.push(',');
        }
        self.json.push('[');
        push_text(&mut self.json, descriptor);
        self.json.push(',');
        self.json.push_str(body.get());
        if occurrence > 0 {
            self.json.push(',');
            self.json.push_str(&occurrence.to_string());
        }
        self.json.push(']');
        self.readings += 1;
    }

    /// How many were added.
    pub fn readings(&self) -> usize {
        self.readings
    }

    /// All of it.
    pub fn finish(mut self) -> String {
        self.json.push_str("]}");
        self.json
    }
}

/// Adds a text as JSON.
fn push_text(json: &mut String, text: &str) {
    let is_plain = |byte: u8| (b' '..=b'~').contains(&byte) && byte != b'"' && byte != b'\\';
    if !text.bytes().all(is_plain) {
        return json.push_str(&serde_json::Value::from(text).to_string());
    }
    for part in ["\"", text, "\""] {
        json.push_str(part);
    }
}

/// When BMW says that it sent all of it, where that can be read.
pub fn sent_at(payload: &str) -> Option<Timestamp> {
    let (sent, _) = payload.strip_prefix(r#"{"v":1,"sent":""#)?.split_once('"')?;
    time::parse(sent)
}

/// Hands every reading of a payload to `each`: descriptor, object, occurrence. What is no object is passed over.
pub fn for_each<'a>(
    payload: &'a str,
    each: impl FnMut(&str, &Body<'a>, u32),
) -> Result<(), serde_json::Error> {
    let mut deserializer = serde_json::Deserializer::from_str(payload);
    deserializer.deserialize_map(Payload { each })?;
    deserializer.end()
}

struct Payload<F> {
    each: F,
}

impl<'de, F: FnMut(&str, &Body<'de>, u32)> Visitor<'de> for Payload<F> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a journal payload")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<Cow<'de, str>>()? {
            match key.as_ref() {
                "v" => {
                    let version: u64 = map.next_value()?;
                    if version != VERSION {
                        return Err(de::Error::custom(format!("version {version} is not known")));
                    }
                }
                "readings" => map.next_value_seed(Readings { each: &mut self.each })?,
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(())
    }
}

struct Readings<'f, F> {
    each: &'f mut F,
}

impl<'de, F: FnMut(&str, &Body<'de>, u32)> de::DeserializeSeed<'de> for Readings<'_, F> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de, F: FnMut(&str, &Body<'de>, u32)> Visitor<'de> for Readings<'_, F> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of readings")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        while let Some(Item(descriptor, MaybeBody(body), occurrence)) = seq.next_element()? {
            if let Some(body) = body {
                (self.each)(&descriptor, &body, occurrence);
            }
        }
        Ok(())
    }
}

/// Descriptor, object and occurrence; `B` is what is wanted of the object.
#[derive(Deserialize)]
#[serde(expecting = "[descriptor, object, occurrence?]")]
pub struct Item<'a, B>(
    // Borrowed where nothing in it is escaped.
    #[serde(borrow)] pub Cow<'a, str>,
    pub B,
    #[serde(default)] pub u32,
);

/// A payload as it was sent. Unlike [`for_each`], it passes over nothing: what comes from elsewhere is taken whole
/// or not at all.
pub fn raw(payload: &str) -> Result<Raw<'_>, serde_json::Error> {
    let raw: Raw<'_> = serde_json::from_str(payload)?;
    if raw.v != VERSION {
        return Err(de::Error::custom(format!("version {} is not known", raw.v)));
    }
    Ok(raw)
}

/// What [`raw`] reads.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Raw<'a> {
    v: u64,
    /// When BMW says that it sent it.
    #[serde(default)]
    pub sent: Option<String>,
    #[serde(borrow)]
    pub readings: Vec<Item<'a, &'a RawValue>>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_payload_tells_when_it_was_sent() {
        let sent = |text| sent_at(&Builder::new(text).finish());
        let noon: Option<Timestamp> = "2026-07-27T12:37:58.991Z".parse().ok();
        assert_eq!(sent(Some("2026-07-27T12:37:58.991Z")), noon);
        assert_eq!(
            sent(Some("Mon, 27 Jul 2026 12:37:58 GMT")),
            "2026-07-27T12:37:58Z".parse().ok()
        );
        for none in [None, Some(""), Some("yesterday"), Some("\"2026\"")] {
            assert_eq!(sent(none), None);
        }
        // Not in what a reading says.
        assert_eq!(
            sent_at(r#"{"v":1,"readings":[["a",{"sent":"2026-07-27T12:37:58Z"}]]}"#),
            None
        );
    }

    #[test]
    fn what_goes_in_comes_out() {
        let bodies = [
            r#"{ "value" : 22.979991912841797, "unit":null}"#,
            r#"{"value":"a\"ä\\"}"#,
            "17",
            "null",
        ];
        let mut builder = Builder::new(None);
        for (index, body) in bodies.iter().enumerate() {
            let raw = RawValue::from_string((*body).to_owned()).unwrap();
            builder.push(
                &format!("vehicle.\"{index}\""),
                &raw,
                u32::try_from(index).unwrap(),
            );
        }
        assert_eq!(builder.readings(), 4);
        let json = builder.finish();
        assert!(
            bodies.iter().all(|body| json.contains(body)),
            "byte by byte: {json}"
        );
        let mut out = Vec::new();
        for_each(&json, |descriptor, body, occurrence| {
            out.push((descriptor.to_owned(), format!("{:?}", body.value()), occurrence));
        })
        .unwrap();
        let want = [
            (
                "vehicle.\"0\"".to_owned(),
                "Number(\"22.979991912841797\")".to_owned(),
                0,
            ),
            ("vehicle.\"1\"".to_owned(), "Text(\"a\\\"ä\\\\\")".to_owned(), 1),
        ];
        assert_eq!(out, want);
    }

    #[test]
    fn what_was_sent_is_there_byte_by_byte() {
        let bodies = [r#"{ "value" : 1.50 }"#, "17", r#"{"value":null}"#];
        let mut builder = Builder::new(None);
        for (index, body) in bodies.iter().enumerate() {
            let raw = RawValue::from_string((*body).to_owned()).unwrap();
            builder.push("vehicle.\"x\"", &raw, u32::try_from(index).unwrap());
        }
        let payload = builder.finish();
        let stored = raw(&payload).unwrap().readings;
        assert!(stored.iter().all(|item| item.0 == "vehicle.\"x\""));
        let got: Vec<_> = stored.iter().map(|item| item.1.get()).collect();
        assert_eq!(got, bodies);
    }

    #[test]
    fn a_later_version_is_refused() {
        assert!(for_each(r#"{"v":2,"readings":[]}"#, |_, _, _| ()).is_err());
    }

    proptest::proptest! {
        #[test]
        fn garbage_is_an_error_and_no_panic(text in "\\PC{0,80}") {
            let _ = for_each(&text, |_, _, _| ());
            let _ = raw(&text);
        }
    }
}
