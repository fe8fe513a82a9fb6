//! The package as people meet it: in a fresh Debian below the target folder, by `trial.sh`.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;
use xshell::{Shell, cmd};

use crate::{terminal, workspace};

const RELEASE: &str = "bookworm";
const SCRIPT: &str = include_str!("trial.sh");

/// Goes through the life of `package`. Where that cannot be done here it says so, and is content.
pub fn run(package: &Path, shell: &Shell) -> Result<()> {
    let base = match base(shell) {
        Ok(base) => base,
        Err(why) => {
            terminal::tell(format_args!("left out: the trial of the package: {why:#}"));
            return Ok(());
        }
    };
    let root = base.with_file_name("trial");
    remove(shell, &root)?;
    cmd!(shell, "cp --archive --reflink=auto {base} {root}")
        .quiet()
        .run()?;
    let place = shell.create_dir(root.join("trial"))?;
    shell.copy_file(package, &place)?;
    shell.write_file(place.join("trial.sh"), SCRIPT)?;
    let passed = workspace::succeed(&mut inside(&root, &["/bin/sh", "/trial/trial.sh"]));
    remove(shell, &root)?;
    passed
}

/// A process in `root` with mounts and processes of its own: with it ends whatever it mounted or started.
fn inside(root: &Path, command: &[&str]) -> Command {
    let mut unshare = Command::new("unshare");
    unshare
        .args(["--mount", "--pid", "--fork", "--kill-child", "--mount-proc"])
        .arg(format!("--root={}", root.display()))
        .args(["--wd=/", "--", "env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin"])
        .args(command);
    unshare
}

/// A Debian with nothing in it, fetched once.
fn base(shell: &Shell) -> Result<PathBuf> {
    anyhow::ensure!(std::fs::metadata("/proc/self")?.uid() == 0, "it needs root");
    let base = workspace::target().join("chroots").join(RELEASE);
    if base.is_dir() {
        return Ok(base);
    }
    anyhow::ensure!(
        workspace::on_path("debootstrap").is_some(),
        "there is no debootstrap here: apt-get install debootstrap"
    );
    terminal::tell(format_args!("fetching a fresh Debian into {}", base.display()));
    let begun = base.with_extension("begun");
    remove(shell, &begun)?;
    shell.create_dir(&begun)?;
    cmd!(shell, "debootstrap --variant=minbase {RELEASE} {begun}")
        .quiet()
        .ignore_stdout()
        .run()?;
    // Renamed as the last step: one that is there is whole.
    std::fs::rename(begun, &base)?;
    Ok(base)
}

/// Not into what somebody mounted there.
fn remove(shell: &Shell, root: &Path) -> Result<()> {
    Ok(cmd!(shell, "rm --recursive --force --one-file-system {root}")
        .quiet()
        .run()?)
}
