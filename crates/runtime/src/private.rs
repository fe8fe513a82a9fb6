//! Who may read what the program writes, and whose it is. All of it tells where a car was.
//!
//! * New files and folders are for their owner and group alone ([`keep_others_out`]).
//! * What root makes belongs to the owner of the folder that it lies in ([`adopt`], [`adopt_place`]): after `sudo cardata
//!   login` the service can still read its tokens.

use std::fs::File;
use std::path::Path;

/// From now on nobody but owner and group can read what this process makes. Stricter settings stay. Once, before there is
/// a second thread.
pub fn keep_others_out() {
    #[cfg(unix)]
    {
        use rustix::fs::Mode;
        use rustix::process::umask;
        let others = Mode::WGRP | Mode::RWXO;
        let before = umask(others);
        umask(before | others);
    }
}

/// Opens a file for reading and writing, made where there is none: for owner and group, and the folder's owner's.
///
/// # Errors
/// It can be neither opened nor made.
pub fn open(path: &Path) -> std::io::Result<File> {
    let mut options = File::options();
    options.read(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o640);
    match options.clone().create_new(true).open(path) {
        Ok(file) => {
            adopt(&file, path);
            Ok(file)
        }
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => options.open(path),
        Err(error) => Err(error),
    }
}

/// Gives a file or a folder that root has just made at `path` to the owner of the folder around it. Nobody else can give
/// anything away, and nobody else needs to.
pub fn adopt(made: &File, path: &Path) {
    #[cfg(unix)]
    {
        use std::os::unix::fs::{MetadataExt, fchown};
        let around = path.parent().map(|folder| std::fs::metadata(or_here(folder)));
        let (Ok(own), Some(Ok(around))) = (made.metadata(), around) else {
            return;
        };
        if own.uid() != 0 || around.uid() == 0 {
            return;
        }
        // By the open file: a name could be led elsewhere meanwhile by the one who owns the folder.
        if let Err(error) = fchown(made, Some(around.uid()), Some(around.gid())) {
            tracing::warn!(
                path = %path.display(),
                user = around.uid(),
                %error,
                "a file could not be given to the owner of its folder, who cannot read it"
            );
        }
    }
    #[cfg(not(unix))]
    let _ = (made, path);
}

/// Whether this process may give away what it makes.
pub fn is_root() -> bool {
    #[cfg(unix)]
    return rustix::process::geteuid().is_root();
    #[cfg(not(unix))]
    false
}

/// Does the same, at any later time, for what root has made at `place`: a file and the files beside it whose names go on
/// with a hyphen, as SQLite makes them, or a folder with the files in it. What is a link is left alone.
///
/// # Errors
/// The folder around it cannot be read.
pub fn adopt_place(place: &Path) -> std::io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::ffi::OsStrExt;
        let (Some(around), Some(name)) = (place.parent(), place.file_name()) else {
            return Ok(());
        };
        let name = name.as_bytes();
        adopt_within(or_here(around), |found, is_file| {
            let rest = found.strip_prefix(name);
            rest.is_some_and(|rest| rest.is_empty() || is_file && rest[0] == b'-')
        })?;
        if place.is_dir() {
            adopt_within(place, |_, is_file| is_file)?;
        }
    }
    #[cfg(not(unix))]
    let _ = place;
    Ok(())
}

/// Gives what root owns in a folder, of those that are meant, to the folder's owner. All of it by what is open: who owns the
/// folder could lead every name elsewhere meanwhile.
#[cfg(unix)]
fn adopt_within(folder: &Path, is_meant: impl Fn(&[u8], bool) -> bool) -> std::io::Result<()> {
    use rustix::fs::{CWD, Dir, FileType, Mode, OFlags, fchown, fstat, openat};
    use rustix::process::{Gid, Uid};
    let read = OFlags::RDONLY | OFlags::CLOEXEC;
    let around = openat(CWD, folder, read | OFlags::DIRECTORY, Mode::empty())?;
    let owner = fstat(&around)?;
    if owner.st_uid == 0 {
        return Ok(());
    }
    for entry in Dir::read_from(&around)? {
        let entry = entry?;
        // A pipe would have to be waited for.
        let kept = read | OFlags::NOFOLLOW | OFlags::NONBLOCK;
        let Ok(found) = openat(&around, entry.file_name(), kept, Mode::empty()) else {
            continue;
        };
        let stat = fstat(&found)?;
        let is_file = match FileType::from_raw_mode(stat.st_mode) {
            // Under a second name it may be anybody's.
            FileType::RegularFile if stat.st_nlink == 1 => true,
            FileType::Directory => false,
            _ => continue,
        };
        if stat.st_uid == 0 && is_meant(entry.file_name().to_bytes(), is_file) {
            fchown(
                &found,
                Some(Uid::from_raw(owner.st_uid)),
                Some(Gid::from_raw(owner.st_gid)),
            )?;
        }
    }
    Ok(())
}

#[cfg(unix)]
fn or_here(folder: &Path) -> &Path {
    match folder.as_os_str().is_empty() {
        true => Path::new("."),
        false => folder,
    }
}

/// Makes a folder for its owner alone, and the folders above it, where they are missing; each is the owner's of the folder
/// around it.
///
/// # Errors
/// One cannot be made.
pub fn make_folder(folder: &Path) -> std::io::Result<()> {
    if folder.is_dir() || folder.as_os_str().is_empty() {
        return Ok(());
    }
    if let Some(around) = folder.parent() {
        make_folder(around)?;
    }
    let mut builder = std::fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    match builder.create(folder) {
        Ok(()) => {}
        // Another process was first.
        Err(_) if folder.is_dir() => return Ok(()),
        Err(error) => return Err(error),
    }
    if let Ok(made) = File::open(folder) {
        adopt(&made, folder);
    }
    Ok(())
}

/// Whom a file or a folder is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Circle {
    Owner,
    Group,
}

/// Keeps everybody else out of a file or folder that is there. Whether somebody else had a right to it.
///
/// # Errors
/// It belongs to somebody else, or lies on a file system that knows no modes.
pub fn close(path: &Path, circle: Circle) -> std::io::Result<bool> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(path)?.permissions().mode();
        let kept = match circle {
            Circle::Owner => 0o700,
            Circle::Group => 0o770,
        };
        if mode & 0o777 & !kept == 0 {
            return Ok(false);
        }
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode & kept))?;
        Ok(true)
    }
    #[cfg(not(unix))]
    {
        let _ = (path, circle);
        Ok(false)
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};

    use super::*;

    #[test]
    fn what_is_made_is_closed_and_what_was_open_gets_closed() {
        let folder = tempfile::tempdir().unwrap();
        let made = folder.path().join("deep/state");
        make_folder(&made).unwrap();
        make_folder(&made).unwrap();
        open(&made.join("lock")).unwrap();
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&made), mode(&made.join("lock"))), (0o700, 0o640));

        std::fs::set_permissions(&made, std::fs::Permissions::from_mode(0o755)).unwrap();
        for (circle, closed) in [(Circle::Group, 0o750), (Circle::Owner, 0o700)] {
            assert!(close(&made, circle).unwrap());
            assert_eq!(mode(&made), closed);
            assert!(!close(&made, circle).unwrap());
        }
    }

    #[test]
    fn what_root_makes_belongs_to_the_owner_of_the_folder() {
        let folder = tempfile::tempdir().unwrap();
        // Only root can give the folder away; everybody else makes what is his anyway.
        let owner = match chown(folder.path(), Some(4711), Some(4712)) {
            Ok(()) => (4711, 4712),
            Err(_) => {
                let own = std::fs::metadata(folder.path()).unwrap();
                (own.uid(), own.gid())
            }
        };
        make_folder(&folder.path().join("state/tokens")).unwrap();
        open(&folder.path().join("state/tokens/lock")).unwrap();
        for made in ["state", "state/tokens", "state/tokens/lock"] {
            let made = std::fs::metadata(folder.path().join(made)).unwrap();
            assert_eq!((made.uid(), made.gid()), owner);
        }
    }

    #[test]
    fn what_was_made_at_a_place_is_given_away_and_nothing_that_it_leads_to() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        for made in ["csv", "csv/inner", "csv-old", "elsewhere"] {
            std::fs::create_dir(path(made)).unwrap();
        }
        for made in [
            "db",
            "db-wal",
            "db.bak",
            "csv/a.csv",
            "elsewhere/secret",
            "elsewhere/target",
        ] {
            std::fs::write(path(made), "").unwrap();
        }
        std::fs::hard_link(path("elsewhere/secret"), path("csv/b.csv")).unwrap();
        std::os::unix::fs::symlink(path("elsewhere/target"), path("csv/c.csv")).unwrap();
        std::os::unix::fs::symlink(path("elsewhere/target"), path("db-shm")).unwrap();
        if chown(folder.path(), Some(4711), Some(4712)).is_err() {
            return;
        }
        adopt_place(&path("db")).unwrap();
        adopt_place(&path("csv")).unwrap();
        let owner = |name: &str| {
            let found = std::fs::symlink_metadata(path(name)).unwrap();
            (found.uid(), found.gid())
        };
        for given in ["db", "db-wal", "csv", "csv/a.csv"] {
            assert_eq!(owner(given), (4711, 4712), "{given}");
        }
        for kept in [
            "db.bak",
            "csv-old",
            "csv/inner",
            "csv/b.csv",
            "elsewhere/secret",
            "elsewhere/target",
        ] {
            assert_eq!(owner(kept).0, 0, "{kept}");
        }
    }
}
