//! BMW's error codes, each with the HTTP status that was seen with it, else the documented one.

use std::borrow::Cow;

use rand::rngs::StdRng;
use serde_json::json;

use crate::call::Answer;
use crate::oauth::uuid;

/// Why a REST request is refused.
#[derive(Debug, Clone)]
pub(crate) struct Refusal {
    status: u16,
    id: &'static str,
    message: &'static str,
    note: Cow<'static, str>,
}

/// HTTP status, `exveErrorId`, `exveErrorMsg`, `exveNote`.
#[rustfmt::skip]
impl Refusal {
    /// No `Authorization` header: the gateway refuses before CarData sees the request.
    pub const NO_AUTHORIZATION: Self = Self::of(403, "TP-403", "Bad Request. Forbidden", "The request has no credentials.");
    /// An `Authorization` header without a bearer token.
    pub const NO_TOKEN: Self = Self::of(401, "CU-100", "Authentication failed", "There is no token in the request.");
    pub const UNKNOWN_TOKEN: Self = Self::of(401, "CU-101", "Authentication failed", "The token is not known.");
    pub const EXPIRED_TOKEN: Self = Self::of(401, "CU-102", "Authentication failed", "The token is expired.");
    pub const REVOKED_TOKEN: Self = Self::of(403, "CU-127", "invalid_token", "The presented token is invalid or expired.");
    pub const SCOPE: Self = Self::of(403, "CU-103", "Forbidden", "The token's scope does not include CarData.");
    pub const FOREIGN_VIN: Self = Self::of(403, "CU-104", "Forbidden", "You have no permission for this VIN.");
    pub const NO_CONTAINER: Self = Self::of(403, "CU-105", "Forbidden", "You have no permission for this container id.");
    pub const VIN_FORMAT: Self = Self::of(400, "CU-120", "Bad request", "A VIN has 17 characters, all upper-case.");
    pub const CONTAINER_FORMAT: Self = Self::of(400, "CU-121", "Bad request", "A container id has 13 characters.");
    pub const ALREADY_DELETED: Self = Self::of(404, "CU-122", "Not found", "The container is already set for deletion.");
    pub const TOO_MANY_CONTAINERS: Self = Self::of(403, "CU-124", "Forbidden", "The maximum number of containers is reached.");
    pub const PAGINATION_TOKEN: Self = Self::of(400, "CU-125", "Bad request", "The pagination token is expired.");
    pub const NO_IMAGE: Self = Self::of(404, "CU-126", "Not found", "There is no image of this vehicle.");
    pub const NO_CHARGING_SETTINGS: Self = Self::of(403, "CU-127", "Forbidden", "There are no location-based charging settings.");
    pub const VERSION: Self = Self::of(400, "CU-400", "Bad request", "The header x-version is missing or not supported.");
    pub const MALFORMED: Self = Self::of(400, "CU-400", "Bad request", "The request body cannot be read.");
    pub const PARAMETER: Self = Self::of(400, "CU-401", "Bad request", "A parameter is invalid.");
    pub const DESCRIPTOR: Self = Self::of(400, "CU-402", "Bad request", "A telematic key is invalid.");
    pub const TOO_LARGE: Self = Self::of(403, "CU-403", "Forbidden", "The container cannot be created with these keys.");
    pub const QUOTA_EXHAUSTED: Self = Self::of(403, "CU-429", "API rate limit reached", "The daily limit of requests is reached.");
    pub const SERVER_ERROR: Self = Self::of(500, "CU-500", "Internal server error", "An internal error has occurred.");
    pub const NO_SUCH_PATH: Self = Self::of(404, "TP-404", "Not found", "There is no such resource.");
    pub const NO_SUCH_METHOD: Self = Self::of(405, "TP-405", "Method not allowed", "The resource does not have this method.");
}

impl Refusal {
    const fn of(status: u16, id: &'static str, message: &'static str, note: &'static str) -> Self {
        Self {
            status,
            id,
            message,
            note: Cow::Borrowed(note),
        }
    }

    /// The same with what is special about this one.
    pub fn with_note(self, note: String) -> Self {
        let note = note.into();
        Self { note, ..self }
    }

    pub fn into_answer(self, rng: &mut StdRng) -> Answer {
        let body = json!({
            "exveErrorId": self.id,
            "exveErrorMsg": self.message,
            "exveErrorRef": uuid(rng),
            "exveNote": self.note,
        });
        Answer::json(self.status, &body)
    }
}
