//! What a store lacks of what it was given: told in this run and the next, until a replay is done.

use super::*;
use journal::log::replay::ReplayRequest;

impl Rig {
    /// What `cardata status` says of the store of the only sink.
    fn lack(&self) -> String {
        self.remarked(|state| matches!(state, State::Store(_)))
    }

    fn remarked(&self, is_meant: fn(State) -> bool) -> String {
        let mut published = self.ledger.published().into_iter();
        let said = published.find(|said| is_meant(said.state));
        said.and_then(|said| said.message).unwrap_or_default()
    }

    /// A run of the program with a sink whose store says at first that it holds this much.
    async fn run(&mut self, given: u64, held: Held, script: impl IntoIterator<Item = Reply>) {
        let (sink, store) = scripted(script);
        store.holds(held);
        let worker = Worker {
            remarks: self.remarks(given, "only"),
            ..self.worker("only").await
        };
        self.drain(worker, sink).await;
        self.draining = CancellationToken::new();
    }

    /// A replay of everything, where nothing else runs.
    async fn refill(&self) {
        let request = ReplayRequest {
            sink: "only".to_owned(),
            ..ReplayRequest::default()
        };
        self.journal
            .request_replay(request, noon())
            .await
            .unwrap()
            .unwrap();
        let (sink, _store) = scripted([]);
        self.worker("only").await.redeliver(sink).await;
    }
}

#[tokio::test]
async fn what_a_store_drops_as_too_old_is_counted_until_a_replay_and_holds_nothing_up() {
    let mut rig = Rig::new();
    let told = |rig: &Rig| rig.remarked(|state| matches!(state, State::Outlived(_)));
    for count in [3, 6] {
        rig.polls(2).await;
        rig.run(0, Held::UpTo(0), [Reply::Outlive(3)]).await;
        assert!(
            told(&rig).starts_with(&format!("{count} readings")),
            "{}",
            told(&rig)
        );
    }
    let totals = rig.totals("only").await;
    assert_eq!(
        (totals.cursor, totals.delivered_readings, totals.dead_letters),
        (4, 2, 0)
    );
    assert_eq!(rig.published("only").state, State::Sink(SinkState::Delivering));
    rig.refill().await;
    assert_eq!(told(&rig), "");
}

#[tokio::test]
async fn a_store_that_holds_less_than_it_did_is_told_at_the_start() {
    for (given, held, expected) in [
        (4, Held::Nothing, "was emptied"),
        (4, Held::UpTo(1), "an older copy"),
        (4, Held::UpTo(2), ""),
        (4, Held::UpTo(3), ""),
        (4, Held::Unknown, ""),
        (0, Held::Nothing, ""),
    ] {
        let mut rig = Rig::new();
        rig.polls(2).await;
        rig.run(0, Held::UpTo(0), []).await;
        rig.run(given, held, []).await;
        let lack = rig.lack();
        assert_eq!(lack.is_empty(), expected.is_empty(), "{held:?}: {lack}");
        assert!(lack.contains(expected), "{held:?}: {lack}");
    }
}

#[tokio::test]
async fn a_store_that_loses_something_while_the_program_runs_is_told() {
    for (loss, expected) in [(Reply::Lose, "was emptied"), (Reply::GoBack(1), "an older copy")] {
        let rig = Rig::new();
        let (sink, mut store) = scripted([Reply::Store, Reply::Store, loss]);
        let running = tokio::spawn(rig.worker("only").await.run(sink));
        for _ in 0..4 {
            rig.polls(1).await;
            store.writes.recv().await.unwrap();
        }
        rig.draining.cancel();
        running.await.unwrap();
        assert!(rig.lack().contains(expected), "{}", rig.lack());
    }
}

#[tokio::test]
async fn what_a_store_lacks_is_told_over_restarts_until_a_replay_is_done() {
    let mut rig = Rig::new();
    rig.polls(2).await;
    rig.run(0, Held::UpTo(0), []).await;
    rig.run(4, Held::UpTo(1), []).await;
    // What is live goes on, and the mark with it.
    rig.polls(1).await;
    rig.run(4, Held::UpTo(1), []).await;
    rig.run(6, Held::UpTo(3), []).await;
    assert!(
        rig.lack().contains("cardata replay --sink only"),
        "{}",
        rig.lack()
    );
    rig.refill().await;
    assert_eq!(rig.lack(), "");
    // A replay does not move the mark.
    rig.run(6, Held::UpTo(1), []).await;
    assert_eq!(rig.lack(), "");
    rig.run(6, Held::UpTo(0), []).await;
    assert!(rig.lack().contains("an older copy"), "{}", rig.lack());
}
