//! The state that was there before a restore, kept beside the new one.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use store::sql::Access;
use store::{Database, FILE};

use super::backup::{BackupError, io_error, sync_folder};

/// Keeps the journal and these token files of `state` in a folder of their own and returns it. `state` is as it
/// was, but for its write-ahead log, which is gone from it: the next journal must not meet it.
pub fn keep(state: &Path, tokens: &[(String, PathBuf)], now: Timestamp) -> Result<PathBuf, BackupError> {
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
        sync_folder(&kept).map_err(io_error("sync", &kept))?;
    }
    sync_folder(&folder).map_err(io_error("sync", &folder))?;
    for name in [wal, format!("{FILE}-shm")] {
        let path = state.join(name);
        if let Err(error) = fs::remove_file(&path)
            && error.kind() != io::ErrorKind::NotFound
        {
            return Err(io_error("remove", &path)(error));
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

/// A folder beside `state`, or inside it where the one around it is another file system, such as that of a
/// container, or cannot be written.
fn folder(state: &Path, now: Timestamp) -> Result<PathBuf, BackupError> {
    let time = now.strftime("%Y%m%dT%H%M%S%3fZ");
    if let (Some(parent), Some(name)) = (state.parent(), state.file_name())
        && same_file_system(state, parent)
    {
        let beside = parent.join(format!("{}.before-restore-{time}", name.to_string_lossy()));
        if !beside.exists() && make_private(&beside).is_ok() {
            return Ok(beside);
        }
    }
    let inside = state.join(format!("before-restore-{time}"));
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
fn keep_file(from: &Path, to: &Path) -> Result<(), BackupError> {
    if !from.exists() || fs::hard_link(from, to).is_ok() {
        return Ok(());
    }
    fs::copy(from, to).map_err(io_error("copy", from))?;
    fs::File::open(to)
        .and_then(|file| file.sync_all())
        .map_err(io_error("sync", to))
}

/// A folder for its owner alone.
pub fn make_private(folder: &Path) -> Result<(), BackupError> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder).map_err(io_error("make", folder))
}
