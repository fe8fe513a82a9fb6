//! The page: what it reads is filled like any store, and filled again when it is gone.

use std::fs;

use tests::process::{Cardata, Signal};

use crate::oracle::assert_exactly;
use crate::scene::{Plan, Scene, stop, until};
use crate::stores;

/// A run with a page, at a port that is free.
async fn scene() -> Scene {
    let scene = Scene::set(&Plan::default()).await;
    scene.edit(|text| format!("{text}dashboard: {{ listen: \"127.0.0.1:0\" }}\n"));
    scene.login().await;
    scene
}

/// How many readings the page can read.
fn filled(scene: &Scene) -> usize {
    stores::sqlite(&scene.path("state/dashboard.db")).len()
}

fn assert_as_the_store(scene: &Scene) {
    let wanted = stores::sqlite(&scene.path("cardata.db"));
    assert!(!wanted.is_empty());
    assert_exactly("page", stores::sqlite(&scene.path("state/dashboard.db")), wanted);
}

async fn grown(scene: &Scene, run: &Cardata) {
    let before = filled(scene);
    until(run, "more for the page", || filled(scene) > before).await;
}

#[tokio::test]
async fn what_the_page_reads_is_what_stores_hold_and_comes_back_when_it_is_gone() {
    let scene = scene().await;
    let run = scene.run().await;
    grown(&scene, &run).await;
    stop(run).await;
    assert_as_the_store(&scene);

    let run = scene.run().await;
    grown(&scene, &run).await;
    run.signal(Signal::Kill).await;
    for end in ["", "-wal", "-shm"] {
        let _ = fs::remove_file(scene.path(&format!("state/dashboard.db{end}")));
    }
    let run = scene.run().await;
    grown(&scene, &run).await;
    stop(run).await;
    assert_as_the_store(&scene);
    let status = scene.status().await;
    let page = &status["sinks"][2];
    assert_eq!(page["sink"], "dashboard");
    assert_eq!(page["waiting_readings"], 0);
    assert!(page["message"].is_null(), "{page}");
}

#[tokio::test]
async fn a_vehicle_that_is_forgotten_is_on_no_page() {
    let scene = scene().await;
    let run = scene.run().await;
    grown(&scene, &run).await;
    stop(run).await;
    let vin = stores::sqlite(&scene.path("state/dashboard.db")).remove(0).vin;
    let said = scene.call(&["forget", "--vehicle", &vin, "--yes"]).await;
    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(!scene.path("state/dashboard.db").exists());
}
