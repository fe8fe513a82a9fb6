//! A live stream while the program is killed and its way to the broker is cut, at any moment.

use std::time::Duration;

use rand::Rng;
use tests::oracle::expected_of_all;
use tests::process::{Cardata, Signal};
use tests::scene::{DEADLINE, FILES, stop, until};
use tests::stores;
use tests::stream::flow::{Flow, vins};
use tests::stream::gate::Gate;
use tests::stream::merge;
use tests::stream::message::rows;
use tests::stream::stage::{Stage, in_real_time, tokens_of};

use crate::report::{Outcome, Report};
use crate::runner::Context;

/// From the moment of a subscription to the next fault.
const LONGEST_PEACE: Duration = Duration::from_millis(600);
const MOST_MESSAGES: usize = 1_500;

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
    stop(run).await;

    let polls = expected_of_all(&stage.scene.bmw.served());
    let messages = rows(&accepted);
    for (store, found) in [
        ("csv", stores::csv(&stage.scene.path("csv"))),
        ("sqlite", stores::sqlite(&stage.scene.path("cardata.db"))),
    ] {
        let difference = merge::compare(&found, &polls, &messages);
        report.hold_difference(store, &found, &difference);
    }
    report.note(format!("{} messages", accepted.len()));
    Outcome::Done(report)
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
