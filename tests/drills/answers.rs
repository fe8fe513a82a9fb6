//! Answers that no server should give: endless, a byte a second, packed, nested, and of the wrong kind.

use std::time::Duration;

use cardata_sim::{Fault, SimConfig, SimVehicle};
use tests::oracle::{Row, expected_of_all};
use tests::process::Cardata;
use tests::scene::{Plan, Scene, count, end, stop, until, until_within};
use tests::stores;

use crate::meddler::{Junk, Meddler};
use crate::report::{Outcome, Report};
use crate::runner::Context;

/// What the program may need at most, in megabytes. The largest body that it reads is 32 MiB.
const MEMORY: u64 = 1_500;

pub async fn of_every_kind(context: Context) -> Outcome {
    let plan = Plan::default();
    // Its container is deleted more often than ten times within a month.
    let own = SimConfig {
        deleted_containers_count: false,
        ..plan.bmw()
    };
    let mut scene = Scene::with(own, &plan).await;
    let other = SimConfig {
        vehicles: vec![SimVehicle::new("WBY71AW050FP22222")],
        ..SimConfig::default()
    };
    let neighbour = scene.add_account("work", other, &plan).await;
    let meddler = Meddler::start(&scene.url()).await;
    let plain = scene.url();
    scene.edit(|text| text.replace(&plain, &meddler.url()));
    let drill = Drill {
        scene: &scene,
        meddler: &meddler,
        neighbour: &|| neighbour.answers(),
        quick: context.choose(false, true),
    };
    let mut report = meddler.server.beside(drill.run()).await;
    let served = [scene.bmw.served(), neighbour.served()].concat();
    let ours = |rows: Vec<Row>| -> Vec<Row> {
        rows.into_iter()
            .filter(|row| !row.descriptor.starts_with("drill."))
            .collect()
    };
    let wanted = expected_of_all(&served);
    report.hold("csv", &ours(stores::csv(&scene.path("csv"))), &wanted);
    report.hold(
        "sqlite",
        &ours(stores::sqlite(&scene.path("cardata.db"))),
        &wanted,
    );
    report.hold_calls(&scene.bmw, 100_000);
    Outcome::Done(report)
}

struct Drill<'a> {
    scene: &'a Scene,
    meddler: &'a Meddler,
    /// How many answers the account beside has got, which nothing meddles with.
    neighbour: &'a dyn Fn() -> usize,
    quick: bool,
}

impl Drill<'_> {
    async fn run(&self) -> Report {
        let mut report = Report::default();
        let scene = self.scene;
        for command in [&["login"][..], &["vehicles", "--refresh"], &["containers"]] {
            self.command(&mut report, command).await;
        }
        let run = scene.run().await;
        scene.more_answers(&run, 2).await;
        for junk in Junk::ALL
            .into_iter()
            .filter(|junk| !self.quick || !junk.takes_its_time())
        {
            self.poll(&mut report, &run, junk).await;
            if self.quick {
                continue;
            }
            self.refresh(&mut report, &run, junk).await;
            self.container(&mut report, &run, junk).await;
        }
        let peak = peak_megabytes(&run);
        report.note(format!("the program needed {peak} MB at most"));
        if peak > MEMORY {
            report.problem(format!(
                "{peak} MB are more than the {MEMORY} MB that it may need"
            ));
        }
        stop(run).await;
        report
    }

    /// A command that meets junk ends with words, and succeeds when it is run again.
    async fn command(&self, report: &mut Report, arguments: &[&str]) {
        let command = arguments[0];
        let path = match command {
            "login" => "/gcdm/oauth/device/code",
            "vehicles" => "/customers/vehicles/mappings",
            _ => "/customers/containers",
        };
        for junk in Junk::ALL.into_iter().filter(|junk| !junk.takes_its_time()) {
            let served = self.meddler.served();
            self.meddler.order(path, junk);
            report.inject(&format!("`{command}` with junk"));
            let said = end(self.scene.start(arguments)).await;
            assert!(self.meddler.served() > served, "`{command}` asks: {said:?}");
            // Junk may be sound where nothing is asked for that is missing.
            if said.code == Some(70) || said.code.is_none() {
                report.problem(format!("`{command}` with {junk:?}: {said:?}"));
            }
            report.survive();
            if self.quick {
                break;
            }
        }
        let said = end(self.scene.start(arguments)).await;
        assert_eq!(said.code, Some(0), "{command}: {said:?}");
    }

    async fn poll(&self, report: &mut Report, run: &Cardata, junk: Junk) {
        self.meet(report, run, "telematicData", junk).await;
        self.scene.more_answers(run, 2).await;
        report.survive();
    }

    async fn refresh(&self, report: &mut Report, run: &Cardata, junk: Junk) {
        self.scene.bmw.inject_on("telematicData", 1, Fault::ExpireTokens);
        self.meet(report, run, "/gcdm/oauth/token", junk).await;
        self.scene.more_answers(run, 2).await;
        report.survive();
    }

    async fn container(&self, report: &mut Report, run: &Cardata, junk: Junk) {
        self.scene
            .bmw
            .inject_on("telematicData", 1, Fault::DeleteContainer);
        self.meet(report, run, "/customers/containers", junk).await;
        self.scene.more_answers(run, 2).await;
        report.survive();
    }

    /// Serves the junk. The account beside goes on, however long that takes.
    async fn meet(&self, report: &mut Report, run: &Cardata, path: &str, junk: Junk) {
        let served = self.meddler.served();
        let failed = count(run, "a poll failed");
        self.meddler.order(path, junk);
        report.inject(junk.name());
        until(run, &format!("request for {junk:?}"), || {
            self.meddler.served() > served
        })
        .await;
        if !junk.takes_its_time() {
            return;
        }
        let before = (self.neighbour)();
        until(run, "more answers of the account beside", || {
            (self.neighbour)() >= before + 20
        })
        .await;
        if count(run, "a poll failed") > failed {
            report.problem("the other account had to wait for the time-out");
        }
        // The time-outs of the API and of the login are a minute and half of it.
        let ended = || count(run, "a poll failed") > failed;
        until_within(run, Duration::from_secs(100), "time-out", ended).await;
    }
}

/// The most memory that the program has had.
fn peak_megabytes(run: &Cardata) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", run.id())).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    kilobytes.unwrap_or(0) / 1_024
}
