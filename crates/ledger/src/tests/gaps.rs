//! When streams brought nothing, and why.

use super::*;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_772_366_400 + second).unwrap()
}

/// What both ledgers have of gaps, which must be the same, and what the next run is told of them at second 1,000.
async fn gaps_after(facts: Vec<StreamFact>) -> (Vec<Gap>, StreamMemory) {
    let state = tempfile::tempdir().unwrap();
    let store = Store::open(state.path(), &[SCHEMA]).unwrap();
    let (on_disk, in_memory) = (SqlLedger::new(&store), MemoryLedger::default());
    for ledger in [&on_disk as &dyn Ledger, &in_memory] {
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
    let known = on_disk.recall_stream("home", "stream", at(1_000)).await.unwrap();
    let judged = in_memory.recall_stream("home", "stream", at(1_000)).await;
    assert_eq!(judged.unwrap(), known);
    (found.into_iter().map(|found| found.gap).collect(), known)
}

#[tokio::test]
async fn a_gap_lasts_from_the_end_of_a_connection_to_the_next_login() {
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
    let (gaps, known) = gaps_after(facts.clone()).await;
    assert_eq!((gaps, known.gap_since), (vec![gap], Some(at(10))));
    let over = Gap {
        to: Some(at(20)),
        ..gap
    };
    let (gaps, known) = gaps_after([facts, vec![logged_in(20)]].concat()).await;
    assert_eq!((gaps, known.gap_since), (vec![over], None));
    assert_eq!(over.length(at(99)), SignedDuration::from_secs(10));
}

/// What both ledgers have of the gaps of polls, which must be the same.
async fn gaps_of_polls(facts: Vec<Fact>) -> Vec<(i64, Option<i64>, GapCause)> {
    let state = tempfile::tempdir().unwrap();
    let store = Store::open(state.path(), &[SCHEMA]).unwrap();
    let (on_disk, in_memory) = (SqlLedger::new(&store), MemoryLedger::default());
    for ledger in [&on_disk as &dyn Ledger, &in_memory] {
        ledger.note(facts.clone()).await.unwrap();
    }
    let overview = overview::Overview::open_file(store.path()).unwrap();
    let found = overview.gaps().unwrap();
    assert_eq!(found, in_memory.gaps());
    let second = |moment: Timestamp| moment.as_second() - at(0).as_second();
    let told = found.into_iter().map(|found| {
        assert_eq!(found.source, POLLS);
        let gap = found.gap;
        (second(gap.from), gap.to.map(second), gap.cause)
    });
    told.collect()
}

#[tokio::test]
async fn polls_are_kept_by_one_cause_at_a_time_until_nothing_keeps_them() {
    let kept = |second, by| Fact::PollsKept {
        account: "home".into(),
        at: at(second),
        by,
    };
    let started = |second| Fact::PollsStarted {
        account: "home".into(),
        at: at(second),
    };
    let facts = vec![
        started(1),
        kept(2, None),
        kept(5, Some(GapCause::PollsFailed)),
        kept(6, Some(GapCause::PollsFailed)),
        kept(7, Some(GapCause::Quota)),
        kept(9, None),
        kept(20, Some(GapCause::Restart)),
        started(30),
        kept(40, Some(GapCause::Login)),
    ];
    let told = [
        (1, Some(1), GapCause::Restart),
        (5, Some(7), GapCause::PollsFailed),
        (7, Some(9), GapCause::Quota),
        (20, Some(30), GapCause::Restart),
        (40, None, GapCause::Login),
    ];
    assert_eq!(gaps_of_polls(facts.clone()).await, told);
    // Of one that died, and of a clock that was set back.
    let died = [facts, vec![started(50), started(45)]].concat();
    let last = (40, Some(45), GapCause::Restart);
    assert_eq!(gaps_of_polls(died).await, [&told[..4], &[last]].concat());
}

/// Behind a program that died, its owner may ask BMW for something, and the next run began at second 30.
async fn dead_since(call: &'static str) -> i64 {
    let state = tempfile::tempdir().unwrap();
    let store = Store::open(state.path(), &[SCHEMA]).unwrap();
    let (on_disk, in_memory) = (SqlLedger::new(&store), MemoryLedger::default());
    let started = |second| Fact::PollsStarted {
        account: "home".into(),
        at: at(second),
    };
    for ledger in [&on_disk as &dyn Ledger, &in_memory] {
        ledger.note(vec![started(1)]).await.unwrap();
        let allowance = Allowance::for_polls(50);
        let spent = ledger.spend_call("home", call, at(20), allowance, Vec::new());
        assert!(spent.await.unwrap().is_ok());
        ledger.note(vec![started(30)]).await.unwrap();
    }
    let gaps = overview::Overview::open_file(store.path())
        .unwrap()
        .gaps()
        .unwrap();
    assert_eq!(gaps, in_memory.gaps());
    gaps.last().unwrap().gap.from.as_second() - at(0).as_second()
}

#[tokio::test]
async fn a_call_of_the_owner_is_no_sign_of_a_run() {
    for call in [POLL, DEMANDED, "tyres"] {
        assert_eq!(dead_since(call).await, 20, "{call}");
    }
    for call in ["containers", "mappings", "create_container"] {
        assert_eq!(dead_since(call).await, 1, "{call}");
    }
}

#[tokio::test]
async fn the_last_gap_that_is_worth_a_poll_is_known_to_the_next_run() {
    let gap = |from: i64, to: i64| {
        let cause = GapCause::ConnectionLost;
        [
            StreamFact::LoggedIn { at: at(from) },
            StreamFact::Ended { at: at(from), cause },
            StreamFact::LoggedIn { at: at(to) },
        ]
    };
    let lasting = StreamFact::Ended {
        at: at(900),
        cause: GapCause::Restart,
    };
    for (gaps, missed) in [
        (vec![gap(10, 69)], None),
        (vec![gap(10, 70)], Some(70)),
        (vec![gap(10, 70), gap(100, 300), gap(400, 459)], Some(300)),
        (vec![gap(400, 1_000)], Some(1_000)),
        // Of a clock that was set back.
        (vec![gap(10, 70), gap(400, 1_001)], Some(70)),
    ] {
        let facts = gaps.into_iter().flatten().chain([lasting.clone()]);
        let (_, known) = gaps_after(facts.collect()).await;
        assert_eq!((known.missed, known.gap_since), (missed.map(at), Some(at(900))));
    }
}

#[tokio::test]
async fn a_program_that_died_leaves_a_gap_from_its_last_sign_of_life() {
    let died = |login: i64, heard: i64, alive: Option<i64>| {
        let started = StreamFact::Started {
            at: at(500),
            alive: alive.map(at),
        };
        vec![
            StreamFact::LoggedIn { at: at(login) },
            StreamFact::Heard { at: at(heard) },
            started.clone(),
            started,
        ]
    };
    for (login, heard, alive, from) in [
        (100, 300, None, 300),
        (100, 300, Some(200), 300),
        (100, 200, Some(300), 300),
        (100, 50, Some(60), 100),
        // Of a clock that was set back.
        (100, 200, Some(900), 200),
        (900, 300, Some(200), 300),
        (900, 200, Some(300), 300),
        (100, 900, Some(800), 100),
        (900, 800, None, 500),
    ] {
        let gap = Gap {
            from: at(from),
            to: None,
            cause: GapCause::Restart,
        };
        let (gaps, known) = gaps_after(died(login, heard, alive)).await;
        assert_eq!((gaps, known.gap_since), (vec![gap], Some(at(from))));
    }
    let never = vec![StreamFact::Started {
        at: at(500),
        alive: Some(at(400)),
    }];
    assert_eq!(gaps_after(never).await.0, []);
}

#[tokio::test]
async fn of_many_gaps_the_newest_are_kept() {
    let state = tempfile::tempdir().unwrap();
    let store = Store::open(state.path(), &[SCHEMA]).unwrap();
    let ledger = SqlLedger::new(&store);
    let cause = GapCause::Login;
    let flaps = (0..crate::gaps::KEPT + 7).flat_map(|second| {
        let at = at(i64::try_from(second).unwrap());
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
