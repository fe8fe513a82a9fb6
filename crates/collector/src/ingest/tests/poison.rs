//! What makes the journal panic is kept as it came, and takes no more with it than it must.

use journal::log::overview::Arrivals;

use super::*;

/// What a poll, or a message, of eighty keys brought; those with these numbers are poison.
fn eighty(origin: Origin, poison: impl Fn(usize) -> bool) -> RawSnapshot {
    let reading = |number: usize| {
        let value = match poison(number) {
            true => POISON.to_owned(),
            false => number.to_string(),
        };
        let body = format!(r#"{{ "value" : {value},"timestamp":"{}" }}"#, at(1));
        RawReading {
            descriptor: format!("vehicle.key{number:02}"),
            body: RawValue::from_string(body).unwrap(),
        }
    };
    RawSnapshot {
        vin: VINS[0].parse().unwrap(),
        origin,
        requested_at: (origin == Origin::Poll).then(|| at(2)),
        sent_at: (origin == Origin::Stream).then(|| at(2).to_string()),
        received_at: at(3),
        readings: (0..80).map(reading).collect(),
    }
}

impl Rig {
    fn arrivals(&self) -> Vec<Arrivals> {
        self.state.journal.overview().unwrap().arrivals().unwrap()
    }

    /// What was kept as it came.
    fn kept(&self) -> Vec<String> {
        let overview = self.state.journal.overview().unwrap();
        let entries = overview.stray_entries().unwrap().into_iter();
        let payload = |id| overview.stray_payload(id).unwrap().unwrap();
        entries
            .map(|entry| String::from_utf8(payload(entry.id)).unwrap())
            .collect()
    }

    async fn take(&self, snapshot: RawSnapshot) {
        if snapshot.origin == Origin::Poll {
            let taken = self.output.door.take_poll(snapshot, Vec::new()).await;
            taken.unwrap();
        } else {
            let batch = vec![Received::Snapshot(snapshot)];
            self.output.push(batch).await.unwrap();
        }
    }
}

#[tokio::test]
async fn the_keys_that_make_the_journal_panic_are_kept_and_the_others_are_one_entry() {
    for origin in [Origin::Poll, Origin::Stream] {
        for culprits in [&[41][..], &[0], &[79], &[40, 41], &[3, 77]] {
            let rig = rig("sources: [{ type: stream }]\n");
            let snapshot = eighty(origin, |number| culprits.contains(&number));
            rig.take(snapshot.clone()).await;
            let arrived = &rig.arrivals()[0];
            let sound = 80 - culprits.len() as u64;
            assert_eq!(
                (arrived.snapshots, arrived.entries, arrived.readings),
                (1, 1, sound)
            );
            assert_eq!(arrived.last_received_at, at(3));
            let kept = rig.kept();
            assert_eq!(kept.len(), 1, "{culprits:?}");
            for (number, reading) in snapshot.readings.iter().enumerate() {
                let field = format!(r#""{}":{}"#, reading.descriptor, reading.body.get());
                assert_eq!(kept[0].contains(&field), culprits.contains(&number), "{number}");
            }
            rig.take(eighty(origin, |_| false)).await;
            assert_eq!(
                rig.stored(),
                [(VINS[0].to_owned(), 80)],
                "what was kept is no repeat"
            );
        }
    }
}

#[tokio::test]
async fn a_value_that_a_poll_lost_to_a_panic_has_not_ended() {
    let rig = rig("sources: [{ type: stream }]\n");
    rig.take(eighty(Origin::Poll, |_| false)).await;
    let mut later = eighty(Origin::Poll, |number| number == 7);
    later.received_at = at(100);
    rig.take(later).await;
    rig.state.journal.flush().await.unwrap();
    let ended = rig.state.store.transact(|tx| {
        let query = "select count(*) from series where is_absent or ended_at is not null or absent > 0";
        Ok::<u64, StoreError>(tx.connection().query_row(query, [], |row| row.get(0))?)
    });
    assert_eq!((ended.await.unwrap(), rig.kept().len()), (0, 1));
}

#[tokio::test]
async fn what_no_key_is_the_reason_of_is_kept_whole() {
    for origin in [Origin::Poll, Origin::Stream] {
        let mut without_reason = eighty(origin, |_| false);
        without_reason.sent_at = Some(POISON.to_owned());
        for snapshot in [without_reason, eighty(origin, |_| true)] {
            let rig = rig("sources: [{ type: stream }]\n");
            rig.take(snapshot.clone()).await;
            assert_eq!(rig.stored(), []);
            let kept = rig.kept();
            assert_eq!(kept.len(), 1);
            for reading in &snapshot.readings {
                assert!(kept[0].contains(reading.body.get()), "{}", kept[0]);
            }
        }
    }
}

#[tokio::test]
async fn another_account_notices_nothing() {
    let rig = rig("sources: [{ type: stream }]\n");
    let mut door = rig.output.door.clone();
    (door.account, door.source) = ("work".into(), "telematics".into());
    let mut elsewhere = eighty(Origin::Poll, |_| false);
    elsewhere.vin = VINS[1].parse().unwrap();
    let (_, taken) = tokio::join!(
        rig.take(eighty(Origin::Poll, |number| number == 41)),
        door.take_poll(elsewhere, Vec::new())
    );
    assert_eq!(taken.unwrap().0.new, 80);
    let mut stored = rig.stored();
    stored.sort();
    assert_eq!(stored, [(VINS[1].to_owned(), 80), (VINS[0].to_owned(), 79)]);
}

#[tokio::test]
async fn a_message_that_makes_the_journal_panic_is_kept_as_it_came_and_hides_no_other() {
    let rig = rig("sources: [{ type: stream }]\n");
    let mut batch: Vec<_> = (0..5).map(|second| message(0, second)).collect();
    let Received::Snapshot(poisoned) = &mut batch[2] else {
        unreachable!("a message is a snapshot")
    };
    let body = format!(r#"{{ "value" : {POISON}, "unit":"percent" }}"#);
    poisoned.readings[0].body = RawValue::from_string(body.clone()).unwrap();
    let twice = poisoned.readings[0].clone();
    poisoned.readings.push(twice);
    rig.output.push(batch).await.unwrap();
    assert_eq!(rig.stored(), [(VINS[0].to_owned(), 4)]);
    let overview = rig.state.journal.overview().unwrap();
    let strays = overview.stray_entries().unwrap();
    assert_eq!(strays.len(), 1);
    let payload = overview.stray_payload(strays[0].id).unwrap().unwrap();
    let kept = String::from_utf8(payload).unwrap();
    assert_eq!(kept.matches(&body).count(), 2, "{kept}");
}

#[tokio::test]
async fn a_message_that_cannot_be_read_without_a_panic_is_stored_or_kept_with_its_neighbours() {
    let unreadable = Hearing::interpreting(|_, _, _| panic!("unreadable"));
    let rig = rig_with("sources: [{ type: stream }]\n", unreadable);
    let of_driving = |second, value: &str| {
        let Received::Snapshot(mut snapshot) = message(0, second) else {
            unreachable!("a message is a snapshot")
        };
        let body = format!(r#"{{"timestamp":"{}","value":{value}}}"#, at(second));
        snapshot.readings[0].descriptor = "vehicle.isMoving".to_owned();
        snapshot.readings[0].body = RawValue::from_string(body).unwrap();
        Received::Snapshot(snapshot)
    };
    let batch = vec![
        of_driving(1, "true"),
        of_driving(2, POISON),
        of_driving(3, "false"),
    ];
    rig.output.push(batch).await.unwrap();
    rig.output.push(vec![of_driving(4, "true")]).await.unwrap();
    assert_eq!(rig.stored(), [(VINS[0].to_owned(), 3)]);
    let overview = rig.state.journal.overview().unwrap();
    assert_eq!(overview.stray_entries().unwrap().len(), 1);
}
