//! Places that nobody may write to: from the start, and all at once in the middle.

use tests::oracle::expected_of_all;
use tests::process::{Cardata, Signal};
use tests::scene::{DEADLINE, FILES, Plan, Scene, count, end, stop, until};
use tests::small_disk::SmallDisk;
use tests::stores;

use crate::loop_disk::LoopDisk;
use crate::report::{Outcome, Report};
use crate::runner::Context;

pub async fn everywhere(context: Context) -> Outcome {
    let mut report = Report::default();
    if !state_from_the_start(&mut report).await {
        return Outcome::LeftOut("only root may mount the file systems that are made read-only".to_owned());
    }
    stores_from_the_start(&mut report).await;
    for _ in 0..context.choose(4, 1) {
        let failed = state_in_the_middle(&mut report).await && stores_in_the_middle(&mut report).await;
        if !failed {
            report.note("without the disk that fails while in use: no ext4 on a loop device can be had here");
            break;
        }
    }
    Outcome::Done(report)
}

/// False where nothing can be mounted.
async fn state_from_the_start(report: &mut Report) -> bool {
    let scene = Scene::set(&Plan::default()).await;
    let Some(disk) = SmallDisk::try_mount(&scene.path("state"), "16m") else {
        return false;
    };
    scene.login().await;
    let asked = scene.bmw.requests().len();
    assert!(disk.set_read_only(true), "nobody writes");
    for command in ["run", "login"] {
        report.inject("command on a read-only state directory");
        let said = end(scene.start(&[command])).await;
        if said.code == Some(0) || !said.err.contains("state") {
            report.problem(format!("`{command}` does not say what is wrong: {said:?}"));
        }
        report.survive();
    }
    if scene.bmw.requests().len() != asked {
        report.problem("BMW was asked for what could not be kept");
    }
    assert!(disk.set_read_only(false), "nobody writes");
    finish(report, &scene).await;
    true
}

/// The program runs or says why not; it never writes elsewhere.
async fn stores_from_the_start(report: &mut Report) {
    let sinks =
        "  - type: csv\n    dir: small/csv\n  - name: small\n    type: sqlite\n    path: small/cardata.db\n";
    let scene = Scene::set(&Plan {
        sinks: &format!("{sinks}{FILES}"),
        ..Plan::default()
    })
    .await;
    let Some(disk) = SmallDisk::try_mount(&scene.path("small"), "16m") else {
        return;
    };
    scene.login().await;
    assert!(disk.set_read_only(true), "nobody writes");
    report.inject("read-only stores at the start");
    let run = scene.run().await;
    until(&run, "a word on both stores", || refusals(&run) >= 2).await;
    scene.more_answers(&run, 5).await;
    assert!(disk.set_read_only(false), "nobody writes");
    let collected = expected_of_all(&scene.bmw.served()).len();
    let small = || stores::sqlite(&scene.path("small/cardata.db")).len();
    until(&run, "delivery", || small() >= collected).await;
    report.survive();
    stop(run).await;
    let wanted = expected_of_all(&scene.bmw.served());
    report.hold_files(&scene, &wanted);
    report.hold(
        "csv of the read-only disk",
        &stores::csv(&scene.path("small/csv")),
        &wanted,
    );
    report.hold(
        "sqlite of the read-only disk",
        &stores::sqlite(&scene.path("small/cardata.db")),
        &wanted,
    );
}

fn refusals(run: &Cardata) -> usize {
    count(run, "the sink is paused") + count(run, "the sink does not accept writes")
}

/// What was acknowledged is there after the owner has mended the disk. False where there is no such disk.
async fn state_in_the_middle(report: &mut Report) -> bool {
    let scene = Scene::set(&Plan::default()).await;
    let Some(disk) = LoopDisk::mount(&scene.path("disk"), &scene.path("state")) else {
        return false;
    };
    scene.login().await;
    let run = scene.run().await;
    scene.more_answers(&run, 20).await;
    report.inject("failing disk of the state directory");
    disk.fail();
    let told = || {
        [
            "could not be written into the ledger",
            "a snapshot cannot be stored",
        ]
        .iter()
        .any(|words| count(&run, words) > 0)
    };
    until(&run, "complaint about the disk", told).await;
    let served = tests::oracle::answers(&scene.bmw.served()).len();
    let kept = count(&run, "a snapshot cannot be stored");
    let acknowledged = count(&run, "INFO polled ");
    run.signal(Signal::Terminate).await;
    let said = end(run).await;
    if said.code != Some(0) {
        report.problem(format!(
            "the program does not end well on a disk that failed: {}",
            said.err
        ));
    }
    disk.mend();
    let stored = stores::snapshots(&scene.path("state")) as usize;
    if stored < acknowledged || acknowledged + kept < served {
        report.problem(format!(
            "{served} served, {acknowledged} acknowledged, {kept} kept in memory, {stored} stored"
        ));
    }
    if kept > 0 && !said.err.contains("what it brought is lost") {
        report.problem("a snapshot was lost without a word");
    }
    report.survive();
    let all = scene.bmw.served();
    let answers = tests::oracle::answers(&all);
    let before: Vec<_> = answers.iter().take(stored).copied().collect();
    let run = scene.run().await;
    scene.more_answers(&run, 3).await;
    stop(run).await;
    let all_now = scene.bmw.served();
    let after = tests::oracle::answers(&all_now).into_iter().skip(answers.len());
    let wanted = tests::oracle::expected(before.into_iter().chain(after));
    report.hold_files(&scene, &wanted);
    true
}

async fn stores_in_the_middle(report: &mut Report) -> bool {
    let sinks =
        "  - type: csv\n    dir: small/csv\n  - name: small\n    type: sqlite\n    path: small/cardata.db\n";
    let scene = Scene::set(&Plan {
        speed: 6_000.0,
        sinks: &format!("{sinks}{FILES}"),
        ..Plan::default()
    })
    .await;
    let Some(disk) = LoopDisk::mount(&scene.path("disk"), &scene.path("small")) else {
        return false;
    };
    scene.login().await;
    let run = scene.run().await;
    scene.more_answers(&run, 20).await;
    report.inject("failing disk of two stores");
    disk.fail();
    until(&run, "a word on both stores", || refusals(&run) >= 2).await;
    scene.more_answers(&run, 5).await;
    stop(run).await;
    disk.mend();
    let run = scene.run().await;
    run.wait_for_line("polled", DEADLINE).await;
    stop(run).await;
    report.survive();
    let wanted = expected_of_all(&scene.bmw.served());
    report.hold_files(&scene, &wanted);
    report.hold(
        "csv of the failed disk",
        &stores::csv(&scene.path("small/csv")),
        &wanted,
    );
    report.hold(
        "sqlite of the failed disk",
        &stores::sqlite(&scene.path("small/cardata.db")),
        &wanted,
    );
    true
}

/// Runs for a while and holds the stores.
async fn finish(report: &mut Report, scene: &Scene) {
    let run = scene.run().await;
    scene.more_answers(&run, 3).await;
    stop(run).await;
    report.hold_files(scene, &expected_of_all(&scene.bmw.served()));
}
