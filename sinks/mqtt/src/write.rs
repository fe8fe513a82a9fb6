//! The sink: it never retries, never waits, never drops; the engine does what is to be done about an error.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use collector_core::{Entry, Sink, SinkError, Written};
use tokio::sync::Mutex;

use crate::encode;

pub struct MqttSink {
    path: Arc<Path>,
    /// Held until a write has ended, even when nobody waits for it any more.
    writing: Arc<Mutex<()>>,
}

impl MqttSink {
    pub fn new(path: PathBuf) -> Self {
        Self {
            path: path.into(),
            writing: Arc::default(),
        }
    }
}

#[async_trait]
impl Sink for MqttSink {
    async fn check(&mut self) -> Result<(), SinkError> {
        let folder = self.path.parent().unwrap_or(Path::new("."));
        if folder.is_dir() {
            return Ok(());
        }
        Err(SinkError::misconfigured(format!(
            "the folder {} does not exist: make it",
            folder.display()
        )))
    }

    async fn write(&mut self, batch: &[Entry]) -> Result<Written, SinkError> {
        let lines = encode::lines(batch)?;
        let path = Arc::clone(&self.path);
        let guard = Arc::clone(&self.writing).lock_owned().await;
        // On a blocking thread, which goes on to its end when this future is dropped.
        let written = tokio::task::spawn_blocking(move || {
            let _guard = guard;
            append(&path, &lines)
        });
        match written.await {
            Ok(result) => result.map(|()| Written::default()),
            Err(error) => Err(SinkError::transient(format!("the write was cut off: {error}"))),
        }
    }

    async fn close(&mut self) -> Result<(), SinkError> {
        let _ended = self.writing.lock().await;
        Ok(())
    }
}

fn append(path: &Path, lines: &[u8]) -> Result<(), SinkError> {
    OpenOptions::new()
        .append(true)
        .create(true)
        .open(path)
        .and_then(|mut file| file.write_all(lines).and_then(|()| file.sync_data()))
        .map_err(|error| SinkError::from_io("cannot append to", path, &error))
}
