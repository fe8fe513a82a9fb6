//! Other users of the machine: what they may see, and what a command of root leaves to the service's user.

use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::Path;

use tests::process::Cardata;

use crate::scene::{DEADLINE, FILES, Plan, Said, Scene, end, stop};

/// Whoever owns the service, and somebody else.
const SERVICE: u32 = 4711;
const STRANGER: u32 = 4712;

/// A scene whose folder belongs to the service, and who can be which user; `None`, which is said, where only root could.
#[expect(clippy::print_stderr, reason = "a test that is left out says so")]
async fn scene_of_the_service(plan: &Plan<'_>) -> Option<Scene> {
    let scene = Scene::set(plan).await;
    if chown(scene.path(""), Some(SERVICE), Some(SERVICE)).is_err() {
        eprintln!("left out: only root can be several users");
        return None;
    }
    open(&scene.path(""), 0o755);
    Some(scene)
}

fn open(path: &Path, mode: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

fn start_as(scene: &Scene, user: u32, arguments: &[&str]) -> Cardata {
    scene.start_with(arguments, |command| {
        command.uid(user).gid(user);
    })
}

async fn call_as(scene: &Scene, user: u32, arguments: &[&str]) -> Said {
    end(start_as(scene, user, arguments)).await
}

#[tokio::test]
async fn every_command_says_that_this_user_may_not_look() {
    let Some(scene) = scene_of_the_service(&Plan::default()).await else {
        return;
    };
    assert_eq!(call_as(&scene, SERVICE, &["login"]).await.code, Some(0));
    scene.hurry_up();
    let run = start_as(&scene, SERVICE, &["run"]);
    scene.more_answers(&run, 2).await;
    for command in [
        &["status"][..],
        &["status", "--json"],
        &["doctor"],
        &["doctor", "--json"],
        &["dead-letters", "list"],
        &["dead-letters", "show", "1"],
        &["dead-letters", "drop", "--all", "--yes"],
        &["dead-letters", "retry", "--all"],
        &["backup", "never"],
        &["journal", "stats"],
        &["journal", "strays"],
        &["journal", "verify"],
        &["journal", "compact"],
        &["journal", "export"],
        &["journal", "import", "pipeline.yaml"],
        &["replay", "--sink", "csv"],
        &["vehicles"],
        &["vehicles", "--refresh"],
        &["containers"],
        &["containers", "sync", "--dry-run"],
        &["containers", "delete", "any"],
        &["forget", "--vehicle", "any", "--yes"],
        &["login"],
        &["login", "--import", "pipeline.yaml"],
        &["check", "--connect"],
        &["restore", "pipeline.yaml"],
        &["run"],
    ] {
        let said = call_as(&scene, STRANGER, command).await;
        assert_eq!(said.code, Some(2), "{command:?}: {said:?}");
        assert!(said.err.contains("sudo -u cardata"), "{command:?}: {said:?}");
        assert!(
            said.out.is_empty() || said.out.contains("sound"),
            "{command:?}: {said:?}"
        );
    }
    stop(run).await;
}

/// One file or folder alone is another user's, whatever it is.
#[tokio::test]
async fn what_this_user_may_not_see_is_named() {
    let Some(scene) = scene_of_the_service(&Plan::default()).await else {
        return;
    };
    scene.edit(|text| text.replace("path: cardata.db", "path: data/${file:secret}"));
    std::fs::write(scene.path("secret"), "cardata.db").unwrap();
    scene.login().await;
    let run = scene.run().await;
    scene.more_answers(&run, 2).await;
    stop(run).await;
    let look: &[&[&str]] = &[
        &["status"],
        &["status", "--json"],
        &["vehicles", "--refresh"],
        &["containers"],
        &["containers", "sync", "--dry-run"],
        &["check", "--connect"],
        &["run"],
    ];
    let read: &[&[&str]] = &[
        &["status"],
        &["dead-letters", "list"],
        &["journal", "stats"],
        &["journal", "verify"],
        &["journal", "export"],
        &["backup", "backup"],
        &["replay", "--sink", "csv"],
        &["vehicles"],
        &["run"],
    ];
    let all: Vec<&[&str]> = [look, read, &[&["check"], &["login"], &["restore", "secret"]]].concat();
    for (closed, commands) in [
        ("state/journal.db", read),
        ("state/tokens/home.json", look),
        ("state/tokens", look),
        ("state/tokens", &[&["login"]]),
        ("secret", &all),
        ("pipeline.yaml", &all),
    ] {
        for folder in ["", "state", "state/tokens", "csv", "data"] {
            open(&scene.path(folder), 0o777);
            for entry in std::fs::read_dir(scene.path(folder)).unwrap() {
                let entry = entry.unwrap();
                if entry.metadata().unwrap().is_file() {
                    open(&entry.path(), 0o666);
                }
            }
        }
        open(&scene.path(closed), 0o000);
        for command in commands {
            let said = call_as(&scene, STRANGER, command).await;
            assert_eq!(said.code, Some(2), "{closed}: {command:?}: {said:?}");
            let name = closed.rsplit('/').next().unwrap();
            assert!(said.err.contains(name), "{closed}: {command:?}: {said:?}");
        }
    }
}

/// Files of a sink that cannot be seen are not gone: nothing is filled again, and nobody is told to.
#[tokio::test]
async fn stores_that_this_user_may_not_see_are_not_empty() {
    let Some(scene) = scene_of_the_service(&Plan {
        sinks: &FILES.replace("cardata.db", "data/cardata.db"),
        ..Plan::default()
    })
    .await
    else {
        return;
    };
    assert_eq!(call_as(&scene, SERVICE, &["login"]).await.code, Some(0));
    scene.hurry_up();
    let run = start_as(&scene, SERVICE, &["run"]);
    scene.more_answers(&run, 3).await;
    stop(run).await;
    for closed in ["csv", "data"] {
        chown(scene.path(closed), Some(0), Some(0)).unwrap();
        open(&scene.path(closed), 0o700);
    }
    const FAILS: &str = "a redelivery fails";
    for sink in ["csv", "sqlite"] {
        let replay = start_as(&scene, SERVICE, &["replay", "--sink", sink]);
        replay.wait_for_line(FAILS, DEADLINE).await;
    }
    let run = start_as(&scene, SERVICE, &["run"]);
    for sink in ["sink=csv", "sink=sqlite"] {
        tests::scene::until(&run, sink, || {
            let mut lines = run.lines().into_iter();
            lines.any(|line| line.text.contains(sink) && line.text.contains(FAILS))
        })
        .await;
    }
    let said = stop(run).await;
    assert!(!said.err.contains("held nothing"), "{}", said.err);
}

/// `sudo cardata …` beside a service that runs as somebody else.
#[tokio::test]
async fn what_root_does_leaves_the_service_its_files() {
    let Some(scene) = scene_of_the_service(&Plan::default()).await else {
        return;
    };
    scene.login().await;
    assert_eq!(scene.call(&["vehicles"]).await.code, Some(0));
    assert_eq!(call_as(&scene, SERVICE, &["login"]).await.code, Some(0));
    scene.login().await;
    scene.hurry_up();
    let run = start_as(&scene, SERVICE, &["run"]);
    scene.more_answers(&run, 2).await;
    stop(run).await;

    assert_eq!(scene.call(&["backup", "backup"]).await.code, Some(0));
    assert_eq!(scene.call(&["restore", "backup", "--force"]).await.code, Some(0));
    let exported = scene.call(&["journal", "export", "--output", "lines"]).await;
    assert_eq!(exported.code, Some(0), "{exported:?}");
    for path in [
        "backup",
        "lines",
        "state",
        "state/lock",
        "state/journal.db",
        "state/tokens",
        "state/tokens/home.json",
    ] {
        let owner = std::fs::metadata(scene.path(path)).unwrap().uid();
        assert_eq!(owner, SERVICE, "{path}");
    }
    let run = start_as(&scene, SERVICE, &["run"]);
    scene.more_answers(&run, 2).await;
    stop(run).await;
}

/// `sudo cardata run` once, killed: everything that lies in the folders of the service is the service's.
#[tokio::test]
async fn a_run_of_root_leaves_the_service_the_files_of_sinks() {
    let Some(scene) = scene_of_the_service(&Plan {
        sinks: "  - type: csv\n    dir: data/csv\n  - type: sqlite\n    path: deep/er/cardata.db\n",
        ..Plan::default()
    })
    .await
    else {
        return;
    };
    scene.login().await;
    let run = scene.run().await;
    let folders = ["", "data", "data/csv", "deep", "deep/er", "state", "state/tokens"];
    let found = || {
        let inside = folders.map(|folder| {
            std::fs::read_dir(scene.path(folder))
                .into_iter()
                .flatten()
                .flatten()
        });
        inside
            .into_iter()
            .flatten()
            .filter(|entry| entry.file_name() != "pipeline.yaml")
    };
    let is_services = |entry: &std::fs::DirEntry| entry.metadata().is_ok_and(|found| found.uid() == SERVICE);
    tests::scene::until(&run, "files of the service", || {
        let (csv, wal) = (
            scene.path("data/csv/.cardata.lock"),
            scene.path("deep/er/cardata.db-wal"),
        );
        csv.exists() && wal.exists() && found().all(|entry| is_services(&entry))
    })
    .await;
    run.signal(tests::process::Signal::Kill).await;
    drop(run);
    let others: Vec<_> = found().filter(|entry| !is_services(entry)).collect();
    assert!(others.is_empty(), "{others:?}");
    let run = start_as(&scene, SERVICE, &["run"]);
    scene.more_answers(&run, 3).await;
    let said = stop(run).await;
    assert!(!said.err.contains("Permission denied"), "{}", said.err);
}

#[tokio::test]
async fn nobody_else_reads_where_the_car_was() {
    let scene = Scene::set(&Plan {
        sinks: &FILES.replace("dir: csv", "dir: data/csv"),
        ..Plan::default()
    })
    .await;
    // As an administrator makes it, or an earlier version.
    std::fs::create_dir(scene.path("state")).unwrap();
    open(&scene.path("state"), 0o755);
    std::fs::write(scene.path("state/journal.db"), "").unwrap();
    open(&scene.path("state/journal.db"), 0o644);
    scene.login().await;
    let run = scene.run().await;
    scene.more_answers(&run, 3).await;
    tests::scene::until(&run, "files", || {
        scene.path("data/csv").is_dir() && scene.path("cardata.db").is_file()
    })
    .await;
    let mut found = Vec::new();
    for place in [
        "state",
        "data",
        "data/csv",
        "cardata.db",
        "cardata.db-wal",
        "cardata.db-shm",
    ] {
        found.push(scene.path(place));
    }
    for folder in ["state", "state/tokens", "data/csv"] {
        let inside = std::fs::read_dir(scene.path(folder)).unwrap();
        found.extend(inside.map(|entry| entry.unwrap().path()));
    }
    assert!(found.len() > 10, "{found:?}");
    for path in found {
        assert_eq!(mode(&path) & 0o027, 0, "{}: {:o}", path.display(), mode(&path));
    }
    let said = stop(run).await;
    assert!(said.err.contains("could read the history"), "{}", said.err);
}

/// What else lies in the folder may be meant for others.
#[tokio::test]
async fn a_folder_that_is_not_the_states_alone_is_left_open() {
    let scene = Scene::set(&Plan::default()).await;
    scene.edit(|text| format!("state: .\n{text}"));
    open(&scene.path(""), 0o755);
    scene.login().await;
    assert_eq!(mode(&scene.path("")), 0o755);
    assert_eq!(scene.call(&["vehicles"]).await.code, Some(0));
    assert_eq!(mode(&scene.path("journal.db")) & 0o007, 0);
}
