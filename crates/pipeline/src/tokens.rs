//! `tokens`: how logins are stored.

use collector_core::Secret;
use collector_core::table::Node;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize, Serializer};

use super::problems::Problems;
use super::section::written;

/// A file holds the passphrase, so nobody has to remember or type it.
const SHORTEST: usize = 12;

/// How logins are stored in the state directory.
#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "tokens")]
pub(super) struct TokensTable {
    /// Encrypts the token files. From a file or a systemd credential: `${file:/etc/cardata/passphrase}` or
    /// `${credential:passphrase}`. If it is lost, log in again.
    #[serde(serialize_with = "covered", skip_serializing_if = "Option::is_none")]
    passphrase: Option<Secret>,
}

/// As long as a passphrase must be.
fn covered<S: Serializer>(_: &Option<Secret>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&"*".repeat(SHORTEST))
}

/// The passphrase that encrypts the token files; in plain, readable by their owner alone, without it.
pub(super) fn read(root: &Node, problems: &mut Problems) -> Option<Secret> {
    let (key, node) = root.entry("tokens").filter(|(_, node)| !node.is_null())?;
    let table: Option<TokensTable> = problems.read(&mut node.clone());
    let passphrase = table.and_then(|table| table.passphrase);
    // What is empty must not leave tokens in plain that their owner believes to be encrypted.
    let length = match (&passphrase, node.get("passphrase")) {
        (Some(passphrase), _) => passphrase.expose().trim().chars().count(),
        (None, Some(empty)) if empty.is_null() => 0,
        _ => SHORTEST,
    };
    if length < SHORTEST {
        let place = node.entry("passphrase").map_or(&key.span, written);
        let message = format!("a passphrase has at least {SHORTEST} characters");
        problems.add(place, message).help(
            "let the machine make one, `head -c 24 /dev/urandom | base64 > passphrase`, and write \
             `passphrase: ${file:passphrase}`",
        );
    }
    passphrase
}
