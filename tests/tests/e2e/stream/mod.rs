//! The live stream end to end: the real program, a real broker, and a publisher that knows what the broker took.

mod bursts;
mod duels;
mod history;
mod household;
mod kills;
mod outages;
mod strays;
mod tokens;

use std::time::Duration;

use tests::stream::merge::assert_merged;
use tests::stream::message::{Told, rows};
use tests::stream::publisher::Publisher;
use tests::stream::stage::Stage;

use crate::oracle::{Row, expected_of_all};
use crate::scene::FILES;
use crate::stores;

/// How long a car that speaks twenty times a second is silent between two messages.
const PACE: Duration = Duration::from_millis(50);

/// Publishes one message after the other at twenty a second, and gives those that the broker accepted.
async fn speak(publisher: &Publisher, told: &[Told]) -> Vec<Told> {
    let mut pace = tokio::time::interval(PACE);
    let mut accepted = Vec::with_capacity(told.len());
    for one in told {
        pace.tick().await;
        accepted.extend(publisher.publish(std::slice::from_ref(one)).await);
    }
    accepted
}

/// Both files hold what was polled and what was streamed, each reading once, and nothing else.
fn assert_history(stage: &Stage, accepted: &[Told]) {
    assert_history_of(stage, |_, _| rows(accepted));
}

/// The same where `messages` says of each store what was streamed, from what that has.
fn assert_history_of(stage: &Stage, messages: impl Fn(&str, &[Row]) -> Vec<Row>) {
    let polls = expected_of_all(&stage.scene.bmw.served());
    let stores = [
        ("csv", stores::csv(&stage.scene.path("csv"))),
        ("sqlite", stores::sqlite(&stage.scene.path("cardata.db"))),
    ];
    for (store, found) in stores {
        assert_merged(store, &found, &polls, &messages(store, &found));
    }
    stage.scene.assert_lawful();
}
