//! Polls that somebody asks for at the owner's broker, of the real program: each costs one call, and none that a planned poll needs.

use std::collections::BTreeSet;

use jiff::SignedDuration;
use tests::home_assistant::Schema;
use tests::servers::Mosquitto;
use tests::subscriber::{Heard, Subscriber};

use crate::scene::{Plan, Scene, stop, until};
use crate::stores;

/// Polls, their upkeep and what the owner may ask for.
const CALLS: u32 = 14;

#[tokio::test]
async fn a_press_brings_one_call_and_an_answer_until_no_call_can_be_spared() {
    let Some(broker) = Mosquitto::start().await else {
        return;
    };
    let sinks = format!(
        "  - type: mqtt\n    url: {}\n    ca: {}\n",
        broker.url(),
        broker.ca().display()
    );
    let scene = Scene::set(&Plan {
        speed: 60.0,
        calls_per_day: CALLS,
        every: "12h",
        sinks: &sinks,
        ..Plan::default()
    })
    .await;
    scene.login().await;
    let mut owner = Subscriber::start(&broker, "#").await;
    let run = scene.run().await;
    let is_button = |it: &&Heard| it.topic.starts_with("homeassistant/button/");
    let told = owner.until(|heard| heard.iter().any(|it| is_button(&it))).await;
    let told = told.iter().find(is_button).unwrap();
    let button = told.json();
    let checked = Schema::default().check("homeassistant", &told.topic, &button);
    assert!(checked.is_ok(), "{checked:?}: {button:#}");
    let set = button["command_topic"].as_str().unwrap().to_owned();
    let answers = set.trim_end_matches("/set").to_owned();
    let polls = || scene.requests("telematicData").len();
    until(&run, "the first poll", || polls() == 1).await;

    let mut at = BTreeSet::new();
    let refused = loop {
        // Whoever asks within a minute of a poll has the same answer.
        let later = scene.bmw.now() + SignedDuration::from_secs(70);
        until(&run, "another minute", || scene.bmw.now() > later).await;
        let before = answered(&owner.all().await, &answers).len();
        owner.publish(&set, "PRESS", false).await;
        let heard = owner
            .until(|heard| answered(heard, &answers).len() > before)
            .await;
        let answer = answered(&heard, &answers)[before].json();
        if answer["state"] != "done" {
            break answer;
        }
        at.insert(answer["at"].as_str().unwrap().to_owned());
    };
    assert_eq!(refused["state"], "refused");
    let reason = refused["reason"].as_str().unwrap();
    assert!(reason.contains("no call can be spared for this"), "{reason}");
    assert!(at.len() > 1, "{at:?} {refused}");
    assert_eq!(polls(), 1 + at.len(), "a call each, and nothing else: {at:?}");
    let spent = scene.bmw.spent_today();
    assert!(
        spent < CALLS,
        "{spent}: the planned polls of the day are still possible"
    );
    stop(run).await;
    let demanded = "select count(*) from quota where call = 'demanded_telematic_data' and outcome = 'ok'";
    let demanded = stores::journal(&scene.path("state"), demanded);
    assert_eq!(usize::try_from(demanded).unwrap(), polls() - 1);
    scene.assert_lawful();
}

/// The answers, in the order in which they came.
fn answered<'a>(heard: &'a [Heard], topic: &str) -> Vec<&'a Heard> {
    let answers: Vec<_> = heard.iter().filter(|it| it.topic == topic).collect();
    assert!(answers.iter().all(|it| !it.retained));
    answers
}
