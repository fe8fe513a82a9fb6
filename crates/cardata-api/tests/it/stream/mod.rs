//! The stream's client against a broker on loopback.

mod bounds;
mod broker;
mod login;
mod session;
mod tls;

use std::time::Duration;

use cardata_api::stream::{BrokerConnector, Message, MqttConnector, MqttSession, StreamError, StreamLogin};
use collector_core::Trust;

use broker::{Broker, Peer};

const TOKEN: &str = "eyJ.secret.token";

fn login() -> StreamLogin {
    StreamLogin {
        gcid: "gcid".to_owned(),
        id_token: TOKEN.to_owned().into(),
        client_id: "cardata-1".to_owned(),
    }
}

/// One that waits long and pings never, as far as a test is concerned.
fn connector(broker: &Broker) -> BrokerConnector {
    BrokerConnector::new(broker.address("127.0.0.1"), &Trust::default())
        .with_keep_alive(Duration::from_secs(3_600))
        .with_patience(Duration::from_secs(60))
}

/// A session that the broker granted, and the broker's side of it.
async fn connected(broker: &Broker, connector: &BrokerConnector) -> (Box<dyn MqttSession>, Peer) {
    let login = login();
    let client = async { connector.reach().await.unwrap().log_in(&login).await.unwrap() };
    tokio::join!(client, async {
        let mut peer = broker.accept().await;
        peer.grant().await;
        peer
    })
}

/// The error of a login at a broker that does this.
async fn refused(broker: &Broker, connector: BrokerConnector, deed: impl AsyncFnOnce(Peer)) -> StreamError {
    let login = login();
    let client = async { connector.reach().await.unwrap().log_in(&login).await };
    let (result, ()) = tokio::join!(client, async { deed(broker.accept().await).await });
    let error = result.err().unwrap();
    assert!(!format!("{error} {error:?}").contains(TOKEN));
    error
}

/// Everything up to the end, and the end.
async fn rest(session: &mut dyn MqttSession) -> (Vec<Message>, StreamError) {
    let mut all = Vec::new();
    loop {
        match session.receive().await {
            Ok(messages) => {
                assert!(!messages.is_empty());
                all.extend(messages);
            }
            Err(end) => return (all, end),
        }
    }
}

/// What the messages say, in their order.
fn texts(messages: &[Message]) -> Vec<&str> {
    messages
        .iter()
        .map(|message| std::str::from_utf8(&message.payload).unwrap())
        .collect()
}
