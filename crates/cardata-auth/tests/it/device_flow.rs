//! The device flow with every answer that the live server is known to give.

use std::sync::Arc;

use cardata_auth::{AuthError, DeviceCode, OAuthClient, Pkce, SCOPES, TokenSet, login};
use rand::SeedableRng;
use rand::rngs::StdRng;
use runtime::Clock;
use runtime::testing::ManualClock;
use secrecy::ExposeSecret;
use serde_json::json;

use crate::server::{
    Answer, Expected, Nowhere, Server, client_id, http, jumping_clock, noon, tokens, tokens_without,
};

fn pkce() -> Pkce {
    Pkce::generate(&mut StdRng::seed_from_u64(7))
}

fn code_answer(number: u32) -> Answer {
    Answer::json(
        200,
        &json!({
            "user_code": format!("CODE{number}"), "device_code": format!("device-{number}"), "interval": 5,
            "expires_in": 300, "verification_uri": "https://bmw.example/link",
        }),
    )
}

struct Waited {
    result: Result<TokenSet, AuthError>,
    seconds: i64,
    server: Server,
}

/// A code, then the answers to the polls.
async fn wait(polls: impl IntoIterator<Item = Answer>) -> Waited {
    let server = Server::start([code_answer(1)].into_iter().chain(polls)).await;
    let clock = jumping_clock();
    let oauth = server.client(clock.clone());
    let code = oauth.request_code(&client_id(), &pkce()).await.unwrap();
    let result = oauth.wait_for_approval(&client_id(), &pkce(), &code).await;
    let seconds = clock.now().duration_since(noon()).as_secs();
    Waited {
        result,
        seconds,
        server,
    }
}

async fn failure(polls: impl IntoIterator<Item = Answer>) -> AuthError {
    wait(polls).await.result.unwrap_err()
}

fn pending() -> Answer {
    Answer::error(403, "authorization_pending")
}

#[tokio::test]
async fn the_requests_hold_exactly_what_the_specification_names() {
    let waited = wait([Answer::json(200, &tokens(1))]).await;
    let requests = waited.server.requests();
    let (code, token) = (&requests[0], &requests[1]);
    assert_eq!(code.path, "/prefix/gcdm/oauth/device/code");
    assert_eq!(token.path, "/prefix/gcdm/oauth/token");
    for request in &requests {
        assert_eq!(request.accept, "application/json");
        assert_eq!(request.content_type, "application/x-www-form-urlencoded");
    }
    let expected = [
        ("client_id", client_id().to_string()),
        ("code_challenge", pkce().challenge().to_owned()),
        ("code_challenge_method", "S256".to_owned()),
        ("response_type", "device_code".to_owned()),
        ("scope", SCOPES.join(" ")),
    ];
    assert_eq!(
        code.form,
        expected.map(|(name, value)| (name.to_owned(), value)).into()
    );
    let expected = [
        ("client_id", client_id().to_string()),
        ("code_verifier", pkce().verifier().to_owned()),
        ("device_code", "device-1".to_owned()),
        (
            "grant_type",
            "urn:ietf:params:oauth:grant-type:device_code".to_owned(),
        ),
    ];
    assert_eq!(
        token.form,
        expected.map(|(name, value)| (name.to_owned(), value)).into()
    );
}

#[tokio::test]
async fn pending_waits_the_interval_and_slow_down_adds_five_seconds() {
    let polls = [
        pending(),
        Answer::error(400, "slow_down"),
        pending(),
        Answer::json(200, &tokens(1)),
    ];
    let waited = wait(polls).await;
    let tokens = waited.result.unwrap();
    assert_eq!(waited.seconds, 5 + 5 + 10 + 10);
    assert_eq!(tokens.access_token.expose_secret(), "access-1");
    assert_eq!(tokens.refresh_token.expose_secret(), "refresh-1");
    assert_eq!(tokens.client_id, client_id());
    assert_eq!(tokens.missing_scopes(), [""; 0]);
    assert_eq!(
        tokens.access_expires_at.duration_since(noon()).as_secs(),
        30 + 3599
    );
}

#[tokio::test]
async fn an_error_is_told_by_its_string_at_any_status() {
    for status in [200, 400, 401, 403, 500] {
        for error in ["expired_token", "expired_device_code", "invalid_grant"] {
            let failure = failure([pending(), Answer::error(status, error)]).await;
            assert!(
                matches!(failure, AuthError::CodeExpired { trouble: None }),
                "{failure:?}"
            );
        }
        for error in ["invalid_client", "unauthorized_client"] {
            let failure = failure([Answer::error(status, error)]).await;
            assert!(matches!(failure, AuthError::InvalidClient { .. }), "{failure:?}");
        }
        let waited = wait([
            Answer::error(status, "authorization_pending"),
            Answer::json(200, &tokens(1)),
        ])
        .await;
        assert!(waited.result.is_ok());
    }
}

#[tokio::test]
async fn a_denial_tells_the_other_causes() {
    let denied = failure([Answer::error(403, "access_denied")]).await;
    assert!(matches!(denied, AuthError::Denied { .. }));
    let message = denied.to_string();
    for cause in [
        "CarData Stream",
        "Authenticate device",
        "two minutes",
        "client id",
        "privacy consent",
    ] {
        assert!(message.contains(cause), "{message}");
    }
}

#[tokio::test]
async fn the_gateway_fault_consumes_the_code_and_is_no_denial() {
    let waited = wait([pending(), Answer::fault(), Answer::error(403, "access_denied")]).await;
    let failure = waited.result.unwrap_err();
    assert!(matches!(failure, AuthError::GatewayFault { .. }), "{failure:?}");
    assert!(!failure.to_string().contains("declined"));
    assert_eq!(
        waited.server.requests().len(),
        3,
        "the consumed code is not polled again"
    );
}

#[tokio::test]
async fn a_denial_right_after_a_lost_answer_is_taken_for_the_fault() {
    let lost = [
        Answer::new(500, "{\"fault\":{\"fau"),
        Answer::json(200, &tokens(1)).cut_off(),
    ];
    for lost in lost {
        for end in ["access_denied", "invalid_grant"] {
            let failure = failure([lost.clone(), Answer::error(403, end)]).await;
            assert!(matches!(failure, AuthError::GatewayFault { .. }), "{failure:?}");
        }
        let failure = failure([lost, pending(), Answer::error(403, "access_denied")]).await;
        assert!(
            matches!(failure, AuthError::Denied { .. }),
            "the code was alive after the fault: {failure:?}"
        );
    }
}

#[tokio::test]
async fn failures_that_pass_are_waited_out() {
    let polls = [
        Answer::new(502, "<html>Bad gateway</html>"),
        Answer::new(503, ""),
        Answer::error(429, "too_many").with_header("retry-after", 40),
        Answer::json(500, &json!({"fault": {"faultstring": "something else"}})),
        pending().cut_off(),
        Answer::json(200, &tokens_without(1, &["scope", "id_token", "expires_in"])),
    ];
    let waited = wait(polls).await;
    assert_eq!(waited.seconds, 5 + 5 + 5 + 40 + 5 + 5);
    assert!(waited.result.unwrap().scope.has("cardata:api:read"));
}

#[tokio::test]
async fn the_code_expires_by_the_clock_with_the_last_trouble_told() {
    let waited = wait(std::iter::repeat_n(pending(), 60)).await;
    assert!(matches!(
        waited.result,
        Err(AuthError::CodeExpired { trouble: None })
    ));
    assert_eq!(waited.seconds, 300);

    let clock = jumping_clock();
    let code = wait_for_code(clock.clone()).await;
    let nowhere = Nowhere::new();
    let oauth = nowhere.client(clock);
    let failure = oauth
        .wait_for_approval(&client_id(), &pkce(), &code)
        .await
        .unwrap_err();
    let AuthError::CodeExpired {
        trouble: Some(trouble),
    } = failure
    else {
        panic!("{failure:?}");
    };
    assert!(trouble.contains("refused"), "{trouble}");
}

async fn wait_for_code(clock: Arc<ManualClock>) -> DeviceCode {
    let server = Server::start([code_answer(1)]).await;
    server
        .client(clock)
        .request_code(&client_id(), &pkce())
        .await
        .unwrap()
}

#[tokio::test]
async fn bodies_that_make_no_sense_are_told_with_status_and_start() {
    let oversized = format!("{{\"access_token\":\"{}\"}}", "a".repeat(2 << 20));
    for (answer, expected) in [
        (
            Answer::new(404, "<h1>Not here</h1>"),
            "HTTP 404, a body that begins with `<h1>Not here</h1>`",
        ),
        (Answer::new(403, ""), "HTTP 403, an empty body"),
        (
            Answer::new(200, "<html>Free hotel wifi</html>"),
            "HTTP 200, a body that begins with `<html>Free",
        ),
        (
            Answer::new(200, "{\"access_token\":\"acc"),
            "HTTP 200, a body of 20 bytes that is not",
        ),
        (Answer::new(200, "[]"), "HTTP 200, a body of 2 bytes"),
        (Answer::new(200, oversized), "HTTP 200, a body of 1048576 bytes"),
        (
            Answer::json(200, &json!({})),
            "HTTP 200, an answer without access",
        ),
        (
            Answer::json(200, &tokens_without(1, &["refresh_token"])),
            "without access or refresh token",
        ),
    ] {
        let failure = failure([answer]).await;
        assert!(matches!(failure, AuthError::Unexpected { .. }), "{failure:?}");
        let message = failure.to_string();
        assert!(
            message.contains(expected) && !message.contains("\"acc"),
            "{message}"
        );
    }
}

#[tokio::test]
async fn a_code_that_is_refused_is_an_error_of_its_kind() {
    let cases: [(Answer, Expected); 7] = [
        (Answer::error(400, "invalid_request"), |error| {
            matches!(error, AuthError::InvalidClient { .. })
        }),
        (
            Answer::new(302, "").with_header("location", "http://portal.example/login?key=secret"),
            |error| {
                let message = error.to_string();
                message.contains("sent on to portal.example,") && !message.contains("secret")
            },
        ),
        (Answer::error(401, "invalid_client"), |error| {
            matches!(error, AuthError::InvalidClient { .. })
        }),
        (Answer::error(403, "access_denied"), |error| {
            matches!(error, AuthError::Denied { .. })
        }),
        (Answer::fault(), |error| error.is_transient()),
        (code_answer(1).cut_off(), |error| error.is_transient()),
        (Answer::json(200, &json!({"user_code": "x"})), |error| {
            matches!(error, AuthError::Unexpected { .. })
        }),
    ];
    for (answer, expected) in cases {
        let server = Server::start([answer]).await;
        let refused = server
            .client(jumping_clock())
            .request_code(&client_id(), &pkce())
            .await
            .unwrap_err();
        assert!(expected(&refused), "{refused:?}");
    }
}

#[tokio::test]
async fn an_address_that_is_no_web_address_is_told() {
    let oauth = OAuthClient::new(
        http(),
        "ftp://bmw.example".parse::<url::Url>().unwrap(),
        jumping_clock(),
    );
    let failure = oauth.request_code(&client_id(), &pkce()).await.unwrap_err();
    assert!(matches!(failure, AuthError::Endpoint { .. }), "{failure:?}");
}

#[tokio::test]
async fn a_login_asks_for_a_new_code_after_a_fault() {
    let script = [
        code_answer(1),
        Answer::fault(),
        code_answer(2),
        Answer::json(200, &tokens(1)),
    ];
    let server = Server::start(script).await;
    let mut shown = Vec::new();
    let tokens = login(&server.client(jumping_clock()), &client_id(), |code| {
        shown.push(code.link())
    })
    .await
    .unwrap();
    assert_eq!(tokens.access_token.expose_secret(), "access-1");
    assert_eq!(
        shown,
        [
            "https://bmw.example/link?user_code=CODE1",
            "https://bmw.example/link?user_code=CODE2"
        ]
    );
    let requests = server.requests();
    assert_ne!(
        requests[0].form["code_challenge"],
        requests[2].form["code_challenge"]
    );
}

#[tokio::test]
async fn a_login_gives_up_after_three_codes() {
    let script = (1..=4).flat_map(|number| [code_answer(number), Answer::fault()]);
    let server = Server::start(script).await;
    let mut shown = 0;
    let failure = login(&server.client(jumping_clock()), &client_id(), |_| shown += 1)
        .await
        .unwrap_err();
    assert!(matches!(failure, AuthError::GatewayFault { .. }));
    assert_eq!(shown, 3);
}
