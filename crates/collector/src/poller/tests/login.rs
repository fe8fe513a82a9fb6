//! A login that is lost while the program runs.

use cardata_auth::{Scopes, TokenSet, TokenStore};

use super::*;

fn tokens(rig: &Rig, login: i64) -> TokenSet {
    let obtained_at = begin() + SignedDuration::from_secs(login);
    TokenSet {
        client_id: "4f9a1c52-8d0e-4b6c-9c2b-1a2b3c4d5e6f".parse().unwrap(),
        access_token: "access".into(),
        refresh_token: format!("refresh-{login}").into(),
        id_token: None,
        id_obtained_at: obtained_at,
        gcid: None,
        scope: Scopes::wanted(),
        logged_in_at: Some(obtained_at),
        obtained_at,
        access_expires_at: rig.clock.now() + SignedDuration::from_hours(1),
        refresh_expires_at: rig.clock.now() + SignedDuration::from_hours(24),
    }
}

#[tokio::test]
async fn polling_stops_and_goes_on_when_somebody_has_logged_in() {
    let rig = Rig::new();
    let store = TokenStore::new(rig.tokens.path().to_owned(), "home");
    store.save(&tokens(&rig, 0)).unwrap();
    let (sender, mut asked) = tokio::sync::mpsc::channel(8);
    let answers: Answers = Box::new(move |nth, _| {
        sender.try_send(nth).unwrap();
        let reason = "the login has expired".to_owned();
        if nth == 0 {
            Err(SourceError::Login { reason })
        } else {
            Ok(())
        }
    });
    let stop = CancellationToken::new();
    rig.clock.time.lock().unwrap().stands = true;
    rig.clock.time.lock().unwrap().ended = stop.clone();
    let poller = rig.poller(1, &[("telematics", Every::Fixed(minutes(10_000)))]);
    let running = tokio::spawn(poller.run(vec![rig.source(answers)]));
    assert_eq!(asked.recv().await, Some(0));
    while rig.published().0 != "login needed" {
        tokio::task::yield_now().await;
    }
    store.save(&tokens(&rig, 1)).unwrap();
    assert_eq!(asked.recv().await, Some(1));
    stop.cancel();
    running.await.unwrap();
    assert_eq!(rig.published().0, "polling");
    assert_eq!(rig.last_poll(0).await.failures, 0);
}

#[tokio::test]
async fn a_login_that_bmw_refuses_is_asked_for_again_once_a_day() {
    let rig = Rig::new();
    let store = TokenStore::new(rig.tokens.path().to_owned(), "home");
    store.save(&tokens(&rig, 0)).unwrap();
    let stop = CancellationToken::new();
    rig.clock.time.lock().unwrap().ended = stop.clone();
    let answers: Answers = Box::new(move |nth, _| {
        let reason = "the login lacks cardata:api:read".to_owned();
        if nth < 3 {
            return Err(SourceError::Login { reason });
        }
        stop.cancel();
        Ok(())
    });
    let poller = rig.poller(1, &[("telematics", Every::Auto)]);
    poller.run(vec![rig.source(answers)]).await;
    assert_eq!(rig.minutes(0), [0, 1_440, 2_880, 4_320]);
    assert_eq!(rig.published().0, "polling");
}

#[tokio::test]
async fn a_poller_that_waits_for_a_login_can_be_stopped() {
    let rig = Rig::new();
    let stop = CancellationToken::new();
    rig.clock.time.lock().unwrap().ended = stop.clone();
    let canceller = stop.clone();
    let answers: Answers = Box::new(move |_, _| {
        canceller.cancel();
        let reason = "the login has expired".to_owned();
        Err(SourceError::Login { reason })
    });
    let poller = rig.poller(1, &[("telematics", Every::Auto)]);
    poller.run(vec![rig.source(answers)]).await;
    assert_eq!(rig.minutes(0), [0]);
    assert_eq!(rig.published().0, "login needed");
}

#[tokio::test]
async fn tokens_that_are_stored_while_the_poll_fails_are_used() {
    let rig = Rig::new();
    let store = TokenStore::new(rig.tokens.path().to_owned(), "home");
    store.save(&tokens(&rig, 0)).unwrap();
    let (sender, mut asked) = tokio::sync::mpsc::channel(8);
    let (during, new) = (store.clone(), tokens(&rig, 1));
    let answers: Answers = Box::new(move |nth, _| {
        sender.try_send(nth).unwrap();
        if nth > 0 {
            return Ok(());
        }
        during.save(&new).unwrap();
        let reason = "the login has expired".to_owned();
        Err(SourceError::Login { reason })
    });
    let stop = CancellationToken::new();
    rig.clock.time.lock().unwrap().stands = true;
    rig.clock.time.lock().unwrap().ended = stop.clone();
    let poller = rig.poller(1, &[("telematics", Every::Fixed(minutes(10_000)))]);
    let running = tokio::spawn(poller.run(vec![rig.source(answers)]));
    assert_eq!(asked.recv().await, Some(0));
    assert_eq!(asked.recv().await, Some(1));
    stop.cancel();
    running.await.unwrap();
}
