//! What the YAML parser says, in words that help.

use collector_core::table::Span;

use super::positions::floor;

/// The place, the message and the advice for an error of the parser at byte `at`.
pub(super) fn explain(text: &str, at: usize, info: &str) -> (Span, String, Option<String>) {
    let at = floor(text, at);
    if let Some(known) = KNOWN.iter().find(|known| info.contains(known.sign)) {
        let span = match known.place {
            Place::Here => character_at(text, at),
            Place::Tab => text[..at]
                .rfind('\t')
                .map_or_else(|| character_at(text, at), |tab| tab..tab + 1),
            Place::Open(open, close) => opening(text, at, open, close),
        };
        return (span, known.message.to_owned(), Some(known.help.to_owned()));
    }
    if info.contains("mapping values are not allowed") {
        return colon(text, at);
    }
    (character_at(text, at), format!("this is not YAML: {info}"), None)
}

/// A `:` that the parser did not expect: a second one in its line, or the first one of a line that continues the
/// line before it.
fn colon(text: &str, at: usize) -> (Span, String, Option<String>) {
    let start = text[..at].rfind('\n').map_or(0, |newline| newline + 1);
    let before = &text[start..at];
    if before.contains(": ") {
        let help = "write the text in double quotes: `: ` inside of it begins a new table";
        return (
            character_at(text, at),
            "a `:` cannot stand here".to_owned(),
            Some(help.to_owned()),
        );
    }
    let key = before.trim_start().trim_start_matches("- ");
    let help = "the line before lacks its `: ` (with a space), or this line is indented otherwise than its neighbours";
    (
        at - key.len()..at,
        "this key does not fit here".to_owned(),
        Some(help.to_owned()),
    )
}

/// The last bracket before `at` that is still open.
fn opening(text: &str, at: usize, open: char, close: char) -> Span {
    let mut closed = 0;
    for (offset, c) in text[..at].char_indices().rev() {
        if c == close {
            closed += 1;
        } else if c == open && closed == 0 {
            return offset..offset + 1;
        } else if c == open {
            closed -= 1;
        }
    }
    character_at(text, at)
}

/// An error of the parser that people run into.
struct Known {
    /// Part of the parser's message.
    sign: &'static str,
    place: Place,
    message: &'static str,
    help: &'static str,
}

enum Place {
    Here,
    /// The tab before it.
    Tab,
    /// The bracket that is open.
    Open(char, char),
}

const fn known(sign: &'static str, place: Place, message: &'static str, help: &'static str) -> Known {
    Known {
        sign,
        place,
        message,
        help,
    }
}

const INDENTATION: &str = "the indentation does not fit here";
const IN_QUOTES: &str = "write it in double quotes";

/// The first that fits counts.
const KNOWN: &[Known] = &[
    known(
        "tab",
        Place::Tab,
        "a tab cannot indent YAML",
        "write spaces: two for each level",
    ),
    known(
        "unexpected character: `%'",
        Place::Here,
        "a text cannot begin with `%`",
        IN_QUOTES,
    ),
    known(
        "unexpected character: `@'",
        Place::Here,
        "a text cannot begin with `@`",
        IN_QUOTES,
    ),
    known(
        "unexpected character: ``'",
        Place::Here,
        "a text cannot begin with a back quote",
        IN_QUOTES,
    ),
    known(
        "unexpected end of stream",
        Place::Here,
        "this quoted text has no end",
        "write the closing quote",
    ),
    known(
        "invalid indentation in quoted scalar",
        Place::Here,
        "this quoted text has no end",
        "write the closing quote",
    ),
    known(
        "unknown escape character",
        Place::Here,
        "an escape in this text means nothing",
        "write `\\\\` for a backslash, or the text in single quotes",
    ),
    known(
        "unknown anchor",
        Place::Here,
        "this alias has no anchor before it",
        "write the text in double quotes; without them, `*` at its beginning makes an alias",
    ),
    known(
        "illegal placement of ':'",
        Place::Open('[', ']'),
        "this list in square brackets has no end",
        "write `,` between its items and `]` behind the last",
    ),
    known(
        "expected ',' or ']'",
        Place::Open('[', ']'),
        "this list in square brackets has no end",
        "write `,` between its items and `]` behind the last",
    ),
    known(
        "expected ',' or '}'",
        Place::Open('{', '}'),
        "this table in braces has no end",
        "write `,` between its keys and `}` behind the last",
    ),
    known(
        "block sequence entries are not allowed",
        Place::Here,
        "a list cannot begin here",
        "put the `-` on a line of its own, or write the text in double quotes",
    ),
    known(
        "simple key expect",
        Place::Here,
        "this is no key: there is no `:` behind it",
        "write `key: value`, with a space behind the colon",
    ),
    known(
        "expected key",
        Place::Here,
        INDENTATION,
        "all keys of a table are equally indented",
    ),
    known(
        "'-' indicator",
        Place::Here,
        INDENTATION,
        "items begin with `- `, and what belongs to one is equally indented",
    ),
    known(
        "invalid indentation",
        Place::Here,
        INDENTATION,
        "all keys of a table are equally indented",
    ),
    known(
        "recursion limit",
        Place::Here,
        "lists and tables are nested too deep here",
        "a pipeline file needs five levels",
    ),
];

/// The character at `at`, or, where the line ends there, the last one before it that is written.
fn character_at(text: &str, at: usize) -> Span {
    if let Some(character) = text[at..].chars().next().filter(|c| !matches!(c, '\n' | '\r')) {
        return at..at + character.len_utf8();
    }
    let before = text[..at].trim_end();
    let start = before.char_indices().next_back().map_or(0, |(offset, _)| offset);
    start..before.len()
}
