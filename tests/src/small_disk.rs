//! A small file system in memory that can be filled and made read-only. Only root may mount one.

use std::ffi::OsStr;
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A mounted file system; gone when dropped.
pub struct SmallDisk(PathBuf);

const FILLER: &str = "filler";
const BLOCK: usize = 4_096;

impl SmallDisk {
    /// `None`, which is said, where nothing may be mounted.
    #[expect(clippy::print_stderr, reason = "a test that is left out says so")]
    pub fn mount(path: &Path, size: &str) -> Option<Self> {
        let disk = Self::try_mount(path, size);
        if disk.is_none() {
            eprintln!("left out: no file system can be mounted here");
        }
        disk
    }

    /// `None` where nothing may be mounted.
    pub fn try_mount(path: &Path, size: &str) -> Option<Self> {
        fs::create_dir_all(path).unwrap();
        let options = format!("size={size}");
        let arguments = ["-t", "tmpfs", "-o", &options, "tmpfs"].map(OsStr::new);
        run("mount", arguments.into_iter().chain([path.as_os_str()])).then(|| Self(path.to_owned()))
    }

    /// Takes all room that is left.
    pub fn fill(&self) {
        let mut filler = OpenOptions::new()
            .create(true)
            .append(true)
            .open(self.filler())
            .unwrap();
        while filler.write_all(&[0; BLOCK]).is_ok() {}
    }

    /// Takes all room that is left but this many blocks of 4 KiB.
    pub fn fill_but(&self, blocks: u64) {
        self.fill();
        let filler = OpenOptions::new().write(true).open(self.filler()).unwrap();
        let length = filler.metadata().unwrap().len();
        filler
            .set_len(length.saturating_sub(blocks * BLOCK as u64))
            .unwrap();
    }

    pub fn make_room(&self) {
        let _ = File::create(self.filler());
    }

    /// Lets nobody write, or everybody again. Says whether that was possible: it is not while a file is open for
    /// writing.
    pub fn set_read_only(&self, read_only: bool) -> bool {
        let options = if read_only { "remount,ro" } else { "remount,rw" };
        run("mount", ["-o".as_ref(), options.as_ref(), self.0.as_os_str()])
    }

    fn filler(&self) -> PathBuf {
        self.0.join(FILLER)
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        run("umount", ["-l".as_ref(), self.0.as_os_str()]);
    }
}

fn run<'a>(program: &str, arguments: impl IntoIterator<Item = &'a OsStr>) -> bool {
    let output = Command::new(program).args(arguments).output();
    output.is_ok_and(|output| output.status.success())
}
