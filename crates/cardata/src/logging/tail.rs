//! The last lines of the log, kept in memory for the page.

use std::collections::VecDeque;
use std::io;
use std::sync::{Mutex, PoisonError};

use collector_core::mask::cut;

/// So many lines are kept, of at most so many characters each.
const LINES: usize = 200;
const LONGEST: usize = 2_000;

static TAIL: Tail = Tail(Mutex::new(VecDeque::new()));

pub struct Tail(Mutex<VecDeque<String>>);

/// What takes a line and keeps it.
pub struct Keeping(&'static Tail);

/// Where the log's layer writes to.
pub fn writer() -> Keeping {
    Keeping(&TAIL)
}

/// The lines that were written last, the newest last, as a file shows them: nothing in them is a secret, a whole VIN or a
/// position.
pub fn lines() -> Vec<String> {
    TAIL.lines()
}

impl Tail {
    fn lines(&self) -> Vec<String> {
        let lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        lines.iter().cloned().collect()
    }

    fn keep(&self, line: &str) {
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if lines.len() == LINES {
            lines.pop_front();
        }
        lines.push_back(cut(line, LONGEST));
    }
}

impl io::Write for Keeping {
    /// The layer writes each line at once.
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(bytes);
        text.lines().for_each(|line| self.0.keep(line));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_lines_are_kept_and_none_is_long() {
        let tail = Tail(Mutex::default());
        for number in 0..LINES + 5 {
            tail.keep(&format!("line {number} {}", "ü".repeat(2 * LONGEST)));
        }
        let lines = tail.lines();
        assert_eq!(lines.len(), LINES);
        assert!(lines[0].starts_with("line 5 ü"));
        assert!(lines.iter().all(|line| line.chars().count() <= LONGEST + 1));
    }
}
