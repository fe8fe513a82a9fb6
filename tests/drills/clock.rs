//! A clock that jumps by hours, days and a year in both directions while the program runs, and between its runs.

use std::path::PathBuf;
use std::time::Duration;

use cardata_sim::{Fault, SimConfig};
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use tests::oracle::expected_of_all;
use tests::scene::{Plan, Scene, stop, until_within};
use tests::servers::faketime;

use crate::report::{Outcome, Report};
use crate::runner::Context;

const HOUR: i64 = 3_600;
/// Each is taken in both directions, in any order, so that the clock is right again in the end.
const JUMPS: [(i64, &str); 4] = [
    (HOUR, "an hour"),
    (6 * HOUR, "6 hours"),
    (25 * HOUR, "25 hours"),
    (365 * 24 * HOUR, "a year"),
];
/// Within this real time the polls go on: the program looks at the clock once a minute.
const SOON: Duration = Duration::from_secs(90);

/// The library that tells the program another time, which stands in a file.
struct FakeClock {
    file: PathBuf,
    /// Seconds ahead of the real time.
    ahead: i64,
}

impl FakeClock {
    fn set(scene: &mut Scene, library: PathBuf) -> Self {
        let clock = Self {
            file: scene.path("time"),
            ahead: 0,
        };
        clock.write();
        scene.set_env("LD_PRELOAD", library);
        scene.set_env("FAKETIME_TIMESTAMP_FILE", &clock.file);
        scene.set_env("FAKETIME_NO_CACHE", "1");
        // A monotonic clock never jumps.
        scene.set_env("DONT_FAKE_MONOTONIC", "1");
        clock
    }

    fn jump(&mut self, seconds: i64) {
        self.ahead += seconds;
        self.write();
    }

    /// Replaced as a whole: the program may read at any moment.
    fn write(&self) {
        let new = self.file.with_extension("new");
        std::fs::write(&new, format!("{:+}\n", self.ahead)).unwrap();
        std::fs::rename(new, &self.file).unwrap();
    }
}

fn jumps(random: &mut StdRng, rounds: usize) -> Vec<(i64, String)> {
    let mut jumps = Vec::new();
    for _ in 0..rounds {
        for (seconds, name) in JUMPS {
            jumps.push((seconds, format!("{name} forward")));
            jumps.push((-seconds, format!("{name} back")));
        }
    }
    jumps.shuffle(random);
    jumps
}

/// Logins outlive a year: a token that seems to have expired is another drill.
fn patient(seed: u64) -> SimConfig {
    SimConfig {
        seed,
        refresh_lifetime: Duration::from_secs(3 * 365 * 86_400),
        ..SimConfig::default()
    }
}

pub async fn jumping(context: Context) -> Outcome {
    let library = match faketime() {
        Ok(library) => library,
        Err(reason) => return Outcome::LeftOut(reason),
    };
    let mut report = Report::default();
    for (start, name) in [(10, "1970"), (2_840_000_000, "2059")] {
        boots_at_another_time(context, &mut report, library.clone(), start, name).await;
    }
    keeps_polling(context, &mut report, library.clone()).await;
    keeps_the_quota(context, &mut report, library).await;
    Outcome::Done(report)
}

/// A machine that has no clock of its own begins in 1970, or with what a dead battery left, and gets its time later. Until then
/// no certificate is valid, so that nobody can be reached.
async fn boots_at_another_time(
    context: Context,
    report: &mut Report,
    library: PathBuf,
    start: i64,
    name: &str,
) {
    let plan = Plan {
        speed: 1.0,
        every: "2s",
        ..Plan::default()
    };
    let mut scene = Scene::with(patient(context.seed), &plan).await;
    scene.login().await;
    let mut clock = FakeClock::set(&mut scene, library);
    clock.jump(start - jiff::Timestamp::now().as_second());
    scene.bmw.inject_on("/", u32::MAX, Fault::Reset);
    report.inject(&format!("a start in {name}"));
    let run = scene.run().await;
    run.wait_for_line("the vehicles of the account are not known", SOON)
        .await;
    scene.bmw.clear_faults();
    clock.jump(-clock.ahead);
    until_within(&run, SOON, "polls in the present", || scene.answers() >= 2).await;
    report.survive();
    let said = stop(run).await;
    // By a clock that is ahead it has ended.
    if start < 1_000 && said.err.contains("cardata login") {
        report.problem(format!("the login was given up: {}", said.err));
    }
    report.hold_files(&scene, &expected_of_all(&scene.bmw.served()));
    let database = rusqlite::Connection::open(scene.path("cardata.db")).unwrap();
    let query = "select count(*) from readings where abs(julianday(received_at) - julianday('now')) > 1";
    let strange: u32 = database.query_row(query, [], |row| row.get(0)).unwrap();
    if strange > 0 {
        report.problem(format!("{strange} readings came at another time than now"));
    }
}

/// Polls go on soon after every jump, whatever the clock says.
async fn keeps_polling(context: Context, report: &mut Report, library: PathBuf) {
    let plan = Plan {
        speed: 1.0,
        every: "2s",
        ..Plan::default()
    };
    let mut scene = Scene::with(patient(context.seed), &plan).await;
    let mut clock = FakeClock::set(&mut scene, library);
    scene.login().await;
    let mut run = scene.run().await;
    scene.more_answers(&run, 1).await;
    let jumps = jumps(&mut context.random(), 1);
    for (round, (seconds, name)) in jumps.into_iter().take(context.choose(usize::MAX, 3)).enumerate() {
        let restart = round % 4 == 3;
        report.inject(&if restart { name + " over a restart" } else { name });
        if restart {
            stop(run).await;
            clock.jump(seconds);
            run = scene.run().await;
        } else {
            clock.jump(seconds);
        }
        let before = scene.answers();
        until_within(
            &run,
            SOON,
            &format!("polls after a jump to {:+} s", clock.ahead),
            || scene.answers() >= before + 2,
        )
        .await;
        report.survive();
    }
    stop(run).await;
    report.hold_files(&scene, &expected_of_all(&scene.bmw.served()));
    report.hold_calls(&scene.bmw, 100_000);
    report.hold_ledger(&scene.path("state"), &scene.bmw);
}

/// However the clock jumps, what really is a day has no more than 50 calls. All of this drill is in one day.
async fn keeps_the_quota(context: Context, report: &mut Report, library: PathBuf) {
    let plan = Plan {
        speed: 1.0,
        every: "auto",
        calls_per_day: 50,
        ..Plan::default()
    };
    let mut scene = Scene::with(patient(context.seed), &plan).await;
    let mut clock = FakeClock::set(&mut scene, library);
    scene.login().await;
    for (seconds, name) in jumps(&mut context.random(), context.choose(4, 1)) {
        report.inject(&format!("{name} between runs on a budget"));
        let run = scene.run().await;
        tokio::time::sleep(Duration::from_millis(300)).await;
        stop(run).await;
        clock.jump(seconds);
        report.survive();
    }
    report.hold_files(&scene, &expected_of_all(&scene.bmw.served()));
    report.hold_calls(&scene.bmw, 50);
    report.hold_ledger(&scene.path("state"), &scene.bmw);
}
