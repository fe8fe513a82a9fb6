//! Sets of descriptors that BMW refuses: narrowed down, named, and collected without what it does not take.

use std::time::Duration;

use cardata_sim::{DescriptorRefusal, SimConfig};
use jiff::SignedDuration;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use tests::process::Signal;

use crate::containers::patient;
use crate::scene::{DEADLINE, Plan, Scene, stop, until};
use crate::stores;

const REFUSED: [&str; 3] = [
    "vehicle.cabin.door.row1.driver.isOpen",
    "vehicle.chassis.axle.row1.wheel.left.tire.pressure",
    "vehicle.vehicle.avgSpeed",
];
/// What `everything` asks for.
const EVERYTHING: usize = 286;

/// Of the preset `battery`: each container that is taken costs a place for a month, and those of a search for one among few are
/// enough.
const REFUSED_OF_BATTERY: [&str; 2] = [
    "vehicle.drivetrain.electricEngine.charging.acVoltage",
    "vehicle.vehicle.avgAuxPower",
];
/// What `battery` asks for.
const BATTERY: usize = 38;

fn everything() -> Plan<'static> {
    Plan {
        container: "everything",
        ..Plan::default()
    }
}

fn battery() -> Plan<'static> {
    Plan {
        container: "battery",
        ..Plan::default()
    }
}

fn refusing(refused: &[&str], how: DescriptorRefusal) -> SimConfig {
    SimConfig {
        refused_descriptors: refused.iter().map(ToString::to_string).collect(),
        descriptor_refusal: how,
        ..patient()
    }
}

/// No call left that the ledger does not know.
fn assert_written_down(scene: &Scene) {
    let requests = scene.bmw.requests();
    let counted = requests.iter().filter(|request| request.counted).count();
    let ledger = stores::journal(&scene.path("state"), "select count(*) from quota");
    assert!(
        ledger >= counted as u64,
        "{ledger} in the ledger, BMW counted {counted}"
    );
}

#[tokio::test]
async fn refused_descriptors_are_named_and_the_rest_is_collected() {
    let scene = Scene::with(
        refusing(&REFUSED_OF_BATTERY, DescriptorRefusal::Unnamed),
        &battery(),
    )
    .await;
    scene.login().await;
    let run = scene.run().await;
    until(&run, "the largest container", || {
        let kept = scene.bmw.containers();
        kept.len() == 1 && kept[0].descriptors.len() == BATTERY - REFUSED_OF_BATTERY.len()
    })
    .await;
    scene.more_answers(&run, 2).await;
    let kept = scene.bmw.containers();
    assert!(
        kept[0]
            .descriptors
            .iter()
            .all(|one| !REFUSED_OF_BATTERY.contains(&one.as_str()))
    );

    let status = scene.status().await;
    let set = &status["containers"][0];
    assert_eq!(set["container"], kept[0].id, "{set}");
    assert_eq!(set["accepted"], BATTERY - REFUSED_OF_BATTERY.len(), "{set}");
    assert_eq!(
        (&set["state"], &set["untried"]),
        (&"without the refused".into(), &0.into()),
        "{set}"
    );
    let refused = set["refused"].as_array().unwrap();
    let mut names: Vec<_> = refused
        .iter()
        .map(|one| one["descriptor"].as_str().unwrap())
        .collect();
    names.sort_unstable();
    assert_eq!(names, REFUSED_OF_BATTERY);
    assert!(
        refused[0]["said"]
            .as_str()
            .unwrap()
            .contains("A telematic key is invalid."),
        "{set}"
    );
    let said = scene.call(&["status"]).await;
    for word in [
        "36 of 38",
        "BMW refuses vehicle.",
        REFUSED_OF_BATTERY[0],
        "CU-402",
    ] {
        assert!(said.out.contains(word), "{word}: {}", said.out);
    }
    let said = stop(run).await.err;
    for refused in REFUSED_OF_BATTERY {
        let is_told = |line: &str| line.contains("BMW refuses a descriptor") && line.contains(refused);
        assert!(said.lines().any(is_told), "{refused}: {said}");
    }
    assert_written_down(&scene);
    scene.assert_lawful();
}

#[tokio::test]
async fn a_limit_of_size_is_found_and_told() {
    let config = SimConfig {
        max_descriptors: Some(75),
        ..patient()
    };
    let scene = Scene::with(config, &everything()).await;
    scene.login().await;
    let run = scene.run().await;
    scene.more_answers(&run, 1).await;
    let creations = || {
        let requests = scene.requests("containers");
        requests.iter().filter(|request| request.method == "POST").count()
    };
    assert!(
        creations() <= 6,
        "{} containers tried before the first data",
        creations()
    );
    until(&run, "a container of the largest size", || {
        let kept = scene.bmw.containers();
        kept.len() == 1 && kept[0].descriptors.len() == 75
    })
    .await;
    scene.more_answers(&run, 5).await;
    let tried = creations();
    scene.more_answers(&run, 5).await;
    assert_eq!(creations(), tried, "what is known is not tried again");
    let set = &scene.status().await["containers"][0];
    assert_eq!(
        (&set["state"], &set["limit"]),
        (&"full".into(), &75.into()),
        "{set}"
    );
    assert_eq!(set["left_out"].as_array().unwrap().len(), EVERYTHING - 75);
    assert_eq!(set["refused"], serde_json::json!([]));
    let said = scene.call(&["status"]).await;
    assert!(
        said.out
            .contains("BMW takes containers of up to 75 descriptors here"),
        "{}",
        said.out
    );
    stop(run).await;
    assert_written_down(&scene);
    scene.assert_lawful();
}

#[tokio::test]
async fn an_account_that_may_have_no_container_is_told_and_asked_no_further() {
    let config = SimConfig {
        max_descriptors: Some(0),
        ..patient()
    };
    let scene = Scene::with(config, &everything()).await;
    scene.login().await;
    let run = scene.run().await;
    let told = "BMW lets this account create no container";
    run.wait_for_line(told, DEADLINE).await;
    let status = scene.status().await;
    let said = status["accounts"][0]["message"].as_str().unwrap();
    assert!(
        said.contains(told) && said.contains("subscribed to CarData API"),
        "{said}"
    );
    let set = &status["containers"][0];
    assert!(set["denied"].as_str().unwrap().starts_with("CU-403"), "{set}");
    let requests = scene.requests("containers");
    let tried = requests.iter().filter(|request| request.method == "POST").count();
    assert_eq!(tried, 2, "everything, and one descriptor alone");

    scene.bmw.refuse(&[], None);
    let said = scene.call(&["containers", "sync"]).await;
    assert_eq!(said.code, Some(0), "{said:?}");
    scene.more_answers(&run, 1).await;
    stop(run).await;
    let kept = scene.bmw.containers();
    assert_eq!((kept.len(), kept[0].descriptors.len()), (1, EVERYTHING));
    scene.assert_lawful();
}

#[tokio::test]
async fn a_program_that_is_killed_while_it_searches_goes_on() {
    const SEED: u64 = 20_260_302;
    let scene = Scene::with(
        refusing(&REFUSED_OF_BATTERY, DescriptorRefusal::Forbidden),
        &battery(),
    )
    .await;
    scene.login().await;
    let mut random = StdRng::seed_from_u64(SEED);
    let done = |scene: &Scene| {
        let kept = scene.bmw.containers();
        kept.len() == 1 && kept[0].descriptors.len() == BATTERY - REFUSED_OF_BATTERY.len()
    };
    let mut kills = 0;
    while !done(&scene) && kills < 40 {
        let mut run = scene.hurry(&["run"]);
        // The moment of death is what is tried out here.
        tokio::time::sleep(random.random_range(Duration::from_millis(100)..Duration::from_millis(700))).await;
        run.signal(Signal::Kill).await;
        run.wait_exit(DEADLINE).await;
        kills += 1;
        let kept = scene.bmw.containers().len();
        assert!(kept <= 2, "{kept} containers after {kills} kills");
    }
    assert!(kills > 1, "it was never interrupted");
    let run = scene.run().await;
    until(&run, "the largest container", || done(&scene)).await;
    scene.more_answers(&run, 2).await;
    stop(run).await;
    assert!(done(&scene));
    let requests = scene.requests("containers");
    let tried = requests.iter().filter(|request| request.method == "POST").count();
    assert!(tried < 60 + kills, "{tried} containers tried");
    assert_written_down(&scene);
    scene.assert_lawful();
}

/// With the calls of a real day: ten of them, after which what says nothing is listed.
#[tokio::test]
async fn the_search_keeps_within_the_quota_and_silence_is_told() {
    let plan = Plan {
        speed: 40_000.0,
        calls_per_day: 50,
        every: "auto",
        container: "everything",
        ..Plan::default()
    };
    let scene = Scene::with(refusing(&REFUSED, DescriptorRefusal::Named), &plan).await;
    scene.login().await;
    let run = scene.run().await;
    let start = scene.bmw.now();
    until(&run, "ten days", || {
        scene.bmw.now().duration_since(start) > SignedDuration::from_hours(24 * 10)
    })
    .await;
    let status = scene.status().await;
    stop(run).await;
    let set = &status["containers"][0];
    assert_eq!(set["accepted"], EVERYTHING - REFUSED.len(), "{set}");
    let silent = set["silent"][0]["descriptors"].as_array().unwrap();
    let served = scene.bmw.served();
    assert!(!silent.is_empty());
    for descriptor in silent {
        // A battery of no size is none.
        let told = |value: &str| !["", "-NA-", "INVALID", "UNKNOWN", "SIGNAL_INVALID", "0"].contains(&value);
        let delivered = served
            .iter()
            .any(|one| descriptor == &one.descriptor && one.value.as_deref().is_some_and(told));
        assert!(!delivered, "{descriptor} has values");
    }
    let missing = scene.bmw.containers()[0]
        .descriptors
        .iter()
        .filter(|descriptor| {
            !served
                .iter()
                .any(|one| one.descriptor == **descriptor && one.value.is_some())
        })
        .count();
    assert!(silent.len() >= missing, "{} of {missing}", silent.len());
    let requests = scene.requests("");
    let over = requests.iter().filter(|request| request.status == 403).count();
    assert_eq!(over, 0, "BMW never had to say that the calls are used up");
    let calls: Vec<_> = requests
        .iter()
        .filter(|request| request.counted)
        .map(|request| request.at)
        .collect();
    for window in calls.windows(51) {
        let span = window[50].duration_since(window[0]);
        assert!(span >= SignedDuration::from_hours(24), "51 calls within {span}");
    }
    scene.assert_lawful();
}
