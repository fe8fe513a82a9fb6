//! The tarball: for systems without Debian's packages.

use std::path::Path;

use anyhow::Result;
use xshell::{Shell, cmd};

use super::Release;
use crate::program::PACKAGE;

/// Writes `cardata-<version>-<target>.tar.gz` into `dist`: one folder of its name.
pub fn make(release: &Release, shell: &Shell, dist: &Path) -> Result<()> {
    let name = format!("{PACKAGE}-{}-{}", env!("CARGO_PKG_VERSION"), release.target);
    let parts = release.parts();
    let folder = parts.join(&name);
    shell.create_dir(folder.join("completions"))?;
    let pages = shell.read_dir(".")?.into_iter().filter(|path| is_page(path));
    let program = release.program.clone();
    for file in pages.chain([program, "configs/packaging/cardata.service".into()]) {
        shell.copy_file(file, &folder)?;
    }
    for part in shell.read_dir(&parts)?.iter().filter(|path| path.is_file()) {
        match part.to_string_lossy() {
            name if name.ends_with("changelog.gz") => {}
            name if name.ends_with(".gz") => shell.copy_file(part, &folder)?,
            _ => shell.copy_file(part, folder.join("completions"))?,
        }
    }
    for made in [parts.join("man"), parts.join("configs")] {
        cmd!(shell, "cp --recursive {made} {folder}").quiet().run()?;
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

/// For people, in the root of the repository.
fn is_page(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name.ends_with(".md") || name.starts_with("LICENSE")
}

/// What no package manager put there belongs into /usr/local.
fn at_home_in_local(shell: &Shell, unit: &Path) -> Result<()> {
    let text = shell.read_file(unit)?.replace("/usr/bin/", "/usr/local/bin/");
    Ok(shell.write_file(unit, text)?)
}
