//! Who may connect to the stream, to what, and for how long.

#![expect(clippy::unwrap_used, reason = "the helpers of tests fail as tests do")]

use std::time::Duration;

use cardata_sim::{Mapping, SimConfig, SimVehicle, StreamConfig};
use rumqttc::mqttbytes::QoS;
use rumqttc::mqttbytes::v4::{Connect, ConnectReturnCode, Packet, Publish, SubscribeReasonCode};

use crate::desk::{Desk, VIN};
use crate::driver::{Driver, connect, connect_as, subscribe, subscribe_to};

const FOREIGN: &str = "WBY71AW050FP54321";

async fn code(desk: &Desk, packet: Packet) -> ConnectReturnCode {
    let mut driver = Driver::reach(desk).await.unwrap();
    driver.send(&[packet]).await;
    let code = driver.login_code().await;
    if code != ConnectReturnCode::Success {
        assert_eq!(
            driver.next().await.unwrap(),
            None,
            "a refused connection is closed"
        );
    }
    code
}

#[tokio::test]
async fn the_gcid_with_an_id_token_of_the_account_is_let_in() {
    let desk = Desk::logged_in(SimConfig::default()).await;
    let gcid = desk.control.gcid();
    assert_eq!(code(&desk, connect(&desk)).await, ConnectReturnCode::Success);
    for (user, password) in [
        ("somebody", desk.id_token.as_str()),
        (&gcid, &desk.access_token),
        (&gcid, "a.b.c"),
        (&gcid, ""),
    ] {
        let refused = code(&desk, connect_as(user, password)).await;
        assert_eq!(refused, ConnectReturnCode::BadUserNamePassword, "{user}");
    }
    let anonymous = Packet::Connect(Connect::new("nobody"));
    assert_eq!(
        code(&desk, anonymous).await,
        ConnectReturnCode::BadUserNamePassword
    );
    desk.pass(3_600);
    assert_eq!(
        code(&desk, connect(&desk)).await,
        ConnectReturnCode::NotAuthorized
    );
    let codes: Vec<u8> = desk
        .control
        .stream_logins()
        .iter()
        .map(|login| login.code)
        .collect();
    assert_eq!(codes, [0, 4, 4, 4, 4, 4, 5]);
    desk.leave().await;
}

#[tokio::test]
async fn an_address_opens_only_so_many_connections_a_minute() {
    let desk = Desk::logged_in(SimConfig {
        stream: StreamConfig {
            connections_per_minute: Some(2),
            ..StreamConfig::default()
        },
        ..SimConfig::default()
    })
    .await;
    Driver::subscribed(&desk).await;
    desk.pass(59);
    Driver::subscribed(&desk).await;
    assert!(Driver::reach(&desk).await.is_err());
    desk.pass(1);
    Driver::subscribed(&desk).await;
    assert_eq!(desk.control.turned_away(), 1);
    desk.leave().await;
}

#[tokio::test]
async fn without_the_scope_there_is_no_stream() {
    let desk = Desk::logged_in(SimConfig {
        subscribed_scopes: ["authenticate_user", "openid", "cardata:api:read"]
            .map(String::from)
            .to_vec(),
        ..SimConfig::default()
    })
    .await;
    assert_eq!(
        code(&desk, connect(&desk)).await,
        ConnectReturnCode::NotAuthorized
    );
    desk.leave().await;
}

#[tokio::test]
async fn only_ones_own_vehicles_can_be_subscribed_to() {
    let of_another = SimVehicle {
        mapping: Mapping::Secondary,
        ..SimVehicle::new(FOREIGN)
    };
    let desk = Desk::logged_in(SimConfig {
        vehicles: vec![SimVehicle::default(), of_another],
        ..SimConfig::default()
    })
    .await;
    let mut driver = Driver::reach(&desk).await.unwrap();
    driver.send(&[connect(&desk)]).await;
    driver.login_code().await;
    let gcid = desk.control.gcid();
    for topic in [
        VIN,
        "#",
        "+/+",
        "somebody/+",
        &format!("{gcid}/#"),
        &format!("{gcid}/{FOREIGN}"),
    ] {
        driver.send(&[subscribe_to(topic)]).await;
        assert_eq!(driver.granted().await, [SubscribeReasonCode::Failure], "{topic}");
    }
    assert_eq!(desk.control.violations().len(), 6);
    assert!(!desk.control.publish(VIN, "unheard"));
    driver.send(&[subscribe(&desk, VIN)]).await;
    let granted = SubscribeReasonCode::Success(QoS::AtLeastOnce);
    assert_eq!(driver.granted().await, [granted]);
    assert!(desk.control.publish(VIN, "heard"));
    assert!(!desk.control.publish(FOREIGN, "unheard"));
    desk.sim.stop().await;
}

#[tokio::test]
async fn the_newer_login_ends_the_older_connection() {
    let desk = Desk::logged_in(SimConfig::default()).await;
    let mut older = Driver::subscribed(&desk).await;
    assert!(desk.control.publish(VIN, "before"));
    let mut newer = Driver::subscribed(&desk).await;
    let Packet::Publish(last) = older.packet().await else {
        panic!("what was sent before can be read to the end");
    };
    assert_eq!(last.payload, "before");
    assert_eq!(older.next().await.unwrap(), None);
    assert!(desk.control.publish(VIN, "after"));
    assert_eq!(newer.messages(&desk).await.len(), 1);
    // A login that is refused ends nobody's.
    assert_ne!(
        code(&desk, connect_as("somebody", "x")).await,
        ConnectReturnCode::Success
    );
    assert!(desk.control.publish(VIN, "still there"));
    assert_eq!(newer.messages(&desk).await.len(), 1);
    let evictions: Vec<bool> = desk
        .control
        .stream_logins()
        .iter()
        .map(|login| login.evicted)
        .collect();
    assert_eq!(evictions, [false, true, false]);
    assert!(desk.control.evict());
    assert_eq!(newer.next().await.unwrap(), None);
    desk.leave().await;
}

#[tokio::test]
async fn the_connection_ends_with_its_token() {
    let mut desk = Desk::logged_in(SimConfig {
        token_lifetime: Duration::from_secs(60),
        ..SimConfig::default()
    })
    .await;
    let mut driver = Driver::subscribed(&desk).await;
    desk.pass(59);
    driver.ping().await;
    // A refresh helps the next login, not this one.
    desk.renew().await;
    desk.pass(1);
    assert_eq!(driver.next().await.unwrap(), None);
    assert!(!desk.control.is_streaming());
    Driver::subscribed(&desk).await;
    desk.leave().await;
}

#[tokio::test]
async fn on_a_fast_clock_the_end_comes_by_itself() {
    let mut desk = Desk::on_its_own_clock(SimConfig {
        speed: 7_200.0,
        ..SimConfig::default()
    })
    .await;
    desk.renew().await;
    let mut driver = Driver::subscribed(&desk).await;
    while driver.next().await.unwrap().is_some() {}
    let logins = desk.control.stream_logins();
    assert!(desk.control.now().duration_since(logins[0].at).as_secs() <= 3_600 * 2);
    desk.leave().await;
}

#[tokio::test]
async fn some_brokers_drop_what_comes_before_they_have_answered() {
    let desk = Desk::logged_in(SimConfig {
        stream: StreamConfig {
            drops_early_packets: true,
            ..StreamConfig::default()
        },
        ..SimConfig::default()
    })
    .await;
    let mut driver = Driver::reach(&desk).await.unwrap();
    driver.send(&[connect(&desk), subscribe(&desk, "+")]).await;
    assert_eq!(driver.login_code().await, ConnectReturnCode::Success);
    driver.ping().await;
    assert!(!desk.control.publish(VIN, "unheard"));
    driver.send(&[subscribe(&desk, "+")]).await;
    driver.granted().await;
    assert!(desk.control.publish(VIN, "heard"));
    desk.leave().await;
}

#[tokio::test]
async fn whoever_breaks_the_protocol_is_disconnected() {
    let desk = Desk::logged_in(SimConfig::default()).await;
    let mut publish = Publish::new("a/b", QoS::AtLeastOnce, "x");
    publish.pkid = 1;
    for packets in [
        vec![subscribe(&desk, "+")],
        vec![Packet::PingReq],
        vec![connect(&desk), connect(&desk)],
        vec![connect(&desk), Packet::Publish(publish)],
    ] {
        let before = desk.control.violations().len();
        let mut driver = Driver::reach(&desk).await.unwrap();
        driver.send(&packets).await;
        while driver.next().await.unwrap().is_some() {}
        assert_eq!(desk.control.violations().len(), before + 1, "{packets:?}");
    }
    let mut driver = Driver::reach(&desk).await.unwrap();
    driver.send_bytes(b"\xf0\x00").await;
    assert_eq!(driver.next().await.unwrap(), None);
    // MQTT 5.
    let mut driver = Driver::reach(&desk).await.unwrap();
    driver
        .send_bytes(b"\x10\x10\x00\x04MQTT\x05\x02\x00\x1e\x00\x00\x03abc")
        .await;
    assert_eq!(
        driver.login_code().await,
        ConnectReturnCode::RefusedProtocolVersion
    );
    assert_eq!(driver.next().await.unwrap(), None);
    desk.sim.stop().await;
}

#[tokio::test]
async fn a_client_that_falls_silent_is_cut_off() {
    let desk = Desk::logged_in(SimConfig::default()).await;
    let Packet::Connect(mut login) = connect(&desk) else {
        unreachable!()
    };
    login.keep_alive = 1;
    let mut driver = Driver::reach(&desk).await.unwrap();
    driver.send(&[Packet::Connect(login)]).await;
    assert_eq!(driver.login_code().await, ConnectReturnCode::Success);
    assert_eq!(driver.next().await.unwrap(), None);
    desk.leave().await;
}

#[tokio::test]
async fn a_broker_of_plain_logins_answers_no_other() {
    let desk = Desk::logged_in(SimConfig {
        stream: StreamConfig {
            only_plain_logins: true,
            ..StreamConfig::default()
        },
        ..SimConfig::default()
    })
    .await;
    let clean = |clean: bool| {
        let Packet::Connect(mut login) = connect(&desk) else {
            unreachable!()
        };
        login.clean_session = clean;
        Packet::Connect(login)
    };
    for packets in [vec![clean(false)], vec![clean(true), subscribe(&desk, "+")]] {
        let mut driver = Driver::reach(&desk).await.unwrap();
        driver.send(&packets).await;
        assert_eq!(driver.next().await.unwrap(), None, "closed without an answer");
    }
    assert_eq!(code(&desk, clean(true)).await, ConnectReturnCode::Success);
}
