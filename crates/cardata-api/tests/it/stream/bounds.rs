//! What a broker can make the client hold, however much it sends.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use rumqttc::mqttbytes::QoS;
use rumqttc::mqttbytes::v4::{Packet, Publish};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::broker::{Broker, publish, written};
use super::{connected, connector, rest};

const MESSAGES: usize = 200_000;
/// What the client and the kernels of both sides may hold of about 200 MB.
const HELD: usize = 48 << 20;

#[tokio::test]
async fn who_does_not_receive_makes_the_broker_wait_and_stays_alive() {
    let broker = Broker::start().await;
    let connector = connector(&broker).with_keep_alive(Duration::from_secs(1));
    let (mut session, peer) = connected(&broker, &connector).await;
    let (mut reader, mut writer) = tokio::io::split(peer.socket);
    let written_bytes = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&written_bytes);
    let publisher = tokio::spawn(async move {
        let message = Publish::new("gcid/vin", QoS::AtMostOnce, vec![b'x'; 1_000]);
        let bytes = written(&[Packet::Publish(message)]);
        for _ in 0..MESSAGES {
            writer.write_all(&bytes).await.unwrap();
            count.fetch_add(bytes.len(), Ordering::Relaxed);
        }
    });

    // It pings on. When nothing was written between two pings, the broker waits.
    let mut before = 0;
    loop {
        let mut ping = [0; 2];
        reader.read_exact(&mut ping).await.unwrap();
        assert_eq!(ping, [0xc0, 0]);
        let now = written_bytes.load(Ordering::Relaxed);
        if now > 0 && now == before {
            break;
        }
        before = now;
    }
    assert!(before < HELD, "{before} bytes were taken");

    let mut received = 0;
    while received < MESSAGES {
        let messages = session.receive().await.unwrap();
        assert!(messages.len() < 6_000, "{} at once", messages.len());
        received += messages.len();
    }
    assert_eq!(received, MESSAGES);
    publisher.await.unwrap();
}

#[tokio::test]
async fn a_message_of_any_length_passes_and_does_not_end_the_session() {
    let broker = Broker::start().await;
    let (mut session, mut peer) = connected(&broker, &connector(&broker)).await;
    let sent = tokio::spawn(async move {
        let huge = "x".repeat(20 << 20);
        peer.send(&[
            publish(1, &huge),
            publish(2, &huge[..3 << 20]),
            publish(3, "short"),
        ])
        .await;
    });
    let (messages, _) = rest(&mut *session).await;
    sent.await.unwrap();
    let ids: Vec<_> = messages.iter().map(|message| message.id).collect();
    assert_eq!(ids, [Some(1), Some(2), Some(3)]);
    let lengths: Vec<_> = messages.iter().map(|message| message.payload.len()).collect();
    assert!((4_000_000..=4 << 20).contains(&lengths[0]), "{lengths:?}");
    assert_eq!(lengths[1..], [3 << 20, 5]);
}
