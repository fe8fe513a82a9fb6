//! From when on a gap is told after an end that nobody could note, with a real journal.

use ledger::{Gap, GapCause, StreamFact};

use super::*;
use crate::ingest::note_last_heard;

impl Rig {
    async fn remember(&self, fact: StreamFact) {
        let ledger = &self.state.ledger;
        let remembered = ledger.remember_stream("home", "stream", vec![fact]);
        remembered.await.unwrap();
    }

    /// The next start, and since when it finds a gap.
    async fn gap_at_start(&self, second: i64) -> Timestamp {
        note_last_heard(&self.state, at(second)).await.unwrap();
        let started = StreamFact::Started {
            at: at(second),
            alive: None,
        };
        self.remember(started).await;
        let Gap { from, to, cause } = self.ledger().gaps().unwrap()[0].gap;
        assert_eq!((to, cause), (None, GapCause::Restart));
        from
    }
}

/// One that is connected.
async fn connected() -> Rig {
    let rig = rig("sources: [{ type: stream }]\n");
    rig.remember(StreamFact::LoggedIn { at: at(0) }).await;
    rig
}

#[tokio::test]
async fn a_kill_in_a_drive_leaves_a_gap_from_the_last_message() {
    let rig = connected().await;
    for second in [10, 20, 30] {
        rig.output.push(vec![message(0, second)]).await.unwrap();
    }
    let noted = rig.ledger().streams().unwrap()[0].last_message_at;
    assert_eq!(noted, Some(at(13)));
    assert_eq!(rig.gap_at_start(500).await, at(33));
}

#[tokio::test]
async fn what_came_later_than_now_says_nothing_of_the_end() {
    let rig = connected().await;
    rig.output.push(vec![message(0, 10)]).await.unwrap();
    rig.output.push(vec![message(1, 27)]).await.unwrap();
    assert_eq!(rig.gap_at_start(20).await, at(13));
}

#[tokio::test]
async fn what_a_stop_lost_to_a_full_disk_lies_in_the_gap_of_the_next_start() {
    let rig = connected().await;
    rig.output.push(vec![message(0, 10)]).await.unwrap();
    rig.limit_pages(1).await;
    rig.stop.cancel();
    let batch = (20..3_000).map(|second| message(0, second)).collect();
    assert!(rig.output.push(batch).await.is_err());
    // Nothing more is noted of this run: the disk is full.
    rig.limit_pages(1_000_000).await;
    assert_eq!(rig.gap_at_start(5_000).await, at(13));
}
