//! A session that was granted: what is received, answered and told at its end.

use std::time::Duration;

use cardata_api::stream::StreamError;
use rumqttc::mqttbytes::v4::{Packet, PubAck};
use tokio::io::AsyncWriteExt;

use super::broker::{Broker, publish, publishes, suback, written};
use super::{connected, connector, rest, texts};

#[tokio::test]
async fn packets_may_come_byte_by_byte() {
    let broker = Broker::start().await;
    let (mut session, mut peer) = connected(&broker, &connector(&broker)).await;
    let sent = tokio::spawn(async move {
        for byte in written(&publishes(20)) {
            peer.socket.write_all(&[byte]).await.unwrap();
            peer.socket.flush().await.unwrap();
        }
    });
    let (messages, _) = rest(&mut *session).await;
    sent.await.unwrap();
    let expected: Vec<_> = (1..=20).map(|id| id.to_string()).collect();
    assert_eq!(texts(&messages), expected);
    assert!(messages.iter().all(|message| message.topic == "gcid/vin"));
}

#[tokio::test]
async fn what_is_acknowledged_is_what_the_owner_says_and_nothing_else() {
    let broker = Broker::start().await;
    let (mut session, mut peer) = connected(&broker, &connector(&broker)).await;
    peer.send(&publishes(5)).await;
    let mut messages = session.receive().await.unwrap();
    while messages.len() < 5 {
        messages.extend(session.receive().await.unwrap());
    }
    session.acknowledge(&[]).await;
    session.acknowledge(&messages[1..4]).await;
    // Nothing was sent for having been taken.
    let acknowledged = [2, 3, 4].map(|id| Packet::PubAck(PubAck::new(id)));
    assert_eq!(peer.one_read().await, acknowledged);
    session.acknowledge(&messages[..1]).await;
    assert_eq!(peer.next().await, Some(Packet::PubAck(PubAck::new(1))));
    session.close().await;
    assert_eq!(peer.next().await, Some(Packet::Disconnect));
}

#[tokio::test]
async fn a_message_that_needs_no_answer_gets_none() {
    let broker = Broker::start().await;
    let (mut session, mut peer) = connected(&broker, &connector(&broker)).await;
    let Packet::Publish(mut unnumbered) = publish(1, "a") else {
        panic!("a message")
    };
    unnumbered.qos = rumqttc::mqttbytes::QoS::AtMostOnce;
    unnumbered.pkid = 0;
    peer.send(&[Packet::Publish(unnumbered)]).await;
    let messages = session.receive().await.unwrap();
    assert_eq!(messages[0].id, None);
    session.acknowledge(&messages).await;
    session.close().await;
    assert_eq!(peer.next().await, Some(Packet::Disconnect));
}

#[tokio::test]
async fn what_had_arrived_is_told_before_the_end_and_the_end_for_ever() {
    let broker = Broker::start().await;
    let (mut session, mut peer) = connected(&broker, &connector(&broker)).await;
    peer.send(&publishes(2_000)).await;
    drop(peer);
    let (messages, end) = rest(&mut *session).await;
    assert_eq!(messages.len(), 2_000);
    assert!(matches!(end, StreamError::Closed { .. }), "{end}");
    for _ in 0..3 {
        assert_eq!(session.receive().await, Err(end.clone()));
        session.acknowledge(&messages).await;
    }
    session.close().await;
}

#[tokio::test]
async fn a_wait_that_is_given_up_loses_nothing() {
    let broker = Broker::start().await;
    let (mut session, mut peer) = connected(&broker, &connector(&broker)).await;
    for id in 1..=50 {
        let given_up = tokio::select! {
            biased;
            messages = session.receive() => Some(messages),
            () = std::future::ready(()) => None,
        };
        assert!(given_up.is_none());
        peer.send(&[publish(id, "a")]).await;
        assert_eq!(session.receive().await.unwrap()[0].id, Some(id));
    }
}

#[tokio::test]
async fn a_silent_broker_is_found_out() {
    let broker = Broker::start().await;
    let connector = connector(&broker).with_keep_alive(Duration::from_millis(100));
    let (mut session, mut peer) = connected(&broker, &connector).await;
    assert_eq!(session.receive().await, Err(StreamError::Silent));
    assert_eq!(peer.next().await, Some(Packet::PingReq));
    assert_eq!(peer.next().await, None);
}

#[tokio::test]
async fn a_quiet_broker_that_answers_is_not_silent() {
    let broker = Broker::start().await;
    let connector = connector(&broker).with_keep_alive(Duration::from_secs(2));
    let (mut session, mut peer) = connected(&broker, &connector).await;
    // The second comes when it would have been given up without an answer to the first.
    for _ in 0..2 {
        assert_eq!(peer.next().await, Some(Packet::PingReq));
        peer.send(&[Packet::PingResp]).await;
    }
    peer.send(&[publish(1, "after two pings")]).await;
    assert_eq!(texts(&session.receive().await.unwrap()), ["after two pings"]);
}

#[tokio::test]
async fn what_is_no_mqtt_ends_it_behind_what_was() {
    let broker = Broker::start().await;
    let subscribe = [0x82, 8, 0, 1, 0, 3, b'a', b'/', b'b', 0];
    for bad in [&[0xf0, 0][..], &subscribe[..], &[0x30, 0xff, 0xff, 0xff, 0xff]] {
        let (mut session, mut peer) = connected(&broker, &connector(&broker)).await;
        let bytes = [written(&[suback(), publish(9, "good")]), bad.to_vec()].concat();
        peer.socket.write_all(&bytes).await.unwrap();
        let (messages, end) = rest(&mut *session).await;
        assert_eq!(texts(&messages), ["good"]);
        assert!(matches!(end, StreamError::Protocol { .. }), "{end}");
        assert_eq!(peer.next().await, None);
    }
}

#[tokio::test]
async fn a_goodbye_is_said_behind_the_acknowledgements() {
    let broker = Broker::start().await;
    let (mut session, mut peer) = connected(&broker, &connector(&broker)).await;
    peer.send(&[publish(4, "a")]).await;
    let messages = session.receive().await.unwrap();
    session.acknowledge(&messages).await;
    session.close().await;
    assert_eq!(peer.next().await, Some(Packet::PubAck(PubAck::new(4))));
    assert_eq!(peer.next().await, Some(Packet::Disconnect));
    assert_eq!(peer.next().await, None);
}

#[tokio::test]
async fn a_dropped_session_leaves_no_connection() {
    let broker = Broker::start().await;
    let (session, mut peer) = connected(&broker, &connector(&broker)).await;
    drop(session);
    assert_eq!(peer.next().await, None);
}
