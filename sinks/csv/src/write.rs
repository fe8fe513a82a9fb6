//! Appends batches so that each entry stands in the files exactly once, whenever the process is killed.
//!
//! 1. The intent is made durable: the length of each file now and with the batch, and a checksum between.
//! 2. The rows are appended and made durable. That is the acknowledgement.
//! 3. The end is noted.
//!
//! Who finds an intent without its end looks at the files. The batch is all there, and counts as stored; or
//! the files are cut back to their lengths before it, and it is written when it is delivered again.

use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::Path;

use collector_core::{Entry, Scope, SinkError};

use crate::carried::{self, hidden};
use crate::config::Layout;
use crate::failure::{failed, failing};
use crate::files::{Append, Change, Files, Whole};
use crate::known::Known;
use crate::missing::missing;
use crate::progress::{Intent, Part, Progress, crc};
use crate::sink::Settings;
use crate::{erase, folder, long, records, wide};

/// The sink's folder, opened for writing.
pub struct Store {
    progress: Progress,
    known: Known,
    /// Hidden sheets, of which those that are made out of them may not know everything.
    touched: BTreeSet<String>,
    _lock: File,
}

impl Store {
    /// Takes the folder and repairs what a crash left in it.
    pub fn open(settings: &Settings) -> Result<Self, SinkError> {
        let dir = &settings.files.dir;
        folder::create(dir, settings.files.config.others_may_read)?;
        let lock = folder::lock(dir)?;
        let mut progress = Progress::open(dir, &settings.name)?;
        match progress.intent() {
            Some(intent) if is_complete(dir, intent)? => progress.finish(),
            _ => roll_back(dir, &mut progress)?,
        }
        carried::check(&settings.files)?;
        let all = settings.files.all()?;
        let touched = hidden(&all);
        progress.follow(&settings.log_id, all);
        Ok(Self {
            progress,
            known: Known::open(dir)?,
            touched,
            _lock: lock,
        })
    }

    /// Whether someone removed the folder, or the sink's memory in it, under our feet.
    pub fn is_gone(&self) -> bool {
        self.progress.is_gone()
    }

    /// Stores what is new in a batch.
    pub fn write(&mut self, settings: &Settings, batch: &[Entry]) -> Result<(), SinkError> {
        self.write_measured(settings, batch)?;
        self.carry(settings)
    }

    fn write_measured(&mut self, settings: &Settings, batch: &[Entry]) -> Result<(), SinkError> {
        // An earlier attempt failed, so its rows are not trusted even if they can be read back.
        roll_back(&settings.files.dir, &mut self.progress)?;
        let new = batch.iter().filter(|entry| !self.progress.contains(entry.seq));
        let entries: Vec<&Entry> = new.collect();
        let Some(seq) = entries.iter().map(|entry| entry.seq).max() else {
            return Ok(());
        };
        if entries.iter().any(|entry| self.progress.doubts(entry.seq)) {
            let entries: Vec<Entry> = entries.into_iter().cloned().collect();
            return self.complete(settings, &entries, Some(seq));
        }
        let records = records::rows(entries.iter().copied());
        self.append(settings, &entries, &records, Some(seq))
    }

    /// Stores what of a batch does not stand in the files, whatever its numbers are.
    pub fn rewrite(&mut self, settings: &Settings, batch: &[Entry]) -> Result<(), SinkError> {
        roll_back(&settings.files.dir, &mut self.progress)?;
        self.complete(settings, batch, None)?;
        self.carry(settings)
    }

    fn carry(&mut self, settings: &Settings) -> Result<(), SinkError> {
        carried::carry(&settings.files, &self.touched)?;
        self.touched.clear();
        Ok(())
    }

    /// Appends what of a batch does not stand in the files, told by their rows.
    fn complete(&mut self, settings: &Settings, batch: &[Entry], seq: Option<u64>) -> Result<(), SinkError> {
        let missing = missing(&settings.files, batch)?;
        let entries: Vec<&Entry> = missing.entries.iter().collect();
        self.append(settings, &entries, &missing.records, seq)
    }

    /// Takes what is within a scope out of the files.
    pub fn erase(&mut self, settings: &Settings, scope: &Scope) -> Result<(), SinkError> {
        roll_back(&settings.files.dir, &mut self.progress)?;
        self.progress.settle()?;
        let is_earlier = |file: &str| self.progress.is_earlier(file);
        self.touched = hidden(&settings.files.all()?);
        erase::erase(&settings.files, &self.known, &is_earlier, scope)?;
        self.carry(settings)
    }

    /// Appends readings and records; with `seq`, the journal stands in the files up to there.
    fn append(
        &mut self,
        settings: &Settings,
        entries: &[&Entry],
        records: &[records::Row<'_>],
        seq: Option<u64>,
    ) -> Result<(), SinkError> {
        let (appends, wholes) = changes(&settings.files, entries, records)?;
        if appends.is_empty() && wholes.is_empty() {
            return Ok(());
        }
        let snapshots = entries.iter().filter_map(|entry| entry.snapshot());
        self.known.learn(snapshots.flat_map(|snapshot| {
            let ended = snapshot.ended.iter().map(|ended| &ended.descriptor);
            snapshot
                .readings
                .iter()
                .map(|reading| &reading.descriptor)
                .chain(ended)
        }))?;
        let appended = appends.iter().map(|append| &append.file);
        let changed: Vec<String> = appended
            .chain(wholes.iter().map(|whole| &whole.file))
            .cloned()
            .collect();
        self.touched.extend(hidden(&changed));
        if !wholes.is_empty() {
            // What is put in its place twice stands there once, so a kill between here and the end costs nothing.
            self.progress.close()?;
            let dir = &settings.files.dir;
            wholes.iter().try_for_each(|whole| folder::replace(dir, whole))?;
        }
        let parts = appends.iter().map(part).collect();
        self.progress.begin(Intent { seq, parts })?;
        if let Err((touched, error)) = append_all(
            &settings.files.dir,
            &appends,
            settings.files.config.others_may_read,
        ) {
            self.progress.limit(touched);
            // Now if that is possible, else before the next attempt.
            let _ = roll_back(&settings.files.dir, &mut self.progress);
            return Err(error);
        }
        self.progress.finish();
        Ok(())
    }
}

/// What becomes of the files with some entries' readings and records.
pub fn changes(
    files: &Files,
    entries: &[&Entry],
    records: &[records::Row<'_>],
) -> Result<(Vec<Append>, Vec<Whole>), SinkError> {
    let (mut appends, mut wholes) = (Vec::new(), Vec::new());
    match files.config.layout {
        Layout::Long => appends = long::appends(files, entries)?,
        Layout::Wide => {
            for change in wide::changes(files, entries)? {
                match change {
                    Change::Append(append) => appends.push(append),
                    Change::Whole(whole) => wholes.push(whole),
                }
            }
        }
    }
    appends.extend(records::appends(files, records)?);
    Ok((appends, wholes))
}

fn part(append: &Append) -> Part {
    let length = append.head.len() + append.rows.len();
    Part {
        file: append.file.clone(),
        before: append.before,
        after: append.before + length as u64,
        crc: crc(&[&append.head, &append.rows]),
        created: append.created,
        replaced: append.replaced.clone(),
    }
}

/// Appends to the files one by one. A failure comes with the number of files that were touched.
fn append_all(dir: &Path, appends: &[Append], others_may_read: bool) -> Result<(), (usize, SinkError)> {
    for (touched, append) in appends.iter().enumerate() {
        let path = dir.join(&append.file);
        let file = open(&path, append).map_err(|error| (touched, failed("append to", &path, &error)))?;
        if others_may_read {
            let opened = folder::open_to_others(&file, 0o044);
            opened.map_err(|error| (touched + 1, failed("open to others", &path, &error)))?;
        }
        write(file, append).map_err(|error| (touched + 1, failed("append to", &path, &error)))?;
    }
    if appends.iter().any(|append| append.created) {
        folder::sync(dir).map_err(|error| (appends.len(), error))?;
    }
    Ok(())
}

fn open(path: &Path, append: &Append) -> io::Result<File> {
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(append.created)
        .open(path)?;
    if file.metadata()?.len() != append.before + append.replaced.len() as u64 {
        let reason = "another program is writing to it";
        return Err(io::Error::new(ErrorKind::ResourceBusy, reason));
    }
    file.seek(SeekFrom::Start(append.before))?;
    Ok(file)
}

fn write(mut file: File, append: &Append) -> io::Result<()> {
    file.write_all(&append.head)?;
    file.write_all(&append.rows)?;
    file.sync_data()
}

/// Whether everything that a batch appends stands in the files; if so, durably.
fn is_complete(dir: &Path, intent: &Intent) -> Result<bool, SinkError> {
    for part in &intent.parts {
        let path = dir.join(&part.file);
        match holds(&path, part) {
            Ok(true) => {}
            Ok(false) => return Ok(false),
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(false),
            Err(error) => return Err(failed("read", &path, &error)),
        }
    }
    folder::sync(dir)?;
    Ok(true)
}

fn holds(path: &Path, part: &Part) -> io::Result<bool> {
    let mut file = OpenOptions::new().read(true).append(true).open(path)?;
    let length = part.after.saturating_sub(part.before);
    let mut bytes = Vec::new();
    file.seek(SeekFrom::Start(part.before))?;
    (&file).take(length).read_to_end(&mut bytes)?;
    if bytes.len() as u64 != length || crc(&[&bytes]) != part.crc {
        return Ok(false);
    }
    // The process may have been killed between the writing and the syncing.
    file.sync_data()?;
    Ok(true)
}

/// Takes an unfinished batch out of the files, durably.
fn roll_back(dir: &Path, progress: &mut Progress) -> Result<(), SinkError> {
    let Some(intent) = progress.intent() else {
        return Ok(());
    };
    for part in &intent.parts {
        let path = dir.join(&part.file);
        cut_back(&path, part).map_err(failing("repair", &path))?;
    }
    folder::sync(dir)?;
    progress.abandon();
    Ok(())
}

/// Takes away what the batch appended, and puts back what that replaced. A file that is shorter or longer than the batch
/// could have made it was changed by someone else, and is left alone.
fn cut_back(path: &Path, part: &Part) -> io::Result<()> {
    let Some(length) = folder::length(path)? else {
        return Ok(());
    };
    let is_untouched = length == part.before && !part.created && part.replaced.is_empty();
    if length > part.after || length < part.before || is_untouched {
        return Ok(());
    }
    if part.created {
        return fs::remove_file(path);
    }
    let mut file = OpenOptions::new().write(true).open(path)?;
    file.set_len(part.before)?;
    file.seek(SeekFrom::Start(part.before))?;
    file.write_all(part.replaced.as_bytes())?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn append(file: &str, before: u64) -> Append {
        Append {
            file: file.to_owned(),
            before,
            created: before == 0,
            replaced: String::new(),
            head: Vec::new(),
            rows: b"row\n".to_vec(),
        }
    }

    #[test]
    fn only_files_that_were_touched_are_cut_back() {
        let dir = tempfile::tempdir().unwrap();
        let path = |file: &str| dir.path().join(file);
        // Between the look at the folder and the writing, others made one file and extended another.
        for others in ["made", "extended"] {
            fs::write(path("made"), "x").unwrap();
            fs::write(path("extended"), "h\nx").unwrap();
            let before = if others == "made" { 0 } else { 2 };
            let appends = [append("ours", 0), append(others, before)];
            let mut progress = Progress::open(dir.path(), "csv").unwrap();
            let parts = appends.iter().map(part).collect();
            let seq = Some(1);
            progress.begin(Intent { seq, parts }).unwrap();

            let (touched, error) = append_all(dir.path(), &appends, false).unwrap_err();
            assert_eq!(touched, 1);
            assert!(matches!(error, SinkError::Transient { .. }), "{error:?}");
            progress.limit(touched);
            roll_back(dir.path(), &mut progress).unwrap();
            assert!(!path("ours").exists());
            assert_eq!(fs::read(path("made")).unwrap(), b"x");
            assert_eq!(fs::read(path("extended")).unwrap(), b"h\nx");
        }
    }
}
