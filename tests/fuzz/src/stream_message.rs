//! The messages of the stream: the topic in the first line, the payload behind it.

use cardata_api::stream::{Message, ParsedMessage, Unreadable, parse};
use serde_json::Value;

use crate::{Reached, Target};

pub static TARGET: Target = Target {
    name: "stream_message",
    places: &[
        "no JSON",
        "no object",
        "no vehicle",
        "nothing to read",
        "scalar",
        "several",
        "time of sending",
        "vehicle in the message",
        "vehicle in the topic",
    ],
    run,
};

/// In the seeds, and in no message about them.
const GCID: &str = "0a1b2c3d-4e5f";
const VIN: &str = "WBY8P210X07A12345";

fn run(input: &[u8], reached: &mut Reached) {
    let Some(end) = input.iter().position(|byte| *byte == b'\n') else {
        return;
    };
    // A broker sends no topic that is no text.
    let Ok(topic) = std::str::from_utf8(&input[..end]) else {
        return;
    };
    let message = Message {
        topic: topic.to_owned(),
        payload: input[end + 1..].to_vec().into(),
        id: None,
    };
    assert!(!format!("{message:?}").contains(VIN));
    match parse(&message, GCID) {
        Ok(parsed) => {
            let payload = std::str::from_utf8(&message.payload).expect("JSON is UTF-8");
            sound(topic, payload, &parsed, reached);
        }
        Err(error) => refused(&message, error, reached),
    }
}

fn sound(topic: &str, payload: &str, parsed: &ParsedMessage, reached: &mut Reached) {
    kept_byte_by_byte(payload, parsed);
    if parsed.readings.len() > 1 {
        reached.reach("several");
    }
    if parsed
        .readings
        .iter()
        .any(|reading| !reading.body.get().starts_with('{'))
    {
        reached.reach("scalar");
    }
    // As another reader has it, but for numbers and texts that no other one takes.
    let payload = payload.strip_prefix('\u{feff}').unwrap_or(payload);
    let Ok(value) = serde_json::from_str::<Value>(payload) else {
        return;
    };
    assert_eq!(parsed.sent_at.as_deref(), value["timestamp"].as_str());
    if parsed.sent_at.is_some() {
        reached.reach("time of sending");
    }
    let named = value["vin"].as_str().and_then(|vin| vin.parse().ok());
    if let Some(named) = named {
        assert_eq!(parsed.vin, named);
        reached.reach("vehicle in the message");
    } else {
        let in_topic = topic.strip_prefix(GCID).and_then(|level| level.strip_prefix('/'));
        let in_topic = in_topic.and_then(|vin| vin.parse().ok());
        assert_eq!(Some(&parsed.vin), in_topic.as_ref());
        reached.reach("vehicle in the topic");
    }
    let data = value["data"].as_object().expect("readings are in an object");
    assert!(
        data.len() <= parsed.readings.len(),
        "a key that stands there twice comes twice"
    );
    assert!(
        parsed
            .readings
            .iter()
            .all(|reading| data.contains_key(&reading.descriptor))
    );
}

/// What was read, written as a message again, reads the same.
fn kept_byte_by_byte(payload: &str, parsed: &ParsedMessage) {
    let mut rest = payload;
    let mut again = format!("{{\"vin\":\"{}\",\"data\":{{", parsed.vin);
    for (position, reading) in parsed.readings.iter().enumerate() {
        let body = reading.body.get();
        let found = rest.find(body).expect("each value as it was sent, in its order");
        rest = &rest[found + body.len()..];
        let comma = if position > 0 { "," } else { "" };
        again += &format!("{comma}{}:{body}", Value::from(reading.descriptor.as_str()));
    }
    again += "}}";
    let message = Message {
        topic: String::new(),
        payload: again.into(),
        id: None,
    };
    let read = parse(&message, GCID).expect("what was read is readable");
    let parts = |parsed: &ParsedMessage| -> Vec<(String, String)> {
        let readings = parsed.readings.iter();
        readings
            .map(|reading| (reading.descriptor.clone(), reading.body.get().to_owned()))
            .collect()
    };
    assert_eq!(parts(&read), parts(parsed));
    assert_eq!((read.vin, read.sent_at), (parsed.vin.clone(), None));
}

fn refused(message: &Message, error: Unreadable, reached: &mut Reached) {
    let shown = format!("{error} {error:?}");
    assert!(shown.len() < 200 && !shown.contains(VIN), "{shown}");
    reached.reach(match error {
        Unreadable::Empty | Unreadable::NoData | Unreadable::NoReadings => "nothing to read",
        Unreadable::NotJson { .. } => "no JSON",
        Unreadable::NoVin => "no vehicle",
        Unreadable::NotAnObject => "no object",
        Unreadable::NotUtf8 => {
            assert!(std::str::from_utf8(&message.payload).is_err());
            return;
        }
        Unreadable::Twice | Unreadable::TooMany | Unreadable::TooLong => return,
    });
}
