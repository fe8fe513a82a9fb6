//! Histories that are delivered again, and readings that were refused.

use collector::state::OpenState;
use collector_core::{Origin, RawReading, RawSnapshot};
use jiff::Timestamp;
use journal::Log;
use tests::process::{Signal, Stream};

use crate::oracle::{Row, assert_exactly};
use crate::scene::{DEADLINE, FILES, Plan, Said, Scene, stop, text_of, until};
use crate::stores;

const SOC: &str = "vehicle.drivetrain.batteryManagement.header";
const VIN: &str = "WBY71AW050FP12345";
const HOUR: i64 = 3_600_000;

/// One poll when the pipeline first runs and none after it: what is in the stores stays what it was.
fn quiet(sinks: &str) -> Plan<'_> {
    Plan {
        speed: 1.0,
        calls_per_day: 50,
        every: "12h",
        sinks,
        ..Plan::default()
    }
}

/// Puts a history into the journal, two readings in each of `count` hours up to now.
async fn history(scene: &Scene, count: i64) {
    let state = OpenState::open(&scene.path("state")).unwrap();
    let (journal, store) = (state.journal, state.store);
    let now = Timestamp::now().as_millisecond();
    let mut appends = Vec::new();
    for number in 0..count {
        let at = Timestamp::from_millisecond(now - (count - number) * HOUR).unwrap();
        let reading = |descriptor: &str, value: i64| RawReading {
            descriptor: descriptor.to_owned(),
            body: serde_json::value::to_raw_value(
                &serde_json::json!({ "value": value.to_string(), "unit": null, "timestamp": at.to_string() }),
            )
            .unwrap(),
        };
        let snapshot = RawSnapshot {
            vin: VIN.parse().unwrap(),
            origin: Origin::Poll,
            requested_at: Some(at),
            sent_at: None,
            received_at: at,
            readings: vec![
                reading(SOC, number % 100),
                reading("vehicle.vehicle.travelledDistance", number),
            ],
        };
        let journal = journal.clone();
        let append = async move {
            journal
                .append("home".into(), "telematics".into(), [snapshot].into())
                .await
        };
        appends.push(tokio::spawn(append));
    }
    for append in appends {
        append.await.unwrap().unwrap();
    }
    store.checkpoint().await;
}

/// A pipeline whose files hold all of a history.
async fn delivered(count: i64) -> (Scene, Vec<Row>) {
    let scene = Scene::set(&quiet(FILES)).await;
    scene.login().await;
    let run = scene.run().await;
    scene.more_answers(&run, 1).await;
    stop(run).await;
    history(&scene, count).await;
    let run = scene.run().await;
    let newest = stores::newest_entry(&scene.path("state"));
    let delivered = || stores::journal(&scene.path("state"), "select min(seq) from cursor") >= newest;
    until(&run, "delivery of the history", delivered).await;
    stop(run).await;
    let rows = stores::sqlite(&scene.path("cardata.db"));
    assert!(rows.len() > usize::try_from(2 * count).unwrap());
    assert_exactly("csv", stores::csv(&scene.path("csv")), rows.clone());
    (scene, rows)
}

fn lose_the_files(scene: &Scene) {
    std::fs::remove_dir_all(scene.path("csv")).unwrap();
    std::fs::remove_file(scene.path("cardata.db")).unwrap();
}

fn assert_files(scene: &Scene, rows: &[Row]) {
    assert_exactly("csv", stores::csv(&scene.path("csv")), rows.to_vec());
    assert_exactly("sqlite", stores::sqlite(&scene.path("cardata.db")), rows.to_vec());
}

fn assert_said(said: &Said, code: i32, words: &[&str]) {
    assert_eq!(said.code, Some(code), "{said:?}");
    for word in words {
        let text = format!("{}{}", said.out, said.err);
        assert!(text.contains(word), "`{word}`:\n{text}");
    }
}

#[tokio::test]
async fn lost_files_come_back_while_the_pipeline_runs() {
    let (scene, rows) = delivered(50).await;
    lose_the_files(&scene);
    let run = scene.run().await;
    let holder = format!("process {} runs the pipeline", run.id());
    let done = format!("done, {} readings delivered", rows.len());
    let said = scene.call(&["replay", "--sink", "csv"]).await;
    assert_said(&said, 0, &[&holder, "100%", &done]);
    let said = scene.call(&["replay", "--sink", "sqlite", "--detach"]).await;
    assert_said(&said, 0, &["replay 2 is in line"]);
    let replayed = "select count(*) from replay where finished_at is not null";
    until(&run, "the end of the second replay", || {
        stores::journal(&scene.path("state"), replayed) == 2
    })
    .await;
    assert_files(&scene, &rows);
    // Once more, into files that have everything.
    let said = scene
        .call(&["replay", "--sink", "csv", "--since", "2020-01-01"])
        .await;
    assert_said(&said, 0, &[&done]);
    assert_files(&scene, &rows);
    let said = scene.call(&["replay", "--list"]).await;
    assert_said(&said, 0, &["2020-01-01T00:00:00Z", "sqlite"]);
    stop(run).await;
    assert_eq!(
        scene.status().await["sinks"][0]["delivered_readings"],
        rows.len(),
        "what is delivered again is not counted"
    );
    scene.assert_lawful();
}

#[tokio::test]
async fn lost_files_come_back_while_nothing_runs() {
    let (scene, rows) = delivered(50).await;
    lose_the_files(&scene);
    let distances = rows
        .iter()
        .filter(|row| row.descriptor.ends_with("travelledDistance"))
        .count();
    let said = scene
        .call(&["replay", "--sink", "csv", "--select", "mileage"])
        .await;
    assert_said(&said, 0, &[&format!("done, {distances} readings delivered")]);
    let some = stores::csv(&scene.path("csv"));
    assert!(some.len() == distances && some.iter().all(|row| row.descriptor.contains("Distance")));
    for sink in ["csv", "sqlite"] {
        let said = scene
            .call(&["replay", "--sink", sink, "--vehicle", "*12345"])
            .await;
        assert_said(&said, 0, &[&format!("done, {} readings delivered", rows.len())]);
    }
    assert_files(&scene, &rows);
    let run = scene.run().await;
    stop(run).await;
    assert_files(&scene, &rows);
}

/// An older copy is told by the run that finds it, by the next one, and when nothing runs, until a replay is done.
#[tokio::test]
async fn an_older_copy_of_a_database_is_told_until_a_replay_is_done() {
    let (scene, before) = delivered(20).await;
    let (database, copy) = (scene.path("cardata.db"), scene.path("copy.db"));
    std::fs::copy(&database, &copy).unwrap();
    history(&scene, 25).await;
    let newest = stores::newest_entry(&scene.path("state"));
    let state = scene.path("state");
    let run = scene.run().await;
    let delivered = || stores::journal(&state, "select min(seq) from cursor") >= newest;
    until(&run, "delivery of more", delivered).await;
    stop(run).await;
    let rows = stores::sqlite(&database);
    assert!(rows.len() > before.len());
    let told = async || scene.status().await["sinks"].to_string();
    assert!(
        !told().await.contains("lacks"),
        "a copy that lies beside it is none in its place"
    );

    std::fs::rename(&copy, &database).unwrap();
    for run in 1..=2 {
        let run_of_it = scene.run().await;
        until(&run_of_it, "the word of it", || {
            text_of(&run_of_it, Stream::Stderr).contains("lacks the newest")
        })
        .await;
        assert!(
            told().await.contains("lacks the newest"),
            "while run {run} goes on"
        );
        stop(run_of_it).await;
        assert!(told().await.contains("lacks the newest"), "behind run {run}");
    }
    let said = scene.call(&["replay", "--sink", "sqlite"]).await;
    assert_said(&said, 0, &["done"]);
    assert_files(&scene, &rows);
    stop(scene.run().await).await;
    assert!(!told().await.contains("lacks"), "{}", told().await);
}

#[tokio::test]
async fn two_kills_in_the_middle_of_a_replay_cost_nothing() {
    let (scene, rows) = delivered(400).await;
    lose_the_files(&scene);
    let pipeline = scene.path("pipeline.yaml");
    let text = std::fs::read_to_string(&pipeline).unwrap();
    let small = text.replace("type: csv\n", "type: csv\n    batch: { readings: 1 }\n");
    std::fs::write(&pipeline, small).unwrap();
    let state = scene.path("state");
    let position = || stores::journal(&state, "select position from replay where id = 1");

    let mut run = scene.run().await;
    let said = scene.call(&["replay", "--sink", "csv", "--detach"]).await;
    assert_said(&said, 0, &["replay 1 is in line"]);
    for place in [100, 200] {
        until(&run, "a part of the replay", || position() >= place).await;
        run.signal(Signal::Kill).await;
        assert!(
            run.wait_exit(DEADLINE).await.code().is_none(),
            "{}",
            run.transcript()
        );
        assert!((place..400).contains(&position()), "in the middle of it");
        if place == 100 {
            run = scene.run().await;
        }
    }
    let said = scene.call(&["replay", "--resume"]).await;
    assert_said(
        &said,
        0,
        &["replay 1 of csv: done", &format!("{} readings", rows.len())],
    );
    assert_exactly("csv", stores::csv(&scene.path("csv")), rows.clone());
    let said = scene.call(&["replay", "--sink", "sqlite"]).await;
    assert_said(&said, 0, &["done"]);
    assert_files(&scene, &rows);
    assert_said(
        &scene.call(&["replay", "--resume"]).await,
        0,
        &["no replay is in line"],
    );
}

#[tokio::test]
async fn a_rewrite_leaves_what_a_fresh_store_has() {
    let (scene, rows) = delivered(50).await;
    // What another version might have made of what BMW sent: another value, none, or another moment.
    let spoil = || {
        let store = rusqlite::Connection::open(scene.path("cardata.db")).unwrap();
        let distance =
            "series_id in (select series.id from series join descriptor on descriptor.id = descriptor_id
            where descriptor like '%travelledDistance')";
        let first = |count: usize| {
            format!(
                "{distance} and measured_at in
                     (select measured_at from recent where {distance} order by measured_at limit {count})"
            )
        };
        let run = |statement: String| store.execute(&statement, []).unwrap();
        assert!(
            run(format!(
                "update recent set value = -1 where {distance} and value % 2 = 0"
            )) > 0
        );
        assert_eq!(run(format!("delete from recent where {}", first(7))), 7);
        let moved = "insert into recent select series_id, measured_at + 1, occurrence, value, delay,
                         source_id, unit_id from recent where";
        assert_eq!(run(format!("{moved} {}", first(3))), 3);
    };
    spoil();
    assert_said(&scene.call(&["replay", "--sink", "sqlite"]).await, 0, &["done"]);
    let added = stores::sqlite(&scene.path("cardata.db"));
    assert_eq!(added.len(), rows.len() + 3, "what is there stays");
    let said = scene.call(&["replay", "--sink", "sqlite", "--rewrite"]).await;
    assert_said(&said, 4, &["is removed from it", "say --yes"]);
    let rewrite = ["replay", "--rewrite", "--yes", "--sink"];
    for sink in ["sqlite", "csv"] {
        let said = scene.call(&[&rewrite[..], &[sink]].concat()).await;
        assert_said(&said, 0, &[&format!("done, {} readings delivered", rows.len())]);
    }
    assert_files(&scene, &rows);

    spoil();
    let pipeline = scene.path("pipeline.yaml");
    let text = std::fs::read_to_string(&pipeline).unwrap();
    std::fs::write(&pipeline, text + "  - type: stdout\n").unwrap();
    let run = scene.run().await;
    let said = scene
        .call(&[&rewrite[..], &["sqlite", "--since", "2020-01-01"]].concat())
        .await;
    assert_said(&said, 0, &["runs the pipeline", "done"]);
    assert_files(&scene, &rows);
    assert_said(&scene.call(&["replay", "--list"]).await, 0, &["is gone"]);
    stop(run).await;
    let said = scene.call(&[&rewrite[..], &["stdout"]].concat()).await;
    assert_said(&said, 2, &["holds nothing that could be replaced"]);
}

#[tokio::test]
async fn a_replay_that_is_left_stays_in_line() {
    let (scene, rows) = delivered(20).await;
    // A file in the place of the folder: the sink cannot write.
    lose_the_files(&scene);
    std::fs::write(scene.path("csv"), "in the way").unwrap();
    let replay = scene.start(&["replay", "--sink", "csv"]);
    replay.wait_for_line("not delivered yet: csv: ", DEADLINE).await;
    replay.signal(Signal::Interrupt).await;
    let said = crate::scene::end(replay).await;
    assert_said(&said, 0, &["stays in line", "failing at 0%", "is a file"]);
    assert_said(
        &scene.call(&["replay", "--list"]).await,
        0,
        &["! 1: ", "is a file"],
    );
    let said = scene.call(&["replay", "--sink", "csv", "--detach"]).await;
    assert_said(&said, 0, &["replay 2 is in line"]);
    assert_said(
        &scene.call(&["replay", "--cancel", "2"]).await,
        0,
        &["replay 2 is cancelled"],
    );
    std::fs::remove_file(scene.path("csv")).unwrap();
    let run = scene.run().await;
    let left = "select count(*) from replay where finished_at is null";
    until(&run, "the end of the replay", || {
        stores::journal(&scene.path("state"), left) == 0
    })
    .await;
    stop(run).await;
    assert_exactly("csv", stores::csv(&scene.path("csv")), rows);
    assert_said(&scene.call(&["replay", "--cancel", "2"]).await, 4, &["has ended"]);
}

#[tokio::test]
async fn what_cannot_be_replayed_is_said() {
    let scene = Scene::set(&quiet(FILES)).await;
    scene.login().await;
    assert_said(
        &scene.call(&["replay", "--sink", "csv"]).await,
        2,
        &["there is no journal"],
    );
    let (scene, _) = delivered(5).await;
    for (arguments, code, words) in [
        (&["--sink", "cvs"][..], 2, &["no sink `cvs`", "`csv`"][..]),
        (&["--sink", "csv", "--since", "yesterday"], 2, &["--since", "30d"]),
        (
            &["--sink", "csv", "--since", "2026-03-02", "--until", "2026-03-01"],
            2,
            &["later than --until"],
        ),
        (&["--sink", "csv", "--since", "2999-01-01"], 2, &["in the future"]),
        (&["--sink", "csv", "--select", "socc"], 2, &["did you mean `soc`"]),
        (
            &["--sink", "csv", "--vehicle", "i9"],
            2,
            &["no such vehicle", "vfp12345"],
        ),
        (
            &["--sink", "csv", "--until", "2020-01-01"],
            0,
            &["0 readings delivered; nothing"],
        ),
        (&["--cancel", "9"], 4, &["there is no replay 9"]),
        (&[], 2, &["--sink <NAME>"]),
    ] {
        let said = scene.call(&[&["replay"], arguments].concat()).await;
        assert_said(&said, code, words);
    }
    let pipeline = scene.path("pipeline.yaml");
    let text = std::fs::read_to_string(&pipeline).unwrap();
    std::fs::write(&pipeline, text + "  - type: csv\n    name: new\n    dir: new\n").unwrap();
    let said = scene.call(&["replay", "--sink", "new"]).await;
    assert_said(&said, 4, &["`new` has not received anything yet"]);
}
