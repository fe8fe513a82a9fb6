//! More messages in a second than a car sends in a year.

use tests::process::Cardata;
use tests::stream::flow::{Flow, vins};
use tests::stream::message::rows;
use tests::stream::stage::{Stage, in_real_time, tokens_of};

use super::{FILES, assert_history};
use crate::scene::stop;

/// Ten seconds at ten thousand a second; they come as fast as the broker takes them.
const BURST: usize = 100_000;
/// Bytes. Of a build without optimisation; what waits is bounded whatever the burst's size.
const MOST_MEMORY: u64 = 96 << 20;

#[tokio::test]
async fn a_burst_is_kept_whole_in_bounded_memory() {
    let Some(stage) = Stage::set(tokens_of(3_600), &in_real_time(FILES)).await else {
        return;
    };
    let run = stage.run().await;
    let publisher = stage.publisher();
    let told = Flow::of_all(vins(10), 1).life(BURST);
    for part in told.chunks(5_000) {
        publisher.publish_all(part).await;
    }
    stage.stored(&run, rows(&told).len()).await;
    let most = most_memory(&run);
    stop(run).await;
    assert!(most < MOST_MEMORY, "{most} bytes");
    assert_history(&stage, &told);
}

/// The most memory that the program ever had resident, in bytes.
fn most_memory(run: &Cardata) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", run.id())).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:"));
    let number = line.and_then(|line| line.split_whitespace().nth(1));
    number.expect("a number of kB").parse::<u64>().unwrap() * 1_024
}
