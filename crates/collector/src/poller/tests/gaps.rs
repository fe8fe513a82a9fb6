//! What keeps polls from being made or answered, and from when to when.

use ledger::{GapCause, POLLS};

use super::*;

/// Gaps in minutes after the beginning.
fn gaps(rig: &Rig) -> Vec<(i64, Option<i64>, GapCause)> {
    let minute = |at: Timestamp| at.duration_since(begin()).as_secs() / 60;
    let gaps = rig.account.ledger.gaps().into_iter();
    gaps.map(|found| {
        assert_eq!((&*found.account, &*found.source), ("home", POLLS));
        (minute(found.gap.from), found.gap.to.map(minute), found.gap.cause)
    })
    .collect()
}

fn first(times: usize, error: fn() -> SourceError) -> Answers {
    Box::new(move |nth, _| if nth < times { Err(error()) } else { Ok(()) })
}

#[tokio::test]
async fn each_cause_lasts_until_a_poll_is_answered_and_a_stop_until_the_next_start() {
    let refused = || SourceError::Misconfigured {
        reason: "BMW allows no further container".to_owned(),
    };
    for (error, cause, until) in [
        (
            (|| transient(None)) as fn() -> SourceError,
            GapCause::PollsFailed,
            15,
        ),
        (refused, GapCause::Container, 70),
    ] {
        let rig = Rig::new();
        rig.run(minutes(90), 1, Every::Fixed(minutes(120)), first(2, error))
            .await;
        // One that begins with the program takes the place of the mark since when gaps are known.
        let told = [(0, Some(until), cause), (90, None, GapCause::Restart)];
        assert_eq!(gaps(&rig), told, "{cause:?}");
        rig.clock.sleep(minutes(30)).await;
        rig.run(minutes(5), 1, Every::Fixed(minutes(120)), always()).await;
        assert!(gaps(&rig).contains(&(90, Some(120), GapCause::Restart)));
    }
}

#[tokio::test]
async fn calls_that_are_used_up_are_a_gap_until_there_are_some_again() {
    let rig = Rig::new();
    let answers: Answers = Box::new(|nth, _| if nth == 3 { Err(quota()) } else { Ok(()) });
    rig.run(minutes(180), 1, Every::Fixed(minutes(30)), answers).await;
    let found = gaps(&rig);
    let quota: Vec<_> = found.iter().filter(|gap| gap.2 == GapCause::Quota).collect();
    assert_eq!(quota, [&(90, Some(91), GapCause::Quota)], "{found:?}");
}

#[tokio::test]
async fn a_login_that_is_over_is_a_gap() {
    let rig = Rig::new();
    let dead = || SourceError::Login {
        reason: "refused".to_owned(),
    };
    rig.run(minutes(90), 1, Every::Fixed(minutes(30)), first(1, dead))
        .await;
    assert!(
        gaps(&rig)
            .iter()
            .any(|gap| gap.0 == 0 && gap.2 == GapCause::Login),
        "{:?}",
        gaps(&rig)
    );
}
