//! What a failure means for the next time.

use std::sync::atomic::Ordering;

use collector_core::Stray;
use journal::JournalError;
use source::Hearing;

use super::*;
use crate::ingest::Stored;

fn failing(times: usize, error: impl Fn() -> SourceError + Send + 'static) -> Answers {
    Box::new(move |nth, _| if nth < times { Err(error()) } else { Ok(()) })
}

#[tokio::test]
async fn a_passing_failure_is_tried_again_soon_and_then_less_often() {
    let rig = Rig::new();
    let answers = failing(4, || transient(None));
    rig.run(minutes(200), 1, Every::Fixed(minutes(120)), answers)
        .await;
    assert_eq!(rig.minutes(0), [0, 5, 15, 35, 75, 195]);
    assert_eq!(rig.last_poll(0).await.failures, 0);
}

#[tokio::test]
async fn while_it_fails_the_reason_can_be_read() {
    let rig = Rig::new();
    let answers = failing(99, || transient(None));
    rig.run(minutes(20), 1, Every::Fixed(minutes(120)), answers).await;
    let last = rig.last_poll(0).await;
    assert_eq!((last.failures, last.last_success_at), (3, None));
    assert_eq!(last.problem.as_deref(), Some("the server answered 503"));
    assert_eq!(rig.published().0, "failing");
}

#[tokio::test]
async fn an_answer_that_cannot_be_read_is_kept_and_is_a_passing_failure() {
    let rig = Rig::new();
    let unreadable = || SourceError::Unreadable {
        reason: "HTTP 200, the body is HTML".to_owned(),
        retry_after: None,
        answer: Box::new(Stray {
            received_at: begin(),
            topic: "telematicData of a car".to_owned(),
            payload: b"<html>\xff".to_vec(),
            reason: "HTML".to_owned(),
        }),
    };
    rig.run(minutes(20), 1, Every::Fixed(minutes(120)), failing(2, unreadable))
        .await;
    assert_eq!(rig.minutes(0), [0, 5, 15]);
    let strays = rig.intake.strays.lock().unwrap();
    assert_eq!(strays.len(), 2);
    assert_eq!(strays[0].payload, b"<html>\xff");
}

#[tokio::test]
async fn failures_are_remembered_over_a_restart() {
    let rig = Rig::new();
    let every = Every::Fixed(minutes(120));
    rig.run(minutes(16), 1, every, failing(99, || transient(None)))
        .await;
    assert_eq!(rig.minutes(0), [0, 5, 15]);
    rig.run(minutes(30), 1, every, always()).await;
    assert_eq!(rig.minutes(0), [0, 5, 15, 35]);
}

#[tokio::test]
async fn a_server_that_asks_for_a_pause_gets_it() {
    let rig = Rig::new();
    let answers = failing(1, || transient(Some(minutes(50))));
    rig.run(minutes(60), 1, Every::Fixed(minutes(120)), answers).await;
    assert_eq!(rig.minutes(0), [0, 50]);
}

#[tokio::test]
async fn where_no_call_can_be_spared_a_failure_waits_for_the_next_regular_time() {
    let rig = Rig::new();
    // All but the 26 calls that the promise of the next 24 hours needs.
    let before = begin() - SignedDuration::from_mins(11);
    for _ in 0..22 {
        let spent =
            rig.account
                .ledger
                .spend_call("home", ledger::POLL, before, Allowance::for_polls(50), Vec::new());
        spent.await.unwrap().unwrap();
    }
    rig.end_after(minutes(111));
    let source = rig.named("telematics", true, failing(1, || transient(None)));
    rig.poller(1, &[("telematics", Every::Auto)])
        .run(vec![source])
        .await;
    assert_eq!(rig.minutes(0), [0, 55, 110]);
}

#[tokio::test]
async fn a_breakdown_of_days_takes_no_more_than_the_promise() {
    let rig = Rig::new();
    rig.end_after(minutes(3 * 24 * 60));
    let source = rig.named("telematics", true, failing(9_999, || transient(None)));
    rig.poller(1, &[("telematics", Every::Auto)])
        .run(vec![source])
        .await;
    let asked = rig.minutes(0);
    assert_eq!(asked[..4], [0, 5, 15, 35]);
    assert!(asked.len() <= 3 * 48, "{}", asked.len());
    assert!(asked.windows(2).all(|pair| pair[1] - pair[0] <= 55), "{asked:?}");
}

#[tokio::test]
async fn what_seems_to_need_a_person_is_tried_twice_sooner_and_then_waits_six_hours() {
    let rig = Rig::new();
    let answers = failing(4, || SourceError::Misconfigured {
        reason: "the container is refused".to_owned(),
    });
    rig.run(minutes(14 * 60), 1, Every::Fixed(minutes(120)), answers)
        .await;
    assert_eq!(rig.minutes(0), [0, 10, 70, 430, 790]);
}

#[tokio::test]
async fn the_pauses_of_a_source_are_those_of_all_its_vehicles() {
    let rig = Rig::new();
    let answers = failing(99, || SourceError::Misconfigured {
        reason: "HTTP 404".to_owned(),
    });
    rig.run(minutes(24 * 60), 3, Every::Fixed(minutes(120)), answers)
        .await;
    let mut asked: Vec<_> = (0..3).flat_map(|vehicle| rig.minutes(vehicle)).collect();
    asked.sort_unstable();
    assert_eq!(asked, [0, 10, 70, 430, 790, 1150]);
}

#[tokio::test]
async fn a_source_that_needs_a_person_holds_up_no_other() {
    let rig = Rig::new();
    rig.end_after(minutes(6 * 60 + 1));
    let every = Every::Fixed(minutes(120));
    let broken = failing(99, || SourceError::Misconfigured {
        reason: "the container is refused".to_owned(),
    });
    let sources = vec![
        rig.named("telematics", false, broken),
        rig.named("other", false, always()),
    ];
    rig.poller(1, &[("telematics", every), ("other", every)])
        .run(sources)
        .await;
    let asked = rig.asked.lock().unwrap();
    let of = |source| asked.iter().filter(move |asked| asked.source == source).count();
    assert_eq!((of("telematics"), of("other")), (3, 4));
}

#[tokio::test]
async fn a_snapshot_that_the_journal_can_never_take_is_kept_and_polling_goes_on() {
    let rig = Rig::new();
    *rig.intake.poisoned.lock().unwrap() = Some(VINS[1]);
    rig.run(minutes(120), 2, Every::Fixed(minutes(60)), always())
        .await;
    assert_eq!(
        (rig.minutes(0), rig.minutes(1)),
        (vec![0, 60, 120], vec![0, 60, 120])
    );
    assert_eq!(rig.last_poll(1).await.problem, None);
    assert_eq!(rig.published().0, "polling");
    assert_eq!(rig.intake.log.entries().len(), 3);
    let strays = rig.intake.strays.lock().unwrap();
    assert_eq!(strays.len(), 3);
    let kept = String::from_utf8(strays[0].payload.clone()).unwrap();
    for sent in readings(2, Activity::default(), begin()) {
        let body = sent.body.get();
        assert!(kept.contains(body), "{kept} holds {body}");
    }
}

#[tokio::test]
async fn a_key_that_the_journal_can_never_take_is_kept_and_the_rest_of_the_poll_is_stored() {
    let rig = Rig::new();
    let moving = "vehicle.isMoving";
    *rig.intake.poisoned.lock().unwrap() = Some(moving);
    rig.run(minutes(120), 2, Every::Fixed(minutes(60)), always())
        .await;
    assert_eq!(
        (rig.minutes(0), rig.minutes(1)),
        (vec![0, 60, 120], vec![0, 60, 120])
    );
    assert_eq!(rig.published().0, "polling");
    let entries = rig.intake.log.entries();
    assert_eq!(entries.len(), 6, "one a poll");
    let strays = rig.intake.strays.lock().unwrap();
    assert_eq!(strays.len(), 6);
    for stray in &*strays {
        let kept = String::from_utf8(stray.payload.clone()).unwrap();
        assert!(
            kept.contains(moving) && !kept.contains("batteryManagement"),
            "{kept}"
        );
    }
}

#[tokio::test]
async fn a_plan_that_was_not_noted_is_told_again() {
    let rig = Rig::new();
    rig.intake.refuses_facts.store(true, Ordering::Relaxed);
    rig.end_after(minutes(10));
    let source = rig.named("telematics", true, always());
    let poller = rig.poller(1, &[("telematics", Every::Fixed(minutes(60)))]);
    poller.run(vec![source]).await;
    assert_eq!(rig.minutes(0), [0]);
    let planned = rig.account.ledger.planned();
    assert_eq!(planned.len(), 1);
    assert_eq!(planned[0].next_at, begin() + SignedDuration::from_hours(1));
}

#[tokio::test]
async fn a_value_that_cannot_be_read_without_a_panic_is_kept_and_polling_goes_on() {
    for journal_panics_too in [false, true] {
        let mut rig = Rig::new();
        let unreadable = Hearing::interpreting(|_, _, _| panic!("unreadable"));
        let handles = &mut Arc::get_mut(&mut rig).unwrap().account.handles;
        handles.hearing = Arc::new(unreadable);
        *rig.intake.poisoned.lock().unwrap() = journal_panics_too.then_some(VINS[0]);
        rig.end_after(minutes(61));
        let source = rig.named("telematics", true, always());
        let poller = rig.poller(1, &[("telematics", Every::Fixed(minutes(60)))]);
        poller.run(vec![source]).await;
        assert_eq!(rig.minutes(0), [0, 60]);
        assert_eq!(rig.account.handles.budget.calls(), 2);
        assert_eq!(rig.published().0, "polling");
        let strays = rig.intake.strays.lock().unwrap();
        let kept = (strays.len(), rig.intake.log.entries().len());
        assert_eq!(kept, if journal_panics_too { (2, 0) } else { (0, 2) });
        for stray in &*strays {
            let kept = String::from_utf8(stray.payload.clone()).unwrap();
            assert!(
                kept.contains(r#""vehicle.isMoving":{"value":"ASN_isFalse","timestamp":"#),
                "{kept}"
            );
        }
    }
}

#[tokio::test]
async fn a_source_that_panics_is_asked_again_as_after_a_failure() {
    let rig = Rig::new();
    let answers = failing(3, || panic!("a bug"));
    rig.run(minutes(60), 1, Every::Fixed(minutes(120)), answers).await;
    assert_eq!(rig.minutes(0), [0, 5, 15, 35]);
    assert_eq!(rig.last_poll(0).await.failures, 0);
}

/// Takes nothing in, and panics.
#[derive(Debug)]
struct Panicking;

#[async_trait]
impl Intake for Panicking {
    async fn append(
        &self,
        _: &Name,
        _: &Name,
        _: Arc<[RawSnapshot]>,
        _: Arc<[Fact]>,
    ) -> Result<Stored, JournalError> {
        panic!("a bug")
    }

    async fn try_out(&self, _: &Name, _: &Name, _: RawSnapshot) -> Result<(), JournalError> {
        panic!("a bug")
    }

    async fn keep_strays(&self, _: &Name, _: &Name, _: Vec<Stray>) -> Result<(), JournalError> {
        panic!("a bug")
    }
}

#[tokio::test]
async fn a_poller_that_panics_starts_again_and_spends_no_more_than_after_failures() {
    let rig = Rig::new();
    rig.end_after(minutes(36));
    let source = rig.named("telematics", true, always());
    let mut poller = rig.poller(1, &[("telematics", Every::Fixed(minutes(120)))]);
    poller.intake = Arc::new(Panicking);
    poller.run(vec![source]).await;
    assert_eq!(rig.minutes(0), [0, 5, 15, 35]);
    let (state, message) = rig.published();
    assert_eq!(state, "failing");
    assert_eq!(message, "the poller panicked, which is a bug: a bug");
}
