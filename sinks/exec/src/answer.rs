//! What the program says: one object of JSON a line.

use std::time::Duration;

use collector_core::duration;
use serde::Deserialize;

/// What some editors and languages begin a text with.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
const NUMBER: &str = "expected a whole number without quotes";

/// One line of the program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// It takes entries, by this version of the protocol.
    Ready { version: u64, can_erase: bool },
    /// Everything up to the flush with this number survives a crash.
    Ack(u64),
    /// It will never take this; without a position, the whole entry.
    Refuse {
        entry: u64,
        reading: Option<usize>,
        reason: String,
    },
    /// It cannot store now.
    Wait { pause: Duration, reason: String },
    /// A person must act.
    Stop(String),
}

/// Keys that are not known are left alone: a later version of the protocol may have more. `null` is as good as left out.
#[derive(Deserialize)]
struct Line {
    ready: Option<u64>,
    erase: Option<bool>,
    ack: Option<u64>,
    refuse: Option<u64>,
    reading: Option<usize>,
    wait: Option<String>,
    stop: Option<String>,
    reason: Option<String>,
}

/// # Errors
/// Why the line is none of the protocol, as a fragment.
pub fn parsed(line: &[u8]) -> Result<Answer, String> {
    // Neither can be seen in what is told of the line.
    if line.starts_with(BYTE_ORDER_MARK) || line.contains(&0) {
        return Err("it has to be UTF-8, without a byte order mark and NUL bytes".to_owned());
    }
    let said: Line = serde_json::from_slice(line).map_err(|error| plain(&error))?;
    let pause = said.wait.as_deref().map(duration::parse).transpose();
    let pause = pause.map_err(|wrong| match wrong.help {
        Some(help) => format!("{}; {help}", wrong.message),
        None => wrong.message,
    })?;
    let reason = said.reason.unwrap_or_default();
    let (reading, can_erase) = (said.reading, said.erase.unwrap_or_default());
    let answers = [
        said.ready.map(|version| Answer::Ready { version, can_erase }),
        said.ack.map(Answer::Ack),
        said.refuse.map(|entry| Answer::Refuse {
            entry,
            reading,
            reason: reason.clone(),
        }),
        pause.map(|pause| Answer::Wait { pause, reason }),
        said.stop.map(Answer::Stop),
    ];
    let mut answers = answers.into_iter().flatten();
    match (answers.next(), answers.next()) {
        (Some(answer), None) => Ok(answer),
        _ => Err("it has to have exactly one of the keys ready, ack, refuse, wait and stop".to_owned()),
    }
}

/// What is wrong, without the names of Rust's types.
fn plain(error: &serde_json::Error) -> String {
    let error = error.to_string();
    error
        .replace("expected u64", NUMBER)
        .replace("expected usize", NUMBER)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(line: &str) -> Result<Answer, String> {
        parsed(line.as_bytes())
    }

    #[test]
    fn every_answer_is_read() {
        let refused = |reading| Answer::Refuse {
            entry: 5,
            reading,
            reason: "no".to_owned(),
        };
        for (line, answer) in [
            (
                r#"{"ready": 1}"#,
                Answer::Ready {
                    version: 1,
                    can_erase: false,
                },
            ),
            (
                r#"{"ready":1,"erase":true,"new":[]}"#,
                Answer::Ready {
                    version: 1,
                    can_erase: true,
                },
            ),
            ("{\"ack\":12}\r", Answer::Ack(12)),
            (r#"{"refuse":5,"reading":0,"reason":"no"}"#, refused(Some(0))),
            (r#"{"refuse":5,"reason":"no"}"#, refused(None)),
            (
                r#"{"stop":null,"refuse":5,"reading":null,"reason":"no","erase":null}"#,
                refused(None),
            ),
            (
                r#"{"refuse":5,"reading":1,"reason":null}"#,
                Answer::Refuse {
                    entry: 5,
                    reading: Some(1),
                    reason: String::new(),
                },
            ),
            (
                r#"{"wait":"1m30s","reason":"busy"}"#,
                Answer::Wait {
                    pause: Duration::from_secs(90),
                    reason: "busy".to_owned(),
                },
            ),
            (
                r#"{"stop":"no such table"}"#,
                Answer::Stop("no such table".to_owned()),
            ),
        ] {
            assert_eq!(said(line), Ok(answer), "{line}");
        }
    }

    #[test]
    fn anything_else_is_told() {
        for line in [
            "",
            "loading…",
            "12",
            "[]",
            "{}",
            r#"{"ack":-1}"#,
            r#"{"ack":1.5}"#,
            r#"{"ack":"1"}"#,
            r#"{"ack":1,"stop":"x"}"#,
            r#"{"wait":"soon"}"#,
            r#"{"ready":1}{"ack":1}"#,
            r#"{"ack":99999999999999999999}"#,
        ] {
            assert!(said(line).is_err(), "{line}");
        }
    }
    #[test]
    fn what_is_told_says_what_to_write() {
        for (line, words) in [
            ("\u{feff}{\"ready\":1}", "without a byte order mark"),
            ("{\"ready\":1}\0", "NUL bytes"),
            (
                r#"{"ack":"1"}"#,
                "string \"1\", expected a whole number without quotes",
            ),
            (r#"{"refuse":1,"reading":-1}"#, "expected a whole number"),
            (r#"{"ack":1,"stop":"x"}"#, "exactly one of the keys"),
            (r#"{"wait":"1y"}"#, "write for example `30m`"),
        ] {
            let error = said(line).unwrap_err();
            assert!(error.contains(words), "`{words}` is not in: {error}");
        }
    }
}
