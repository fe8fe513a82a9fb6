//! Proves as well as can be that a write would be accepted, and leaves nothing behind.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use collector_core::SinkError;

use crate::failure::failing;
use crate::folder::{self, nearest_existing, or_here};

/// A full disk has no room for this many bytes.
const BLOCK: [u8; 4096] = [0; 4096];

/// Checks the folder, or the one in which it would be made. `locked` says that this sink holds the lock.
pub fn check(dir: &Path, locked: bool) -> Result<(), SinkError> {
    let existing = or_here(nearest_existing(dir));
    let metadata = fs::metadata(existing).map_err(failing("look at", existing))?;
    if !metadata.is_dir() {
        return Err(SinkError::misconfigured(format!(
            "{} is a file; choose a folder as `dir`",
            existing.display()
        )));
    }
    has_room(existing)?;
    if existing != dir {
        return Ok(());
    }
    if !locked {
        folder::is_lockable(dir)?;
    }
    newest(dir)?.map_or(Ok(()), |file| is_writable(&file))
}

/// A file without a name proves that files can be created and that there is some room.
fn has_room(dir: &Path) -> Result<(), SinkError> {
    let written = tempfile::tempfile_in(dir).and_then(|mut file| file.write_all(&BLOCK));
    written.map_err(failing("create a file in", dir))
}

/// Of old files some may be write-protected for good; the newest is the one that will be extended.
fn newest(dir: &Path) -> Result<Option<PathBuf>, SinkError> {
    let listed = fs::read_dir(dir).map_err(failing("list", dir))?;
    let files = listed.flatten().filter_map(|entry| {
        let name = entry.file_name().into_string().ok()?;
        let metadata = entry.metadata().ok()?;
        let ours = name.starts_with("cardata") && name.ends_with(".csv") && metadata.is_file();
        ours.then_some((metadata.modified().ok()?, entry.path()))
    });
    Ok(files.max().map(|(_, path)| path))
}

fn is_writable(path: &Path) -> Result<(), SinkError> {
    let opened = OpenOptions::new().append(true).open(path);
    opened.map(drop).map_err(failing("append to", path))
}
