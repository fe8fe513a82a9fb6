//! Fresh access tokens through time, failures, other processes and callers that give up.

use std::fs;
use std::sync::Arc;
use std::time::Duration;

use cardata_auth::{AuthError, Authenticator, OAuthClient, TokenStore};
use runtime::Clock;
use runtime::testing::ManualClock;
use secrecy::{ExposeSecret, SecretString};
use tempfile::TempDir;

use crate::server::{Answer, Nowhere, Server, client_id, noon, tokens, tokens_without};
use crate::store::login;

const DUE: Duration = Duration::from_secs(2450);
const EXPIRED: Duration = Duration::from_secs(3700);

/// Logged in at noon, with `access-0` and `refresh-0`.
struct World {
    clock: Arc<ManualClock>,
    store: TokenStore,
    server: Server,
    oauth: OAuthClient,
    authenticator: Authenticator,
    dir: TempDir,
}

impl World {
    async fn new(script: impl IntoIterator<Item = Answer>) -> Self {
        Self::with(Server::start(script).await).await
    }

    async fn with(server: Server) -> Self {
        let clock = Arc::new(ManualClock::new(noon()));
        let oauth = server.client(clock.clone());
        Self::build(clock, server, oauth).await
    }

    async fn build(clock: Arc<ManualClock>, server: Server, oauth: OAuthClient) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let store = TokenStore::new(dir.path().join("tokens"), "home");
        store.save(&login(0).await).unwrap();
        let authenticator = Authenticator::new(
            "home".into(),
            client_id(),
            oauth.clone(),
            store.clone(),
            Vec::new(),
        );
        Self {
            clock,
            store,
            server,
            oauth,
            authenticator,
            dir,
        }
    }

    /// As another process would have it.
    fn another(&self) -> Authenticator {
        Authenticator::new(
            "home".into(),
            client_id(),
            self.oauth.clone(),
            self.store.clone(),
            Vec::new(),
        )
    }

    async fn token(&self) -> String {
        shown(self.authenticator.access_token().await)
    }

    async fn refused(&self) -> AuthError {
        self.authenticator.access_token().await.unwrap_err()
    }

    fn asked(&self) -> usize {
        self.server.requests().len()
    }
}

fn shown(result: Result<SecretString, AuthError>) -> String {
    result.unwrap().expose_secret().to_owned()
}

fn unavailable() -> Answer {
    Answer::new(503, "<html>later</html>")
}

#[tokio::test]
async fn a_token_is_kept_until_a_third_of_its_life_is_left() {
    let world = World::new([Answer::json(200, &tokens(1))]).await;
    assert_eq!(world.token().await, "access-0");
    world.clock.advance(DUE);
    assert_eq!(world.token().await, "access-1");
    assert_eq!(world.token().await, "access-1");
    assert_eq!(world.asked(), 1);
    let stored = world.authenticator.tokens().await.unwrap().unwrap();
    assert_eq!(stored.refresh_token.expose_secret(), "refresh-1");
    assert_eq!(stored.obtained_at, world.clock.now());
}

#[tokio::test]
async fn what_a_refresh_leaves_out_stays_in_the_file() {
    let bare = tokens_without(1, &["refresh_token", "gcid", "scope", "id_token"]);
    let world = World::new([Answer::json(200, &bare)]).await;
    let before = world.store.load().unwrap().unwrap();
    world.clock.advance(EXPIRED);
    assert_eq!(world.token().await, "access-1");
    let after = world.store.load().unwrap().unwrap();
    assert_eq!(after.refresh_token.expose_secret(), "refresh-0");
    assert_eq!((&after.gcid, &after.scope), (&before.gcid, &before.scope));
    assert_eq!(after.refresh_expires_at, before.refresh_expires_at);
    assert!(after.gcid.is_some() && after.id_token.is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn many_callers_of_two_processes_refresh_once() {
    let world = World::with(Server::start_held([Answer::json(200, &tokens(1))]).await).await;
    world.clock.advance(EXPIRED);
    let callers: Vec<_> = [world.another(), world.another()]
        .into_iter()
        .cycle()
        .take(10)
        .map(|authenticator| tokio::spawn(async move { shown(authenticator.access_token().await) }))
        .collect();
    world.server.arrived(1).await;
    world.server.release();
    for caller in callers {
        assert_eq!(caller.await.unwrap(), "access-1");
    }
    assert_eq!(world.asked(), 1);
}

#[tokio::test]
async fn tokens_that_another_process_stored_are_used_without_asking() {
    let world = World::new([]).await;
    world.store.save(&login(7).await).unwrap();
    assert_eq!(world.token().await, "access-7");
    let again = world.authenticator.force_refresh(&"access-0".into()).await;
    assert_eq!(shown(again), "access-7");
    assert_eq!(world.asked(), 0);
}

#[tokio::test]
async fn a_token_that_the_api_refused_is_replaced_though_it_is_fresh() {
    let world = World::new([Answer::json(200, &tokens(1)), unavailable()]).await;
    assert_eq!(
        shown(world.authenticator.force_refresh(&"access-0".into()).await),
        "access-1"
    );
    let failure = world
        .authenticator
        .force_refresh(&"access-1".into())
        .await
        .unwrap_err();
    assert!(
        failure.is_transient(),
        "a refused token is never given back: {failure:?}"
    );
    assert_eq!(world.token().await, "access-1");
}

#[tokio::test]
async fn a_caller_that_gives_up_does_not_lose_the_rotated_token() {
    let world = World::with(Server::start_held([Answer::json(200, &tokens(1))]).await).await;
    world.clock.advance(DUE);
    tokio::select! {
        result = world.authenticator.access_token() => panic!("{result:?}"),
        () = world.server.arrived(1) => {}
    }
    world.server.release();
    world.authenticator.settled().await;
    let stored = world.store.load().unwrap().unwrap();
    assert_eq!(stored.refresh_token.expose_secret(), "refresh-1");
}

#[tokio::test]
async fn while_the_server_is_away_a_valid_token_is_used_and_the_server_is_left_alone() {
    let world = World::new([unavailable(), unavailable(), Answer::json(200, &tokens(1))]).await;
    world.clock.advance(DUE);
    // The waits are drawn: 15 to 30 seconds, then 30 to 60.
    for (expected, pause) in [(1, 14), (1, 16), (2, 29), (2, 31)] {
        assert_eq!(world.token().await, "access-0");
        assert_eq!(world.asked(), expected);
        world.clock.advance(Duration::from_secs(pause));
    }
    assert_eq!(world.token().await, "access-1");
}

#[tokio::test]
async fn with_an_expired_token_the_time_of_the_next_try_is_told() {
    let world = World::new([unavailable(), Answer::json(200, &tokens(1))]).await;
    world.clock.advance(EXPIRED);
    let now = world.clock.now();
    let next = world.refused().await.retry_at().unwrap();
    assert!((15..=30).contains(&next.duration_since(now).as_secs()), "{next}");
    for _ in 0..2 {
        let failure = world.refused().await;
        assert_eq!(failure.retry_at(), Some(next));
        assert!(failure.to_string().contains("HTTP 503"), "{failure}");
        assert!(
            failure.to_string().ends_with(&format!("next try at {next:.0}")),
            "{failure}"
        );
    }
    assert_eq!(world.asked(), 1);
    world.clock.set(next);
    assert_eq!(world.token().await, "access-1");
}

#[tokio::test]
async fn an_unreachable_server_is_a_failure_that_passes() {
    let nowhere = Nowhere::new();
    let clock = Arc::new(ManualClock::new(noon()));
    let oauth = nowhere.client(clock.clone());
    let world = World::build(clock, Server::start([]).await, oauth).await;
    world.clock.advance(DUE);
    assert_eq!(world.token().await, "access-0");
    world.clock.advance(EXPIRED);
    assert!(world.refused().await.is_transient());
}

#[tokio::test]
async fn a_dead_login_is_told_at_once_and_ends_with_a_new_login() {
    let world = World::new([Answer::error(400, "invalid_request")]).await;
    world.clock.advance(DUE);
    for _ in 0..3 {
        assert!(matches!(world.refused().await, AuthError::LoginExpired { .. }));
    }
    assert_eq!(world.asked(), 1);
    world.clock.set(noon());
    world.store.save(&login(5).await).unwrap();
    assert_eq!(world.token().await, "access-5");
}

#[tokio::test]
async fn without_a_usable_login_it_is_told_why() {
    let world = World::new([]).await;
    let refused = async |authenticator: &Authenticator| authenticator.access_token().await.unwrap_err();

    let other = "11111111-2222-3333-4444-555555555555".parse().unwrap();
    let other = Authenticator::new(
        "home".into(),
        other,
        world.oauth.clone(),
        world.store.clone(),
        Vec::new(),
    );
    let message = refused(&other).await.to_string();
    assert!(
        message.contains("0f1e2d3c") && message.contains("11111111"),
        "{message}"
    );

    fs::write(world.store.path(), "{}").unwrap();
    let failure = refused(&world.authenticator).await;
    assert!(
        matches!(&failure, AuthError::NotLoggedIn { account, .. } if account == "home"),
        "{failure:?}"
    );

    fs::remove_file(world.store.path()).unwrap();
    let failure = refused(&world.authenticator).await;
    assert!(matches!(&failure, AuthError::NotLoggedIn { .. }), "{failure:?}");
    assert!(failure.to_string().contains("`cardata login`"), "{failure}");
    assert!(world.authenticator.tokens().await.unwrap().is_none());
}

#[tokio::test]
async fn tokens_that_could_not_be_stored_are_kept_and_stored_later() {
    let world = World::with(Server::start_held([Answer::json(200, &tokens(1))]).await).await;
    world.clock.advance(DUE);
    let waiting = tokio::spawn({
        let authenticator = world.authenticator.clone();
        async move { authenticator.access_token().await }
    });
    world.server.arrived(1).await;
    // A file in the place of the folder: nothing can be written there, whoever asks.
    let (tokens, aside) = (world.dir.path().join("tokens"), world.dir.path().join("aside"));
    fs::rename(&tokens, &aside).unwrap();
    fs::write(&tokens, "").unwrap();
    world.server.release();
    let failure = waiting.await.unwrap().unwrap_err();
    assert!(
        matches!(failure, AuthError::Store(_)),
        "not used before it is stored: {failure:?}"
    );

    fs::remove_file(&tokens).unwrap();
    fs::rename(&aside, &tokens).unwrap();
    assert_eq!(world.token().await, "access-1");
    assert_eq!(world.asked(), 1);
    assert_eq!(
        world.store.load().unwrap().unwrap().refresh_token.expose_secret(),
        "refresh-1"
    );
}

#[tokio::test]
async fn of_two_logins_to_one_account_the_first_is_taken_as_long_as_there_are_two() {
    let world = World::new([]).await;
    let work = TokenStore::new(world.dir.path().join("tokens"), "work");
    let others = vec![world.store.clone()];
    let second = Authenticator::new(
        "work".into(),
        client_id(),
        world.oauth.clone(),
        work.clone(),
        others,
    );
    let mut theirs = login(0).await;
    theirs.gcid = Some("somebody else".into());
    work.save(&theirs).unwrap();
    assert_eq!(shown(second.access_token().await), "access-0");

    // Somebody copies the file of the first.
    fs::copy(world.store.path(), work.path()).unwrap();
    let failure = second.access_token().await.unwrap_err();
    assert!(
        matches!(&failure, AuthError::SameAccount { account, other } if account == "work" && other == "home"),
        "{failure:?}"
    );
    assert!(failure.needs_login());
    assert!(second.tokens().await.is_err() && second.upkeep().await.next.is_none());
    assert_eq!(world.token().await, "access-0");

    fs::remove_file(world.store.path()).unwrap();
    assert_eq!(shown(second.access_token().await), "access-0");
}
