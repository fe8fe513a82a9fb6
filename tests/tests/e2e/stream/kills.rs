//! Killed under a stream, again and again: the broker keeps what was not acknowledged.

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use std::time::Duration;

use tests::process::Signal;
use tests::scene::Plan;
use tests::stream::flow::Flow;
use tests::stream::message::rows;
use tests::stream::stage::{Stage, in_real_time};

use super::{FILES, assert_history};
use crate::scene::{DEADLINE, stop};

const KILLS: usize = 12;
const SEED: u64 = 20_260_801;
/// From the moment of its subscription.
const LONGEST_LIFE: Duration = Duration::from_millis(700);

#[tokio::test]
async fn what_was_not_acknowledged_comes_again_and_nothing_comes_twice() {
    // A refresh token works once: one that dies with the program takes the login with it.
    let config = tests::stream::stage::tokens_of(60 * 86_400);
    let plan = Plan {
        // The ten seconds that the breaker leaves between connections take one.
        speed: 10.0,
        ..in_real_time(FILES)
    };
    let Some(stage) = Stage::set(config, &plan).await else {
        return;
    };
    let mut random = StdRng::seed_from_u64(SEED);
    let mut flow = Flow::of(&stage.vin(), SEED);
    let publisher = stage.publisher();
    let mut accepted = Vec::new();
    // The broker keeps nothing for a session that it has never seen.
    let run = stage.run().await;
    run.wait_for_line("polled", DEADLINE).await;
    stop(run).await;
    for _ in 0..KILLS {
        let before = stage.subscriptions();
        let mut run = stage.scene.hurry(&["run"]);
        let told = flow.life(random.random_range(500..1_500));
        let (taken, ()) = tokio::join!(publisher.publish(&told), async {
            stage.subscribed_since(&run, before).await;
            // The moment of death is what is tried out here.
            tokio::time::sleep(random.random_range(Duration::ZERO..LONGEST_LIFE)).await;
            run.signal(Signal::Kill).await;
            run.wait_exit(DEADLINE).await;
        });
        assert_eq!(taken.len(), told.len(), "the broker lives on");
        accepted.extend(taken);
    }
    let run = stage.run().await;
    stage.stored(&run, rows(&accepted).len()).await;
    stop(run).await;
    assert_history(&stage, &accepted);
    assert!(
        stage.logins().iter().all(|login| !login.clean),
        "{:?}",
        stage.logins()
    );
}
