//! Foreign text made fit for a message or a log.

use collector_core::mask;

/// The characters of a body that a message shows.
const SHOWN: usize = 200;
const VIN_LENGTH: usize = 17;

/// The beginning of `body`: control characters as spaces, and `secret` and everything that looks like a VIN, a
/// token or a position as `…`.
pub(crate) fn excerpt(body: &[u8], secret: &str) -> String {
    // Enough for the characters that are shown, even where masks take the place of long secrets.
    let beginning = &body[..body.len().min(SHOWN * 64)];
    shown(&String::from_utf8_lossy(beginning), secret, is_secret)
}

/// The number of an error, which may be as long as a token: only VINs and `secret` are masked.
pub(crate) fn reference(text: &str, secret: &str) -> String {
    shown(text, secret, |word| {
        (word.len() == VIN_LENGTH && is_secret(word)) || holds_vin(word)
    })
}

fn shown(text: &str, secret: &str, is_secret: fn(&str) -> bool) -> String {
    let text = if secret.is_empty() {
        text.to_owned()
    } else {
        text.replace(secret, "…")
    };
    let text: String = text
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    shorten(masked(&mask::positions(text.trim()), is_secret))
}

fn masked(text: &str, is_secret: fn(&str) -> bool) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(is_word) {
        let end = rest[start..]
            .find(|c| !is_word(c))
            .map_or(rest.len(), |length| start + length);
        let word = &rest[start..end];
        out.push_str(&rest[..start]);
        out.push_str(if is_secret(word) { "…" } else { word });
        rest = &rest[end..];
    }
    out.push_str(rest);
    out
}

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// As long as a VIN at least, as most tokens are. Long words without a digit are words:
/// `CustomerErrorResponse`.
fn is_secret(word: &str) -> bool {
    word.len() >= VIN_LENGTH && word.contains(|c: char| c.is_ascii_digit())
}

/// A VIN as a part of a longer word: it begins with a letter and ends with digits.
fn holds_vin(word: &str) -> bool {
    let letter = |byte: &u8| byte.is_ascii_uppercase() && !matches!(byte, b'I' | b'O' | b'Q');
    word.as_bytes().windows(VIN_LENGTH).any(|vin| {
        letter(&vin[0])
            && vin.iter().all(|byte| letter(byte) || byte.is_ascii_digit())
            && vin[VIN_LENGTH - 4..].iter().all(u8::is_ascii_digit)
    })
}

fn shorten(text: String) -> String {
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn vins_and_tokens_are_masked() {
        let body = b"no permission for WBY8P210X07A12345 with eyJhbGciOiJIUzI1NiJ9.abc";
        assert_eq!(excerpt(body, ""), "no permission for … with ….abc");
        assert_eq!(excerpt(b"token=simple!", "simple"), "token=…!");
    }

    #[test]
    fn positions_are_masked() {
        let body = br#"{"telematicData":{"a.latitude":{"value":"50.7664380556","unit":"degrees"#;
        let shown = r#"{"telematicData":{"a.latitude":{"value":"…","unit":"degrees"#;
        assert_eq!(excerpt(body, ""), shown);
    }

    #[test]
    fn identifiers_of_errors_and_descriptors_stay() {
        let text = "7d2f6a52-0b7e-4f0e-8a51-0d7cbd3b0d50 vehicle.cabin.door.row1.passenger.isOpen";
        assert_eq!(excerpt(text.as_bytes(), ""), text);
    }

    #[test]
    fn a_reference_may_be_long_but_is_no_vin() {
        let number = "20261122204512345678";
        assert_eq!(reference(number, ""), number);
        assert_eq!(reference("WBY8P210X07A12345", ""), "…");
        assert_eq!(reference("no vinWBY8P210X07A12345x", ""), "no …");
        assert_eq!(reference("token", "token"), "…");
    }

    #[test]
    fn control_characters_become_spaces() {
        assert_eq!(
            excerpt(b"<html>\r\n\x1b[31mred</html>\n", ""),
            "<html>   [31mred</html>"
        );
    }

    #[test]
    fn long_text_is_cut() {
        let text = excerpt("ä ".repeat(300).as_bytes(), "");
        assert_eq!(text.chars().count(), SHOWN + 1);
    }

    proptest! {
        #[test]
        fn nothing_secret_is_shown(before in ".{0,250}", secret in "[A-HJ-NPR-Z]{9}[0-9]{8}", after in ".{0,50}") {
            let text = excerpt(format!("{before}{secret}{after}").as_bytes(), "");
            prop_assert!(!text.contains(&secret));
            prop_assert!(!text.contains(char::is_control));
            prop_assert!(text.chars().count() <= SHOWN + 1);
        }

        #[test]
        fn any_bytes_can_be_shown(body: Vec<u8>, secret in ".{0,3}") {
            excerpt(&body, &secret);
        }
    }
}
