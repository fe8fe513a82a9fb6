//! What a login is allowed to do.

use std::collections::BTreeSet;
use std::fmt;

/// For the id token, which is the password of the stream.
pub const OPENID_SCOPE: &str = "openid";
pub const STREAM_SCOPE: &str = "cardata:streaming:read";
pub const API_SCOPE: &str = "cardata:api:read";

/// What every login asks for. Without an explicit scope the server leaves `cardata:api:read` out, and every
/// call of the API is refused.
pub const SCOPES: [&str; 4] = ["authenticate_user", OPENID_SCOPE, STREAM_SCOPE, API_SCOPE];

/// A set of OAuth scopes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Scopes(BTreeSet<String>);

impl Scopes {
    /// [`SCOPES`] as a set.
    pub fn wanted() -> Self {
        Self(SCOPES.map(str::to_owned).into())
    }

    /// Reads the space-delimited, case-sensitive list of RFC 6749 section 3.3. Blanks beyond one do not matter.
    pub fn parse(text: &str) -> Self {
        Self(text.split_whitespace().map(str::to_owned).collect())
    }

    pub fn has(&self, scope: &str) -> bool {
        self.0.contains(scope)
    }

    /// What is in `wanted` and not here, in alphabetical order.
    pub fn missing(&self, wanted: &Self) -> Vec<String> {
        wanted.0.difference(&self.0).cloned().collect()
    }
}

/// The space-delimited list.
impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scopes: Vec<&str> = self.0.iter().map(String::as_str).collect();
        f.write_str(&scopes.join(" "))
    }
}

/// What to do about scopes that are missing.
pub fn scopes_message(missing: &[String]) -> String {
    format!(
        "the login does not cover {}; in the BMW portal, subscribe the client to CarData API and CarData Stream, wait \
         two minutes and run `cardata login`",
        missing.join(" ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_granted_scopes_are_compared_with_the_wanted() {
        let granted = Scopes::parse(" openid  authenticate_user cardata:api:read other ");
        assert!(granted.has("cardata:api:read"));
        assert_eq!(granted.missing(&Scopes::wanted()), ["cardata:streaming:read"]);
        assert_eq!(Scopes::parse(&granted.to_string()), granted);
    }
}
