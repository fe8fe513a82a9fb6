//! What was answered, which is all that a pipeline file is written from.

use cardata_auth::ClientId;

/// What is collected: the presets of a source, the first as it comes.
pub const COLLECTIONS: [&str; 3] = ["everything", "driving", "battery"];
/// What there may be beside the SQLite database.
pub const STORES: [&str; 3] = ["csv", "influxdb", "mqtt"];

#[derive(Debug, Clone, Default)]
pub struct Answers {
    /// None where it is filled in later, or where BMW is simulated.
    pub client_id: Option<ClientId>,
    pub is_simulated: bool,
    /// One of [`COLLECTIONS`].
    pub collection: &'static str,
    pub stores: Vec<Store>,
}

/// A sink beside the SQLite database.
#[derive(Debug, Clone, Default)]
pub struct Store {
    /// One of [`STORES`].
    pub kind: &'static str,
    /// In the order in which they are written.
    pub settings: Vec<Setting>,
}

/// An option of a sink.
#[derive(Clone)]
pub struct Setting {
    pub key: &'static str,
    pub value: String,
    /// It is kept in a file of its own.
    pub is_secret: bool,
}

impl Setting {
    pub fn new(key: &'static str, value: impl Into<String>) -> Self {
        Self {
            key,
            value: value.into(),
            is_secret: false,
        }
    }

    pub fn secret(key: &'static str, value: impl Into<String>) -> Self {
        Self {
            is_secret: true,
            ..Self::new(key, value)
        }
    }
}

impl std::fmt::Debug for Setting {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let value = if self.is_secret { "***" } else { &self.value };
        write!(f, "{}: {value:?}", self.key)
    }
}
