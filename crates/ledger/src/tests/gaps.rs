//! When streams brought nothing, and why.

use super::*;

/// What both ledgers have of gaps, which must be the same.
async fn gaps_after(facts: Vec<StreamFact>, polled_at: Timestamp) -> Vec<(Gap, Option<Timestamp>)> {
    let state = tempfile::tempdir().unwrap();
    let store = Store::open(state.path(), &[SCHEMA]).unwrap();
    let (on_disk, in_memory) = (SqlLedger::new(&store), MemoryLedger::default());
    let numbers = Step {
        kind: 5,
        account: 0,
        word: 0,
        other: 0,
        minutes: 0,
        reopen: false,
    };
    for ledger in [&on_disk as &dyn Ledger, &in_memory] {
        ledger.note(vec![polled(numbers, polled_at)]).await.unwrap();
        ledger
            .remember_stream("home", "stream", facts.clone())
            .await
            .unwrap();
    }
    let found = overview::Overview::open_file(store.path())
        .unwrap()
        .gaps()
        .unwrap();
    assert_eq!(found, in_memory.gaps());
    let since = on_disk.recall_stream("home", "stream").await.unwrap().gap_since;
    assert_eq!(
        in_memory.recall_stream("home", "stream").await.unwrap().gap_since,
        since
    );
    found.into_iter().map(|found| (found.gap, since)).collect()
}

#[tokio::test]
async fn a_gap_lasts_from_the_end_of_a_connection_to_the_next_login() {
    let at = |second: i64| Timestamp::from_second(1_772_366_400 + second).unwrap();
    let (logged_in, cause) = (
        |second| StreamFact::LoggedIn { at: at(second) },
        GapCause::ConnectionLost,
    );
    let ended = |second| StreamFact::Ended {
        at: at(second),
        cause,
    };
    let facts = vec![ended(1), logged_in(2), logged_in(3), ended(10), ended(11)];
    let gap = Gap {
        from: at(10),
        to: None,
        cause,
    };
    assert_eq!(gaps_after(facts.clone(), at(0)).await, [(gap, Some(at(10)))]);
    let over = Gap {
        to: Some(at(20)),
        ..gap
    };
    assert_eq!(
        gaps_after([facts, vec![logged_in(20)]].concat(), at(0)).await,
        [(over, None)]
    );
    assert_eq!(over.length(at(99)), SignedDuration::from_secs(10));
}

#[tokio::test]
async fn a_program_that_died_leaves_a_gap_from_its_last_sign_of_life() {
    let at = |second: i64| Timestamp::from_second(1_772_366_400 + second).unwrap();
    let died = |heard: i64| {
        let started = StreamFact::Started {
            at: at(500),
            unwritten: SignedDuration::from_secs(1),
        };
        vec![
            StreamFact::LoggedIn { at: at(100) },
            StreamFact::Heard { at: at(heard) },
            started.clone(),
            started,
        ]
    };
    for (heard, polled, from) in [(300, 200, 300), (200, 300, 299), (50, 60, 100), (200, 900, 200)] {
        let found = gaps_after(died(heard), at(polled)).await;
        let gap = Gap {
            from: at(from),
            to: None,
            cause: GapCause::Restart,
        };
        assert_eq!(found, [(gap, Some(at(from)))]);
    }
    let never = vec![StreamFact::Started {
        at: at(500),
        unwritten: SignedDuration::ZERO,
    }];
    assert_eq!(gaps_after(never, at(0)).await, []);
}

#[tokio::test]
async fn of_many_gaps_the_newest_are_kept() {
    let at = |second: usize| Timestamp::from_second(1_772_366_400 + i64::try_from(second).unwrap()).unwrap();
    let state = tempfile::tempdir().unwrap();
    let store = Store::open(state.path(), &[SCHEMA]).unwrap();
    let ledger = SqlLedger::new(&store);
    let cause = GapCause::Login;
    let flaps = (0..crate::gaps::KEPT + 7).flat_map(|second| {
        let at = at(second);
        [StreamFact::LoggedIn { at }, StreamFact::Ended { at, cause }]
    });
    ledger
        .remember_stream("home", "stream", flaps.collect())
        .await
        .unwrap();
    let found = overview::Overview::open_file(store.path())
        .unwrap()
        .gaps()
        .unwrap();
    assert_eq!((found.len(), found[0].gap.from), (crate::gaps::KEPT, at(7)));
}
