//! Another program of the household takes the connection, again and again.

use std::time::Duration;

use tests::stream::connections;
use tests::stream::flow::Flow;
use tests::stream::message::rows;
use tests::stream::rival::Rival;
use tests::stream::stage::{Stage, in_real_time, tokens_of};

use super::FILES;
use crate::scene::{Plan, stop, until};
use crate::stores;

/// How long the rival's and the program's logins are counted. A slower machine makes fewer.
const WATCH: Duration = Duration::from_secs(10);
/// Of the program, in `WATCH`, which is 100 s of its own time.
const MOST_LOGINS: usize = 15;

#[tokio::test]
async fn a_rival_is_recognised_told_and_not_fought() {
    let plan = Plan {
        speed: 10.0,
        ..in_real_time(FILES)
    };
    let Some(stage) = Stage::set(tokens_of(86_400), &plan).await else {
        return;
    };
    let run = stage.run().await;
    let client = stage.logins()[0].client.clone();
    let rival = Rival::of(&stage.broker, &client);
    let state = stage.scene.path("state");
    let evictions = || stores::journal(&state, "select coalesce(sum(evictions), 0) from stream");
    until(&run, "recognised eviction", || evictions() > 0).await;
    let before = stage.logins().len();
    tokio::time::sleep(WATCH).await;
    let logins = stage.logins().len() - before;
    let of_rival = connections::logins(&stage.broker, Rival::USER).len();
    assert!(logins <= MOST_LOGINS, "{logins} logins:\n{}", run.transcript());
    assert!(of_rival > 1, "there was a duel");
    let status = stage.scene.call(&["status"]).await;
    assert!(status.out.contains("another program"), "{status:?}");

    let before = stage.subscriptions();
    drop(rival);
    stage.subscribed_since(&run, before).await;
    let told = Flow::of(&stage.vin(), 1).life(100);
    stage.publisher().publish_all(&told).await;
    stage.stored(&run, rows(&told).len()).await;
    stop(run).await;
}
