//! What polls cost that come as often as no owner may ask: one a second, through four sinks.

use tests::scene::{Plan, Scene};
use tests::servers::InfluxDb1;

use crate::line;
use crate::meter::{self, Processor};
use crate::year::Year;

/// Time runs sixty times as fast, for the program as for BMW, and BMW's quota is lifted: so a poll a minute, the
/// program's most, is one a second. What an hour costs in which nothing is asked is measured beside it, and taken off.
const SPEED: f64 = 60.0;
const POLLS: usize = 60;
/// An hour of the program's time.
const SECONDS: u32 = 60;
/// What the start has left to do, and what comes first, is over after so many seconds.
const WARM: u32 = 15;

pub async fn measure(year: &Year) {
    eprintln!(
        "\n{POLLS} polls, one a second, with stdout, csv, sqlite and InfluxDB; time runs {SPEED} times as fast"
    );
    let Some(server) = InfluxDb1::start().await else {
        eprintln!("{:<52}left out: no server", "");
        return;
    };
    let (spent, polls) = over_an_hour(year, &server, "1m").await;
    let (time_alone, _) = over_an_hour(year, &server, "12h").await;
    let figure = (spent - time_alone) * POLLS as f64 / polls as f64;
    line("processor time", &format!("{figure:.3} s"), "goal 0.10 s");
    line(
        "of an hour without polls, so fast",
        &format!("{time_alone:.3} s"),
        "taken off",
    );
}

/// Seconds of processor time over sixty seconds behind a while of use, and the polls that were made in them.
async fn over_an_hour(year: &Year, server: &InfluxDb1, every: &str) -> (f64, usize) {
    // The sinks beside SQLite begin with what comes.
    let sinks = format!(
        "  - {{ type: stdout, start: latest }}\n  - {{ type: csv, dir: csv, start: latest }}\n  \
         - {{ type: sqlite, path: cardata.db }}\n  \
         - {{ type: influxdb, fields: descriptor, url: \"{}\", database: {}, start: latest }}\n",
        server.url(),
        server.create_database().await
    );
    let plan = Plan {
        speed: SPEED,
        every,
        sinks: &sinks,
        ..Plan::default()
    };
    let scene = Scene::set(&plan).await;
    scene.login().await;
    year.copy_to(&scene);
    let run = scene.run().await;
    let mut processor = Processor::of(&run);
    processor.over(WARM).await;
    let before = scene.answers();
    let spent = processor.over(SECONDS).await;
    let polls = scene.answers() - before;
    meter::end(run).await;
    (spent, polls)
}
