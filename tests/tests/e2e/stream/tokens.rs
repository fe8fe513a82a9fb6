//! A token every few seconds, a message every 50 ms, and none lost.

use tests::stream::flow::Flow;
use tests::stream::message::rows;
use tests::stream::stage::{Stage, in_real_time, tokens_of};

use super::{FILES, assert_history, speak};
use crate::scene::stop;

/// Seconds; the program takes a new one when a third is left.
const TOKEN: u64 = 6;
/// About a minute.
const ROTATIONS: usize = 12;

#[tokio::test]
async fn a_new_token_costs_no_message() {
    let Some(stage) = Stage::set(tokens_of(TOKEN), &in_real_time(FILES)).await else {
        return;
    };
    let run = stage.run().await;
    let publisher = stage.publisher();
    let mut flow = Flow::of(&stage.vin(), 1);
    let mut accepted = Vec::new();
    while stage.logins().len() <= ROTATIONS {
        let told = flow.life(20);
        accepted.extend(speak(&publisher, &told).await);
    }
    stage.stored(&run, rows(&accepted).len()).await;
    stop(run).await;
    assert_history(&stage, &accepted);
    let logins = stage.logins();
    assert!(
        logins.iter().all(|login| login.client == logins[0].client),
        "one client id for ever: {logins:?}"
    );
    assert!(logins.iter().all(|login| login.keep_alive == 30), "{logins:?}");
}
