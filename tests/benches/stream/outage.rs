//! What an outage and the change of tokens cost.

use std::time::{Duration, Instant};

use tests::scene::stop;
use tests::stores;
use tests::stream::flow::Flow;
use tests::stream::message::rows;
use tests::stream::stage;

use crate::{line, program};

const SQLITE: &str = "  - type: sqlite\n    path: cardata.db\n";
const OUTAGE: Duration = Duration::from_secs(5);
const PACE: Duration = Duration::from_millis(50);

/// How long after the broker's return the program is subscribed again.
pub async fn back(full: bool) {
    eprintln!("\nbroker away for {} s", OUTAGE.as_secs());
    let Some(mut stage) = program::with_sinks(SQLITE, 3_600).await else {
        return;
    };
    let run = stage.run().await;
    let mut times = Vec::new();
    for _ in 0..if full { 9 } else { 3 } {
        let before = stage.subscriptions();
        stage.broker.kill();
        tokio::time::sleep(OUTAGE).await;
        stage.broker.start_again().await;
        let returned = Instant::now();
        stage::back(&stage, before).await;
        times.push(returned.elapsed().as_secs_f64());
    }
    stop(run).await;
    times.sort_by(f64::total_cmp);
    line(
        "subscribed again after its return, median",
        &format!("{:.2} s", times[times.len() / 2]),
        &format!(
            "slowest of {} {:.2} s; goal 2 s, others 17 to 30 s",
            times.len(),
            times[times.len() - 1]
        ),
    );
}

/// What is lost over tokens that change, of twenty messages a second.
pub async fn rotation(full: bool) {
    let (token, seconds) = if full { (20, 120) } else { (6, 30) };
    eprintln!("\ntokens of {token} s at 20 messages a second over {seconds} s");
    let Some(stage) = program::with_sinks(SQLITE, token).await else {
        return;
    };
    let run = stage.run().await;
    let publisher = stage.publisher();
    let told = Flow::of(&stage.vin(), 1).news(seconds * 20);
    let mut pace = tokio::time::interval(PACE);
    for one in &told {
        pace.tick().await;
        publisher.publish_all(std::slice::from_ref(one)).await;
    }
    // One more, told last and waited for: everything before it has had its time.
    let last = Flow::of(&tests::stream::flow::vins(1)[0], 1).news(1);
    publisher.publish_all(&last).await;
    let state = stage.scene.path("state");
    let arrived = format!("select count(*) from vehicle where vin = '{}'", last[0].vin);
    while stores::journal(&state, &arrived) == 0 {
        tokio::time::sleep(PACE).await;
    }
    let logins = stage.logins().len();
    stop(run).await;
    let found = stores::sqlite(&stage.scene.path("cardata.db"));
    let wanted = rows(&told);
    let lost = wanted.iter().filter(|row| !found.contains(row)).count();
    line(
        &format!("lost over {logins} logins"),
        &format!("{lost} of {}", wanted.len()),
        "goal 0, others 0.44 % to 21 %",
    );
}
