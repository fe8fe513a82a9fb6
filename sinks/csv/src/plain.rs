//! Text that a spreadsheet leaves as it is: what LibreOffice or Excel, set to English or German, would take for a number, a
//! date, a truth, an error or a formula is told apart.

use std::borrow::Cow;
use std::iter::Peekable;
use std::str::Chars;

use crate::encode::harmless;

/// Of a month's name, three letters or more.
const MONTHS: [&str; 19] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
    "januar",
    "februar",
    "märz",
    "mai",
    "juni",
    "juli",
    "oktober",
];
/// Names that are no beginning of another, and short forms.
const WORDS: [&str; 10] = [
    "dez", "dezember", "mrz", "am", "pm", "eur", "usd", "gbp", "chf", "uhr",
];
const TRUTHS: [&str; 4] = ["true", "false", "wahr", "falsch"];

/// Text as a cell of a sheet: in one line, and with an apostrophe in front where a spreadsheet would read it as something
/// else. Taking one leading apostrophe away gives the text back.
pub fn plain(text: &str) -> Cow<'_, str> {
    let line = one_line(text);
    match is_taken_for_another(&line) {
        true => Cow::Owned(format!("'{line}")),
        false => match line {
            Cow::Borrowed(line) => harmless(line),
            Cow::Owned(line) => Cow::Owned(harmless(&line).into_owned()),
        },
    }
}

/// Text without the ends of lines and other controls, which break a row for whoever reads lines.
pub fn one_line(text: &str) -> Cow<'_, str> {
    match text.contains(char::is_control) {
        true => Cow::Owned(text.replace(char::is_control, " ")),
        false => Cow::Borrowed(text),
    }
}

fn is_taken_for_another(text: &str) -> bool {
    let inner = text.trim();
    if inner != text {
        // Spaces around a text are taken away.
        return true;
    }
    let is_formula = text.starts_with(['=', '+', '-', '@', '\'']);
    !is_formula && (is_truth(text) || is_error(text) || is_number_or_time(text))
}

fn is_truth(text: &str) -> bool {
    TRUTHS.iter().any(|word| text.eq_ignore_ascii_case(word))
}

/// `#N/A`, `#DIV/0!`, `#WERT!`.
fn is_error(text: &str) -> bool {
    let name = text.strip_prefix('#');
    name.is_some_and(|name| {
        !name.is_empty() && name.chars().all(|c| c.is_ascii_uppercase() || "/0!?".contains(c))
    })
}

/// A piece of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    /// How many digits.
    Digits(usize),
    Word(String),
    Sign(char),
    Space,
}

/// Numbers, dates and times of any country have digits, their signs, and few words, which are known. One other word, or one
/// group of digits more than a date and a time have, makes a text of it.
fn is_number_or_time(text: &str) -> bool {
    let pieces = pieces(text);
    let groups = pieces.iter().filter(|piece| matches!(piece, Piece::Digits(_)));
    if groups.count() == 0 {
        return false;
    }
    let is_known = |place: usize| {
        let before = place.checked_sub(1).and_then(|place| pieces.get(place));
        match &pieces[place] {
            Piece::Digits(_) | Piece::Space => true,
            Piece::Sign(sign) => is_sign(*sign, place, pieces.len()),
            Piece::Word(word) => is_known_word(word, before, &pieces[place + 1..]),
        }
    };
    (0..pieces.len()).all(is_known) && are_few(&pieces)
}

/// A bracket is one around all of it.
fn is_sign(sign: char, place: usize, count: usize) -> bool {
    match sign {
        '(' => place == 0,
        ')' => place + 1 == count,
        _ => ".,:/-+'’%$€£¥".contains(sign),
    }
}

fn is_known_word(word: &str, before: Option<&Piece>, behind: &[Piece]) -> bool {
    let is_behind_digits = matches!(before, Some(Piece::Digits(_)));
    match word {
        // An exponent, which may have a sign.
        "e" | "d" => {
            let is_signed = matches!(behind, [Piece::Sign('+' | '-'), Piece::Digits(_), ..]);
            is_behind_digits && (is_signed || matches!(behind, [Piece::Digits(_), ..]))
        }
        // Half a day.
        "a" | "p" => before == Some(&Piece::Space) && behind.is_empty(),
        // `2026-03-01T12:00:00Z`.
        "t" => is_behind_digits && matches!(behind, [Piece::Digits(2), Piece::Sign(':'), ..]),
        "z" => is_behind_digits && behind.is_empty(),
        word => {
            WORDS.contains(&word)
                || (word.chars().count() >= 3 && MONTHS.iter().any(|month| month.starts_with(word)))
        }
    }
}

/// A date has three groups of digits with one sign between them, and so has a time; thousands have three digits each.
fn are_few(pieces: &[Piece]) -> bool {
    ".,:/-'’".chars().all(|sign| {
        let signs = pieces.iter().filter(|piece| **piece == Piece::Sign(sign)).count();
        let are_thousands = pieces.windows(2).all(|two| match two {
            [Piece::Sign(found), behind] if *found == sign => *behind == Piece::Digits(3),
            _ => true,
        });
        signs <= 2 || are_thousands
    })
}

fn pieces(text: &str) -> Vec<Piece> {
    let mut chars = text.chars().peekable();
    let mut pieces = Vec::new();
    while let Some(first) = chars.next() {
        pieces.push(match first {
            '0'..='9' => Piece::Digits(1 + run(&mut chars, |c| c.is_ascii_digit()).len()),
            first if first.is_whitespace() => {
                run(&mut chars, char::is_whitespace);
                Piece::Space
            }
            first if first.is_alphabetic() => {
                let word = format!("{first}{}", run(&mut chars, char::is_alphabetic));
                Piece::Word(word.to_lowercase())
            }
            sign => Piece::Sign(sign),
        });
    }
    pieces
}

/// What is ahead and of one kind.
fn run(chars: &mut Peekable<Chars<'_>>, is_of_kind: impl Fn(char) -> bool) -> String {
    let mut run = String::new();
    while let Some(next) = chars.next_if(|c| is_of_kind(*c)) {
        run.push(next);
    }
    run
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_spreadsheet_would_read_as_something_else_is_text() {
        let numbers = [
            "7",
            "007",
            "7E00123",
            "1e5",
            "1E+5",
            "1,5E-3",
            "1.5",
            "1,5",
            ".5",
            ",5",
            "1.234,56",
            "1,234,567.8",
            "1.234.567.890",
            "1'000",
            "1 000",
            "12-",
            "(12)",
            "50%",
            "50 %",
            "%50",
            "$5",
            "5 €",
            "€ 5",
            "£1,000",
            "5 EUR",
            "1/2",
            "1 2/3",
        ];
        let times = [
            "1-2",
            "3/4",
            "3/4/26",
            "1.2.",
            "1.2.26",
            "01.03.2026",
            "2026-03-01",
            "2026/3/1",
            "1-MAR",
            "1MAR",
            "MAR1",
            "May 5",
            "sept-24",
            "5. Mai",
            "1. März 2026",
            "Dez 24",
            "Oktober 2026",
            "March 1, 2026",
            "12:30",
            "7:05:09",
            "7:05.5",
            "7 AM",
            "7pm",
            "7 a",
            "12:30 Uhr",
            "1.3.2026 12:30",
            "2026-03-01T12:00:00.000Z",
            "2026-03-01 12:00:00",
        ];
        let others = [
            "TRUE", "false", "Wahr", "FALSCH", "#N/A", "#DIV/0!", "#WERT!", "=1+2", "+1", "-1", "-PHASES",
            "@x", "'tis", "'", " 7", "7 ", " text", "text ", " =1",
        ];
        for text in [&numbers[..], &times, &others].concat() {
            assert_eq!(plain(text), format!("'{text}"), "{text}");
        }
        assert_eq!(plain("\n=1"), "' =1");
    }

    #[test]
    fn what_a_spreadsheet_leaves_as_it_is_stays() {
        for text in [
            "",
            "CHARGINGACTIVE",
            "i4",
            "LEVEL1",
            "3-PHASES",
            "1_PHASE",
            "3PHASE",
            "AC_TYPE2",
            "TYPE2",
            "12 km",
            "12 h",
            "7A12345",
            "WBY8P210X07A12345",
            "2WD",
            "4x4",
            "0x10",
            "3E",
            "E5",
            "E10",
            "1E",
            "11-2023.50a",
            "1.2.3.4",
            "1-2-3-4",
            "00:1A:2B:3C",
            "1:2:3:4",
            "SW 11/2023 b",
            "V1.2",
            "MARCHING_1",
            "MARCH_1",
            "May",
            "Mai",
            "(a)",
            "#",
            "#12",
            ".",
            "-",
            "v7e00123",
            "TRUE_1",
            "true false",
            "80% or more",
            "Straße 5b",
            "am",
            "INVALID",
        ] {
            let expected = if text == "-" { "'-" } else { text };
            assert_eq!(plain(text), expected, "{text}");
        }
        assert_eq!(plain("line\r\nbreak"), "line  break");
    }
}
