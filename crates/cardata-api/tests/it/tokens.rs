//! Refused tokens and closed gates: what is repeated, what is counted, what is never sent.

use std::time::Duration;

use cardata_api::{ApiError, Call, ErrorKind, Outcome, Refusal};
use cardata_auth::AuthError;

use crate::doubles::{Bench, Event, Gate, REPLACED, TOKEN, Tokens};
use crate::server::{Reply, Server};

fn refused() -> Reply {
    Reply::error(403, "CU-127", "invalid_token")
}

fn no_call_left() -> Refusal {
    Refusal {
        reason: "no call is left today".into(),
        retry_at: Some("2026-11-23T00:00:00Z".parse().unwrap()),
    }
}

fn not_logged_in() -> AuthError {
    AuthError::NotLoggedIn {
        account: "home".into(),
        reason: "no token file".into(),
    }
}

fn login_server_is_away() -> AuthError {
    AuthError::Transient {
        operation: "refreshing the login",
        url: "https://login.example".into(),
        reason: "HTTP 503".into(),
        retry_at: None,
    }
}

#[tokio::test]
async fn a_refused_token_is_replaced_and_the_call_repeated() {
    let server = Server::start([refused(), Reply::new(200, "[]")]).await;
    let bench = Bench::new(&server.url);
    bench.client.mappings().await.unwrap();

    let sent: Vec<_> = server
        .seen()
        .iter()
        .map(|seen| seen.headers["authorization"].clone())
        .collect();
    assert_eq!(sent, [format!("Bearer {TOKEN}"), format!("Bearer {REPLACED}")]);
    assert_eq!(*bench.tokens.rejected.lock().unwrap(), [TOKEN]);
    assert_eq!(
        bench.events(),
        [
            Event::Admitted(Call::Mappings),
            Event::Settled(Call::Mappings, Outcome::Failed),
            Event::Admitted(Call::Mappings),
            Event::Settled(Call::Mappings, Outcome::Ok),
        ]
    );
}

#[tokio::test]
async fn there_is_no_third_try() {
    let server = Server::start([refused(), refused(), Reply::new(200, "[]")]).await;
    let bench = Bench::new(&server.url);
    let error = bench.client.mappings().await.unwrap_err();
    assert_eq!(error.reported(), Some(ErrorKind::Token), "{error}");
    assert_eq!(server.seen().len(), 2);
    assert_eq!(bench.events().len(), 4);
}

#[tokio::test]
async fn the_repeat_is_the_gates_to_refuse() {
    let server = Server::start([refused(), Reply::new(200, "[]")]).await;
    let gate = Gate {
        refusal: Some((1, no_call_left())),
        ..Gate::default()
    };
    let bench = Bench::with(&server.url, Tokens::default(), gate);
    let error = bench.client.mappings().await.unwrap_err();
    assert!(matches!(error, ApiError::Refused { .. }), "{error}");
    assert_eq!(server.seen().len(), 1);
}

#[tokio::test]
async fn nothing_else_is_repeated() {
    let replies = [
        Reply::error(503, "CU-503", "down"),
        Reply::error(403, "CU-429", "limit"),
        Reply::error(403, "CU-103", "scope"),
        Reply::new(500, "<html>"),
        Reply::new(200, ""),
    ];
    for reply in replies {
        let server = Server::start([reply]).await;
        let bench = Bench::new(&server.url);
        bench.client.mappings().await.unwrap_err();
        assert_eq!(server.seen().len(), 1);
        assert!(bench.tokens.rejected.lock().unwrap().is_empty());
    }
}

#[tokio::test]
async fn nothing_is_sent_when_the_gate_refuses() {
    let server = Server::start([Reply::new(200, "[]")]).await;
    let gate = Gate {
        refusal: Some((0, no_call_left())),
        ..Gate::default()
    };
    let bench = Bench::with(&server.url, Tokens::default(), gate);
    let error = bench.client.mappings().await.unwrap_err();
    let ApiError::Refused { refusal: told, .. } = &error else {
        panic!("{error}")
    };
    assert_eq!(*told, no_call_left());
    assert!(error.is_quota() && !error.is_transient());
    assert_eq!(
        error.to_string(),
        "list the vehicles: not sent, no call is left today; next try at 2026-11-23T00:00:00Z"
    );
    assert!(server.seen().is_empty() && bench.events().is_empty());
}

#[tokio::test]
async fn without_a_token_nothing_is_admitted() {
    let server = Server::start([]).await;
    for (failure, needs_login) in [(not_logged_in(), true), (login_server_is_away(), false)] {
        let tokens = Tokens {
            failure: Some(failure.clone()),
            ..Tokens::default()
        };
        let bench = Bench::with(&server.url, tokens, Gate::default());
        let error = bench.client.mappings().await.unwrap_err();
        assert_eq!(error.to_string(), failure.to_string());
        assert_eq!(
            (error.needs_login(), error.is_transient()),
            (needs_login, !needs_login)
        );
        assert!(server.seen().is_empty() && bench.events().is_empty());
    }
}

#[tokio::test]
async fn the_gate_learns_of_an_exhausted_quota() {
    let server =
        Server::start([Reply::error(403, "CU-429", "limit").with_header("retry-after", "3600")]).await;
    let bench = Bench::new(&server.url);
    let error = bench.client.mappings().await.unwrap_err();
    let retry_after = Some(Duration::from_secs(3600));
    assert_eq!(error.retry_after(), retry_after);
    assert_eq!(
        bench.events(),
        [
            Event::Admitted(Call::Mappings),
            Event::Settled(Call::Mappings, Outcome::QuotaExceeded { retry_after }),
        ]
    );
}

#[tokio::test]
async fn the_gate_learns_how_long_to_pause() {
    let server = Server::start([Reply::new(429, "slow down").with_header("retry-after", "90")]).await;
    let bench = Bench::new(&server.url);
    bench.client.mappings().await.unwrap_err();
    let retry_after = Duration::from_secs(90);
    assert_eq!(
        bench.events(),
        [
            Event::Admitted(Call::Mappings),
            Event::Settled(Call::Mappings, Outcome::Slowed { retry_after }),
        ]
    );
}
