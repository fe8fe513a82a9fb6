//! Somebody asks for a poll now: once, again and again, and where there is none to be had.

use collector_core::Vin;

use super::quota::busiest;
use super::streams::{Act, Script};
use super::*;
use crate::poller::desk::{Answer, Bell};

const MINUTE: SignedDuration = SignedDuration::from_mins(1);

fn vin(vehicle: usize) -> Vin {
    VINS[vehicle].parse().unwrap()
}

/// Demands at these seconds after the beginning for these vehicles, and the answers in their order.
struct Demands(Arc<Mutex<Vec<Option<Answer>>>>);

impl Demands {
    fn of(rig: &Rig, poller: &Poller, times: &[(i64, usize)]) -> Self {
        let answers = Arc::new(Mutex::new(vec![None; times.len()]));
        let act = |(index, &(seconds, vehicle)): (usize, &(i64, usize))| {
            let (bell, answers) = (poller.bell(), answers.clone());
            let act: Act = Box::new(move |now| {
                tokio::spawn(async move {
                    let answer = bell.ask(&vin(vehicle), now).await;
                    answers.lock().unwrap()[index] = Some(answer);
                });
            });
            (begin() + SignedDuration::from_secs(seconds), act)
        };
        let acts = times.iter().enumerate().map(act).collect();
        rig.clock.time.lock().unwrap().script = Script::of(acts);
        Self(answers)
    }

    /// How many were answered by a poll, and when the next call is free for those that found none left.
    fn counted(&self) -> (usize, Vec<Timestamp>) {
        let answers = self.0.lock().unwrap();
        let polled = answers.iter().filter(|answer| matches!(answer, Some(Ok(_))));
        let free = answers.iter().filter_map(|answer| match answer {
            Some(Err(PollRefused::BudgetSpent { free_at })) => Some(*free_at),
            _ => None,
        });
        (polled.count(), free.collect())
    }
}

/// How many calls were demanded, of all.
fn calls(rig: &Rig) -> (usize, usize) {
    let calls = rig.account.ledger.calls();
    let demanded = calls.iter().filter(|call| call.1 == ledger::DEMANDED);
    (demanded.count(), calls.len())
}

/// No vehicle waited longer for a poll than this.
fn assert_kept(rig: &Rig, vehicles: usize, promise: i64) {
    for vehicle in 0..vehicles {
        let asked = rig.minutes(vehicle);
        for pair in asked.windows(2) {
            assert!(
                pair[1] - pair[0] <= promise + 1,
                "{vehicle}: {pair:?} of {asked:?}"
            );
        }
    }
}

#[tokio::test]
async fn a_demanded_poll_is_made_at_once_and_the_next_one_follows_it_by_its_interval() {
    let rig = Rig::new();
    rig.end_after(minutes(135));
    let poller = rig.poller(2, &[("telematics", Every::Fixed(minutes(120)))]);
    let demands = Demands::of(&rig, &poller, &[(600, 0)]);
    poller.run(vec![rig.named("telematics", true, always())]).await;
    assert_eq!(rig.minutes(0), [0, 10, 130]);
    assert_eq!(rig.minutes(1), [0, 120], "the other is polled as before");
    let polled = collector_core::Polled::at(begin() + MINUTE * 10);
    assert_eq!(*demands.0.lock().unwrap(), [Some(Ok(polled))]);
    assert_eq!(calls(&rig), (1, 5));
    assert_eq!(rig.last_poll(0).await.failures, 0);
}

#[tokio::test]
async fn all_demands_of_a_minute_cost_one_call_also_where_it_fails() {
    for fails in [false, true] {
        let rig = Rig::new();
        rig.end_after(minutes(20));
        let poller = rig.poller(1, &[("telematics", Every::Fixed(minutes(600)))]);
        let times = [600, 600, 600, 610, 630].map(|seconds| (seconds, 0));
        let demands = Demands::of(&rig, &poller, &times);
        let answers: Answers = Box::new(move |nth, _| match fails && nth > 0 {
            true => Err(transient(Some(minutes(60)))),
            false => Ok(()),
        });
        poller.run(vec![rig.named("telematics", true, answers)]).await;
        assert_eq!(rig.minutes(0), [0, 10]);
        let answers = demands.0.lock().unwrap();
        let first = answers[0].clone().unwrap();
        assert_eq!(first.is_err(), fails, "{first:?}");
        assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
    }
}

#[tokio::test]
async fn a_poll_of_the_schedule_within_the_minute_answers_too() {
    let rig = Rig::new();
    rig.end_after(minutes(45));
    let poller = rig.poller(1, &[("telematics", Every::Fixed(minutes(40)))]);
    let demands = Demands::of(&rig, &poller, &[(40 * 60 + 30, 0)]);
    poller.run(vec![rig.named("telematics", true, always())]).await;
    assert_eq!(rig.minutes(0), [0, 40]);
    let polled = collector_core::Polled::at(begin() + MINUTE * 40);
    assert_eq!(*demands.0.lock().unwrap(), [Some(Ok(polled))]);
}

#[tokio::test]
async fn where_every_call_is_promised_demands_take_the_reserve_alone() {
    let rig = Rig::new();
    let days = 3;
    rig.end_after(minutes(days * 1_440));
    let poller = rig.poller(1, &[("telematics", Every::Fixed(minutes(30)))]);
    let times: Vec<_> = (1..days as i64 * 720).map(|turn| (turn * 120, 0)).collect();
    let demands = Demands::of(&rig, &poller, &times);
    poller.run(vec![rig.named("telematics", true, always())]).await;
    let (day, window) = busiest(&rig);
    assert!(day <= 50 && window <= 50, "{day} a day, {window} in 24 hours");
    // All are stretched by two calls of 48, as by any of the owner's own.
    assert_kept(&rig, 1, 32);
    let (_, free) = demands.counted();
    let (demanded, _) = calls(&rig);
    assert!((6..=18).contains(&demanded), "{demanded} in three days");
    assert!(free.iter().all(|free| *free > begin()) && !free.is_empty());
}

/// An automation that asks every minute for everything.
#[tokio::test]
async fn no_flood_of_demands_breaks_a_promise_or_the_quota() {
    let rig = Rig::new();
    let days = 3;
    rig.end_after(minutes(days * 1_440));
    let poller = rig.poller(3, &[("telematics", Every::Auto)]);
    let times = (1..days as i64 * 1_440).flat_map(|minute| (0..3).map(move |vehicle| (minute * 60, vehicle)));
    let demands = Demands::of(&rig, &poller, &times.collect::<Vec<_>>());
    poller.run(vec![rig.named("telematics", true, always())]).await;
    let (day, window) = busiest(&rig);
    assert!(day <= 50 && window <= 50, "{day} a day, {window} in 24 hours");
    // One and a half times an equal share of 48 calls.
    assert_kept(&rig, 3, 135);
    let (polled, free) = demands.counted();
    assert!(polled > 30 && free.len() > 1_000, "{polled} and {}", free.len());
    assert!(rig.refused.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_refused_demand_says_when_a_call_is_free_which_is_then_taken() {
    let rig = Rig::new();
    rig.end_after(minutes(1_440 * 2));
    let poller = rig.poller(1, &[("telematics", Every::Fixed(minutes(30)))]);
    let day = 86_400;
    // By then both calls of the reserve are spent, the first of them ten minutes after the beginning.
    let times = [600, 2_400, 4_200, day + 540, day + 660].map(|seconds| (seconds, 0));
    let demands = Demands::of(&rig, &poller, &times);
    poller.run(vec![rig.named("telematics", true, always())]).await;
    let answers = demands.0.lock().unwrap();
    let free_at = begin() + MINUTE * 10 + SignedDuration::from_hours(24);
    let spent = || Some(Err(PollRefused::BudgetSpent { free_at }));
    assert!(matches!(answers[..2], [Some(Ok(_)), Some(Ok(_))]), "{answers:?}");
    assert_eq!(answers[2], spent());
    assert!(matches!(answers[4], Some(Ok(_))), "{answers:?}");
}

#[tokio::test]
async fn what_is_not_polled_is_refused_with_the_reason() {
    let rig = Rig::new();
    rig.end_after(minutes(60));
    let mut poller = rig.poller(
        3,
        &[
            ("telematics", Every::Auto),
            (SELDOM, Every::Fixed(minutes(9_999))),
        ],
    );
    poller.plan.sources[0].vehicles = serde_json::from_value(serde_json::json!(VINS[..2])).unwrap();
    let demands = Demands::of(&rig, &poller, &[(600, 1), (600, 2), (600, 4)]);
    let answers: Answers = Box::new(|_, vehicle| match number(vehicle) {
        1 => Err(SourceError::Vehicle {
            reason: "CU-104".to_owned(),
        }),
        _ => Ok(()),
    });
    poller
        .run(vec![rig.source(answers), rig.named(SELDOM, false, always())])
        .await;
    let refused = [PollRefused::Barred, PollRefused::NoSource, PollRefused::Unknown];
    assert_eq!(
        *demands.0.lock().unwrap(),
        refused.map(|refused| Some(Err(refused)))
    );
    assert!(!rig.minutes(1).contains(&10));
}

/// A poller whose clock stands, and the task that runs it.
fn standing(rig: &Arc<Rig>, poll: Box<dyn Poll>) -> (Bell, CancellationToken, tokio::task::JoinHandle<()>) {
    let stop = CancellationToken::new();
    {
        let mut time = rig.clock.time.lock().unwrap();
        (time.stands, time.ended) = (true, stop.clone());
    }
    let poller = rig.poller(2, &[("telematics", Every::Fixed(minutes(10_000)))]);
    (poller.bell(), stop, tokio::spawn(poller.run(vec![poll])))
}

#[tokio::test]
async fn a_login_that_is_lost_answers_at_once() {
    let rig = Rig::new();
    let answers: Answers = Box::new(|nth, _| match nth {
        0 | 1 => Ok(()),
        _ => Err(SourceError::Login {
            reason: "the login has expired".to_owned(),
        }),
    });
    let (bell, stop, running) = standing(&rig, rig.source(answers));
    let later = SignedDuration::from_mins(5);
    while rig.minutes(1).is_empty() {
        tokio::task::yield_now().await;
    }
    rig.clock.time.lock().unwrap().truth += later;
    for _ in 0..3 {
        let answer = bell.ask(&vin(0), rig.clock.now()).await;
        assert_eq!(answer, Err(PollRefused::LoginNeeded));
    }
    assert_eq!(rig.published().0, "login needed");
    assert_eq!(rig.minutes(0), [0, 5], "one call");
    stop.cancel();
    running.await.unwrap();
    let answer = bell.ask(&vin(0), rig.clock.now()).await;
    assert_eq!(answer, Err(PollRefused::Stopped));
}

/// BMW does not answer.
struct Endless(tokio::sync::mpsc::Sender<()>);

#[async_trait]
impl Poll for Endless {
    async fn poll(&mut self, _: &Vehicle) -> Result<RawSnapshot, SourceError> {
        self.0.send(()).await.unwrap();
        std::future::pending().await
    }
}

#[tokio::test]
async fn behind_a_poll_that_hangs_few_wait_and_the_others_are_turned_away() {
    let rig = Rig::new();
    let (sender, mut asked) = tokio::sync::mpsc::channel(1);
    let (bell, _stop, running) = standing(&rig, Box::new(Endless(sender)));
    asked.recv().await.unwrap();
    let mut waiting = tokio::task::JoinSet::new();
    for _ in 0..1_000 {
        let (bell, now) = (bell.clone(), rig.clock.now());
        waiting.spawn(async move { bell.ask(&vin(0), now).await });
    }
    for _ in 0..1_000 - 16 {
        assert_eq!(
            waiting.join_next().await.unwrap().unwrap(),
            Err(PollRefused::UnderWay)
        );
    }
    running.abort();
    for answer in waiting.join_all().await {
        assert_eq!(answer, Err(PollRefused::Stopped));
    }
}
