//! Mistakes with their places, drawn for people and listed for programs.

use std::fmt;
use std::sync::Arc;

use collector_core::table::Span;
use miette::{GraphicalReportHandler, GraphicalTheme, LabeledSpan, MietteDiagnostic, NamedSource};

use super::logins;
use super::outside::Outside;
use super::positions::{floor, line_and_column};
use super::problems::{Problem, Problems};
use super::secrets;

const WIDTH: usize = 110;
/// A file with a longer line is not drawn, in bytes: no owner wrote it.
const LONGEST_LINE: usize = 2_000;
/// More mistakes than this are counted, not drawn.
const DRAWN: usize = 100;

/// Everything that is wrong with one pipeline file.
#[derive(Clone)]
pub struct Report {
    /// The file, as the user named it.
    name: String,
    /// With secrets covered and control characters replaced; offsets are those of the file.
    text: Arc<String>,
    mistakes: Vec<Mistake>,
    /// What each mistake points at.
    labels: Vec<Vec<LabeledSpan>>,
}

/// One mistake of a pipeline file. No text in it shows a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    /// From 1.
    pub line: usize,
    /// From 1, in characters.
    pub column: usize,
    /// What is wrong, as a lower-case fragment.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
}

impl Report {
    pub(super) fn new(name: &str, text: &str, problems: Problems, outside: &Outside, masks: &[Span]) -> Self {
        let repeated = secrets::repeated(text, masks);
        let covered = secrets::cover(text, &[masks, &repeated].concat());
        let covered = secrets::cover(&covered, &logins::find(&covered));
        let mut passwords = logins::passwords(text);
        passwords.extend(secrets::literals(text, masks));
        let mut report = Self {
            name: printable(name),
            text: Arc::new(printable(&covered)),
            mistakes: Vec::new(),
            labels: Vec::new(),
        };
        for problem in problems.into_sorted() {
            let span = &problem.span;
            let hidden = |text: &str| logins::hide_in_message(&outside.hide(span, text), &passwords);
            let shown = |text: &str| printable(&hidden(text));
            let advice = problem.help.as_deref().map(shown);
            let advice = advice.or_else(|| outside.advice(span));
            report.add(text, &problem, shown(&problem.message), advice, masks);
        }
        report
    }

    fn add(&mut self, text: &str, problem: &Problem, message: String, help: Option<String>, masks: &[Span]) {
        let (line, column) = line_and_column(text, problem.span.start);
        let mistake = Mistake {
            line,
            column,
            message,
            help,
        };
        // One mistake may be found by two checks.
        if self.mistakes.last() == Some(&mistake) {
            return;
        }
        let place = |span: &Span| on_one_line(&self.text, span, masks.contains(span));
        let primary = LabeledSpan::new_primary_with_span(None, place(&problem.span));
        let also = problem.also.iter();
        let also = also.map(|(span, label)| LabeledSpan::new_with_span(Some(label.clone()), place(span)));
        self.labels.push(std::iter::once(primary).chain(also).collect());
        self.mistakes.push(mistake);
    }

    /// Every mistake, in the order of the file.
    pub fn mistakes(&self) -> &[Mistake] {
        &self.mistakes
    }

    /// Each mistake with file, line, column, a caret under the text, and what to do; `width` is that of a terminal, in
    /// columns.
    pub fn render(&self, colours: bool, width: Option<usize>) -> String {
        let theme = match colours {
            true => GraphicalTheme::ascii(),
            false => GraphicalTheme::none(),
        };
        let handler = GraphicalReportHandler::new_themed(theme)
            .with_width(width.unwrap_or(WIDTH))
            .with_context_lines(1)
            .with_links(false)
            .without_primary_span_start()
            .without_syntax_highlighting();
        let is_drawn = self.text.lines().all(|line| line.len() <= LONGEST_LINE);
        let mut drawn = String::new();
        for (mistake, labels) in self.mistakes.iter().zip(&self.labels).take(DRAWN) {
            let name = format!("{}:{}:{}", self.name, mistake.line, mistake.column);
            let mut diagnostic = MietteDiagnostic::new(&mistake.message).with_labels(labels.clone());
            diagnostic.help.clone_from(&mistake.help);
            let source = NamedSource::new(&name, Arc::clone(&self.text));
            let report = miette::Report::new(diagnostic).with_source_code(source);
            if !is_drawn || handler.render_report(&mut drawn, report.as_ref()).is_err() {
                drawn.push_str(&format!("{name}: {}\n", mistake.message));
                if let Some(help) = &mistake.help {
                    drawn.push_str(&format!("  help: {help}\n"));
                }
            }
            drawn.push('\n');
        }
        let count = self.mistakes.len();
        let noun = if count == 1 { "mistake" } else { "mistakes" };
        let rest = (count > DRAWN).then(|| format!("; the first {DRAWN} are shown"));
        let rest = rest.unwrap_or_default();
        drawn.push_str(&format!("{count} {noun} in {}{rest}\n", self.name));
        drawn
    }
}

impl fmt::Debug for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Report")
            .field("name", &self.name)
            .field("mistakes", &self.mistakes)
            .finish_non_exhaustive()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(false, None))
    }
}

/// What stands under a caret: the first line of a place, not more of a secret than its cover.
fn on_one_line(text: &str, span: &Span, secret: bool) -> Span {
    let start = floor(text, span.start);
    let end = floor(text, span.end).max(start);
    let line = text[start..end].lines().next().unwrap_or_default().len();
    let longest = if secret { secrets::HIDDEN.len() } else { line };
    start..start + line.min(longest)
}

/// Control characters could change what a terminal shows. Lengths in bytes stay.
fn printable(text: &str) -> String {
    let mut printable = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' | '\t' => printable.push(c),
            '\r' => printable.push(' '),
            c if c.is_control() => printable.extend(std::iter::repeat_n('?', c.len_utf8())),
            c => printable.push(c),
        }
    }
    printable
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use crate::ProcessEnvironment;

    #[test]
    fn a_line_that_nobody_wrote_is_not_drawn() {
        let drawn = |length: usize| {
            let text = format!("sinks: {}", "[".repeat(length));
            let error = crate::parse("p.yaml", &text, Path::new("/"), &ProcessEnvironment).unwrap_err();
            error.render(false, None)
        };
        assert!(drawn(300).contains("[[["), "{}", drawn(300));
        let long = drawn(50_000);
        assert!(long.len() < 1_000 && !long.contains("[[["), "{long}");
        assert!(long.starts_with("p.yaml:1:") && long.contains("help: "), "{long}");
    }
}
