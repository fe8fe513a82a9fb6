//! How often a poll goes to the thread that writes.

use super::*;

/// What so many hours of polls each half an hour tell and ask the ledger.
async fn trips(hours: u64) -> (u64, u64) {
    let rig = Rig::new();
    rig.end_after(minutes(hours * 60 + 1));
    let poller = rig.poller(1, &[("telematics", Every::Fixed(minutes(30)))]);
    poller.run(vec![rig.named("telematics", true, always())]).await;
    assert_eq!(rig.minutes(0).len() as u64, hours * 2 + 1);
    assert_eq!(rig.intake.log.entries().len(), hours as usize * 2 + 1);
    let settled = rig.account.ledger.calls().into_iter();
    assert!(
        settled
            .map(|(.., outcome)| outcome)
            .all(|outcome| outcome == Some("ok"))
    );
    rig.account.ledger.trips()
}

#[tokio::test]
async fn a_poll_is_one_transaction_before_its_call_and_one_behind_it() {
    let (few, many) = (trips(2).await, trips(7).await);
    let polls = 5 * 2;
    assert_eq!(
        many.0 - few.0,
        2 * polls,
        "the snapshot is stored with the second"
    );
    // Between two polls, whether another process spent calls.
    assert_eq!(many.1 - few.1, polls);
}
