//! BMW's error codes, each with the HTTP status that was seen with it, else the documented one.

use rand::rngs::StdRng;
use serde_json::json;

use crate::call::Answer;
use crate::oauth::uuid;

/// Why a REST request is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Code {
    /// No `Authorization` header: the gateway refuses before CarData sees the request.
    NoAuthorization,
    /// An `Authorization` header without a bearer token.
    NoToken,
    UnknownToken,
    ExpiredToken,
    RevokedToken,
    Scope,
    ForeignVin,
    NoContainer,
    VinFormat,
    ContainerFormat,
    AlreadyDeleted,
    TooManyContainers,
    PaginationToken,
    Version,
    Malformed,
    Parameter,
    Descriptor,
    TooLarge,
    QuotaExhausted,
    NoSuchPath,
    NoSuchMethod,
}

/// A refusal with what is special about this one.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub code: Code,
    note: Option<String>,
}

impl Refusal {
    pub fn new(code: Code) -> Self {
        Self { code, note: None }
    }

    pub fn with_note(code: Code, note: impl Into<String>) -> Self {
        Self {
            code,
            note: Some(note.into()),
        }
    }

    pub fn into_answer(self, rng: &mut StdRng) -> Answer {
        let (status, id, message, note) = self.code.parts();
        let body = json!({
            "exveErrorId": id,
            "exveErrorMsg": message,
            "exveErrorRef": uuid(rng),
            "exveNote": self.note.unwrap_or_else(|| note.to_owned()),
        });
        Answer::json(status, &body)
    }
}

impl From<Code> for Refusal {
    fn from(code: Code) -> Self {
        Self::new(code)
    }
}

impl Code {
    /// HTTP status, `exveErrorId`, `exveErrorMsg`, `exveNote`.
    #[rustfmt::skip]
    fn parts(self) -> (u16, &'static str, &'static str, &'static str) {
        match self {
            Self::NoAuthorization => (403, "TP-403", "Bad Request. Forbidden", "The request has no credentials."),
            Self::NoToken => (401, "CU-100", "Authentication failed", "There is no token in the request."),
            Self::UnknownToken => (401, "CU-101", "Authentication failed", "The token is not known."),
            Self::ExpiredToken => (401, "CU-102", "Authentication failed", "The token is expired."),
            Self::RevokedToken => (403, "CU-127", "invalid_token", "The presented token is invalid or expired."),
            Self::Scope => (403, "CU-103", "Forbidden", "The token's scope does not include CarData."),
            Self::ForeignVin => (403, "CU-104", "Forbidden", "You have no permission for this VIN."),
            Self::NoContainer => (403, "CU-105", "Forbidden", "You have no permission for this container id."),
            Self::VinFormat => (400, "CU-120", "Bad request", "A VIN has 17 characters, all upper-case."),
            Self::ContainerFormat => (400, "CU-121", "Bad request", "A container id has 13 characters."),
            Self::AlreadyDeleted => (404, "CU-122", "Not found", "The container is already set for deletion."),
            Self::TooManyContainers => (403, "CU-124", "Forbidden", "The maximum number of containers is reached."),
            Self::PaginationToken => (400, "CU-125", "Bad request", "The pagination token is expired."),
            Self::Version => (400, "CU-400", "Bad request", "The header x-version is missing or not supported."),
            Self::Malformed => (400, "CU-400", "Bad request", "The request body cannot be read."),
            Self::Parameter => (400, "CU-401", "Bad request", "A parameter is invalid."),
            Self::Descriptor => (400, "CU-402", "Bad request", "A telematic key is invalid."),
            Self::TooLarge => (403, "CU-403", "Forbidden", "The container cannot be created with these keys."),
            Self::QuotaExhausted => (403, "CU-429", "API rate limit reached", "The daily limit of requests is reached."),
            Self::NoSuchPath => (404, "TP-404", "Not found", "There is no such resource."),
            Self::NoSuchMethod => (405, "TP-405", "Method not allowed", "The resource does not have this method."),
        }
    }
}
