//! Dead letters for people and for programs. Values are shown only of the one that was asked for.

use journal::log::dead_letters::{DeadLetter, Sent};
use serde_json::{Value, json};
use status::table::{or, shortened};

use super::NO_SINK;

pub fn sink(letter: &DeadLetter) -> &str {
    match letter.sink.as_str() {
        "" => NO_SINK,
        sink => sink,
    }
}

/// What a letter is about.
pub fn subject(letter: &DeadLetter) -> String {
    match letter.descriptor.as_str() {
        "" => format!("the whole entry {}", letter.seq),
        descriptor => descriptor.to_owned(),
    }
}

/// The end of the VIN, or why there is none.
fn vehicle(letter: &DeadLetter) -> String {
    let vin = letter.vin.as_ref().map(|vin| shortened(vin.as_str()));
    or(vin, "no longer in the journal")
}

pub fn table(letters: &[DeadLetter]) -> String {
    if letters.is_empty() {
        return "no dead letters".to_owned();
    }
    let header = "id | when | sink | vehicle | descriptor | attempts | reason";
    let rows = letters.iter().map(|letter| {
        vec![
            letter.id.to_string(),
            format!("{:.0}", letter.at),
            sink(letter).to_owned(),
            vehicle(letter),
            subject(letter),
            letter.attempts.to_string(),
            letter.reason.replace('\n', " "),
        ]
    });
    status::table::table(header, rows)
}

/// VINs are shortened here too: a list is often pasted where others read it.
pub fn json(letters: &[DeadLetter]) -> String {
    let letters = letters.iter().map(|letter| {
        json!({
            "id": letter.id,
            "at": letter.at,
            "sink": (!letter.sink.is_empty()).then_some(&letter.sink),
            "vehicle": letter.vin.as_ref().map(|vin| shortened(vin.as_str())),
            "entry": letter.seq,
            "descriptor": (!letter.is_about_the_entry()).then_some(&letter.descriptor),
            "reason": letter.reason,
            "attempts": letter.attempts,
            "retry": letter.retry,
        })
    });
    format!("{:#}", letters.collect::<Value>())
}

pub fn whole(letter: &DeadLetter, sent: Option<&Sent>) -> String {
    let why = match letter.sink.as_str() {
        "" => ": it did not fit its type",
        _ => "",
    };
    let next = match letter.retry {
        true => ", about to be tried again",
        false => "",
    };
    let mut rows = vec![
        ("letter", letter.id.to_string()),
        ("refused", format!("{:.0}", letter.at)),
        ("sink", format!("{}{why}", sink(letter))),
        ("vehicle", vehicle(letter)),
        ("entry", letter.seq.to_string()),
        ("descriptor", subject(letter)),
        ("reason", letter.reason.clone()),
        ("attempts", format!("{}{next}", letter.attempts)),
    ];
    match sent {
        Some(sent) => {
            let from = format!("{} ({}), account {}", sent.source, sent.origin, sent.account);
            rows.push(("source", from));
            rows.push(("received", sent.received_at.to_string()));
            rows.extend(sent.readings.iter().map(|(descriptor, body)| {
                match descriptor == &letter.descriptor {
                    true => ("BMW sent", body.clone()),
                    false => ("BMW sent", format!("{descriptor} {body}")),
                }
            }));
        }
        None => rows.push(("BMW sent", "the entry is no longer in the journal".to_owned())),
    }
    let lines = rows
        .into_iter()
        .map(|(word, text)| format!("  {word:<10}  {text}"));
    lines.collect::<Vec<_>>().join("\n")
}
