//! A quiet car and a dead stream, in words.

use collector_core::state::{Published, State};
use jiff::SignedDuration;
use journal::log::strays::StrayReason;
use ledger::{Gap, GapCause, StreamRecord, Unlisted};

use super::*;

fn at(minutes: i64) -> Timestamp {
    "2026-03-01T12:00:00Z".parse::<Timestamp>().unwrap() + SignedDuration::from_mins(minutes)
}

fn record(connected: Option<i64>, heard: Option<i64>) -> StreamRecord {
    StreamRecord {
        account: "home".to_owned(),
        source: "stream".to_owned(),
        connected_since: connected.map(at),
        last_message_at: heard.map(at),
        logins: 4,
        evictions: 0,
    }
}

fn stream(record: Option<StreamRecord>) -> StreamStatus {
    StreamStatus {
        account: "home".to_owned(),
        source: "stream".to_owned(),
        record,
        said: None,
        token_until: None,
        vehicles: Vec::new(),
        strays: Vec::new(),
        unlisted: Vec::new(),
        gaps: Vec::new(),
        window: Duration::from_secs(1),
    }
}

fn gap(from: i64, to: Option<i64>, cause: GapCause) -> Gap {
    Gap {
        from: at(from),
        to: to.map(at),
        cause,
    }
}

fn saying(state: &str, message: Option<&str>, record: StreamRecord) -> StreamStatus {
    StreamStatus {
        said: Some(Published {
            name: "home".into(),
            state: State::from_stored("stream", state).unwrap(),
            message: message.map(str::to_owned),
            since: at(0),
        }),
        ..stream(Some(record))
    }
}

fn vehicle(
    end: &str,
    heard: Option<i64>,
    activity: Option<Activity>,
    measured: Option<i64>,
) -> StreamedVehicle {
    StreamedVehicle {
        name: format!("v{}", end.to_lowercase()),
        vin: format!("WBY8P210X0{end}"),
        last_message_at: heard.map(at),
        messages: 1_203,
        readings: 980,
        repeats: 223,
        activity,
        measured_at: measured.map(at),
    }
}

#[test]
fn how_a_stream_fares_is_one_sentence() {
    let told = |stream: &StreamStatus, running, minutes| sentence(stream, running, at(minutes));
    let connected = |since, heard| stream(Some(record(Some(since), heard)));
    assert_eq!(
        told(&connected(0, Some(178)), true, 180),
        "connected for 3 h, last message 2 min ago"
    );
    assert_eq!(
        told(&connected(0, None), true, 5),
        "connected for 5 min, no message yet"
    );
    assert_eq!(
        told(&connected(0, Some(60)), true, 300),
        "connected for 5 h, last message 4 h ago: a parked car says nothing"
    );
    assert_eq!(
        told(&connected(0, Some(60)), true, 60 + 26 * 60),
        "connected for 27 h, but nothing came for 26 h: a parked car says nothing; if one was driven or charged \
         since, look in the CarData section of BMW's portal whether data is still selected for the stream: the \
         selection is empty at first, and can reset itself"
    );
    let mut driven = connected(0, Some(60));
    driven.vehicles = vec![vehicle("7A12345", Some(60), Some(Activity::Parked), Some(240))];
    assert_eq!(
        told(&driven, true, 300),
        "connected for 5 h, but nothing came for 4 h, though a poll brought what was measured 60 min ago: look in the \
         CarData section of BMW's portal whether data is still selected for the stream: the selection is empty at \
         first, and can reset itself"
    );
    assert_eq!(
        told(&connected(0, Some(178)), false, 300),
        "not running; last message 2 h ago"
    );
    assert_eq!(told(&stream(None), true, 0), "not connected; no message yet");
    let away = saying(
        "waiting",
        Some("cannot reach localhost:9000: refused; trying again"),
        record(None, Some(0)),
    );
    assert_eq!(
        told(&away, true, 10),
        "not connected: cannot reach localhost:9000: refused; trying again; last message 10 min ago"
    );
}

#[test]
fn the_part_shows_vehicles_and_what_needs_a_look() {
    let evicted = StreamRecord {
        evictions: 5,
        ..record(Some(0), Some(178))
    };
    let mut stream = saying("streaming", Some("taken again and again"), evicted);
    stream.token_until = Some(at(200));
    stream.vehicles = vec![
        vehicle("7A12345", Some(178), Some(Activity::Driving), Some(178)),
        vehicle("7B67890", Some(-600), Some(Activity::Parked), Some(90)),
        vehicle("7C00000", None, None, None),
    ];
    let stray = |reason: &str, times| StrayReason {
        account: "home".to_owned(),
        source: "stream".to_owned(),
        reason: reason.to_owned(),
        times,
        last_at: at(0),
    };
    stream.strays = vec![
        stray("no JSON", 2),
        stray("no object", 1),
        stray("a", 1),
        stray("b", 1),
    ];
    assert_eq!(
        text(&[stream.clone()], true, at(180)).unwrap(),
        "
Streams
  stream of home: connected for 3 h, last message 2 min ago
  4 logins, taken 5 times by another program so far, token until 2026-03-01T15:20:00Z
  BMW sends once: a kill costs what came within 1s, a gap what was sent in it
  vehicle   last message  messages  new readings  repeats  expected
  v7a12345  2 min ago     1203      980           223      every 3 min: drives
  v7b67890  13 h ago      1203      980           223      nothing: is parked
  v7c00000  never         1203      980           223      nothing while parked
  ! stream: taken again and again
  ! stream: nothing came of v7b67890, though a poll brought what was measured 90 min ago: look in the CarData section of BMW's portal whether data is still selected for the stream: the selection is empty at first, and can reset itself
  ! stream: 5 messages could not be read (twice: no JSON; once: no object; once: a; …): `cardata journal strays` shows them"
    );
    assert_eq!(text(&[], true, at(0)), None);
    let over = saying(
        "streaming",
        None,
        StreamRecord {
            evictions: 5,
            ..record(Some(0), Some(178))
        },
    );
    assert_eq!(
        text(&[over], true, at(180)).unwrap(),
        "
Streams
  stream of home: connected for 3 h, last message 2 min ago
  4 logins, taken 5 times by another program so far
  BMW sends once: a kill costs what came within 1s, a gap what was sent in it"
    );
    let told = json(&[stream.clone()], true, at(180));
    let told = &told[0];
    assert_eq!(told["state"], "streaming");
    assert_eq!(told["connected_since"], "2026-03-01T12:00:00Z");
    assert_eq!(told["silence"], "none");
    assert_eq!(told["evictions"], 5);
    assert_eq!(told["unreadable"][0]["times"], 2);
    assert_eq!(told["vehicles"][0]["vehicle"], "v7a12345");
    assert_eq!(told["vehicles"][0]["activity"], "driving");
    assert_eq!(told["vehicles"][2]["last_message_at"], Value::Null);
}

#[test]
fn a_stream_whose_messages_cannot_be_stored_is_marked() {
    let stream = saying(
        "waiting",
        Some("what came cannot be stored: full"),
        record(Some(0), Some(0)),
    );
    let told = text(std::slice::from_ref(&stream), true, at(1)).unwrap();
    assert!(told.contains("connected for 60 s"), "{told}");
    assert!(
        told.ends_with("\n  ! stream: what came cannot be stored: full"),
        "{told}"
    );
    assert_eq!(json(&[stream], true, at(1))[0]["state"], "waiting");
}

#[test]
fn gaps_are_named() {
    let mut stream = stream(Some(record(Some(170), Some(178))));
    stream.window = Duration::ZERO;
    stream.gaps = vec![
        gap(-9_000, Some(-8_000), GapCause::Login),
        gap(-1_300, Some(-1_259), GapCause::ConnectionLost),
        gap(150, Some(170), GapCause::OtherProgram),
    ];
    let told = text(&[stream.clone()], true, at(180)).unwrap();
    assert!(
        told.ends_with(
            "
  4 logins
  BMW sends once: a kill costs what was not stored, a gap what was sent in it
  2 gaps in a day (61 min); the last of 20 min, 10 min ago: another program"
        ),
        "{told}"
    );
    assert!(told.lines().all(|line| line.chars().count() <= 80), "{told}");
    let gaps = &json(&[stream.clone()], true, at(180))[0]["gaps"];
    let of_the_day = gaps["last_day"].as_array().unwrap();
    let causes: Vec<_> = of_the_day.iter().map(|gap| &gap["cause"]).collect();
    assert_eq!(causes, ["connection lost", "another program"]);
    assert_eq!(gaps["last_day_seconds"], 3_660);
    assert_eq!(gaps["last"], of_the_day[1]);
    stream.gaps.push(gap(175, None, GapCause::ConnectionLost));
    let told = text(&[stream.clone()], true, at(180)).unwrap();
    assert!(told.ends_with("3 gaps in a day (66 min); the last of 5 min, and it lasts: connection lost"));
    let old = stream.gaps[0];
    stream.gaps = vec![old];
    let told = json(&[stream.clone()], true, at(180));
    assert_eq!(
        (&told[0]["gaps"]["last_day"], &told[0]["gaps"]["last"]["cause"]),
        (&json!([]), &json!("login"))
    );
    assert!(!text(&[stream], true, at(180)).unwrap().contains("in a day"));
}

#[test]
fn messages_of_a_vehicle_that_is_not_named_are_told() {
    let mut stream = stream(Some(record(Some(0), Some(178))));
    let unlisted = Unlisted {
        account: "home".into(),
        source: "stream".into(),
        vin: "WBY8P210X07A12345".parse().unwrap(),
        messages: 12,
        last_at: at(175),
    };
    stream.unlisted = vec![("v7a12345".to_owned(), unlisted)];
    let told = text(std::slice::from_ref(&stream), true, at(180)).unwrap();
    assert!(
        told.ends_with(
            "! stream: messages come for v7a12345, which `vehicles:` does not name (12 times, the last 5 min ago): they are not \
             stored"
        ),
        "{told}"
    );
    let told = &json(&[stream], true, at(180))[0]["unlisted"][0];
    assert_eq!(
        (&told["vehicle"], &told["messages"]),
        (&json!("v7a12345"), &json!(12))
    );
}

#[test]
fn a_stream_is_mute_of_a_vehicle_that_drove_and_never_said_anything() {
    let with = |heard, measured| StreamStatus {
        vehicles: vec![vehicle("7A12345", heard, None, measured)],
        ..stream(Some(record(Some(0), None)))
    };
    let is_mute = |stream: &StreamStatus, vin| stream.is_mute_of(vin, at(600));
    let vin = "WBY8P210X07A12345";
    assert!(is_mute(&with(None, Some(300)), vin));
    assert!(!is_mute(&with(Some(10), Some(300)), vin), "it spoke once");
    assert!(!is_mute(&with(None, None), vin), "it stood");
    assert!(
        !is_mute(&with(None, Some(300)), "WBA11AA0001234567"),
        "of another"
    );
}
