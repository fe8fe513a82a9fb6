//! `cardata init`, and where a pipeline file is looked for.

mod system;
mod terminal;

use std::path::Path;
use std::process::Command;

use tests::process::Cardata;
use tests::small_disk::SmallDisk;

use crate::scene::{CLIENT_ID, DEADLINE, Plan, Said, Scene, end, stop, until};
use crate::stores;
use terminal::Terminal;

const OWN: &str = ".config/cardata/pipeline.yaml";

/// Lets a program find its user's home here, and nothing of who runs the test.
fn set_home(command: &mut Command, folder: &Path) {
    command.env("HOME", folder);
    for other in [
        "XDG_CONFIG_HOME",
        "XDG_STATE_HOME",
        "XDG_DATA_HOME",
        "CARDATA_CONFIG",
        "CARDATA_CLIENT_ID",
        "CARDATA_LOG",
    ] {
        command.env_remove(other);
    }
}

/// A command of somebody who lives in this folder, and is there.
fn start(folder: &Path, arguments: &[&str], more: &[(&str, &str)]) -> Cardata {
    Cardata::start(arguments, |command| {
        set_home(command.as_std_mut(), folder);
        command.current_dir(folder).envs(more.iter().copied());
    })
}

async fn call(folder: &Path, arguments: &[&str]) -> Said {
    end(start(folder, arguments, &[])).await
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap()
}

#[tokio::test]
async fn without_a_terminal_the_default_is_written_and_what_is_left_is_said() {
    let home = tempfile::tempdir().unwrap();
    for command in ["run", "check", "login", "status"] {
        let said = call(home.path(), &[command]).await;
        assert_eq!(said.code, Some(2), "{said:?}");
        for part in [
            "cardata init",
            "./pipeline.yaml",
            OWN,
            "/etc/cardata/pipeline.yaml",
        ] {
            assert!(said.err.contains(part), "{part}: {said:?}");
        }
    }
    let said = call(home.path(), &["init"]).await;
    assert_eq!((said.code, &*said.err), (Some(0), ""), "{said:?}");
    assert!(said.out.contains("put your client id into"), "{said:?}");
    let file = home.path().join(OWN);
    let text = read(&file);
    for part in ["type: stream", "every: auto", "type: sqlite", "everything"] {
        assert!(text.contains(part), "{text}");
    }
    for command in ["run", "check", "login"] {
        let said = call(home.path(), &[command]).await;
        assert_eq!(said.code, Some(2), "{said:?}");
        assert!(
            said.err.contains("the client id is not filled in yet"),
            "{said:?}"
        );
    }
    let said = call(home.path(), &["init"]).await;
    assert_eq!((said.code, read(&file)), (Some(2), text.clone()), "{said:?}");
    assert!(said.err.contains("stays as it is"), "{said:?}");

    std::fs::write(&file, text.replace("PUT-YOUR-CLIENT-ID-HERE", CLIENT_ID)).unwrap();
    let said = call(home.path(), &["check"]).await;
    assert_eq!(said.code, Some(0), "{said:?}");
    // The page is where somebody may log in. Its port may be another program's.
    let text = read(&file);
    assert!(text.contains("127.0.0.1:8720"), "{text}");
    std::fs::write(&file, text.replace("127.0.0.1:8720", "127.0.0.1:0")).unwrap();
    let run = start(home.path(), &["run"], &[]);
    let told = run
        .wait_for_line("this account is not polled until", DEADLINE)
        .await;
    assert!(told.text.contains("log in with `cardata login`"), "{told:?}");
    run.wait_for_line("See it: ", DEADLINE).await;
    stop(run).await;
}

#[tokio::test]
async fn what_is_named_is_meant_and_what_is_there_is_not_passed_over() {
    let home = tempfile::tempdir().unwrap();
    let init = |file: &'static str| ["init", "--config", file, "--client-id", CLIENT_ID];
    for file in [OWN, "named.yaml", "pipeline.yaml"] {
        let said = call(home.path(), &init(file)).await;
        assert_eq!(said.code, Some(0), "{said:?}");
    }
    let said = call(home.path(), &["check"]).await;
    assert!(said.out.starts_with("pipeline.yaml: sound"), "{said:?}");
    let variable = [("CARDATA_CONFIG", "named.yaml")];
    let said = end(start(home.path(), &["check"], &variable)).await;
    assert!(said.out.starts_with("named.yaml: sound"), "{said:?}");
    let said = end(start(home.path(), &["check", "--config", OWN], &variable)).await;
    assert!(said.out.starts_with(OWN), "{said:?}");
    let said = end(start(home.path(), &["check"], &[("CARDATA_CONFIG", "none.yaml")])).await;
    assert_eq!(said.code, Some(2), "{said:?}");
    assert!(said.err.contains("none.yaml"), "{said:?}");
    let said = end(start(home.path(), &["check"], &[("CARDATA_CONFIG", "")])).await;
    assert!(said.out.starts_with("pipeline.yaml: sound"), "{said:?}");

    std::fs::remove_file(home.path().join("pipeline.yaml")).unwrap();
    let said = call(home.path(), &["check"]).await;
    assert!(said.out.contains(&format!("{OWN}: sound")), "{said:?}");
    std::fs::create_dir(home.path().join("pipeline.yaml")).unwrap();
    let said = call(home.path(), &["check"]).await;
    assert_eq!(said.code, Some(2), "{said:?}");
    assert!(said.err.contains("Is a directory"), "{said:?}");
    // It would be taken in place of the new one.
    let said = call(home.path(), &["init"]).await;
    assert_eq!(said.code, Some(2), "{said:?}");
}

#[tokio::test]
async fn of_many_at_once_one_writes() {
    let home = tempfile::tempdir().unwrap();
    let all: Vec<_> = (0..8).map(|_| start(home.path(), &["init"], &[])).collect();
    let mut codes = Vec::new();
    for one in all {
        codes.push(end(one).await.code);
    }
    codes.sort();
    assert_eq!(codes[0], Some(0));
    assert_eq!(codes[1..], [Some(2); 7]);
    let folder = std::fs::read_dir(home.path().join(".config/cardata")).unwrap();
    assert_eq!(folder.count(), 1);
}

#[tokio::test]
async fn a_disk_that_is_full_keeps_nothing_of_it() {
    let home = tempfile::tempdir().unwrap();
    let Some(disk) = SmallDisk::mount(&home.path().join("small"), "64k") else {
        return;
    };
    disk.fill();
    let secret = [("MQTT_PASSWORD", "x")];
    let options = ["--sink", "mqtt", "--set", "mqtt.user=anna"];
    let options = [&["init", "--config", "small/pipeline.yaml"], &options[..]].concat();
    let said = end(start(home.path(), &options, &secret)).await;
    assert_eq!(said.code, Some(2), "{said:?}");
    assert!(said.err.contains("free some space"), "{said:?}");
    let left = std::fs::read_dir(home.path().join("small")).unwrap();
    assert_eq!(left.count(), 1, "the filler");
    disk.make_room();
    let said = end(start(home.path(), &options, &secret)).await;
    assert_eq!(said.code, Some(0), "{said:?}");
}

#[tokio::test]
async fn a_simulated_bmw_is_seen_without_a_car() {
    let home = tempfile::tempdir().unwrap();
    let said = call(home.path(), &["init", "--simulator"]).await;
    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(said.out.ends_with("Next:\n  cardata run\n"), "{said:?}");
    let run = start(home.path(), &["run"], &[]);
    run.wait_for_line("soc", DEADLINE).await;
    let database = home.path().join(".local/share/cardata/demo/cardata.db");
    until(&run, "readings", || {
        database.exists() && !stores::sqlite(&database).is_empty()
    })
    .await;
    stop(run).await;
}

#[tokio::test]
async fn a_newcomer_answers_logs_in_and_sees_readings() {
    let scene = Scene::set(&Plan::default()).await;
    let home = scene.path("home");
    std::fs::create_dir(&home).unwrap();
    let mut terminal = Terminal::start(&home, &["init"]);
    terminal.answer("Client id [later]: ", "my id").await;
    terminal
        .answer(
            "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0\nClient id [later]: ",
            CLIENT_ID,
        )
        .await;
    terminal.answer("[everything]: ", "").await;
    terminal.answer("Beside it [nothing]: ", "mqtt").await;
    terminal.answer("[mqtt://localhost:1883]: ", "").await;
    terminal.answer("User [none]: ", "anna").await;
    terminal.wait_for("Password, not shown [none]: ").await;
    assert!(!terminal.echoes());
    terminal.answer("Password, not shown [none]: ", "geheim").await;
    terminal.wait_for("Log in to BMW now? [Y/n]: ").await;
    assert!(terminal.echoes());
    let file = home.join(OWN);
    let (text, url) = (read(&file), scene.url());
    let endpoints = format!(
        "{CLIENT_ID}\n    endpoints: {{ auth: \"{url}\", api: \"{url}\", stream: \"{}\", ca: ca.pem }}",
        scene.stream_url()
    );
    std::fs::write(file.with_file_name("ca.pem"), scene.stream_ca()).unwrap();
    std::fs::write(&file, text.replace(CLIENT_ID, &endpoints)).unwrap();
    terminal.answer("Log in to BMW now? [Y/n]: ", "").await;
    terminal.answer("Start it now, until Ctrl-C? [Y/n]: ", "y").await;
    let database = home.join(".local/share/cardata/cardata.db");
    let give_up = std::time::Instant::now() + DEADLINE;
    while !database.exists() || stores::sqlite(&database).is_empty() {
        assert!(std::time::Instant::now() < give_up, "{}", terminal.seen());
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    interrupt(&terminal).await;
    assert_eq!(terminal.exit_code().await, Some(0), "{}", terminal.seen());
    assert!(!terminal.seen().contains("geheim"), "{}", terminal.seen());
    assert_eq!(read(&file.with_file_name("mqtt-password")), "geheim\n");
    scene.assert_lawful();
}

/// As Ctrl-C does.
async fn interrupt(terminal: &Terminal) {
    let id = terminal.id().to_string();
    let kill = ["-c", "kill -INT \"$0\"", &id];
    let sent = tokio::process::Command::new("sh").args(kill).status().await;
    assert!(sent.unwrap().success());
}

#[tokio::test]
async fn who_stops_at_a_question_has_nothing_and_a_terminal_that_shows() {
    let home = tempfile::tempdir().unwrap();
    let mut terminal = Terminal::start(
        home.path(),
        &["init", "--sink", "influxdb", "--client-id", CLIENT_ID],
    );
    terminal.answer("[everything]: ", "").await;
    terminal.answer("[http://localhost:8086]: ", "").await;
    terminal.wait_for("Its token, not shown").await;
    interrupt(&terminal).await;
    assert_eq!(terminal.exit_code().await, Some(130));
    assert!(
        terminal.seen().contains("Nothing was written."),
        "{}",
        terminal.seen()
    );
    assert!(terminal.echoes());
    assert!(!home.path().join(OWN).exists());

    let mut terminal = Terminal::start(home.path(), &["init", "--client-id", CLIENT_ID, "--collect", "b"]);
    terminal.answer("Beside it [nothing]: ", "").await;
    terminal.wait_for("Log in to BMW now? [Y/n]: ").await;
    interrupt(&terminal).await;
    assert_eq!(terminal.exit_code().await, Some(130));
    assert!(
        terminal.seen().contains("pipeline.yaml stays."),
        "{}",
        terminal.seen()
    );
    assert!(home.path().join(OWN).exists());
}
