//! What the YAML parser says, in words that help.

use collector_core::table::Span;

use super::positions::floor;

/// The place, the message and the advice for an error of the parser at byte `at`.
pub(super) fn explain(text: &str, at: usize, info: &str) -> (Span, String, Option<String>) {
    let at = floor(text, at);
    if let Some([place, message, help]) = explanation(info) {
        let tab = text[..at].rfind('\t').filter(|_| place == "tab");
        let span = match (tab, place) {
            (Some(tab), _) => tab..tab + 1,
            (None, "[]") => opening(text, at, '[', ']'),
            (None, "{}") => opening(text, at, '{', '}'),
            _ => character_at(text, at),
        };
        return (span, message.to_owned(), Some(help.to_owned()));
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
    let key = before.trim_start().trim_start_matches("- ");
    let (span, message, help) = if before.contains(": ") {
        let help = "write the text in double quotes: `: ` inside of it begins a new table";
        (character_at(text, at), "a `:` cannot stand here", help)
    } else {
        let help = "the line before lacks its `: ` (with a space), or this line is indented otherwise than its neighbours";
        (at - key.len()..at, "this key does not fit here", help)
    };
    (span, message.to_owned(), Some(help.to_owned()))
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

/// The errors of the parser that people run into: a part of its message, where we point, what we say, the advice. The first
/// that fits counts. `here` is where the parser is, `tab` the tab before it, a pair of brackets the one that is open.
const EXPLANATIONS: &str = r"
tab | tab | a tab cannot indent YAML | write spaces: two for each level
unexpected character: `%' | here | a text cannot begin with `%` | write it in double quotes
unexpected character: `@' | here | a text cannot begin with `@` | write it in double quotes
unexpected character: ``' | here | a text cannot begin with a back quote | write it in double quotes
unexpected end of stream | here | this quoted text has no end | write the closing quote
invalid indentation in quoted scalar | here | this quoted text has no end | write the closing quote
unknown escape character | here | an escape in this text means nothing | write `\\` for a backslash, or the text in single quotes
unknown anchor | here | this alias has no anchor before it | write the text in double quotes; without them, `*` at its beginning makes an alias
illegal placement of ':' | [] | this list in square brackets has no end | write `,` between its items and `]` behind the last
expected ',' or ']' | [] | this list in square brackets has no end | write `,` between its items and `]` behind the last
expected ',' or '}' | {} | this table in braces has no end | write `,` between its keys and `}` behind the last
block sequence entries are not allowed | here | a list cannot begin here | put the `-` on a line of its own, or write the text in double quotes
simple key expect | here | this is no key: there is no `:` behind it | write `key: value`, with a space behind the colon
expected key | here | the indentation does not fit here | all keys of a table are equally indented
'-' indicator | here | the indentation does not fit here | items begin with `- `, and what belongs to one is equally indented
invalid indentation | here | the indentation does not fit here | all keys of a table are equally indented
recursion limit | here | lists and tables are nested too deep here | a pipeline file needs five levels
";

/// Where we point for an error of the parser, the message, the advice.
fn explanation(info: &str) -> Option<[&'static str; 3]> {
    EXPLANATIONS.lines().find_map(|row| {
        let mut cells = row.split(" | ");
        cells
            .next()
            .filter(|sign| !sign.is_empty() && info.contains(sign))?;
        Some([cells.next()?, cells.next()?, cells.next()?])
    })
}

/// The character at `at`, or, where the line ends there, the last one before it that is written.
fn character_at(text: &str, at: usize) -> Span {
    if let Some(character) = text[at..].chars().next().filter(|c| !matches!(c, '\n' | '\r')) {
        return at..at + character.len_utf8();
    }
    let before = text[..at].trim_end();
    let start = before.char_indices().next_back().map_or(0, |(offset, _)| offset);
    start..before.len()
}
