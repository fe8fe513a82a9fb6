//! Random sequences of everything that a ledger is told, by the one in the database and the one in memory.

mod carrying;
mod gaps;
mod old_names;

use std::sync::Arc;

use collector_core::Vin;
use collector_core::state::{PollsState, Published, SinkState, State};
use jiff::{SignedDuration, Timestamp};
use planner::quota::Allowance;
use proptest::prelude::*;
use store::Store;

use crate::testing::MemoryLedger;
use crate::*;

const ACCOUNTS: [&str; 2] = ["home", "work"];
const VINS: [&str; 3] = ["WBY8P210X07A12345", "WBA11AA0001234567", "WBA22BB0007654321"];
const WORDS: [&str; 3] = ["one", "two", "three"];

/// One thing to tell, with numbers that choose among a few of everything.
#[derive(Debug, Clone, Copy)]
struct Step {
    kind: u8,
    account: usize,
    word: usize,
    other: usize,
    minutes: i64,
    reopen: bool,
}

fn step() -> impl Strategy<Value = Step> {
    let numbers = (0_u8..16, 0..2_usize, 0..3_usize, 0..3_usize);
    (numbers, -400_i64..900, prop::bool::weighted(0.05)).prop_map(
        |((kind, account, word, other), minutes, reopen)| Step {
            kind,
            account,
            word,
            other,
            minutes,
            reopen,
        },
    )
}

fn vin(index: usize) -> Vin {
    VINS[index].parse().unwrap()
}

fn polled(step: Step, now: Timestamp) -> Fact {
    Fact::Polled {
        account: ACCOUNTS[step.account].into(),
        source: WORDS[step.word].into(),
        vin: vin(step.other),
        record: PollRecord {
            last_at: now,
            last_success_at: (step.other > 0).then_some(now),
            failures: u32::try_from(step.other).unwrap(),
            problem: (step.other == 0).then(|| "why".to_owned()),
            activity: (step.other == 2).then(|| "{}".to_owned()),
        },
    }
}

fn update(step: Step, now: Timestamp) -> SetUpdate {
    SetUpdate {
        set: StoredSet {
            state: WORDS[step.other].to_owned(),
            since: now,
        },
        container: (step.other > 0).then(|| WORDS[step.word].to_owned()),
        created: vec![CreatedContainer {
            id: WORDS[step.word].to_owned(),
            fingerprint: WORDS[step.other].to_owned(),
            name: "cardata".to_owned(),
            created_at: now,
        }],
        deleted: (step.other == 2).then(|| WORDS[(step.word + 1) % 3].to_owned()),
    }
}

fn facts(step: Step, now: Timestamp) -> Vec<StreamFact> {
    match step.other {
        0 => vec![StreamFact::LoggedIn { at: now }, StreamFact::Heard { at: now }],
        1 if step.reopen || step.minutes % 2 == 0 => vec![StreamFact::Started {
            at: now,
            alive: (step.word > 0).then(|| now - SignedDuration::from_mins(step.minutes)),
        }],
        1 => {
            let cause = GapCause::OtherProgram;
            vec![
                StreamFact::Evicted { times: 3 },
                StreamFact::Ended { at: now, cause },
            ]
        }
        _ => vec![StreamFact::Breaker("{}".to_owned())],
    }
}

/// Tells the ledger of one step; what it answers.
async fn tell(ledger: &dyn Ledger, step: Step, now: Timestamp) -> String {
    let (account, word, other) = (ACCOUNTS[step.account], WORDS[step.word], WORDS[step.other]);
    match step.kind {
        0..3 => {
            let call = if step.word == 0 { "mappings" } else { crate::POLL };
            let allowance = Allowance {
                calls_per_day: 4,
                reserved: 1,
            };
            let told = vec![polled(step, now)];
            let spent = ledger
                .spend_call(account, call, now, allowance, told)
                .await
                .unwrap();
            if let Ok(Admitted { id, .. }) = spent {
                let ended = Fact::Settled { id, outcome: "ok" };
                ledger.note(vec![ended]).await.unwrap();
            }
            format!("{:?}", spent.map(|admitted| admitted.spent))
        }
        3 => {
            let until = now + SignedDuration::from_hours(30);
            format!("{:?}", ledger.block_calls(account, until).await.unwrap())
        }
        4 => {
            let by = SignedDuration::from_mins(step.minutes);
            format!("{:?}", ledger.move_with_the_clock(account, by).await.unwrap())
        }
        5 => {
            let heard = Fact::Heard {
                account: account.into(),
                source: other.into(),
                at: now,
            };
            format!("{:?}", ledger.note(vec![polled(step, now), heard]).await.unwrap())
        }
        6 => {
            let poll = PlannedPoll {
                source: word.to_owned(),
                vin: vin(step.other),
                next_at: now,
                every: SignedDuration::from_mins(30),
                reason: "why".to_owned(),
            };
            let account = account.into();
            format!(
                "{:?}",
                ledger.note(vec![Fact::Planned { account, poll }]).await.unwrap()
            )
        }
        7 => {
            let told = ledger.remember_set(account, other, update(step, now));
            format!("{:?}", told.await.unwrap())
        }
        8 => {
            let refusal = Refusal {
                account: account.into(),
                vin: vin(step.other),
                at: now,
                login: (step.word == 0).then_some(now),
            };
            ledger.note(vec![Fact::Refused(refusal)]).await.unwrap();
            format!("{:?}", ledger.forget_container(account, word).await.unwrap())
        }
        9 => format!(
            "{:?}",
            ledger.note_source_set(account, word, other).await.unwrap()
        ),
        10 => {
            let mapped = |index: usize| MappedVehicle {
                vin: vin(index),
                primary: index == step.other,
            };
            let vehicles = (0..=step.word).map(mapped).collect();
            format!(
                "{:?}",
                ledger.remember_mapping(account, now, vehicles).await.unwrap()
            )
        }
        11 => {
            let told = ledger.remember_details(vin(step.word), other.to_owned());
            format!("{:?}", told.await.unwrap())
        }
        12 => {
            let told = ledger.remember_stream(account, word, facts(step, now));
            format!("{:?}", told.await.unwrap())
        }
        13 => {
            let state = match step.other {
                0 => State::Polls(PollsState::Failing),
                1 => State::Sink(SinkState::Paused),
                _ => State::DeadLetters(7),
            };
            let published = Published {
                name: word.into(),
                state,
                message: (step.account == 0).then(|| "why".to_owned()),
                since: now,
            };
            format!("{:?}", ledger.publish(published).await.unwrap())
        }
        _ => {
            let told = Told {
                stage: other.to_owned(),
                at: now,
            };
            let told = (step.account == 0).then_some(told);
            format!(
                "{:?}",
                ledger.remember_told(format!("a:{word}"), told).await.unwrap()
            )
        }
    }
}

/// Everything that a ledger can be asked.
async fn all(ledger: &dyn Ledger, now: Timestamp) -> Vec<String> {
    let mut answers = Vec::new();
    for account in ACCOUNTS {
        answers.push(format!("{:?}", ledger.spent_calls(account, now).await));
        answers.push(format!("{:?}", ledger.created_containers(account).await));
        answers.push(format!("{:?}", ledger.mapped_vehicles(account).await));
        for word in WORDS {
            answers.push(format!("{:?}", ledger.container(account, word).await));
            answers.push(format!("{:?}", ledger.descriptor_set(account, word).await));
            answers.push(format!("{:?}", ledger.recall_stream(account, word, now).await));
            for index in 0..VINS.len() {
                let record = ledger.poll_record(account, word, &vin(index)).await;
                answers.push(format!("{record:?}"));
            }
        }
    }
    let mut told: Vec<_> = ledger.told("a:").await.unwrap().into_iter().collect();
    told.sort_by(|a, b| a.0.cmp(&b.0));
    answers.push(format!("{told:?}"));
    answers.push(format!("{:?}", ledger.condition().await));
    answers.push(format!("{:?}", ledger.known_vehicles().await));
    answers.push(format!("{:?}", ledger.refusals().await));
    answers
}

async fn run(steps: Vec<Step>) {
    let state = tempfile::tempdir().unwrap();
    let open = || Arc::new(SqlLedger::new(&Store::open(state.path(), &[SCHEMA]).unwrap()));
    let (mut on_disk, in_memory) = (open(), MemoryLedger::default());
    let mut now: Timestamp = "2026-03-01T12:00:00Z".parse().unwrap();
    for step in steps {
        now += SignedDuration::from_mins(step.minutes);
        if step.reopen {
            drop(on_disk);
            on_disk = open();
        }
        let answers = (
            tell(on_disk.as_ref(), step, now).await,
            tell(&in_memory, step, now).await,
        );
        assert_eq!(answers.0, answers.1, "{step:?}");
        assert_eq!(
            all(on_disk.as_ref(), now).await,
            all(&in_memory, now).await,
            "after {step:?}"
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, ..ProptestConfig::default() })]

    #[test]
    fn both_ledgers_say_the_same(steps in prop::collection::vec(step(), 1..40)) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(run(steps));
    }
}

const YEAR: i64 = 365 * 86_400_000;

/// Whether a call may leave when two a day may.
async fn may_call(ledger: &dyn Ledger, now: Timestamp) -> bool {
    let allowance = Allowance {
        calls_per_day: 2,
        reserved: 0,
    };
    let spent = ledger
        .spend_call("home", "mappings", now, allowance, Vec::new())
        .await;
    spent.unwrap().is_ok()
}

#[tokio::test]
async fn a_clock_that_was_a_year_ahead_for_a_moment_does_not_give_the_day_back() {
    let state = tempfile::tempdir().unwrap();
    let on_disk = SqlLedger::new(&Store::open(state.path(), &[SCHEMA]).unwrap());
    let in_memory = MemoryLedger::default();
    for ledger in [&on_disk as &dyn Ledger, &in_memory] {
        let noon: Timestamp = "2026-03-01T12:00:00Z".parse().unwrap();
        assert!(may_call(ledger, noon).await);
        assert!(may_call(ledger, noon).await);
        let year = SignedDuration::from_millis(YEAR);
        assert!(may_call(ledger, noon + year).await, "that is another day");
        assert!(!may_call(ledger, noon + SignedDuration::from_mins(1)).await);
    }
}

#[tokio::test]
async fn a_connection_is_known_since_the_first_of_its_logins() {
    let state = tempfile::tempdir().unwrap();
    let on_disk = SqlLedger::new(&Store::open(state.path(), &[SCHEMA]).unwrap());
    let in_memory = MemoryLedger::default();
    let at = |minute| {
        let noon: Timestamp = "2026-03-01T12:00:00Z".parse().unwrap();
        noon + SignedDuration::from_mins(minute)
    };
    let logged_in = |minute| vec![StreamFact::LoggedIn { at: at(minute) }];
    let lost = |minute| StreamFact::Ended {
        at: at(minute),
        cause: GapCause::ConnectionLost,
    };
    for ledger in [&on_disk as &dyn Ledger, &in_memory] {
        for (facts, since, logins) in [
            (logged_in(0), Some(at(0)), 1),
            (logged_in(5), Some(at(0)), 2),
            ([logged_in(6), logged_in(7)].concat(), Some(at(0)), 4),
            (vec![lost(8)], None, 4),
            ([logged_in(9), logged_in(10)].concat(), Some(at(9)), 6),
        ] {
            ledger.remember_stream("home", "stream", facts).await.unwrap();
            let streams = ledger.condition().await.unwrap().streams;
            assert_eq!((streams[0].connected_since, streams[0].logins), (since, logins));
        }
    }
}
