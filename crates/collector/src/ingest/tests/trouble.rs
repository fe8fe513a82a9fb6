//! That the journal takes nothing is published by whoever brings something.

use std::sync::Mutex;

use collector_core::state::Published;

use super::*;

/// A journal that takes nothing at the first two tries, and what was published when it was tried.
#[derive(Debug)]
struct FullTwice {
    state: OpenState,
    ledger: Arc<dyn Ledger>,
    seen: Mutex<Vec<Vec<Published>>>,
}

#[async_trait]
impl Intake for FullTwice {
    async fn append(
        &self,
        account: &Name,
        source: &Name,
        snapshots: Arc<[RawSnapshot]>,
        facts: Arc<[Fact]>,
    ) -> Result<Stored, JournalError> {
        let seen = self.ledger.condition().await.unwrap().components;
        let tries = {
            let mut all = self.seen.lock().unwrap();
            all.push(seen);
            all.len()
        };
        match tries {
            1 | 2 => Err(StoreError::Stopped.into()),
            _ => self.state.append(account, source, snapshots, facts).await,
        }
    }

    async fn try_out(&self, _: &Name, _: &Name, _: RawSnapshot) -> Result<(), JournalError> {
        Ok(())
    }

    async fn keep_strays(&self, _: &Name, _: &Name, _: Vec<Stray>) -> Result<(), JournalError> {
        Ok(())
    }
}

#[tokio::test]
async fn a_stream_whose_messages_cannot_be_stored_says_so_until_they_are() {
    let rig = rig("sources: [{ type: stream }]\n");
    let ledger = rig.account.ledger.clone();
    let intake = Arc::new(FullTwice {
        state: rig.state.clone(),
        ledger: ledger.clone(),
        seen: Mutex::default(),
    });
    let mut door = Door::new(&rig.account, "stream".into(), intake.clone(), rig.stop.clone());
    door.retry = Duration::ZERO;
    let Received::Snapshot(snapshot) = message(0, 1) else {
        unreachable!("a message is a snapshot")
    };
    door.take([snapshot].into(), Vec::new()).await.unwrap();
    let seen = intake.seen.lock().unwrap().clone();
    assert_eq!((seen.len(), seen[0].len()), (3, 0));
    for seen in &seen[1..] {
        assert_eq!(
            (&*seen[0].name, seen[0].state),
            ("home", State::Stream(StreamState::Waiting))
        );
        let message = seen[0].message.as_ref().unwrap();
        assert!(
            message.contains("what came cannot be stored") && message.contains("thread has ended"),
            "{message}"
        );
    }
    let end = ledger.condition().await.unwrap().components.remove(0);
    assert_eq!(
        (end.state, end.message),
        (State::Stream(StreamState::Streaming), None)
    );
}
