//! The broker of the tests: it starts, takes what is published, and gives it to whoever subscribed.

use tests::servers::Mosquitto;
use tests::stream::connections::{self, LOG};
use tests::stream::flow::Flow;
use tests::stream::gate::Gate;
use tests::stream::listener::Listener;
use tests::stream::publisher::Publisher;
use tests::stream::rival::Rival;

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

#[tokio::test]
async fn a_client_that_logs_in_with_the_id_of_another_takes_its_place() {
    let Some(broker) = Mosquitto::with(&LOG).await else {
        return;
    };
    let (one, other) = (Rival::of(&broker, "both"), Rival::of(&broker, "both"));
    let fought = |broker: &Mosquitto| connections::logins(broker, Rival::USER).len() > 4;
    connections::wait(&broker, "duel", DEADLINE, fought).await;
    assert!(broker.log().contains("already connected, closing old connection"));
    drop((one, other));
}

#[tokio::test]
async fn a_gate_that_is_shut_breaks_what_passes_through_it() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let gate = Gate::to(listener.local_addr().unwrap().port()).await;
    let knock = async || {
        tokio::net::TcpStream::connect(("127.0.0.1", gate.port()))
            .await
            .unwrap()
    };
    let read = async |stream: &mut tokio::net::TcpStream| {
        use tokio::io::AsyncReadExt;
        stream.read(&mut [0; 9]).await.unwrap_or_default()
    };
    let mut client = knock().await;
    let (mut server, _) = listener.accept().await.unwrap();
    tokio::io::AsyncWriteExt::write_all(&mut server, b"hello")
        .await
        .unwrap();
    assert_eq!(read(&mut client).await, 5);
    gate.set_open(false);
    assert_eq!(read(&mut client).await, 0);
    assert_eq!(read(&mut knock().await).await, 0);
    assert_eq!(gate.turned_away(), 1);
    gate.set_open(true);
    let _client = knock().await;
    listener.accept().await.unwrap();
}
