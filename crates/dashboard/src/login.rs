//! A login at BMW that somebody began on the page.

use dashboard_view::picture::Qr;
use jiff::Timestamp;

/// How it fares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Login {
    /// BMW was asked for a code, and has not answered yet.
    Asked,
    /// BMW waits for its user.
    Waiting(Invitation),
    /// Stored at that time.
    Done {
        at: Timestamp,
        /// What the owner has to do all the same, such as to subscribe to the API.
        advice: Option<String>,
    },
    /// Nobody confirmed in time.
    Expired,
    /// What happened and what to do, in a sentence without secrets.
    Failed(String),
}

/// What the owner is to open, and the code that he compares. It is of no use to a program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invitation {
    /// By `http` or `https`, with the code in it.
    pub link: String,
    /// The link as a phone reads it, where it is short enough for that.
    pub qr: Option<Qr>,
    pub code: String,
    /// When the code is worth nothing any more.
    pub until: Timestamp,
}

impl Login {
    /// Whether its owner may still confirm it.
    pub fn is_under_way(&self) -> bool {
        matches!(self, Self::Asked | Self::Waiting(_))
    }
}
