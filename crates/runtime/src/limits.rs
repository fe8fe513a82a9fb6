//! Limits that the machine sets a process: how many files it may have open, how long one may become, and where nothing can
//! be written.

use std::io;
use std::path::Path;

/// Takes as many open files as the machine allows this process, where it begins with fewer.
pub fn raise_open_files() {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
        let limit = getrlimit(Resource::Nofile);
        let raised = Rlimit {
            current: limit.maximum,
            ..limit
        };
        // What is not allowed stays as it was.
        let _ = setrlimit(Resource::Nofile, raised);
    }
}

/// How many files this process may have open; `None` where nothing limits it.
pub fn open_files() -> Option<u64> {
    #[cfg(unix)]
    return rustix::process::getrlimit(rustix::process::Resource::Nofile).current;
    #[cfg(not(unix))]
    None
}

/// How long a file may become, in bytes; `None` where nothing limits it.
pub fn file_size() -> Option<u64> {
    #[cfg(unix)]
    return rustix::process::getrlimit(rustix::process::Resource::Fsize).current;
    #[cfg(not(unix))]
    None
}

/// What keeps a disk from taking anything more, to go on behind its name; `None` where nothing does, or nobody can tell.
pub fn hindrance(path: &Path) -> Option<&'static str> {
    #[cfg(unix)]
    {
        use rustix::fs::{StatVfsMountFlags, statvfs};
        let disk = statvfs(path).ok()?;
        if disk.f_flag.contains(StatVfsMountFlags::RDONLY) {
            return Some("is mounted for reading only, or became so after an error: mount it for writing");
        }
        // Some network drives do not tell their size.
        if disk.f_blocks > 0 && disk.f_bavail == 0 {
            return Some("is full: make room on it");
        }
    }
    #[cfg(not(unix))]
    let _ = path;
    None
}

/// Whether no further file can be opened, by this process or on this machine: for those who are not told.
pub fn are_files_used_up() -> bool {
    #[cfg(unix)]
    {
        use rustix::io::Errno;
        let error = std::fs::File::open("/")
            .err()
            .as_ref()
            .and_then(io::Error::raw_os_error);
        [Errno::MFILE, Errno::NFILE]
            .map(|errno| Some(errno.raw_os_error()))
            .contains(&error)
    }
    #[cfg(not(unix))]
    false
}

/// From now on a file that grows over the limit is a full disk, an error like another, and not the end of the process.
///
/// # Errors
/// The signal cannot be caught. Not outside of a runtime.
pub fn survive_file_size() -> io::Result<()> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        // Its end does not bring the system's own handler back.
        drop(signal(SignalKind::from_raw(
            rustix::process::Signal::XFSZ.as_raw(),
        ))?);
    }
    Ok(())
}
