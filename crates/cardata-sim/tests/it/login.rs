//! The device flow and the refresh.

use std::time::Duration;

use cardata_sim::{Approval, Fault, SimConfig};
use reqwest::Method;

use crate::desk::{CHALLENGE, CLIENT_ID, Desk, SCOPE, error_id, oauth_error, read, text};

fn manual() -> SimConfig {
    SimConfig {
        approval: Approval::Manual,
        ..SimConfig::default()
    }
}

#[tokio::test]
async fn a_login_waits_for_the_owner_and_brings_all_tokens() {
    let desk = Desk::new(manual()).await;
    let (status, body) = desk.ask_device_code().await;
    assert_eq!(status, 200);
    assert_eq!((&body["interval"], &body["expires_in"]), (&5.into(), &300.into()));
    let (code, user_code) = (text(&body["device_code"]), text(&body["user_code"]));
    assert_eq!(user_code.len(), 8);
    assert_eq!(code.split('.').count(), 3);

    assert_eq!(
        oauth_error(&desk.poll(&code).await),
        (403, "authorization_pending")
    );
    assert_eq!(
        desk.control.waiting_user_codes(),
        std::slice::from_ref(&user_code)
    );
    assert!(desk.control.approve(&user_code));
    assert!(!desk.control.approve(&user_code));
    desk.pass(5);
    let (status, tokens) = desk.poll(&code).await;
    assert_eq!(status, 200, "{tokens}");
    assert_eq!(tokens["scope"], SCOPE);
    assert_eq!(tokens["token_type"], "Bearer");
    assert_eq!(tokens["expires_in"], 3_599);
    assert_eq!(text(&tokens["gcid"]).len(), 36);
    let id_token = text(&tokens["id_token"]);
    assert!((1_250..1_400).contains(&id_token.len()), "{}", id_token.len());
    desk.pass(5);
    assert_eq!(oauth_error(&desk.poll(&code).await), (400, "invalid_grant"));
    desk.leave().await;
}

#[tokio::test]
async fn the_owner_approves_on_the_page_that_the_answer_links_to() {
    let desk = Desk::new(manual()).await;
    let (_, body) = desk.ask_device_code().await;
    let link = text(&body["verification_uri_complete"]);
    let path = link.strip_prefix(&desk.sim.auth_url()).unwrap();
    let page = desk
        .bare_request(Method::GET, path)
        .send()
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    let user_code = text(&body["user_code"]);
    assert!(page.contains(&user_code), "{page}");
    assert_eq!(desk.form("/oneid/link", &[("user_code", "wrong")]).await.0, 400);
    assert_eq!(
        desk.form("/oneid/link", &[("user_code", &user_code)]).await.0,
        200
    );
    assert_eq!(desk.poll(&text(&body["device_code"])).await.0, 200);
    desk.leave().await;
}

#[tokio::test]
async fn the_complete_link_can_be_absent() {
    let desk = Desk::new(SimConfig {
        verification_uri_complete: false,
        ..manual()
    })
    .await;
    let (_, body) = desk.ask_device_code().await;
    assert!(body.get("verification_uri_complete").is_none());
    assert!(text(&body["verification_uri"]).ends_with("/oneid/link"));
    desk.leave().await;
}

#[tokio::test]
async fn a_hasty_client_is_slowed_down() {
    let desk = Desk::new(manual()).await;
    let code = desk.device_code().await;
    assert_eq!(
        oauth_error(&desk.poll(&code).await),
        (403, "authorization_pending")
    );
    desk.pass(4);
    assert_eq!(oauth_error(&desk.poll(&code).await), (400, "slow_down"));
    desk.pass(9);
    assert_eq!(
        oauth_error(&desk.poll(&code).await),
        (400, "slow_down"),
        "the interval has grown to ten"
    );
    desk.pass(15);
    assert_eq!(
        oauth_error(&desk.poll(&code).await),
        (403, "authorization_pending")
    );
    desk.leave().await;
}

#[tokio::test]
async fn a_fast_clock_forgives_half_the_interval() {
    let desk = Desk::new(SimConfig {
        speed: 900.0,
        ..manual()
    })
    .await;
    let code = desk.device_code().await;
    assert_eq!(
        oauth_error(&desk.poll(&code).await),
        (403, "authorization_pending")
    );
    desk.pass(3);
    assert_eq!(
        oauth_error(&desk.poll(&code).await),
        (403, "authorization_pending")
    );
    desk.pass(2);
    assert_eq!(oauth_error(&desk.poll(&code).await), (400, "slow_down"));
    desk.leave().await;
}

#[tokio::test]
async fn codes_expire_and_can_be_declined() {
    let desk = Desk::new(manual()).await;
    let (declined, expired) = (desk.ask_device_code().await.1, desk.device_code().await);
    assert!(desk.control.deny(&text(&declined["user_code"])));
    let reply = desk.poll(&text(&declined["device_code"])).await;
    assert_eq!(oauth_error(&reply), (403, "access_denied"));
    desk.pass(300);
    assert_eq!(oauth_error(&desk.poll(&expired).await), (401, "expired_token"));
    assert_eq!(desk.control.waiting_user_codes(), [""; 0]);
    desk.leave().await;
}

#[tokio::test]
async fn the_automatic_owner_takes_his_time() {
    let approval = Approval::Auto {
        after: Duration::from_secs(60),
    };
    let desk = Desk::new(SimConfig {
        approval,
        ..SimConfig::default()
    })
    .await;
    let code = desk.device_code().await;
    desk.pass(59);
    assert_eq!(
        oauth_error(&desk.poll(&code).await),
        (403, "authorization_pending")
    );
    desk.pass(5);
    assert_eq!(desk.poll(&code).await.0, 200);
    desk.leave().await;
}

#[tokio::test]
async fn a_wrong_verifier_is_an_invalid_grant() {
    let desk = Desk::new(SimConfig::default()).await;
    let code = desk.device_code().await;
    let reply = desk.poll_with(&code, &"x".repeat(43)).await;
    assert_eq!(oauth_error(&reply), (400, "invalid_grant"));
    assert_eq!(oauth_error(&desk.poll("unknown").await), (400, "invalid_grant"));
    desk.leave().await;
}

#[tokio::test]
async fn requests_that_break_the_specification_are_refused_and_noted() {
    let desk = Desk::new(SimConfig::default()).await;
    let path = "/gcdm/oauth/device/code";
    let good = [
        ("client_id", CLIENT_ID),
        ("response_type", "device_code"),
        ("scope", SCOPE),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
    ];
    for (index, (name, _)) in good.iter().enumerate() {
        let mut wrong = good;
        wrong[index].1 = if *name == "scope" { "" } else { "wrong" };
        let status = desk.form(path, &wrong).await.0;
        assert_eq!(status, if *name == "scope" { 200 } else { 400 }, "{name}");
        assert_eq!(desk.control.violations().len(), index + 1, "{name}");
    }
    let repeated = [good.as_slice(), &[("client_id", CLIENT_ID)]].concat();
    assert_eq!(
        oauth_error(&desk.form(path, &repeated).await),
        (400, "invalid_request")
    );
    let json = desk
        .bare_request(Method::POST, path)
        .json(&serde_json::json!({ "client_id": CLIENT_ID }));
    assert_eq!(oauth_error(&read(json).await), (400, "invalid_request"));
    let reasons: Vec<String> = desk
        .control
        .violations()
        .into_iter()
        .map(|violation| violation.reason)
        .collect();
    for part in [
        "form-urlencoded",
        "client_id is repeated",
        "scope is missing",
        "must be S256",
        "lower case",
    ] {
        assert!(
            reasons.iter().any(|reason| reason.contains(part)),
            "{part}: {reasons:?}"
        );
    }
    let unknown = [("grant_type", "password"), ("client_id", CLIENT_ID)];
    let reply = desk.form("/gcdm/oauth/token", &unknown).await;
    assert_eq!(oauth_error(&reply), (400, "unsupported_grant_type"));
    desk.sim.stop().await;
}

#[tokio::test]
async fn an_upper_case_client_id_gets_a_code_and_is_denied() {
    let desk = Desk::new(SimConfig::default()).await;
    let id = CLIENT_ID.to_uppercase();
    let form = [
        ("client_id", id.as_str()),
        ("response_type", "device_code"),
        ("scope", SCOPE),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
    ];
    let (status, body) = desk.form("/gcdm/oauth/device/code", &form).await;
    assert_eq!(status, 200);
    let code = text(&body["device_code"]);
    let form = [
        ("client_id", id.as_str()),
        ("grant_type", "urn:ietf:params:oauth:grant-type:device_code"),
        ("device_code", &code),
        ("code_verifier", crate::desk::VERIFIER),
    ];
    assert_eq!(
        oauth_error(&desk.form("/gcdm/oauth/token", &form).await),
        (403, "access_denied")
    );
    desk.sim.stop().await;
}

#[tokio::test]
async fn an_unsubscribed_scope_is_not_granted_and_the_api_says_so() {
    let subscribed_scopes = vec!["authenticate_user".into(), "openid".into()];
    let mut desk = Desk::logged_in(SimConfig {
        subscribed_scopes,
        ..SimConfig::default()
    })
    .await;
    assert_eq!(
        error_id(&desk.get("/customers/vehicles/mappings").await),
        (403, "CU-103")
    );
    desk.access_token.clear();
    desk.leave().await;
}

#[tokio::test]
async fn a_refresh_rotates_the_token_and_leaves_the_gcid_out() {
    let desk = Desk::new(SimConfig {
        approval: Approval::Auto {
            after: Duration::ZERO,
        },
        ..manual()
    })
    .await;
    let tokens = desk.poll(&desk.device_code().await).await.1;
    let old = text(&tokens["refresh_token"]);
    let (status, refreshed) = desk.refresh(&old).await;
    assert_eq!(status, 200, "{refreshed}");
    assert!(refreshed.get("gcid").is_none() && refreshed.get("id_token").is_some());
    assert_eq!(oauth_error(&desk.refresh(&old).await), (400, "invalid_request"));
    let new = text(&refreshed["refresh_token"]);
    desk.pass(14 * 86_400);
    assert_eq!(
        oauth_error(&desk.refresh(&new).await),
        (400, "invalid_request"),
        "expired"
    );
    desk.leave().await;
}

#[tokio::test]
async fn a_refresh_may_bring_no_id_token() {
    let desk = Desk::logged_in(SimConfig {
        id_token_in_refresh: false,
        ..SimConfig::default()
    })
    .await;
    assert!(!desk.id_token.is_empty());
    let (status, refreshed) = desk.refresh(&desk.refresh_token).await;
    assert_eq!(status, 200, "{refreshed}");
    assert!(refreshed.get("id_token").is_none() && refreshed.get("access_token").is_some());
    desk.leave().await;
}

#[tokio::test]
async fn dropped_refresh_tokens_are_dead() {
    let desk = Desk::new(SimConfig {
        approval: Approval::Auto {
            after: Duration::ZERO,
        },
        ..manual()
    })
    .await;
    let tokens = desk.poll(&desk.device_code().await).await.1;
    desk.control.inject(Fault::DropRefreshToken);
    let reply = desk.refresh(&text(&tokens["refresh_token"])).await;
    assert_eq!(oauth_error(&reply), (400, "invalid_request"));
    desk.leave().await;
}

#[tokio::test]
async fn the_gateway_fault_consumes_the_code() {
    let desk = Desk::new(SimConfig {
        approval: Approval::Auto {
            after: Duration::ZERO,
        },
        ..manual()
    })
    .await;
    let code = desk.device_code().await;
    desk.control.inject_on("/token", 1, Fault::Gateway);
    let (status, body) = desk.poll(&code).await;
    assert_eq!(status, 500);
    assert_eq!(
        body["fault"]["detail"]["errorcode"],
        "keymanagement.service.invalid_access_token"
    );
    desk.pass(5);
    assert_eq!(oauth_error(&desk.poll(&code).await), (403, "access_denied"));
    desk.leave().await;
}
