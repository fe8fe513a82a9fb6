//! A live stream while the program is killed and its way to the broker is cut, at any moment. First at QoS 1, at which
//! nothing is lost; then at QoS 0, as BMW delivers: what is missing then lies in a gap that the program names.

use std::collections::HashSet;
use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;
use rand::Rng;
use tests::oracle::{Difference, Row, expected_of_all};
use tests::process::{Cardata, Signal};
use tests::scene::{DEADLINE, FILES, stop, until};
use tests::stores;
use tests::stream::flow::{Flow, vins};
use tests::stream::gate::Gate;
use tests::stream::merge;
use tests::stream::message::{Told, rows};
use tests::stream::publisher::Publisher;
use tests::stream::stage::{Stage, in_real_time, tokens_of};

use crate::report::{Outcome, Report};
use crate::runner::Context;

/// From the moment of a subscription to the next fault.
const LONGEST_PEACE: Duration = Duration::from_millis(600);
const MOST_MESSAGES: usize = 1_500;
/// Messages that are on their way when a connection ends or begins, in milliseconds.
const ON_THEIR_WAY: i64 = 2_000;

pub async fn under_faults(context: Context) -> Outcome {
    // A refresh token works once: one that dies with the program takes the login with it.
    let Some(stage) = Stage::set(tokens_of(60 * 86_400), &in_real_time(FILES)).await else {
        return Outcome::LeftOut("there is no broker (--without-servers)".to_owned());
    };
    let gate = Gate::to(stage.broker.port()).await;
    let (direct, through) = (stage.broker.url(), format!("mqtts://localhost:{}", gate.port()));
    stage.scene.edit(|text| text.replace(&direct, &through));
    let mut report = Report::default();
    let mut random = context.random();
    let mut flow = Flow::of_all(vins(3), context.seed);
    let publisher = stage.publisher();
    let mut accepted = Vec::new();
    let mut run = stage.run().await;
    // A poll that dies with the program is another drill's.
    run.wait_for_line("polled", DEADLINE).await;
    for _ in 0..context.choose(60, 8) {
        let told = flow.life(random.random_range(100..MOST_MESSAGES));
        let peace = random.random_range(Duration::ZERO..LONGEST_PEACE);
        let killed = random.random_bool(0.5);
        let before = stage.subscriptions();
        let (taken, next) = tokio::join!(publisher.publish(&told), async {
            // The moment of the fault is what is tried out here.
            tokio::time::sleep(peace).await;
            if killed {
                kill(&stage, run).await
            } else {
                cut(&gate, run).await
            }
        });
        run = next;
        accepted.extend(taken);
        report.inject(if killed { "SIGKILL" } else { "connection cut" });
        stage.subscribed_since(&run, before).await;
        report.survive();
    }
    stage.stored(&run, rows(&accepted).len()).await;

    let mut sent = Vec::new();
    for _ in 0..context.choose(20, 3) {
        let told = flow.life(random.random_range(100..MOST_MESSAGES));
        let peace = random.random_range(Duration::ZERO..LONGEST_PEACE);
        let before = stage.subscriptions();
        let (taken, next) = tokio::join!(as_bmw(&publisher, &stage.gcid, &told), async {
            tokio::time::sleep(peace).await;
            kill(&stage, run).await
        });
        run = next;
        sent.extend(taken);
        report.inject("SIGKILL at QoS 0");
        stage.subscribed_since(&run, before).await;
        report.survive();
    }
    let last = flow.life(1);
    accepted.extend(publisher.publish(&last).await);
    let (database, last) = (stage.scene.path("cardata.db"), last[0].row());
    until(&run, "the last message in the store", || {
        stores::sqlite(&database).contains(&last)
    })
    .await;
    stop(run).await;

    let polls = expected_of_all(&stage.scene.bmw.served());
    let messages = rows(accepted.iter().chain(sent.iter().map(|(told, _)| told)));
    for (store, found) in [
        ("csv", stores::csv(&stage.scene.path("csv"))),
        ("sqlite", stores::sqlite(&stage.scene.path("cardata.db"))),
    ] {
        let mut difference = merge::compare(&found, &polls, &messages);
        let named = forgive(&mut difference, &accepted, &sent, &stage.scene.path("state"));
        report.hold_difference(store, &found, &difference);
        report.note(format!("{store}: {named} readings in gaps that are named"));
    }
    report.note(format!("{} messages", accepted.len() + sent.len()));
    Outcome::Done(report)
}

/// Publishes as BMW's broker delivers; with each message when it left.
async fn as_bmw(publisher: &Publisher, gcid: &str, told: &[Told]) -> Vec<(Told, Timestamp)> {
    let mut sent = Vec::with_capacity(told.len());
    for one in told {
        sent.push((one.clone(), Timestamp::now()));
        publisher.publish_as_bmw(&one.vin, one.payload(gcid)).await;
        // A drive, not one packet.
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    sent
}

/// Takes out of a difference what nobody had to acknowledge and was sent in gaps that the program names; how much.
fn forgive(
    difference: &mut Difference,
    accepted: &[Told],
    sent: &[(Told, Timestamp)],
    state: &Path,
) -> usize {
    let before = difference.missing.len();
    let owed: HashSet<Row> = accepted.iter().map(Told::row).collect();
    let gaps = stores::stream_gaps(state);
    let is_in_a_gap = |at: i64| {
        let mut gaps = gaps.iter();
        gaps.any(|(began, ended)| at + ON_THEIR_WAY >= *began && at - ON_THEIR_WAY <= *ended)
    };
    let mut heard: HashSet<Row> = HashSet::new();
    for (told, at) in sent {
        if !is_in_a_gap(at.as_millisecond()) {
            heard.insert(told.row());
        }
    }
    difference
        .missing
        .retain(|row| owed.contains(row) || heard.contains(row));
    before - difference.missing.len()
}

async fn kill(stage: &Stage, mut run: Cardata) -> Cardata {
    run.signal(Signal::Kill).await;
    run.wait_exit(DEADLINE).await;
    stage.scene.hurry(&["run"])
}

/// Ends when somebody was turned away: the program has seen that the way is shut.
async fn cut(gate: &Gate, run: Cardata) -> Cardata {
    let before = gate.turned_away();
    gate.set_open(false);
    until(&run, "attempt at a shut gate", || gate.turned_away() > before).await;
    gate.set_open(true);
    run
}
