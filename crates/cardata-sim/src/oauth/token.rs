//! The token endpoint: polling with a device code, and refresh with rotation.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::random::{signed, text, uuid};
use super::{AccessToken, IdToken, RefreshToken, error, invalid_grant, knows_client, malformed};
use crate::call::{Answer, Call, Parameters};
use crate::specification::is_verifier;
use crate::world::World;

const DEVICE_CODE_GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";
/// Bytes of an RS256 signature.
const RS256_SIGNATURE: usize = 256;

/// New tokens.
///
/// # Errors
///
/// The refusal.
pub(super) fn answer(world: &mut World, call: &Call, now: Timestamp) -> Result<Answer, Answer> {
    let form = call.form().unwrap_or_default();
    if form.has_repeats() {
        return Err(malformed());
    }
    match form.get("grant_type").ok_or_else(malformed)? {
        DEVICE_CODE_GRANT => poll(world, &form, now),
        "refresh_token" => refresh(world, &form, now),
        _ => {
            let description = "The grant type is not supported.";
            Err(error(400, "unsupported_grant_type", description))
        }
    }
}

fn poll(world: &mut World, form: &Parameters, now: Timestamp) -> Result<Answer, Answer> {
    let client_id = form.get("client_id").ok_or_else(malformed)?;
    let code = form.get("device_code").ok_or_else(malformed)?;
    let verifier = form.get("code_verifier").ok_or_else(malformed)?;
    if !knows_client(&world.config, client_id) {
        let description = "Client authentication failed (e.g., unknown client, no client authentication \
            included, or unsupported authentication method).";
        return Err(error(401, "invalid_client", description));
    }
    let known = world.login.code_mut(code).ok_or_else(invalid_grant)?;
    let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(verifier));
    if known.client_id != client_id || known.challenge != challenge || !is_verifier(verifier) {
        return Err(invalid_grant());
    }
    known.poll(&world.config, now)?;
    let scope = known.scope.clone();
    let mut body = issue(world, client_id, scope, now);
    if !world.config.id_token_in_login {
        without_id_token(&mut body);
    }
    body["gcid"] = world.login.gcid.clone().into();
    Ok(Answer::json(200, &body))
}

/// A refresh token that is unknown, rotated, expired or another client's gets the same `invalid_request` as a
/// malformed request: so does the live service.
fn refresh(world: &mut World, form: &Parameters, now: Timestamp) -> Result<Answer, Answer> {
    let client_id = form.get("client_id").ok_or_else(malformed)?;
    let token = form.get("refresh_token").ok_or_else(malformed)?;
    let alive = |known: &&RefreshToken| {
        known.client_id == client_id && now < known.expires && knows_client(&world.config, client_id)
    };
    let known = world.login.refresh.get(token).filter(alive);
    let scope = known.ok_or_else(malformed)?.scope.clone();
    world.login.refresh.remove(token);
    let mut body = issue(world, client_id, scope, now);
    if !world.config.id_token_in_refresh {
        without_id_token(&mut body);
    }
    if world.config.gcid_in_refresh {
        body["gcid"] = world.login.gcid.clone().into();
    }
    Ok(Answer::json(200, &body))
}

fn without_id_token(body: &mut Value) {
    if let Some(body) = body.as_object_mut() {
        body.remove("id_token");
    }
}

/// A new set of tokens, as the answer's body without the `gcid`.
fn issue(world: &mut World, client_id: &str, scope: String, now: Timestamp) -> Value {
    let World {
        config, rng, login, ..
    } = world;
    let access_token = text(rng, 53);
    let refresh_token = text(rng, 46);
    let lifetime = config.token_lifetime.as_secs();
    let mut body = json!({
        "access_token": access_token,
        "refresh_token": refresh_token,
        "token_type": "Bearer",
        "expires_in": lifetime.saturating_sub(1),
        "scope": scope,
    });
    if scope.split(' ').any(|part| part == "openid") {
        let issued = now.as_second();
        let claims = json!({
            "at_hash": text(rng, 22),
            "sub": login.gcid,
            "auditTrackingId": format!("{}-{issued}", uuid(rng)),
            "subname": login.gcid,
            "iss": "https://customer.bmwgroup.com/am/oauth2",
            "tokenName": "id_token",
            "gcid": login.gcid,
            "aud": client_id,
            "azp": client_id,
            "acr": "0",
            "org.forgerock.openidconnect.ops": text(rng, 27),
            "dynamic_scopes": format!("read:streaming/*/{}.*", login.gcid),
            "auth_time": issued,
            "realm": "/customer",
            "exp": issued.saturating_add_unsigned(lifetime),
            "iat": issued,
            "tokenType": "JWTToken",
        });
        let id_token = signed(rng, "RS256", &claims, RS256_SIGNATURE);
        login.last_id += 1;
        let known = IdToken {
            number: login.last_id,
            expires: now + config.token_lifetime,
            scope: scope.clone(),
        };
        login.id.insert(id_token.clone(), known);
        body["id_token"] = id_token.into();
    }
    let access = AccessToken {
        expires: now + config.token_lifetime,
        revoked: false,
        scope: scope.clone(),
    };
    login.access.insert(access_token, access);
    let refresh = RefreshToken {
        expires: now + config.refresh_lifetime,
        client_id: client_id.to_owned(),
        scope,
    };
    login.refresh.insert(refresh_token, refresh);
    body
}
