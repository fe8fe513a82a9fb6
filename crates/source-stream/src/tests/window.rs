//! The first message at once, and what follows within a window together.

use std::time::Duration;

use ledger::{Gap, GapCause};

use super::*;

/// A stream at work that has stored one message, and waits for the window's end.
async fn begun(window: Duration) -> (Rig, JoinHandle<()>) {
    let mut rig = Rig::new(false);
    rig.account.handles.window = window;
    let running = rig.start();
    rig.until_state("streaming").await;
    rig.broker.send(0, "first");
    rig.until("the first", || rig.output.pushes() == [1]).await;
    (rig, running)
}

/// Lets everybody work who can.
async fn settle() {
    for _ in 0..50 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn what_follows_within_the_window_is_stored_together_and_then_acknowledged() {
    let (rig, running) = begun(Duration::from_secs(1)).await;
    for text in ["a", "b", "c"] {
        rig.broker.send(0, text);
        settle().await;
    }
    rig.clock.advance(Duration::from_millis(999));
    settle().await;
    assert_eq!(
        (rig.output.pushes(), rig.broker.acknowledged(0)),
        (vec![1], vec![1])
    );
    rig.clock.advance(Duration::from_millis(1));
    rig.until("the rest", || rig.broker.acknowledged(0) == [1, 2, 3, 4])
        .await;
    assert_eq!(rig.output.pushes(), [1, 3]);
    // The window behind that one is quiet, so the next one is a first again.
    rig.clock.advance(Duration::from_secs(1));
    settle().await;
    rig.broker.send(0, "d");
    rig.until("another first", || rig.output.pushes() == [1, 3, 1])
        .await;
    assert_eq!(rig.output.stored(), ["first", "a", "b", "c", "d"]);
    rig.stopped(running).await;
}

#[tokio::test]
async fn a_message_keeps_the_time_of_its_arrival() {
    let (rig, running) = begun(Duration::from_secs(1)).await;
    let began = rig.clock.now();
    rig.broker.send(0, "a");
    settle().await;
    rig.clock.advance(Duration::from_secs(1));
    rig.until("the second", || rig.output.pushes() == [1, 1]).await;
    assert_eq!(*rig.output.arrived.lock().unwrap(), [began, began]);
    rig.stopped(running).await;
}

#[tokio::test]
async fn the_last_tenth_of_a_window_is_not_waited_for() {
    let (rig, running) = begun(Duration::from_secs(1)).await;
    rig.clock.advance(Duration::from_millis(899));
    rig.broker.send(0, "a");
    settle().await;
    assert_eq!(rig.output.pushes(), [1]);
    rig.clock.advance(Duration::from_millis(101));
    rig.until("the window's end", || rig.output.pushes() == [1, 1])
        .await;
    rig.clock.advance(Duration::from_millis(900));
    rig.broker.send(0, "b");
    rig.until("another first", || rig.output.pushes() == [1, 1, 1])
        .await;
    rig.stopped(running).await;
}

#[tokio::test]
async fn without_a_window_each_is_stored_by_itself() {
    let (rig, running) = begun(Duration::ZERO).await;
    for (number, text) in ["a", "b"].iter().enumerate() {
        rig.broker.send(0, text);
        rig.until("one", || rig.output.pushes().len() == number + 2).await;
    }
    rig.stopped(running).await;
}

#[tokio::test]
async fn much_is_stored_without_waiting() {
    let (rig, running) = begun(Duration::from_secs(60)).await;
    let large = "x".repeat(1 << 20);
    rig.broker.send(0, &large);
    rig.until("a large one", || rig.output.pushes() == [1, 1]).await;
    for number in 0..1_000 {
        rig.broker.send(0, &number.to_string());
        if number % 50 == 49 {
            settle().await;
        }
    }
    rig.until("many", || rig.output.stored().len() >= 1_002).await;
    rig.stopped(running).await;
}

#[tokio::test]
async fn the_rest_of_a_flood_is_stored_when_nothing_more_comes_and_then_the_window_counts_again() {
    let (rig, running) = begun(Duration::from_secs(60)).await;
    rig.broker.send(0, &"x".repeat(1 << 20));
    rig.until("much", || rig.output.pushes() == [1, 1]).await;
    for text in ["a", "b"] {
        rig.broker.send(0, text);
        settle().await;
        rig.clock.advance(Duration::from_millis(19));
        settle().await;
    }
    assert_eq!(rig.output.pushes(), [1, 1]);
    rig.clock.advance(Duration::from_millis(1));
    rig.until("the rest", || rig.output.pushes() == [1, 1, 2]).await;
    // The broker paused for a moment.
    rig.clock.advance(Duration::from_millis(500));
    rig.broker.send(0, "c");
    settle().await;
    rig.clock.advance(Duration::from_millis(20));
    rig.until("the rest of the rest", || rig.output.pushes() == [1, 1, 2, 1])
        .await;
    rig.clock.advance(Duration::from_secs(1));
    rig.broker.send(0, "d");
    settle().await;
    rig.clock.advance(Duration::from_secs(58));
    settle().await;
    assert_eq!(rig.output.pushes(), [1, 1, 2, 1]);
    rig.clock.advance(Duration::from_secs(1));
    rig.until("the window's end", || rig.output.pushes() == [1, 1, 2, 1, 1])
        .await;
    rig.stopped(running).await;
}

#[tokio::test]
async fn what_was_gathered_is_stored_at_a_stop_and_at_the_end_of_a_connection() {
    let (rig, running) = begun(Duration::from_secs(60)).await;
    rig.broker.send(0, "a");
    settle().await;
    rig.broker.drop_connection(0);
    rig.until("the end of the connection", || rig.output.pushes() == [1, 1])
        .await;
    rig.pass_until("another", || rig.logins() == 2).await;
    rig.broker.send(1, "b");
    rig.until("a first", || rig.output.pushes() == [1, 1, 1]).await;
    rig.broker.send(1, "c");
    rig.stopped(running).await;
    assert_eq!(rig.output.stored(), ["first", "a", "b", "c"]);
    assert_eq!(rig.broker.acknowledged(1), [3, 4]);
}

#[tokio::test]
async fn gaps_are_written_down_with_their_cause_and_with_when_the_stream_was_heard_last() {
    let (rig, running) = begun(Duration::from_secs(1)).await;
    let lost = rig.clock.now();
    rig.broker.drop_connection(0);
    rig.until("a gap", || !rig.account.ledger.gaps().is_empty()).await;
    rig.pass_until("another login", || rig.logins() == 2).await;
    rig.until("it counts", || rig.record().logins == 2).await;
    let back = rig.record().connected_since;
    assert_eq!(rig.record().last_message_at, Some(lost));
    rig.clock.advance(Duration::from_secs(600));
    let stopped_at = rig.clock.now();
    rig.stopped(running).await;
    let gaps: Vec<_> = rig.account.ledger.gaps().into_iter().map(|one| one.gap).collect();
    let first = Gap {
        from: lost,
        to: back,
        cause: GapCause::ConnectionLost,
    };
    let second = Gap {
        from: stopped_at,
        to: None,
        cause: GapCause::Restart,
    };
    assert_eq!(gaps, [first, second]);
    let rig = rig.again();
    rig.clock.advance(Duration::from_secs(60));
    let running = rig.start();
    rig.until("a login", || rig.logins() == 3).await;
    rig.until("no gap", || rig.account.ledger.gaps()[1].gap.to.is_some())
        .await;
    assert_eq!(rig.account.ledger.gaps()[1].gap.cause, GapCause::Restart);
    rig.stopped(running).await;
}
