//! The server's own words, fit for a log and a dead letter.

use collector_core::mask;

/// Longer words are cut, in characters.
const LONGEST: usize = 300;

/// Shortens what a server said, on one line, without what it may have echoed: the login, lines with their
/// values, positions, and whole VINs. `secrets` are the forms of the login, the longest first.
pub fn redact(words: &str, secrets: &[String]) -> String {
    let mut words = without_lines(words);
    for secret in secrets {
        words = words.replace(secret, "…");
    }
    let words = mask::positions(&words);
    // What else controls a terminal must not do so from a log.
    let words = words
        .split(|c: char| c.is_whitespace() || c.is_control())
        .filter(|word| !word.is_empty())
        .map(without_vins)
        .collect::<Vec<_>>()
        .join(" ");
    match words.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &words[..end]),
        None => words,
    }
}

/// Cuts the line out of "unable to parse '<line>': <reason>".
fn without_lines(words: &str) -> String {
    const BEFORE: &str = "unable to parse '";
    let mut rest = words;
    let mut kept = String::new();
    while let Some(start) = rest.find(BEFORE) {
        let line = start + BEFORE.len();
        kept.push_str(&rest[..line]);
        kept.push('…');
        rest = match rest[line..].find("': ") {
            Some(end) => &rest[line + end..],
            None => "'",
        };
    }
    kept + rest
}

/// Shortens every VIN in a word to its last four characters.
fn without_vins(word: &str) -> String {
    let mut kept = String::new();
    for part in word.split_inclusive(|c: char| !c.is_ascii_alphanumeric()) {
        let token = part.trim_end_matches(|c: char| !c.is_ascii_alphanumeric());
        if is_vin(token) {
            kept.push('…');
            kept.push_str(&part[13..]);
        } else {
            kept.push_str(part);
        }
    }
    kept
}

fn is_vin(token: &str) -> bool {
    token.len() == 17
        && token.bytes().any(|byte| byte.is_ascii_digit())
        && token
            .bytes()
            .all(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn echoed_lines_vins_and_logins_are_cut_out() {
        let words = "partial write: unable to parse 'cardata,vin=WBY8P210X07A12345 lat=50.7 1': bad number\n\
                     unable to parse 'x': missing; series vin=WBY8P210X07A12345,vehicle=i4, token hunter2";
        assert_eq!(
            redact(words, &["hunter2".to_owned()]),
            "partial write: unable to parse '…': bad number unable to parse '…': missing; \
             series vin=…2345,vehicle=i4, token …"
        );
    }

    #[test]
    fn long_words_are_cut_between_characters() {
        let shown = redact(&"ü".repeat(1_000), &[]);
        assert_eq!(shown.chars().count(), LONGEST + 1);
    }

    #[test]
    fn control_characters_become_spaces() {
        assert_eq!(redact("a\u{1b}[31m\0 b\r\nc\u{9b}1m", &[]), "a [31m b c 1m");
    }

    #[test]
    fn an_echo_without_an_end_is_cut_whole() {
        assert_eq!(
            redact("unable to parse 'cardata lat=50.7", &[]),
            "unable to parse '…'"
        );
    }
}
