//! The plain form of a word, in which all ways to write it are one: `NOT AVAILABLE`, `not-available`, `Â°C` and `℃`.
//!
//! Case, white space and what only joins words do not count; look-alike signs are the sign that is meant; what was read as
//! Latin-1 or Windows-1252 though it was UTF-8 is read once more (seen from an X1: `Â°C`).

use std::borrow::Cow;

use icu_normalizer::ComposingNormalizerBorrowed;

/// The plain form: lower case, without white space, brackets, full stops, signs of multiplication, hyphens and underscores.
pub fn plain(text: &str) -> String {
    if text.is_ascii() {
        return letters(text).map(char::from).collect();
    }
    let text: String = decoded(text).chars().map(meant).collect();
    let text = ComposingNormalizerBorrowed::new_nfkc().normalize(&text);
    let lower = text.to_lowercase();
    lower.chars().filter(|character| !joins(*character)).collect()
}

/// Whether the plain form of `text` is one of `words`, which are plain.
pub fn is_one_of(text: &str, words: &[&str]) -> bool {
    if !text.is_ascii() {
        return words.contains(&plain(text).as_str());
    }
    // Every text of a poll comes through here: nothing is allocated, and most words differ in their first letter.
    let first = letters(text).next();
    let may_be = |word: &&&str| word.as_bytes().first().copied() == first;
    words
        .iter()
        .filter(may_be)
        .any(|word| letters(text).eq(word.bytes()))
}

fn letters(text: &str) -> impl Iterator<Item = u8> {
    let counts = |byte: &u8| !joins(char::from(*byte));
    text.bytes().filter(counts).map(|byte| byte.to_ascii_lowercase())
}

fn joins(character: char) -> bool {
    character.is_whitespace()
        || matches!(
            character,
            '-' | '_' | '.' | '(' | ')' | '[' | ']' | '*' | '·' | '⋅' | '×'
        )
}

/// Undoes what reading UTF-8 as another encoding did to a text, as often as it was done.
fn decoded(text: &str) -> Cow<'_, str> {
    let mut text = Cow::Borrowed(text);
    while !text.is_ascii() {
        let bytes: Option<Vec<u8>> = text.chars().map(single_byte).collect();
        match bytes.map(String::from_utf8) {
            Some(Ok(decoded)) => text = decoded.into(),
            _ => break,
        }
    }
    text
}

/// The byte that is this character in Latin-1, or in Windows-1252 where that has more.
fn single_byte(character: char) -> Option<u8> {
    const FROM_0X80: &str = "€\u{81}‚ƒ„…†‡ˆ‰Š‹Œ\u{8d}Ž\u{8f}\u{90}‘’“”•–—˜™š›œ\u{9d}žŸ";
    if let Ok(byte) = u8::try_from(u32::from(character)) {
        return Some(byte);
    }
    let place = FROM_0X80.chars().position(|known| known == character)?;
    u8::try_from(0x80 + place).ok()
}

/// The sign that is meant by one that only looks like it. Those that Unicode calls compatible are not here.
fn meant(character: char) -> char {
    match character {
        // Ordinal, ring, operator, superscripts, and what is left of a sign that no system on the way could write.
        'º' | '˚' | '∘' | '⁰' | 'ᵒ' | '\u{fffd}' => '°',
        '٪' => '%',
        '∕' | '⁄' | '÷' => '/',
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_ways_to_write_a_word_are_one() {
        for text in [
            "NOT AVAILABLE",
            "not-available",
            "Not_Available",
            " notavailable ",
            "NOT\u{a0}AVAILABLE",
            "ＮＯＴ ＡＶＡＩＬＡＢＬＥ",
        ] {
            assert_eq!(plain(text), "notavailable", "{text}");
            assert!(is_one_of(text, &["", "notavailable"]), "{text}");
        }
        assert!(!is_one_of(
            "NOT AVAILABLE",
            &["", "not", "available", "notavailables"]
        ));
    }

    #[test]
    fn a_sign_is_the_one_that_is_meant_however_it_was_encoded() {
        for text in ["°C", "℃", "Â°C", "Ã‚Â°C", "â„ƒ", "ºc", "˚C", "° C", "\u{fffd}C"] {
            assert_eq!(plain(text), "°c", "{text}");
        }
        assert_eq!(plain("％"), "%");
        assert_eq!(plain("㎞∕h"), "km/h");
        assert_eq!(plain("Größe"), "größe");
    }

    proptest::proptest! {
        #[test]
        fn any_text_has_a_plain_form_that_is_plain(text in "\\PC{0,20}") {
            let once = plain(&text);
            proptest::prop_assert_eq!(is_one_of(&text, &[&once]), true);
        }
    }
}
