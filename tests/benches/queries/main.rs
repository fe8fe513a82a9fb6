//! How fast questions are answered out of ten million readings in the SQLite sink, beside a bare table of one series.
//!
//! `cargo xtask bench queries` runs it. The database is made once and kept in the target folder. Each question is asked
//! with nothing of the file in memory, where the system lets it be dropped, and again with what it has read.

#![expect(
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "a benchmark speaks by printing and panicking"
)]

mod made;

use std::path::Path;
use std::time::{Duration, Instant};

use history::Store;
use rusqlite::{Connection, OpenFlags};

/// Whoever shares the machine makes a cold read slow: the median counts.
const TIMES: usize = 3;
const README: &str = include_str!("../../../sinks/sqlite/README.md");
const SOC: &str = "SELECT measured_ms, value FROM readings WHERE name = 'soc'";
/// What a board asks: the last month of what is drawn.
const MONTH: &str = "measured_ms > 1735711200000 - 30 * 86400000";
/// Readings of a batch while one comes every half a second, and batches that pass more than one fold.
const BATCH: usize = 20;
const BATCHES: usize = 4_000;

fn main() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let path = made::database(folder);
    eprintln!(
        "\nquestions to {} readings, {:.1} bytes each, cold and warm",
        made::READINGS,
        std::fs::metadata(&path).unwrap().len() as f64 / made::READINGS as f64
    );
    let bare = folder.join("bare.db");
    made::bare(&path, &bare, SOC);
    let beside = ask(&bare, "SELECT measured_at, value FROM bare");
    show("a year of one series in a bare table", beside, "");
    let ours = ask(&path, SOC);
    let against = format!(
        "goal 50 ms; {:.1} and {:.1} of the bare table",
        ours.0.as_secs_f64() / beside.0.as_secs_f64(),
        ours.1.as_secs_f64() / beside.1.as_secs_f64()
    );
    show("a year of the state of charge", ours, &against);
    for (what, sql) in [
        ("a month of it", format!("{SOC} AND {MONTH}")),
        (
            "a month of the battery",
            format!("SELECT measured_ms, soc, power_kw, plugged FROM battery WHERE {MONTH}"),
        ),
        (
            "a year of the battery",
            "SELECT measured_ms, soc FROM battery".to_owned(),
        ),
    ] {
        show(what, ask(&path, &sql), "");
    }
    eprintln!("\nqueries of the README");
    for sql in README
        .split("```sql\n")
        .skip(1)
        .filter_map(|rest| rest.split("```").next())
    {
        for statement in sql.split(';').map(str::trim).filter(|part| !part.is_empty()) {
            let words = statement.split_whitespace().collect::<Vec<_>>().join(" ");
            let words = &words[..words.len().min(75)];
            match has_what_it_asks(&path, statement) {
                true => show(words, ask(&path, statement), ""),
                false => eprintln!("{words:<78}left out: it asks for records, and there are none"),
            }
        }
    }
    written(&path, folder);
}

/// The bytes that a reading costs on top of all this, folding included.
fn written(path: &Path, folder: &Path) {
    let copy = folder.join("on-top.db");
    std::fs::copy(path, &copy).unwrap();
    std::fs::File::open(&copy).unwrap().sync_all().unwrap();
    // Nor in memory: pages that were read together would count as written together.
    let _ = std::fs::write("/proc/sys/vm/drop_caches", "3");
    let mut store = Store::open(&made::place(&copy)).unwrap();
    let mut car = made::Car::new(made::READINGS);
    let io = || {
        let io = std::fs::read_to_string("/proc/self/io").unwrap();
        let line = io.lines().find_map(|line| line.strip_prefix("write_bytes: "));
        line.unwrap().parse::<u64>().unwrap()
    };
    let before = io();
    let (mut slowest, began) = (Duration::ZERO, Instant::now());
    for _ in 0..BATCHES {
        let batch = car.entry(BATCH);
        let begun = Instant::now();
        store.write(&[batch]).unwrap();
        slowest = slowest.max(begun.elapsed());
    }
    let took = began.elapsed();
    store.close().unwrap();
    eprintln!(
        "\n{BATCHES} batches of {BATCH} on top: {:.2} KiB written a reading, {:.1} ms a batch, the slowest {:.0} ms",
        (io() - before) as f64 / 1024.0 / (BATCHES * BATCH) as f64,
        took.as_secs_f64() * 1e3 / BATCHES as f64,
        slowest.as_secs_f64() * 1e3
    );
    std::fs::remove_file(copy).unwrap();
}

fn show(what: &str, (cold, warm): (Duration, Duration), against: &str) {
    let milliseconds = |took: Duration| took.as_secs_f64() * 1e3;
    eprintln!(
        "{what:<78}{:>9.1} {:>9.1} ms   {against}",
        milliseconds(cold),
        milliseconds(warm)
    );
}

/// The view of a kind of records is there with the first record of it; any other mistake is one of the question.
fn has_what_it_asks(path: &Path, sql: &str) -> bool {
    let reader = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
    match reader.prepare(sql) {
        Err(error) if error.to_string().contains("no such table") => false,
        asked => asked.is_ok() || panic!("{asked:?}"),
    }
}

/// How long all rows take, with nothing in memory and with everything.
fn ask(path: &Path, sql: &str) -> (Duration, Duration) {
    let once = |reader: &Connection| {
        let began = Instant::now();
        let mut statement = reader.prepare(sql).unwrap();
        let columns = statement.column_count();
        let mut rows = statement.query([]).unwrap();
        while let Some(row) = rows.next().unwrap() {
            for cell in 0..columns {
                std::hint::black_box(row.get_ref(cell).unwrap());
            }
        }
        began.elapsed()
    };
    let (mut cold, mut warm) = (Vec::new(), Vec::new());
    for _ in 0..TIMES {
        // Only root may.
        let _ = std::fs::write("/proc/sys/vm/drop_caches", "3");
        let reader = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
        cold.push(once(&reader));
        warm.push(once(&reader));
    }
    cold.sort();
    warm.sort();
    (cold[TIMES / 2], warm[TIMES / 2])
}
