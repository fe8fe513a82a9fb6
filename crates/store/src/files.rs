//! Files and folders of a state directory, with errors that name them.

use std::fs::{self, File};
use std::io::{self, Read, Write};
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

/// Bytes of a file by which [`destination`] tells whose it is.
pub const HEAD: usize = 100;

/// Where a file goes that a person named, and the folder for the temporary one that takes its name: behind links, which stay.
/// What is there is replaced only where it is empty or its first [`HEAD`] bytes are `ours`: a name that was mistaken costs nothing.
///
/// # Errors
/// Something else has the name, such as a device, a pipeline file or a journal.
pub fn destination(named: &Path, ours: impl Fn(&[u8]) -> bool) -> Result<(PathBuf, PathBuf), FileError> {
    let failed = || FileError::of("write", named);
    let file = named.canonicalize().unwrap_or_else(|_| named.to_owned());
    if file.exists() {
        let mut head = Vec::new();
        // A device or a pipe is not read: that may never end.
        let is_file = fs::metadata(&file).map_err(failed())?.is_file();
        if is_file {
            let begin = File::open(&file).and_then(|file| file.take(HEAD as u64).read_to_end(&mut head));
            begin.map_err(failed())?;
        }
        if !is_file || !(head.is_empty() || ours(&head)) {
            let problem = "what is there was not made by this command: choose another name, or move it away";
            return Err(failed()(io::Error::other(problem)));
        }
    }
    let folder = match file.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    };
    Ok((file, folder))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_command_did_not_write_is_not_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let ours = |head: &[u8]| head.starts_with(b"ours");
        let [old, empty, journal] = ["old", "empty", "journal.db"].map(|name| folder.path().join(name));
        fs::write(&old, "ours, and more").unwrap();
        fs::write(&empty, "").unwrap();
        fs::write(&journal, "SQLite format 3").unwrap();
        for free in [&old, &empty, &folder.path().join("new")] {
            destination(free, ours).unwrap();
        }
        for taken in [journal.as_path(), folder.path()] {
            let error = destination(taken, ours).unwrap_err();
            assert_eq!(error.to_string(), format!("cannot write {}", taken.display()));
        }
        let bare = destination(Path::new("nowhere"), ours).unwrap();
        assert_eq!(bare, (PathBuf::from("nowhere"), PathBuf::from(".")));
    }

    #[cfg(unix)]
    #[test]
    fn a_link_stays_and_a_device_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let [target, link] = ["target", "link"].map(|name| folder.path().join(name));
        fs::write(&target, "").unwrap();
        std::os::unix::fs::symlink(&target, &link).unwrap();
        let (file, _) = destination(&link, |_| false).unwrap();
        assert_eq!(file, target.canonicalize().unwrap());
        // Whoever says `--output /dev/stdout` as root must not lose it.
        destination(Path::new("/dev/null"), |_| true).unwrap_err();
    }
}
