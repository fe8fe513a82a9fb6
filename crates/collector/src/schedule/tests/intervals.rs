//! Polls at their times, over restarts too.

use super::*;

#[tokio::test]
async fn a_fixed_interval_is_kept() {
    let rig = Rig::new();
    rig.run(minutes(120), 1, Every::Fixed(minutes(30)), always())
        .await;
    assert_eq!(rig.minutes(0), [0, 30, 60, 90, 120]);
    let last = rig.last_poll(0);
    assert_eq!((last.failures, last.problem), (0, None));
    assert_eq!(
        last.last_success_at,
        Some(begin() + SignedDuration::from_mins(120))
    );
    assert_eq!(rig.published().0, "polling");
    let log = rig.account.journal.overview().unwrap().log().unwrap();
    assert_eq!((log.snapshots, log.readings), (5, 5));
}

#[tokio::test]
async fn auto_shares_the_day_among_the_vehicles() {
    let rig = Rig::new();
    rig.run(minutes(180), 3, Every::Auto, always()).await;
    for vehicle in 0..3 {
        assert_eq!(rig.minutes(vehicle), [0, 90, 180]);
    }
}

#[tokio::test]
async fn a_restart_asks_no_earlier() {
    let rig = Rig::new();
    rig.run(minutes(40), 1, Every::Fixed(minutes(30)), always()).await;
    assert_eq!(rig.minutes(0), [0, 30]);
    for _ in 0..3 {
        rig.run(minutes(1), 1, Every::Fixed(minutes(30)), always()).await;
    }
    assert_eq!(rig.minutes(0), [0, 30], "several restarts, and nothing was due");
    rig.run(minutes(20), 1, Every::Fixed(minutes(30)), always()).await;
    assert_eq!(rig.minutes(0), [0, 30, 60]);
}

#[tokio::test]
async fn what_was_due_while_the_program_was_off_is_asked_once_at_the_start() {
    let rig = Rig::new();
    rig.run(minutes(0), 1, Every::Fixed(minutes(30)), always()).await;
    rig.clock.time.lock().unwrap().truth = begin() + SignedDuration::from_mins(100);
    rig.run(minutes(30), 1, Every::Fixed(minutes(30)), always()).await;
    assert_eq!(rig.minutes(0), [0, 100, 130]);
}

#[tokio::test]
async fn an_interrupted_attempt_is_made_good_soon() {
    let rig = Rig::new();
    let (sender, mut asked) = tokio::sync::mpsc::channel(1);
    struct Endless(tokio::sync::mpsc::Sender<()>);
    #[async_trait]
    impl Poll for Endless {
        async fn poll(&mut self, _: &Vehicle) -> Result<RawSnapshot, SourceError> {
            self.0.send(()).await.unwrap();
            std::future::pending().await
        }
    }
    let scheduler = rig.scheduler(1, &[("telematics", Every::Fixed(minutes(60)))]);
    let killed = tokio::spawn(scheduler.run(vec![Box::new(Endless(sender))]));
    asked.recv().await.unwrap();
    killed.abort();
    assert!(killed.await.unwrap_err().is_cancelled());
    let last = rig.last_poll(0);
    assert_eq!((last.failures, last.problem.as_deref()), (1, Some("interrupted")));
    rig.run(minutes(70), 1, Every::Fixed(minutes(60)), always()).await;
    assert_eq!(rig.minutes(0), [5, 65]);
}

#[tokio::test]
async fn a_long_interval_is_not_cut_short_by_another_source() {
    let rig = Rig::new();
    let (often, seldom) = (Every::Fixed(minutes(60)), Every::Fixed(minutes(48 * 60)));
    rig.end_after(minutes(4 * 24 * 60) + Duration::from_secs(1));
    let scheduler = rig.scheduler(1, &[("often", often), ("seldom", seldom)]);
    let polls = vec![
        rig.named("often", false, always()),
        rig.named("seldom", false, always()),
    ];
    scheduler.run(polls).await;
    let asked = rig.asked.lock().unwrap();
    let seldom: Vec<_> = asked.iter().filter(|asked| asked.source == "seldom").collect();
    let hours: Vec<_> = seldom
        .iter()
        .map(|asked| asked.at.duration_since(begin()).as_hours())
        .collect();
    assert_eq!(hours, [0, 48, 96]);
    assert_eq!(asked.len(), 97 + 3);
}

#[tokio::test]
async fn a_source_without_vehicles_waits_until_it_is_cancelled() {
    let rig = Rig::new();
    rig.run(minutes(3 * 24 * 60), 0, Every::Auto, always()).await;
    assert!(rig.asked.lock().unwrap().is_empty());
}

#[tokio::test]
async fn after_the_clock_was_set_back_polling_goes_on_within_a_day_or_so() {
    let rig = Rig::new();
    let when = begin() + SignedDuration::from_mins(95);
    rig.clock.time.lock().unwrap().set_back = Some((when, SignedDuration::from_hours(30 * 24)));
    rig.run(minutes(3 * 24 * 60), 1, Every::Fixed(minutes(30)), always())
        .await;
    let asked = rig.minutes(0);
    assert_eq!(asked[..4], [0, 30, 60, 90]);
    assert!(asked[4] <= 95 + 25 * 60, "{asked:?}");
    assert!(
        asked[4..].windows(2).all(|pair| pair[1] - pair[0] == 30),
        "{asked:?}"
    );
}
