//! A broker that dies and comes back.

use tests::stream::flow::Flow;
use tests::stream::message::rows;
use tests::stream::stage::{Stage, in_real_time, tokens_of};

use std::time::Duration;

use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::{FILES, assert_history, assert_history_with};
use crate::scene::stop;

/// How long attempts are counted. A slower machine makes fewer.
const WATCH: Duration = Duration::from_secs(10);
const MOST_ATTEMPTS: usize = 30;

#[tokio::test]
async fn a_broker_that_dies_under_load_takes_nothing_with_it_that_it_had_delivered() {
    let Some(mut stage) = Stage::set(tokens_of(3_600), &in_real_time(FILES)).await else {
        return;
    };
    let run = stage.run().await;
    let mut flow = Flow::of(&stage.vin(), 1);
    let (mut accepted, mut unanswered) = (Vec::new(), Vec::new());
    for _ in 0..3 {
        let publisher = stage.publisher();
        // The first half is accepted for certain; the broker dies somewhere in the second.
        let told = flow.life(2_000);
        accepted.extend(publisher.publish(&told[..1_000]).await);
        let cut = flow.life(4_000);
        let before = stage.subscriptions();
        let (taken, ()) = tokio::join!(publisher.publish(&cut), async {
            stage.stored(&run, rows(&accepted).len() + 100).await;
            stage.broker.kill();
        });
        accepted.extend(taken);
        unanswered.extend(cut);
        stage.broker.start_again().await;
        stage.subscribed_since(&run, before).await;
    }
    let publisher = stage.publisher();
    let told = flow.life(200);
    publisher.publish_all(&told).await;
    accepted.extend(told);
    stage.stored(&run, rows(&accepted).len()).await;
    stop(run).await;
    assert_history_with(&stage, &accepted, &unanswered);
}

#[tokio::test]
async fn a_broker_that_is_away_is_not_stormed() {
    let Some(mut stage) = Stage::set(tokens_of(3_600), &in_real_time(FILES)).await else {
        return;
    };
    let run = stage.run().await;
    let before = stage.subscriptions();
    stage.broker.kill();
    // Somebody else has its place and hangs up on everyone.
    let door = Door::open(stage.broker.port()).await;
    tokio::time::sleep(WATCH).await;
    let knocks = door.shut().await;
    assert!(
        (1..=MOST_ATTEMPTS).contains(&knocks),
        "{knocks} attempts in {WATCH:?}:\n{}",
        run.transcript()
    );
    stage.broker.start_again().await;
    stage.subscribed_since(&run, before).await;
    let told = Flow::of(&stage.vin(), 3).life(100);
    stage.publisher().publish_all(&told).await;
    stage.stored(&run, rows(&told).len()).await;
    assert!(run.lines().len() < 200, "{}", run.transcript());
    stop(run).await;
    assert_history(&stage, &told);
}

/// A listener that hangs up on everyone and counts them.
struct Door {
    knocks: tokio::sync::watch::Receiver<usize>,
    task: JoinHandle<()>,
}

impl Door {
    async fn open(port: u16) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", port))
            .await
            .expect("the broker has left its port");
        let (sender, knocks) = tokio::sync::watch::channel(0);
        let task = tokio::spawn(async move {
            while listener.accept().await.is_ok() {
                sender.send_modify(|knocks| *knocks += 1);
            }
        });
        Self { knocks, task }
    }

    /// How many came.
    async fn shut(self) -> usize {
        self.task.abort();
        // The port is free when the task has ended.
        let _ = self.task.await;
        *self.knocks.borrow()
    }
}
