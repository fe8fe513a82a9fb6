//! A log line on a terminal: a short time, the level and the sentence first, then what belongs to it. What tells of a
//! problem is told in full, broken between words; what goes well takes one line.

use std::fmt::{self, Debug, Write as _};

use collector_core::mask::{cut, harmless};
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

use super::LONGEST;
use crate::clock;
use crate::terminal::{Place, broken};

/// Where the sentence begins: behind `12:00:00Z  INFO `.
const SENTENCE: usize = 16;
/// Narrower terminals have no room for such a margin, in columns.
const ROOMY: usize = 60;
/// What is the same in most lines comes last.
const LAST: [&str; 2] = ["account", "source"];

/// How lines look.
pub struct Line {
    /// Asked for each line: a terminal changes its width.
    pub place: fn() -> Place,
    /// Everything was asked for: where a line comes from, and all that belongs to it.
    pub whole: bool,
}

impl<S, N> FormatEvent<S, N> for Line
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        _: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let mut said = Said::default();
        event.record(&mut said);
        said.fields.sort_by_key(|(name, _)| LAST.contains(name));
        let (place, level) = ((self.place)(), *event.metadata().level());
        let style = Style(place.colours);
        let mut line = format!(
            "{} {} ",
            style.in_colour("2", &clock::now().strftime("%H:%M:%SZ").to_string()),
            style.in_colour(colour(level), &format!("{level:>5}"))
        );
        if self.whole {
            let target = format!("{}:", event.metadata().target());
            write!(line, "{} ", style.in_colour("2", &target))?;
        }
        line += &said.message;
        let width = place.width.unwrap_or(usize::MAX);
        let indent = if width < ROOMY { 2 } else { SENTENCE };
        let is_short = level == Level::INFO && !self.whole;
        if !is_short {
            for field in said.fields {
                write!(line, " {}", style.field(&field))?;
            }
            return writeln!(writer, "{}", broken(&line, width, indent));
        }
        let sentence = broken(&line, width, indent);
        let last = sentence.lines().last().unwrap_or_default();
        let mut left = width.saturating_sub(columns(last));
        write!(writer, "{sentence}")?;
        for field in said.fields {
            let needed = 1 + columns(&style.field(&field));
            if needed > left {
                break;
            }
            left -= needed;
            write!(writer, " {}", style.field(&field))?;
        }
        writeln!(writer)
    }
}

fn columns(text: &str) -> usize {
    textwrap::core::display_width(text)
}

fn colour(level: Level) -> &'static str {
    match level {
        Level::ERROR => "31",
        Level::WARN => "33",
        Level::INFO => "32",
        Level::DEBUG => "34",
        Level::TRACE => "35",
    }
}

/// Whether there are colours.
struct Style(bool);

impl Style {
    fn in_colour(&self, colour: &str, text: &str) -> String {
        match self.0 {
            true => format!("\u{1b}[{colour}m{text}\u{1b}[0m"),
            false => text.to_owned(),
        }
    }

    fn field(&self, (name, value): &(&str, String)) -> String {
        format!("{}{value}", self.in_colour("2", &format!("{name}=")))
    }
}

/// What an event says. It may be the words of others, so that nothing in them commands the terminal.
#[derive(Default)]
struct Said {
    message: String,
    fields: Vec<(&'static str, String)>,
}

impl Visit for Said {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.record_debug(field, &format_args!("{value}"));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        let shown = shown(value);
        match field.name() {
            "message" => self.message = shown,
            name => self.fields.push((name, shown)),
        }
    }
}

/// On one line, cut where it is longer than anybody reads.
pub fn shown(value: &dyn Debug) -> String {
    harmless(&cut(&format!("{value:?}"), LONGEST)).into_owned()
}
