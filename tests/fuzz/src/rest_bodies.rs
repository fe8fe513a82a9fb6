//! The answers of the REST API: every kind of body, at every kind of status.

use cardata_api::fuzzing::Received;
use cardata_api::{ApiError, BasicData, ErrorKind, TelematicData};
use serde_json::{Map, Value};

use crate::{Reached, Target};

pub static TARGET: Target = Target {
    name: "rest_bodies",
    places: &[
        "basic data",
        "container",
        "container list",
        "error by its id",
        "exhausted quota",
        "no JSON",
        "refused token",
        "telematic data",
        "vehicle",
    ],
    run,
};

/// In the seeds, and in no message.
const TOKEN: &str = "eyJhbGciOiJSUzI1NiJ9.c2VjcmV0LWFjY2Vzcy10b2tlbg.c2lnbmF0dXJl";
const VIN: &str = "WBY8P210X07A12345";

fn run(input: &[u8], reached: &mut Reached) {
    let received = |status, cut_short| Received {
        token: TOKEN,
        status,
        body: input,
        cut_short,
    };
    let ok = received(200, false);
    if let Some(vehicles) = checked(ok.mappings(), reached)
        && !vehicles.is_empty()
    {
        reached.reach("vehicle");
    }
    if let Some(containers) = checked(ok.containers(), reached)
        && !containers.is_empty()
    {
        reached.reach("container list");
    }
    if checked(ok.created_container(), reached).is_some() {
        reached.reach("container");
    }
    if let Some(data) = checked(ok.basic_data(), reached)
        && data.brand.is_some()
    {
        reached.reach("basic data");
        nothing_is_lost(input, &data);
    }
    if let Some(data) = checked(ok.telematic_data(), reached)
        && !data.readings.is_empty()
    {
        reached.reach("telematic data");
        kept_byte_by_byte(input, &data);
    }
    for (status, cut_short) in [
        (200, true),
        (400, false),
        (403, false),
        (429, false),
        (503, false),
    ] {
        let refused = checked(received(status, cut_short).telematic_data(), reached);
        assert!(refused.is_none(), "HTTP {status} is no success");
    }
}

/// What was read; of an error, only that it shows no secret.
fn checked<T>(result: Result<T, ApiError>, reached: &mut Reached) -> Option<T> {
    let error = match result {
        Ok(value) => return Some(value),
        Err(error) => error,
    };
    let shown = error.to_string();
    assert!(!shown.chars().any(char::is_control), "{shown:?}");
    assert!(shown.chars().count() < 2_000, "{shown}");
    for text in [shown, format!("{error:?}")] {
        assert!(!text.contains(TOKEN) && !text.contains(VIN), "{text}");
    }
    if matches!(error, ApiError::NotJson(_)) {
        reached.reach("no JSON");
    }
    let answer = error.answer()?;
    match answer.kind {
        ErrorKind::Quota if answer.id.is_some() => reached.reach("exhausted quota"),
        ErrorKind::Token => reached.reach("refused token"),
        _ if answer.id.is_some() => reached.reach("error by its id"),
        _ => {}
    }
    None
}

fn kept_byte_by_byte(input: &[u8], data: &TelematicData) {
    let text = std::str::from_utf8(input).expect("JSON is UTF-8");
    let mut rest = text;
    let mut again = String::from("{\"telematicData\":{");
    for (position, reading) in data.readings.iter().enumerate() {
        let body = reading.body.get();
        let found = rest.find(body).expect("each object as it was sent, in its order");
        rest = &rest[found + body.len()..];
        let comma = if position > 0 { "," } else { "" };
        again += &format!("{comma}{}:{body}", Value::from(reading.descriptor.as_str()));
    }
    again += "}}";
    let received = Received {
        token: TOKEN,
        status: 200,
        body: again.as_bytes(),
        cut_short: false,
    };
    let read = received.telematic_data().expect("what was read is readable");
    let parts = |data: &TelematicData| -> Vec<(String, String)> {
        let parts = data.readings.iter();
        parts
            .map(|reading| (reading.descriptor.clone(), reading.body.get().to_owned()))
            .collect()
    };
    assert_eq!(parts(&read), parts(data));
}

/// Every member of the object is a field or among the others.
fn nothing_is_lost(input: &[u8], data: &BasicData) {
    let input = input.strip_prefix(b"\xef\xbb\xbf").unwrap_or(input);
    let object: Map<String, Value> = serde_json::from_slice(input).expect("an object was read");
    let texts = [
        &data.brand,
        &data.model_name,
        &data.propulsion_type,
        &data.construction_date,
    ];
    let fields = texts.iter().filter(|text| text.is_some()).count();
    assert_eq!(fields + data.other.len(), object.len());
    assert!(
        data.other
            .iter()
            .all(|(key, value)| object.get(key) == Some(value))
    );
}
