//! For the tests of this crate: a login and its tokens.

use std::time::Duration;

use jiff::Timestamp;

use crate::client::Refreshed;
use crate::scopes::Scopes;
use crate::tokens::TokenSet;

pub(crate) const CLIENT: &str = "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0";
pub(crate) const GCID: &str = "aa111192-d570-4d3d-8835-656ee00edcd7";

pub(crate) fn answer(number: u32, obtained_at: Timestamp) -> Refreshed {
    Refreshed {
        access_token: format!("access-{number}").into(),
        refresh_token: Some(format!("refresh-{number}").into()),
        id_token: Some("a.b.c".into()),
        gcid: Some(GCID.to_owned()),
        scope: Some(Scopes::wanted()),
        expires_in: Duration::from_secs(3600),
        obtained_at,
    }
}

pub(crate) fn tokens(number: u32, obtained_at: Timestamp) -> TokenSet {
    TokenSet::of_login(CLIENT.parse().unwrap(), answer(number, obtained_at)).unwrap()
}
