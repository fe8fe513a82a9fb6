//! Disks that are full, as small file systems in memory. Only root may mount them.

use tests::small_disk::SmallDisk;

use crate::oracle::{assert_exactly, expected_of_all};
use crate::scene::{DEADLINE, Plan, Scene, stop, until};
use crate::stores;

#[tokio::test]
async fn stores_on_a_full_disk_go_on_when_there_is_room() {
    let sinks = "  - type: csv\n    dir: small/csv\n  - name: small\n    type: sqlite\n    path: small/cardata.db\n\
                 \x20 - type: sqlite\n    path: cardata.db\n";
    let scene = Scene::set(&Plan {
        sinks,
        ..Plan::default()
    })
    .await;
    let Some(disk) = SmallDisk::mount(&scene.path("small"), "1m") else {
        return;
    };
    scene.login().await;
    let run = scene.run().await;
    scene.more_answers(&run, 2).await;
    disk.fill();
    run.wait_for_line("the sink does not accept writes", DEADLINE)
        .await;
    scene.more_answers(&run, 10).await;
    let collected = expected_of_all(&scene.bmw.served()).len();
    let other = || stores::sqlite(&scene.path("cardata.db")).len();
    until(&run, "delivery to the other disk", || other() >= collected).await;
    disk.make_room();
    run.wait_for_line("the sink accepts writes again", DEADLINE).await;
    scene.more_answers(&run, 2).await;
    let small = || stores::csv(&scene.path("small/csv")).len();
    until(&run, "delivery to the small disk", || small() >= collected).await;
    stop(run).await;
    let wanted = expected_of_all(&scene.bmw.served());
    assert_exactly("csv", stores::csv(&scene.path("small/csv")), wanted.clone());
    assert_exactly(
        "small sqlite",
        stores::sqlite(&scene.path("small/cardata.db")),
        wanted.clone(),
    );
    assert_exactly("sqlite", stores::sqlite(&scene.path("cardata.db")), wanted);
}

#[tokio::test]
async fn a_journal_on_a_full_disk_spends_no_calls_and_goes_on_when_there_is_room() {
    let scene = Scene::set(&Plan::default()).await;
    let Some(disk) = SmallDisk::mount(&scene.path("state"), "4m") else {
        return;
    };
    scene.login().await;
    let run = scene.run().await;
    scene.more_answers(&run, 2).await;
    disk.fill();
    until(&run, "complaint", || {
        let told = [
            "could not be written into the ledger",
            "a snapshot cannot be stored",
        ];
        told.iter().any(|words| crate::scene::count(&run, words) > 0)
    })
    .await;
    let said = scene.call(&["status"]).await;
    assert!(
        // Of what could not be written first.
        said.out.contains("! journal: ") && said.out.contains("the disk of the state directory is full"),
        "{said:?}"
    );
    disk.make_room();
    scene.more_answers(&run, 3).await;
    stop(run).await;
    let wanted = expected_of_all(&scene.bmw.served());
    assert_exactly("csv", stores::csv(&scene.path("csv")), wanted.clone());
    assert_exactly("sqlite", stores::sqlite(&scene.path("cardata.db")), wanted);
}
