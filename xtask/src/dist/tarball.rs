//! The tarball: for systems without Debian's packages.

use std::path::Path;

use anyhow::Result;
use xshell::{Shell, cmd};

use super::Release;
use crate::program::PACKAGE;

/// Beside the program, from the root of the repository.
const FILES: [&str; 6] = [
    "CHANGELOG.md",
    "LICENSE-APACHE",
    "LICENSE-MIT",
    "README.md",
    "RECOVERY.md",
    "configs/packaging/cardata.service",
];

/// Writes `cardata-<version>-<target>.tar.gz` into `dist`: one folder of its name.
pub fn make(release: &Release, shell: &Shell, dist: &Path) -> Result<()> {
    let name = format!("{PACKAGE}-{}-{}", env!("CARGO_PKG_VERSION"), release.target);
    let parts = release.parts();
    let folder = parts.join(&name);
    for made in ["completions", "man", "configs"] {
        shell.create_dir(folder.join(made))?;
    }
    shell.copy_file(&release.program, &folder)?;
    for file in FILES {
        shell.copy_file(file, &folder)?;
    }
    for config in shell.read_dir("configs")?.iter().filter(|path| path.is_file()) {
        shell.copy_file(config, folder.join("configs"))?;
    }
    for part in shell.read_dir(&parts)?.iter().filter(|path| path.is_file()) {
        match part.to_string_lossy() {
            name if name.ends_with("changelog.gz") => {}
            name if name.ends_with(".gz") => shell.copy_file(part, &folder)?,
            _ => shell.copy_file(part, folder.join("completions"))?,
        }
    }
    for page in shell.read_dir(parts.join("man"))? {
        shell.copy_file(page, folder.join("man"))?;
    }
    at_home_in_local(shell, &folder.join("cardata.service"))?;
    let (epoch, archive) = (&release.epoch, dist.join(format!("{name}.tar.gz")));
    let fixed = [
        "--sort=name",
        "--owner=0",
        "--group=0",
        "--numeric-owner",
        "--mode=u+w,go-w",
    ];
    cmd!(
        shell,
        "tar --directory {parts} {fixed...} --mtime=@{epoch} --gzip --create --file {archive} {name}"
    )
    .env("GZIP", "")
    .quiet()
    .run()?;
    Ok(shell.remove_path(folder)?)
}

/// What no package manager put there belongs into /usr/local.
fn at_home_in_local(shell: &Shell, unit: &Path) -> Result<()> {
    let text = shell.read_file(unit)?.replace("/usr/bin/", "/usr/local/bin/");
    Ok(shell.write_file(unit, text)?)
}
