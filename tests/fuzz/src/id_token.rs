//! The claims of an id token, as text of a token and as claims that are made into one.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use cardata_auth::fuzzing::gcid;

use crate::{Reached, Target};

pub static TARGET: Target = Target {
    name: "id_token",
    places: &["claims of a token", "claims"],
    run,
};

fn run(input: &[u8], reached: &mut Reached) {
    if let Ok(text) = std::str::from_utf8(input)
        && let Some(gcid) = gcid(text)
    {
        reached.reach("claims of a token");
        is_uuid(&gcid);
    }
    let token = format!("e30.{}.signature", URL_SAFE_NO_PAD.encode(input));
    if let Some(gcid) = gcid(&token) {
        reached.reach("claims");
        is_uuid(&gcid);
    }
}

fn is_uuid(text: &str) {
    let digits: Vec<_> = text.split('-').map(str::len).collect();
    assert_eq!(digits, [8, 4, 4, 4, 12], "{text}");
    assert!(text.chars().all(|c| c == '-' || c.is_ascii_hexdigit()), "{text}");
}
