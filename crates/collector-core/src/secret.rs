//! A text that must not be shown.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};

/// A token or password from the pipeline file. `Debug` and serde hide it, its memory is cleared when it is dropped,
/// and its JSON Schema says `writeOnly`, by which the engine knows what to hide.
#[derive(Clone)]
pub struct Secret(SecretString);

crate::written_as_text!(Secret, |text| Ok(Secret::new(text)), |_| "***".to_owned(), {
    "type": "string", "writeOnly": true
});

impl Secret {
    pub fn new(text: impl Into<String>) -> Self {
        Self(SecretString::from(text.into()))
    }

    /// The text itself: for the request that needs it, never for a message.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_and_serde_hide_the_text() {
        let secret = Secret::new("hunter2");
        assert_eq!(format!("{secret:?}"), "Secret(…)");
        assert_eq!(secret.expose(), "hunter2");
        assert_eq!(serde_json::json!(secret), "***");
    }
}
