//! Drives of other machines. SQLite's locks do not hold there, or not always, and a journal on one can be damaged by two
//! programs, or by a line that breaks.

use std::path::Path;

/// File systems that lie on another machine, or on the one around a virtual machine, as Linux names them.
const REMOTE: [&str; 24] = [
    "nfs",
    "nfs4",
    "cifs",
    "smb2",
    "smb3",
    "smbfs",
    "afs",
    "ceph",
    "9p",
    "virtiofs",
    "drvfs",
    "vboxsf",
    "davfs",
    "glusterfs",
    "lustre",
    "ncpfs",
    "fuse.sshfs",
    "fuse.rclone",
    "fuse.glusterfs",
    "fuse.davfs2",
    "fuse.s3fs",
    "fuse.smbnetfs",
    "fuse.vmhgfs-fuse",
    "fuse.gvfsd-fuse",
];

/// Says so where the state directory lies on a drive of another machine, as far as the system tells.
pub fn warn(state: &Path) {
    let state = state.canonicalize().unwrap_or_else(|_| state.to_owned());
    if let Some(kind) = network(&state) {
        tracing::warn!(
            state = %state.display(), kind,
            "the state directory is on a network drive, where the locks that keep the journal whole may not hold: set \
             `state:` to a folder of this machine; files of sinks may stay there"
        );
    }
}

/// The kind of the network drive on which `path` lies, as far as the system tells; links are not followed, so that nobody is
/// asked who may not answer.
pub fn network(path: &Path) -> Option<String> {
    let mounts = std::fs::read_to_string("/proc/self/mountinfo").ok()?;
    let path = std::path::absolute(path).ok()?;
    remote(&mounts, &path).map(str::to_owned)
}

/// The kind of the drive that holds `path`, if it is another machine's. `mounts` is in the form of `/proc/self/mountinfo`.
fn remote<'a>(mounts: &'a str, path: &Path) -> Option<&'a str> {
    let mount = |line: &'a str| {
        let (place, kind) = line.split_once(" - ")?;
        let place = unescaped(place.split(' ').nth(4)?);
        path.starts_with(&place)
            .then_some((place.len(), kind.split(' ').next()?))
    };
    // Of two mounts at one place the later one is seen.
    let holds = mounts.lines().filter_map(mount).max_by_key(|(length, _)| *length);
    holds.map(|(_, kind)| kind).filter(|kind| REMOTE.contains(kind))
}

/// A place as it was, of which blanks are written as octal numbers.
fn unescaped(place: &str) -> String {
    [("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")]
        .iter()
        .fold(place.to_owned(), |place, (code, blank)| {
            place.replace(code, blank)
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_drive_of_the_longest_place_counts_and_of_those_the_last() {
        let mounts = "22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n\
                      30 22 0:40 / /mnt/nas\\040one rw - nfs4 nas:/volume rw\n\
                      31 30 0:41 / /mnt/nas\\040one/local rw - tmpfs tmpfs rw\n\
                      32 22 0:42 / /media/remote rw shared:7 - fuse.sshfs me@host: rw\n\
                      33 22 0:43 / /srv rw - ext4 /dev/sdb rw\n\
                      34 33 0:44 / /srv rw - cifs //nas/share rw\n\
                      36 22 0:41 /cardata /var/lib/bound rw - nfs4 nas:/volume rw\n\
                      37 22 0:46 / /host rw - virtiofs share rw\n\
                      38 22 0:47 / /shared rw - 9p share rw\n\
                      35 22 0:45 / /ntfs rw - fuseblk /dev/sdc rw\n";
        let of = |path: &str| remote(mounts, Path::new(path));
        assert_eq!(of("/mnt/nas one/state"), Some("nfs4"));
        assert_eq!(of("/media/remote"), Some("fuse.sshfs"));
        assert_eq!(of("/srv/cardata/state"), Some("cifs"));
        assert_eq!(of("/var/lib/bound/state"), Some("nfs4"));
        assert_eq!(of("/host/x"), Some("virtiofs"));
        assert_eq!(of("/shared"), Some("9p"));
        for local in [
            "/var/lib/cardata",
            "/mnt/nas one/local/x",
            "/mnt/nas",
            "/srv2",
            "/ntfs/state",
        ] {
            assert_eq!(of(local), None, "{local}");
        }
        assert_eq!(remote("nonsense", Path::new("/")), None);
    }
}
