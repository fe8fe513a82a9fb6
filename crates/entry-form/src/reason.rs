//! What a parser complains of, in words that quote nothing: what it read may be a position.

/// How an error of a parser begins that quotes nothing up to its first colon.
const PLAIN: [&str; 17] = [
    "EOF while",
    "control character",
    "duplicate field",
    "expected",
    "invalid escape",
    "invalid length",
    "invalid number",
    "invalid type",
    "invalid unicode",
    "invalid value",
    "key must be",
    "lone leading",
    "missing field",
    "number out of",
    "recursion limit",
    "trailing",
    "version",
];

/// What is wrong with a text, without what the error's own words would quote: it may be a position.
pub fn reason(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let words = if PLAIN.iter().any(|plain| text.starts_with(plain)) {
        let end = [": ", " at line "].map(|end| text.find(end).unwrap_or(text.len()));
        &text[..end.into_iter().min().unwrap_or_default()]
    } else if text.starts_with("unknown field") {
        "unknown field"
    } else {
        "a value that cannot be read"
    };
    format!("{words} at column {}", error.column())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_is_told_without_what_was_sent() {
        #[derive(Debug, serde::Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Place {
            #[expect(dead_code, reason = "only its reading is tried")]
            seq: u64,
            #[expect(dead_code, reason = "only its reading is tried")]
            at: Option<jiff::Timestamp>,
        }
        for (text, words) in [
            (r#"{"v50.7664380556":1}"#, "unknown field at column 17"),
            (
                r#"{"at":"2026-03-01T12:00:00 50.7664380556"}"#,
                "a value that cannot be read at column 41",
            ),
            (r#"{"seq":"50.7664380556"}"#, "invalid type at column 22"),
            ("{}", "missing field `seq` at column 2"),
            (r#"{"seq":1"#, "EOF while parsing an object at column 8"),
        ] {
            let error = serde_json::from_str::<Place>(text).unwrap_err();
            assert_eq!(reason(&error), words, "{text}");
        }
    }
}
