//! A source that asks for what changes seldom.

use super::*;

const DAY: u64 = 24 * 60;

impl Rig {
    /// Runs such a source beside nothing else for so many minutes; the minutes at which it was asked for the vehicle.
    async fn run_seldom(self: &Arc<Self>, long: u64, days: u64, vehicles: usize, answers: Answers) {
        self.end_after(minutes(long) + Duration::from_secs(1));
        let poller = self.poller(vehicles, &[(SELDOM, Every::Fixed(minutes(days * DAY)))]);
        poller.run(vec![self.named(SELDOM, true, answers)]).await;
    }

    async fn remembered(&self) -> Option<String> {
        let vin = VINS[0].parse().unwrap();
        let record = self.account.handles.ledger.poll_record("home", SELDOM, &vin);
        record.await.unwrap().unwrap().activity
    }
}

#[tokio::test]
async fn a_failure_waits_a_day_for_its_vehicle_and_says_nothing_of_the_account() {
    for error in [
        || transient(Some(minutes(5))),
        || SourceError::Unreadable {
            reason: "HTML".to_owned(),
            retry_after: None,
            answer: Box::new(collector_core::Stray {
                received_at: begin(),
                topic: "tyres".to_owned(),
                payload: Vec::new(),
                reason: "HTML".to_owned(),
            }),
        },
    ] {
        let rig = Rig::new();
        let answers: Answers = Box::new(move |_, vehicle| match number(vehicle) {
            0 => Err(error()),
            _ => Ok(()),
        });
        rig.run_seldom(3 * DAY, 7, 2, answers).await;
        assert_eq!(rig.minutes(0), [0, 1, 2, 3].map(|day| (day * DAY) as i64));
        assert_eq!(rig.minutes(1), [0]);
        assert_eq!(rig.published().0, "polling");
        // The next success ends it, and a restart changes nothing.
        rig.run_seldom(DAY, 7, 1, always()).await;
        rig.run_seldom(8 * DAY, 7, 1, always()).await;
        assert_eq!(rig.minutes(0)[4..], [4, 11].map(|day| (day * DAY) as i64));
    }
}

#[tokio::test]
async fn what_it_remembers_is_kept_and_is_no_activity() {
    let rig = Rig::new();
    // It charges all the time, which such a source neither tells nor wants to know.
    *rig.life.lock().unwrap() = Some(Box::new(|_, _| Activity::Charging));
    rig.run_seldom(2 * DAY, 1, 1, always()).await;
    assert_eq!(rig.minutes(0), [0, 1, 2].map(|day| (day * DAY) as i64));
    assert_eq!(rig.remembered().await.as_deref(), Some("[1]"));
    let vin = VINS[0].parse().unwrap();
    let activity = rig.account.handles.hearing.activity(&vin, rig.clock.now(), None);
    assert_eq!(activity, Activity::Parked);
}
