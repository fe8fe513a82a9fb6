//! Mapping, quota, stream, selection and sleep.

use ledger::overview::LastPoll;

use super::*;
use crate::barred::Barred;
use crate::table::called;

/// What is told of an account without a look at the network.
fn of_account(look: AccountLook, account: AccountStatus, check: Check) -> (Verdict, String, String) {
    let looked = Looked {
        accounts: vec![look],
        ..Looked::default()
    };
    let (mut said, advice) = told(looked, &status(account, Vec::new()), check);
    let (verdict, words) = said.remove(0);
    (verdict, words, advice)
}

#[test]
fn who_may_read_a_vehicle_is_told() {
    let mapped = |mapped: &[bool], is_polled, vehicles| {
        let account = AccountStatus {
            mapped: mapped.iter().map(|primary| ("i3".to_owned(), *primary)).collect(),
            is_polled,
            ..account()
        };
        of_account(AccountLook { vehicles, ..look() }, account, Check::Mapping)
    };
    let known = || Asked::Not("it is known");
    let (verdict, said, advice) = mapped(&[true, false], true, known());
    assert!(
        verdict == Verdict::Ok && said.contains("not of i3 (SECONDARY)") && advice.contains("main user"),
        "{said} {advice}"
    );
    assert_eq!(
        mapped(&[false], false, known()).0,
        Verdict::Ok,
        "it is streamed all the same"
    );
    let (verdict, said, _) = mapped(&[false], true, known());
    assert!(
        verdict == Verdict::Problem && said.contains("SECONDARY"),
        "{said}"
    );
    let (verdict, said, _) = mapped(&[], true, Asked::Answered(()));
    assert!(
        verdict == Verdict::Problem && said.contains("no vehicle"),
        "{said}"
    );
    assert_eq!(mapped(&[], true, known()).0, Verdict::Unknown);
    let failed = |trouble| {
        let words = "HTTP 500".to_owned();
        mapped(&[], true, Asked::Failed(Failed { trouble, words }))
    };
    let (verdict, said, advice) = failed(Trouble::Other);
    assert!(
        verdict == Verdict::Problem && said == "HTTP 500" && advice.contains("outages"),
        "{said} {advice}"
    );
    assert_eq!(
        failed(Trouble::Quota).0,
        Verdict::Unknown,
        "the quota is told of by itself"
    );
}

#[test]
fn a_vehicle_that_the_mapping_does_not_name_may_have_a_wrong_vin() {
    let mut status = status(account(), Vec::new());
    status.barred.push(Barred::refused("home", "WBY8P210X07A12345"));
    let looked = || Looked {
        accounts: vec![look()],
        ..Looked::default()
    };
    let (said, advice) = told(looked(), &status, Check::Mapping);
    assert!(
        said[0].0 == Verdict::Problem && advice.contains("compare its `vin`"),
        "{advice}"
    );
    status.accounts[0].mapped[0].0 = called(&status.names, "WBY8P210X07A12345");
    let (_, advice) = told(looked(), &status, Check::Mapping);
    assert!(advice.contains("still its main user"), "{advice}");
}

#[test]
fn polls_that_never_brought_anything_are_told_after_the_first() {
    let said = |state| {
        let account = AccountStatus {
            said: Some(Published {
                name: "home".into(),
                state: State::Polls(state),
                message: Some("so it says".to_owned()),
                since: now(),
            }),
            ..account()
        };
        of_account(look(), account, Check::Polls).0
    };
    assert_eq!(said(PollsState::Failing), Verdict::Problem);
    assert_eq!(said(PollsState::Waiting), Verdict::Unknown);
    for (failures, succeeded, verdict) in [
        (1, None, Verdict::Problem),
        (1, Some(now()), Verdict::Unknown),
        (2, Some(now()), Verdict::Problem),
        (0, Some(now()), Verdict::Ok),
    ] {
        let mut status = status(account(), Vec::new());
        status.polls.push(LastPoll {
            account: "home".to_owned(),
            source: "telematics".to_owned(),
            vin: "WBY8P210X07A12345".to_owned(),
            last_at: now(),
            last_success_at: succeeded,
            failures,
            problem: Some("HTTP 500".to_owned()),
            next_at: None,
            every: None,
            reason: None,
            activity: None,
        });
        let looked = Looked {
            accounts: vec![look()],
            ..Looked::default()
        };
        assert_eq!(told(looked, &status, Check::Polls).0[0].0, verdict, "{failures}");
    }
}

#[test]
fn who_spent_the_calls_is_told() {
    let quota = |used, calls_left, blocked: Option<i64>| {
        let account = account();
        let account = AccountStatus {
            calls: plan::Calls {
                used,
                ..account.calls
            },
            calls_left,
            blocked_until: blocked.map(|hours| now() + self::hours(hours)),
            ..account
        };
        of_account(look(), account, Check::Quota)
    };
    let (verdict, said, advice) = quota(12, 0, Some(13));
    assert!(
        verdict == Verdict::Problem && said.contains("this program spent 12 of 50 today"),
        "{said}"
    );
    assert!(advice.contains("Another program"), "{advice}");
    let (_, _, advice) = quota(50, 0, Some(13));
    assert!(
        advice.contains("passes by itself") && !advice.contains("Another"),
        "{advice}"
    );
    assert_eq!(quota(50, 0, None).0, Verdict::Problem);
    assert_eq!(quota(12, 0, Some(1)).0, Verdict::Ok, "a pause is no lost day");
    assert_eq!(quota(12, 38, Some(-1)).0, Verdict::Ok, "a block that is over");
}

/// What is told of a stream.
fn of_stream(stream: StreamStatus, check: Check) -> (Verdict, String, String) {
    let looked = Looked {
        accounts: vec![look()],
        ..Looked::default()
    };
    let (mut said, advice) = told(looked, &status(account(), vec![stream]), check);
    let (verdict, words) = said.remove(0);
    (verdict, words, advice)
}

#[test]
fn a_connection_and_a_selection_are_told_apart() {
    use StreamState as At;
    let connection =
        |state, connected| of_stream(stream(state, connected, vehicle(None, None)), Check::Stream).0;
    assert_eq!(connection(At::Streaming, Some(3)), Verdict::Ok);
    assert_eq!(connection(At::Evicted, None), Verdict::Problem);
    assert_eq!(connection(At::Waiting, None), Verdict::Problem);
    assert_eq!(connection(At::Connecting, None), Verdict::Unknown);
    assert_eq!(
        connection(At::NotSubscribed, None),
        Verdict::Unknown,
        "the service is at fault"
    );

    let selection = |connected, spoke, measured| {
        of_stream(
            stream(At::Streaming, Some(connected), vehicle(spoke, measured)),
            Check::Selection,
        )
    };
    let (verdict, said, advice) = selection(200, None, Some(2));
    assert!(
        verdict == Verdict::Problem && said.contains("no message ever came"),
        "{said}"
    );
    assert!(advice.contains("portal"), "{advice}");
    let (verdict, said, _) = selection(200, Some(170), Some(2));
    assert!(
        verdict == Verdict::Problem && said.contains("the last message came 7 days ago"),
        "{said}"
    );
    assert_eq!(
        selection(200, Some(170), None).0,
        Verdict::Unknown,
        "it may be parked"
    );
    assert_eq!(selection(0, None, None).0, Verdict::Unknown, "just connected");
    assert_eq!(selection(200, Some(3), Some(3)).0, Verdict::Ok);
}

#[test]
fn a_vehicle_that_sleeps_is_no_fault_and_says_what_wakes_it() {
    let awake = |spoke, measured| {
        of_stream(
            stream(StreamState::Streaming, Some(900), vehicle(spoke, measured)),
            Check::Vehicle,
        )
    };
    let (verdict, said, advice) = awake(Some(3), None);
    assert_eq!(
        (verdict, &*said, &*advice),
        (Verdict::Ok, "parked; last sign of life 3 h ago", "")
    );
    let (verdict, said, advice) = awake(Some(80), Some(50));
    assert_eq!(
        (verdict, &*said),
        (Verdict::Ok, "asleep; last sign of life 2 days ago")
    );
    assert!(advice.contains("unlocked"), "{advice}");
    let (verdict, said, advice) = awake(Some(300), None);
    assert!(
        verdict == Verdict::Unknown && said.contains("deep asleep") && advice.contains("My BMW app"),
        "{said}"
    );
    assert_eq!(awake(None, None).1, "no sign of life yet");
}
