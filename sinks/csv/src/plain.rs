//! Text that a spreadsheet leaves as it is: what it would take for a number, a date, a truth or a formula is told apart.

use std::borrow::Cow;

use crate::encode::harmless;

/// How the months begin that a spreadsheet knows in any setting.
const MONTHS: [&str; 12] = [
    "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
];

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

/// Numbers, dates and times of any country begin with a digit, a separator, a bracket or the sign of a currency; or with
/// the name of a month that a number follows.
fn is_taken_for_another(text: &str) -> bool {
    let text = text.trim_start();
    let has_digit = text.contains(|c: char| c.is_ascii_digit());
    match text.chars().next() {
        Some('0'..='9') => true,
        Some('.' | ',' | '(' | '#' | '$' | '€' | '£' | '¥') => has_digit,
        Some('=' | '+' | '-' | '@') => false,
        _ => is_truth(text) || (has_digit && is_month(text)),
    }
}

fn is_truth(text: &str) -> bool {
    let text = text.trim_end();
    text.eq_ignore_ascii_case("true") || text.eq_ignore_ascii_case("false")
}

fn is_month(text: &str) -> bool {
    let word = text
        .find(|c: char| !c.is_ascii_alphabetic())
        .unwrap_or(text.len());
    let (word, rest) = text.split_at(word);
    let begins = |month: &&str| {
        word.get(..3)
            .is_some_and(|begin| begin.eq_ignore_ascii_case(month))
    };
    let is_rest = |c: char| c.is_ascii_digit() || " .,/-'".contains(c);
    MONTHS.iter().any(begins) && rest.chars().all(is_rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_spreadsheet_would_read_as_something_else_is_text() {
        let others = [
            "7E00123",
            "007",
            "1-2",
            "3/4",
            "12:30",
            "2026-03-01",
            "1,5",
            "50%",
            "1 2/3",
            "$5",
            "(12)",
            ".5",
            "MAR1",
            "May 5",
            "sept-24",
            "TRUE",
            "false ",
            "=1+2",
            "+1",
            "-1",
            "@x",
            "'tis",
            "12 km",
            "1e5",
        ];
        for text in others {
            assert_eq!(plain(text), format!("'{text}"), "{text}");
        }
        for text in [
            "",
            "CHARGINGACTIVE",
            "i4",
            "LEVEL1",
            "MARCHING_1",
            "(a)",
            "#",
            ".",
            "v7e00123",
            "May",
        ] {
            assert_eq!(plain(text), text, "{text}");
        }
        assert_eq!(plain("line\r\nbreak"), "line  break");
        assert_eq!(plain("\n=1"), " =1");
    }
}
