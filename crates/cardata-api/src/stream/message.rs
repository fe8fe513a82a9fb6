//! What a message of the stream says: `{"vin", "entityId", "topic", "timestamp", "data": {descriptor: {…}}}`.

use collector_core::{RawReading, Vin};
use serde::Deserialize;
use serde_json::error::Category;
use serde_json::value::RawValue;

use super::Message;
use crate::telematic_data::Readings;

/// A message that could be read.
#[derive(Debug, Clone)]
pub struct ParsedMessage {
    pub vin: Vin,
    /// When BMW says that it sent it, as it wrote it; `None` where it says nothing or no text.
    pub sent_at: Option<String>,
    /// At least one, in the order of the message, each byte by byte as BMW sent it. Usually
    /// `{"timestamp": …, "value": …, "unit": …}`, but any JSON value is possible. A key that stands there twice comes
    /// twice.
    pub readings: Vec<RawReading>,
}

/// Why a message cannot be read, without anything of what it says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    #[error("it is empty")]
    Empty,
    #[error("it is longer than 4 MiB, and its end is lost")]
    TooLong,
    #[error("it is no UTF-8")]
    NotUtf8,
    #[error("it is no JSON (line {line}, column {column})")]
    NotJson { line: usize, column: usize },
    #[error("it is no JSON object")]
    NotAnObject,
    #[error("`vin`, `timestamp` or `data` stands in it twice")]
    Twice,
    #[error("it has no object `data`")]
    NoData,
    #[error("its `data` is empty")]
    NoReadings,
    #[error("it has more than 10,000 descriptors")]
    TooMany,
    #[error("neither it nor its topic names a vehicle")]
    NoVin,
}

/// The members that matter. Read as they stand: a wrong type in one must not hide the others.
#[derive(Deserialize)]
struct Outer<'a> {
    #[serde(borrow)]
    vin: Option<&'a RawValue>,
    #[serde(borrow)]
    timestamp: Option<&'a RawValue>,
    #[serde(borrow)]
    data: Option<&'a RawValue>,
}

/// Reads a message of the login with this GCID.
///
/// The vehicle is the one that the message names, whatever its topic is; else the one in the topic `GCID/VIN`.
pub fn parse(message: &Message, gcid: &str) -> Result<ParsedMessage, Unreadable> {
    read(message, gcid).map_err(|error| {
        if message.may_be_cut() {
            Unreadable::TooLong
        } else {
            error
        }
    })
}

fn read(message: &Message, gcid: &str) -> Result<ParsedMessage, Unreadable> {
    let text = std::str::from_utf8(&message.payload).map_err(|_| Unreadable::NotUtf8)?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text).trim_ascii();
    if text.is_empty() {
        return Err(Unreadable::Empty);
    }
    let outer: Outer<'_> = serde_json::from_str(text).map_err(|error| match error.classify() {
        Category::Data if text.starts_with('{') => Unreadable::Twice,
        Category::Data => Unreadable::NotAnObject,
        _ => no_json(&error),
    })?;
    // A list would be read as the members in their order.
    if !text.starts_with('{') {
        return Err(Unreadable::NotAnObject);
    }
    let data = outer.data.map(RawValue::get).ok_or(Unreadable::NoData)?;
    if !data.starts_with('{') {
        return Err(Unreadable::NoData);
    }
    let Readings(readings) = serde_json::from_str(data).map_err(|error| match error.classify() {
        Category::Data => Unreadable::TooMany,
        _ => no_json(&error),
    })?;
    if readings.is_empty() {
        return Err(Unreadable::NoReadings);
    }
    let named = outer.vin.and_then(string).and_then(|vin| vin.parse().ok());
    let vin = named
        .or_else(|| in_topic(&message.topic, gcid))
        .ok_or(Unreadable::NoVin)?;
    Ok(ParsedMessage {
        vin,
        sent_at: outer.timestamp.and_then(string),
        readings,
    })
}

fn in_topic(topic: &str, gcid: &str) -> Option<Vin> {
    topic.strip_prefix(gcid)?.strip_prefix('/')?.parse().ok()
}

fn string(value: &RawValue) -> Option<String> {
    serde_json::from_str(value.get()).ok()
}

/// The library's own words may quote the text.
fn no_json(error: &serde_json::Error) -> Unreadable {
    Unreadable::NotJson {
        line: error.line(),
        column: error.column(),
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use proptest::prelude::*;

    use super::*;

    const VIN: &str = "WBY8P210X07A12345";
    const OTHER: &str = "WBY8P210X07A54321";

    fn read(topic: &str, payload: impl Into<Bytes>) -> Result<ParsedMessage, Unreadable> {
        let message = Message {
            topic: topic.to_owned(),
            payload: payload.into(),
            id: None,
        };
        parse(&message, "gcid")
    }

    fn parts(parsed: &ParsedMessage) -> Vec<(&str, &str)> {
        let readings = parsed.readings.iter();
        readings
            .map(|reading| (reading.descriptor.as_str(), reading.body.get()))
            .collect()
    }

    #[test]
    fn everything_stays_as_bmw_wrote_it() {
        let payload = format!(
            r#"{{"vin":"{VIN}","entityId":"gcid","topic":"{VIN}","timestamp":"2026-07-27T12:37:58.991Z","data":{{
              "latitude": {{ "value":50.7664380556, "unit":"degrees","timestamp":"2026-07-27T12:37:58Z"}},
              "b\u0061d":{{"value":1E400}},"latitude":null,"n":17,"t":"INVALID","l":[1, 2],"o":{{"value":{{}}}}}}}}"#
        );
        let parsed = read("gcid/x", payload).unwrap();
        assert_eq!(parsed.vin.as_str(), VIN);
        assert_eq!(parsed.sent_at.as_deref(), Some("2026-07-27T12:37:58.991Z"));
        assert_eq!(
            parts(&parsed),
            [
                (
                    "latitude",
                    r#"{ "value":50.7664380556, "unit":"degrees","timestamp":"2026-07-27T12:37:58Z"}"#
                ),
                ("bad", r#"{"value":1E400}"#),
                ("latitude", "null"),
                ("n", "17"),
                ("t", "\"INVALID\""),
                ("l", "[1, 2]"),
                ("o", r#"{"value":{}}"#),
            ]
        );
    }

    #[test]
    fn the_message_knows_its_vehicle_better_than_the_topic() {
        let vehicle = |topic: &str, vin: &str| {
            let payload = format!("{{{vin}\"data\":{{\"d\":1}}}}");
            read(topic, payload).map(|parsed| parsed.vin.as_str().to_owned())
        };
        let (in_topic, named) = (format!("gcid/{OTHER}"), format!("\"vin\":\"{VIN}\","));
        assert_eq!(vehicle(&in_topic, &named).as_deref(), Ok(VIN));
        assert_eq!(vehicle("any", &named).as_deref(), Ok(VIN));
        for vin in ["", "\"vin\":null,", "\"vin\":7,", "\"vin\":\"short\","] {
            assert_eq!(vehicle(&in_topic, vin).as_deref(), Ok(OTHER), "{vin}");
        }
        for topic in ["", OTHER, "gcid", "gcid/", "gcid/short"] {
            assert_eq!(vehicle(topic, ""), Err(Unreadable::NoVin), "{topic}");
        }
        for topic in [
            format!("other/{OTHER}"),
            format!("gcid/x/{OTHER}"),
            format!("gcid{OTHER}"),
        ] {
            assert_eq!(vehicle(&topic, ""), Err(Unreadable::NoVin), "{topic}");
        }
    }

    #[test]
    fn the_time_of_sending_is_a_text_or_nothing() {
        for (timestamp, expected) in [
            ("\"\"", Some("")),
            ("\"a\\u0062\"", Some("ab")),
            ("1785155878", None),
            ("null", None),
            ("{\"a\":1}", None),
            ("\"\\ud800\"", None),
        ] {
            let payload = format!(r#"{{"timestamp":{timestamp},"vin":"{VIN}","data":{{"d":1}}}}"#);
            assert_eq!(
                read("", payload).unwrap().sent_at.as_deref(),
                expected,
                "{timestamp}"
            );
        }
    }

    #[test]
    fn what_cannot_be_read_is_told_without_its_words() {
        let many: String = (0..=10_000).map(|key| format!(",\"{key}\":1")).collect();
        let many = |from: usize| format!(r#"{{"vin":"{VIN}","data":{{{}}}}}"#, &many[from..]);
        assert_eq!(read("", many(",\"0\":1,".len())).unwrap().readings.len(), 10_000);
        for (payload, expected) in [
            (Bytes::new(), Unreadable::Empty),
            (" \n".into(), Unreadable::Empty),
            (b"\xff"[..].into(), Unreadable::NotUtf8),
            ("{\"data\":".into(), Unreadable::NotJson { line: 1, column: 8 }),
            ("offline".into(), Unreadable::NotJson { line: 1, column: 1 }),
            ("17".into(), Unreadable::NotAnObject),
            ("\"WBY8P210X07A12345\"".into(), Unreadable::NotAnObject),
            (r#"["v","t",{"d":1}]"#.into(), Unreadable::NotAnObject),
            (r#"{"vin":"a","vin":"b"}"#.into(), Unreadable::Twice),
            ("{}".into(), Unreadable::NoData),
            (r#"{"data":null}"#.into(), Unreadable::NoData),
            (r#"{"data":[1]}"#.into(), Unreadable::NoData),
            (r#"{"data":{}}"#.into(), Unreadable::NoReadings),
            (r#"{"data":{"d":1}}"#.into(), Unreadable::NoVin),
            (many(1).into(), Unreadable::TooMany),
        ] {
            let error = read("", payload.clone()).unwrap_err();
            assert_eq!(error, expected, "{payload:?}");
            assert!(!error.to_string().contains("WBY8P210X07A12345"));
        }
    }

    /// JSON, most of it in the form of a message, and near misses.
    fn payloads() -> impl Strategy<Value = String> {
        let word = prop_oneof![
            Just("\"vin\""),
            Just("\"data\""),
            Just("\"timestamp\""),
            Just("{"),
            Just("}"),
            Just("["),
            Just("]"),
            Just(":"),
            Just(","),
            Just("1.5"),
            Just("null"),
            Just("\"WBY8P210X07A12345\""),
            Just("\"\\ud800\""),
        ];
        proptest::collection::vec(word, 0..40).prop_map(|words| words.concat())
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(topic in "\\PC{0,30}", payload: Vec<u8>) {
            let _ = read(&topic, payload);
        }

        #[test]
        fn no_words_make_it_panic(payload in payloads()) {
            let _ = read("gcid/WBY8P210X07A12345", payload);
        }

        #[test]
        fn what_was_written_is_read(bodies in proptest::collection::vec(("[a-z.]{1,20}", any::<f64>()), 1..50)) {
            let data: Vec<_> = bodies.iter().map(|(key, value)| format!("\"{key}\" : {{\"value\": {value:?}}}")).collect();
            let data = data.join(",\n").replace("NaN", "null").replace("inf", "0");
            let parsed = read("gcid/WBY8P210X07A12345", format!("{{\"data\":{{{data}}}}}")).unwrap();
            let again: Vec<_> = parts(&parsed).into_iter().map(|(key, body)| format!("\"{key}\" : {body}")).collect();
            prop_assert_eq!(again.join(",\n"), data);
        }
    }
}
