//! Another password in time, and nothing lost.

use super::*;
use cardata_api::stream::StreamError;
use jiff::SignedDuration;

const HOUR: i64 = 3_600;

#[tokio::test]
async fn a_connection_is_taken_over_without_a_gap_before_its_password_ends() {
    let rig = Rig::new(false);
    let began = rig.clock.now();
    let running = rig.start();
    rig.until("the first login", || rig.logins() == 1).await;
    rig.until_state("streaming").await;
    let first = rig.broker.send(0, "a");
    let since = rig.record().connected_since;
    // Nobody may take over until the test lets it.
    rig.broker.gate.forget_permits(usize::MAX);
    let next = credential(2, began + SignedDuration::from_secs(2_400), HOUR);
    rig.login.next.lock().unwrap().push_back(next);
    rig.clock.advance(Duration::from_secs(2_401));
    rig.until("the second connection", || rig.broker.reached().len() == 2)
        .await;
    // The old one is received from until the login is sent, and what it brought is read to its end.
    let second = rig.broker.send(0, "b");
    rig.until("b", || rig.output.stored() == ["a", "b"]).await;
    assert_eq!(rig.logins(), 1);
    rig.output.full.store(true, Ordering::Relaxed);
    let third = rig.broker.send(0, "c");
    rig.broker.gate.add_permits(10);
    rig.until("the second login", || rig.logins() == 2).await;
    let fourth = rig.broker.send(1, "d");
    assert!(
        rig.broker.acknowledged(0) == [first, second] && rig.broker.acknowledged(1).is_empty(),
        "before it is stored"
    );
    rig.output.full.store(false, Ordering::Relaxed);
    rig.until("all", || rig.output.stored().len() == 4).await;
    rig.until("both answers", || {
        rig.broker.acknowledged(0) == [first, second, third] && rig.broker.acknowledged(1) == [fourth]
    })
    .await;
    assert_eq!(rig.broker.passwords(), ["password-1", "password-2"]);
    rig.until("it is noted", || rig.record().logins == 2).await;
    assert_eq!(rig.record().connected_since, since, "without an interruption");
    assert_eq!(rig.replaced(), 0);
    rig.stopped(running).await;
    assert!(rig.broker.was_closed(1));
    assert_eq!((rig.record().connected_since, rig.record().evictions), (None, 0));
    assert_eq!(rig.state().0, "stopped");
}

#[tokio::test]
async fn another_login_that_somebody_stored_is_taken_over_soon() {
    let rig = Rig::new(false);
    let running = rig.start();
    rig.until_state("streaming").await;
    // Not before the least time between two rotations.
    *rig.login.stored.lock().unwrap() = Ok(credential(7, rig.clock.now(), HOUR));
    rig.login.changed.notify_one();
    assert_eq!(rig.logins(), 1);
    rig.clock.advance(Duration::from_secs(451));
    rig.until("the rotation", || rig.logins() == 2).await;
    rig.stopped(running).await;
}

#[tokio::test]
async fn a_takeover_that_fails_leaves_the_old_connection_and_is_tried_again() {
    let rig = Rig::new(false);
    let began = rig.clock.now();
    let running = rig.start();
    rig.until_state("streaming").await;
    rig.broker.fail_to_reach(2);
    let next = credential(2, began + SignedDuration::from_secs(2_400), HOUR);
    rig.login.next.lock().unwrap().push_back(next);
    rig.clock.advance(Duration::from_secs(2_401));
    rig.until("a failure", || rig.broker.reached().len() == 2).await;
    rig.broker.send(0, "a");
    rig.until("a", || rig.output.stored() == ["a"]).await;
    rig.pass_until("the takeover", || rig.logins() == 2).await;
    assert_eq!(rig.broker.reached().len(), 4);
    assert!(
        rig.clock.now() < began + SignedDuration::from_secs(2_401 + 10),
        "soon enough"
    );
    rig.stopped(running).await;
    assert_eq!(rig.record().evictions, 0);
}

#[tokio::test]
async fn a_login_that_is_refused_during_a_takeover_is_replaced_every_time() {
    let rig = Rig::new(false);
    let mut began = rig.clock.now();
    let running = rig.start();
    rig.until_state("streaming").await;
    for round in 1..=3 {
        rig.broker.refuse(&[StreamError::Refused { code: 5 }]);
        {
            let mut next = rig.login.next.lock().unwrap();
            for number in [round * 10, round * 10 + 1] {
                next.push_back(credential(number, began + SignedDuration::from_secs(2_400), HOUR));
            }
        }
        began += SignedDuration::from_secs(2_401);
        rig.clock
            .advance(began.duration_since(rig.clock.now()).try_into().unwrap());
        let logins = 1 + 2 * round as usize;
        rig.pass_until("the takeover", || rig.logins() == logins).await;
        assert_eq!(rig.replaced(), round);
        rig.until("it is noted", || rig.record().logins == 1 + u64::from(round))
            .await;
    }
    rig.stopped(running).await;
}

#[tokio::test]
async fn short_lives_are_rotated_again_and_again() {
    let rig = Rig::new(false);
    let began = rig.clock.now();
    *rig.login.stored.lock().unwrap() = Ok(credential(0, began, 21));
    {
        let mut next = rig.login.next.lock().unwrap();
        for number in 1..=20 {
            let at = began + SignedDuration::from_secs(14 * i64::from(number));
            next.push_back(credential(number, at, 21));
        }
    }
    let running = rig.start();
    for number in 0..15 {
        rig.pass_until("a login", || rig.logins() == number + 1).await;
        rig.broker.send(number, &number.to_string());
        rig.until("stored", || rig.output.stored().len() == number + 1)
            .await;
    }
    rig.stopped(running).await;
    let logins = rig.broker.logins();
    let late = logins.windows(2).filter(|pair| {
        let between = pair[1].0.duration_since(pair[0].0);
        between >= SignedDuration::from_secs(21) || between < SignedDuration::from_secs(12)
    });
    assert_eq!(late.count(), 0, "{logins:?}");
}

#[tokio::test]
async fn a_connection_that_ends_with_its_password_is_no_eviction() {
    let rig = Rig::new(false);
    *rig.login.stored.lock().unwrap() = Ok(credential(1, rig.clock.now(), 60));
    let running = rig.start();
    for round in 0..6 {
        rig.pass_until("a login", || rig.logins() == round + 1).await;
        // No refresh brings another one in time.
        rig.clock.advance(Duration::from_secs(60));
        rig.broker.drop_connection(round);
        let next = credential(u32::try_from(round).unwrap() + 2, rig.clock.now(), 60);
        *rig.login.stored.lock().unwrap() = Ok(next);
    }
    rig.stopped(running).await;
    assert_eq!(rig.record().evictions, 0);
}
