//! What a stream costs at rest: memory with many vehicles, and processor time at a message a second.

use std::time::Duration;

use tests::scene::stop;
use tests::stores;
use tests::stream::flow::{Flow, vins};

use crate::speed::mebibytes;
use crate::{line, program};

const SQLITE: &str = "  - type: sqlite\n    path: cardata.db\n";
const VEHICLES: usize = 1_000;
/// Each vehicle has said everything that it says once.
const KINDS: usize = 8;
const SECOND: Duration = Duration::from_secs(1);

/// Resident memory with journal and SQLite: one vehicle, then a thousand.
pub async fn memory(full: bool) {
    eprintln!("\nresident memory with journal and sqlite, after a message a second");
    for vehicles in [1, VEHICLES] {
        let Some(stage) = program::with_sinks(SQLITE, 3_600).await else {
            return;
        };
        let run = stage.run().await;
        let publisher = stage.publisher();
        let mut flow = Flow::of_all(vins(vehicles), 1);
        let before = stores::newest_entry(&stage.scene.path("state"));
        let mut told = 0;
        let mut say = async |count: usize| {
            publisher.publish_all(&flow.news(count)).await;
            told += count;
            program::entries(&stage.scene, before + told as u64).await;
        };
        // Everybody speaks, a hundred messages at a time, and then one a second.
        for _ in 0..(vehicles * KINDS).div_ceil(100) {
            say(100).await;
        }
        let mut pace = tokio::time::interval(SECOND);
        for _ in 0..if full { 60 } else { 10 } {
            pace.tick().await;
            say(1).await;
        }
        program::acknowledged(&stage.scene, before + told as u64).await;
        let (now, most) = program::memory(&run);
        stop(run).await;
        line(
            &format!("{vehicles} vehicles"),
            &format!("{:.1} MiB", mebibytes(now)),
            &format!(
                "most {:.1} MiB; goal under 20, others 13.5 without a store",
                mebibytes(most)
            ),
        );
    }
}

/// Processor time at a message a second, without the start.
pub async fn processor(full: bool) {
    let Some(stage) = program::with_sinks(SQLITE, 3_600).await else {
        return;
    };
    let seconds: u32 = if full { 60 } else { 15 };
    let run = stage.run().await;
    let publisher = stage.publisher();
    let mut flow = Flow::of(&stage.vin(), 1);
    let mut pace = tokio::time::interval(SECOND);
    // What the start still does is over after some seconds.
    for _ in 0..5 {
        pace.tick().await;
        publisher.publish_all(&flow.news(1)).await;
    }
    let before = program::processor(&run);
    for _ in 0..seconds {
        pace.tick().await;
        publisher.publish_all(&flow.news(1)).await;
    }
    let spent = (program::processor(&run) - before) * 60.0 / f64::from(seconds);
    stop(run).await;
    eprintln!("\nprocessor time at a message a second, with journal and sqlite");
    line(
        "journal and sqlite",
        &format!("{spent:.2} s a minute"),
        "goal 0.02, as the best of others without a store",
    );
}
