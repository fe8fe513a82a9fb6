//! The database of the page, read by a few at a time on threads that may block.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use history::read::{ReadError, Reader};
use tokio::sync::Semaphore;

/// Readers at once: more would only wait for the disk.
const READERS: usize = 4;

/// Clones read the same database.
#[derive(Clone)]
pub(crate) struct Model {
    path: PathBuf,
    idle: Arc<Mutex<Vec<Reader>>>,
    room: Arc<Semaphore>,
}

/// Nothing was read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotRead {
    #[error("nothing has come yet: the first poll or message brings it")]
    Empty,
    #[error(transparent)]
    Failed(#[from] ReadError),
    #[error("the database of the page could not be read: the reason stands in the log")]
    Broken,
}

impl Model {
    /// Of a database that may come later, or be replaced.
    pub fn new(path: PathBuf) -> Self {
        Self {
            path,
            idle: Arc::default(),
            room: Arc::new(Semaphore::new(READERS)),
        }
    }

    /// What `work` reads.
    ///
    /// # Errors
    /// There is no database yet, or it cannot be read.
    pub async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Reader) -> Result<T, ReadError> + Send + 'static,
    ) -> Result<T, NotRead> {
        // The room is never closed.
        let Ok(_seat) = self.room.acquire().await else {
            return Err(NotRead::Broken);
        };
        let model = self.clone();
        let read = tokio::task::spawn_blocking(move || model.read_here(work)).await;
        read.unwrap_or_else(|error| {
            tracing::error!(%error, "a look into the database of the page did not end");
            Err(NotRead::Broken)
        })
    }

    /// How large the database is, where there is one; without what still waits in its log.
    pub fn bytes(&self) -> Option<u64> {
        std::fs::metadata(&self.path).ok().map(|file| file.len())
    }

    fn read_here<T>(&self, work: impl FnOnce(&Reader) -> Result<T, ReadError>) -> Result<T, NotRead> {
        let idle = || self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let known = idle().pop().filter(Reader::is_current);
        let reader = match known {
            Some(reader) => reader,
            None => Reader::open(&self.path)?.ok_or(NotRead::Empty)?,
        };
        let told = work(&reader)?;
        idle().push(reader);
        Ok(told)
    }
}
