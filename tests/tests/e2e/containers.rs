//! Containers that somebody deletes, or of which there are too many, and what the program makes of it.

use std::time::Duration;

use cardata_sim::{Container, SimConfig};

use crate::scene::{DEADLINE, Plan, Scene, stop};

const HEADER: &str = "vehicle.drivetrain.batteryManagement.header";

/// Logins that outlive a program that is killed while it renews them.
pub fn patient() -> SimConfig {
    SimConfig {
        token_lifetime: Duration::from_secs(60 * 86_400),
        refresh_lifetime: Duration::from_secs(365 * 86_400),
        ..SimConfig::default()
    }
}

fn ids(containers: &[Container]) -> Vec<&str> {
    containers.iter().map(|container| container.id.as_str()).collect()
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
async fn the_name_of_another_programs_container_commands_no_terminal() {
    let scene = Scene::with(patient(), &Plan::default()).await;
    let name =
        "\u{1b}]0;owned\u{7}\u{1b}[31mEVIL\u{1b}[2J\u{202e}\u{9b}2J".to_owned() + &"long ".repeat(100_000);
    let foreign = scene.bmw.create_container(&name, "hers", &[HEADER]);
    scene.login().await;
    for command in [
        &["containers"][..],
        &["containers", "sync", "--dry-run"],
        &["containers", "sync"],
    ] {
        let said = scene.call(command).await;
        assert!(
            said.out.contains(&foreign) && said.out.contains("EVIL"),
            "{said:?}"
        );
        let commands = |text: &str| text.contains(|c: char| c == '\u{202e}' || c.is_control() && c != '\n');
        assert!(!commands(&said.out) && !commands(&said.err), "{said:?}");
        assert!(said.out.len() < 10_000, "a name as long as a book is cut");
    }
}

#[tokio::test]
async fn ten_containers_of_others_are_told_and_left_alone() {
    let plan = Plan {
        speed: 20_000.0,
        every: "30m",
        ..Plan::default()
    };
    // What is deleted frees a place at once, so that the rest can be seen within days.
    let config = SimConfig {
        deleted_containers_count: false,
        ..patient()
    };
    let scene = Scene::with(config, &plan).await;
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

/// Changes what the pipeline file asks for.
fn ask_for(scene: &Scene, container: &str) {
    let path = scene.path("pipeline.yaml");
    let text = std::fs::read_to_string(&path).unwrap();
    let begin = text.find("container: ").unwrap();
    let end = begin + text[begin..].find('\n').unwrap();
    let text = format!("{}container: {container}{}", &text[..begin], &text[end..]);
    std::fs::write(&path, text).unwrap();
}

#[tokio::test]
async fn what_works_is_polled_as_long_as_there_is_no_place_for_what_is_wanted() {
    let scene = Scene::with(patient(), &Plan::default()).await;
    scene.login().await;
    let run = scene.run().await;
    scene.more_answers(&run, 1).await;
    stop(run).await;
    let battery = scene.bmw.containers().remove(0).id;
    for number in 0..9 {
        let gone = scene
            .bmw
            .create_container(&format!("hers {number}"), "hers", &[HEADER]);
        scene.bmw.delete_container(&gone);
    }
    ask_for(&scene, "driving");
    let run = scene.run().await;
    run.wait_for_line("another container is polled", DEADLINE).await;
    scene.more_answers(&run, 2).await;
    let set = &scene.status().await["containers"][0];
    assert_eq!(
        (&set["container"], &set["stand_in"]),
        (&serde_json::Value::Null, &battery.as_str().into())
    );
    let told = set["full"].as_str().unwrap();
    assert!(told.contains("9 of them by deleted ones"), "{told}");
    let said = scene.call(&["status"]).await;
    assert!(
        said.out
            .contains(&format!("{battery}, made here for another set")),
        "{}",
        said.out
    );
    stop(run).await;
    assert_eq!(ids(&scene.bmw.containers()), [battery.as_str()]);
    scene.assert_lawful();
}

#[tokio::test]
async fn obsolete_containers_go_when_asked_or_when_room_is_needed() {
    let config = SimConfig {
        deleted_containers_count: false,
        ..SimConfig::default()
    };
    let scene = Scene::with(config, &Plan::default()).await;
    scene.login().await;
    let poll_with = async |container: &str| {
        ask_for(&scene, container);
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

    // The last that worked is what is polled until there is room, so another one goes.
    poll_with("everything").await;
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
            .contains("would create `cardata battery` with 38 descriptors"),
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
