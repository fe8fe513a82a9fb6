//! A broker that dies and comes back.

use tests::stream::flow::Flow;
use tests::stream::message::{delivered, news, rows};
use tests::stream::stage::{Stage, in_real_time, tokens_of};

use std::collections::HashSet;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::{FILES, assert_history, assert_history_of};
use crate::oracle::Row;
use crate::scene::stop;

/// How long attempts are counted. A slower machine makes fewer.
const WATCH: Duration = Duration::from_secs(10);
const MOST_ATTEMPTS: usize = 30;
/// Messages of a life that are in the journal before the broker dies.
const CERTAIN: usize = 1_000;

#[tokio::test]
async fn a_broker_that_dies_under_load_takes_nothing_with_it_that_it_had_delivered() {
    let Some(mut stage) = Stage::set(tokens_of(3_600), &in_real_time(FILES)).await else {
        return;
    };
    let run = stage.run().await;
    let mut flow = Flow::of(&stage.vin(), 1);
    let mut lives = Vec::new();
    for _ in 0..3 {
        let publisher = stage.publisher();
        let told = flow.life(5_000);
        // The broker dies somewhere behind the part that is in the journal for certain.
        let (certain, rest) = told.split_at(CERTAIN);
        let last = *news(certain).last().expect("there is news");
        publisher.publish_all(certain).await;
        let before = stage.subscriptions();
        tokio::join!(publisher.publish(rest), async {
            stage.keeps(&run, last).await;
            stage.broker.kill();
        });
        stage.broker.start_again().await;
        stage.subscribed_since(&run, before).await;
        lives.push(told);
    }
    let told = flow.life(200);
    stage.publisher().publish_all(&told).await;
    stage
        .keeps(&run, news(&told).last().expect("there is news"))
        .await;
    stop(run).await;
    assert_history_of(&stage, |store, found| {
        let found: HashSet<Row> = found.iter().cloned().collect();
        let mut all = rows(&told);
        for life in &lives {
            let delivered = delivered(&found, life);
            let (least, most) = (news(&life[..CERTAIN]).len(), news(life).len());
            assert!(
                delivered.len() >= least,
                "{store} has the first {} of {most} messages, and the broker lived for {least}",
                delivered.len()
            );
            all.extend(rows(delivered));
        }
        all
    });
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
