//! Pages that stand alone: the login at BMW, the token of this page, and what went wrong.

use askama::Template;

use super::frame::Frame;
use super::parts::Moment;
use super::picture::Qr;
use super::texts;

#[derive(Template)]
#[template(path = "login.html")]
pub struct Login {
    pub frame: Frame,
    pub account: String,
    pub step: LoginStep,
}

#[derive(Debug, Clone)]
pub enum LoginStep {
    /// Nothing has begun; the form posts to `action`.
    Begin {
        /// How the login fares that there is; empty where there is none.
        note: String,
        action: String,
    },
    /// BMW waits for its user. The page loads itself again to see whether it is done.
    Waiting {
        href: String,
        code: String,
        qr: Option<Qr>,
        until: Moment,
    },
    Done {
        /// What is to be done all the same; empty where nothing is.
        advice: String,
        /// Empty where they are not known yet.
        vehicles: Vec<String>,
    },
    /// Nobody confirmed in time.
    Expired {
        action: String,
    },
    Failed {
        reason: String,
        action: String,
    },
}

impl LoginStep {
    fn is_waiting(&self) -> bool {
        matches!(self, Self::Waiting { .. })
    }
}

/// Asks for the token of this page.
#[derive(Template, Default)]
#[template(path = "token.html")]
pub struct Token {
    pub frame: Frame,
    /// Where the form goes, by GET, as `token`.
    pub action: String,
    pub is_wrong: bool,
}

#[derive(Template, Default)]
#[template(path = "error.html")]
pub struct Problem {
    pub frame: Frame,
    pub status: u16,
    /// What happened.
    pub title: String,
    /// What to do.
    pub text: String,
}
