//! Somebody asks at the broker for a poll.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use collector_core::testkit::context;
use collector_core::{Demands, PollRefused, Polled, Sink, Vin};
use jiff::Timestamp;
use serde_json::{Value, json};
use tests::home_assistant::Schema;
use tests::servers::Mosquitto;
use tests::subscriber::{Heard, Subscriber, kept};
use tokio::sync::Semaphore;

use crate::fake::{Fake, NOON, soc};
use crate::{options, sink_in, sink_knowing, with};

const SET: &str = "cardata/i4/poll/set";
const ANSWERS: &str = "cardata/+/poll";
const BUTTON: &str = "homeassistant/button/cardata/WBY8P210X07A12345_poll_now/config";

/// More polls than are ever made at a time.
const ALL: u32 = 1_000;

/// An engine that polls when it is let.
#[derive(Debug)]
struct Engine {
    asked: AtomicUsize,
    lets: Semaphore,
    answer: Result<Polled, PollRefused>,
}

impl Engine {
    fn answering(answer: Result<Polled, PollRefused>) -> Arc<Self> {
        Arc::new(Self {
            asked: AtomicUsize::new(0),
            lets: Semaphore::new(ALL as usize),
            answer,
        })
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

#[async_trait]
impl Demands for Engine {
    fn are_taken(&self) -> bool {
        true
    }

    async fn poll(&self, vin: &Vin) -> Result<Polled, PollRefused> {
        assert_eq!(vin.as_str(), "WBY8P210X07A12345");
        self.asked.fetch_add(1, Ordering::SeqCst);
        let _let = self.lets.acquire().await.unwrap();
        self.answer.clone()
    }
}

fn done() -> Result<Polled, PollRefused> {
    Ok(Polled::at(at()))
}

fn at() -> Timestamp {
    Timestamp::from_millisecond(NOON + 60_000).unwrap()
}

fn sink(broker: &Mosquitto, engine: &Arc<Engine>, more: Value) -> Box<dyn Sink> {
    let present = Fake::knowing(vec![soc(50.0, 0)]);
    present.set_now(at());
    let mut context = context();
    context.present = Arc::new(present);
    context.demands = engine.clone();
    let mut sink = sink_in(with(options(broker), more), context);
    sink.start();
    sink
}

/// Waits until the sink is there and has told everything.
async fn ready(broker: &Mosquitto) -> Subscriber {
    let mut assistant = Subscriber::start(broker, "#").await;
    assistant
        .until(|heard| heard.iter().any(|it| it.topic == BUTTON))
        .await;
    Subscriber::start(broker, ANSWERS).await
}

async fn answers(owner: &mut Subscriber, count: usize) -> Vec<Value> {
    let heard = heard(owner, count).await;
    assert!(heard.iter().all(|it| !it.retained), "{heard:?}");
    heard.iter().map(Heard::json).collect()
}

/// What came as answers, when so many have.
async fn heard(owner: &mut Subscriber, count: usize) -> Vec<Heard> {
    let is_answer = |it: &&Heard| it.topic.ends_with("/poll");
    let heard = owner.until(|heard| heard.iter().filter(is_answer).count() >= count);
    heard.await.into_iter().filter(|it| is_answer(&it)).collect()
}

#[tokio::test]
async fn a_press_of_the_button_polls_the_vehicle_and_is_answered() {
    let Some(broker) = Mosquitto::start().await else {
        return;
    };
    let engine = Engine::answering(done());
    let mut sink = sink(&broker, &engine, json!({}));
    let mut owner = ready(&broker).await;
    let button = kept(&broker, BUTTON).await[BUTTON].json();
    let checked = Schema::default().check("homeassistant", BUTTON, &button);
    assert_eq!(checked.as_deref(), Ok("button"), "{button:#}");
    assert_eq!(button["default_entity_id"], "button.i4_poll_now");
    assert_eq!(button["command_topic"], SET);
    owner
        .publish(SET, button["payload_press"].as_str().unwrap(), false)
        .await;
    let answer = json!({ "state": "done", "reason": null, "at": "2026-03-01T12:01:00.000Z" });
    assert_eq!(answers(&mut owner, 1).await[0], answer);
    owner.publish(SET, "", false).await;
    assert_eq!(answers(&mut owner, 2).await[1], answer);
    assert_eq!(engine.asked(), 2);
    sink.close().await.unwrap();
    assert!(kept(&broker, ANSWERS).await.is_empty());
}

#[tokio::test]
async fn what_is_refused_says_why() {
    let Some(broker) = Mosquitto::start().await else {
        return;
    };
    let free_at = at();
    let engine = Engine::answering(Err(PollRefused::BudgetSpent { free_at }));
    let mut sink = sink(&broker, &engine, json!({}));
    let mut owner = ready(&broker).await;
    owner.publish(SET, "PRESS", false).await;
    let reason = "no call can be spared for this: the next one is free at 2026-03-01T12:01:00Z, as far as is known now";
    let answer = json!({ "state": "refused", "reason": reason, "at": "2026-03-01T12:01:00.000Z" });
    assert_eq!(answers(&mut owner, 1).await, [answer]);
    owner.publish(SET, "OFF", false).await;
    owner.publish("cardata/i5/poll/set", "PRESS", false).await;
    owner.publish(SET, &"x".repeat(900_000), false).await;
    let told = heard(&mut owner, 4).await;
    for (answer, (topic, reason)) in told[1..].iter().zip([
        ("cardata/i4/poll", "the payload means nothing here"),
        ("cardata/i5/poll", "no vehicle is called so"),
        ("cardata/i4/poll", "the payload means nothing here"),
    ]) {
        assert_eq!(
            (answer.topic.as_str(), &answer.json()["state"]),
            (topic, &json!("refused"))
        );
        assert!(answer.payload.contains(reason), "{answer:?}");
    }
    assert_eq!(engine.asked(), 1);
    sink.close().await.unwrap();
}

#[tokio::test]
async fn a_message_that_the_broker_kept_is_no_demand() {
    let Some(broker) = Mosquitto::start().await else {
        return;
    };
    let publisher = Subscriber::start(&broker, ANSWERS).await;
    publisher.publish(SET, "PRESS", true).await;
    let engine = Engine::answering(done());
    for _ in 0..2 {
        let mut sink = sink(&broker, &engine, json!({}));
        let mut owner = ready(&broker).await;
        // Behind the one that was kept; so are its answers.
        owner.publish("cardata/i5/poll/set", "", false).await;
        let told = answers(&mut owner, 1).await;
        assert_eq!(told[0]["reason"], "no vehicle is called so");
        sink.close().await.unwrap();
    }
    assert_eq!(engine.asked(), 0);
    assert_eq!(
        kept(&broker, SET).await.len(),
        1,
        "it is left to whoever put it there"
    );
}

#[tokio::test]
async fn a_flood_is_one_demand_and_breaks_nothing() {
    let Some(broker) = Mosquitto::with(&["max_queued_messages 0"]).await else {
        return;
    };
    let engine = Engine::answering(done());
    let holds = engine.lets.acquire_many(ALL).await.unwrap();
    let mut sink = sink(&broker, &engine, json!({}));
    let mut owner = ready(&broker).await;
    let stranger = "v".repeat(900);
    for turn in 0..2_000 {
        owner.publish(SET, "PRESS", false).await;
        owner
            .publish(&format!("cardata/{stranger}{turn}/poll/set"), "PRESS", false)
            .await;
    }
    assert_eq!(engine.asked(), 1, "all of them wait for one answer");
    drop(holds);
    let is_done = |heard: &[Heard]| heard.iter().any(|it| it.topic == "cardata/i4/poll");
    owner.until(is_done).await;
    // One more at most: what was asked while the answer was on its way.
    assert!(engine.asked() <= 2, "{}", engine.asked());
    sink.close().await.unwrap();
}

#[tokio::test]
async fn a_message_that_no_sink_takes_costs_the_connection_and_nothing_else() {
    let Some(broker) = Mosquitto::start().await else {
        return;
    };
    let engine = Engine::answering(done());
    let mut sink = sink(&broker, &engine, json!({}));
    let mut owner = ready(&broker).await;
    let mut status = Subscriber::start(&broker, "cardata/status").await;
    owner.publish(SET, &"x".repeat(3_000_000), false).await;
    let is_back = |heard: &[Heard]| {
        let gone = heard.iter().position(|it| it.payload == "offline");
        gone.is_some_and(|gone| heard[gone..].iter().any(|it| it.payload == "online"))
    };
    status.until(is_back).await;
    owner.publish(SET, "", false).await;
    assert_eq!(answers(&mut owner, 1).await[0]["state"], "done");
    assert_eq!(engine.asked(), 1);
    sink.close().await.unwrap();
}

#[tokio::test]
async fn where_nothing_is_polled_there_is_no_button_and_what_stood_there_is_taken_away() {
    let Some(broker) = Mosquitto::start().await else {
        return;
    };
    let engine = Engine::answering(done());
    let mut first = sink(&broker, &engine, json!({}));
    let mut owner = ready(&broker).await;
    first.close().await.unwrap();
    let mut second = sink_knowing(options(&broker), Fake::knowing(vec![soc(50.0, 0)]));
    second.write(&[]).await.unwrap();
    assert!(kept(&broker, BUTTON).await.is_empty());
    owner.publish(SET, "", false).await;
    let told = answers(&mut owner, 1).await;
    assert_eq!(told[0]["reason"], PollRefused::Stopped.to_string());
    second.close().await.unwrap();
}

#[tokio::test]
async fn a_vehicle_that_is_new_has_its_button_with_its_first_value() {
    let Some(broker) = Mosquitto::start().await else {
        return;
    };
    let engine = Engine::answering(done());
    let mut context = context();
    context.demands = engine.clone();
    let mut sink = sink_in(options(&broker), context);
    sink.write(&[]).await.unwrap();
    assert!(kept(&broker, BUTTON).await.is_empty());
    sink.write(&crate::fake::entries(vec![soc(50.0, 0)]))
        .await
        .unwrap();
    assert_eq!(kept(&broker, BUTTON).await.len(), 1);
    let mut owner = Subscriber::start(&broker, ANSWERS).await;
    owner.publish(SET, "", false).await;
    answers(&mut owner, 1).await;
    // A poll that is under way keeps nobody from leaving.
    let _holds = engine.lets.acquire_many(ALL).await.unwrap();
    owner.publish(SET, "", false).await;
    while engine.asked() < 2 {
        tokio::task::yield_now().await;
    }
    sink.close().await.unwrap();
}
