//! What polls cost that come as often as no owner may ask: one a second, through four sinks.

use std::time::Duration;

use tests::scene::{Plan, Scene};
use tests::servers::InfluxDb1;

use crate::line;
use crate::meter::{self, Processor};
use crate::year::Year;

/// Time runs sixty times as fast, for the program as for BMW, and BMW's quota is lifted: so a poll a minute, the
/// program's most, is one a second.
const SPEED: f64 = 60.0;
const POLLS: usize = 60;

pub async fn measure(year: &Year) {
    eprintln!(
        "\n{POLLS} polls, one a second, with stdout, csv, sqlite and InfluxDB; time runs {SPEED} times as fast"
    );
    let Some(server) = InfluxDb1::start().await else {
        eprintln!("{:<52}left out: no server", "");
        return;
    };
    // The sinks beside SQLite begin with what comes.
    let sinks = format!(
        "  - {{ type: stdout, start: latest }}\n  - {{ type: csv, dir: csv, start: latest }}\n  \
         - {{ type: sqlite, path: cardata.db }}\n  \
         - {{ type: influxdb, url: \"{}\", database: {}, start: latest }}\n",
        server.url(),
        server.create_database().await
    );
    let plan = Plan {
        speed: SPEED,
        sinks: &sinks,
        ..Plan::default()
    };
    let scene = Scene::set(&plan).await;
    scene.login().await;
    year.copy_to(&scene);
    let run = scene.run().await;
    scene.more_answers(&run, 5).await;
    let mut processor = Processor::of(&run);
    let (before, began) = (scene.answers(), processor.look());
    let mut pace = tokio::time::interval(Duration::from_secs(1));
    while scene.answers() < before + POLLS {
        pace.tick().await;
        processor.look();
    }
    let polls = scene.answers() - before;
    let spent = (processor.look() - began) * POLLS as f64 / polls as f64;
    meter::end(run).await;
    line("processor time", &format!("{spent:.3} s"), "goal 0.10 s");
}
