//! `tokens`: how logins are stored.

use collector_core::Secret;
use collector_core::table::Node;
use schemars::JsonSchema;
use serde::Deserialize;

use super::problems::Problems;

/// A file holds the passphrase, so nobody has to remember or type it.
const SHORTEST: usize = 12;

/// How logins are stored in the state directory.
#[derive(Debug, Clone, Default)]
pub struct TokenOptions {
    /// Encrypts the token files; in plain, readable by their owner alone, without it.
    pub passphrase: Option<Secret>,
}

/// How logins are stored in the state directory.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "tokens")]
pub(super) struct TokensTable {
    /// Encrypts the token files. From a file or a systemd credential: `${file:/etc/cardata/passphrase}` or
    /// `${credential:passphrase}`. If it is lost, log in again.
    passphrase: Option<Secret>,
}

pub(super) fn read(root: &Node, problems: &mut Problems) -> TokenOptions {
    let Some((key, node)) = root.entry("tokens") else {
        return TokenOptions::default();
    };
    if node.is_null() {
        return TokenOptions::default();
    }
    let table: Option<TokensTable> = problems.read(&mut node.clone());
    let passphrase = table.and_then(|table| table.passphrase);
    // What is empty must not leave tokens in plain that their owner believes to be encrypted.
    let length = match (&passphrase, node.get("passphrase")) {
        (Some(passphrase), _) => passphrase.expose().trim().chars().count(),
        (None, Some(empty)) if empty.is_null() => 0,
        _ => SHORTEST,
    };
    if length < SHORTEST {
        let place = node.entry("passphrase").map_or(&key.span, |(key, value)| {
            if value.span.is_empty() {
                &key.span
            } else {
                &value.span
            }
        });
        problems
            .add(place, format!("a passphrase has at least {SHORTEST} characters"))
            .help(
                "let the machine make one, `head -c 24 /dev/urandom | base64 > passphrase`, and write \
                 `passphrase: ${file:passphrase}`",
            );
    }
    TokenOptions { passphrase }
}
