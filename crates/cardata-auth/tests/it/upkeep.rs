//! A login that is kept alive for its own sake: through outages of days, and taken over from another client.

use std::sync::Arc;
use std::time::Duration;

use cardata_auth::{AuthError, Authenticator, TokenStore, adopt};
use runtime::Clock;
use runtime::testing::ManualClock;
use secrecy::ExposeSecret;

use crate::server::{Answer, Server, client_id, jumping_clock, noon, tokens, tokens_without};
use crate::store::login;

/// Logged in at noon.
async fn kept(script: Vec<Answer>) -> (Authenticator, Arc<ManualClock>, Server, tempfile::TempDir) {
    let dir = tempfile::tempdir().unwrap();
    let store = TokenStore::new(dir.path(), "home");
    store.save(&login(0).await).unwrap();
    let server = Server::start(script).await;
    let clock = Arc::new(ManualClock::new(noon()));
    let authenticator = Authenticator::new(
        "home".into(),
        client_id(),
        server.client(clock.clone()),
        store,
        Vec::new(),
    );
    (authenticator, clock, server, dir)
}

#[tokio::test]
async fn an_outage_of_days_ends_with_a_refresh_within_minutes() {
    let failures = 1_000;
    let mut script: Vec<Answer> = (0..failures).map(|_| Answer::new(503, "down")).collect();
    script.push(Answer::json(200, &tokens(1)));
    let (authenticator, clock, server, _dir) = kept(script).await;
    let mut waits = Vec::new();
    loop {
        let upkeep = authenticator.upkeep().await;
        let tokens = upkeep.tokens.unwrap();
        if tokens.access_token.expose_secret() == "access-1" {
            break;
        }
        let wait = upkeep.next.unwrap().duration_since(clock.now());
        waits.push(wait.as_secs_f64());
        clock.set(upkeep.next.unwrap());
    }
    assert_eq!(
        server.requests().len(),
        failures + 1,
        "asked only when it was time"
    );
    assert!(
        (2_390.0..2_420.0).contains(&waits[0]),
        "nothing is due before a third of the hour is left: {}",
        waits[0]
    );
    let (first, later) = waits[1..].split_at(5);
    assert!(
        first.iter().all(|wait| (14.9..=300.1).contains(wait)),
        "{first:?}"
    );
    assert!(
        later.iter().all(|wait| (149.9..=300.1).contains(wait)),
        "{later:?}"
    );
    let outage: f64 = waits.iter().sum();
    assert!(outage > 2.0 * 86_400.0, "{outage} s");
}

#[tokio::test]
async fn a_failure_is_told_though_the_old_token_is_good_for_something() {
    let (authenticator, clock, server, _dir) =
        kept(vec![Answer::new(503, "down"), Answer::json(200, &tokens(1))]).await;
    clock.advance(Duration::from_secs(2450));
    for _ in 0..2 {
        let upkeep = authenticator.upkeep().await;
        assert!(upkeep.error.unwrap().is_transient());
        assert_eq!(upkeep.tokens.unwrap().access_token.expose_secret(), "access-0");
    }
    assert_eq!(server.requests().len(), 1, "asked again only when it is time");
    clock.advance(Duration::from_secs(31));
    let upkeep = authenticator.upkeep().await;
    assert!(upkeep.error.is_none());
    let tokens = upkeep.tokens.unwrap();
    assert_eq!(tokens.access_token.expose_secret(), "access-1");
    assert!(!tokens.due_for_refresh(clock.now()));
    assert_eq!(upkeep.next, Some(tokens.refresh_due_at()));
    assert!(tokens.due_for_refresh(tokens.refresh_due_at()));
}

#[tokio::test]
async fn a_server_that_asks_for_a_longer_wait_gets_it() {
    let busy = Answer::new(429, "").with_header("retry-after", "1800");
    let (authenticator, clock, _server, _dir) = kept(vec![busy]).await;
    clock.advance(Duration::from_secs(3700));
    let upkeep = authenticator.upkeep().await;
    assert_eq!(upkeep.next.unwrap().duration_since(clock.now()).as_secs(), 1800);
}

#[tokio::test]
async fn without_a_login_there_is_nothing_to_do() {
    let (authenticator, _clock, server, dir) = kept(vec![]).await;
    std::fs::remove_file(dir.path().join("home.json")).unwrap();
    let upkeep = authenticator.upkeep().await;
    assert!(upkeep.tokens.is_none() && upkeep.next.is_none());
    assert!(matches!(upkeep.error, Some(AuthError::NotLoggedIn { .. })));
    assert_eq!(server.requests().len(), 0);
}

#[tokio::test]
async fn a_login_is_taken_over_by_its_refresh_token() {
    for left_out in [&[][..], &["gcid", "scope", "id_token"], &["refresh_token"]] {
        let server = Server::start([Answer::json(200, &tokens_without(1, left_out))]).await;
        let adopted = adopt(&server.client(jumping_clock()), &client_id(), &"theirs-0".into())
            .await
            .unwrap();
        assert_eq!(adopted.access_token.expose_secret(), "access-1");
        let rotated = !left_out.contains(&"refresh_token");
        let expected = if rotated { "refresh-1" } else { "theirs-0" };
        assert_eq!(adopted.refresh_token.expose_secret(), expected);
        assert_eq!(adopted.refresh_days_left(noon()).round(), 14.0);
        assert_eq!(server.requests()[0].form["refresh_token"], "theirs-0");
    }
    let server = Server::start([Answer::error(400, "invalid_request")]).await;
    let refused = adopt(&server.client(jumping_clock()), &client_id(), &"theirs-0".into()).await;
    assert!(
        matches!(refused, Err(AuthError::LoginExpired { .. })),
        "{refused:?}"
    );
}
