//! A machine that dies, and another one that goes on from the backup.

use std::time::Duration;

use cardata_sim::{Served, SimConfig};
use rand::Rng;
use tests::oracle::{Row, answers, expected};
use tests::process::Signal;
use tests::scene::{Plan, Scene, call_in, end, stop};
use tests::stores;

use crate::report::{Outcome, Report};
use crate::runner::Context;

const BACKUP: &str = "saved.cardata";

/// A backup holds a login that is good until it is refreshed.
fn long_lived(seed: u64) -> SimConfig {
    SimConfig {
        seed,
        token_lifetime: Duration::from_secs(365 * 86_400),
        refresh_lifetime: Duration::from_secs(3 * 365 * 86_400),
        ..SimConfig::default()
    }
}

/// The machine of this number has empty stores, which are filled from the journal.
fn sinks(machine: usize) -> String {
    format!(
        "  - name: csv-{machine}\n    type: csv\n    dir: csv-{machine}\n  - name: sqlite-{machine}\n    \
         type: sqlite\n    path: cardata-{machine}.db\n"
    )
}

pub async fn on_an_empty_machine(context: Context) -> Outcome {
    let help = call_in(&std::env::temp_dir(), &["--help"]).await;
    if !help.out.contains("restore") {
        return Outcome::LeftOut("this program has no `cardata restore`".to_owned());
    }
    let plan = Plan {
        speed: 6_000.0,
        sinks: &sinks(0),
        ..Plan::default()
    };
    let scene = Scene::with(long_lived(context.seed), &plan).await;
    scene.login().await;
    let logins = scene.requests("device").len();
    let mut report = Report::default();
    let mut random = context.random();
    // The answers that are in the journal, by their number.
    let mut history: Vec<usize> = Vec::new();
    let mut seen = 0;
    for machine in 0..context.choose(12, 2) {
        let run = scene.run().await;
        scene.more_answers(&run, 5).await;
        assert_eq!(scene.call(&["backup", "--force", BACKUP]).await.code, Some(0));
        scene.more_answers(&run, random.random_range(1..20)).await;
        report.inject("backup killed");
        let backup = scene.start(&["backup", "--force", BACKUP]);
        // The moment of death is what is tried out here.
        tokio::time::sleep(random.random_range(Duration::ZERO..Duration::from_millis(80))).await;
        backup.signal(Signal::Kill).await;
        end(backup).await;
        report.survive();
        scene.more_answers(&run, random.random_range(1..10)).await;
        stop(run).await;
        let served = scene.bmw.served();
        history.extend(seen..answers(&served).len());
        seen = answers(&served).len();
        hold(&mut report, &scene, machine, &kept(&served, &history));

        report.inject("machine lost");
        std::fs::remove_dir_all(scene.path("state")).unwrap();
        scene.edit(|text| text.replace(&sinks(machine), &sinks(machine + 1)));
        let said = scene.call(&["restore", BACKUP]).await;
        assert_eq!(said.code, Some(0), "{said:?}");
        let restored = stores::snapshots(&scene.path("state")) as usize;
        assert!(
            restored > 0 && restored <= history.len(),
            "{restored} of {} entries",
            history.len()
        );
        history.truncate(restored);
        report.survive();
    }
    if scene.requests("device").len() != logins {
        report.problem("a restore needed another login");
    }
    report.hold_calls(&scene.bmw, 100_000);
    Outcome::Done(report)
}

/// What must be stored of the answers that are in the journal.
fn kept(served: &[Served], history: &[usize]) -> Vec<Row> {
    let all = answers(served);
    expected(history.iter().map(|index| all[*index]))
}

fn hold(report: &mut Report, scene: &Scene, machine: usize, wanted: &[Row]) {
    let csv = stores::csv(&scene.path(&format!("csv-{machine}")));
    report.hold(&format!("csv of machine {machine}"), &csv, wanted);
    let sqlite = stores::sqlite(&scene.path(&format!("cardata-{machine}.db")));
    report.hold(&format!("sqlite of machine {machine}"), &sqlite, wanted);
}
