//! Positions in words that others wrote, which no log may show.

use std::borrow::Cow;

/// As many decimals as tell a place to within a hundred metres.
const DECIMALS: usize = 3;

/// The text with `…` in the place of every number that may be a latitude or a longitude: one with a point and
/// three or more decimals. Versions, addresses and times of day with fewer stay.
pub fn positions(text: &str) -> Cow<'_, str> {
    let mut kept = String::new();
    let mut rest = text;
    let mut done = 0;
    while let Some(start) = rest.find(is_part) {
        let length = rest[start..].find(|c| !is_part(c)).unwrap_or(rest.len() - start);
        let from = text.len() - rest.len() + start;
        let number = &rest[start..start + length];
        if is_position(number) {
            kept.push_str(&text[done..from]);
            kept.push('…');
            done = from + length;
        }
        rest = &rest[start + length..];
    }
    if done == 0 {
        return text.into();
    }
    kept.push_str(&text[done..]);
    kept.into()
}

fn is_part(c: char) -> bool {
    c.is_ascii_digit() || c == '.'
}

fn is_position(number: &str) -> bool {
    // A point at the end is one of the sentence.
    let number = number.trim_end_matches('.');
    let Some((whole, decimals)) = number.split_once('.') else {
        return false;
    };
    !whole.is_empty() && decimals.len() >= DECIMALS && !decimals.contains('.')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn positions_are_masked() {
        for (text, masked) in [
            ("lat=50.7664380556,lon=-2.10974i", "lat=…,lon=-…i"),
            ("{\"value\":\"50.766\"}", "{\"value\":\"…\"}"),
            ("at 48.1371, 11.5754.", "at …, …"),
            ("ü 13:21:16.000Z ü", "ü 13:21:…Z ü"),
        ] {
            assert_eq!(positions(text), masked);
        }
    }

    #[test]
    fn other_numbers_stay() {
        for text in [
            "",
            "HTTP 400, version 2.7.11",
            "192.168.178.1:8086",
            "74.5 % in 3.25 s.",
            "1.2.3456",
            "..123",
        ] {
            assert_eq!(positions(text), text);
        }
    }

    proptest! {
        #[test]
        fn no_position_is_left(before in "[^0-9.]{0,9}", place in "[0-9]{1,3}\\.[0-9]{3,12}", after in "[^0-9.]{0,9}") {
            let text = format!("{before}{place}{after}");
            prop_assert_eq!(positions(&text), format!("{before}…{after}"));
        }

        #[test]
        fn any_text_is_taken(text in "\\PC{0,60}") {
            prop_assert!(!positions(&positions(&text)).contains("0.123"));
        }
    }
}
