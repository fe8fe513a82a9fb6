//! Files and folders of a state directory, with errors that name them.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

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

/// Makes a folder for its owner alone, where there is none.
///
/// # Errors
/// It cannot be made.
pub fn make_private(folder: &Path) -> Result<(), FileError> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder).map_err(FileError::of("make", folder))
}
