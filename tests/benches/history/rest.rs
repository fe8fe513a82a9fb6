//! What a year takes at rest, and how fast it is read back.

use std::collections::HashMap;
use std::path::Path;
use std::time::{Duration, Instant};

use collector::state::OpenState;
use journal::Read;
use rusqlite::{Connection, OpenFlags};

use crate::car::A_YEAR;
use crate::year::{self, JOURNAL, SINK, Year};
use crate::{line, raw};

/// Readings that are asked for at a time, as a sink does.
const BATCH: usize = 10_000;
const VIN: &str = "WBY00000000000001";

pub async fn measure(year: &Year) {
    eprintln!("\nat rest, after a clean end");
    let zlib = raw::compressed() as f64 / A_YEAR as f64;
    let (journal, free) = bytes(&year.path(JOURNAL));
    let beside = format!("goal 40; zlib alone, by thousands: {zlib:.1}; {free:.0} more are free in the file");
    line("journal", &format!("{journal:.1} bytes a reading"), &beside);
    let (sink, _) = bytes(&year.path(SINK));
    line("sqlite", &format!("{sink:.1} bytes a reading"), "");

    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    // A copy: to open it may change it.
    std::fs::copy(year.path(JOURNAL), folder.path().join("journal.db")).unwrap();
    let table = folder.path().join("rows.db");
    raw::rows(&table);
    let unpacked = folder.path().join("unpacked");
    std::fs::create_dir(&unpacked).unwrap();
    year::append(&unpacked, VIN).await;
    // Three times each, in turn: the first reads the files into memory.
    let [mut ours, mut as_rows, mut rows] = [Duration::MAX; 3];
    for _ in 0..3 {
        ours = ours.min(read(folder.path()).await);
        as_rows = as_rows.min(read(&unpacked).await);
        rows = rows.min(raw::read(&table));
    }
    let rate = |took: Duration| A_YEAR as f64 / took.as_secs_f64();
    line(
        "rows of a bare table, read and parsed",
        &format!("{:.0}/s", rate(rows)),
        "",
    );
    line(
        "all of a journal that is not packed",
        &format!("{:.0}/s", rate(as_rows)),
        &format!("{:.2} of the bare rows", rate(as_rows) / rate(rows)),
    );
    let beside = format!(
        "{:.2} of what is not packed, goal: at least 1; {:.2} of the bare rows",
        rate(ours) / rate(as_rows),
        rate(ours) / rate(rows)
    );
    line(
        "all of the journal, read and typed",
        &format!("{:.0}/s", rate(ours)),
        &beside,
    );
}

/// Bytes a reading in the pages that are in use, and in those that are not.
fn bytes(path: &Path) -> (f64, f64) {
    let database = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
    let number = |pragma: &str| -> u64 { database.query_row(pragma, [], |row| row.get(0)).unwrap() };
    let size = number("pragma page_size");
    let free = number("pragma freelist_count");
    let of = |pages: u64| (pages * size) as f64 / A_YEAR as f64;
    (of(number("pragma page_count") - free), of(free))
}

/// Everything, for a sink that does nothing with it.
async fn read(state: &Path) -> Duration {
    let state = OpenState::open(state).unwrap();
    let reader = state.journal.reader(HashMap::new()).unwrap();
    let began = Instant::now();
    let (mut after, mut readings) = (0, 0);
    while let Some(batch) = reader.read(&"nobody".into(), after, BATCH).await.unwrap() {
        readings += batch.readings;
        after = batch.last;
    }
    assert!(readings >= A_YEAR);
    began.elapsed()
}
