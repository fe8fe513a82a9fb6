//! What people see: text on standard output, problems and progress on standard error, colours only on a
//! terminal.

use std::io::{IsTerminal, Write};
use std::time::Duration;

use collector_core::mask::harmless;
use indicatif::{ProgressBar, ProgressStyle};

/// Writes lines to standard output, without what could command the terminal. A reader that has gone away, as with
/// `| head`, is no error.
pub fn say(text: &str) {
    let lines: Vec<_> = text.split('\n').map(harmless).collect();
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{}", lines.join("\n")).and_then(|()| out.flush());
}

/// Writes a problem to standard error.
pub fn error(text: &str) {
    let mut out = std::io::stderr().lock();
    let _ = writeln!(out, "{text}").and_then(|()| out.flush());
}

/// Whether problems may be coloured.
pub fn colours() -> bool {
    std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none()
}

/// A spinner for what takes long; invisible where standard error is no terminal.
pub fn spinner(message: impl Into<String>) -> ProgressBar {
    let bar = ProgressBar::new_spinner();
    if let Ok(style) = ProgressStyle::with_template("{spinner} {msg} ({elapsed})") {
        bar.set_style(style);
    }
    bar.set_message(message.into());
    bar.enable_steady_tick(Duration::from_millis(120));
    bar
}

/// A bar for what has an end that is known; hidden where standard error is no terminal.
pub fn progress() -> ProgressBar {
    let bar = ProgressBar::new(0);
    if let Ok(style) = ProgressStyle::with_template("{bar:30} {percent:>3}%  {msg}") {
        bar.set_style(style);
    }
    bar
}

/// Asks for a yes on the terminal; `None` where nobody can be asked.
pub fn confirm(question: &str) -> Option<bool> {
    if !std::io::stdin().is_terminal() || !std::io::stderr().is_terminal() {
        return None;
    }
    let mut err = std::io::stderr().lock();
    let _ = write!(err, "{question} [y/N] ").and_then(|()| err.flush());
    let mut answer = String::new();
    let read = std::io::stdin().read_line(&mut answer);
    Some(read.is_ok() && matches!(answer.trim(), "y" | "Y" | "yes" | "Yes"))
}
