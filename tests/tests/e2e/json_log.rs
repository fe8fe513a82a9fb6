//! `--log-format json`: standard error is one object a line, whatever happens and whenever.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;

use serde_json::Value;
use tests::process::Cardata;

use crate::scene::{Plan, Said, Scene, end, stop};

/// What a command says that cannot be done, and with which code it ends.
async fn failing(scene: &Scene, arguments: &[&str]) -> Said {
    let start = Cardata::start(arguments.iter().chain(&["--log-format", "json"]), |command| {
        command.current_dir(scene.path("")).env("CARDATA_LOG", "=?=");
    });
    end(start).await
}

/// Every line is an object with a time, a level and a message; there is one.
fn assert_json(said: &Said) {
    let objects = said.err.lines().map(|line| {
        let object: Value =
            serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line:?}: {said:?}"));
        for key in ["timestamp", "level", "message"] {
            assert!(object[key].is_string(), "{object}");
        }
    });
    assert!(objects.count() > 0, "nothing is said: {said:?}");
}

#[tokio::test]
async fn whatever_fails_is_told_in_json() {
    let scene = Scene::set(&Plan::default()).await;
    std::fs::write(scene.path("broken.yaml"), "a: [").unwrap();
    std::fs::write(scene.path("mistakes.yaml"), "stat: twice\nsinks: 7\n").unwrap();
    let text = std::fs::read_to_string(scene.path("pipeline.yaml")).unwrap();
    std::fs::write(
        scene.path("nowhere.yaml"),
        format!("state: broken.yaml/x\n{text}"),
    )
    .unwrap();
    std::fs::create_dir(scene.path("other")).unwrap();
    std::fs::write(
        scene.path("other/journal.db"),
        "no database, but long enough: ".repeat(99),
    )
    .unwrap();
    std::fs::write(scene.path("other.yaml"), format!("state: other\n{text}")).unwrap();
    for (code, arguments) in [
        (2, &[][..]),
        (2, &["fly"]),
        (2, &["run", "--fast"]),
        (2, &["run", "here"]),
        (2, &["replay"]),
        (2, &["replay", "--sink", "csv", "--since", "once"]),
        (2, &["replay", "--sink", "nobody"]),
        (2, &["check", "--config", "missing.yaml"]),
        (2, &["check", "--config", "broken.yaml"]),
        (2, &["check", "--config", "mistakes.yaml"]),
        (2, &["run", "--config", "nowhere.yaml"]),
        (2, &["status", "--config", "other.yaml"]),
        (3, &["run"]),
        (2, &["login", "--import", "missing"]),
        (2, &["login", "--account", "nobody"]),
        (3, &["vehicles"]),
        (3, &["containers", "delete", "none"]),
        (4, &["dead-letters", "show", "99"]),
        (2, &["forget", "--vehicle", "nobody", "--yes"]),
        (2, &["journal", "import", "missing"]),
        (2, &["journal", "strays", "--show", "99"]),
        (2, &["backup", "missing/backup"]),
        (2, &["restore", "missing"]),
        (2, &["notify", "--test"]),
        (2, &["plugins", "nobody"]),
        (2, &["sim", "--vehicle", "spaceship"]),
        (3, &["check", "--connect"]),
        (3, &["doctor"]),
    ] {
        let said = failing(&scene, arguments).await;
        assert_json(&said);
        assert_eq!(said.code, Some(code), "{arguments:?}: {said:?}");
    }
    let unreadable = Cardata::start(
        [OsString::from_vec(vec![0xff]), "--log-format=json".into()],
        |_| (),
    );
    assert_json(&end(unreadable).await);
    let few = format!(
        "ulimit -n 24; exec {} status --log-format json",
        tests::process::program().display()
    );
    assert_json(&end(Cardata::start_program("/bin/sh".as_ref(), ["-c", &few], |_| ())).await);
}

#[tokio::test]
async fn a_run_tells_in_json_to_its_last_line() {
    let scene = Scene::set(&Plan::default()).await;
    scene.login().await;
    let run = scene.run_with(&["--log-format", "json"]).await;
    scene.more_answers(&run, 2).await;
    let second = failing(&scene, &["run"]).await;
    assert_eq!(second.code, Some(5), "{second:?}");
    assert_json(&second);
    assert_json(&stop(run).await);
}

/// What was asked for is no mistake, and goes to standard output as it always does.
#[tokio::test]
async fn help_is_for_people() {
    let scene = Scene::set(&Plan::default()).await;
    let said = failing(&scene, &["run", "--help"]).await;
    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(said.out.contains("--config") && said.err.is_empty(), "{said:?}");
}
