//! Files and folders of a state directory, with errors that name them.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

pub use runtime::private::adopt;

/// What could not be done with a file or a folder.
#[derive(Debug, thiserror::Error)]
#[error("cannot {operation} {path}")]
pub struct FileError {
    operation: &'static str,
    path: PathBuf,
    source: io::Error,
}

impl FileError {
    /// Makes one of the system's error.
    pub fn of(operation: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self {
            operation,
            path,
            source,
        }
    }
}

/// Whether a name from elsewhere can be that of a file in a folder of ours, and of no other place.
pub fn is_file_name(name: &str) -> bool {
    let is_bad = |c: char| c.is_control() || matches!(c, '/' | '\\');
    // Shorter than what file systems take, for the ends that are added to names.
    (1..200).contains(&name.len()) && !name.starts_with('.') && !name.contains(is_bad)
}

/// Makes a rename durable. Elsewhere than on Unix a folder cannot be opened, and a rename is durable at once.
///
/// # Errors
/// The folder cannot be opened or synced.
pub fn sync_folder(folder: &Path) -> Result<(), io::Error> {
    if cfg!(unix) {
        File::open(folder)?.sync_all()?;
    }
    Ok(())
}

/// [`make_folder`](runtime::private::make_folder), with an error of ours.
///
/// # Errors
/// It cannot be made.
pub fn make_private(folder: &Path) -> Result<(), FileError> {
    runtime::private::make_folder(folder).map_err(FileError::of("make", folder))
}

/// The files in a folder by name, but locks and those that are hidden; none where there is no folder.
///
/// # Errors
/// It cannot be read.
pub fn listed(folder: &Path) -> Result<Vec<(String, PathBuf)>, FileError> {
    let failed = || FileError::of("read", folder);
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(failed()(error)),
    };
    let mut files = Vec::new();
    for entry in entries {
        let entry = entry.map_err(failed())?;
        let Ok(name) = entry.file_name().into_string() else {
            continue;
        };
        let is_meant = !name.starts_with('.') && !name.ends_with(".lock");
        if is_meant && entry.file_type().map_err(failed())?.is_file() {
            files.push((name, entry.path()));
        }
    }
    files.sort();
    Ok(files)
}

/// Makes these, by name and content, the files that are [`listed`] in a folder: each is whole or as it was.
///
/// # Errors
/// One of them cannot be written, or another one not be removed.
pub fn fill(folder: &Path, files: &[(String, Vec<u8>)]) -> Result<(), FileError> {
    make_private(folder)?;
    for (name, path) in listed(folder)? {
        if !files.iter().any(|(kept, _)| *kept == name) {
            fs::remove_file(&path).map_err(FileError::of("remove", &path))?;
        }
    }
    for (name, content) in files {
        let path = folder.join(name);
        let mut file = tempfile::Builder::new()
            .prefix(".tokens-")
            .tempfile_in(folder)
            .map_err(FileError::of("make a file in", folder))?;
        file.write_all(content).map_err(FileError::of("write", &path))?;
        file.as_file().sync_all().map_err(FileError::of("sync", &path))?;
        adopt(file.as_file(), &path);
        file.persist(&path)
            .map_err(|error| FileError::of("write", &path)(error.error))?;
    }
    sync_folder(folder).map_err(FileError::of("sync", folder))
}

/// Removes the files of a folder whose names begin so: what was left by somebody who was killed.
///
/// # Errors
/// They cannot be told or removed.
pub fn remove_beginning(folder: &Path, prefix: &str) -> Result<(), io::Error> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with(prefix) {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}
