//! What can be made to go wrong with the stream.

use std::time::Duration;

use cardata_sim::{Delivery, Selection, SimConfig, Stray, StreamConfig};
use rumqttc::mqttbytes::v4::{Connect, ConnectReturnCode, Packet};
use serde_json::Value;

use crate::desk::{Desk, VIN};
use crate::driver::{Driver, connect, json, subscribe};

const ODOMETER: &str = "vehicle.vehicle.travelledDistance";

#[tokio::test]
async fn an_unexpired_login_is_refused_until_a_refresh() {
    let mut desk = Desk::logged_in(SimConfig::default()).await;
    desk.control.refuse_streams(1_000);
    for _ in 0..2 {
        let mut driver = Driver::reach(&desk).await.unwrap();
        driver.send(&[connect(&desk)]).await;
        assert_eq!(driver.login_code().await, ConnectReturnCode::NotAuthorized);
    }
    desk.renew().await;
    Driver::subscribed(&desk).await;
    desk.leave().await;
}

#[tokio::test]
async fn the_connection_can_break_without_a_word() {
    let desk = Desk::logged_in(SimConfig::default()).await;
    let mut driver = Driver::subscribed(&desk).await;
    assert!(desk.control.drop_stream());
    let error = driver.next().await.unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::UnexpectedEof);
    assert!(!desk.control.drop_stream(), "nobody is logged in");
    desk.leave().await;
}

#[tokio::test]
async fn an_outage_from_the_start_closes_the_port_too() {
    let early = Desk::new(SimConfig::default()).await;
    early.control.stop_stream();
    while Driver::reach(&early).await.is_ok() {}
    early.leave().await;
}

#[tokio::test]
async fn an_outage_closes_the_port_and_ends() {
    let desk = Desk::logged_in(SimConfig::default()).await;
    let mut driver = Driver::subscribed(&desk).await;
    desk.control.stop_stream();
    assert!(driver.next().await.is_err());
    while Driver::reach(&desk).await.is_ok() {}
    desk.control.start_stream();
    let mut driver = loop {
        if let Ok(driver) = Driver::reach(&desk).await {
            break driver;
        }
        tokio::task::yield_now().await;
    };
    driver.send(&[connect(&desk)]).await;
    assert_eq!(driver.login_code().await, ConnectReturnCode::Success);
    desk.leave().await;
}

#[tokio::test]
async fn what_nobody_was_connected_for_is_gone() {
    let desk = Desk::logged_in(SimConfig::default()).await;
    let mut driver = Driver::subscribed(&desk).await;
    assert!(desk.control.publish(VIN, "heard"));
    assert_eq!(driver.messages(&desk).await.len(), 1);
    driver.send(&[Packet::Disconnect]).await;
    assert_eq!(driver.next().await.unwrap(), None);
    desk.pass(1_800);
    assert!(!desk.control.publish(VIN, "unheard"));
    let unheard = desk.control.unheard();
    assert!(unheard > 50, "the car has driven, and said so {unheard} times");
    let mut driver = Driver::subscribed(&desk).await;
    assert!(driver.messages(&desk).await.is_empty());
    // The message and two marks.
    assert_eq!(desk.control.streamed().len(), 3);
    desk.leave().await;
}

#[tokio::test]
async fn a_session_that_is_kept_brings_what_was_missed() {
    let desk = Desk::logged_in(SimConfig {
        stream: StreamConfig {
            delivery: Delivery::Granted,
            kept_sessions: true,
            ..StreamConfig::default()
        },
        ..SimConfig::default()
    })
    .await;
    let Packet::Connect(login) = connect(&desk) else {
        unreachable!()
    };
    let login = Packet::Connect(Connect {
        clean_session: false,
        ..login
    });
    let mut driver = Driver::reach(&desk).await.unwrap();
    driver.send(&[login.clone(), subscribe(&desk, "+")]).await;
    driver.login_code().await;
    driver.granted().await;
    assert!(desk.control.publish(VIN, "not acknowledged"));
    assert!(matches!(driver.packet().await, Packet::Publish(_)));
    desk.control.drop_stream();
    assert!(desk.control.publish(VIN, "missed"));
    let mut driver = Driver::reach(&desk).await.unwrap();
    driver.send(&[login]).await;
    let Packet::ConnAck(answer) = driver.packet().await else {
        panic!("an answer to the login was expected");
    };
    assert!(answer.session_present);
    let messages = driver.messages(&desk).await;
    let said: Vec<(bool, &[u8])> = messages
        .iter()
        .map(|message| (message.dup, &message.payload[..]))
        .collect();
    assert_eq!(said, [(true, b"not acknowledged".as_slice()), (false, b"missed")]);
    desk.leave().await;
}

#[tokio::test]
async fn the_owner_can_unselect_everything() {
    let desk = Desk::logged_in(SimConfig {
        token_lifetime: Duration::from_secs(86_400),
        ..SimConfig::default()
    })
    .await;
    let mut driver = Driver::subscribed(&desk).await;
    desk.control.select(Selection::Nothing);
    desk.pass(7_200);
    assert!(driver.messages(&desk).await.is_empty());
    desk.control.select(Selection::Only(vec![ODOMETER.into()]));
    desk.pass(20 * 3_600);
    let messages = driver.messages(&desk).await;
    assert!(messages.len() > 10, "{}", messages.len());
    for message in &messages {
        assert!(json(message)["data"][ODOMETER].is_object(), "{message:?}");
    }
    desk.leave().await;
}

#[tokio::test]
async fn odd_messages_are_as_odd_as_they_say() {
    let desk = Desk::logged_in(SimConfig::default()).await;
    let mut driver = Driver::subscribed(&desk).await;
    for kind in [
        Stray::NotJson,
        Stray::WrongTopic,
        Stray::ThousandKeys,
        Stray::ObjectValue,
    ] {
        assert!(desk.control.stray(kind));
    }
    let messages = driver.messages(&desk).await;
    assert!(serde_json::from_slice::<Value>(&messages[0].payload).is_err());
    assert!(!messages[1].topic.ends_with(VIN.as_bytes()));
    assert_eq!(json(&messages[1])["vin"], VIN);
    assert_eq!(json(&messages[2])["data"].as_object().unwrap().len(), 1_000);
    assert!(json(&messages[3])["data"][ODOMETER]["value"].is_object());
    let strays = desk.control.streamed();
    let readings: Vec<usize> = strays.iter().map(|streamed| streamed.readings().len()).collect();
    assert_eq!(readings, [0, 1, 1_000, 1, 0], "the last one is the mark");
    assert_eq!(strays[2].stray, Some(Stray::ThousandKeys));
    desk.leave().await;
}
