//! Never more calls than BMW allows, whatever happens.

use super::*;
use planner::quota::next_utc_midnight;

const DAY: SignedDuration = SignedDuration::from_hours(24);

/// The most calls in a UTC day of true time, and in any 24 hours.
pub(super) fn busiest(rig: &Rig) -> (usize, usize) {
    let asked = rig.asked.lock().unwrap();
    let within = |from: Timestamp| {
        asked
            .iter()
            .filter(|asked| asked.at >= from && asked.at < from + DAY)
            .count()
    };
    let day = asked
        .iter()
        .map(|asked| within(next_utc_midnight(asked.at) - DAY))
        .max();
    let window = asked.iter().map(|asked| within(asked.at)).max();
    (day.unwrap_or(0), window.unwrap_or(0))
}

#[tokio::test]
async fn a_month_of_three_vehicles_stays_inside_the_quota_and_uses_it() {
    let rig = Rig::new();
    let mut asked = [0_u32; VINS.len()];
    // Every seventh call of each vehicle fails, and is spent all the same.
    let answers: Answers = Box::new(move |_, vehicle| {
        let asked = &mut asked[number(vehicle)];
        *asked += 1;
        if asked.is_multiple_of(7) {
            Err(transient(None))
        } else {
            Ok(())
        }
    });
    rig.end_after(minutes(30 * 24 * 60));
    let poller = rig.poller(3, &[("telematics", Every::Auto)]);
    poller.run(vec![rig.named("telematics", true, answers)]).await;
    let (day, window) = busiest(&rig);
    assert!(day <= 50 && window <= 50, "{day} a day, {window} in 24 hours");
    let asked = rig.asked.lock().unwrap();
    assert!(asked.len() >= 30 * 46, "{} calls in a month", asked.len());
    // What failed was repeated: the answers are shared equally.
    let answered = |asked: usize| asked - asked / 7;
    let shares =
        (0..3).map(|vehicle| answered(asked.iter().filter(|asked| asked.vehicle == vehicle).count()));
    let all: usize = shares.clone().sum();
    for share in shares {
        assert!(share.abs_diff(all / 3) <= 2, "{share} of {all}");
    }
}

#[tokio::test]
async fn intervals_that_ask_for_too_much_are_held_by_the_ledger() {
    let rig = Rig::new();
    // A passing failure each time: retries come sooner than the plan.
    let answers: Answers = Box::new(|_, _| Err(transient(None)));
    rig.end_after(minutes(4 * 24 * 60));
    let poller = rig.poller(2, &[("telematics", Every::Fixed(minutes(65)))]);
    poller.run(vec![rig.named("telematics", true, answers)]).await;
    let (day, window) = busiest(&rig);
    assert!(day <= 50 && window <= 50, "{day} a day, {window} in 24 hours");
}

#[tokio::test]
async fn a_refusal_waits_until_the_ledger_permits() {
    let rig = Rig::new();
    let midnight = next_utc_midnight(begin());
    rig.account.ledger.block_calls("home", midnight).await.unwrap();
    rig.end_after(minutes(18 * 60) + Duration::from_secs(1));
    let poller = rig.poller(2, &[("telematics", Every::Fixed(minutes(60)))]);
    poller.run(vec![rig.named("telematics", true, always())]).await;
    let asked: Vec<_> = rig.asked.lock().unwrap().iter().map(|asked| asked.at).collect();
    assert_eq!(
        asked,
        [midnight, midnight],
        "one call for each vehicle, and none before"
    );
}

#[tokio::test]
async fn while_it_waits_for_the_quota_it_says_until_when() {
    let rig = Rig::new();
    rig.account
        .ledger
        .block_calls("home", next_utc_midnight(begin()))
        .await
        .unwrap();
    rig.end_after(minutes(60));
    let poller = rig.poller(1, &[("telematics", Every::Auto)]);
    poller.run(vec![rig.named("telematics", true, always())]).await;
    let (state, message) = rig.published();
    assert_eq!(state, "waiting");
    assert!(message.contains("2026-03-02T00:00:00Z"), "{message}");
}

#[tokio::test]
async fn a_clock_that_is_set_neither_spends_more_nor_stops_polling() {
    for jump in [-240, -5, 5, 240] {
        let rig = Rig::new();
        let when = begin() + SignedDuration::from_hours(50);
        rig.set_clock(when, SignedDuration::from_hours(jump));
        rig.end_after(minutes(4 * 24 * 60));
        let poller = rig.poller(1, &[("telematics", Every::Auto)]);
        poller.run(vec![rig.named("telematics", true, always())]).await;
        let (_, window) = busiest(&rig);
        assert!(window <= 48, "{window} in 24 hours after {jump} hours");
        let mut asked: Vec<_> = rig.asked.lock().unwrap().iter().map(|asked| asked.at).collect();
        asked.push(rig.clock.truth());
        let gap = asked.windows(2).map(|pair| pair[1].duration_since(pair[0])).max();
        assert!(
            gap <= Some(SignedDuration::from_mins(56)),
            "{gap:?} without a poll after {jump} hours"
        );
    }
}

async fn spare(rig: &Rig) -> u32 {
    rig.account.handles.budget.spare_calls(rig.clock.now()).await
}

#[tokio::test]
async fn calls_that_can_be_spared_break_no_promise() {
    let rig = Rig::new();
    assert_eq!(spare(&rig).await, 2, "who plans nothing has the reserve");
    let source = || vec![rig.named("telematics", true, always())];
    rig.end_after(minutes(10 * 60));
    rig.poller(1, &[("telematics", Every::Auto)]).run(source()).await;
    let most = spare(&rig).await;
    assert!((3..20).contains(&most), "{most}");
    let now = rig.clock.now();
    for _ in 0..most {
        let call = rig.account.ledger.spend_call(
            "home",
            "createContainer",
            now,
            Allowance::for_necessities(50),
            Vec::new(),
        );
        call.await.unwrap().unwrap();
    }
    assert_eq!(spare(&rig).await, 0);
    rig.end_after(minutes(24 * 60));
    rig.poller(1, &[("telematics", Every::Auto)]).run(source()).await;
    let asked = rig.minutes(0);
    assert!(asked.windows(2).all(|pair| pair[1] - pair[0] <= 56), "{asked:?}");
}
