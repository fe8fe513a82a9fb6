//! Codes, identifiers and tokens from the seeded generator.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rand::Rng;
use rand::distr::Alphanumeric;
use rand::rngs::StdRng;
use serde_json::{Value, json};

/// Letters and digits.
pub(super) fn text(rng: &mut StdRng, length: usize) -> String {
    (0..length)
        .map(|_| char::from(rng.sample(Alphanumeric)))
        .collect()
}

/// A random UUID (version 4) in lower case.
pub(crate) fn uuid(rng: &mut StdRng) -> String {
    let mut bytes: [u8; 16] = rng.random();
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-")
}

/// A well-formed JWT whose signature is random: nothing that a client could check.
pub(super) fn signed(rng: &mut StdRng, algorithm: &str, claims: &Value, signature: usize) -> String {
    let header = json!({ "typ": "JWT", "alg": algorithm, "kid": text(rng, 28) });
    let signature: Vec<u8> = (0..signature).map(|_| rng.random()).collect();
    let parts = [
        header.to_string().into_bytes(),
        claims.to_string().into_bytes(),
        signature,
    ];
    parts.map(|part| URL_SAFE_NO_PAD.encode(part)).join(".")
}
