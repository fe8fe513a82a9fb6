//! What the owner says of descriptors that are in no catalogue, as the stores show it.

use collector_core::{Origin, RawReading, RawSnapshot};
use jiff::Timestamp;
use journal::Log;
use journal::log::replay::ReplayRequest;
use tokio_util::sync::CancellationToken;

use super::Bench;
use crate::Engine;
use crate::redelivery::redeliver;
use crate::state::{OpenState, StateDirectory};

const NEW: &str = "vehicle.some.newKey";

/// The values of one message, a second apart.
fn message(values: &[&str]) -> RawSnapshot {
    let reading = |(second, value): (usize, &&str)| {
        let json = format!(r#"{{"value":"{value}","timestamp":"2026-03-01T12:00:0{second}Z"}}"#);
        RawReading {
            descriptor: NEW.to_owned(),
            body: serde_json::value::RawValue::from_string(json).unwrap(),
        }
    };
    RawSnapshot {
        vin: "WBY8P210X07A12345".parse().unwrap(),
        origin: Origin::Stream,
        requested_at: None,
        sent_at: None,
        received_at: "2026-03-01T12:00:10Z".parse().unwrap(),
        readings: values.iter().enumerate().map(reading).collect(),
    }
}

fn in_database(bench: &Bench) -> Vec<String> {
    let database = rusqlite::Connection::open(bench.path("data/cardata.db")).unwrap();
    let query =
        "select typeof(value) || ' ' || value from readings where descriptor = ?1 order by measured_at";
    let mut statement = database.prepare(query).unwrap();
    let rows = statement.query_map([NEW], |row| row.get(0)).unwrap();
    rows.map(|row| row.unwrap()).collect()
}

/// The lines of the archive that are about it, by time.
fn in_archive(bench: &Bench) -> Vec<String> {
    let files = std::fs::read_dir(bench.path("data/csv")).unwrap();
    let texts = files.map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap());
    let lines: Vec<String> = texts
        .flat_map(|text| text.lines().map(str::to_owned).collect::<Vec<_>>())
        .collect();
    let mut lines: Vec<String> = lines
        .into_iter()
        .filter(|line| line.contains(NEW) && line.contains("2026-03-01T12"))
        .collect();
    lines.sort();
    lines
}

/// Gives both stores all of it anew, as this pipeline understands it.
async fn rewritten(bench: &Bench, more: &str) {
    let pipeline = bench.pipeline(more);
    let state = OpenState::of(&pipeline).unwrap();
    for sink in ["sqlite", "csv"] {
        let request = ReplayRequest {
            sink: sink.to_owned(),
            rewrite: true,
            ..ReplayRequest::default()
        };
        let asked = state.journal.request_replay(request, Timestamp::now()).await;
        assert!(asked.unwrap().is_some());
    }
    let lock = StateDirectory::at(&pipeline.state).lock().unwrap();
    let clock = crate::clock(&pipeline, &state).unwrap();
    redeliver(pipeline, state, lock, CancellationToken::new(), clock)
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_owner_fixes_types_from_the_first_value_on_and_afterwards() {
    let bench = Bench::new().await;
    bench.log_in().await;
    let engine = Engine::start(bench.pipeline("types: { vehicle.some.newKey: number }\n"))
        .await
        .unwrap();
    let journal = engine.state.journal.clone();
    let append = journal.append(
        "home".into(),
        "stream".into(),
        [message(&["seven", "1", "0"])].into(),
    );
    let appended = append.await.unwrap();
    assert_eq!((appended[0].new, appended[0].rejected), (2, 1));
    let stop = CancellationToken::new();
    stop.cancel();
    engine.run(stop).await.unwrap();
    assert_eq!(in_database(&bench), ["real 1.0", "real 0.0"]);
    assert_eq!(in_archive(&bench).len(), 2);

    for (types, database, archive) in [
        (
            "types: { vehicle.some.newKey: text }\n",
            vec!["text seven", "text 1", "text 0"],
            ["seven", "1", "0"].as_slice(),
        ),
        (
            "types: { vehicle.some.newKey: boolean }\n",
            vec!["integer 1", "integer 0"],
            &["true", "false"],
        ),
        (
            "types: { vehicle.some.newKey: number }\n",
            vec!["real 1.0", "real 0.0"],
            &["1", "0"],
        ),
        // The first value was a text.
        ("", vec!["text seven", "text 1", "text 0"], &["seven", "1", "0"]),
    ] {
        rewritten(&bench, types).await;
        assert_eq!(in_database(&bench), database, "{types}");
        let lines = in_archive(&bench);
        assert_eq!(lines.len(), archive.len(), "{types}");
        for (line, value) in lines.iter().zip(archive) {
            assert!(line.contains(&format!(",{value},")), "{types}: {line}");
        }
    }
    bench.sim.stop().await;
}
