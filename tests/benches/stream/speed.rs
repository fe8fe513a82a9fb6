//! Messages a second: those that wait at the broker, and those that come in a burst.

use std::time::{Duration, Instant};

use tests::process::Cardata;
use tests::scene::stop;
use tests::servers::{Mosquitto, VictoriaMetrics};
use tests::stores;
use tests::stream::flow::{Flow, vins};
use tests::stream::stage::{NO_LIMITS, Stage};

use crate::bare::Bare;
use crate::{line, program};

const VEHICLES: usize = 10;
const BURST: usize = 20_000;

/// Through journal and four sinks: what waits at the broker for a session that it keeps, taken as fast as it can be, and
/// what is being published meanwhile by a publisher that shares the machine.
pub async fn sustained(full: bool) {
    let messages = if full { 400_000 } else { 100_000 };
    let (Some(metrics), Some(household)) =
        (VictoriaMetrics::start().await, Mosquitto::with(&NO_LIMITS).await)
    else {
        return;
    };
    let sinks = format!(
        "  - type: csv\n    dir: csv\n  - type: sqlite\n    path: cardata.db\n  - type: influxdb\n    \
         url: {}\n    database: cardata\n{}",
        metrics.url(),
        program::household(&household)
    );
    let Some(stage) = program::with_sinks(&sinks, 3_600).await else {
        return;
    };
    let filter = format!("{}/+", stage.gcid);
    let mut flow = Flow::of_all(vins(VEHICLES), 1);

    eprintln!("\n{messages} messages of one reading that wait at a local broker");
    let told = flow.news(messages);
    Bare::subscribe(&stage.broker, &filter).await.leave().await;
    stop(stage.run().await).await;
    publish(&stage, &told).await;
    let bare = rate(messages, Bare::connect(&stage.broker).take(messages).await);
    forget_bare(&stage).await;
    let before = stores::newest_entry(&stage.scene.path("state"));
    let run = stage.run().await;
    taken(&stage, run, before, messages, bare, async {}).await;
    sizes(&stage, messages);

    eprintln!("\n{messages} messages of one reading while they are published");
    let told = flow.news(messages);
    let before = stores::newest_entry(&stage.scene.path("state"));
    let mut subscriber = Bare::subscribe(&stage.broker, &filter).await;
    let (took, ()) = tokio::join!(subscriber.take(messages), publish(&stage, &told));
    subscriber.leave().await;
    forget_bare(&stage).await;
    let bare = rate(messages, took);
    // What the bare subscriber took waits for the program too: its session was kept.
    let run = stage.run().await;
    program::acknowledged(&stage.scene, before + messages as u64).await;
    let told = flow.news(messages);
    let before = stores::newest_entry(&stage.scene.path("state"));
    taken(&stage, run, before, messages, bare, publish(&stage, &told)).await;
}

async fn publish(stage: &Stage, told: &[tests::stream::message::Told]) {
    let publisher = stage.publisher();
    for part in told.chunks(20_000) {
        publisher.publish_all(part).await;
    }
}

/// Tells how fast the program takes so many messages from now on, beside the bare subscriber, and ends it: how far sinks
/// have got is written from time to time, but a clean end waits for all of them.
async fn taken(
    stage: &Stage,
    run: Cardata,
    before: u64,
    messages: usize,
    bare: f64,
    meanwhile: impl Future<Output = ()>,
) {
    let wanted = before + messages as u64;
    let began = Instant::now();
    let taken = async {
        let journal = program::entries(&stage.scene, wanted).await;
        let (_, most) = program::memory(&run);
        stop(run).await;
        (journal, most, Instant::now())
    };
    let ((journal, most, delivered), ()) = tokio::join!(taken, meanwhile);
    let reached = stores::acknowledged(&stage.scene.path("state"), &[]);
    assert!(reached >= wanted, "a clean end waits for all sinks");
    line("a bare subscriber of rumqttc, QoS 1", &format!("{bare:.0}/s"), "");
    for (what, when) in [
        ("committed in the journal, four sinks beside it", journal),
        ("in csv, sqlite, VictoriaMetrics and a broker", delivered),
    ] {
        let ours = rate(messages, when - began);
        let against = format!("{:.2} of the bare subscriber (goal 0.33)", ours / bare);
        line(what, &format!("{ours:.0}/s"), &against);
    }
    tell_memory(most);
}

fn tell_memory(most: u64) {
    line(
        "most resident memory meanwhile",
        &format!("{:.1} MiB", mebibytes(most)),
        "",
    );
}

fn sizes(stage: &Stage, messages: usize) {
    for (what, path) in [("journal", "state/journal.db"), ("sqlite", "cardata.db")] {
        let bytes = program::bytes(&stage.scene.path(path)) as f64 / messages as f64;
        line(
            &format!("{what} on disk"),
            &format!("{bytes:.0} bytes a reading"),
            "",
        );
    }
}

/// A burst while it is being sent: publisher, broker and program share the machine.
pub async fn burst(full: bool) {
    let sinks = "  - type: sqlite\n    path: cardata.db\n";
    let Some(stage) = program::with_sinks(sinks, 3_600).await else {
        return;
    };
    let bursts = if full { 5 } else { 3 };
    eprintln!("\n{BURST} messages in a burst, with journal and sqlite");
    let filter = format!("{}/+", stage.gcid);
    let mut flow = Flow::of_all(vins(VEHICLES), 1);
    // Made before it is published: what it takes to make a message is no part of the burst.
    let mut alone = Vec::new();
    for _ in 0..bursts {
        let told = flow.news(BURST);
        let mut bare = Bare::subscribe(&stage.broker, &filter).await;
        let publisher = stage.publisher();
        let (took, ()) = tokio::join!(bare.take(BURST), publisher.publish_all(&told));
        bare.leave().await;
        forget_bare(&stage).await;
        alone.push(took);
    }
    let run = stage.run().await;
    let mut committed = Vec::new();
    for _ in 0..bursts {
        let told = flow.news(BURST);
        let publisher = stage.publisher();
        let wanted = stores::newest_entry(&stage.scene.path("state")) + BURST as u64;
        let began = Instant::now();
        let (when, ()) = tokio::join!(
            program::entries(&stage.scene, wanted),
            publisher.publish_all(&told)
        );
        committed.push(when - began);
    }
    let (_, most) = program::memory(&run);
    stop(run).await;
    let (bare, ours) = (rate(BURST, median(alone)), rate(BURST, median(committed)));
    line(
        "a bare subscriber, while the burst is sent",
        &format!("{bare:.0}/s"),
        "",
    );
    line(
        "committed in the journal",
        &format!("{ours:.0}/s"),
        &format!(
            "{:.2} of the bare subscriber; goal 10000/s, others 1830/s with loss",
            ours / bare
        ),
    );
    tell_memory(most);
}

/// Ends the bare subscriber's session, which would collect all that comes later.
async fn forget_bare(stage: &Stage) {
    let mut options = tests::stream::options(&stage.broker, "bare");
    options.set_clean_session(true);
    let (client, mut events) = rumqttc::AsyncClient::builder(options).capacity(10).build();
    let connected = |event| matches!(event, rumqttc::Event::Incoming(rumqttc::Packet::ConnAck(_)));
    while !connected(events.poll().await.unwrap()) {}
    client.disconnect().await.unwrap();
    while events.poll().await.is_ok() {}
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

fn rate(messages: usize, took: Duration) -> f64 {
    messages as f64 / took.as_secs_f64()
}

pub fn mebibytes(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}
