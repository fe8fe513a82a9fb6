//! A terminal that does not show what is typed, and does so again whatever happens: also a Ctrl-C in between.

/// Nothing is shown until this is dropped.
pub struct Hidden;

impl Drop for Hidden {
    fn drop(&mut self) {
        show();
    }
}

#[cfg(unix)]
mod echo {
    use std::sync::Mutex;

    use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};

    use super::Hidden;

    /// How the terminal was, while it hides.
    static BEFORE: Mutex<Option<Termios>> = Mutex::new(None);

    pub fn hide() -> Option<Hidden> {
        let stdin = std::io::stdin();
        let before = tcgetattr(&stdin).ok()?;
        let mut silent = before.clone();
        silent.local_modes.remove(LocalModes::ECHO);
        BEFORE.lock().ok()?.get_or_insert(before);
        tcsetattr(&stdin, OptionalActions::Now, &silent).ok()?;
        Some(Hidden)
    }

    pub fn show() {
        let before = BEFORE.lock().ok().and_then(|mut kept| kept.take());
        if let Some(before) = before {
            // A terminal that has gone away hides nothing.
            let _ = tcsetattr(std::io::stdin(), OptionalActions::Now, &before);
        }
    }
}

#[cfg(unix)]
pub use echo::{hide, show};

#[cfg(not(unix))]
pub fn hide() -> Option<Hidden> {
    None
}

#[cfg(not(unix))]
pub fn show() {}
