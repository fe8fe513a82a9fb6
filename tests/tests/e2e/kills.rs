//! Killed at any moment, again and again, under load.

use std::time::Duration;

use cardata_sim::SimConfig;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use tests::lives::Lives;
use tests::process::Signal;

use crate::oracle::{answers, assert_exactly};
use crate::scene::{DEADLINE, Plan, Scene, stop};
use crate::stores;

const KILLS: usize = 30;
const SEED: u64 = 20_260_301;
/// From before the program has opened its journal to when it has polled for a while.
const LONGEST_LIFE: Duration = Duration::from_millis(900);

#[tokio::test]
async fn nothing_is_lost_and_nothing_comes_twice() {
    // A refresh token works once: one that dies with the program takes the login with it.
    let long_lived = SimConfig {
        token_lifetime: Duration::from_secs(60 * 86_400),
        refresh_lifetime: Duration::from_secs(365 * 86_400),
        ..SimConfig::default()
    };
    let scene = Scene::with(
        long_lived,
        &Plan {
            every: "1s",
            ..Plan::default()
        },
    )
    .await;
    scene.login().await;
    let mut random = StdRng::seed_from_u64(SEED);
    let mut lives = Lives::default();
    for _ in 0..KILLS {
        let run = scene.hurry(&["run"]);
        // The moment of death is what is tried out here.
        tokio::time::sleep(random.random_range(Duration::ZERO..LONGEST_LIFE)).await;
        run.signal(Signal::Kill).await;
        lives.end(&scene, run).await;
    }
    let run = scene.run().await;
    scene.more_answers(&run, 3).await;
    stop(run).await;

    let served = scene.bmw.served();
    let all = answers(&served);
    assert!(
        all.len() > KILLS,
        "{} answers: the program never lived long enough",
        all.len()
    );
    let wanted = lives.expected(&served);
    assert_exactly("csv", stores::csv(&scene.path("csv")), wanted.clone());
    assert_exactly(
        "sqlite",
        stores::sqlite(&scene.path("cardata.db")),
        wanted.clone(),
    );
    let status = scene.status().await;
    assert_eq!(status["readings"], wanted.len());
    assert_eq!(status["sinks"][0]["waiting_readings"], 0);
    scene.assert_lawful();
}

#[tokio::test]
async fn a_store_that_was_killed_with_a_backlog_gets_it_once() {
    let store = crate::store_server::StoreServer::start().await;
    let sinks = crate::scene::FILES.to_owned() + &store.sink();
    let scene = Scene::set(&Plan {
        sinks: &sinks,
        ..Plan::default()
    })
    .await;
    scene.login().await;
    let run = scene.run().await;
    scene.more_answers(&run, 5).await;
    run.signal(Signal::Kill).await;
    let mut run = run;
    run.wait_exit(DEADLINE).await;
    let before = scene.answers();
    store.set_open(true);
    let run = scene.run().await;
    scene.more_answers(&run, 2).await;
    stop(run).await;
    assert!(before >= 5);
    let sqlite = stores::sqlite(&scene.path("cardata.db"));
    assert_exactly("store", store.rows(), sqlite);
}
