//! A disk that fails: a real file system on a file, which the kernel turns read-only under its users.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

/// A mounted ext4; gone when dropped.
pub struct LoopDisk {
    image: PathBuf,
    place: PathBuf,
}

impl LoopDisk {
    /// `None` where none can be made or mounted.
    pub fn mount(image: &Path, place: &Path) -> Option<Self> {
        fs::create_dir_all(place).unwrap();
        File::create(image).unwrap().set_len(64 << 20).unwrap();
        let disk = Self {
            image: image.to_owned(),
            place: place.to_owned(),
        };
        (run("mkfs.ext4", &["-q".as_ref(), image.as_os_str()]) && disk.attach()).then_some(disk)
    }

    /// The kernel gives the file system up, as it does when the disk behind it fails: every write fails from now
    /// on, and what was not synced is lost.
    pub fn fail(&self) {
        let failed = run(
            "mount",
            &["-o".as_ref(), "remount,abort".as_ref(), self.place.as_os_str()],
        );
        assert!(failed, "a file system can be aborted");
    }

    /// Mends the file system. Nobody may use it.
    pub fn mend(&self) {
        let place = self.place.as_os_str();
        assert!(run("umount", &[place]), "nobody uses the file system");
        // It ends with 1 when it has mended something.
        let _ = run("e2fsck", &["-p".as_ref(), self.image.as_os_str()]);
        assert!(self.attach(), "a mended file system can be mounted");
    }

    fn attach(&self) -> bool {
        let (image, place) = (self.image.as_os_str(), self.place.as_os_str());
        run("mount", &["-o".as_ref(), "loop".as_ref(), image, place])
    }
}

impl Drop for LoopDisk {
    fn drop(&mut self) {
        run("umount", &["-l".as_ref(), self.place.as_os_str()]);
    }
}

fn run(program: &str, arguments: &[&OsStr]) -> bool {
    // Not every user has the folders of the system's own programs on the path.
    let path = std::env::var("PATH").unwrap_or_default() + ":/usr/sbin:/sbin";
    let output = Command::new(program).args(arguments).env("PATH", path).output();
    output.is_ok_and(|output| output.status.success())
}
