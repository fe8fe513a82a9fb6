//! Places that cannot be used: the state directory, ports, and readers that go away.

use std::net::TcpListener;
use std::process::{Command, Stdio};

use tests::process::{Cardata, program};

use crate::oracle::{assert_exactly, expected_of_all};
use crate::scene::{DEADLINE, Plan, Scene, call_in, end, stop};
use crate::stores;

/// The pipeline file of a scene with a key at its top.
fn add(scene: &Scene, line: &str) {
    let path = scene.path("pipeline.yaml");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, format!("{line}\n{text}")).unwrap();
}

#[tokio::test]
async fn a_state_directory_that_cannot_be_is_named() {
    let scene = Scene::set(&Plan::default()).await;
    std::fs::write(scene.path("file"), "").unwrap();
    add(&scene, "state: file/state");
    for command in [
        &["run"][..],
        &["login"],
        &["vehicles"],
        &["check"],
        &["status"],
        &["dead-letters", "list"],
        &["journal", "verify"],
    ] {
        let said = scene.call(command).await;
        assert_eq!(said.code, Some(2), "{command:?}: {said:?}");
        assert!(said.err.contains("file/state"), "{command:?}: {said:?}");
        assert!(said.err.contains("state:"), "{command:?}: {said:?}");
    }
    assert_eq!(scene.bmw.requests(), [], "nothing is asked that cannot be kept");
}

#[tokio::test]
async fn a_journal_that_is_none_is_left_alone() {
    let scene = Scene::set(&Plan::default()).await;
    scene.login().await;
    let journal = scene.path("state/journal.db");
    std::fs::write(
        &journal,
        "a file of somebody else, longer than a header of SQLite would be: ".repeat(20),
    )
    .unwrap();
    let before = std::fs::read(&journal).unwrap();
    for command in ["run", "status"] {
        let said = scene.call(&[command]).await;
        assert_eq!(said.code, Some(2), "{command}: {said:?}");
        assert!(said.err.contains("journal.db"), "{command}: {said:?}");
    }
    assert_eq!(std::fs::read(&journal).unwrap(), before);
}

#[tokio::test]
async fn where_nothing_was_recorded_every_command_that_needs_it_says_so() {
    let scene = Scene::set(&Plan::default()).await;
    scene.login().await;
    std::fs::remove_file(scene.path("state/journal.db")).unwrap_or_default();
    for command in [
        &["dead-letters", "list"][..],
        &["dead-letters", "list", "--json"],
        &["dead-letters", "show", "1"],
        &["dead-letters", "retry", "--all"],
        &["journal", "stats"],
        &["journal", "strays"],
        &["journal", "verify"],
        &["replay", "--sink", "csv"],
        &["backup", "saved.cardata"],
    ] {
        let said = scene.call(command).await;
        assert_eq!(said.code, Some(2), "{command:?}: {said:?}");
        assert!(said.err.contains("there is no journal"), "{command:?}: {said:?}");
    }
}

#[tokio::test]
async fn a_journal_of_somebody_else_or_with_triggers_is_named_for_what_it_is() {
    let scene = Scene::set(&Plan::default()).await;
    scene.login().await;
    let meddle = |statements: &str| {
        let journal = rusqlite::Connection::open(scene.path("state/journal.db")).unwrap();
        journal.execute_batch(statements).unwrap();
    };
    stop(scene.run().await).await;
    meddle("create trigger t after insert on log begin delete from log; end");
    for command in [
        &["run"][..],
        &["replay", "--sink", "csv"],
        &["journal", "compact"],
    ] {
        let said = scene.call(command).await;
        assert_eq!(said.code, Some(2), "{command:?}: {said:?}");
        assert!(said.err.contains("drop trigger"), "{command:?}: {said:?}");
    }
    meddle("drop trigger t");
    stop(scene.run().await).await;

    std::fs::remove_file(scene.path("state/journal.db")).unwrap();
    meddle("create table theirs (id)");
    for command in ["verify", "export", "stats", "strays", "compact"] {
        let said = scene.call(&["journal", command]).await;
        assert_eq!(said.code, Some(2), "{command}: {said:?}");
        assert!(said.err.contains("of cardata"), "{command}: {said:?}");
    }
}

/// `mv old journal.db` beside a running pipeline: SQLite goes on with a file that has no name any more.
#[tokio::test]
async fn a_journal_that_is_replaced_ends_the_run_and_nothing_of_it_is_lost() {
    let scene = Scene::set(&Plan::default()).await;
    scene.login().await;
    let run = scene.run().await;
    scene.more_answers(&run, 3).await;
    stop(run).await;
    let (journal, old) = (scene.path("state/journal.db"), scene.path("state/old"));
    std::fs::copy(&journal, &old).unwrap();
    let run = scene.run().await;
    scene.more_answers(&run, 3).await;
    std::fs::rename(old, &journal).unwrap();
    let said = end(run).await;
    assert_eq!(said.code, Some(2), "{said:?}");
    assert!(said.err.contains("replaced, moved or removed"), "{said:?}");
    let files = std::fs::read_dir(scene.path("state")).unwrap();
    let mut files = files.map(|file| file.unwrap().path());
    let kept = files.find(|path| path.to_string_lossy().contains("journal.db.kept-"));
    let kept = kept.expect("it is in the state directory");
    assert!(said.err.contains(&*kept.to_string_lossy()), "{said:?}");

    std::fs::rename(kept, &journal).unwrap();
    assert_eq!(scene.call(&["journal", "verify"]).await.code, Some(0));
    stop(scene.run().await).await;
    let wanted = expected_of_all(&scene.bmw.served());
    assert_exactly("csv", stores::csv(&scene.path("csv")), wanted.clone());
    assert_exactly("sqlite", stores::sqlite(&scene.path("cardata.db")), wanted);
}

#[tokio::test]
async fn the_second_process_is_told_who_is_first() {
    let scene = Scene::set(&Plan::default()).await;
    scene.login().await;
    let run = scene.run().await;
    let said = scene.call(&["run"]).await;
    assert_eq!(said.code, Some(5), "{said:?}");
    assert!(said.err.contains(&format!("process {}", run.id())), "{said:?}");
    scene.more_answers(&run, 2).await;
    stop(run).await;
    stop(scene.run().await).await;
}

#[tokio::test]
async fn a_port_that_is_taken_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let said = call_in(folder.path(), &["sim", "--port", &port]).await;
    assert_eq!(said.code, Some(2), "{said:?}");
    assert!(
        said.err.contains(&port) && said.err.contains("--port"),
        "{said:?}"
    );
}

#[tokio::test]
async fn the_simulator_says_how_to_use_it_and_serves() {
    let folder = tempfile::tempdir().unwrap();
    let sim = Cardata::start(["sim", "--port", "0", "--speed", "1"], |_| ());
    let line = sim.wait_for_line("endpoints:", DEADLINE).await;
    let text = format!(
        "clock: {{ speed: 1 }}\naccounts:\n  - name: simulated\n    \
         client_id: 00000000-0000-4000-8000-000000000000\n{}\n\
         sources:\n  - type: telematics\nsinks:\n  - type: sqlite\n    path: cardata.db\n",
        line.text
    );
    std::fs::write(folder.path().join("pipeline.yaml"), text).unwrap();
    let said = call_in(folder.path(), &["check"]).await;
    assert_eq!(said.code, Some(0), "{said:?}");
    sim.signal(tests::process::Signal::Terminate).await;
    assert_eq!(end(sim).await.code, Some(0));
}

#[tokio::test]
async fn the_demo_pipeline_needs_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let demo = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../configs/demo.yaml");
    // Another program may have the port of the page.
    let text = std::fs::read_to_string(demo)
        .unwrap()
        .replace("127.0.0.1:8720\n", "127.0.0.1:0\n");
    std::fs::write(folder.path().join("pipeline.yaml"), text).unwrap();
    let run = Cardata::start(["run"], |command| {
        command.current_dir(folder.path());
    });
    run.wait_for_line("soc", DEADLINE).await;
    run.wait_for_line("charging_status", DEADLINE).await;
    let said = stop(run).await;
    let kept = "History and logins are kept in";
    assert!(said.err.contains(kept), "{}", said.err);
    assert!(said.err.contains("See it: http://127.0.0.1:"), "{}", said.err);
    let rows = crate::stores::sqlite(&folder.path().join("demo-data/cardata.db"));
    assert!(rows.len() > 10, "{rows:?}");
}

/// `cardata status | head -1`.
#[tokio::test]
async fn a_reader_that_has_gone_away_is_no_error() {
    let scene = Scene::set(&Plan::default()).await;
    for arguments in [
        &["status", "--config", "pipeline.yaml"][..],
        &["plugins"],
        &["schema"],
        &["--help"],
    ] {
        let mut command = Command::new(program());
        command
            .args(arguments)
            .current_dir(scene.path(""))
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(!said.contains("panicked"), "{arguments:?}: {said}");
        assert_ne!(output.status.code(), Some(70), "{arguments:?}: {said}");
    }
}

/// `cardata status > file` on a full disk.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn what_standard_output_does_not_take_is_told() {
    let scene = Scene::set(&Plan::default()).await;
    for arguments in [
        &["status", "--config", "pipeline.yaml"][..],
        &["check", "--config", "pipeline.yaml"],
        &["schema"],
    ] {
        let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
        let mut command = Command::new(program());
        command.args(arguments).current_dir(scene.path("")).stdout(full);
        let output = command.output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {said}");
        assert!(said.contains("standard output"), "{arguments:?}: {said}");
    }
}
