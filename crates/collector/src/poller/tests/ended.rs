//! Vehicles that BMW says the account may not read.

use cardata_auth::{Scopes, TokenSet, TokenStore};
use ledger::MappedVehicle;

use super::*;

const WEEKS: u64 = 3 * 7 * 24 * 60;

/// As BMW answers to whoever sold the first vehicle; only so many times.
fn sold(times: usize) -> Answers {
    Box::new(move |nth, vehicle| {
        let reason = "BMW refuses this vehicle".to_owned();
        match vehicle.vin.as_str() == VINS[0] && nth < times {
            true => Err(SourceError::Vehicle { reason }),
            false => Ok(()),
        }
    })
}

const EVERY: Every = Every::Fixed(Duration::from_secs(12 * 3_600));

async fn mapped(rig: &Rig, primary: bool) {
    let vin = VINS[0].parse().unwrap();
    let mapped = vec![MappedVehicle { vin, primary }];
    let ledger = &rig.account.handles.ledger;
    ledger
        .remember_mapping("home", rig.clock.now(), mapped)
        .await
        .unwrap();
}

fn log_in(rig: &Rig) {
    let now = rig.clock.now();
    let tokens = TokenSet {
        client_id: "4f9a1c52-8d0e-4b6c-9c2b-1a2b3c4d5e6f".parse().unwrap(),
        access_token: "access".into(),
        refresh_token: "refresh".into(),
        id_token: None,
        id_obtained_at: now,
        gcid: None,
        scope: Scopes::wanted(),
        // Clocks tell more than milliseconds.
        logged_in_at: Some(now + SignedDuration::from_micros(7)),
        obtained_at: now,
        access_expires_at: now + SignedDuration::from_hours(1),
        refresh_expires_at: now + SignedDuration::from_hours(24),
    };
    let store = TokenStore::new(rig.tokens.path().to_owned(), "home");
    store.save(&tokens).unwrap();
}

#[tokio::test]
async fn its_polls_end_at_once_for_every_source_but_for_one_a_week_and_those_of_others_go_on() {
    let rig = Rig::new();
    rig.end_after(minutes(WEEKS));
    let sources = ["telematics", "other"];
    let polls = sources.map(|name| rig.named(name, false, sold(usize::MAX)));
    rig.poller(2, &sources.map(|name| (name, EVERY)))
        .run(polls.into())
        .await;
    assert_eq!(rig.minutes(0), [0, 7 * 24 * 60, 14 * 24 * 60]);
    assert_eq!(rig.minutes(1).len() as u64, 2 * WEEKS / (12 * 60));
    assert_eq!(rig.published().0, "polling");
}

#[tokio::test]
async fn neither_a_restart_nor_the_same_mapping_begins_them_again_but_a_week_does() {
    let rig = Rig::new();
    log_in(&rig);
    mapped(&rig, true).await;
    for _ in 0..3 {
        rig.run(minutes(3 * 24 * 60), 1, EVERY, sold(usize::MAX)).await;
        mapped(&rig, true).await;
    }
    let asked: Vec<i64> = rig.minutes(0).iter().map(|minute| minute / (24 * 60)).collect();
    assert_eq!(asked, [0, 7]);
    let (state, message) = rig.published();
    assert_eq!(state, "failing");
    assert!(message.contains("may not read v7a12345 (CU-104)"));
}

#[tokio::test]
async fn where_its_stream_runs_nothing_fails() {
    let rig = Rig::new();
    let stream = "stream".into();
    rig.account.handles.hearing.connected(&stream, rig.clock.now());
    rig.run(minutes(60), 1, EVERY, sold(usize::MAX)).await;
    let (state, message) = rig.published();
    assert_eq!(state, "waiting");
    assert!(message.ends_with("(CU-104); its stream runs"), "{message}");
    rig.account.handles.hearing.disconnected(&stream, rig.clock.now());
    rig.run(minutes(60), 1, EVERY, sold(usize::MAX)).await;
    assert_eq!(rig.published().0, "failing");
}

#[tokio::test]
async fn another_mapping_begins_them_again() {
    let rig = Rig::new();
    mapped(&rig, true).await;
    rig.run(minutes(24 * 60), 1, EVERY, sold(1)).await;
    mapped(&rig, false).await;
    rig.run(minutes(24 * 60), 1, EVERY, sold(0)).await;
    assert_eq!(rig.minutes(0), [0], "somebody else is the main user");
    mapped(&rig, true).await;
    rig.run(minutes(10), 1, EVERY, sold(0)).await;
    assert_eq!(rig.minutes(0).len(), 2);
    assert_eq!(rig.published().0, "polling");
    assert_eq!(rig.account.handles.ledger.refusals().await.unwrap(), []);
}

#[tokio::test]
async fn a_login_begins_them_again_while_the_program_runs() {
    let rig = Rig::new();
    log_in(&rig);
    let owner = rig.clone();
    let answers: Answers = Box::new(move |nth, vehicle| {
        if nth == 2 {
            log_in(&owner);
        }
        sold(1)(nth, vehicle)
    });
    rig.run(minutes(13 * 60), 2, EVERY, answers).await;
    assert_eq!((rig.minutes(1), rig.minutes(0)), (vec![0, 720], vec![0, 720]));
}
