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
    /// The API reported an error; [`ErrorAnswer::kind`] says what it means.
    #[error("{0}")]
    Reported(Box<ErrorAnswer>),

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
    /// What of a success came, up to 4 MiB; empty where it is none.
    pub body: Body,
    /// What the `Retry-After` header says.
    pub retry_after: Option<Duration>,
}

/// What BMW sent. Shows none of it: it may hold a VIN or a position.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Body(pub Vec<u8>);

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Body({} bytes)", self.0.len())
    }
}

impl ApiError {
    /// What kind of failure it is; `None` where no answer came that says so.
    pub fn kind(&self) -> Option<ErrorKind> {
        match self {
            Self::NotJson(unreadable) => Some(unreadable.kind),
            _ => self.reported(),
        }
    }

    /// What the API reported in a form that could be read.
    pub fn reported(&self) -> Option<ErrorKind> {
        self.answer().map(|answer| answer.kind)
    }

    /// The error as the API reported it.
    pub fn answer(&self) -> Option<&ErrorAnswer> {
        match self {
            Self::Reported(answer) => Some(answer),
            _ => None,
        }
    }

    /// The answer that could not be read.
    pub fn unreadable(&self) -> Option<&UnreadableAnswer> {
        match self {
            Self::NotJson(unreadable) | Self::Unexpected(unreadable) => Some(unreadable),
            _ => None,
        }
    }

    /// Whether no call is left for now, by BMW's count or by the gate's. [`is_transient`](Self::is_transient)
    /// is false then: to try again soon would be of no use.
    pub fn is_quota(&self) -> bool {
        matches!(self, Self::Refused { .. }) || self.reported() == Some(ErrorKind::Quota)
    }

    /// Whether only `cardata login` helps, perhaps after a change in BMW's portal.
    pub fn needs_login(&self) -> bool {
        matches!(self, Self::Login(_)) || self.reported() == Some(ErrorKind::Scope)
    }

    /// Whether the same call may succeed later without anybody doing anything.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Reported(answer) => {
                matches!(
                    answer.kind,
                    ErrorKind::Token | ErrorKind::Server | ErrorKind::Slowed
                )
            }
            Self::Unexpected(_) | Self::Transport { .. } | Self::TokenTransient(_) => true,
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
            Self::Reported(answer) => {
                answer.call == Call::CreateContainer
                    && answer.kind == ErrorKind::Parameter
                    && (matches!(answer.id.as_deref(), Some("CU-402" | "CU-403"))
                        || !answer.descriptors.is_empty())
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
        self.answer().is_some_and(|answer| {
            answer.kind == ErrorKind::Container && answer.id.as_deref() == Some("CU-124")
        })
    }

    /// Whether the request may have been carried out all the same: its answer was lost or says nothing of it.
    pub fn leaves_doubt(&self) -> bool {
        match self {
            Self::Reported(answer) => matches!(answer.kind, ErrorKind::Server | ErrorKind::Unknown),
            Self::NotJson(_) => !self.refuses_descriptors(),
            Self::Unexpected(_) | Self::Transport { .. } => true,
            _ => false,
        }
    }

    /// How long BMW asks to wait before the next call.
    pub fn retry_after(&self) -> Option<Duration> {
        match self.unreadable() {
            Some(unreadable) => unreadable.retry_after,
            None => self.answer()?.retry_after,
        }
    }
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
