//! From when to when a gap is told, and what the next run knows of it.

use cardata_api::stream::StreamError;
use collector_core::{Origin, RawReading, RawSnapshot};
use jiff::{SignedDuration, Timestamp};
use ledger::{Gap, GapCause};

use super::*;
use crate::breaker::QUIET;
use crate::serve::SILENCE;

/// Lets everybody work who can.
async fn settle() {
    for _ in 0..50 {
        tokio::task::yield_now().await;
    }
}

impl Rig {
    fn gaps(&self) -> Vec<Gap> {
        let gaps = self.account.ledger.gaps().into_iter();
        gaps.map(|one| one.gap).collect()
    }

    /// From now on nothing can be stored, of which something comes.
    async fn full(&self) {
        self.output.full.store(true, Ordering::Relaxed);
        self.broker.send(0, "held");
        settle().await;
    }

    fn free(&self) {
        self.output.full.store(false, Ordering::Relaxed);
    }

    /// So many seconds pass, and then there is another password to take over with.
    fn next_login(&self, seconds: i64) {
        let next = credential(2, self.clock.now() + SignedDuration::from_secs(seconds), 3_600);
        self.login.next.lock().unwrap().push_back(next);
        let passing = SignedDuration::from_secs(seconds + 1);
        self.clock.advance(passing.try_into().unwrap());
    }

    /// Ends the program without a word.
    async fn killed(&self, running: JoinHandle<()>) {
        running.abort();
        assert!(running.await.unwrap_err().is_cancelled());
    }
}

#[tokio::test]
async fn what_a_stop_could_not_store_lies_in_the_gap() {
    for window in [Duration::ZERO, Duration::from_secs(60)] {
        let mut rig = Rig::new(false);
        rig.account.handles.window = window;
        let running = rig.start();
        rig.until_state("streaming").await;
        rig.broker.send(0, "stored");
        rig.until("the first", || rig.output.stored() == ["stored"]).await;
        rig.clock.advance(Duration::from_secs(10));
        rig.output.full.store(true, Ordering::Relaxed);
        let arrived = rig.clock.now();
        rig.broker.send(0, "lost");
        settle().await;
        rig.clock.advance(Duration::from_secs(40));
        rig.broker.send(0, "lost with it");
        settle().await;
        rig.stop.cancel();
        settle().await;
        rig.output.broken.store(true, Ordering::Relaxed);
        rig.output.full.store(false, Ordering::Relaxed);
        rig.stopped(running).await;
        let gap = Gap {
            from: arrived,
            to: None,
            cause: GapCause::Restart,
        };
        assert_eq!(rig.gaps(), [gap], "{window:?}");
    }
}

#[tokio::test]
async fn what_was_stored_late_lies_in_no_gap() {
    let rig = Rig::new(false);
    let running = rig.start();
    rig.until_state("streaming").await;
    rig.output.full.store(true, Ordering::Relaxed);
    rig.broker.send(0, "late");
    settle().await;
    rig.clock.advance(Duration::from_secs(40));
    rig.output.full.store(false, Ordering::Relaxed);
    rig.until("it", || rig.output.stored() == ["late"]).await;
    let stopped_at = rig.clock.now();
    rig.stopped(running).await;
    assert_eq!(rig.gaps()[0].from, stopped_at);
}

#[tokio::test]
async fn a_kill_leaves_a_gap_from_when_the_connection_was_last_noted_alive() {
    for holds in [false, true] {
        let rig = Rig::new(false);
        let running = rig.start();
        rig.until_state("streaming").await;
        rig.clock.advance(Duration::from_secs(100));
        let arrived = rig.clock.now();
        if holds {
            rig.full().await;
        }
        // It has lasted for so long that this is noted.
        rig.clock.advance(QUIET);
        settle().await;
        let noted = rig.clock.now();
        rig.clock.advance(Duration::from_secs(1_000));
        rig.killed(running).await;
        let rig = rig.again();
        let running = rig.start();
        rig.until("a gap", || !rig.gaps().is_empty()).await;
        let from = if holds { arrived } else { noted - SILENCE };
        assert_eq!(
            (rig.gaps()[0].from, rig.gaps()[0].cause),
            (from, GapCause::Restart)
        );
        rig.free();
        rig.stopped(running).await;
    }
}

#[tokio::test]
async fn a_line_that_is_found_over_behind_a_long_store_was_so_from_its_begin() {
    for (waiting, end) in [
        (&[] as &[_], None),
        (&["b"], None),
        (&[], Some("silence")),
        (&[], Some("silence later")),
    ] {
        let rig = Rig::new(false);
        let running = rig.start();
        rig.until_state("streaming").await;
        rig.clock.advance(Duration::from_secs(100));
        let began = rig.clock.now();
        rig.full().await;
        rig.clock.advance(Duration::from_secs(300));
        for text in waiting {
            rig.broker.send(0, text);
        }
        match end {
            None => rig.broker.drop_connection(0),
            Some("silence") => {
                rig.broker.send(0, "silence");
            }
            _ => {}
        }
        settle().await;
        rig.clock.advance(Duration::from_secs(300));
        rig.free();
        rig.until("it", || rig.output.stored().len() == 1 + waiting.len())
            .await;
        if end == Some("silence later") {
            settle().await;
            rig.clock.advance(Duration::try_from(SILENCE).unwrap());
            rig.broker.send(0, "silence");
        }
        rig.until("a gap", || !rig.gaps().is_empty()).await;
        assert_eq!(rig.gaps()[0].from, began, "{waiting:?} {end:?}");
        rig.stopped(running).await;
    }
}

#[tokio::test]
async fn a_line_that_was_over_before_a_stop_was_so_from_the_begin_of_a_long_store() {
    let rig = Rig::new(false);
    let running = rig.start();
    rig.until_state("streaming").await;
    rig.clock.advance(Duration::from_secs(100));
    let began = rig.clock.now();
    rig.full().await;
    rig.broker.drop_connection(0);
    rig.clock.advance(Duration::from_secs(600));
    rig.stop.cancel();
    settle().await;
    rig.free();
    rig.stopped(running).await;
    assert_eq!((rig.output.stored().len(), rig.gaps()[0].from), (1, began));
}

#[tokio::test]
async fn a_line_that_goes_on_behind_a_long_store_was_never_over() {
    let rig = Rig::new(false);
    let running = rig.start();
    rig.until_state("streaming").await;
    rig.full().await;
    rig.clock.advance(Duration::from_secs(600));
    rig.free();
    rig.until("it", || rig.output.stored().len() == 1).await;
    settle().await;
    rig.clock.advance(Duration::from_secs(100));
    let dropped = rig.clock.now();
    rig.broker.drop_connection(0);
    rig.until("a gap", || !rig.gaps().is_empty()).await;
    assert_eq!(rig.gaps()[0].from, dropped);
    rig.stopped(running).await;
}

#[tokio::test]
async fn what_came_last_and_is_stored_late_does_not_shorten_the_gap() {
    let mut rig = Rig::new(false);
    rig.account.handles.window = Duration::from_secs(60);
    let running = rig.start();
    rig.until_state("streaming").await;
    rig.broker.send(0, "first");
    rig.until("the first", || rig.output.stored() == ["first"]).await;
    let dropped = rig.clock.now();
    rig.full().await;
    rig.broker.drop_connection(0);
    settle().await;
    rig.clock.advance(Duration::from_secs(600));
    rig.free();
    rig.until("a gap", || !rig.gaps().is_empty()).await;
    assert_eq!((rig.output.stored().len(), rig.gaps()[0].from), (2, dropped));
    rig.stopped(running).await;
}

#[tokio::test]
async fn a_takeover_of_a_line_that_nobody_reads_ends_a_gap() {
    let rig = Rig::new(false);
    let running = rig.start();
    rig.until_state("streaming").await;
    rig.clock.advance(Duration::from_secs(1_000));
    let arrived = rig.clock.now();
    rig.full().await;
    rig.next_login(1_400);
    rig.until("a takeover", || rig.record().logins == 2).await;
    let gap = Gap {
        from: arrived,
        to: Some(rig.clock.now()),
        cause: GapCause::ConnectionLost,
    };
    assert_eq!((rig.gaps(), rig.record().connected_since), (vec![gap], gap.to));
    rig.free();
    rig.until("it", || rig.output.stored().len() == 1).await;
    rig.stopped(running).await;
}

#[tokio::test]
async fn what_waits_for_its_window_during_a_takeover_is_no_gap() {
    let mut rig = Rig::new(false);
    rig.account.handles.window = Duration::from_secs(60);
    let running = rig.start();
    rig.until_state("streaming").await;
    rig.clock.advance(Duration::from_secs(2_350));
    rig.broker.send(0, "first");
    rig.until("the first", || rig.output.stored() == ["first"]).await;
    rig.broker.send(0, "second");
    settle().await;
    rig.next_login(50);
    rig.until("a takeover", || rig.record().logins == 2).await;
    assert_eq!(rig.gaps(), []);
    rig.stopped(running).await;
}

#[tokio::test]
async fn an_end_during_a_takeover_keeps_its_time() {
    for fails in [false, true] {
        let rig = Rig::new(false);
        let running = rig.start();
        rig.until_state("streaming").await;
        rig.broker.gate.forget_permits(usize::MAX);
        rig.next_login(2_400);
        rig.broker.gate.add_permits(1);
        rig.until("a way", || rig.broker.reached().len() == 2).await;
        settle().await;
        let dropped = rig.clock.now();
        rig.broker.drop_connection(0);
        settle().await;
        rig.clock.advance(Duration::from_secs(50));
        if fails {
            rig.broker.refuse(&[StreamError::Refused { code: 5 }]);
        }
        rig.broker.gate.add_permits(10);
        rig.until("a gap", || !rig.gaps().is_empty()).await;
        assert_eq!(rig.gaps()[0].from, dropped, "{fails}");
        rig.stopped(running).await;
    }
}

fn door(at: Timestamp) -> RawSnapshot {
    let body = format!(r#"{{"value":true,"timestamp":"{at:.0}"}}"#);
    RawSnapshot {
        vin: "WBY8P210X07A12345".parse().unwrap(),
        origin: Origin::Stream,
        requested_at: None,
        sent_at: None,
        received_at: at,
        readings: vec![RawReading {
            descriptor: "vehicle.cabin.door.row1.driver.isOpen".to_owned(),
            body: serde_json::value::RawValue::from_string(body).unwrap(),
        }],
    }
}

#[tokio::test]
async fn a_gap_that_no_poll_has_bridged_is_worth_one_after_a_restart() {
    let rig = Rig::new(false);
    let running = rig.start();
    rig.until_state("streaming").await;
    rig.broker.fail_to_reach(90);
    rig.broker.drop_connection(0);
    rig.pass_in_steps(Duration::from_secs(1), "another login", || rig.logins() == 2)
        .await;
    rig.until("it counts", || rig.record().logins == 2).await;
    let (gap, back) = (rig.gaps()[0], rig.record().connected_since);
    assert!(
        gap.length(rig.clock.now()) >= SignedDuration::from_mins(1),
        "{gap:?}"
    );
    rig.clock.advance(Duration::from_secs(60));
    rig.stopped(running).await;
    let mut rig = rig.again();
    rig.account.handles.hearing = Arc::default();
    rig.clock.advance(Duration::from_secs(10));
    let running = rig.start();
    rig.until("it counts again", || rig.record().logins == 3).await;
    let hearing = &rig.account.handles.hearing;
    let spoke = door(rig.clock.now());
    hearing.heard(&spoke);
    let streamed = hearing.streamed(&spoke.vin, true, rig.clock.now()).unwrap();
    assert_eq!(streamed.event.map(|(at, _)| at), back);
    rig.stopped(running).await;
}
