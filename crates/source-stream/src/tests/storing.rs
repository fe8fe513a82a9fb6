//! Nothing is acknowledged that is not stored, and nothing that comes ends the stream.

use super::*;

#[tokio::test]
async fn what_cannot_be_read_is_kept_and_the_stream_goes_on() {
    let rig = Rig::new(false);
    let running = rig.start();
    rig.until_state("streaming").await;
    let ids: Vec<_> = ["a", "stray", "panic", "b"]
        .iter()
        .map(|text| rig.broker.send(0, text))
        .collect();
    rig.until("all", || rig.broker.acknowledged(0) == ids).await;
    assert_eq!(rig.output.stored(), ["a", "b"]);
    let strays = rig.output.strays.lock().unwrap().clone();
    let payloads: Vec<_> = strays.iter().map(|stray| stray.payload.as_slice()).collect();
    assert_eq!(payloads, [b"stray", b"panic"]);
    assert!(strays[1].reason.contains("bug"), "{strays:?}");
    assert_eq!(rig.logins(), 1);
    rig.stopped(running).await;
}

#[tokio::test]
async fn what_has_arrived_at_a_stop_is_stored_and_acknowledged_before_the_goodbye() {
    let rig = Rig::new(false);
    let running = rig.start();
    rig.until_state("streaming").await;
    rig.output.full.store(true, Ordering::Relaxed);
    let ids: Vec<_> = (0..35)
        .map(|number| rig.broker.send(0, &number.to_string()))
        .collect();
    rig.stop.cancel();
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    assert!(rig.broker.acknowledged(0).is_empty() && !rig.broker.was_closed(0));
    rig.output.full.store(false, Ordering::Relaxed);
    rig.stopped(running).await;
    assert_eq!(rig.broker.acknowledged(0), ids);
    assert!(rig.broker.was_closed(0));
}

#[tokio::test]
async fn what_could_not_be_stored_at_a_stop_is_not_acknowledged() {
    let rig = Rig::new(false);
    let running = rig.start();
    rig.until_state("streaming").await;
    rig.output.broken.store(true, Ordering::Relaxed);
    rig.broker.send(0, "a");
    rig.stop.cancel();
    rig.stopped(running).await;
    assert!(rig.broker.acknowledged(0).is_empty());
    assert_eq!(rig.state().0, "stopped");
}
