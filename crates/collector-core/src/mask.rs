//! The words of others, made fit for a message or a log: BMW, a store and a broken program may repeat what they were
//! given, and that may be a token, a VIN or a position.

use std::borrow::Cow;

use crate::Vin;

/// As many decimals as tell a place to within a hundred metres.
const DECIMALS: usize = 3;
/// Of a VIN, and the shortest that tokens are.
const LENGTH: usize = 17;
/// So many characters of one text are read by people.
const READABLE: usize = 1_000;
/// As many characters are read for one that is shown: `…` may take the place of a long secret.
const READ: usize = 64;

/// What somebody else said, on one line of at most `limit` characters and `…`: [`personal`], and with `…` in the
/// place of the `secrets` and of every word that looks like a token, which is one of 17 or more of the characters of
/// base64url: with letters and digits, or with so many capitals among small letters as no word in camel case has.
/// Other long words stay, and so do numbers and UUIDs.
pub fn quoted<S: AsRef<str>>(text: &str, secrets: &[S], limit: usize) -> String {
    let beginning = first(text, limit.saturating_mul(READ));
    // Before what looks like a VIN: that may be the middle of a token, whose ends would be left.
    let text = replaced(
        &without(beginning, secrets),
        |c| is_part_of_word(c) || c == '-',
        token,
    );
    cut(&personal(&text), limit)
}

/// The text on one line, without what tells who and where somebody is: of a VIN `…` and its last four characters, and
/// `…` in the place of every number that may be a latitude or a longitude, which is one with a point and three or
/// more decimals. Versions, addresses and times of day with fewer stay. What controls a terminal becomes a space.
pub fn personal(text: &str) -> String {
    let blank = |c: char| c.is_whitespace() || commands(c);
    let words: Vec<_> = text.split(blank).filter(|word| !word.is_empty()).collect();
    let text = replaced(&words.join(" "), |c| c.is_ascii_digit() || c == '.', position);
    replaced(&text, is_part_of_word, vin)
}

/// The text with `…` in the place of the secrets, whatever they are parts of.
pub fn without<S: AsRef<str>>(text: &str, secrets: &[S]) -> String {
    let mut secrets: Vec<_> = secrets.iter().map(AsRef::as_ref).collect();
    // What contains another goes before it.
    secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
    let known = secrets.into_iter().filter(|secret| !secret.is_empty());
    known.fold(text.to_owned(), |text, secret| text.replace(secret, "…"))
}

/// The text with an escape in the place of every character that could command a terminal, break a line, turn the
/// direction of what follows or hide in it. The escapes are those of JSON, so that JSON stays what it was.
pub fn harmless(text: &str) -> Cow<'_, str> {
    escaped(text, commands)
}

/// What others wrote, for people on a terminal: [`harmless`], and cut where it is longer than anybody reads.
pub fn readable(text: &str) -> String {
    harmless(&cut(text, READABLE)).into_owned()
}

/// [`harmless`] for a text of several lines.
pub fn harmless_lines(text: &str) -> Cow<'_, str> {
    escaped(text, |c| c != '\n' && commands(c))
}

fn escaped(text: &str, is_escaped: fn(char) -> bool) -> Cow<'_, str> {
    if !text.contains(is_escaped) {
        return text.into();
    }
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            c if !is_escaped(c) => shown.push(c),
            '\n' => shown.push_str("\\n"),
            '\r' => shown.push_str("\\r"),
            '\t' => shown.push_str("\\t"),
            c => {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    shown.push_str(&format!("\\u{unit:04x}"));
                }
            }
        }
    }
    shown.into()
}

/// Control characters, and Unicode's format characters that show nothing themselves: of direction and of joining, tags,
/// marks of order and of annotations, line separators.
fn commands(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}'
        )
}

/// The first `limit` characters, and `…` where there are more.
pub fn cut(text: &str, limit: usize) -> String {
    let shown = first(text, limit);
    let end = if shown.len() < text.len() { "…" } else { "" };
    format!("{shown}{end}")
}

fn first(text: &str, characters: usize) -> &str {
    let end = text.char_indices().nth(characters);
    end.map_or(text, |(end, _)| &text[..end])
}

/// The text in which each run of these characters is what `mask` makes of it.
fn replaced(text: &str, is_part: fn(char) -> bool, mask: fn(&str) -> Cow<'_, str>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(is_part) {
        let end = rest[start..]
            .find(|c| !is_part(c))
            .map_or(rest.len(), |length| start + length);
        out.push_str(&rest[..start]);
        out.push_str(&mask(&rest[start..end]));
        rest = &rest[end..];
    }
    out + rest
}

fn is_part_of_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

fn position(number: &str) -> Cow<'_, str> {
    // A point at the end is one of the sentence.
    let bare = number.trim_end_matches('.');
    match bare.split_once('.') {
        Some((whole, decimals))
            if !whole.is_empty() && decimals.len() >= DECIMALS && !decimals.contains('.') =>
        {
            format!("…{}", &number[bare.len()..]).into()
        }
        _ => number.into(),
    }
}

fn vin(word: &str) -> Cow<'_, str> {
    let has_digit = word.contains(|c: char| c.is_ascii_digit());
    match word.parse::<Vin>() {
        Ok(vin) if has_digit => format!("…{}", vin.short()).into(),
        _ if holds_vin(word) => "…".into(),
        _ => word.into(),
    }
}

/// A VIN as a part of a longer word: it begins with a letter and ends with digits.
fn holds_vin(word: &str) -> bool {
    let letter = |byte: &u8| byte.is_ascii_uppercase() && !matches!(byte, b'I' | b'O' | b'Q');
    word.as_bytes().windows(LENGTH).any(|vin| {
        letter(&vin[0])
            && vin.iter().all(|byte| letter(byte) || byte.is_ascii_digit())
            && vin[LENGTH - 4..].iter().all(u8::is_ascii_digit)
    })
}

fn token(word: &str) -> Cow<'_, str> {
    let is_at_least_a_fifth = |of: fn(&u8) -> bool| word.bytes().filter(of).count() * 5 >= word.len();
    let has_digit = word.contains(|c: char| c.is_ascii_digit());
    let has_letter = word.contains(|c: char| c.is_ascii_alphabetic());
    let is_mixed = is_at_least_a_fifth(u8::is_ascii_uppercase) && is_at_least_a_fifth(u8::is_ascii_lowercase);
    let looks_like_one = word.len() >= LENGTH && (has_digit && has_letter || is_mixed);
    match looks_like_one && !is_uuid(word) && word.parse::<Vin>().is_err() {
        true => "…".into(),
        false => word.into(),
    }
}

fn is_uuid(word: &str) -> bool {
    let groups = word
        .split('-')
        .map(|group| match group.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            true => group.len(),
            false => 0,
        });
    groups.eq([8, 4, 4, 4, 12])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const LIMIT: usize = 200;

    fn said(text: &str) -> String {
        quoted::<&str>(text, &[], LIMIT)
    }

    #[test]
    fn what_commands_a_terminal_is_escaped() {
        assert_eq!(harmless("i4 – grün"), "i4 – grün");
        let shown = harmless("\u{1b}]0;owned\u{7}\nE\u{9b}31mVIL\u{202e}x\u{e0001}\u{2066}");
        assert_eq!(
            shown,
            r"\u001b]0;owned\u0007\nE\u009b31mVIL\u202ex\udb40\udc01\u2066"
        );
        assert_eq!(harmless_lines("a\n\u{61c}b\r\n"), "a\n\\u061cb\\r\n");
        assert_eq!(said("a\u{202e}b\u{feff}"), "a b");
    }

    #[test]
    fn positions_are_masked() {
        for (text, masked) in [
            ("lat=50.7664380556,lon=-2.10974i", "lat=…,lon=-…i"),
            ("{\"value\":\"50.766\"}", "{\"value\":\"…\"}"),
            ("at 48.1371, 11.5754.", "at …, …."),
            ("ü 13:21:16.000Z ü", "ü 13:21:…Z ü"),
        ] {
            assert_eq!(personal(text), masked);
        }
    }

    #[test]
    fn other_numbers_and_words_stay() {
        for text in [
            "",
            "HTTP 400, version 2.7.11",
            "192.168.178.1:8086",
            "74.5 % in 3.25 s.",
            "1.2.3456",
            "..123",
            "20261122204512345678 CustomerErrorResponse",
            "7d2f6a52-0b7e-4f0e-8a51-0d7cbd3b0d50 vehicle.cabin.door.row1.passenger.isOpen",
        ] {
            assert_eq!(said(text), text);
        }
    }

    #[test]
    fn vins_keep_four_characters() {
        for (text, masked) in [
            ("vin=WBY8P210X07A12345,vehicle=i4", "vin=…2345,vehicle=i4"),
            ("/vehicles/wby8p210x07a12345/x", "/vehicles/…2345/x"),
            ("no vinWBY8P210X07A12345x", "no …"),
            ("vin_WBY8P210X07A12345", "…"),
        ] {
            assert_eq!(personal(text), masked);
        }
    }

    #[test]
    fn tokens_and_secrets_are_masked() {
        assert_eq!(said("with eyJhbGciOiJIUzI1NiJ9.abc"), "with ….abc");
        // No part between the signs of base64url is long and has a digit; then none has one at all.
        assert_eq!(
            said("Bearer oxJLEiHGOFAbvGpHyzcCcOdpHhEIfB-soGo1IMB0_lwHTTP/1.1"),
            "Bearer …/1.1"
        );
        assert_eq!(said("?code=oxJLEiHGOFAbvGpHyzcCcOdpHhEIfB-soGo"), "?code=…");
        // With a VIN in the middle, as chance has it.
        assert_eq!(said("-AAA00_Aaaa_-AaaaAAa0aAaAaAa0a-A0aAa00AAAA0"), "…");
        assert_eq!(quoted("a=simple+1!", &["simple", "", "simple+1"], LIMIT), "a=…!");
    }

    #[test]
    fn text_is_on_one_line_and_cut_between_characters() {
        assert_eq!(said(" a\u{1b}[31m\0 b\r\nc\u{9b}1m "), "a [31m b c 1m");
        assert_eq!(said(&"ü ".repeat(300)).chars().count(), LIMIT + 1);
    }

    proptest! {
        #[test]
        fn no_position_is_left(before in "[^0-9.]{0,9}", place in "[0-9]{1,3}\\.[0-9]{3,12}", after in "[^0-9.]{0,9}") {
            let text = personal(&format!("{before}{place}{after}"));
            prop_assert!(!text.contains(&place), "{text}");
        }

        #[test]
        fn nothing_secret_is_shown(
            before in ".{0,250}", vin in "[A-HJ-NPR-Z]{9}[0-9]{8}", secret in "[!-~]{4,9}", after in ".{0,50}",
        ) {
            let text = quoted(&format!("{before}{vin}{after}{secret}"), &[&secret], LIMIT);
            prop_assert!(!text.contains(&vin) && !text.contains(&secret), "{text}");
            prop_assert!(!text.contains(char::is_control));
            prop_assert!(text.chars().count() <= LIMIT + 1);
        }

        #[test]
        fn no_token_is_left(before in "([!-,./:-@]{0,9} )?", token in "[A-Za-z0-9_-]{20}[0-9][A-Za-z][A-Za-z0-9_-]{21}", after in "[!-~]{0,9}") {
            let text = said(&format!("{before}{token}{after}"));
            prop_assert!(!token.as_bytes().windows(9).any(|part| text.as_bytes().windows(9).any(|shown| shown == part)), "{text}");
        }

        #[test]
        fn json_stays_what_it_was(text: String) {
            let json = serde_json::json!({ text.clone(): [text] });
            for shown in [format!("{json}"), format!("{json:#}")] {
                let shown = harmless_lines(&shown).into_owned();
                prop_assert!(!shown.contains(|c| c != '\n' && commands(c)));
                prop_assert_eq!(&serde_json::from_str::<serde_json::Value>(&shown).unwrap(), &json);
            }
        }

        #[test]
        fn any_text_can_be_quoted(text: String, secret in ".{0,3}", limit in 0_usize..9) {
            quoted(&text, &[secret], limit);
        }
    }
}
