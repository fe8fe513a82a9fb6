//! Why a call brought nothing, in a form that a program can act on and a person can read.

use std::fmt;
use std::time::Duration;

use cardata_auth::AuthError;

use crate::call::{Call, Refusal};
use crate::classify::{ErrorKind, advice};

/// A failed call. Holds no token and no whole VIN.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum ApiError {
    /// No call is left today: CU-429 at HTTP 403 or 429, or HTTP 429 with any body.
    #[error("{0}")]
    Quota(Box<ErrorAnswer>),

    /// The access token was refused, and so was the one that replaced it.
    #[error("{0}")]
    Token(Box<ErrorAnswer>),

    /// CU-103: the login does not cover the API. Needs a person.
    #[error("{0}")]
    Scope(Box<ErrorAnswer>),

    /// CU-104, CU-120: this vehicle is refused; others are not concerned.
    #[error("{0}")]
    Vin(Box<ErrorAnswer>),

    /// CU-105 (deleted or foreign), CU-121 (malformed id), CU-122 (being deleted), CU-124 (too many).
    #[error("{0}")]
    Container(Box<ErrorAnswer>),

    /// CU-400, CU-401, CU-402, and CU-403 for a new container: the request is refused as it is.
    #[error("{0}")]
    Parameter(Box<ErrorAnswer>),

    #[error("{0}")]
    NotFound(Box<ErrorAnswer>),

    /// CU-500, CU-503, or any 5xx with a JSON body. Passes by itself, at times after days.
    #[error("{0}")]
    Server(Box<ErrorAnswer>),

    /// An error that nobody has described.
    #[error("{0}")]
    Unknown(Box<ErrorAnswer>),

    /// The body is not JSON: HTML, XML, cut short, empty, or too long. [`ApiError::kind`] still tells what its
    /// status means.
    #[error("{0}")]
    NotJson(Box<UnreadableAnswer>),

    /// The body of a success is JSON, but not what the call asks for.
    #[error("{0}")]
    Unexpected(Box<UnreadableAnswer>),

    /// No answer came.
    #[error("{call} at {url}: {reason}")]
    Transport {
        call: Call,
        url: String,
        timeout: bool,
        reason: String,
    },

    /// The gate let no call through; nothing was sent.
    #[error("{call}: not sent, {refusal}")]
    Refused { call: Call, refusal: Refusal },

    /// There is no token until a person logs in; nothing was sent.
    #[error(transparent)]
    Login(AuthError),

    /// There is no token for now: the login server is away or the token file cannot be read. Nothing was sent.
    #[error(transparent)]
    TokenTransient(AuthError),
}

/// An error as the API reported it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErrorAnswer {
    pub call: Call,
    /// The address, with the VIN shortened.
    pub url: String,
    pub kind: ErrorKind,
    /// The HTTP status.
    pub status: u16,
    /// `exveErrorId`, such as `CU-429`.
    pub id: Option<String>,
    /// `exveErrorMsg`, or what the answer has in its place.
    pub message: Option<String>,
    /// `exveErrorRef`: what BMW's support asks for.
    pub reference: Option<String>,
    /// `exveNote`.
    pub note: Option<String>,
    /// The descriptors that message and note name, however long these are.
    pub descriptors: Vec<String>,
    /// What the `Retry-After` header says.
    pub retry_after: Option<Duration>,
}

/// An answer that could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnreadableAnswer {
    pub call: Call,
    /// The address, with the VIN shortened.
    pub url: String,
    /// What the status means; [`ErrorKind::Unknown`] for a success.
    pub kind: ErrorKind,
    /// The HTTP status.
    pub status: u16,
    /// What is wrong with the body.
    pub problem: String,
    /// How the body begins, with secrets masked.
    pub start: String,
    /// What the `Retry-After` header says.
    pub retry_after: Option<Duration>,
}

impl ApiError {
    pub(crate) fn from_answer(answer: ErrorAnswer) -> Self {
        let variant = match answer.kind {
            ErrorKind::Quota => Self::Quota,
            ErrorKind::Token => Self::Token,
            ErrorKind::Scope => Self::Scope,
            ErrorKind::Vin => Self::Vin,
            ErrorKind::Container => Self::Container,
            ErrorKind::Parameter => Self::Parameter,
            ErrorKind::NotFound => Self::NotFound,
            ErrorKind::Server => Self::Server,
            ErrorKind::Unknown => Self::Unknown,
        };
        variant(Box::new(answer))
    }

    /// What the API reported; `None` when it reported nothing.
    pub fn kind(&self) -> Option<ErrorKind> {
        match self {
            Self::NotJson(unreadable) => Some(unreadable.kind),
            _ => self.answer().map(|answer| answer.kind),
        }
    }

    /// The error as the API reported it.
    pub fn answer(&self) -> Option<&ErrorAnswer> {
        match self {
            Self::Quota(answer)
            | Self::Token(answer)
            | Self::Scope(answer)
            | Self::Vin(answer)
            | Self::Container(answer)
            | Self::Parameter(answer)
            | Self::NotFound(answer)
            | Self::Server(answer)
            | Self::Unknown(answer) => Some(answer),
            _ => None,
        }
    }

    /// The HTTP status, if an answer came.
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::NotJson(unreadable) | Self::Unexpected(unreadable) => Some(unreadable.status),
            _ => self.answer().map(|answer| answer.status),
        }
    }

    /// Whether no call is left for now, by BMW's count or by the gate's. [`is_transient`](Self::is_transient)
    /// is false then: to try again soon would be of no use.
    pub fn is_quota(&self) -> bool {
        matches!(self, Self::Quota(_) | Self::Refused { .. })
    }

    /// Whether only `cardata login` helps, perhaps after a change in BMW's portal.
    pub fn needs_login(&self) -> bool {
        matches!(self, Self::Login(_) | Self::Scope(_))
    }

    /// Whether the same call may succeed later without anybody doing anything.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Token(_) | Self::Server(_) | Self::Unexpected(_) | Self::Transport { .. } => true,
            Self::TokenTransient(_) => true,
            // The success of a proxy's login page, and what a gateway says when BMW behind it does not.
            Self::NotJson(unreadable) => {
                !matches!(unreadable.kind, ErrorKind::Parameter | ErrorKind::NotFound)
            }
            _ => false,
        }
    }

    /// Whether BMW refuses a new container for the descriptors in it, be it one of them or their number: CU-402,
    /// CU-403, or a request refused with descriptors named. One with other descriptors may be taken.
    pub fn refuses_descriptors(&self) -> bool {
        match self {
            Self::Parameter(answer) => {
                answer.call == Call::CreateContainer
                    && (is_descriptor_id(answer.id.as_deref()) || !answer.descriptors.is_empty())
            }
            Self::NotJson(unreadable) => {
                let named = ["CU-402", "CU-403"]
                    .iter()
                    .any(|id| unreadable.start.contains(id));
                unreadable.call == Call::CreateContainer && unreadable.kind == ErrorKind::Parameter && named
            }
            _ => false,
        }
    }

    /// Whether BMW allows no further container: CU-124.
    pub fn is_container_limit(&self) -> bool {
        matches!(self, Self::Container(answer) if answer.id.as_deref() == Some("CU-124"))
    }

    /// Whether the request may have been carried out all the same: its answer was lost or says nothing of it.
    pub fn leaves_doubt(&self) -> bool {
        match self {
            Self::Server(_)
            | Self::Unknown(_)
            | Self::NotJson(_)
            | Self::Unexpected(_)
            | Self::Transport { .. } => !self.refuses_descriptors(),
            _ => false,
        }
    }

    /// How long BMW asks to wait before the next call.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::NotJson(unreadable) | Self::Unexpected(unreadable) => unreadable.retry_after,
            _ => self.answer()?.retry_after,
        }
    }

    /// Whether the API refused the token of this call.
    pub(crate) fn refuses_token(&self) -> bool {
        self.kind() == Some(ErrorKind::Token)
    }
}

fn is_descriptor_id(id: Option<&str>) -> bool {
    matches!(id, Some("CU-402" | "CU-403"))
}

impl From<AuthError> for ApiError {
    fn from(error: AuthError) -> Self {
        if error.needs_login() {
            Self::Login(error)
        } else {
            Self::TokenTransient(error)
        }
    }
}

/// `read the telematic data at …: the login lacks … (HTTP 403, CU-103 "…", "…", reference …)`.
impl fmt::Display for ErrorAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let advice = advice(self.kind, self.id.as_deref());
        write!(f, "{} at {}: {advice} (HTTP {}", self.call, self.url, self.status)?;
        if let Some(id) = &self.id {
            write!(f, ", {id}")?;
        }
        for text in [&self.message, &self.note].into_iter().flatten() {
            write!(f, ", \"{text}\"")?;
        }
        if let Some(reference) = &self.reference {
            write!(f, ", reference {reference}")?;
        }
        f.write_str(")")
    }
}

impl fmt::Display for UnreadableAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} at {}: HTTP {}, {}",
            self.call, self.url, self.status, self.problem
        )?;
        if self.start.is_empty() {
            Ok(())
        } else {
            write!(f, ": `{}`", self.start)
        }
    }
}
