//! What a command ends with when it is not done: the errors of the other crates, with their exit codes.

use std::error::Error;
use std::path::Path;

use collector::RunError;
use collector::http::ClientError;
use collector::state::StateError;
use journal::JournalError;
use runtime::Chain;
use store::StoreError;

use crate::terminal;

pub struct Failure {
    pub code: u8,
    pub message: String,
    /// The message has colours of ours, and nothing of others that was not made fit.
    is_drawn: bool,
}

pub type CommandResult = Result<(), Failure>;

impl Failure {
    pub fn new(code: u8, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            is_drawn: false,
        }
    }

    /// With a message that may go to a terminal as it is.
    pub fn drawn(code: u8, message: String) -> Self {
        Self {
            code,
            message,
            is_drawn: true,
        }
    }

    /// Says on standard error why the command is not done.
    pub fn tell(&self) {
        match self.is_drawn && terminal::stderr().width.is_some() {
            true => terminal::drawn(&self.message),
            false => terminal::error(&self.message),
        }
    }

    /// For a command that needs one.
    pub fn no_journal(state: &Path) -> Self {
        Self::new(
            2,
            format!(
                "there is no journal in {} yet: nothing was recorded",
                state.display()
            ),
        )
    }

    /// With an error and its sources, in one line.
    pub fn of(code: u8, error: &(impl Error + ?Sized)) -> Self {
        Self::new(code, Chain(error).to_string())
    }
}

/// An error that ends the command.
pub trait OrFail<T> {
    fn or_fail(self, code: u8) -> Result<T, Failure>;
}

impl<T, E: Error> OrFail<T> for Result<T, E> {
    fn or_fail(self, code: u8) -> Result<T, Failure> {
        self.map_err(|error| Failure::of(code, &error))
    }
}

impl From<ClientError> for Failure {
    fn from(error: ClientError) -> Self {
        Self::of(if error.is_mistake() { 2 } else { 70 }, &error)
    }
}

impl From<pipeline_init::Unmade> for Failure {
    fn from(error: pipeline_init::Unmade) -> Self {
        Self::of(2, &error)
    }
}

impl From<JournalError> for Failure {
    fn from(error: JournalError) -> Self {
        Self::of(2, &error)
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        JournalError::from(error).into()
    }
}

impl From<RunError> for Failure {
    fn from(error: RunError) -> Self {
        Self::of(error.exit_code(), &error)
    }
}

impl From<StateError> for Failure {
    fn from(error: StateError) -> Self {
        let in_use = matches!(error, StateError::InUse { .. });
        Self::of(if in_use { 5 } else { 2 }, &error)
    }
}
