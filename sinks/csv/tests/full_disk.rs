//! A disk that is full in the middle of a batch, played by the operating system's limit on the size of files.
//!
//! The limit holds for a whole process, so this program starts itself again under it.

#![expect(clippy::unwrap_used, reason = "a test speaks by panicking")]

#[cfg(not(unix))]
fn main() {}

#[cfg(unix)]
fn main() {
    limited::main();
}

#[cfg(unix)]
mod limited {
    use std::path::Path;
    use std::process::Command;

    use collector_core::testkit::{context, entries};
    use collector_core::{SinkConfig, SinkError};
    use sink_csv::CsvConfig;

    const DIR: &str = "SINK_CSV_FULL_DISK";
    /// A limit of 16 blocks has room for a few entries, and for far fewer than the second batch has.
    const UNDER_LIMIT: &str = "trap '' XFSZ; ulimit -f 16; exec \"$0\"";

    pub fn main() {
        if let Some(dir) = std::env::var_os(DIR) {
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            return runtime.block_on(write(Path::new(&dir)));
        }
        let dir = tempfile::tempdir().unwrap();
        let program = std::env::current_exe().unwrap();
        let mut command = Command::new("sh");
        command
            .arg("-c")
            .arg(UNDER_LIMIT)
            .arg(program)
            .env(DIR, dir.path());
        let status = command.status().unwrap();
        assert!(status.success(), "under the limit: {status}");
    }

    async fn write(dir: &Path) {
        let options = serde_json::json!({ "dir": dir });
        let config: CsvConfig = serde_json::from_value(options).unwrap();
        let mut sink = config.build(context()).unwrap();
        sink.write(&entries(1, 2)).await.unwrap();
        let before = std::fs::read(dir.join("cardata-2026-03.csv")).unwrap();

        let error = sink.write(&entries(3, 500)).await.unwrap_err();
        let SinkError::Transient { reason, .. } = &error else {
            panic!("a full disk passes by itself, but: {error:?}");
        };
        assert!(reason.contains("free some space"), "{reason}");
        let after = std::fs::read(dir.join("cardata-2026-03.csv")).unwrap();
        assert_eq!(after, before, "what did not fit is taken out again");

        sink.write(&entries(3, 1)).await.unwrap();
        sink.close().await.unwrap();
        let rows = csv::Reader::from_path(dir.join("cardata-2026-03.csv"))
            .unwrap()
            .into_records()
            .count();
        assert_eq!(rows, 3 * 8, "the sink goes on behind what was there");
    }
}
