//! The broker of the tests: it starts, takes what is published, and gives it to whoever subscribed.

use tests::servers::Mosquitto;
use tests::stream::connections::{self, LOG};
use tests::stream::flow::Flow;
use tests::stream::listener::Listener;
use tests::stream::publisher::Publisher;

use crate::scene::DEADLINE;

const VIN: &str = "WBY71AW050FP12345";

#[tokio::test]
async fn a_real_broker_passes_messages_on_and_says_who_was_there() {
    let Some(mut broker) = Mosquitto::with(&LOG).await else {
        return;
    };
    let listener = Listener::subscribe(&broker, "household", "gcid-1/+").await;
    let told = Flow::of(VIN, 1).life(500);
    Publisher::connect(&broker, "gcid-1").publish_all(&told).await;
    listener
        .wait_until("message", DEADLINE, |heard| heard.len() == 500)
        .await;
    for (heard, told) in listener.heard().iter().zip(&told) {
        assert_eq!(heard.topic, format!("gcid-1/{VIN}"));
        assert_eq!(heard.text(), told.payload("gcid-1"));
        assert!(!heard.retained);
    }
    let logins = connections::logins(&broker, "household");
    assert_eq!(logins.len(), 1, "{}", broker.log());
    assert!(logins[0].clean && logins[0].keep_alive == 30, "{logins:?}");
    assert_eq!(
        connections::subscriptions(&broker, "gcid-1"),
        1,
        "{}",
        broker.log()
    );

    broker.kill();
    broker.start_again().await;
    let again = Listener::subscribe(&broker, "household", "gcid-1/+").await;
    let publisher = Publisher::connect(&broker, "gcid-1");
    publisher.publish_raw(&publisher.topic(VIN), "anything").await;
    again
        .wait_until("message", DEADLINE, |heard| heard.len() == 1)
        .await;
    again.leave().await;
}

#[tokio::test]
async fn what_a_broker_did_not_answer_for_was_not_accepted() {
    let Some(mut broker) = Mosquitto::start().await else {
        return;
    };
    let publisher = Publisher::connect(&broker, "gcid-1");
    let mut flow = Flow::of(VIN, 2);
    publisher.publish_all(&flow.news(10)).await;
    broker.kill();
    assert_eq!(publisher.publish(&flow.news(10)).await, []);
}
