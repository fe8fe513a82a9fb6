//! The beginning of a session, and everything that a broker may say to it.

use std::time::Duration;

use cardata_api::stream::{MqttConnector, StreamError, StreamLogin};
use rumqttc::mqttbytes::QoS;
use rumqttc::mqttbytes::v4::{ConnectAuth, ConnectReturnCode, Packet, SubAck, SubscribeReasonCode};
use tokio::io::AsyncWriteExt;

use super::broker::{Broker, connack, no_suback, publishes, suback};
use super::{TOKEN, connected, connector, login, refused, rest, texts};

#[tokio::test]
async fn login_and_subscription_leave_in_one_write() {
    let broker = Broker::start().await;
    let connector = connector(&broker).with_keep_alive(Duration::from_secs(30));
    let login = login();
    let client = async { connector.reach().await.unwrap().log_in(&login).await };
    let (session, packets) = tokio::join!(client, async {
        let mut peer = broker.accept().await;
        let packets = peer.one_read().await;
        peer.send(&[connack(ConnectReturnCode::Success), suback()]).await;
        packets
    });
    session.unwrap();
    let [Packet::Connect(connect), Packet::Subscribe(subscribe)] = &packets[..] else {
        panic!("{packets:?}")
    };
    assert_eq!(
        (connect.client_id.as_str(), connect.keep_alive),
        ("cardata-1", 30)
    );
    assert!(!connect.clean_session && connect.last_will.is_none());
    let auth = ConnectAuth::UsernamePassword {
        username: "gcid".to_owned(),
        password: TOKEN.into(),
    };
    assert_eq!(connect.auth, auth);
    let [filter] = &subscribe.filters[..] else {
        panic!("{subscribe:?}")
    };
    assert_eq!((filter.path.as_str(), filter.qos), ("gcid/+", QoS::AtLeastOnce));
}

#[tokio::test]
async fn every_refusal_says_what_helps() {
    use ConnectReturnCode::{
        BadClientId, BadUserNamePassword, NotAuthorized, RefusedProtocolVersion, ServiceUnavailable,
    };
    let broker = Broker::start().await;
    for (code, expected) in [
        (BadUserNamePassword, StreamError::Refused { code: 4 }),
        (NotAuthorized, StreamError::Refused { code: 5 }),
        (RefusedProtocolVersion, StreamError::Unavailable { code: 1 }),
        (BadClientId, StreamError::Unavailable { code: 2 }),
        (ServiceUnavailable, StreamError::Unavailable { code: 3 }),
    ] {
        let error = refused(&broker, connector(&broker), async |mut peer| {
            peer.greeted().await;
            peer.send(&[connack(code)]).await;
        });
        assert_eq!(error.await, expected);
    }
    let reserved = refused(&broker, connector(&broker), async |mut peer| {
        peer.socket.write_all(&[0x20, 2, 0, 135]).await.unwrap();
        peer.greeted().await;
    });
    assert_eq!(reserved.await, StreamError::Unavailable { code: 135 });
}

#[tokio::test]
async fn a_subscription_may_be_refused_or_granted_at_less() {
    let broker = Broker::start().await;
    let error = refused(&broker, connector(&broker), async |mut peer| {
        peer.greeted().await;
        peer.send(&[connack(ConnectReturnCode::Success), no_suback()])
            .await;
    });
    assert_eq!(error.await, StreamError::NoSubscription);

    let login = login();
    let connector = connector(&broker);
    let client = async { connector.reach().await.unwrap().log_in(&login).await };
    let (session, ()) = tokio::join!(client, async {
        let mut peer = broker.accept().await;
        peer.greeted().await;
        let least = SubscribeReasonCode::Success(QoS::AtMostOnce);
        let granted = Packet::SubAck(SubAck::new(1, vec![least]));
        peer.send(&[connack(ConnectReturnCode::Success), granted]).await;
    });
    assert!(session.is_ok());
}

#[tokio::test]
async fn what_a_kept_session_sends_first_is_not_lost() {
    let broker = Broker::start().await;
    let (connector, login) = (connector(&broker), login());
    for last in [3, 5_000] {
        let client = async { connector.reach().await.unwrap().log_in(&login).await };
        let (session, ()) = tokio::join!(client, async {
            let mut peer = broker.accept().await;
            peer.greeted().await;
            peer.send(&[connack(ConnectReturnCode::Success)]).await;
            peer.send(&publishes(last)).await;
            peer.send(&[suback()]).await;
        });
        let (messages, end) = rest(&mut *session.unwrap()).await;
        let expected: Vec<_> = (1..=last).map(|id| id.to_string()).collect();
        assert_eq!(texts(&messages), expected);
        assert!(matches!(end, StreamError::Closed { .. }), "{end}");
    }
}

#[tokio::test]
async fn what_came_before_a_refused_subscription_is_received_too() {
    let broker = Broker::start().await;
    let (connector, login) = (connector(&broker), login());
    let client = async { connector.reach().await.unwrap().log_in(&login).await };
    let (session, _peer) = tokio::join!(client, async {
        let mut peer = broker.accept().await;
        peer.greeted().await;
        peer.send(&[connack(ConnectReturnCode::Success)]).await;
        peer.send(&publishes(2)).await;
        peer.send(&[no_suback()]).await;
        peer
    });
    let (messages, end) = rest(&mut *session.unwrap()).await;
    assert_eq!(texts(&messages), ["1", "2"]);
    assert_eq!(end, StreamError::NoSubscription);
}

#[tokio::test]
async fn a_broker_that_dropped_the_subscription_is_asked_again() {
    let broker = Broker::start().await;
    let connector = connector(&broker).with_patience(Duration::from_secs(4));
    let login = login();
    let client = async { connector.reach().await.unwrap().log_in(&login).await };
    let (session, again) = tokio::join!(client, async {
        let mut peer = broker.accept().await;
        peer.greeted().await;
        peer.send(&[connack(ConnectReturnCode::Success)]).await;
        let again = peer.next().await;
        peer.send(&[suback()]).await;
        again
    });
    assert!(session.is_ok());
    let Some(Packet::Subscribe(again)) = again else {
        panic!("{again:?}")
    };
    assert_eq!(again.filters[0].path, "gcid/+");
}

#[tokio::test]
async fn a_broker_that_does_not_answer_is_given_up() {
    let broker = Broker::start().await;
    let connector = connector(&broker).with_patience(Duration::from_millis(100));
    let mute = refused(&broker, connector.clone(), async |mut peer| {
        peer.greeted().await;
        assert_eq!(peer.next().await, None);
    });
    assert!(matches!(mute.await, StreamError::Unreachable { .. }));
    let half = refused(&broker, connector.clone(), async |mut peer| {
        peer.greeted().await;
        peer.send(&[connack(ConnectReturnCode::Success)]).await;
        assert!(matches!(peer.next().await, Some(Packet::Subscribe(_))));
        assert_eq!(peer.next().await, None);
    });
    assert!(matches!(half.await, StreamError::Unreachable { .. }));
}

#[tokio::test]
async fn before_the_login_a_closed_connection_is_no_session() {
    let broker = Broker::start().await;
    let before = refused(&broker, connector(&broker), async |mut peer| peer.greeted().await).await;
    assert!(matches!(before, StreamError::Unreachable { .. }), "{before}");
    let after = refused(&broker, connector(&broker), async |mut peer| {
        peer.greeted().await;
        peer.send(&[connack(ConnectReturnCode::Success)]).await;
    });
    let after = after.await;
    assert!(matches!(after, StreamError::Closed { .. }), "{after}");
    let strange = refused(&broker, connector(&broker), async |mut peer| {
        peer.greeted().await;
        peer.send(&[suback()]).await;
    });
    let strange = strange.await;
    assert!(matches!(strange, StreamError::Protocol { .. }), "{strange}");
}

#[tokio::test]
async fn a_gcid_that_reaches_further_is_never_sent() {
    let broker = Broker::start().await;
    let login = StreamLogin {
        gcid: "#".to_owned(),
        ..login()
    };
    let connector = connector(&broker);
    let client = async { connector.reach().await.unwrap().log_in(&login).await };
    let (result, sent) = tokio::join!(client, async { broker.accept().await.next().await });
    assert!(matches!(result.err(), Some(StreamError::Login { .. })));
    assert_eq!(sent, None);
}

#[tokio::test]
async fn a_second_connection_stands_beside_the_first_until_it_logs_in() {
    let broker = Broker::start().await;
    let connector = connector(&broker);
    let (mut first, mut old) = connected(&broker, &connector).await;
    let (line, mut new) = tokio::join!(connector.reach(), broker.accept());
    old.send(&publishes(1)).await;
    assert_eq!(texts(&first.receive().await.unwrap()), ["1"]);

    let login = login();
    let (second, ()) = tokio::join!(line.unwrap().log_in(&login), async {
        // The newer login evicts the older session, on which something was just sent.
        new.greeted().await;
        old.send(&publishes(300)).await;
        drop(old);
        new.send(&[connack(ConnectReturnCode::Success), suback()]).await;
    });
    let (messages, end) = rest(&mut *first).await;
    assert_eq!(messages.len(), 300);
    assert!(matches!(end, StreamError::Closed { .. }), "{end}");
    new.send(&publishes(2)).await;
    assert_eq!(second.unwrap().receive().await.unwrap()[0].id, Some(1));
}

/// The way of nearly all other clients, for brokers that know no other.
#[tokio::test]
async fn a_broker_that_closes_without_an_answer_is_tried_as_other_clients_do() {
    let broker = Broker::start().await;
    let connector = connector(&broker);
    for _ in 0..2 {
        let turned_away = refused(&broker, connector.clone(), async |mut peer| {
            let packets = peer.one_read().await;
            assert!(
                matches!(&packets[..], [Packet::Connect(login), Packet::Subscribe(_)] if !login.clean_session)
            );
        });
        turned_away.await;
    }
    // Granted so, it is kept to.
    for _ in 0..2 {
        let login = login();
        let client = async { connector.reach().await.unwrap().log_in(&login).await };
        let (session, ()) = tokio::join!(client, async {
            let mut peer = broker.accept().await;
            let packets = peer.one_read().await;
            assert!(
                matches!(&packets[..], [Packet::Connect(login)] if login.clean_session),
                "{packets:?}"
            );
            peer.send(&[connack(ConnectReturnCode::Success)]).await;
            let packets = peer.one_read().await;
            assert!(matches!(&packets[..], [Packet::Subscribe(_)]), "{packets:?}");
            peer.send(&[suback()]).await;
        });
        session.unwrap();
    }
    // A refused password says nothing of the manner, and an outage is tried both ways.
    refused(&broker, connector.clone(), async |mut peer| {
        peer.one_read().await;
        peer.send(&[connack(ConnectReturnCode::NotAuthorized)]).await;
    })
    .await;
    for plain in [true, true, false, false, true] {
        refused(&broker, connector.clone(), async |mut peer| {
            let packets = peer.one_read().await;
            assert_eq!(packets.len(), if plain { 1 } else { 2 });
        })
        .await;
    }
}
