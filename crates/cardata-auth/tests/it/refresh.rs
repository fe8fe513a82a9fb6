//! What each answer to a refresh means.

use cardata_auth::{AuthError, OAuthClient, Refreshed};
use proptest::prelude::*;
use secrecy::ExposeSecret;

use crate::server::{Answer, Expected, Server, client_id, jumping_clock, noon, tokens, tokens_without};

async fn refresh(answer: Answer) -> Result<Refreshed, AuthError> {
    let server = Server::start([answer]).await;
    server
        .client(jumping_clock())
        .refresh(&client_id(), &"refresh-0".into())
        .await
}

#[tokio::test]
async fn the_request_holds_exactly_what_the_server_wants() {
    let server = Server::start([Answer::json(200, &tokens(1))]).await;
    server
        .client(jumping_clock())
        .refresh(&client_id(), &"refresh/0+=".into())
        .await
        .unwrap();
    let expected = [
        ("client_id", client_id().to_string()),
        ("grant_type", "refresh_token".to_owned()),
        ("refresh_token", "refresh/0+=".to_owned()),
    ];
    let request = &server.requests()[0];
    assert_eq!(
        request.form,
        expected.map(|(name, value)| (name.to_owned(), value)).into()
    );
    assert_eq!(request.accept, "application/json");
}

#[tokio::test]
async fn an_answer_may_leave_out_all_but_the_access_token() {
    let left_out = [
        "refresh_token",
        "id_token",
        "gcid",
        "scope",
        "expires_in",
        "token_type",
    ];
    let answer = refresh(Answer::json(200, &tokens_without(1, &left_out)))
        .await
        .unwrap();
    assert_eq!(answer.access_token.expose_secret(), "access-1");
    assert!(answer.refresh_token.is_none() && answer.id_token.is_none());
    assert!(answer.gcid.is_none() && answer.scope.is_none());
    assert_eq!((answer.expires_in.as_secs(), answer.obtained_at), (3600, noon()));
}

#[tokio::test]
async fn a_dead_refresh_token_means_log_in_again() {
    for (status, error) in [
        (400, "invalid_request"),
        (400, "invalid_grant"),
        (401, "invalid_token"),
        (401, "expired_token"),
    ] {
        let dead = refresh(Answer::error(status, error)).await.unwrap_err();
        assert!(
            matches!(dead, AuthError::LoginExpired { .. }) && dead.needs_login(),
            "{dead:?}"
        );
        assert!(dead.to_string().contains("log in again"), "{dead}");
    }
}

#[tokio::test]
async fn other_failures_are_told_apart() {
    let in_a_minute: Expected = |error| {
        let time = error.retry_at();
        time.is_some_and(|time| time.duration_since(noon()).as_secs() == 60)
    };
    let cases: [(Answer, Expected); 7] = [
        (Answer::error(401, "invalid_client"), |error| {
            matches!(error, AuthError::InvalidClient { .. })
        }),
        (
            Answer::error(503, "temporarily_unavailable"),
            AuthError::is_transient,
        ),
        (Answer::fault(), AuthError::is_transient),
        (Answer::new(429, "").with_header("retry-after", "60"), in_a_minute),
        (
            Answer::new(429, "")
                .with_header("date", "Wed, 21 Oct 2026 07:28:00 GMT")
                .with_header("retry-after", "Wed, 21 Oct 2026 07:29:00 GMT"),
            in_a_minute,
        ),
        (Answer::json(200, &tokens(1)).cut_off(), AuthError::is_transient),
        (Answer::new(400, "<html>"), |error| {
            matches!(error, AuthError::Unexpected { status: 400, .. })
        }),
    ];
    for (answer, expected) in cases {
        let failure = refresh(answer).await.unwrap_err();
        assert!(expected(&failure), "{failure:?}");
    }
}

#[tokio::test]
async fn the_servers_words_never_bring_the_token_into_a_message() {
    for (status, error) in [(400, "invalid_request"), (500, "server_error"), (418, "teapot")] {
        let answer = serde_json::json!({"error": error, "error_description": "what is refresh-0?"});
        let failure = refresh(Answer::json(status, &answer)).await.unwrap_err();
        assert!(
            !format!("{failure} {failure:?}").contains("refresh-0"),
            "{failure:?}"
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_answer_is_survived_and_shows_no_control_character(
        status in 200u16..600,
        body in prop_oneof![
            proptest::collection::vec(any::<u8>(), 0..200),
            r#"\{"(error|access_token|expires_in)":("\PC{0,20}"|-?[0-9]{1,9}|null|\[\]|\{\})\}"#
                .prop_map(String::into_bytes),
        ],
    ) {
        // These have no body, and the server refuses to send one.
        prop_assume!(!matches!(status, 204 | 205 | 304));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        if let Err(error) = runtime.block_on(refresh(Answer::new(status, body))) {
            prop_assert!(!error.to_string().chars().any(char::is_control));
        }
    }
}

#[test]
fn the_client_may_be_shared_among_tasks() {
    fn shared<T: Send + Sync + Clone>() {}
    shared::<OAuthClient>();
    shared::<cardata_auth::Authenticator>();
}
