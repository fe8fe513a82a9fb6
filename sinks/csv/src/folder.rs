//! The sink's folder: making it, keeping others out, and making its directory entries durable.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Write};
use std::path::Path;

use collector_core::SinkError;

use crate::failure::{failed, failing};
use crate::files::{Seen, Whole};

const LOCK: &str = ".cardata.lock";
/// The file that takes the place of another one. What a crash left of it is written over.
pub const TEMPORARY: &str = ".cardata.new";

/// Makes the folder where it is missing, durably; one that others may enter, if they may.
pub fn create(dir: &Path, others_may: bool) -> Result<(), SinkError> {
    let existing = nearest_existing(dir);
    if existing.is_file() {
        return Err(SinkError::misconfigured(format!(
            "{} is a file: choose a folder as `dir`, or move the file away",
            existing.display()
        )));
    }
    fs::create_dir_all(dir).map_err(failing("create the folder", dir))?;
    for created in dir.ancestors().take_while(|path| *path != existing) {
        if others_may {
            let opened = File::open(created).and_then(|folder| open_to_others(&folder, 0o055));
            opened.map_err(failing("open to others the folder", created))?;
        }
        if let Some(parent) = created.parent() {
            sync(or_here(parent))?;
        }
    }
    Ok(())
}

/// Gives every user these rights to a file or a folder, where they have not got them.
pub fn open_to_others(file: &File, rights: u32) -> io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = file.metadata()?.permissions().mode();
        if mode & rights != rights {
            return file.set_permissions(fs::Permissions::from_mode(mode | rights));
        }
    }
    #[cfg(not(unix))]
    let _ = (file, rights);
    Ok(())
}

/// The folder itself or the nearest folder above it that exists.
pub fn nearest_existing(dir: &Path) -> &Path {
    let exists = |path: &&Path| fs::symlink_metadata(or_here(path)).is_ok();
    dir.ancestors().find(exists).unwrap_or(Path::new("."))
}

/// `.` for the empty path, which is what is above a relative path.
pub fn or_here(path: &Path) -> &Path {
    let is_empty = path.as_os_str().is_empty();
    if is_empty { Path::new(".") } else { path }
}

/// Makes created, renamed and removed files of a folder durable.
pub fn sync(dir: &Path) -> Result<(), SinkError> {
    // Elsewhere a folder cannot be opened as a file, and its entries are made durable with the files.
    if cfg!(unix) {
        let synced = File::open(dir).and_then(|folder| folder.sync_all());
        synced.map_err(failing("sync the folder", dir))?;
    }
    Ok(())
}

/// Takes the folder's lock, which lasts as long as the file is open and ends with the process.
pub fn lock(dir: &Path) -> Result<File, SinkError> {
    let path = dir.join(LOCK);
    let mut options = OpenOptions::new();
    let opened = options.write(true).create(true).truncate(false).open(&path);
    let file = opened.map_err(failing("open the lock", &path))?;
    try_lock(&file, dir, &path)?;
    Ok(file)
}

/// Proves that the lock could be taken, without creating it.
pub fn is_lockable(dir: &Path) -> Result<(), SinkError> {
    let path = dir.join(LOCK);
    match OpenOptions::new().write(true).open(&path) {
        Ok(file) => try_lock(&file, dir, &path),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(error) => Err(failed("open the lock", &path, &error)),
    }
}

fn try_lock(file: &File, dir: &Path, path: &Path) -> Result<(), SinkError> {
    match file.try_lock() {
        Ok(()) => Ok(()),
        Err(TryLockError::WouldBlock) => Err(SinkError::misconfigured(format!(
            "{} is in use by another csv sink or another cardata; give each csv sink a folder of its own",
            dir.display()
        ))),
        // A file system that knows no locks: better without than not at all.
        Err(TryLockError::Error(error)) if error.kind() == ErrorKind::Unsupported => Ok(()),
        Err(TryLockError::Error(error)) => Err(failed("lock", path, &error)),
    }
}

/// Puts a file in the place of another one that is as it was `seen`.
pub fn put_in_place(temporary: &Path, path: &Path, seen: &Seen) -> io::Result<()> {
    if Seen::of(&fs::metadata(path)?) == *seen {
        return fs::rename(temporary, path);
    }
    let reason = "another program is writing to it";
    Err(io::Error::new(ErrorKind::ResourceBusy, reason))
}

/// Gives a file another content, all at once and durably.
pub fn replace(dir: &Path, whole: &Whole) -> Result<(), SinkError> {
    // Behind a symbolic link stands the file that is meant.
    let named = dir.join(&whole.file);
    let path = fs::canonicalize(&named).map_err(failing("look at", &named))?;
    let dir = path.parent().unwrap_or(dir);
    let temporary = dir.join(TEMPORARY);
    let written = File::create(&temporary).and_then(|mut file| {
        file.write_all(&whole.bytes)?;
        file.set_permissions(fs::metadata(&path)?.permissions())?;
        file.sync_all()
    });
    let written = written.map_err(failing("write", &temporary));
    let replaced = written
        .and_then(|()| put_in_place(&temporary, &path, &whole.seen).map_err(failing("replace", &path)));
    if replaced.is_err() {
        let _ = fs::remove_file(&temporary);
    }
    replaced?;
    sync(dir)
}

/// Whether the file that is open is the one at a path.
pub fn is_at(open: &File, path: &Path) -> bool {
    let Ok(there) = fs::metadata(path) else {
        return false;
    };
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        open.metadata()
            .is_ok_and(|open| (open.dev(), open.ino()) == (there.dev(), there.ino()))
    }
    // Nobody replaces a file that is open.
    #[cfg(not(unix))]
    {
        let _ = (open, there);
        true
    }
}

/// The length of a file; `None` where there is none.
pub fn length(path: &Path) -> io::Result<Option<u64>> {
    match fs::metadata(path) {
        Ok(metadata) => Ok(Some(metadata.len())),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}
