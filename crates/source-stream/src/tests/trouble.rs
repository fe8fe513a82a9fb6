//! What goes wrong, and what is done about it.

use cardata_api::stream::StreamError;
use cardata_auth::AuthError;
use jiff::{SignedDuration, Timestamp};

use super::*;

const DAY: SignedDuration = SignedDuration::from_hours(24);

/// The most in any stretch of this length.
fn most(times: &[Timestamp], stretch: SignedDuration) -> usize {
    let within = |first: &Timestamp| {
        times
            .iter()
            .filter(|time| (*first..*first + stretch).contains(time))
            .count()
    };
    times.iter().map(within).max().unwrap_or(0)
}

#[tokio::test]
async fn a_refused_login_is_replaced_once_and_then_tried_every_minute() {
    let rig = Rig::new(true);
    rig.broker.always_refuse(StreamError::Refused { code: 5 });
    // It lives for ever: nothing but the refusal asks for another one.
    *rig.login.stored.lock().unwrap() = Ok(credential(1, rig.clock.now(), 10_000_000));
    rig.broker.end_after(SignedDuration::from_hours(6));
    rig.start().await.unwrap();
    assert_eq!(rig.replaced(), 1);
    let logins: Vec<_> = rig.broker.logins().into_iter().map(|(at, _)| at).collect();
    assert!((360..550).contains(&logins.len()), "{}", logins.len());
    let last = logins.windows(2).last().unwrap();
    assert!((40..=60).contains(&last[1].duration_since(last[0]).as_secs()));
}

#[tokio::test]
async fn a_refused_login_that_does_not_cover_the_stream_is_its_owners_matter() {
    let rig = Rig::new(false);
    rig.broker.always_refuse(StreamError::Refused { code: 5 });
    let mut poor = credential(1, rig.clock.now(), 10_000_000);
    poor.covers_stream = false;
    *rig.login.stored.lock().unwrap() = Ok(poor);
    let running = rig.start();
    rig.until_state("not subscribed").await;
    assert!(rig.state().1.unwrap().contains("subscribe the client"));
    assert_eq!(rig.replaced(), 0);
    rig.stopped(running).await;
}

#[tokio::test]
async fn a_refused_login_works_with_the_other_password() {
    let rig = Rig::new(false);
    rig.broker.refuse(&[StreamError::Refused { code: 5 }]);
    let next = credential(2, rig.clock.now(), 3_600);
    rig.login.next.lock().unwrap().push_back(next);
    rig.broker.gate.forget_permits(usize::MAX);
    rig.broker.gate.add_permits(2);
    let running = rig.start();
    // Nobody must act: another one is tried before long.
    rig.until_state("waiting").await;
    assert!(rig.state().1.unwrap().contains("return code 5"));
    rig.broker.gate.add_permits(2);
    rig.until_state("streaming").await;
    assert_eq!(rig.broker.passwords(), ["password-1", "password-2"]);
    rig.stopped(running).await;
}

#[tokio::test]
async fn a_stop_does_not_wait_for_a_refresh() {
    let rig = Rig::new(false);
    rig.login.hangs.store(true, Ordering::Relaxed);
    let running = rig.start();
    rig.until("it is awaited", || rig.login.is_awaited.load(Ordering::Relaxed))
        .await;
    rig.stopped(running).await;
    assert_eq!((rig.state().0.as_str(), rig.logins()), ("stopped", 0));
}

#[tokio::test]
async fn a_dead_login_is_waited_for_without_a_try() {
    let rig = Rig::new(false);
    let dead = AuthError::LoginExpired {
        reason: "invalid_request".to_owned(),
    };
    *rig.login.stored.lock().unwrap() = Err(dead);
    let running = rig.start();
    rig.until_state("login needed").await;
    assert!(rig.state().1.unwrap().contains("cardata login"));
    rig.clock.advance(Duration::from_secs(100_000));
    assert_eq!(rig.broker.reached().len(), 0);
    *rig.login.stored.lock().unwrap() = Ok(credential(1, rig.clock.now(), 3_600));
    rig.login.changed.notify_one();
    rig.until_state("streaming").await;
    rig.stopped(running).await;
}

#[tokio::test]
async fn a_subscription_that_is_refused_needs_a_person_and_is_tried_slowly() {
    let rig = Rig::new(true);
    rig.broker.always_refuse(StreamError::NoSubscription);
    rig.broker.end_after(DAY);
    let running = rig.start();
    rig.until("it is told", || {
        rig.state().0 == "not subscribed" || rig.stop.is_cancelled()
    })
    .await;
    running.await.unwrap();
    let logins = rig.logins();
    assert!((290..420).contains(&logins), "{logins}");
    assert_eq!(rig.replaced(), 0);
}

#[tokio::test]
async fn another_program_is_told_of_and_left_the_field() {
    let rig = Rig::new(false);
    let running = rig.start();
    for round in 0..4 {
        rig.pass_until("a login", || rig.logins() == round + 1).await;
        rig.until("it is noted", || {
            let streams = rig.account.ledger.streams();
            streams
                .first()
                .is_some_and(|stream| stream.logins == round as u64 + 1)
        })
        .await;
        rig.broker.drop_connection(round);
    }
    rig.until("it is told", || rig.state().0 == "evicted").await;
    let message = rig.state().1.unwrap();
    assert!(
        message.contains("another program") && message.contains("sink `mqtt`"),
        "{message}"
    );
    let told = rig.clock.now();
    rig.until("it is counted", || rig.record().evictions == 4).await;
    rig.pass_until("the next try", || rig.logins() == 5).await;
    assert!(rig.clock.now().duration_since(told) > SignedDuration::from_secs(7));
    // A long quiet connection ends it.
    rig.until_state("streaming").await;
    assert!(rig.state().1.is_some());
    rig.clock.advance(Duration::from_secs(16));
    rig.pass_in_steps(Duration::from_secs(10), "quiet", || {
        rig.state() == ("streaming".to_owned(), None)
    })
    .await;
    rig.stopped(running).await;
}

#[tokio::test]
async fn whatever_fails_is_no_storm() {
    let hour = SignedDuration::from_hours(1);
    for drops in [false, true] {
        let mut rig = Rig::new(true);
        if drops {
            rig.broker.always_drop();
            *rig.login.stored.lock().unwrap() = Ok(credential(1, rig.clock.now(), 10_000_000));
        } else {
            rig.broker.always_unreachable();
        }
        rig.broker.end_after(SignedDuration::from_hours(5));
        rig.start().await.unwrap();
        let tries = rig.broker.reached();
        assert!(
            tries.len() > 20 && most(&tries, hour) <= 180,
            "{}",
            most(&tries, hour)
        );
        // The broker counts those who find it, and nobody counts the others.
        let most_a_minute = if drops { 9 } else { 25 };
        assert!(most(&tries, SignedDuration::from_mins(1)) <= most_a_minute);
        // A program that is started again and again has no more.
        for _ in 0..300 {
            rig = rig.again();
            rig.broker.end_after(SignedDuration::ZERO);
            rig.start().await.unwrap();
        }
        let tries = rig.broker.reached();
        assert!(most(&tries, hour) <= 180, "{}", most(&tries, hour));
    }
}

#[tokio::test]
async fn a_broker_that_was_away_is_found_again_at_once() {
    let rig = Rig::new(false);
    let running = rig.start();
    rig.until_state("streaming").await;
    rig.broker.fail_to_reach(6);
    rig.broker.drop_connection(0);
    rig.until_state("waiting").await;
    let gone = rig.clock.now();
    rig.pass_until("the second login", || rig.logins() == 2).await;
    // Six tries are about a second apart.
    assert!(rig.clock.now().duration_since(gone) < SignedDuration::from_secs(12));
    rig.until_state("streaming").await;
    assert!(rig.record().connected_since > Some(gone));
    rig.stopped(running).await;
    assert_eq!(rig.record().evictions, 0);
}

#[tokio::test]
async fn every_connection_counts_to_the_minute_of_all_accounts() {
    let rig = Rig::new(false);
    let began = rig.clock.now();
    let pace = rig.account.handles.pace.clone();
    // Another account has made eight of nine.
    pace.recall([began; 8]);
    *rig.login.stored.lock().unwrap() = Ok(credential(0, began, 60));
    let next = credential(1, began + SignedDuration::from_secs(40), 3_600);
    rig.login.next.lock().unwrap().push_back(next);
    let running = rig.start();
    rig.pass_until("a login", || rig.logins() == 1).await;
    rig.pass_until("the takeover", || rig.logins() == 2).await;
    rig.pass_until("the takeover is noted", || rig.record().logins == 2)
        .await;
    let waited = rig.broker.logins()[1].0.duration_since(began);
    assert!(waited > SignedDuration::from_secs(59), "{waited:?}");
    assert_eq!(rig.record().evictions, 0);
    rig.stopped(running).await;

    // The next run knows of the takeover; the first may be a minute old.
    let mut rig = rig.again();
    rig.account.handles.pace = std::sync::Arc::default();
    let pace = rig.account.handles.pace.clone();
    let running = rig.start();
    rig.pass_until("a login", || rig.logins() == 3).await;
    let now = rig.clock.now();
    let left = std::iter::from_fn(|| pace.connect(now).ok()).count();
    assert!(left <= 7, "{left} of nine");
    rig.stopped(running).await;
}
