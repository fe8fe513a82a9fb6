//! Containers that BMW deletes, refuses or has too many of, and what the program makes of it by itself.

use std::time::Duration;

use cardata_sim::{DescriptorRefusal, KeptContainer, SimConfig};
use jiff::SignedDuration;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use tests::process::Signal;

use crate::scene::{DEADLINE, Plan, Scene, stop, until};
use crate::stores;

const HEADER: &str = "vehicle.drivetrain.batteryManagement.header";
const REFUSED: [&str; 3] = [
    "vehicle.cabin.door.row1.driver.isOpen",
    "vehicle.chassis.axle.row1.wheel.left.tire.pressure",
    "vehicle.vehicle.avgSpeed",
];
/// What `everything` asks for.
const EVERYTHING: usize = 285;

fn everything() -> Plan<'static> {
    Plan {
        container: "everything",
        ..Plan::default()
    }
}

/// With logins that outlive a program that is killed while it renews them.
fn refusing(how: DescriptorRefusal) -> SimConfig {
    SimConfig {
        refused_descriptors: REFUSED.map(String::from).to_vec(),
        descriptor_refusal: how,
        ..patient()
    }
}

fn patient() -> SimConfig {
    SimConfig {
        token_lifetime: Duration::from_secs(60 * 86_400),
        refresh_lifetime: Duration::from_secs(365 * 86_400),
        ..SimConfig::default()
    }
}

fn ids(containers: &[KeptContainer]) -> Vec<&str> {
    containers.iter().map(|container| container.id.as_str()).collect()
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
async fn three_refused_descriptors_are_named_and_the_rest_is_collected() {
    let scene = Scene::with(refusing(DescriptorRefusal::Unnamed), &everything()).await;
    scene.login().await;
    let run = scene.run().await;
    until(&run, "the largest container", || {
        let kept = scene.bmw.containers();
        kept.len() == 1 && kept[0].descriptors.len() == EVERYTHING - REFUSED.len()
    })
    .await;
    scene.more_answers(&run, 2).await;
    let kept = scene.bmw.containers();
    assert!(
        kept[0]
            .descriptors
            .iter()
            .all(|one| !REFUSED.contains(&one.as_str()))
    );

    let status = scene.status().await;
    let set = &status["containers"][0];
    assert_eq!(set["container"], kept[0].id, "{set}");
    assert_eq!(set["accepted"], EVERYTHING - REFUSED.len(), "{set}");
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
    assert_eq!(names, REFUSED);
    assert!(
        refused[0]["said"]
            .as_str()
            .unwrap()
            .contains("A telematic key is invalid."),
        "{set}"
    );
    let said = scene.call(&["status"]).await;
    for word in ["282 of 285", "BMW refuses vehicle.", REFUSED[0], "CU-402"] {
        assert!(said.out.contains(word), "{word}: {}", said.out);
    }
    stop(run).await;
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
async fn a_container_that_somebody_deleted_is_found_or_made_again() {
    let scene = Scene::set(&Plan::default()).await;
    let foreign = scene.bmw.create_container("hers", "hers", &[HEADER]);
    scene.login().await;
    let run = scene.run().await;
    scene.more_answers(&run, 2).await;
    let ours = |scene: &Scene| {
        let mut kept = scene.bmw.containers();
        kept.retain(|container| container.id != foreign);
        kept
    };
    let first = ours(&scene).remove(0);
    scene.bmw.delete_container(&first.id);
    scene.more_answers(&run, 2).await;
    let second = ours(&scene).remove(0);
    assert_eq!(
        (&second.purpose, &second.descriptors),
        (&first.purpose, &first.descriptors)
    );

    // Another installation made one that is just right.
    let descriptors: Vec<&str> = first.descriptors.iter().map(String::as_str).collect();
    let found = scene
        .bmw
        .create_container(&first.name, &first.purpose, &descriptors);
    scene.bmw.delete_container(&second.id);
    scene.more_answers(&run, 2).await;
    stop(run).await;
    assert_eq!(ids(&scene.bmw.containers()), [foreign.as_str(), found.as_str()]);
    scene.assert_lawful();
}

#[tokio::test]
async fn ten_containers_of_others_are_told_and_left_alone() {
    let plan = Plan {
        speed: 20_000.0,
        every: "30m",
        ..Plan::default()
    };
    let scene = Scene::with(patient(), &plan).await;
    let foreign: Vec<_> = (0..10)
        .map(|number| {
            scene
                .bmw
                .create_container(&format!("hers {number}"), "hers", &[HEADER])
        })
        .collect();
    scene.login().await;
    let run = scene.run().await;
    let line = run
        .wait_for_line("BMW allows no further container", DEADLINE)
        .await;
    for word in [
        &foreign[0],
        "`hers 9` (another program)",
        "cardata containers delete ID",
    ] {
        assert!(line.text.contains(word), "{word}: {line:?}");
    }
    let status = scene.status().await;
    assert!(
        status["accounts"][0]["message"]
            .as_str()
            .unwrap()
            .contains(&foreign[9]),
        "{status}"
    );
    assert_eq!(ids(&scene.bmw.containers()), foreign);

    let said = scene.call(&["containers", "delete", &foreign[3]]).await;
    assert_eq!(said.code, Some(4), "{said:?}");
    assert!(said.err.contains("--foreign"), "{said:?}");
    assert_eq!(scene.bmw.containers().len(), 10);
    let said = scene
        .call(&["containers", "delete", &foreign[3], "--foreign"])
        .await;
    assert_eq!(said.code, Some(0), "{said:?}");
    scene.more_answers(&run, 2).await;
    stop(run).await;
    let kept = scene.bmw.containers();
    assert_eq!((kept.len(), kept[9].name.as_str()), (10, "cardata battery"));
    assert_eq!(ids(&kept[..3]), foreign[..3]);
    scene.assert_lawful();
}

#[tokio::test]
async fn obsolete_containers_go_when_asked_or_when_room_is_needed() {
    let scene = Scene::set(&Plan::default()).await;
    scene.login().await;
    let poll_with = async |container: &str| {
        let path = scene.path("pipeline.yaml");
        let text = std::fs::read_to_string(&path).unwrap();
        let begin = text.find("container: ").unwrap();
        let end = begin + text[begin..].find('\n').unwrap();
        let text = format!("{}container: {container}{}", &text[..begin], &text[end..]);
        std::fs::write(&path, text).unwrap();
        let run = scene.run().await;
        scene.more_answers(&run, 1).await;
        stop(run).await
    };
    poll_with("battery").await;
    let battery = scene.bmw.containers().remove(0).id;
    poll_with("driving").await;
    let kept = scene.bmw.containers();
    assert_eq!(kept.len(), 2, "nothing is removed silently");
    let driving = kept[1].id.clone();
    scene.bmw.create_container("hers", "hers", &[HEADER]);
    let elsewhere = scene
        .bmw
        .create_container("cardata battery", "cardata/1 0123456789abcdef", &[HEADER]);

    let before = (scene.bmw.containers(), scene.requests("containers").len());
    let said = scene.call(&["containers", "sync", "--dry-run"]).await;
    assert_eq!(said.code, Some(0), "{said:?}");
    for line in [
        format!("in use: {driving} `cardata driving`"),
        format!("would delete {battery} `cardata battery`"),
        format!("left alone: {elsewhere} `cardata battery`"),
        "1 call was spent, nothing changed; without --dry-run it takes 2 calls".to_owned(),
    ] {
        assert!(said.out.contains(&line), "{line}: {}", said.out);
    }
    assert_eq!(
        (scene.bmw.containers(), scene.requests("containers").len()),
        (before.0, before.1 + 1)
    );

    let said = scene.call(&["containers", "sync"]).await;
    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(said.out.contains(&format!("deleting {battery}")), "{}", said.out);
    assert_eq!(scene.requests("containers").len(), before.1 + 3);
    assert!(!ids(&scene.bmw.containers()).contains(&battery.as_str()));

    while scene.bmw.containers().len() < 10 {
        scene.bmw.create_container("hers", "hers", &[HEADER]);
    }
    let said = poll_with("battery").await;
    assert!(
        said.err
            .contains("removed a container of ours that no source uses any more"),
        "{}",
        said.err
    );
    let kept = scene.bmw.containers();
    assert!(kept.len() == 10 && !ids(&kept).contains(&driving.as_str()));
    assert!(ids(&kept).contains(&elsewhere.as_str()));
    let notice = &scene.status().await["containers"][0]["notice"];
    assert!(notice.as_str().unwrap().contains(&driving), "{notice}");
    scene.assert_lawful();
}

#[tokio::test]
async fn a_missing_container_is_made_by_sync() {
    let scene = Scene::set(&Plan::default()).await;
    scene.login().await;
    let said = scene.call(&["containers", "sync", "--dry-run"]).await;
    assert!(
        said.out
            .contains("would create `cardata battery` with 30 descriptors"),
        "{said:?}"
    );
    assert_eq!(scene.bmw.containers(), []);
    let said = scene.call(&["containers", "sync"]).await;
    assert_eq!(said.code, Some(0), "{said:?}");
    assert_eq!(scene.bmw.containers().len(), 1);
    let calls = scene.requests("containers").len();
    let run = scene.run().await;
    scene.more_answers(&run, 1).await;
    stop(run).await;
    assert_eq!(
        scene.requests("containers").len(),
        calls,
        "what sync made is polled"
    );
    scene.assert_lawful();
}

#[tokio::test]
async fn a_program_that_is_killed_while_it_searches_goes_on() {
    const SEED: u64 = 20_260_302;
    let scene = Scene::with(refusing(DescriptorRefusal::Forbidden), &everything()).await;
    scene.login().await;
    let mut random = StdRng::seed_from_u64(SEED);
    let done = |scene: &Scene| {
        let kept = scene.bmw.containers();
        kept.len() == 1 && kept[0].descriptors.len() == EVERYTHING - REFUSED.len()
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
    let scene = Scene::with(refusing(DescriptorRefusal::Named), &plan).await;
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
        let told = |value: &str| !["", "-NA-", "INVALID", "UNKNOWN", "SIGNAL_INVALID"].contains(&value);
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
