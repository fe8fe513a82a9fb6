//! Polls at their times, over restarts too.

use super::*;

#[tokio::test]
async fn a_fixed_interval_is_kept() {
    let rig = Rig::new();
    rig.run(minutes(120), 1, Every::Fixed(minutes(30)), always())
        .await;
    assert_eq!(rig.minutes(0), [0, 30, 60, 90, 120]);
    let last = rig.last_poll(0).await;
    assert_eq!((last.failures, last.problem), (0, None));
    assert_eq!(
        last.last_success_at,
        Some(begin() + SignedDuration::from_mins(120))
    );
    assert_eq!(rig.published().0, "polling");
    let entries = rig.intake.log.entries();
    let readings: usize = entries.iter().map(|entry| entry.readings().len()).sum();
    assert_eq!((entries.len(), readings), (5, 15));
}

#[tokio::test]
async fn auto_shares_the_day_among_the_vehicles() {
    let rig = Rig::new();
    rig.end_after(minutes(3 * 24 * 60));
    let poller = rig.poller(3, &[("telematics", Every::Auto)]);
    poller.run(vec![rig.named("telematics", true, always())]).await;
    let asked: Vec<Vec<i64>> = (0..3).map(|vehicle| rig.minutes(vehicle)).collect();
    assert!(
        asked.iter().all(|minutes| minutes[0] == 0),
        "new vehicles are asked for at once"
    );
    let counts: Vec<usize> = asked.iter().map(Vec::len).collect();
    assert!(
        counts.iter().max().unwrap() - counts.iter().min().unwrap() <= 1,
        "{counts:?}"
    );
    assert!(counts.iter().sum::<usize>() >= 3 * 46, "{counts:?}");
    for minutes in &asked {
        assert!(
            minutes.windows(2).all(|pair| pair[1] - pair[0] <= 135),
            "{minutes:?}"
        );
    }
    // After the first round they take turns.
    let mut all: Vec<i64> = asked.concat();
    all.sort_unstable();
    assert!(
        all[2..]
            .windows(2)
            .all(|pair| (2..=46).contains(&(pair[1] - pair[0]))),
        "{all:?}"
    );
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
    struct Endless(tokio::sync::mpsc::Sender<()>, Arc<Rig>);
    #[async_trait]
    impl Poll for Endless {
        async fn poll(&mut self, _: &Vehicle) -> Result<RawSnapshot, SourceError> {
            let (budget, now) = (&self.1.account.handles.budget, self.1.clock.now());
            let spent = budget.spend(ledger::POLL, now, Allowance::for_polls(50)).await;
            spent.unwrap().unwrap();
            self.0.send(()).await.unwrap();
            std::future::pending().await
        }
    }
    let poller = rig.poller(1, &[("telematics", Every::Fixed(minutes(60)))]);
    let killed = tokio::spawn(poller.run(vec![Box::new(Endless(sender, rig.clone()))]));
    asked.recv().await.unwrap();
    killed.abort();
    assert!(killed.await.unwrap_err().is_cancelled());
    let last = rig.last_poll(0).await;
    assert_eq!((last.failures, last.problem.as_deref()), (1, Some("interrupted")));
    assert_eq!(
        rig.account.ledger.calls(),
        [("home".to_owned(), ledger::POLL, None)]
    );
    rig.run(minutes(70), 1, Every::Fixed(minutes(60)), always()).await;
    assert_eq!(rig.minutes(0), [5, 65]);
}

#[tokio::test]
async fn a_long_interval_is_not_cut_short_by_another_source() {
    let rig = Rig::new();
    let (often, seldom) = (Every::Fixed(minutes(60)), Every::Fixed(minutes(48 * 60)));
    rig.end_after(minutes(4 * 24 * 60) + Duration::from_secs(1));
    let poller = rig.poller(1, &[("often", often), ("seldom", seldom)]);
    let polls = vec![
        rig.named("often", false, always()),
        rig.named("seldom", false, always()),
    ];
    poller.run(polls).await;
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
async fn after_the_clock_was_set_polling_goes_on_as_if_it_had_not() {
    for jump in [-30 * 24, -1, 1, 30 * 24] {
        let rig = Rig::new();
        let when = begin() + SignedDuration::from_mins(95);
        rig.set_clock(when, SignedDuration::from_hours(jump));
        rig.run(minutes(24 * 60), 1, Every::Fixed(minutes(30)), always())
            .await;
        let asked = rig.minutes(0);
        assert!(
            asked.windows(2).all(|pair| pair[1] - pair[0] == 30),
            "{jump}: {asked:?}"
        );
    }
}

#[tokio::test]
async fn a_clock_that_was_set_back_while_the_program_was_off_stops_nothing() {
    let rig = Rig::new();
    rig.run(minutes(95), 1, Every::Fixed(minutes(30)), always()).await;
    rig.set_clock(begin(), SignedDuration::from_hours(-5));
    rig.run(minutes(60), 1, Every::Fixed(minutes(30)), always()).await;
    let asked = rig.minutes(0);
    assert!(asked.windows(2).all(|pair| pair[1] - pair[0] <= 60), "{asked:?}");
    assert_eq!(asked.len(), 6, "{asked:?}");
}

/// A machine that began in 2059 gets its time between the decision to wait and the wait.
#[tokio::test]
async fn a_wait_that_was_decided_by_a_clock_far_ahead_ends_by_the_true_one() {
    let rig = Rig::new();
    rig.end_after(minutes(24 * 60));
    let poller = rig.poller(1, &[("telematics", Every::Auto)]);
    let ahead = begin() + SignedDuration::from_hours(24 * 365 * 33);
    let asked = poller.wait_for(ahead, ahead + SignedDuration::from_mins(1)).await;
    assert!(asked.is_none());
    let waited = poller.handles.clock.now().duration_since(begin());
    assert!(waited <= SignedDuration::from_hours(1), "{waited}");
}
