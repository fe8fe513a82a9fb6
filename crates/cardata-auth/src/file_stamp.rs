//! Tells a file from what it was before somebody wrote or replaced it.

use std::fs::Metadata;
use std::time::SystemTime;

/// What the system changes with every write, and with another file of the same name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FileStamp {
    length: u64,
    modified: Option<SystemTime>,
    /// The number of the file, and when anything of it was changed, its times included.
    #[cfg(unix)]
    inode: (u64, i64, i64),
}

impl FileStamp {
    pub(crate) fn of(file: &Metadata) -> Self {
        #[cfg(unix)]
        use std::os::unix::fs::MetadataExt;
        Self {
            length: file.len(),
            modified: file.modified().ok(),
            #[cfg(unix)]
            inode: (file.ino(), file.ctime(), file.ctime_nsec()),
        }
    }
}
