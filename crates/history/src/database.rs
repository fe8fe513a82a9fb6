//! The database as the sink knows it: open or not, which file it is, and how much of what was given is in it.

use collector_core::{Entry, Held, LogId, Scope, SinkError, Written};

use crate::held::{FileId, Key, is_blank, look};
use crate::store::{Place, Store};

pub struct Database {
    place: Place,
    journal: LogId,
    /// `None`: not opened yet, closed, or given up after an error.
    store: Option<Store>,
    /// The file that the rest is about.
    file: Option<FileId>,
    /// Up to which entry everything is in it.
    up_to: u64,
    /// The last reading that was written to it.
    last: Option<Key>,
}

impl Database {
    /// Nothing is opened yet.
    pub fn new(place: Place, journal: LogId) -> Self {
        Self {
            place,
            journal,
            store: None,
            file: None,
            up_to: 0,
            last: None,
        }
    }

    /// From memory, as long as the file is the same.
    pub fn held(&mut self) -> Result<Held, SinkError> {
        let file = FileId::of(&self.place.path)?;
        let is_same = file.is_some() && file == self.file;
        let is_overwritten =
            is_blank(&self.place.path) || self.store.as_ref().is_some_and(Store::is_overwritten);
        if is_same && !is_overwritten {
            return Ok(Held::UpTo(self.up_to));
        }
        match self.store.take() {
            Some(store) if is_same => store.abandon(),
            Some(store) => store.leave(),
            None => {}
        }
        self.file = None;
        let found = look(&self.place.path, &self.journal, self.last.as_ref())?;
        let Some(found) = found else {
            (self.up_to, self.last) = (0, None);
            return Ok(Held::Nothing);
        };
        // A copy that has all of it, or what another process or a run before has left.
        if !found.has_last {
            (self.up_to, self.last) = (found.mark, None);
        }
        self.file = file;
        Ok(Held::UpTo(self.up_to))
    }

    pub fn write(&mut self, batch: &[Entry]) -> Result<Written, SinkError> {
        // Taken out for the time of the write: after an error or a panic the connection is closed, which rolls back, and
        // the numbers that its dictionary handed out are forgotten. Nothing is written to a file that is at its path no
        // more.
        let mut store = self.opened()?;
        let written = store.write(batch)?;
        self.store = Some(store);
        self.file = FileId::of(&self.place.path)?;
        self.up_to = self.up_to.max(batch.last().map_or(0, |entry| entry.seq));
        self.last = Key::last_of(batch, &written.rejected).or(self.last.take());
        Ok(written)
    }

    pub fn erase(&mut self, scope: &Scope) -> Result<(), SinkError> {
        if !self.place.path.exists() {
            return Ok(());
        }
        let store = self.opened()?;
        self.last = None;
        store.erase(scope)
    }

    fn opened(&mut self) -> Result<Store, SinkError> {
        self.held()?;
        match self.store.take() {
            Some(store) => Ok(store),
            None => Store::open(&self.place),
        }
    }

    /// What is in it is told by its file from now on.
    pub fn close(&mut self) -> Result<(), SinkError> {
        let Some(store) = self.store.take() else {
            return Ok(());
        };
        // Without it less is known at the next start.
        let _ = store.mark(&self.journal, self.up_to);
        self.file = None;
        self.last = None;
        store.close()
    }
}
