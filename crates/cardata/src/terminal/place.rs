//! What may be sent to where a text goes: decided here alone, from what is known of that place. What is no terminal gets
//! the text as it is: no colours, nothing cut, no width; but for standard output where somebody told a width, as `watch` does.

use std::io::{self, IsTerminal};
use std::os::fd::AsFd;

use terminal_size::terminal_size_of;
use textwrap::{Options, WordSeparator, WordSplitter};

/// What is taken for the width of a terminal that does not tell its own, in columns.
const USUAL: usize = 80;
/// A space at which no line is broken.
const HELD: &str = "\u{a0}";
/// Narrower ones are treated as this wide, in columns.
const NARROWEST: usize = 20;

/// What can be sent to a place.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Place {
    pub colours: bool,
    /// Lines that were written can be written over.
    pub rewrites: bool,
    /// Characters that are no ASCII are drawn.
    pub unicode: bool,
    /// In columns; `None` where lines may be of any length.
    pub width: Option<usize>,
}

impl Place {
    /// In a pipe too it has the width that `COLUMNS` tells; standard error has not, for logs are read by line.
    pub fn stdout() -> Self {
        match io::stdout().is_terminal() {
            true => Self::of_stream(&io::stdout()),
            false => Self::of_pipe(variable),
        }
    }

    pub fn stderr() -> Self {
        Self::of_stream(&io::stderr())
    }

    fn of_stream(stream: &(impl IsTerminal + AsFd)) -> Self {
        match stream.is_terminal() {
            true => Self::of_terminal(
                variable,
                terminal_size_of(stream).map(|(width, _)| usize::from(width.0)),
            ),
            false => Self::default(),
        }
    }

    /// A pipe or a file, with these variables.
    pub fn of_pipe(variable: impl Fn(&str) -> Option<String>) -> Self {
        Self {
            width: told(variable).map(|columns| columns.max(NARROWEST)),
            ..Self::default()
        }
    }

    /// A terminal with these variables (none of them empty) and this size. `NO_COLOR` is that of no-color.org;
    /// `CLICOLOR_FORCE` is not asked, for colours in files help nobody.
    fn of_terminal(variable: impl Fn(&str) -> Option<String>, columns: Option<usize>) -> Self {
        let is_dumb = variable("TERM").is_none_or(|term| term == "dumb");
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(&variable);
        let locale = locale.unwrap_or_default().to_uppercase();
        // One that is on a serial line says that it has none.
        let columns = columns.filter(|columns| *columns > 0);
        Self {
            colours: !is_dumb && variable("NO_COLOR").is_none(),
            rewrites: !is_dumb,
            unicode: !is_dumb && (locale.contains("UTF-8") || locale.contains("UTF8")),
            width: Some(columns.or_else(|| told(variable)).unwrap_or(USUAL).max(NARROWEST)),
        }
    }

    /// The text with every line that is too long broken between words, which are never cut: a link stays whole. What
    /// is broken goes on further in than it began, below its first word where a mark stands before that.
    pub fn fitted(&self, text: &str) -> String {
        let Some(width) = self.width else {
            return text.to_owned();
        };
        let lines = text.split('\n').map(|line| broken(line, width, indent(line)));
        lines.collect::<Vec<_>>().join("\n")
    }
}

/// A variable of this process that says something.
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// The width that somebody asks for, in columns.
fn told(variable: impl Fn(&str) -> Option<String>) -> Option<usize> {
    variable("COLUMNS")?.parse().ok().filter(|columns| *columns > 0)
}

/// One line, broken between words; what follows the first break stands `indent` columns in. Colours take no columns, and
/// what stands between backquotes, which is there to be typed, is one word.
pub fn broken(line: &str, width: usize, indent: usize) -> String {
    if textwrap::core::display_width(line) <= width {
        return line.to_owned();
    }
    let indent = " ".repeat(indent);
    let options = Options::new(width)
        .subsequent_indent(&indent)
        .break_words(false)
        .word_separator(WordSeparator::AsciiSpace)
        .word_splitter(WordSplitter::NoHyphenation);
    textwrap::fill(&typed_as_words(line), options).replace(HELD, " ")
}

/// With another space between words that are kept together. Where the backquotes are no pairs, nothing is.
fn typed_as_words(line: &str) -> String {
    let parts: Vec<_> = line.split('`').collect();
    if parts.len().is_multiple_of(2) {
        return line.to_owned();
    }
    let held = parts.iter().zip([false, true].into_iter().cycle());
    let held = held.map(|(part, is_typed)| match is_typed && part.len() < NARROWEST * 2 {
        true => part.replace(' ', HELD),
        false => (*part).to_owned(),
    });
    held.collect::<Vec<_>>().join("`")
}

/// How far in a line goes on.
fn indent(line: &str) -> usize {
    let text = line.trim_start_matches(' ');
    let begins = line.len() - text.len();
    match begins {
        // A sentence, or a note behind its mark.
        0 => 2,
        _ if text.starts_with("! ") => begins + 2,
        // A paragraph of its own, below what it is about.
        6.. => begins,
        _ => begins + 4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn terminal(variables: &[(&str, &str)], columns: Option<usize>) -> Place {
        let variable = |name: &str| {
            let found = variables.iter().find(|(key, _)| *key == name);
            found.map(|(_, value)| (*value).to_owned())
        };
        Place::of_terminal(variable, columns)
    }

    #[test]
    fn a_terminal_gets_what_it_can_show() {
        let usual = [("TERM", "xterm-256color"), ("LANG", "de_DE.UTF-8")];
        let all = Place {
            colours: true,
            rewrites: true,
            unicode: true,
            width: Some(120),
        };
        assert_eq!(terminal(&usual, Some(120)), all);
        let no_colour = [usual[0], usual[1], ("NO_COLOR", "1")];
        assert_eq!(
            terminal(&no_colour, Some(120)),
            Place {
                colours: false,
                ..all
            }
        );
        let latin = [usual[0], usual[1], ("LC_ALL", "C")];
        assert_eq!(
            terminal(&latin, Some(120)),
            Place {
                unicode: false,
                ..all
            }
        );
    }

    #[test]
    fn a_dumb_terminal_gets_plain_lines_of_its_width() {
        let plain = Place {
            width: Some(80),
            ..Place::default()
        };
        for variables in [
            &[("TERM", "dumb"), ("LANG", "C.UTF-8")][..],
            &[("LANG", "C.UTF-8")],
        ] {
            assert_eq!(terminal(variables, Some(80)), plain);
        }
    }

    #[test]
    fn a_width_is_the_terminals_or_what_is_told_of_it_or_the_usual_one() {
        let told = [("TERM", "xterm"), ("COLUMNS", "100")];
        for (variables, columns, width) in [
            (&told[..], Some(64), 64),
            (&told, None, 100),
            (&told, Some(0), 100),
            (&told[..1], None, 80),
            (&told[..1], Some(1), 20),
        ] {
            assert_eq!(terminal(variables, columns).width, Some(width));
        }
    }

    #[test]
    fn what_is_no_terminal_has_the_width_that_is_told_of_it() {
        for (columns, width) in [
            (None, None),
            (Some("64"), Some(64)),
            (Some("0"), None),
            (Some("wide"), None),
        ] {
            let place = Place::of_pipe(|name| columns.filter(|_| name == "COLUMNS").map(str::to_owned));
            assert_eq!(
                place,
                Place {
                    width,
                    ..Place::default()
                }
            );
        }
    }

    #[test]
    fn long_lines_go_on_further_in_and_links_stay_whole() {
        let place = Place {
            width: Some(24),
            ..Place::default()
        };
        let text = "short\n  ! one two three four five six\nopen https://bmw.example/a/very/long/link";
        assert_eq!(
            place.fitted(text),
            "short\n  ! one two three four\n    five six\nopen\n  https://bmw.example/a/very/long/link"
        );
        assert_eq!(Place::default().fitted(text), text);
        assert_eq!(
            place.fitted("log in with `cardata login` once"),
            "log in with\n  `cardata login` once"
        );
    }
}
