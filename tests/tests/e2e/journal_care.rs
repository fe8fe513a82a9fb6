//! Care of the history: backups, restores, moves to another machine, and damage that is found.

use std::collections::HashSet;
use std::path::Path;
use std::time::Duration;

use cardata_sim::SimConfig;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use tests::process::Signal;

use crate::oracle::{Row, answers, assert_exactly, expected, expected_of_all};
use crate::scene::{Plan, Said, Scene, stop};
use crate::stores;

/// The stores of [`crate::scene::FILES`] on another machine, whose pipeline file is `other.yaml`.
fn other_machine(scene: &Scene) {
    let text = std::fs::read_to_string(scene.path("pipeline.yaml")).unwrap();
    std::fs::create_dir_all(scene.path("other")).unwrap();
    std::fs::write(scene.path("other/pipeline.yaml"), text).unwrap();
}

async fn call(scene: &Scene, machine: &str, arguments: &[&str]) -> Said {
    let folder = scene.path(machine);
    let arguments = [arguments, &["--config", "pipeline.yaml"]].concat();
    crate::scene::call_in(&folder, &arguments).await
}

/// A login that outlasts the test, whose time hurries: a refresh ends the copies of the login before it.
fn long_lived() -> SimConfig {
    SimConfig {
        token_lifetime: Duration::from_secs(60 * 86_400),
        refresh_lifetime: Duration::from_secs(365 * 86_400),
        ..SimConfig::default()
    }
}

fn sorted(mut rows: Vec<Row>) -> Vec<Row> {
    rows.sort();
    rows
}

#[tokio::test]
async fn a_backup_of_a_running_pipeline_goes_on_elsewhere_without_a_login() {
    let scene = Scene::with(long_lived(), &Plan::default()).await;
    scene.login().await;
    let run = scene.run().await;
    scene.more_answers(&run, 5).await;
    let said = scene.call(&["backup", "saved.cardata"]).await;
    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(said.out.contains("1 login,"), "{said:?}");
    let said = scene.call(&["backup", "saved.cardata"]).await;
    assert_eq!(said.code, Some(2), "{said:?}");
    let said = scene.call(&["backup", "--force", "saved.cardata"]).await;
    assert_eq!(said.code, Some(0), "{said:?}");
    for command in [
        &["restore", "--force", "saved.cardata"][..],
        &["journal", "compact"],
    ] {
        let said = scene.call(command).await;
        assert_eq!(said.code, Some(5), "{said:?}");
        assert!(said.err.contains(&format!("process {}", run.id())), "{said:?}");
    }
    stop(run).await;
    let logins = scene.requests("device").len();

    other_machine(&scene);
    let said = call(&scene, "other", &["restore", "../saved.cardata"]).await;
    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(said.out.contains("Never run two copies"), "{said:?}");
    let said = call(&scene, "other", &["restore", "../saved.cardata"]).await;
    assert_eq!(said.code, Some(2), "{said:?}");
    assert!(said.err.contains("--force"), "{said:?}");
    let before = scene.answers();
    let run = tests::process::Cardata::start(["run", "--config", "pipeline.yaml"], |command| {
        command.current_dir(scene.path("other")).env_remove("CARDATA_LOG");
    });
    scene.more_answers(&run, 5).await;
    stop(run).await;
    assert_eq!(scene.requests("device").len(), logins, "no second login");
    assert!(scene.answers() >= before + 5);
    assert_eq!(scene.requests("containers").len(), 2, "the container is known");

    // Both machines together have everything, and neither has anything twice.
    let wanted = expected_of_all(&scene.bmw.served());
    let both = [("csv", ""), ("csv", "other/")].map(|(name, machine)| {
        let csv = stores::csv(&scene.path(&format!("{machine}{name}")));
        let sqlite = stores::sqlite(&scene.path(&format!("{machine}cardata.db")));
        assert_eq!(sorted(csv.clone()), sorted(sqlite));
        let distinct: HashSet<_> = csv.iter().cloned().collect();
        assert_eq!(distinct.len(), csv.len());
        distinct
    });
    let all: HashSet<Row> = both.into_iter().flatten().collect();
    let missing: Vec<_> = wanted.iter().filter(|row| !all.contains(row)).collect();
    assert_eq!(missing, Vec::<&Row>::new());
    let said = call(&scene, "other", &["journal", "verify"]).await;
    assert_eq!(said.code, Some(0), "{said:?}");
    let said = call(&scene, "other", &["replay", "--sink", "csv"]).await;
    let entries = stores::entries(&scene.path("other/state"));
    let wanted = format!("{entries} entries to look through");
    assert!(said.err.contains(&wanted), "numbers have gaps: {said:?}");
    let done = format!("100% {entries} of {entries} entries");
    assert!(said.err.contains(&done), "{said:?}");
}

#[tokio::test]
async fn a_restore_on_the_same_machine_loses_and_doubles_nothing() {
    let scene = Scene::with(long_lived(), &Plan::default()).await;
    scene.login().await;
    let run = scene.run().await;
    scene.more_answers(&run, 5).await;
    stop(run).await;
    assert_eq!(scene.call(&["backup", "saved.cardata"]).await.code, Some(0));
    let saved = scene.bmw.served().len();
    for _ in 0..2 {
        let said = scene.call(&["restore", "saved.cardata", "--force"]).await;
        assert_eq!(said.code, Some(0), "{said:?}");
        assert!(said.out.contains("state.before-restore-"), "{said:?}");
    }
    let run = scene.run().await;
    scene.more_answers(&run, 5).await;
    stop(run).await;
    let mut wanted = expected_of_all(&scene.bmw.served());
    assert_exactly("csv", stores::csv(&scene.path("csv")), wanted.clone());
    assert_exactly(
        "sqlite",
        stores::sqlite(&scene.path("cardata.db")),
        wanted.clone(),
    );
    let replaced = scene.bmw.served().len();

    // The state is older than the stores now: they keep what they have, and everything arrives that is new to it, such as a
    // value with the time of the call that differs from the last one before the backup.
    let said = scene.call(&["restore", "saved.cardata", "--force"]).await;
    assert_eq!(said.code, Some(0), "{said:?}");
    let run = scene.run().await;
    scene.more_answers(&run, 5).await;
    stop(run).await;
    let served = scene.bmw.served();
    let known = answers(&served[..saved]).into_iter();
    let held: HashSet<_> = wanted.iter().cloned().collect();
    let news = expected(known.chain(answers(&served[replaced..])));
    wanted.extend(news.into_iter().filter(|row| !held.contains(row)));
    assert_exactly(
        "sqlite",
        stores::sqlite(&scene.path("cardata.db")),
        wanted.clone(),
    );
    let csv: HashSet<_> = stores::csv(&scene.path("csv")).into_iter().collect();
    let missing: Vec<_> = wanted.iter().filter(|row| !csv.contains(row)).collect();
    assert_eq!(missing, Vec::<&Row>::new());
}

#[tokio::test]
async fn what_came_after_the_backup_is_saved_from_a_damaged_journal() {
    let scene = Scene::with(long_lived(), &Plan::default()).await;
    scene.login().await;
    let run = scene.run().await;
    scene.more_answers(&run, 5).await;
    assert_eq!(scene.call(&["backup", "saved.cardata"]).await.code, Some(0));
    let news = || expected_of_all(&scene.bmw.served()).len() >= 60;
    crate::scene::until(&run, "a day of news", news).await;
    stop(run).await;
    // Writing needs all indexes, reading the history needs none of them.
    let journal = scene.path("state/journal.db");
    let page = |name: &str| {
        let query = format!("select rootpage from sqlite_schema where name = '{name}'");
        usize::try_from(stores::journal(&scene.path("state"), &query)).unwrap()
    };
    let pages = ["sqlite_autoindex_series_1", "quota_by_account", "seen"].map(page);
    let mut bytes = std::fs::read(&journal).unwrap();
    // As the file's header has it.
    let size = usize::from(u16::from_be_bytes([bytes[16], bytes[17]]));
    for page in pages {
        bytes[size * (page - 1)..size * page].fill(0xff);
    }
    std::fs::write(&journal, bytes).unwrap();
    let said = scene.call(&["journal", "verify"]).await;
    assert_eq!(said.code, Some(4), "{said:?}");
    assert!(said.err.contains("cardata journal export"), "{said:?}");
    let said = scene.call(&["backup", "broken.cardata"]).await;
    assert_eq!(said.code, Some(4), "{said:?}");

    let said = scene
        .call(&["journal", "export", "--output", "saved.jsonl"])
        .await;
    assert_eq!(said.code, Some(0), "{said:?}");
    let said = scene.call(&["restore", "--force", "saved.cardata"]).await;
    assert_eq!(said.code, Some(0), "{said:?}");
    let said = scene.call(&["journal", "import", "saved.jsonl"]).await;
    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(said.out.contains("got their places back"), "{said:?}");
    let run = scene.run().await;
    scene.more_answers(&run, 5).await;
    stop(run).await;
    let said = scene.call(&["journal", "verify"]).await;
    assert_eq!(said.code, Some(0), "{said:?}");
    let wanted = expected_of_all(&scene.bmw.served());
    assert_exactly("csv", stores::csv(&scene.path("csv")), wanted.clone());
    assert_exactly("sqlite", stores::sqlite(&scene.path("cardata.db")), wanted);
}

#[tokio::test]
async fn a_history_moves_to_another_machine_and_its_stores() {
    let scene = Scene::with(long_lived(), &Plan::default()).await;
    scene.login().await;
    let run = scene.run().await;
    scene.more_answers(&run, 5).await;
    let said = scene
        .call(&["journal", "export", "--output", "running.jsonl"])
        .await;
    assert_eq!(said.code, Some(0), "{said:?}");
    std::fs::write(scene.path("empty.jsonl"), "").unwrap();
    let said = scene.call(&["journal", "import", "empty.jsonl"]).await;
    assert_eq!(said.code, Some(5), "{said:?}");
    stop(run).await;
    let said = scene.call(&["journal", "export"]).await;
    assert_eq!(said.code, Some(0), "{said:?}");
    std::fs::write(scene.path("history.jsonl"), &said.out).unwrap();

    other_machine(&scene);
    // The first part of the history, all of it, and all of it again.
    for file in ["running", "history", "history"] {
        let said = call(
            &scene,
            "other",
            &["journal", "import", &format!("../{file}.jsonl")],
        )
        .await;
        assert_eq!(said.code, Some(0), "{said:?}");
    }
    let entries = stores::entries;
    assert_eq!(entries(&scene.path("other/state")), entries(&scene.path("state")));
    let said = call(&scene, "other", &["journal", "export"]).await;
    let lines = |text: &str| text.lines().skip(1).map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(
        lines(&said.out),
        lines(&std::fs::read_to_string(scene.path("history.jsonl")).unwrap())
    );

    let before = expected_of_all(&scene.bmw.served());
    std::fs::create_dir(scene.path("other/state/tokens")).unwrap();
    let login = |machine: &str| scene.path(&format!("{machine}state/tokens/home.json"));
    std::fs::copy(login(""), login("other/")).unwrap();
    let run = tests::process::Cardata::start(["run", "--config", "pipeline.yaml"], |command| {
        command.current_dir(scene.path("other")).env_remove("CARDATA_LOG");
    });
    scene.more_answers(&run, 2).await;
    stop(run).await;
    let wanted = expected_of_all(&scene.bmw.served());
    assert!(wanted.len() >= before.len());
    assert_exactly("csv", stores::csv(&scene.path("other/csv")), wanted.clone());
    assert_exactly("sqlite", stores::sqlite(&scene.path("other/cardata.db")), wanted);

    let mut text = std::fs::read_to_string(scene.path("history.jsonl")).unwrap();
    text = text.replacen("\"value\":\"", "\"value\":\"1", 1) + "{\"seq\":1,\"vin\":";
    std::fs::write(scene.path("bad.jsonl"), text).unwrap();
    let said = scene.call(&["journal", "import", "bad.jsonl"]).await;
    assert_eq!(said.code, Some(4), "{said:?}");
    assert!(said.err.contains("line 2: the checksum is wrong"), "{said:?}");
}

#[tokio::test]
async fn a_flipped_byte_is_found_passed_over_and_left_out() {
    let sinks = format!(
        "{}  - name: late\n    type: csv\n    dir: late\n",
        crate::scene::FILES
    );
    let scene = Scene::set(&Plan::default()).await;
    scene.login().await;
    let run = scene.run().await;
    let news = || expected_of_all(&scene.bmw.served()).len() >= 60;
    crate::scene::until(&run, "a day of news", news).await;
    stop(run).await;
    let said = scene.call(&["journal", "verify"]).await;
    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(said.out.contains("all sound"), "{said:?}");
    let said = scene.call(&["journal", "export"]).await;
    let news = said.out.lines().skip(2).find(|line| line.contains("[[\"vehicle"));
    let (_, payload) = news.unwrap().split_once("\"payload\":").unwrap();
    flip(
        &scene.path("state/journal.db"),
        payload.trim_end_matches('}').as_bytes(),
    );
    let said = scene.call(&["journal", "verify"]).await;
    assert_eq!(said.code, Some(4), "{said:?}");
    assert!(
        said.out.contains("its checksum is wrong") && said.out.contains("(vfp12345, 20"),
        "{said:?}"
    );
    assert!(said.err.contains("A backup from before"), "{said:?}");
    let said = scene
        .call(&["journal", "export", "--output", "saved.jsonl"])
        .await;
    assert_eq!(said.code, Some(4), "{said:?}");
    let saved = std::fs::read_to_string(scene.path("saved.jsonl")).unwrap();
    let entries = stores::entries(&scene.path("state"));
    assert_eq!(saved.lines().count() as u64, entries);
    let said = scene.call(&["journal", "stats", "--json"]).await;
    let stats: serde_json::Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!(stats["entries"], entries);
    assert_eq!(stats["feeds"][0]["vehicle"], "vfp12345");

    // A sink that comes later gets everything else, and a line says what it did not get.
    let text = std::fs::read_to_string(scene.path("pipeline.yaml")).unwrap();
    std::fs::write(
        scene.path("pipeline.yaml"),
        text.replace(crate::scene::FILES, &sinks),
    )
    .unwrap();
    let run = scene.run().await;
    let line = run
        .wait_for_line("the journal is damaged there", crate::scene::DEADLINE)
        .await;
    assert!(line.text.contains("ERROR"), "{}", line.text);
    stop(run).await;
    let letters = "select count(*) from dead_letter where sink = 'late' and descriptor = ''";
    assert_eq!(stores::journal(&scene.path("state"), letters), 1);
    let (all, late) = (stores::csv(&scene.path("csv")), stores::csv(&scene.path("late")));
    assert!(
        !late.is_empty() && late.len() < all.len(),
        "{} of {}",
        late.len(),
        all.len()
    );
    assert!(late.iter().all(|row| all.contains(row)));
}

#[tokio::test]
async fn a_restore_that_is_killed_leaves_the_old_or_the_new_state() {
    let scene = Scene::with(long_lived(), &Plan::default()).await;
    scene.login().await;
    let run = scene.run().await;
    scene.more_answers(&run, 5).await;
    assert_eq!(scene.call(&["backup", "saved.cardata"]).await.code, Some(0));
    scene.more_answers(&run, 20).await;
    stop(run).await;
    let entries = stores::entries;
    let old = entries(&scene.path("state"));
    copy(&scene.path("state"), &scene.path("kept"));
    let mut random = StdRng::seed_from_u64(20_260_301);
    let mut seen = HashSet::new();
    for _ in 0..20 {
        std::fs::remove_dir_all(scene.path("state")).unwrap();
        copy(&scene.path("kept"), &scene.path("state"));
        let mut restore = scene.start(&["restore", "saved.cardata", "--force"]);
        // The moment of death is what is tried out here.
        tokio::time::sleep(random.random_range(Duration::ZERO..Duration::from_millis(150))).await;
        restore.signal(Signal::Kill).await;
        restore.wait_exit(crate::scene::DEADLINE).await;
        let said = scene.call(&["journal", "verify"]).await;
        assert_eq!(said.code, Some(0), "{said:?}");
        let state = scene.path("state");
        let is_old = entries(&state) == old;
        let moved_on = stores::journal(
            &state,
            "select max(last_seq) from (select 0 as last_seq union select last_seq from gap)",
        );
        assert_eq!(is_old, moved_on == 0, "half of each");
        seen.insert(is_old);
        let login = std::fs::read(state.join("tokens/home.json"));
        assert!(login.is_ok_and(|login| login.ends_with(b"}\n")));
    }
    assert!(seen.contains(&true), "killed too late each time");
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap().map(Result::unwrap) {
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &to);
        } else {
            std::fs::copy(entry.path(), to).unwrap();
        }
    }
}

/// Turns one bit wherever the file has these bytes: a database keeps old copies in pages that it no longer uses.
fn flip(path: &Path, text: &[u8]) {
    let mut bytes = std::fs::read(path).unwrap();
    let places = bytes.windows(text.len()).enumerate();
    let places: Vec<_> = places
        .filter(|(_, window)| *window == text)
        .map(|(at, _)| at)
        .collect();
    assert!(!places.is_empty());
    for at in places {
        bytes[at + text.len() / 2] ^= 1;
    }
    std::fs::write(path, bytes).unwrap();
}
