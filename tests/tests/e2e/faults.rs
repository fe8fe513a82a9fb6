//! What goes wrong between the program and BMW, one thing at a time.

use std::time::Duration;

use cardata_sim::{Fault, NotJson};
use tests::process::Signal;

use crate::oracle::{assert_exactly, expected_of_all};
use crate::scene::{DEADLINE, Plan, Scene, count, end, stop, until};
use crate::stores;

fn assert_stores_are_whole(scene: &Scene) {
    let wanted = expected_of_all(&scene.bmw.served());
    assert_exactly("csv", stores::csv(&scene.path("csv")), wanted.clone());
    assert_exactly("sqlite", stores::sqlite(&scene.path("cardata.db")), wanted);
}

#[tokio::test]
async fn polls_that_fail_are_made_good() {
    let scene = Scene::set(&Plan::default()).await;
    scene.login().await;
    let run = scene.run().await;
    scene.more_answers(&run, 2).await;
    let status = |status, body: &str| Fault::Status {
        status,
        body: body.into(),
    };
    let faults = [
        status(500, r#"{"exveErrorId":"CU-500","exveErrorMsg":"internal"}"#),
        status(502, "<html>Bad Gateway</html>"),
        status(503, ""),
        status(504, "upstream request timeout"),
        Fault::Reset,
        Fault::Truncated,
        Fault::NotJson(NotJson::Html),
        Fault::NotJson(NotJson::Xml),
        Fault::NotJson(NotJson::Empty),
        Fault::NotJson(NotJson::Garbage),
    ];
    for (index, fault) in faults.into_iter().enumerate() {
        let what = format!("complaint about {fault:?}");
        scene.bmw.inject_on("telematicData", 1, fault);
        until(&run, &what, || count(&run, "a poll failed") == index + 1).await;
        scene.more_answers(&run, 2).await;
    }
    stop(run).await;
    assert_stores_are_whole(&scene);
    scene.assert_lawful();
    // What came with a success and cannot be read is all that the call brought.
    let kept = stores::strays(&scene.path("state"));
    let beginnings = ["{\"telematicData\"", "<!DOCTYPE html>", "<?xml ", "\u{1f}"];
    assert_eq!(kept.len(), beginnings.len());
    for ((topic, payload, times), beginning) in kept.iter().zip(beginnings) {
        assert!(payload.starts_with(beginning.as_bytes()), "{beginning}");
        assert!(topic.starts_with("telematicData of ") && *times == 1);
    }
}

#[tokio::test]
async fn slow_answers_are_answers() {
    let scene = Scene::set(&Plan::default()).await;
    scene.login().await;
    let run = scene.run().await;
    for fault in [
        Fault::Hang(Duration::from_millis(300)),
        Fault::SlowBody(Duration::from_millis(5)),
    ] {
        scene.bmw.inject_on("telematicData", 1, fault);
        scene.more_answers(&run, 3).await;
    }
    assert_eq!(count(&run, "a poll failed"), 0);
    stop(run).await;
    assert_stores_are_whole(&scene);
}

#[tokio::test]
async fn tokens_that_bmw_no_longer_takes_are_renewed_within_the_poll() {
    let scene = Scene::set(&Plan::default()).await;
    scene.login().await;
    let run = scene.run().await;
    scene.more_answers(&run, 2).await;
    for (fault, status) in [(Fault::ExpireTokens, 401), (Fault::RevokeTokens, 403)] {
        scene.bmw.inject_on("telematicData", 1, fault);
        let refused = || {
            scene
                .requests("telematicData")
                .iter()
                .any(|request| request.status == status)
        };
        until(&run, "refusal of the old token", refused).await;
        scene.more_answers(&run, 2).await;
    }
    stop(run).await;
    assert_stores_are_whole(&scene);
    scene.assert_lawful();
}

#[tokio::test]
async fn a_container_that_was_deleted_is_made_again() {
    let scene = Scene::set(&Plan::default()).await;
    scene.login().await;
    let run = scene.run().await;
    scene.more_answers(&run, 2).await;
    scene.bmw.inject_on("telematicData", 1, Fault::DeleteContainer);
    run.wait_for_line("the container is gone", DEADLINE).await;
    scene.more_answers(&run, 2).await;
    stop(run).await;
    let creations = scene.requests("containers");
    let creations = creations.iter().filter(|request| request.method == "POST");
    assert_eq!(creations.count(), 2);
    assert_stores_are_whole(&scene);
    scene.assert_lawful();
}

#[tokio::test]
async fn a_first_start_with_bmw_down_waits_for_it() {
    let scene = Scene::set(&Plan {
        speed: 3_600.0,
        ..Plan::default()
    })
    .await;
    scene.login().await;
    let down = Fault::Status {
        status: 503,
        body: String::new(),
    };
    scene.bmw.inject_on("mappings", 2, down.clone());
    scene.bmw.inject_on("containers", 2, down);
    let run = scene.run().await;
    run.wait_for_line("the vehicles of the account are not known", DEADLINE)
        .await;
    scene.more_answers(&run, 2).await;
    stop(run).await;
    assert_eq!(scene.requests("mappings").len(), 3);
    assert_stores_are_whole(&scene);
}

/// The poll hangs for longer than anybody waits; the end comes all the same.
#[tokio::test]
async fn a_stop_does_not_wait_for_an_answer_that_hangs() {
    let scene = Scene::set(&Plan::default()).await;
    scene.login().await;
    let run = scene.run().await;
    scene.more_answers(&run, 2).await;
    scene
        .bmw
        .inject_on("telematicData", 1, Fault::Hang(Duration::from_secs(600)));
    let asked = || scene.requests("telematicData").len();
    until(&run, "poll that hangs", || asked() > scene.answers()).await;
    run.signal(Signal::Terminate).await;
    let said = end(run).await;
    assert_eq!(said.code, Some(0), "{}", said.err);
    assert!(said.err.contains("Stopped. "), "{}", said.err);
    assert_stores_are_whole(&scene);
}

/// Whoever asks twice does not wait at all.
#[tokio::test]
async fn a_second_signal_ends_at_once() {
    let scene = Scene::set(&Plan::default()).await;
    scene.login().await;
    let run = scene.run().await;
    scene.more_answers(&run, 1).await;
    scene
        .bmw
        .inject_on("telematicData", 1, Fault::Hang(Duration::from_secs(600)));
    let hangs = || scene.requests("telematicData").len() > scene.answers();
    until(&run, "poll that hangs", hangs).await;
    run.signal(Signal::Interrupt).await;
    run.wait_for_line("stopping; once more to stop at once", DEADLINE)
        .await;
    run.signal(Signal::Interrupt).await;
    let said = end(run).await;
    assert_eq!(said.code, Some(130), "{}", said.err);
    // What was not delivered yet is by the next run.
    let run = scene.run().await;
    scene.more_answers(&run, 1).await;
    stop(run).await;
    assert_stores_are_whole(&scene);
}
