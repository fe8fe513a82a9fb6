//! What an error answer means, by BMW's error id first and by the HTTP status second.
//!
//! The status alone misleads: BMW reports an exhausted quota, a dead token, a missing scope and a deleted
//! container all as 403.

use crate::call::Call;

/// What kind of failure the API reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// No call is left today: CU-429 at any status.
    Quota,
    /// HTTP 429 without that word: too many calls at once, by whatever stands before the API.
    Slowed,
    /// The access token is not accepted.
    Token,
    /// CU-103: the login does not cover the API. Needs a person.
    Scope,
    /// CU-104, CU-120: the vehicle is refused, not the account's or for its primary user only; others are not
    /// concerned.
    Vin,
    /// CU-105 (deleted or foreign), CU-121 (malformed id), CU-122 (being deleted), CU-124 (too many).
    Container,
    /// CU-400, CU-401, CU-402, and CU-403 for a new container: the request is refused as it is.
    Parameter,
    /// CU-125: the token of the next page is too old.
    PageToken,
    /// CU-126, CU-404 and the like; CU-127 where charging settings are asked for.
    NotFound,
    /// CU-500, CU-503, or any 5xx. Passes by itself, at times after days.
    Server,
    /// An error that nobody has described.
    Unknown,
}

/// `id` is `exveErrorId`, `message` whatever the answer has for one.
pub(crate) fn classify(call: Call, status: u16, id: Option<&str>, message: Option<&str>) -> ErrorKind {
    let is_token = message.is_some_and(is_invalid_token);
    // BMW's documents say so of a vehicle without such settings; a dead token gets the same number with other words.
    if id == Some("CU-127") && call == Call::ChargingSettings && !is_token {
        return ErrorKind::NotFound;
    }
    if let Some(kind) = id.and_then(|id| by_id(call, id)) {
        return kind;
    }
    if is_token {
        return ErrorKind::Token;
    }
    by_status(status)
}

fn by_id(call: Call, id: &str) -> Option<ErrorKind> {
    Some(match id {
        "CU-429" => ErrorKind::Quota,
        // TP-403 answers a request without a token.
        "CU-100" | "CU-101" | "CU-102" | "CU-127" | "TP-401" | "TP-403" => ErrorKind::Token,
        "CU-103" => ErrorKind::Scope,
        "CU-104" | "CU-120" => ErrorKind::Vin,
        "CU-105" | "CU-121" | "CU-122" | "CU-124" => ErrorKind::Container,
        "CU-125" => ErrorKind::PageToken,
        "CU-400" | "CU-401" | "CU-402" => ErrorKind::Parameter,
        // Not documented; seen when a container with too many descriptors is created.
        "CU-403" if call == Call::CreateContainer => ErrorKind::Parameter,
        "CU-126" | "CU-404" => ErrorKind::NotFound,
        "CU-500" | "CU-503" => ErrorKind::Server,
        _ => return None,
    })
}

/// `invalid_token` of the API, and the words of the gateway in front of it.
fn is_invalid_token(message: &str) -> bool {
    let message = message.to_ascii_lowercase();
    ["invalid_token", "invalid access token"]
        .iter()
        .any(|words| message.contains(words))
}

fn by_status(status: u16) -> ErrorKind {
    match status {
        401 => ErrorKind::Token,
        404 => ErrorKind::NotFound,
        429 => ErrorKind::Slowed,
        400 => ErrorKind::Parameter,
        500..=599 => ErrorKind::Server,
        _ => ErrorKind::Unknown,
    }
}

/// What a person can do about it.
pub(crate) fn advice(kind: ErrorKind, id: Option<&str>) -> &'static str {
    match (kind, id) {
        (ErrorKind::Quota, _) => {
            "no API call is left today; BMW resets the count at 00:00 UTC, and other programs on the same \
             account spend the same calls"
        }
        (ErrorKind::Slowed, _) => "too many calls at once, which is not BMW's limit of a day",
        (ErrorKind::Token, _) => {
            "the access token is refused, a new one too; if it lasts, check the CarData subscription in the BMW \
             portal and run `cardata login`"
        }
        (ErrorKind::Scope, _) => {
            "the login lacks cardata:api:read: subscribe to CarData API in the BMW portal, then run \
             `cardata login`"
        }
        (ErrorKind::Vin, Some("CU-120")) => "the VIN is malformed: it has 17 upper-case letters and digits",
        (ErrorKind::Vin, _) => {
            "the account may not read this vehicle: it must be mapped to the account, as its primary user"
        }
        (ErrorKind::Container, Some("CU-105")) => {
            "the container was deleted or belongs to another account: find it again or create it anew"
        }
        (ErrorKind::Container, Some("CU-121")) => "the container id is malformed",
        (ErrorKind::Container, Some("CU-122")) => "the container is already set for deletion",
        (ErrorKind::Container, Some("CU-124")) => {
            "the account has as many containers as BMW allows: delete one, see `cardata containers`"
        }
        (ErrorKind::Container, _) => "the container is refused",
        (ErrorKind::Parameter, Some("CU-402")) => {
            "BMW does not know one of the descriptors: compare them with the catalogue"
        }
        (ErrorKind::Parameter, Some("CU-403")) => {
            "BMW refuses a container with these descriptors: choose fewer, without endpoint-bound ones"
        }
        (ErrorKind::Parameter, Some("CU-401")) => {
            "BMW refuses a parameter; of a history it takes at most 45 days"
        }
        (ErrorKind::Parameter, _) => "BMW refuses the request as it is",
        (ErrorKind::PageToken, _) => {
            "BMW has forgotten how far the list was read: it has to be asked for anew"
        }
        (ErrorKind::NotFound, _) => "there is no such thing, or the address of the API is wrong",
        (ErrorKind::Server, _) => "BMW's server failed; outages can last for days",
        (ErrorKind::Unknown, _) => "a failure that is not in BMW's documentation",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_id_wins_over_the_status() {
        let at_403 = |id| classify(Call::TelematicData, 403, Some(id), None);
        assert_eq!(at_403("CU-429"), ErrorKind::Quota);
        assert_eq!(at_403("CU-127"), ErrorKind::Token);
        assert_eq!(at_403("CU-105"), ErrorKind::Container);
        assert_eq!(at_403("CU-999"), ErrorKind::Unknown);
    }

    #[test]
    fn an_unknown_id_leaves_it_to_the_status() {
        assert_eq!(
            classify(Call::Mappings, 503, Some("XX-1"), None),
            ErrorKind::Server
        );
        assert_eq!(
            classify(Call::Mappings, 429, Some("XX-1"), None),
            ErrorKind::Slowed
        );
    }

    #[test]
    fn cu_403_is_about_the_descriptors_of_a_new_container_only() {
        assert_eq!(
            classify(Call::CreateContainer, 403, Some("CU-403"), None),
            ErrorKind::Parameter
        );
        assert_eq!(
            classify(Call::Mappings, 403, Some("CU-403"), None),
            ErrorKind::Unknown
        );
    }

    #[test]
    fn cu_127_is_no_dead_token_where_charging_settings_are_missing() {
        let settings = |message| classify(Call::ChargingSettings, 403, Some("CU-127"), message);
        assert_eq!(settings(Some("No LBCS data")), ErrorKind::NotFound);
        assert_eq!(settings(None), ErrorKind::NotFound);
        assert_eq!(settings(Some("invalid_token")), ErrorKind::Token);
        assert_eq!(
            classify(Call::ChargingHistory, 403, Some("CU-127"), None),
            ErrorKind::Token
        );
    }

    #[test]
    fn a_token_is_refused_in_words_too() {
        for words in ["invalid_token", "Invalid Access Token"] {
            assert_eq!(classify(Call::Mappings, 403, None, Some(words)), ErrorKind::Token);
        }
    }
}
