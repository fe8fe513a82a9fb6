//! What people see: text on standard output, problems and progress on standard error, colours only on a
//! terminal, whose width no line exceeds that can be broken. Nothing that somebody else wrote commands the terminal. Where
//! the log is JSON, so is all of standard error.

mod place;

use std::io::{self, IsTerminal, LineWriter, Write};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use collector_core::mask::{cut, harmless_lines};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Serialize;
use serde_json::json;

pub use place::{Place, broken};

use crate::{CommandResult, Failure, OrFail, clock};

/// Longer problems are cut, in characters.
const LONGEST: usize = 20_000;

static JSON: AtomicBool = AtomicBool::new(false);

/// From now on standard error is one JSON object a line.
pub fn speak_json() {
    JSON.store(true, Ordering::Relaxed);
}

/// Whether standard error is JSON.
fn speaks_json() -> bool {
    JSON.load(Ordering::Relaxed)
}

/// Why standard output did not take everything.
static UNSAID: OnceLock<io::Error> = OnceLock::new();

/// Writes lines to standard output, without what could command the terminal, and broken to its width; an object of JSON
/// stays as it is. A reader that has gone away, as with `| head`, is no error; what else hinders is kept for [`all_said`].
pub fn say(text: &str) {
    match text.starts_with('{') || text.starts_with('[') {
        true => document(text),
        false => document(&Place::stdout().fitted(text)),
    }
}

/// The same for lines that mean something as they are, such as those of a file.
pub fn document(text: &str) {
    let mut out = io::stdout().lock();
    said(writeln!(out, "{}", harmless_lines(text)).and_then(|()| out.flush()));
}

/// Keeps for [`all_said`] why standard output did not take something.
pub fn said(written: io::Result<()>) {
    if let Err(error) = written
        && error.kind() != io::ErrorKind::BrokenPipe
    {
        let _ = UNSAID.set(error);
    }
}

/// Writes an answer for programs: one JSON object, whose first key is its version.
///
/// # Errors
/// It cannot be written as JSON.
pub fn answer(version: u32, document: &impl Serialize) -> CommandResult {
    say(&serde_json::to_string_pretty(&Answer { version, document }).or_fail(70)?);
    Ok(())
}

/// The same on one line, where many follow each other.
///
/// # Errors
/// It cannot be written as JSON.
pub fn answer_line(version: u32, document: &impl Serialize) -> CommandResult {
    say(&serde_json::to_string(&Answer { version, document }).or_fail(70)?);
    Ok(())
}

#[derive(Serialize)]
struct Answer<'a, T> {
    version: u32,
    #[serde(flatten)]
    document: &'a T,
}

/// Whether standard output is a screen that can be drawn anew.
pub fn redraws() -> bool {
    let is_dumb = std::env::var_os("TERM").is_none_or(|terminal| terminal == "dumb");
    io::stdout().is_terminal() && !is_dumb
}

/// The lines of the screen.
pub fn height() -> usize {
    size().1
}

/// Columns and lines of the screen.
fn size() -> (usize, usize) {
    terminal_size::terminal_size().map_or((80, 24), |(width, height)| (width.0.into(), height.0.into()))
}

/// Draws the screen anew, with as much of the text as it has room for.
pub fn redraw(text: &str) {
    let (width, height) = size();
    let screen = screen(&harmless_lines(text), width, height);
    let mut out = io::stdout().lock();
    // Who has gone away is noticed elsewhere.
    let _ = out.write_all(screen.as_bytes()).and_then(|()| out.flush());
}

/// The lines that a screen has room for, each over what stood there.
fn screen(text: &str, width: usize, height: usize) -> String {
    let lines: Vec<_> = text.lines().collect();
    let room = height.saturating_sub(1);
    let (shown, hidden) = match lines.len() > room {
        true => (room.saturating_sub(1), lines.len() + 1 - room),
        false => (lines.len(), 0),
    };
    let mut screen = "\u{1b}[H".to_owned();
    for line in lines.iter().take(shown) {
        screen += &format!("{}\u{1b}[K\n", cut(line, width.saturating_sub(1)));
    }
    if hidden > 0 {
        screen += &format!("… {hidden} more lines\u{1b}[K\n");
    }
    screen + "\u{1b}[J"
}

/// Ends within a second after who read standard output has gone away; never where it is no pipe.
pub async fn unread() {
    #[cfg(unix)]
    while !runtime::reader::has_gone(io::stdout()) {
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    #[cfg(not(unix))]
    std::future::pending::<()>().await;
}

/// That standard output took everything that was said.
///
/// # Errors
/// It did not, as where it goes to a file on a full disk.
pub fn all_said() -> CommandResult {
    UNSAID.get().map_or(Ok(()), |error| {
        Err(Failure::new(
            2,
            format!("standard output did not take all of this: {error}"),
        ))
    })
}

/// Standard output for what was kept as it came: byte by byte, but without commands where a terminal shows it.
pub fn raw() -> Box<dyn Write> {
    match io::stdout().is_terminal() {
        true => Box::new(LineWriter::new(Shown(io::stdout().lock()))),
        false => Box::new(io::stdout().lock()),
    }
}

/// Writes what a terminal may have of what is written to it in whole lines.
pub struct Shown<W>(pub W);

impl<W: Write> Write for Shown<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(bytes);
        self.0.write_all(harmless_lines(&text).as_bytes())?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// Writes a problem to standard error.
pub fn error(text: &str) {
    tell("ERROR", text);
}

/// Writes to standard error what is no problem.
pub fn note(text: &str) {
    tell("INFO", text);
}

fn tell(level: &str, text: &str) {
    let text = harmless_lines(&cut(text, LONGEST)).into_owned();
    drawn(&match speaks_json() {
        true => {
            let at = format!("{:.0}", clock::now());
            let line = json!({ "timestamp": at, "level": level, "message": text.trim() }).to_string();
            harmless_lines(&line).into_owned()
        }
        false => stderr().fitted(&text),
    });
}

/// Writes a text to standard error as it is: one of ours, with our colours.
pub fn drawn(text: &str) {
    let mut err = io::stderr().lock();
    let _ = writeln!(err, "{text}").and_then(|()| err.flush());
}

/// What standard error can be sent; of JSON nothing but lines.
pub fn stderr() -> Place {
    match speaks_json() {
        true => Place::default(),
        false => Place::stderr(),
    }
}

/// A spinner for what takes long; invisible where nothing can be written over.
pub fn spinner(message: impl Into<String>) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(None, target());
    if let Ok(style) = ProgressStyle::with_template("{spinner} {msg} ({elapsed})") {
        bar.set_style(style.tick_chars(r"-\|/ "));
    }
    bar.set_message(message.into());
    bar.enable_steady_tick(Duration::from_millis(120));
    bar
}

/// A bar for what has an end that is known; invisible where nothing can be written over.
pub fn progress() -> ProgressBar {
    let bar = ProgressBar::with_draw_target(Some(0), target());
    if let Ok(style) = ProgressStyle::with_template("{bar:30} {percent:>3}%  {msg}") {
        bar.set_style(style.progress_chars("=> "));
    }
    bar
}

fn target() -> ProgressDrawTarget {
    match stderr().rewrites {
        true => ProgressDrawTarget::stderr(),
        false => ProgressDrawTarget::hidden(),
    }
}

/// Whether somebody can be asked.
pub fn can_ask() -> bool {
    !speaks_json() && io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// Asks for a yes on the terminal; `None` where nobody can be asked: a question is no line of JSON.
pub fn confirm(question: &str) -> Option<bool> {
    if !can_ask() {
        return None;
    }
    let question = format!("{} [y/N] ", harmless_lines(question));
    let mut err = io::stderr().lock();
    let _ = write!(err, "{}", stderr().fitted(&question)).and_then(|()| err.flush());
    let mut answer = String::new();
    let read = io::stdin().read_line(&mut answer);
    Some(read.is_ok() && matches!(answer.trim(), "y" | "Y" | "yes" | "Yes"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_as_it_came_commands_no_terminal() {
        let mut out = Vec::new();
        LineWriter::new(Shown(&mut out))
            .write_all("{\"a\":\"\u{9b}2J\u{202e}\"}\n\u{1b}[2J\n".as_bytes())
            .unwrap();
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "{\"a\":\"\\u009b2J\\u202e\"}\n\\u001b[2J\n"
        );
    }

    #[test]
    fn a_screen_shows_what_it_has_room_for() {
        let shown = |height| screen("one two\n2\n3", 6, height).replace('\u{1b}', "^");
        assert_eq!(shown(4), "^[Hone t…^[K\n2^[K\n3^[K\n^[J");
        assert_eq!(shown(3), "^[Hone t…^[K\n… 2 more lines^[K\n^[J");
    }

    #[test]
    fn an_answer_begins_with_its_version() {
        let document = json!({ "a": 1 });
        let answer = Answer {
            version: 3,
            document: &document,
        };
        assert_eq!(serde_json::to_string(&answer).unwrap(), r#"{"version":3,"a":1}"#);
    }
}
