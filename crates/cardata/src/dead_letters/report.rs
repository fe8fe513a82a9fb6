//! Dead letters for people and for programs. Values are shown only of the one that was asked for.

use collector_core::Names;
use collector_core::mask::readable;
use journal::log::dead_letters::{DeadLetter, Sent};
use serde_json::{Value, json};
use status::table::or;

use super::NO_SINK;

/// Why it is not shown what BMW sent.
pub const GONE: &str = "the entry is no longer in the journal";
pub const DAMAGED: &str =
    "the entry cannot be read: `cardata journal verify` says where the journal is damaged and what to do";

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

/// What the vehicle is called, or why that cannot be told.
fn vehicle(letter: &DeadLetter, names: &Names) -> String {
    let name = letter.vin.as_ref().map(|vin| names.of(vin));
    let nothing = match letter.is_damaged {
        true => "entry cannot be read",
        false => "no longer in the journal",
    };
    or(name, nothing)
}

pub fn table(letters: &[DeadLetter], names: &Names) -> String {
    if letters.is_empty() {
        return "no dead letters".to_owned();
    }
    let header = "id | when | sink | vehicle | descriptor | attempts | reason";
    let rows = letters.iter().map(|letter| {
        vec![
            letter.id.to_string(),
            format!("{:.0}", letter.at),
            sink(letter).to_owned(),
            vehicle(letter, names),
            subject(letter),
            letter.attempts.to_string(),
            letter.reason.replace('\n', " "),
        ]
    });
    status::table::table(header, rows)
}

/// No VIN is in it either: a list is often pasted where others read it.
pub fn json(letters: &[DeadLetter], names: &Names) -> Value {
    let letters = letters.iter().map(|letter| one_json(letter, names));
    json!({ "dead_letters": letters.collect::<Value>() })
}

fn one_json(letter: &DeadLetter, names: &Names) -> Value {
    json!({
            "id": letter.id,
            "at": letter.at,
            "sink": (!letter.sink.is_empty()).then_some(&letter.sink),
            "vehicle": letter.vin.as_ref().map(|vin| names.of(vin)),
            "entry": letter.seq,
            "entry_damaged": letter.is_damaged,
            "descriptor": (!letter.is_about_the_entry()).then_some(&letter.descriptor),
            "reason": letter.reason,
            "attempts": letter.attempts,
            "retry": letter.retry,
    })
}

/// The one that was asked for, with what BMW sent, or why that is not there.
pub fn whole_json(letter: &DeadLetter, sent: Result<&Sent, &str>, names: &Names) -> Value {
    let mut whole = one_json(letter, names);
    whole["sent"] = sent.map_or(Value::Null, |sent| {
        let readings = sent.readings.iter();
        let readings = readings.map(|(descriptor, body)| json!({ "descriptor": descriptor, "body": body }));
        json!({
            "account": sent.account,
            "source": sent.source,
            "origin": sent.origin,
            "received_at": sent.received_at,
            "readings": readings.collect::<Value>(),
        })
    });
    whole["not_sent"] = json!(sent.err());
    whole
}

/// `sent` is what BMW sent, or why that is not there.
pub fn whole(letter: &DeadLetter, sent: Result<&Sent, &str>, names: &Names) -> String {
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
        ("vehicle", vehicle(letter, names)),
        ("entry", letter.seq.to_string()),
        ("descriptor", subject(letter)),
        ("reason", letter.reason.clone()),
        ("attempts", format!("{}{next}", letter.attempts)),
    ];
    match sent {
        Ok(sent) => {
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
        Err(why) => rows.push(("BMW sent", why.to_owned())),
    }
    let lines = rows
        .into_iter()
        .map(|(word, text)| format!("  {word:<10}  {}", readable(&text)));
    lines.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_letter_whose_entry_cannot_be_read_says_so() {
        let letter = DeadLetter {
            id: 3,
            at: "2026-03-01T12:00:00Z".parse().unwrap(),
            sink: "csv".to_owned(),
            seq: 20,
            descriptor: String::new(),
            reading: None,
            position: None,
            reason: "refused".to_owned(),
            attempts: 0,
            retry: false,
            vin: None,
            is_damaged: true,
        };
        let list = table(std::slice::from_ref(&letter), &Names::default());
        assert!(
            list.contains("csv") && list.contains("entry cannot be read"),
            "{list}"
        );
        let listed = json(std::slice::from_ref(&letter), &Names::default());
        assert_eq!(listed["dead_letters"][0]["entry_damaged"], true);
        let whole = whole(&letter, Err(DAMAGED), &Names::default());
        assert!(
            whole.contains("refused") && whole.contains("cardata journal verify"),
            "{whole}"
        );
    }
}
