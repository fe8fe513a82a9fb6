//! The program as a service: the unit as it is shipped, its user and its read-only places, what a service manager hears, and
//! the limits that it sets.

use std::process::Command;
use std::time::Duration;

use cardata_sim::Fault;
use tests::process::{Cardata, Signal, program};
use tests::small_disk::SmallDisk;
use tokio::net::UnixDatagram;
use tokio::time::timeout;

use crate::scene::{DEADLINE, FILES, Plan, Said, Scene, end, stop};

const UNIT: &str = include_str!("../../../configs/packaging/cardata.service");
/// Like what `cardata init` writes for it, without a stream.
const PIPELINE: &str = "\
state: /var/lib/cardata/state

accounts:
  - name: home
    client_id: 00000000-0000-4000-8000-000000000000

sources:
  - type: telematics
    container: everything
    every: auto

sinks:
  - type: sqlite
    path: /var/lib/cardata/cardata.db
  - type: csv
    dir: /var/lib/cardata/csv
";
const SERVICE: u32 = 4711;

/// Starts a command on the scene's pipeline file out of a shell that has set something before.
fn start_after(scene: &Scene, setting: &str, arguments: &[&str]) -> Cardata {
    let script = format!("{setting}; exec \"$0\" \"$@\"");
    let program = program();
    let program = program.to_str().unwrap();
    let fixed = ["-c", &script, program];
    let arguments = fixed
        .iter()
        .chain(arguments)
        .chain(&["--config", "pipeline.yaml"]);
    Cardata::start_program("/bin/sh".as_ref(), arguments, |command| {
        command.current_dir(scene.path(""));
    })
}

#[test]
fn the_unit_is_one_that_systemd_takes() {
    let folder = tempfile::tempdir().unwrap();
    let unit = folder.path().join("cardata.service");
    let text = UNIT.replace("/usr/bin/cardata", program().to_str().unwrap());
    std::fs::write(&unit, text).unwrap();
    for arguments in [
        &["verify", "--man=no"][..],
        // At 20, of a hundred, systemd begins to speak of exposure.
        &["security", "--offline=true", "--no-pager", "--threshold=20"],
    ] {
        let analysed = Command::new("systemd-analyze")
            .args(arguments)
            .arg(&unit)
            .output();
        let Ok(analysed) = analysed else {
            eprintln!("left out: there is no systemd here");
            return;
        };
        let said = String::from_utf8_lossy(&analysed.stderr);
        assert!(analysed.status.success(), "{arguments:?}: {said}");
        assert!(!said.contains("cardata.service"), "{arguments:?}: {said}");
    }
}

/// As `configs/packaging/cardata.service` has it: a user of its own, a file that it cannot change, one folder that it may write to.
#[tokio::test]
async fn the_shipped_pipeline_runs_where_only_the_state_can_be_written() {
    let plan = Plan::default();
    let scene = Scene::set(&plan).await;
    let Some(disk) = SmallDisk::mount(&scene.path("etc"), "1m") else {
        return;
    };
    let (state, url) = (scene.path("state"), scene.url());
    std::fs::create_dir(&state).unwrap();
    std::os::unix::fs::chown(&state, Some(SERVICE), Some(SERVICE)).unwrap();
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(scene.path(""), mode).unwrap();
    assert!(
        UNIT.contains("StateDirectory=cardata\n") && UNIT.contains("WorkingDirectory=/var/lib/cardata\n")
    );
    let text = PIPELINE
        .replace("/var/lib/cardata", state.to_str().unwrap())
        .replace(
            "\n\nsources:",
            &format!("\n    calls_per_day: 100000\n    endpoints: {{ auth: \"{url}\", api: \"{url}\" }}\n\nsources:"),
        );
    std::fs::write(
        scene.path("etc/pipeline.yaml"),
        format!("clock: {{ speed: 600 }}\n{text}"),
    )
    .unwrap();
    assert!(disk.set_read_only(true), "nobody writes");

    let config = scene.path("etc/pipeline.yaml");
    let start = |command: &str| {
        Cardata::start([command, "--config", config.to_str().unwrap()], |command| {
            command.current_dir(&state).uid(SERVICE).gid(SERVICE).env_clear();
        })
    };
    let said = end(start("login")).await;
    assert_eq!(said.code, Some(0), "{said:?}");
    scene.hurry_up();
    let run = start("run");
    scene.more_answers(&run, 2).await;
    let said = stop(run).await;
    assert!(
        !said.err.contains("WARN") && !said.err.contains("ERROR"),
        "{}",
        said.err
    );
    assert!(!tests::stores::sqlite(&state.join("cardata.db")).is_empty());
    assert!(!tests::stores::csv(&state.join("csv")).is_empty());
    let said = end(start("status")).await;
    assert_eq!(said.code, Some(0), "{said:?}");
}

#[tokio::test]
async fn a_service_manager_hears_that_it_runs_lives_and_stops() {
    let mut scene = Scene::set(&Plan::default()).await;
    scene.login().await;
    let manager = UnixDatagram::bind(scene.path("manager")).unwrap();
    scene.set_env("NOTIFY_SOCKET", scene.path("manager"));
    scene.set_env("WATCHDOG_USEC", "20000");
    let hear = async || {
        let mut bytes = [0; 64];
        let length = timeout(DEADLINE, manager.recv(&mut bytes))
            .await
            .unwrap()
            .unwrap();
        String::from_utf8(bytes[..length].to_vec()).unwrap()
    };
    let run = scene.run().await;
    assert_eq!(hear().await, "READY=1");
    for _ in 0..3 {
        assert_eq!(hear().await, "WATCHDOG=1");
    }
    run.signal(Signal::Terminate).await;
    while hear().await != "STOPPING=1" {}
    assert_eq!(end(run).await.code, Some(0));
}

/// What is tried again by itself, or needs a person, is not mended by starting again.
#[tokio::test]
async fn a_health_check_is_about_the_process_and_its_journal() {
    let away =
        "  - type: influxdb\n    url: http://127.0.0.1:1\n    org: home\n    bucket: cars\n    token: any\n";
    let scene = Scene::set(&Plan {
        sinks: away,
        ..Plan::default()
    })
    .await;
    let Some(disk) = SmallDisk::mount(&scene.path("state"), "4m") else {
        return;
    };
    let check = async || scene.call(&["status", "--healthcheck"]).await;
    let unhealthy = |said: Said, why: &str| {
        assert_eq!((said.code, said.out.as_str()), (Some(4), ""), "{said:?}");
        assert!(
            said.err.contains("unhealthy: ") && said.err.contains(why),
            "{said:?}"
        );
        assert_eq!(said.err.lines().count(), 1, "{said:?}");
    };
    unhealthy(check().await, "no process runs this pipeline");
    scene.login().await;
    let run = scene.run().await;
    run.wait_for_line("the sink does not accept writes", DEADLINE)
        .await;
    let said = check().await;
    assert_eq!(said.code, Some(0), "{said:?}");
    assert_eq!(
        said.out,
        format!("healthy: process {} runs this pipeline\n", run.id())
    );
    disk.fill();
    unhealthy(check().await, "full");
    disk.make_room();
    stop(run).await;
    let asked = scene.requests("").len();
    unhealthy(check().await, "no process runs this pipeline");
    assert_eq!(scene.requests("").len(), asked);
}

#[tokio::test]
async fn a_terminal_that_hangs_up_asks_for_a_clean_end_unless_nohup_was_said() {
    let scene = Scene::set(&Plan::default()).await;
    scene.login().await;
    let run = scene.run().await;
    scene.more_answers(&run, 1).await;
    run.signal(Signal::HangUp).await;
    let said = end(run).await;
    assert_eq!(said.code, Some(0), "{}", said.err);
    assert!(said.err.contains("Stopped. "), "{}", said.err);

    let run = start_after(&scene, "trap '' HUP", &["run"]);
    run.wait_for_line("running", DEADLINE).await;
    run.signal(Signal::HangUp).await;
    scene.more_answers(&run, 2).await;
    let said = stop(run).await;
    assert_eq!(said.err.matches("stopping").count(), 1, "{}", said.err);
}

/// `ulimit -f`, `LimitFSIZE`: the system's own answer is to end the process.
#[tokio::test]
async fn a_file_that_may_not_grow_is_a_full_disk() {
    let scene = Scene::set(&Plan::default()).await;
    scene.login().await;
    scene.hurry_up();
    let run = start_after(&scene, "ulimit -f 300", &["run"]);
    run.wait_for_line("a file may not grow", DEADLINE).await;
    run.signal(Signal::Terminate).await;
    let said = end(run).await;
    assert_eq!(said.code, Some(0), "{}", said.err);
    let run = scene.run().await;
    scene.more_answers(&run, 2).await;
    stop(run).await;
}

#[tokio::test]
async fn too_few_open_files_are_named() {
    let scene = Scene::set(&Plan::default()).await;
    scene.login().await;
    let run = scene.run().await;
    scene.more_answers(&run, 1).await;
    stop(run).await;
    let mut failed = 0;
    for files in 3..24 {
        let limit = format!("ulimit -n {files}");
        let said = end(start_after(&scene, &limit, &["journal", "stats"])).await;
        if said.code == Some(0) {
            continue;
        }
        failed += 1;
        let named = [
            "ulimit -n",
            "Too many open files",
            "error while loading shared libraries",
        ];
        assert!(
            named.iter().any(|words| said.err.contains(words)),
            "{files}: {said:?}"
        );
    }
    assert!(failed > 0, "so few files are enough");
    let run = start_after(&scene, "ulimit -n 100", &["run"]);
    run.wait_for_line("LimitNOFILE", DEADLINE).await;
    stop(run).await;
}

/// All at once: a store and a broker that accept and never answer, a database of a sink and the journal in the hands of another
/// program, so that nothing can be written down at the end, and an answer of BMW that does not come.
#[tokio::test]
async fn a_stop_ends_in_the_time_of_the_unit_whatever_hangs() {
    // The system accepts for it, and nobody reads.
    let mute = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let mute_at = mute.local_addr().unwrap();
    let sinks = format!(
        "{FILES}  - type: influxdb\n    url: http://{mute_at}\n    org: home\n    bucket: cars\n    token: any\n  \
         - type: mqtt\n    url: mqtt://{mute_at}\n"
    );
    let plan = Plan {
        sinks: &sinks,
        ..Plan::default()
    };
    let scene = Scene::set(&plan).await;
    scene.login().await;
    let mut run = scene.run().await;
    scene.more_answers(&run, 2).await;
    tests::scene::until(&run, "database", || scene.path("cardata.db-wal").exists()).await;
    let others = ["cardata.db", "state/journal.db"].map(|name| {
        let other = rusqlite::Connection::open(scene.path(name)).unwrap();
        other.busy_timeout(DEADLINE).unwrap();
        other
    });
    others[0].execute_batch("begin immediate").unwrap();
    let asked = scene.requests("telematicData").len();
    scene
        .bmw
        .inject_on("telematicData", 1, Fault::Hang(Duration::from_secs(50)));
    tests::scene::until(&run, "poll", || scene.requests("telematicData").len() > asked).await;
    others[1].execute_batch("begin immediate").unwrap();
    run.signal(Signal::Terminate).await;
    assert!(UNIT.contains("TimeoutStopSec=30\n"));
    let ended = run.exit_within(Duration::from_secs(30)).await;
    let ended = ended.unwrap_or_else(|| panic!("it would be killed: {}", run.transcript()));
    assert_eq!(ended.code(), Some(0), "{}", run.transcript());
    drop(others);
    let run = scene.run().await;
    scene.more_answers(&run, 2).await;
    run.signal(Signal::Kill).await;
}

/// A stop that does not wait for BMW is no failure of BMW.
#[tokio::test]
async fn a_poll_that_a_stop_cut_off_has_not_failed() {
    let scene = Scene::set(&Plan::default()).await;
    scene.login().await;
    let run = scene.run().await;
    scene.more_answers(&run, 2).await;
    let asked = scene.requests("telematicData").len();
    scene
        .bmw
        .inject_on("telematicData", 1, Fault::Hang(Duration::from_secs(50)));
    tests::scene::until(&run, "poll", || scene.requests("telematicData").len() > asked).await;
    stop(run).await;
    let status = scene.status().await;
    assert_eq!(status["polls"][0]["failures"], 0, "{status}");
    let said = scene.call(&["status"]).await;
    assert!(!said.out.contains("interrupted"), "{said:?}");
}

#[tokio::test]
async fn a_check_beside_a_run_does_not_stumble_over_what_the_run_holds() {
    let scene = Scene::set(&Plan::default()).await;
    scene.login().await;
    let run = scene.run().await;
    scene.more_answers(&run, 3).await;
    tests::scene::until(&run, "files of the csv sink", || {
        scene.path("csv/.cardata.lock").exists()
    })
    .await;
    let said = scene.call(&["check", "--connect"]).await;
    assert_eq!(said.code, Some(0), "{said:?}");
    stop(run).await;
}
