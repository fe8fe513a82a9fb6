//! The state that was there before a restore, kept beside the new one.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::files::{FileError, make_private, sync_folder};
use crate::sql::Access;
use crate::{Database, FILE};
use jiff::Timestamp;

/// How the names of folders go on behind that of the state, and then the time, in an order that sorts.
const NAME: &str = "before-restore-";
const TIME: &str = "%Y%m%dT%H%M%S%3fZ";

/// Keeps the journal and these token files of `state` in a folder of their own and returns it. `state` is as it
/// was, but for its write-ahead log, which is gone from it: the next journal must not meet it.
pub fn keep(state: &Path, tokens: &[(String, PathBuf)], now: Timestamp) -> Result<PathBuf, FileError> {
    settle(state);
    let folder = folder(state, now)?;
    let wal = format!("{FILE}-wal");
    for name in [FILE, &wal] {
        keep_file(&state.join(name), &folder.join(name))?;
    }
    if !tokens.is_empty() {
        let kept = folder.join("tokens");
        make_private(&kept)?;
        for (name, path) in tokens {
            keep_file(path, &kept.join(name))?;
        }
        sync_folder(&kept).map_err(FileError::of("sync", &kept))?;
    }
    sync_folder(&folder).map_err(FileError::of("sync", &folder))?;
    for name in [wal, format!("{FILE}-shm")] {
        let path = state.join(name);
        if let Err(error) = fs::remove_file(&path)
            && error.kind() != io::ErrorKind::NotFound
        {
            return Err(FileError::of("remove", &path)(error));
        }
    }
    Ok(folder)
}

/// Moves the write-ahead log into the database, as far as a journal that may be damaged allows.
fn settle(state: &Path) {
    if let Ok(database) = Database::writable(&state.join(FILE)) {
        let _ = database.one("pragma wal_checkpoint(truncate)", [], |_| Ok(()));
    }
}

/// The folders of what was kept at `since` or later.
pub fn kept_since(state: &Path, since: Timestamp) -> Vec<PathBuf> {
    let since = since.strftime(TIME).to_string();
    let inside = (state, NAME.to_owned());
    let beside = state.parent().zip(state.file_name());
    let beside = beside.map(|(parent, name)| (parent, format!("{}.{NAME}", name.to_string_lossy())));
    let looked_at = beside.into_iter().chain([inside]);
    let found = looked_at.flat_map(|(folder, prefix)| {
        let entries = fs::read_dir(folder).into_iter().flatten().flatten();
        let is_late = |entry: &fs::DirEntry| {
            let name = entry.file_name().to_string_lossy().into_owned();
            name.strip_prefix(&prefix).is_some_and(|time| *time >= *since)
        };
        entries
            .filter(is_late)
            .map(|entry| entry.path())
            .collect::<Vec<_>>()
    });
    found.collect()
}

/// A folder beside `state`, or inside it where the one around it is another file system, such as that of a
/// container, or cannot be written.
fn folder(state: &Path, now: Timestamp) -> Result<PathBuf, FileError> {
    let time = now.strftime(TIME);
    if let (Some(parent), Some(name)) = (state.parent(), state.file_name())
        && same_file_system(state, parent)
    {
        let beside = parent.join(format!("{}.{NAME}{time}", name.to_string_lossy()));
        if !beside.exists() && make_private(&beside).is_ok() {
            return Ok(beside);
        }
    }
    let inside = state.join(format!("{NAME}{time}"));
    make_private(&inside)?;
    Ok(inside)
}

#[cfg(unix)]
fn same_file_system(one: &Path, two: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    match (fs::metadata(one), fs::metadata(two)) {
        (Ok(one), Ok(two)) => one.dev() == two.dev(),
        _ => false,
    }
}

#[cfg(not(unix))]
fn same_file_system(_: &Path, _: &Path) -> bool {
    true
}

/// A second name for the file, else a copy of it. One that is not there needs none.
fn keep_file(from: &Path, to: &Path) -> Result<(), FileError> {
    if !from.exists() || fs::hard_link(from, to).is_ok() {
        return Ok(());
    }
    fs::copy(from, to).map_err(FileError::of("copy", from))?;
    fs::File::open(to)
        .and_then(|file| file.sync_all())
        .map_err(FileError::of("sync", to))
}
