//! What the tasks say. Results go to standard output, everything else to standard error.

use std::fmt::Display;
use std::io::{Write, stderr, stdout};

/// A result that was asked for. A reader that is gone is no error.
pub fn show(text: impl Display) {
    let _ = writeln!(stdout(), "{text}");
}

/// What happens meanwhile.
pub fn tell(text: impl Display) {
    let _ = writeln!(stderr(), "{text}");
}
