//! The client id that the owner creates in BMW's portal.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::uuid::is_uuid;

/// A CarData client id: a UUID in lower case. The portal's page gives it in either case, but the server answers
/// the upper-case one with `access_denied` or a fault.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct ClientId(String);

/// The text is not a client id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "a client id is a UUID of 36 characters such as 0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0, but this has {length} \
     characters or other signs; copy it from the CarData section of the BMW portal"
)]
pub struct InvalidClientId {
    /// How many characters the text had, without the blanks around it. The text itself may be a token that
    /// was pasted by mistake, so it is not repeated.
    pub length: usize,
}

impl ClientId {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ClientId {
    type Err = InvalidClientId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        if !is_uuid(text) {
            return Err(InvalidClientId {
                length: text.chars().count(),
            });
        }
        Ok(Self(text.to_ascii_lowercase()))
    }
}

impl TryFrom<String> for ClientId {
    type Error = InvalidClientId;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl fmt::Display for ClientId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blanks_and_upper_case_of_the_portal_are_repaired() {
        let client_id: ClientId = " 0F1E2D3C-4B5A-6978-8796-A5B4C3D2E1F0\n".parse().unwrap();
        assert_eq!(client_id.as_str(), "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0");
    }

    #[test]
    fn what_is_not_a_uuid_is_refused_with_advice() {
        for text in [
            "",
            "home",
            "0f1e2d3c4b5a69788796a5b4c3d2e1f0",
            "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1fg",
            "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0a",
            "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1é",
        ] {
            let message = text.parse::<ClientId>().unwrap_err().to_string();
            assert!(message.contains("copy it from"), "{message}");
        }
    }

    #[test]
    fn serde_checks_too() {
        let json = "\"0F1E2D3C-4B5A-6978-8796-A5B4C3D2E1F0\"";
        let client_id: ClientId = serde_json::from_str(json).unwrap();
        assert_eq!(serde_json::to_string(&client_id).unwrap(), json.to_lowercase());
        assert!(serde_json::from_str::<ClientId>("\"mine\"").is_err());
    }
}
